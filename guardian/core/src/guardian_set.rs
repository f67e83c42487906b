//! Who the guardians are and what they agreed on: `GuardianSet`, `NetworkDefinition` and its hash, the `NetworkId`.

use crate::contracts::Contracts;
use crate::emergency::{EmergencyRules, MAX_TARGETS};
use crate::error::Error;
use crate::message::canonical;
use crate::policy::{Caps, Policy};
use crate::statement::PeerName;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::Address;
use crypto::spec::ChainSpec;
use crypto::threshold::Threshold;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// A guardian's number in its set: `1..=n`, in the order of the definition.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(transparent)]
pub struct GuardianIndex(pub u16);

/// Number of a guardian set; grows by one with each change of definition.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(transparent)]
pub struct GuardianSetEpoch(pub u64);

crypto::fixed_bytes!(
    /// SHA-256 of the definition's canonical (borsh) bytes behind a tag. In every message; equal only where the
    /// definitions are equal in every field.
    NetworkId, 32
);

/// One guardian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// `1..=n`.
    pub index: GuardianIndex,
    /// For people: 1 to 32 characters of `a-z 0-9 -`.
    pub name: String,
    /// libp2p PeerId of the identity key, base58. The shell parses it; here it is compared.
    pub peer_id: String,
    /// Multiaddrs under which peers find it, at most 8, without the `/p2p/` part.
    pub addresses: Vec<String>,
    /// secp256k1 public key its custody envelopes are encrypted to, 65 bytes uncompressed, hex.
    pub custody_key: String,
    /// Its account in `getGuardians`, with which it signs for the contracts. Needed with `contracts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Address>,
}

impl Member {
    /// Its name among the members of all sets.
    pub fn peer(&self) -> PeerName {
        PeerName(self.peer_id.clone())
    }
}

/// The members and how many of them must act together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardianSet {
    /// Number of this set.
    pub epoch: GuardianSetEpoch,
    /// t of n.
    pub threshold: Threshold,
    /// The members, by index.
    pub members: Vec<Member>,
}

/// All that the guardians of one network agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkDefinition {
    /// For people: 1 to 32 characters of `a-z 0-9 -`.
    pub name: String,
    /// The beacon chain.
    pub chain: ChainSpec,
    /// The protocol's contracts on the execution chain, if the guardians act on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contracts: Option<Contracts>,
    /// The guardians.
    pub guardian_set: GuardianSet,
    /// When a validator must leave.
    pub policy: Policy,
    /// How many may be made to leave, and how fast.
    pub caps: Caps,
    /// Who may ask for emergencies.
    #[serde(default)]
    pub emergency: EmergencyRules,
}

impl NetworkDefinition {
    /// The network's id: SHA-256 over a tag and the canonical bytes.
    pub fn id(&self) -> NetworkId {
        let digest = Sha256::new()
            .chain_update(b"guardian/network-definition/v1")
            .chain_update(canonical(self))
            .finalize();
        NetworkId(digest.into())
    }

    /// The member with this index.
    ///
    /// # Errors
    /// [`Error::Definition`] when the set has no such member.
    pub fn member(&self, index: GuardianIndex) -> Result<&Member, Error> {
        self.guardian_set
            .members
            .iter()
            .find(|member| member.index == index)
            .ok_or_else(|| refuse("guardian_set.members", format!("has no member with index {}", index.0)))
    }

    /// The index of a peer, if it is a member.
    pub fn index_of(&self, peer: &PeerName) -> Option<GuardianIndex> {
        let mut members = self.guardian_set.members.iter();
        members.find(|member| member.peer_id == peer.0).map(|member| member.index)
    }

    /// Checks every field against its bounds and against the others.
    ///
    /// # Errors
    /// [`Error::Definition`] naming the first field that cannot be, and what it should be.
    pub fn validate(&self) -> Result<(), Error> {
        check_name("name", &self.name)?;
        if self.chain.name.is_empty() || self.chain.name.len() > 64 {
            return Err(refuse("chain.name", "must have 1 to 64 characters"));
        }
        check_range("chain.seconds_per_slot", self.chain.seconds_per_slot.get(), 1..=3600)?;
        check_range("chain.slots_per_epoch", self.chain.slots_per_epoch.get(), 1..=1024)?;
        check_range("chain.shard_committee_period", self.chain.shard_committee_period, 0..=1_000_000)?;
        if let Some(contracts) = &self.contracts {
            check_range("contracts.chain_id", contracts.chain_id, 1..=u64::MAX)?;
            if contracts.protocol == contracts.guardian_module {
                return Err(refuse("contracts.guardian_module", "is the same as `contracts.protocol`"));
            }
            for (name, other) in
                [("protocol", contracts.protocol), ("guardian_module", contracts.guardian_module)]
            {
                if contracts.exit_proposals == Some(other) {
                    let problem = format!("is the same as `contracts.{name}`");
                    return Err(refuse("contracts.exit_proposals", problem));
                }
            }
        }
        self.guardian_set.validate(self.contracts.is_some())?;
        self.policy.validate(self.contracts.is_some())?;
        check_range("caps.exits_per_epoch", self.caps.exits_per_epoch, 1..=MAX_EXITS)?;
        check_range("caps.exits_per_day", self.caps.exits_per_day, self.caps.exits_per_epoch..=MAX_EXITS)?;
        check_range("caps.max_finality_distance", self.caps.max_finality_distance, 2..=1_000)?;
        let per_day = 1..=self.caps.exits_per_day;
        check_range(
            "caps.exits_per_operator_per_day",
            self.caps.exits_per_operator_per_day,
            per_day.clone(),
        )?;
        check_range("caps.exits_per_module_per_day", self.caps.exits_per_module_per_day, per_day)?;
        check_range("caps.max_share_percent_per_day", self.caps.max_share_percent_per_day.into(), 1..=100)?;
        check_range("caps.max_head_lag", self.caps.max_head_lag, 1..=1_000)?;
        check_range("caps.max_dark_percent", self.caps.max_dark_percent.into(), 1..=100)?;
        self.validate_emergency()
    }

    fn validate_emergency(&self) -> Result<(), Error> {
        let rules = &self.emergency;
        let targets = u64::try_from(MAX_TARGETS).unwrap_or(u64::MAX);
        check_range("emergency.max_validators", rules.max_validators, 1..=targets)?;
        check_range("emergency.max_lifetime", rules.max_lifetime, 2..=1_000_000)?;
        let longest = rules.max_lifetime.saturating_sub(1);
        check_range("emergency.cancel_window", rules.cancel_window, 0..=longest)?;
        if rules.proposers.len() > MAX_PROPOSERS {
            let problem = format!("has {} entries; at most {MAX_PROPOSERS}", rules.proposers.len());
            return Err(refuse("emergency.proposers", problem));
        }
        let mut seen = BTreeSet::new();
        for (place, proposer) in rules.proposers.iter().enumerate() {
            let at = |field: &str| format!("emergency.proposers[{place}].{field}");
            check_name(&at("name"), &proposer.name)?;
            check_range(&at("max_validators"), proposer.max_validators, 1..=rules.max_validators)?;
            for (field, length) in
                [("operators", proposer.operators.len()), ("modules", proposer.modules.len())]
            {
                if length > MAX_SCOPE {
                    return Err(refuse(at(field), format!("has {length} entries; at most {MAX_SCOPE}")));
                }
                if length > 0 && self.contracts.is_none() {
                    return Err(refuse(at(field), "needs the protocol's contracts; add `[contracts]`"));
                }
            }
            if !seen.insert(proposer.account) {
                return Err(refuse(at("account"), "is the same as an earlier proposer's"));
            }
        }
        Ok(())
    }
}

/// Most proposers of a definition.
const MAX_PROPOSERS: usize = 32;

/// Most node operators, and most modules, in one proposer's scope.
const MAX_SCOPE: usize = 64;

/// Largest exit cap a definition may name: more validators than any beacon chain has had.
const MAX_EXITS: u64 = 4_000_000;

impl GuardianSet {
    /// Checks number, order and distinctness of the members, and each member's fields.
    fn validate(&self, needs_accounts: bool) -> Result<(), Error> {
        let n = usize::from(self.threshold.n());
        if self.members.len() != n {
            let problem = format!("has {} entries, but threshold.n is {n}", self.members.len());
            return Err(refuse("guardian_set.members", problem));
        }
        let mut seen = BTreeSet::new();
        for (position, (member, number)) in self.members.iter().zip(1u16..).enumerate() {
            let at = |field: &str| format!("guardian_set.members[{position}].{field}");
            if member.index.0 != number {
                let problem =
                    format!("is {}, but members are numbered 1 to {n} in order: {number}", member.index.0);
                return Err(refuse(at("index"), problem));
            }
            check_name(&at("name"), &member.name)?;
            let base58 = |c: char| c.is_ascii_alphanumeric() && !"0OIl".contains(c);
            if member.peer_id.is_empty() || member.peer_id.len() > 128 || !member.peer_id.chars().all(base58)
            {
                return Err(refuse(at("peer_id"), "must be a base58 PeerId of 1 to 128 characters"));
            }
            if member.addresses.len() > MAX_ADDRESSES {
                let problem = format!("has {} entries; at most {MAX_ADDRESSES}", member.addresses.len());
                return Err(refuse(at("addresses"), problem));
            }
            if member.addresses.iter().any(|address| address.len() > 256 || !address.starts_with('/')) {
                return Err(refuse(at("addresses"), "must be multiaddrs of at most 256 characters"));
            }
            let custody_key = crypto::wire::parse_hex::<65>("custody_key", &member.custody_key)
                .map_err(|problem| refuse(at("custody_key"), format!("is no key: {problem}")))?;
            if custody_key[0] != 4 {
                return Err(refuse(
                    at("custody_key"),
                    "must be an uncompressed secp256k1 key, beginning with 04",
                ));
            }
            if needs_accounts && member.account.is_none() {
                let problem = "is missing: with `contracts` every member needs its account in `getGuardians`";
                return Err(refuse(at("account"), problem));
            }
            let account = member.account.map(|account| ("account", account.to_string()));
            for (field, value) in [
                ("name", member.name.clone()),
                ("peer_id", member.peer_id.clone()),
                ("custody_key", hex::encode(custody_key)),
            ]
            .into_iter()
            .chain(account)
            {
                if !seen.insert((field, value)) {
                    return Err(refuse(
                        at(field),
                        "is the same as an earlier member's; each must be its own",
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Most addresses of one member.
const MAX_ADDRESSES: usize = 8;

fn refuse(field: impl Into<String>, problem: impl Into<String>) -> Error {
    Error::Definition { field: field.into(), problem: problem.into() }
}

fn check_name(field: &str, name: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 32 || !name.chars().all(allowed) {
        return Err(refuse(field, format!("is {name:?}; it must be 1 to 32 characters of a-z, 0-9 and -")));
    }
    Ok(())
}

pub(crate) fn check_range(
    field: &str,
    value: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(refuse(field, format!("is {value}; it must be {} to {}", range.start(), range.end())))
}

#[cfg(test)]
mod tests;
