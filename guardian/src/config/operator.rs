//! What this guardian's operator decides and how it is reached: `[admin]`, `[enforcement]`, `[[standing]]`, `[webhook]`.

use super::{document, name};
use crypto::execution::Address;
use guardian_core::emergency::{MAX_TARGETS, RaiserClass, Severity};
use guardian_core::policy::Enforcement;
use guardian_core::settings::{MAX_STANDING, Settings, StandingOrder, StandingVote};
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeSet;
use std::path::PathBuf;
use url::Url;

/// Where the operator's commands reach the running guardian.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// The Unix socket; `admin.sock` in the data directory when absent.
    pub socket: Option<PathBuf>,
}

/// How far this guardian goes at most by each rule; never further than the definition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnforcementLimits {
    /// The `offline` rule.
    pub offline: Enforcement,
    /// The `tickets` rule.
    pub tickets: Enforcement,
    /// The `balance` rule.
    pub balance: Enforcement,
    /// Emergencies.
    pub emergency: Enforcement,
}

impl Default for EnforcementLimits {
    fn default() -> Self {
        let full = Enforcement::Enforce;
        Self { offline: full, tickets: full, balance: full, emergency: full }
    }
}

/// One standing order: how to vote on a class of emergencies without being asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// For log and journal; 1 to 32 characters of `a-z 0-9 -`, no two alike.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// Only emergencies raised this way.
    pub raiser: Option<RaiserClass>,
    /// Only those of this account.
    pub proposer: Option<Address>,
    /// Only those of this severity.
    pub severity: Option<Severity>,
    /// Only those that name at most so many validators, 1 to [`MAX_TARGETS`].
    pub max_validators: u64,
    /// The vote.
    pub vote: Vote,
}

/// The vote of a standing order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vote {
    /// Approve what our own view confirms.
    Approve,
    /// Reject.
    Reject,
}

/// Where notices are sent.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Takes a POST of JSON; http or https. May hold a token: it is never shown whole.
    #[serde(deserialize_with = "hook_url")]
    pub url: Url,
}

/// Without what may be a token in the URL.
impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url.origin().ascii_serialization()).finish()
    }
}

fn hook_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    document::hook_url(&text).map_err(de::Error::custom)
}

/// Checks what no single key of the standing orders can show.
pub(super) fn check(standing: &[Standing]) -> Result<(), String> {
    if standing.len() > MAX_STANDING {
        let got = standing.len();
        return Err(format!("`[[standing]]` has {got} entries; it may have {MAX_STANDING}"));
    }
    let mut seen = BTreeSet::new();
    for order in standing {
        let field = |field: &str| format!("`{field}` of the [[standing]] entry `{}`", order.name);
        if !seen.insert(&order.name) {
            let name = &order.name;
            return Err(format!("two [[standing]] entries are named `{name}`; give each its own name"));
        }
        if !usize::try_from(order.max_validators).is_ok_and(|most| (1..=MAX_TARGETS).contains(&most)) {
            let got = order.max_validators;
            return Err(format!("{} is {got}; it must be 1 to {MAX_TARGETS}", field("max_validators")));
        }
        if order.proposer.is_some() && order.raiser == Some(RaiserClass::Guardian) {
            return Err(format!(
                "{} names an account, but `raiser` says \"guardian\", which is none: nothing would ever fit; say \
                 raiser = \"account\" or \"contract\", or remove one of them",
                field("proposer")
            ));
        }
    }
    Ok(())
}

/// As the core takes it.
pub(super) fn settings(limits: &EnforcementLimits, standing: &[Standing]) -> Settings {
    let order = |order: &Standing| StandingOrder {
        name: order.name.clone(),
        raiser: order.raiser,
        proposer: order.proposer,
        severity: order.severity,
        max_validators: order.max_validators,
        vote: match order.vote {
            Vote::Approve => StandingVote::Approve,
            Vote::Reject => StandingVote::Reject,
        },
    };
    Settings {
        offline: limits.offline,
        tickets: limits.tickets,
        balance: limits.balance,
        emergency: limits.emergency,
        standing: standing.iter().map(order).collect(),
        ..Settings::default()
    }
}
