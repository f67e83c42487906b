//! Which chain a node serves: genesis and spec, read and compared.
//!
//! Source: Beacon API `/eth/v1/beacon/genesis` and `/eth/v1/config/spec`.

use crate::api::{Answer, Genesis};
use crate::config::{NodeConfig, Timeouts, check_url};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crypto::spec::{ChainSpec, Epoch, FAR_FUTURE_EPOCH, Fork, ForkName, ForkSchedule, ForkVersion};
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroU64;
use url::Url;

const GENESIS: &str = "eth/v1/beacon/genesis";
const SPEC: &str = "eth/v1/config/spec";

/// Forks after Phase0 by the prefix of their two spec keys, `_FORK_VERSION` and `_FORK_EPOCH`.
/// Later ones are not known here and do not matter: from Deneb on, exits are signed under Capella's version.
const LATER_FORKS: [(ForkName, &str); 6] = [
    (ForkName::Altair, "ALTAIR"),
    (ForkName::Bellatrix, "BELLATRIX"),
    (ForkName::Capella, "CAPELLA"),
    (ForkName::Deneb, "DENEB"),
    (ForkName::Electra, "ELECTRA"),
    (ForkName::Fulu, "FULU"),
];

/// Asks the beacon node at `url` which chain it serves, for a new network definition.
///
/// Forks that are not scheduled (`FAR_FUTURE_EPOCH`) and forks after Fulu are left out.
///
/// # Errors
/// [`Error::Config`] for a URL that cannot be one, else whatever kept the node from answering.
pub async fn read_chain_spec(url: &Url) -> Result<ChainSpec, Error> {
    check_url("--beacon", url)?;
    let node = NodeConfig { name: crate::config::redacted(url), url: url.clone() };
    read(&Endpoint::new(&node, Timeouts::default())?).await
}

/// Asks one node.
pub(crate) async fn read(endpoint: &Endpoint) -> Result<ChainSpec, Error> {
    let (genesis, spec) = futures::try_join!(
        endpoint.get::<Answer<Genesis>>(GENESIS),
        endpoint.get::<Answer<BTreeMap<String, Value>>>(SPEC)
    )?;
    build(genesis.data, &spec.data).map_err(|problem| endpoint.malformed(SPEC, problem))
}

fn build(genesis: Genesis, spec: &BTreeMap<String, Value>) -> Result<ChainSpec, String> {
    // Not the genesis answer's version: a chain that began in a later fork names that one there.
    let version = fork_version(spec, "GENESIS_FORK_VERSION")?;
    let mut forks = vec![Fork { name: ForkName::Phase0, version, epoch: Epoch(0) }];
    for (name, prefix) in LATER_FORKS {
        let Some(epoch) = number(spec, &format!("{prefix}_FORK_EPOCH"))? else { continue };
        if Epoch(epoch) == FAR_FUTURE_EPOCH {
            continue;
        }
        let version = fork_version(spec, &format!("{prefix}_FORK_VERSION"))?;
        forks.push(Fork { name, version, epoch: Epoch(epoch) });
    }
    let name = text(spec, "CONFIG_NAME").or_else(|| text(spec, "PRESET_BASE")).unwrap_or("unnamed");
    Ok(ChainSpec {
        name: crate::endpoint::capped(name),
        genesis_time: genesis.genesis_time.0,
        seconds_per_slot: seconds_per_slot(spec)?,
        slots_per_epoch: required(spec, "SLOTS_PER_EPOCH")?,
        shard_committee_period: number(spec, "SHARD_COMMITTEE_PERIOD")?
            .ok_or("SHARD_COMMITTEE_PERIOD is missing")?,
        forks: ForkSchedule::new(genesis.genesis_validators_root, forks).map_err(|e| e.to_string())?,
    })
}

/// `SECONDS_PER_SLOT`, or where a newer node leaves that out, `SLOT_DURATION_MS`.
fn seconds_per_slot(spec: &BTreeMap<String, Value>) -> Result<NonZeroU64, String> {
    if spec.contains_key("SECONDS_PER_SLOT") {
        return required(spec, "SECONDS_PER_SLOT");
    }
    match number(spec, "SLOT_DURATION_MS")? {
        Some(ms) if ms % 1000 == 0 => {
            NonZeroU64::new(ms / 1000).ok_or_else(|| "SLOT_DURATION_MS is zero".to_owned())
        }
        Some(ms) => Err(format!("SLOT_DURATION_MS is {ms}: no whole number of seconds")),
        None => Err("SECONDS_PER_SLOT is missing".to_owned()),
    }
}

fn required(spec: &BTreeMap<String, Value>, key: &str) -> Result<NonZeroU64, String> {
    let value = number(spec, key)?.ok_or_else(|| format!("{key} is missing"))?;
    NonZeroU64::new(value).ok_or_else(|| format!("{key} is zero"))
}

fn fork_version(spec: &BTreeMap<String, Value>, key: &str) -> Result<ForkVersion, String> {
    let text = text(spec, key).ok_or_else(|| format!("{key} is missing"))?;
    text.parse().map_err(|e| format!("{key}: {e}"))
}

fn text<'a>(spec: &'a BTreeMap<String, Value>, key: &str) -> Option<&'a str> {
    spec.get(key).and_then(Value::as_str)
}

fn number(spec: &BTreeMap<String, Value>, key: &str) -> Result<Option<u64>, String> {
    match spec.get(key) {
        None => Ok(None),
        Some(value) => {
            serde_json::from_value::<crate::api::Quoted>(value.clone()).map(|quoted| Some(quoted.0)).map_err(
                |_| format!("{key} is {}: no decimal number", crate::endpoint::capped(&value.to_string())),
            )
        }
    }
}

/// The first field in which `found` is another chain than `expected`: its name, the expected and the found value.
///
/// A fork that only the node knows is let be once `expected` has Deneb: domains of exits no longer depend on it.
pub(crate) fn difference(expected: &ChainSpec, found: &ChainSpec) -> Option<(String, String, String)> {
    let fields = |chain: &ChainSpec| {
        [
            ("genesis_validators_root", chain.forks.genesis_validators_root().to_string()),
            ("genesis_time", chain.genesis_time.to_string()),
            ("SECONDS_PER_SLOT", chain.seconds_per_slot.to_string()),
            ("SLOTS_PER_EPOCH", chain.slots_per_epoch.to_string()),
            ("SHARD_COMMITTEE_PERIOD", chain.shard_committee_period.to_string()),
            ("GENESIS_FORK_VERSION", version(chain, ForkName::Phase0)),
        ]
    };
    for ((field, expected), (_, found)) in fields(expected).into_iter().zip(fields(found)) {
        if expected != found {
            return Some((field.to_owned(), expected, found));
        }
    }
    let settled = expected.forks.version_of(ForkName::Deneb).is_some();
    for (name, prefix) in LATER_FORKS {
        if settled && expected.forks.version_of(name).is_none() {
            continue;
        }
        for (suffix, of) in [("VERSION", version as fn(&_, _) -> _), ("EPOCH", epoch)] {
            let (expected, found) = (of(expected, name), of(found, name));
            if expected != found {
                return Some((format!("{prefix}_FORK_{suffix}"), expected, found));
            }
        }
    }
    None
}

fn version(chain: &ChainSpec, name: ForkName) -> String {
    chain.forks.version_of(name).map_or("not scheduled".to_owned(), |version| version.to_string())
}

fn epoch(chain: &ChainSpec, name: ForkName) -> String {
    let fork = chain.forks.forks().iter().find(|fork| fork.name == name);
    fork.map_or("not scheduled".to_owned(), |fork| fork.epoch.to_string())
}

#[cfg(test)]
mod tests;
