//! A peer's misbehaviour, as data with a stable code.

use crate::ceremony::Blame;
use crate::guardian_set::GuardianIndex;
use crate::proposal::ProposalId;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What a guardian did wrong.
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
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Two different votes with one revision.
    Equivocation,
    /// A partial signature that does not verify under its public share.
    InvalidPartial,
    /// A partial with a share index that is not the sender's.
    ForeignShare,
    /// A certificate without t valid approvals.
    InvalidCertificate,
    /// A proposal that contradicts itself or the chain's arithmetic.
    MalformedProposal,
    /// Bytes that are no message.
    Garbage,
    /// More open proposals than one guardian may have.
    Flooding,
    /// Another guardian-set epoch.
    WrongEpoch,
    /// An emergency, or the taking back of one, in the name of somebody who did not make it.
    ForgedAuthority,
    /// A share of a signature of the network's own key that does not verify.
    InvalidGroupShare,
    /// A proof of holding shares that does not hold.
    InvalidReadiness,
    /// Something that a ceremony does not allow.
    Ceremony(Blame),
    /// Two heads of its public log of which neither extends the other.
    ForkedLog,
}

impl FaultKind {
    /// The stable code: in logs, metrics, status and documents.
    pub fn code(self) -> &'static str {
        match self {
            Self::Equivocation => "equivocation",
            Self::InvalidPartial => "invalid_partial",
            Self::ForeignShare => "foreign_share",
            Self::InvalidCertificate => "invalid_certificate",
            Self::MalformedProposal => "malformed_proposal",
            Self::Garbage => "garbage",
            Self::Flooding => "flooding",
            Self::WrongEpoch => "wrong_epoch",
            Self::ForgedAuthority => "forged_authority",
            Self::InvalidGroupShare => "invalid_group_share",
            Self::InvalidReadiness => "invalid_readiness",
            Self::Ceremony(blame) => blame.fault_code(),
            Self::ForkedLog => "forked_log",
        }
    }
}

/// Who did what, about which proposal.
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
pub struct Fault {
    /// The guilty.
    pub guardian: GuardianIndex,
    /// The deed.
    pub kind: FaultKind,
    /// The proposal, where there is one.
    pub proposal: Option<ProposalId>,
}

#[cfg(test)]
mod tests;
