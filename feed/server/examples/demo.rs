//! Serves a network that never was, living: `cargo run -p feed-server --example demo -- [--validators 1000] [--port 8090]
//! [--slot-seconds 12] [--threads 1] [--streams-per-address 20000] [--requests-per-second 100000]`.

#![allow(clippy::unwrap_used, reason = "it shows something to whoever develops, and ends when it cannot")]

#[path = "../tests/logbook/mod.rs"]
mod logbook;
#[path = "../tests/world/mod.rs"]
mod world;

use feed_server::Settings;
use logbook::{Fed, Logbook};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use world::{NOW, World};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut options: BTreeMap<String, u64> = BTreeMap::new();
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        options.insert(name.trim_start_matches('-').to_owned(), value.parse().unwrap());
    }
    let option = |name: &str, default: u64| options.get(name).copied().unwrap_or(default);
    let seconds = option("slot-seconds", 12).max(1);
    let now = feed_server::freshness::unix_now();
    let genesis = now - NOW.0 * seconds;
    let world = World::of(world::definition(genesis, seconds), option("validators", 1_000));
    let directory = tempfile::tempdir().unwrap();
    let mut logbook = Logbook::begin(directory.path(), &world, 1);
    logbook.history(option("entries", 2_000), NOW);
    let home = directory.path().join("home");
    let Fed { inputs, status, shelf: _shelf } = logbook.inputs(&world, Some(world.status(NOW)), home);
    let port = u16::try_from(option("port", 8090)).unwrap();
    let settings = Settings {
        requests_per_second: u32::try_from(option("requests-per-second", 100_000)).unwrap(),
        burst: 100_000,
        streams_per_address: usize::try_from(option("streams-per-address", 20_000)).unwrap(),
        threads: usize::try_from(option("threads", 1)).unwrap(),
        public_url: Some(format!("http://127.0.0.1:{port}")),
        ..Settings::default()
    };
    let listener = feed_server::bind(([127, 0, 0, 1], port).into()).unwrap();
    let server = feed_server::start(listener, inputs, settings).unwrap();
    println!("http://127.0.0.1:{port}/ process {}", std::process::id());
    let mut slot = NOW;
    while !server.is_finished() {
        slot = slot.saturating_add(1);
        let at = genesis + slot.0 * seconds;
        let wait = at.saturating_sub(feed_server::freshness::unix_now());
        std::thread::sleep(Duration::from_secs(wait));
        status.send_replace(Some(Arc::new(world.status(slot))));
        logbook.slot(&world, slot);
    }
}
