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
    /// Event streams at once.
    pub streams: usize,
    /// Event streams at once of one address.
    pub streams_per_address: usize,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Longest pause between two requests of one connection, and longest time a request's head may take.
    pub idle: Duration,
    /// Longest time an event stream's reader may take nothing.
    pub stall: Duration,
    /// How often a quiet event stream says that it is alive.
    pub heartbeat: Duration,
    /// Threads that serve.
    pub threads: usize,
    /// The address under which readers reach this feed, without a slash at its end: for links in feeds of entries.
    pub public_url: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests_per_second: 20,
            burst: 60,
            connections: 16_384,
            streams: 12_000,
            streams_per_address: 32,
            trusted_proxies: Vec::new(),
            idle: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            threads: 1,
            public_url: None,
        }
    }
}
