//! A server in this process that shows the network that never was, and the simplest of clients.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each user takes a part of it, all are tests"
)]

use super::logbook::{Fed, Logbook};
use super::world::{NOW, World, definition};
use crypto::spec::Slot;
use feed_server::log::Shelf;
use feed_server::{Inputs, Settings};
use guardian_core::status::StatusSnapshot;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A running server. It ends when this is dropped.
pub struct Served {
    pub address: SocketAddr,
    pub world: World,
    pub logbook: Logbook,
    pub slot: Slot,
    pub status: watch::Sender<Option<Arc<StatusSnapshot>>>,
    pub shelf: watch::Sender<Arc<Shelf>>,
    pub directory: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Served {
    /// Serves this many validators, with limits out of the way unless `settings` says otherwise.
    pub fn start(validators: u64, settings: Settings) -> Self {
        // The world's slot is now, so that nothing is stale and nothing is ahead of the clock.
        let now = feed_server::freshness::unix_now();
        let world = World::of(definition(now - NOW.0 * 12, 12), validators);
        let directory = tempfile::tempdir().unwrap();
        let mut logbook = Logbook::begin(&directory.path().join("log"), &world, 1);
        logbook.history(1_500, NOW);
        let home = directory.path().join("home");
        let Fed { inputs, status, shelf } = logbook.inputs(&world, Some(world.status(NOW)), home);
        let address = serve(inputs, settings);
        let served = Self { address, world, logbook, slot: NOW, status, shelf, directory };
        served.until("/v1/network", |answered| answered.status == 200);
        served
    }

    /// The next slot.
    pub fn tick(&mut self) {
        self.slot = self.slot.saturating_add(1);
        self.status.send_replace(Some(Arc::new(self.world.status(self.slot))));
        self.logbook.slot(&self.world, self.slot);
    }

    /// Asks until an answer is as it should be; for what is done beside the requests.
    pub fn until(&self, path: &str, is_right: impl Fn(&Answered) -> bool) -> Answered {
        until(self.address, path, is_right)
    }

    pub fn get(&self, path: &str) -> Answered {
        self.ask("GET", path, "")
    }

    pub fn ask(&self, method: &str, path: &str, headers: &str) -> Answered {
        ask(self.address, method, path, headers)
    }
}

/// No limits that a test would meet.
pub fn generous() -> Settings {
    Settings { requests_per_second: 1_000_000, burst: 1_000_000, ..Settings::default() }
}

/// Serves inputs on a port that is free.
pub fn serve(inputs: Inputs, settings: Settings) -> SocketAddr {
    let listener = feed_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    feed_server::start(listener, inputs, settings).unwrap();
    address
}

pub fn until(address: SocketAddr, path: &str, is_right: impl Fn(&Answered) -> bool) -> Answered {
    let started = Instant::now();
    loop {
        let answered = ask(address, "GET", path, "");
        if is_right(&answered) {
            return answered;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{path} never became right: {answered:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> Answered {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: feed\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Answered {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = bytes[end + 4..].to_vec();
    if head.contains("transfer-encoding: chunked") {
        body = unchunk(&body);
    }
    Answered { status, head, body }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
}

impl Answered {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}
