//! `/eth/v1/beacon/genesis` and `/eth/v1/config/*`.

use super::answer::{Answer, data};
use crate::chain::exits::{
    CHURN_LIMIT_QUOTIENT, MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT, MAX_SEED_LOOKAHEAD,
    MIN_PER_EPOCH_CHURN_LIMIT, MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA, MIN_VALIDATOR_WITHDRAWABILITY_DELAY,
};
use crate::chain::node::Shared;
use crate::chain::registry::{EFFECTIVE_BALANCE_INCREMENT, MAX_EFFECTIVE_BALANCE};
use axum::extract::State;
use crypto::spec::{DOMAIN_DEPOSIT, DOMAIN_VOLUNTARY_EXIT, FAR_FUTURE_EPOCH, ForkName};
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) async fn genesis(State(node): State<Arc<Shared>>) -> Answer {
    let spec = node.chain.spec();
    Ok(data(json!({
        "genesis_time": spec.genesis_time.to_string(),
        "genesis_validators_root": spec.forks.genesis_validators_root(),
        "genesis_fork_version": spec.forks.forks()[0].version,
    })))
}

/// The constants a client may ask for, by their names in consensus-specs.
pub(super) async fn spec(State(node): State<Arc<Shared>>) -> Answer {
    let spec = node.chain.spec();
    let numbers = [
        ("MIN_GENESIS_TIME", spec.genesis_time),
        ("GENESIS_DELAY", 0),
        ("SECONDS_PER_SLOT", spec.seconds_per_slot.get()),
        ("SLOT_DURATION_MS", spec.seconds_per_slot.get() * 1000),
        ("SLOTS_PER_EPOCH", spec.slots_per_epoch.get()),
        ("SHARD_COMMITTEE_PERIOD", spec.shard_committee_period),
        ("MAX_SEED_LOOKAHEAD", MAX_SEED_LOOKAHEAD),
        ("MIN_VALIDATOR_WITHDRAWABILITY_DELAY", MIN_VALIDATOR_WITHDRAWABILITY_DELAY),
        ("MIN_PER_EPOCH_CHURN_LIMIT", MIN_PER_EPOCH_CHURN_LIMIT),
        ("CHURN_LIMIT_QUOTIENT", CHURN_LIMIT_QUOTIENT),
        ("MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA", MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA.0),
        ("MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT", MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT.0),
        ("MAX_EFFECTIVE_BALANCE", MAX_EFFECTIVE_BALANCE.0),
        ("EFFECTIVE_BALANCE_INCREMENT", EFFECTIVE_BALANCE_INCREMENT.0),
    ];
    let mut all: Map<String, Value> =
        numbers.into_iter().map(|(name, value)| (name.to_owned(), json!(value.to_string()))).collect();
    all.insert("CONFIG_NAME".into(), json!(spec.name));
    all.insert("PRESET_BASE".into(), json!("minimal"));
    let hex = |bytes: [u8; 4]| json!(format!("0x{}", hex::encode(bytes)));
    all.insert("DOMAIN_VOLUNTARY_EXIT".into(), hex(DOMAIN_VOLUNTARY_EXIT));
    all.insert("DOMAIN_DEPOSIT".into(), hex(DOMAIN_DEPOSIT));
    for fork in spec.forks.forks() {
        let name = match fork.name {
            ForkName::Phase0 => {
                all.insert("GENESIS_FORK_VERSION".into(), json!(fork.version));
                continue;
            }
            ForkName::Altair => "ALTAIR",
            ForkName::Bellatrix => "BELLATRIX",
            ForkName::Capella => "CAPELLA",
            ForkName::Deneb => "DENEB",
            ForkName::Electra => "ELECTRA",
            ForkName::Fulu => "FULU",
        };
        all.insert(format!("{name}_FORK_VERSION"), json!(fork.version));
        all.insert(format!("{name}_FORK_EPOCH"), json!(fork.epoch.to_string()));
    }
    // As clients do: forks that are known and not scheduled are at the end of time.
    for (name, number) in [("DENEB", 4), ("ELECTRA", 5), ("FULU", 6)] {
        all.entry(format!("{name}_FORK_VERSION")).or_insert_with(|| hex([number, b'd', b'e', b'v']));
        all.entry(format!("{name}_FORK_EPOCH")).or_insert_with(|| json!(FAR_FUTURE_EPOCH.to_string()));
    }
    Ok(data(Value::Object(all)))
}

pub(super) async fn fork_schedule(State(node): State<Arc<Shared>>) -> Answer {
    let spec = node.chain.spec();
    let forks: Vec<Value> = spec
        .forks
        .forks()
        .iter()
        .map(|fork| {
            json!({
                "previous_version": spec.forks.before(fork).version,
                "current_version": fork.version,
                "epoch": fork.epoch.to_string(),
            })
        })
        .collect();
    Ok(data(Value::Array(forks)))
}
