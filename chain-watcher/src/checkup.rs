//! A checkup: one beacon node looked at once, from outside, for a person who wants to know what is wrong with it.

use crate::api::{Answer, Syncing, Version};
use crate::chain_spec;
use crate::config::{NodeConfig, Timeouts};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::finality;
use crypto::spec::{ChainSpec, Epoch, Slot};
use std::time::{Duration, Instant, SystemTime};

const SYNCING: &str = "eth/v1/node/syncing";
const VERSION: &str = "eth/v1/node/version";

/// What one look at a beacon node showed.
#[derive(Debug, Clone)]
pub struct Checkup {
    /// The node's name.
    pub node: String,
    /// Scheme, host and port.
    pub address: String,
    /// What software it says it is, at most 256 characters.
    pub version: Option<String>,
    /// Whether it serves the expected chain; [`Error::WrongNetwork`] names the field that differs.
    pub chain: Result<(), Error>,
    /// How far it is.
    pub sync: Result<Sync, Error>,
    /// Epoch of its finalized checkpoint.
    pub finalized: Result<Epoch, Error>,
    /// How long it took to answer how far it is.
    pub latency: Duration,
    /// Its clock less ours in seconds, by the `Date` of its answer, which is exact to a second. None without one.
    pub clock_offset: Option<i64>,
}

/// How far a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sync {
    /// Its head.
    pub head: Slot,
    /// Slots it says it lacks.
    pub distance: u64,
    /// Whether it is still syncing.
    pub is_syncing: bool,
    /// Whether its execution client has not verified the head.
    pub is_optimistic: bool,
}

/// Looks at one node.
///
/// # Errors
/// [`Error::Config`] and [`Error::Client`] when it cannot even be asked; what it answers badly is in the result.
pub async fn check_up(node: &NodeConfig, expected: &ChainSpec, timeouts: Timeouts) -> Result<Checkup, Error> {
    crate::config::check_url(&node.name, &node.url)?;
    let endpoint = Endpoint::new(node, timeouts)?;
    let asked = Instant::now();
    let sync = endpoint.get::<Answer<Syncing>>(SYNCING).await;
    let latency = asked.elapsed();
    let sync = sync.map(|answer| Sync {
        head: Slot(answer.data.head_slot.0),
        distance: answer.data.sync_distance.0,
        is_syncing: answer.data.is_syncing,
        is_optimistic: answer.data.is_optimistic,
    });
    let (found, version, finalized, date) = futures::join!(
        chain_spec::read(&endpoint),
        endpoint.get::<Answer<Version>>(VERSION),
        finality::read(&endpoint),
        endpoint.date(SYNCING)
    );
    let chain = found.and_then(|found| match chain_spec::difference(expected, &found) {
        None => Ok(()),
        Some((field, expected, found)) => {
            Err(Error::WrongNetwork { node: node.name.clone(), field, expected, found })
        }
    });
    Ok(Checkup {
        node: node.name.clone(),
        address: endpoint.address(),
        version: version.ok().map(|answer| crate::endpoint::capped(&answer.data.version)),
        chain,
        sync,
        finalized: finalized.map(|checkpoint| checkpoint.epoch),
        latency,
        clock_offset: date.map(|theirs| offset(theirs, SystemTime::now())),
    })
}

/// Whole seconds by which one time is later than another; negative when it is earlier.
fn offset(theirs: SystemTime, ours: SystemTime) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match theirs.duration_since(ours) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => seconds(behind.duration()).saturating_neg(),
    }
}

#[cfg(test)]
mod tests;
