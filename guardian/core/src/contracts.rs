//! The protocol's contracts as the guardians agreed on them, and how what the chain shows differs from that.

use crate::guardian_set::NetworkDefinition;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::custody::CustodyPublicKey;
use crypto::execution::{Address, BlockNumber, ContractState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Which ABI and which message digests the contracts speak.
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
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Puffer's `PufferProtocol` and `GuardianModule` as deployed first.
    V1,
}

/// Where the protocol lives on the execution chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Contracts {
    /// What they speak.
    pub profile: Profile,
    /// The execution chain (`eth_chainId`). At least 1.
    pub chain_id: u64,
    /// `PufferProtocol`: registrations and tickets.
    pub protocol: Address,
    /// `GuardianModule`: who the guardians are.
    pub guardian_module: Address,
    /// The block the older of the two was deployed in: nothing before it is read.
    pub deployed: BlockNumber,
    /// Our `ExitProposals`, through which authorised accounts may ask for exits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_proposals: Option<Address>,
}

/// One thing the contracts say otherwise than the definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mismatch {
    /// Path of the field in the definition, such as `guardian_set.members[1].account`.
    pub field: String,
    /// What the definition says.
    pub ours: String,
    /// What the contracts say.
    pub theirs: String,
}

/// Compares the contracts at one finalized block with the definition: accounts and custody keys in their order, the
/// threshold, the ejection threshold. Empty when they agree. At most two more entries than twice the larger set has
/// members, and two.
pub fn compare(definition: &NetworkDefinition, state: &ContractState) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let mut expect = |field: String, ours: String, theirs: String| {
        if ours != theirs {
            found.push(Mismatch { field, ours, theirs });
        }
    };
    let set = &definition.guardian_set;
    let members = &set.members;
    for (field, theirs) in [("account", &state.guardians), ("custody_key", &state.enclaves)] {
        if members.len() != theirs.len() {
            let (ours, theirs) = (format!("{} members", members.len()), format!("{} entries", theirs.len()));
            expect(format!("guardian_set.members.{field}"), ours, theirs);
            continue;
        }
        for (place, (member, theirs)) in members.iter().zip(theirs).enumerate() {
            let ours = match field {
                "account" => member.account,
                _ => custody_address(&member.custody_key),
            };
            let ours = ours.map_or_else(|| "none".to_owned(), |address| address.to_string());
            expect(format!("guardian_set.members[{place}].{field}"), ours, theirs.to_string());
        }
    }
    let distinct: BTreeSet<_> = state.enclaves.iter().collect();
    if distinct.len() != state.enclaves.len() {
        // One guardian could count twice: the module does not bind a custody key to the guardian that names it.
        let theirs = format!("{} distinct of {}", distinct.len(), state.enclaves.len());
        expect("guardian_set.members.custody_key".to_owned(), "distinct keys".to_owned(), theirs);
    }
    let threshold = set.threshold.t().to_string();
    expect("guardian_set.threshold.t".to_owned(), threshold, state.threshold.to_string());
    let ours = definition.policy.balance.ejection_threshold.to_string();
    expect("policy.balance.ejection_threshold".to_owned(), ours, state.ejection_threshold.to_string());
    found
}

/// The account that belongs to a custody key; None for bytes that are no key.
fn custody_address(key: &str) -> Option<Address> {
    let bytes = crypto::wire::parse_hex::<65>("custody_key", key).ok()?;
    CustodyPublicKey::from_bytes(&bytes).ok().map(|key| key.address())
}

#[cfg(test)]
mod tests;
