//! The pages in a real browser: `tests/browser/main.mjs` walks through them, this serves them and judges what it says.
//!
//! Needs Chromium and node, and the packages of `tests/browser/install.sh`; without them it fails and says so.
//! `FEED_PICTURES=<directory>` keeps a picture of every page.

mod world;

use crypto::spec::Slot;
use feed::{Checkpoint, FeedKey, KeyBinding, Origin, cosign, sign, with_lines};
use feed_server::log::{LogWriter, Shelf};
use feed_server::{Inputs, Role, Settings, bind, start};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::status::StatusSnapshot;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use world::{NOW, World, definition};

/// Seconds of a slot of the network that is watched: short, so that figures change while somebody waits for it.
const SHORT_SLOT: u64 = 2;

/// Seconds of a slot of the network with very many validators: as on the real chain.
const LONG_SLOT: u64 = 12;

/// Entries of the demonstration's log.
const ENTRIES: u64 = 600;

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A network whose time goes on, and a server of it that can go and come back.
struct Living {
    address: SocketAddr,
    world: Arc<World>,
    shelf: watch::Receiver<Arc<Shelf>>,
    _shelf: watch::Sender<Arc<Shelf>>,
    _log: LogWriter,
    _home: tempfile::TempDir,
    running: Option<Running>,
}

struct Running {
    stop: Arc<AtomicBool>,
    clock: JoinHandle<()>,
    server: JoinHandle<()>,
}

impl Living {
    fn of(validators: u64, slot: u64) -> Self {
        let world = Arc::new(World::of(definition(unix_now() - NOW.0 * slot, slot), validators));
        let home = tempfile::tempdir().unwrap();
        let log = log(home.path(), &world);
        let (sender, shelf) = watch::channel(Arc::new(Shelf { logs: vec![log.log()] }));
        let address = bind("127.0.0.1:0".parse().unwrap()).unwrap().local_addr().unwrap();
        let mut living =
            Self { address, world, shelf, _shelf: sender, _log: log, _home: home, running: None };
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
        let (statuses, status) = watch::channel::<Option<Arc<StatusSnapshot>>>(None);
        let inputs = Inputs {
            definition: Arc::new(self.world.definition.clone()),
            status,
            shelf: self.shelf.clone(),
            binding: KeyBinding(Vec::new()),
            home: None,
            role: Role::Guardian,
        };
        let settings = Settings { requests_per_second: 10_000, burst: 10_000, ..Settings::default() };
        let server = start(bind(self.address).unwrap(), inputs, settings).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        // It owns the sender of statuses: when it ends, so does the server.
        let clock = std::thread::spawn(move || {
            let mut last = None;
            while !stopped.load(Ordering::Relaxed) {
                let slot = now();
                if last != Some(slot) {
                    statuses.send_replace(Some(Arc::new(world.status(slot))));
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

    fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A log with entries of every age, its checkpoint cosigned by two.
fn log(home: &Path, world: &World) -> LogWriter {
    let network = world.definition.id();
    let origin = Origin { network, guardian: GuardianIndex(1), life: Slot(0) };
    let mut writer = LogWriter::open(&home.join("log"), "3-0", origin).unwrap();
    let entries = (0..ENTRIES).map(|number| {
        let slot = NOW.0 - ENTRIES + number;
        format!(r#"{{"record":{number},"slot":{slot},"kind":"vote","guardian":{}}}"#, 1 + number % 7).into_bytes()
    });
    writer.append(&entries.collect::<Vec<_>>()).unwrap();
    let key = |number: u8| FeedKey::from_seed([number; 32]);
    let checkpoint = Checkpoint { origin, size: ENTRIES, root: writer.log().root().unwrap() };
    let lines = [2u16, 5].map(|witness| {
        cosign(&checkpoint, &key(u8::try_from(witness).unwrap()), GuardianIndex(witness), unix_now() - 20)
    });
    writer.set_checkpoint(&with_lines(&sign(&checkpoint, &key(1)), &lines).unwrap()).unwrap();
    writer
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
    let mut living = Living::of(2_000, SHORT_SLOT);
    let crowd = Living::of(100_000, LONG_SLOT);
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
            "end" => ended = true,
            _ if line.starts_with("FAIL ") => failures.push(line.clone()),
            _ if line.starts_with("ok ") => checks += 1,
            _ => {}
        }
        if matches!(line.as_str(), "stop" | "start") {
            answer.write_all(b"done\n").unwrap();
        }
    }
    let status = walk.wait().unwrap();
    assert!(failures.is_empty(), "{} of the checks failed:\n{}", failures.len(), failures.join("\n"));
    assert!(status.success() && ended && checks > 100, "the walk broke off after {checks} checks: {status}");
}
