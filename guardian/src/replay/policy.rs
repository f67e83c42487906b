//! The policy file: `[policy]` and `[caps]` as in a network definition, each table optional.

use crate::{Error, config, file};
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::policy::{BalanceRule, Caps, OfflineRule, Policy, SlashedRule, TicketsRule};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::path::Path;

/// What may stand in the file: a whole network definition, or any part of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    policy: Option<Rules>,
    caps: Option<Caps>,
    // Not asked for.
    #[serde(rename = "name")]
    _name: Option<IgnoredAny>,
    #[serde(rename = "chain")]
    _chain: Option<IgnoredAny>,
    #[serde(rename = "contracts")]
    _contracts: Option<IgnoredAny>,
    #[serde(rename = "guardian_set")]
    _guardian_set: Option<IgnoredAny>,
    // People decide these: no policy does.
    #[serde(rename = "emergency")]
    _emergency: Option<IgnoredAny>,
}

/// [`Policy`], each part optional.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    vote_window: Option<u64>,
    offline: Option<OfflineRule>,
    tickets: Option<TicketsRule>,
    balance: Option<BalanceRule>,
    slashed: Option<SlashedRule>,
}

/// The definition with the policy and the caps of a file in the place of its own; what the file leaves out stays.
///
/// # Errors
/// [`Error::File`], [`Error::TooLarge`], [`Error::Document`] naming the field.
pub fn apply(path: &Path, mut definition: NetworkDefinition) -> Result<NetworkDefinition, Error> {
    let refuse = |problem: String| Error::Document { path: path.into(), line: None, problem };
    let file: PolicyFile = config::parse(path, &file::read_text(path, "policy")?)?;
    if file.policy.is_none() && file.caps.is_none() {
        return Err(refuse(
            "has neither [policy] nor [caps]; write them as in network.toml, only the tables that differ"
                .to_owned(),
        ));
    }
    if let Some(Rules { vote_window, offline, tickets, balance, slashed }) = file.policy {
        let ours = definition.policy;
        definition.policy = Policy {
            vote_window: vote_window.unwrap_or(ours.vote_window),
            offline: offline.unwrap_or(ours.offline),
            tickets: tickets.unwrap_or(ours.tickets),
            balance: balance.unwrap_or(ours.balance),
            slashed: slashed.unwrap_or(ours.slashed),
        };
    }
    definition.caps = file.caps.unwrap_or(definition.caps);
    definition.validate().map_err(|problem| refuse(problem.to_string()))?;
    Ok(definition)
}

#[cfg(test)]
mod tests;
