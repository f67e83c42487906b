//! `[feed]`: where the public feed is served, and its limits.

use feed_server::Settings;
use serde::{Deserialize, Deserializer, de};
use std::net::{IpAddr, SocketAddr};
use url::Url;

/// Largest of any limit here.
const MAX_LIMIT: u32 = 1_000_000;

/// The public feed. Without `listen` nothing is served; the log is written all the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feed {
    /// Address and port.
    #[serde(deserialize_with = "listen")]
    pub listen: Option<SocketAddr>,
    /// The address under which readers reach it, for links in the feed of entries; http or https.
    pub public_url: Option<Url>,
    /// Requests a second of one address, in the long run.
    #[serde(deserialize_with = "limit")]
    pub requests_per_second: u32,
    /// Requests of one address at once.
    #[serde(deserialize_with = "limit")]
    pub burst: u32,
    /// Event streams at once.
    #[serde(deserialize_with = "limit")]
    pub streams: u32,
    /// Event streams at once of one address.
    #[serde(deserialize_with = "limit")]
    pub streams_per_address: u32,
    /// Connections at once of one address, and `streams_per_address` more; trusted proxies have no such limit.
    #[serde(deserialize_with = "limit")]
    pub connections_per_address: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Feed {
    fn default() -> Self {
        let Settings {
            requests_per_second,
            burst,
            streams,
            streams_per_address,
            connections_per_address,
            ..
        } = Settings::default();
        let small = |limit: usize| u32::try_from(limit).unwrap_or(MAX_LIMIT);
        Self {
            listen: None,
            public_url: None,
            requests_per_second,
            burst,
            streams: small(streams),
            streams_per_address: small(streams_per_address),
            connections_per_address: small(connections_per_address),
            trusted_proxies: Vec::new(),
        }
    }
}

impl Feed {
    /// As the feed takes it.
    pub fn settings(&self) -> Settings {
        let large = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        let streams = large(self.streams);
        let defaults = Settings::default();
        Settings {
            requests_per_second: self.requests_per_second,
            burst: self.burst,
            streams,
            streams_per_address: large(self.streams_per_address),
            connections_per_address: large(self.connections_per_address),
            // Readers of streams must not keep the others out.
            connections: streams.saturating_add(defaults.connections.saturating_sub(defaults.streams)),
            trusted_proxies: self.trusted_proxies.clone(),
            public_url: self.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()),
            ..defaults
        }
    }
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    super::socket_address(deserializer).map(Some)
}

fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let limit = u32::deserialize(deserializer)?;
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(de::Error::custom(format!("is {limit}; a limit of the feed is 1 to {MAX_LIMIT}")))
}
