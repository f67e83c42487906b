//! The pages in a real browser: `tests/browser/main.mjs` walks through them, this serves them and judges what it says.
//!
//! Needs Chromium and node, and the packages of `tests/browser/install.sh`; without them it fails and says so.
//! `FEED_PICTURES=<directory>` keeps a picture of every page.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where something is not as it should be"
)]

mod logbook;
mod world;

use crypto::spec::Slot;
use feed_server::history::History;
use feed_server::{Settings, Snapshot, bind, start};
use logbook::{Fed, Logbook};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use world::{NOW, World, definition};

/// Seconds of a slot of the network that is watched: short, so that figures change while somebody waits for it.
const SHORT_SLOT: u64 = 2;

/// Seconds of a slot of the network with very many validators: as on the real chain.
const LONG_SLOT: u64 = 12;

/// Entries that the log begins with.
const ENTRIES: u64 = 600;

/// Epochs that the charts show.
const PAST: u64 = 150;

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A network whose time goes on, and a server of it that can go and come back.
struct Living {
    address: SocketAddr,
    world: Arc<World>,
    logbook: Arc<Mutex<Logbook>>,
    home: tempfile::TempDir,
    running: Option<Running>,
}

struct Running {
    stop: Arc<AtomicBool>,
    clock: JoinHandle<()>,
    server: JoinHandle<()>,
}

impl Living {
    fn of(validators: u64, slot: u64, past: bool) -> Self {
        let world = Arc::new(World::of(definition(unix_now() - NOW.0 * slot, slot), validators));
        let home = tempfile::tempdir().unwrap();
        let mut logbook = Logbook::begin(home.path(), &world, 1);
        logbook.history(ENTRIES, NOW);
        let address = bind("127.0.0.1:0".parse().unwrap()).unwrap().local_addr().unwrap();
        if past {
            remember(&world, &home.path().join("home"));
        }
        let logbook = Arc::new(Mutex::new(logbook));
        let mut living = Self { address, world, logbook, home, running: None };
        living.start();
        living
    }

    fn start(&mut self) {
        let world = self.world.clone();
        let now = move || {
            let chain = &world.definition.chain;
            Slot((unix_now() - chain.genesis_time) / chain.seconds_per_slot.get())
        };
        let world = self.world.clone();
        let logbook = self.logbook.clone();
        let home = self.home.path().join("home");
        let Fed { inputs, status: statuses, shelf: shelves } =
            logbook.lock().unwrap().inputs(&self.world, None, home);
        let settings = Settings { requests_per_second: 10_000, burst: 10_000, ..Settings::default() };
        let server = start(bind(self.address).unwrap(), inputs, settings).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        // It owns the sender of statuses: when it ends, so does the server.
        let clock = std::thread::spawn(move || {
            let _shelves = shelves;
            let mut last = None;
            while !stopped.load(Ordering::Relaxed) {
                let slot = now();
                if last != Some(slot) {
                    statuses.send_replace(Some(Arc::new(world.status(slot))));
                    logbook.lock().unwrap().slot(&world, slot);
                    last = Some(slot);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        self.running = Some(Running { stop, clock, server });
    }

    fn stop(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.store(true, Ordering::Relaxed);
        running.clock.join().unwrap();
        running.server.join().unwrap();
    }

    /// Loses its journal and begins another life.
    fn lapse(&mut self) {
        self.stop();
        self.logbook.lock().unwrap().lapse(&self.world, NOW);
        self.start();
    }

    fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Lets a server find the past that its charts show, as if it had served before.
fn remember(world: &World, home: &Path) {
    let definition = Arc::new(world.definition.clone());
    let mut history = History::default();
    for epoch in (NOW.0 / 32 - PAST)..(NOW.0 / 32) {
        let status = Arc::new(world.status(Slot(epoch * 32)));
        history.learn(&Snapshot::new(status, definition.clone()));
    }
    std::fs::create_dir_all(home).unwrap();
    std::fs::write(home.join("history"), borsh::to_vec(&(2u8, definition.id().0, &history)).unwrap())
        .unwrap();
}

/// Where the walk lives.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser")
}

fn chromium() -> PathBuf {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let path = named.unwrap_or_else(|| "/usr/bin/chromium".into());
    assert!(path.exists(), "{} is missing: run tests/browser/install.sh, or set CHROMIUM", path.display());
    path
}

#[test]
fn the_pages_are_what_readers_need() {
    let scripts = scripts();
    assert!(
        scripts.join("node_modules/.installed").exists(),
        "the browser's driver is missing: run tests/browser/install.sh"
    );
    let mut living = Living::of(600, SHORT_SLOT, true);
    let crowd = Living::of(100_000, LONG_SLOT, false);
    let mut walk = Command::new("node")
        .current_dir(&scripts)
        .arg("main.mjs")
        .args([&living.base(), &crowd.base()])
        .arg(chromium())
        .args(std::env::var_os("FEED_PICTURES"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is needed: run tests/peers/install.sh");
    let mut answer = walk.stdin.take().unwrap();
    let mut failures = Vec::new();
    let mut checks = 0;
    let mut ended = false;
    for line in BufReader::new(walk.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        println!("{line}");
        match line.as_str() {
            "stop" => living.stop(),
            "start" => living.start(),
            "lapse" => living.lapse(),
            "end" => ended = true,
            _ if line.starts_with("FAIL ") => failures.push(line.clone()),
            _ if line.starts_with("ok ") => checks += 1,
            _ => {}
        }
        if matches!(line.as_str(), "stop" | "start" | "lapse") {
            answer.write_all(b"done\n").unwrap();
        }
    }
    let status = walk.wait().unwrap();
    assert!(failures.is_empty(), "{} of the checks failed:\n{}", failures.len(), failures.join("\n"));
    assert!(status.success() && ended && checks > 100, "the walk broke off after {checks} checks: {status}");
}
