//! What the public's load does to the signing path: both measured in the same run.
//!
//! One process holds what a guardian's does: the store, the signing threads, and the feed of a network with a hundred thousand
//! validators. Exits are signed at a steady pace: first while nobody reads, then while another process holds ten thousand
//! event streams and asks two thousand times a second, then while nobody reads again, and last, to show that the measure
//! would notice, while as much is computed without the feed's low priority.
//!
//! ```text
//! cargo bench -p tests --bench isolation [-- --seconds 20 --readers 10000 --rate 2000 --validators 100000 --json]
//! ```

#![allow(clippy::unwrap_used, clippy::panic, reason = "it measures, and ends when it cannot")]

mod load;
#[path = "../../../feed/server/tests/logbook/mod.rs"]
mod logbook;
mod phase;
mod signing;
#[path = "../../../feed/server/tests/world/mod.rs"]
mod world;

use crypto::spec::Slot;
use feed_server::Settings;
use logbook::{Fed, Logbook};
use phase::Phase;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use signing::Path;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use world::{NOW, World};

/// Seconds of a slot, as on the public chains.
const SLOT: u64 = 12;

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == "load").is_some() {
        load::main(arguments);
        return;
    }
    let mut options: BTreeMap<String, u64> = BTreeMap::new();
    let mut is_json = false;
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--json" => is_json = true,
            // cargo's own.
            "--bench" => {}
            name => {
                let value = arguments.next().unwrap_or_else(|| panic!("{name} needs a number"));
                let number = value.parse().unwrap_or_else(|_| panic!("{name} is {value}; give a number"));
                options.insert(name.trim_start_matches("--").to_owned(), number);
            }
        }
    }
    let option = |name: &str, default: u64| options.get(name).copied().unwrap_or(default);
    let seconds = option("seconds", 20);
    let (readers, rate) = (option("readers", 10_000), option("rate", 2_000));

    // A quarter of the connections is not for streams, and the node keeps some files for itself.
    allow_files(readers * 4 / 3 + 6_000);
    eprintln!("the feed of {} validators starts", option("validators", 100_000));
    let genesis = feed_server::freshness::unix_now() - NOW.0 * SLOT;
    let world = Arc::new(World::of(world::definition(genesis, SLOT), option("validators", 100_000)));
    let served = Served::start(&world, readers);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut path = Path::new(&world.definition);

    let mut phases = Vec::new();
    let mut measure = |name: &str, path: &mut Path| {
        eprintln!("{name}: {seconds} s");
        let phase = runtime.block_on(signing::measure(path, Duration::from_secs(seconds)));
        phases.push((name.to_owned(), phase));
    };
    // Caches, and the store's first files.
    runtime.block_on(signing::measure(&mut path, Duration::from_secs(2)));
    measure("nobody reads", &mut path);
    eprintln!("{readers} readers connect");
    let mut generator = Command::new(std::env::current_exe().unwrap())
        .arg("load")
        .args(["--port", &served.port.to_string(), "--pid", &std::process::id().to_string()])
        .args(["--readers", &readers.to_string(), "--rate", &rate.to_string()])
        // Longer than what is measured, at both ends.
        .args(["--seconds", &(seconds + 4).to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    load::await_begin(generator.stderr.take().unwrap());
    std::thread::sleep(Duration::from_secs(2));
    measure(&format!("{readers} streams, {rate} requests a second"), &mut path);
    let output = generator.wait_with_output().unwrap();
    let loaded: Value = serde_json::from_slice(&output.stdout).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    measure("nobody reads again", &mut path);
    {
        let _busy = Busy::start();
        measure("as many threads as cores compute at the node's own priority", &mut path);
    }
    served.stop();
    report(&phases, &loaded, is_json);
    let held = |path: &str| loaded.pointer(path).and_then(Value::as_u64).unwrap();
    let (connected, ended) = (held("/readers/connected"), held("/readers/ended"));
    assert!(connected == readers && ended == 0, "not all readers had a place: {loaded:#}");
    assert!(
        held("/requests/not_ok") == 0 && held("/requests/failed") == 0,
        "not all were answered: {loaded:#}"
    );
}

/// The feed takes its places from the files that the system lets a process have.
fn allow_files(most: u64) {
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    if getrlimit(Resource::Nofile).maximum.is_some_and(|maximum| maximum < most)
        && let Err(problem) = setrlimit(Resource::Nofile, limit)
    {
        eprintln!("fewer readers than asked for will have a place: {problem}; try `ulimit -n {most}` first");
    }
}

/// Threads that do nothing and give way to nobody.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn start() -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
        for _ in 0..cores {
            let ends = Arc::clone(&ends);
            std::thread::spawn(move || {
                while !ends.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(ends)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The feed, living: a new status and new entries with every slot, from a thread of their own.
struct Served {
    port: u16,
    ends: Arc<AtomicBool>,
    living: std::thread::JoinHandle<()>,
}

impl Served {
    fn start(world: &Arc<World>, readers: u64) -> Self {
        let world = Arc::clone(world);
        let directory = tempfile::tempdir().unwrap();
        let mut logbook = Logbook::begin(directory.path(), &world, 1);
        logbook.history(2_000, NOW);
        let home = directory.path().join("home");
        let Fed { inputs, status, shelf } = logbook.inputs(&world, Some(world.status(NOW)), home);
        let each = usize::try_from(readers).unwrap() + 1_000;
        // All readers here are one address; the network's limits are what keeps them from that.
        let settings = Settings {
            requests_per_second: 1_000_000,
            burst: 1_000_000,
            streams_per_address: each,
            connections_per_address: each,
            ..Settings::default()
        };
        let listener = feed_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = feed_server::start(listener, inputs, settings).unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        let living = std::thread::spawn(move || {
            let genesis = world.definition.chain.genesis_time;
            let mut slot = NOW;
            while !ended.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(50));
                if feed_server::freshness::unix_now() < genesis + (slot.0 + 1) * SLOT {
                    continue;
                }
                slot = Slot(slot.0 + 1);
                status.send_replace(Some(Arc::new(world.status(slot))));
                logbook.slot(&world, slot);
            }
            drop((status, shelf));
            let _ = server.join();
            drop(directory);
        });
        Self { port, ends, living }
    }

    fn stop(self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.living.join();
    }
}

fn report(phases: &[(String, Phase)], loaded: &Value, is_json: bool) {
    if is_json {
        let phases: Vec<_> =
            phases.iter().map(|(name, phase)| json!({ "phase": name, "signing": phase.json() })).collect();
        println!("{:#}", json!({ "phases": phases, "load": loaded }));
        return;
    }
    println!(
        "One exit: written down, signed, written down, three parts joined and checked, written down. Milliseconds."
    );
    println!("{:<52} {:>6} {:>8} {:>8} {:>8} {:>8}", "", "exits", "p50", "p90", "p99", "max");
    for (name, phase) in phases {
        println!("{name:<52} {phase}");
    }
    println!("The load, as its own process saw it: {loaded:#}");
}
