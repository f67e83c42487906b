//! `Settings`: the limits of the public window.

use std::net::IpAddr;
use std::time::Duration;

/// Every limit, with defaults for one node with two cores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Requests a second that one address may make, in the long run.
    pub requests_per_second: u32,
    /// Requests that one address may make at once.
    pub burst: u32,
    /// Connections served at once, streams included; the next ones wait in the backlog.
    pub connections: usize,
    /// Connections at once of one address, and [`Settings::streams_per_address`] more. Trusted proxies have no such limit: theirs are
    /// everybody's.
    pub connections_per_address: usize,
    /// Event streams at once.
    pub streams: usize,
    /// Event streams at once of one address.
    pub streams_per_address: usize,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Longest pause between two requests of one connection, and longest time a request's head may take.
    pub idle: Duration,
    /// Longest time that a connection's reader may keep us waiting; taking [`Settings::slowest`] earns it back.
    pub stall: Duration,
    /// Bytes a second that a reader must take in the long run, as far as there is something to take.
    pub slowest: u64,
    /// How often a quiet event stream says that it is alive.
    pub heartbeat: Duration,
    /// Threads that serve.
    pub threads: usize,
    /// The address under which readers reach this feed, without a slash at its end: for links in feeds of entries.
    pub public_url: Option<String>,
}

impl Settings {
    /// Whether an address is a proxy's whose word is believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.contains(&address.to_canonical())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests_per_second: 20,
            burst: 60,
            connections: 16_384,
            connections_per_address: 64,
            streams: 12_000,
            streams_per_address: 32,
            trusted_proxies: Vec::new(),
            idle: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            slowest: 8 << 10,
            heartbeat: Duration::from_secs(15),
            threads: 1,
            public_url: None,
        }
    }
}
