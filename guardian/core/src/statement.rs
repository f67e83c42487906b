//! `Statement`: what a member of a ceremony seals, once for each place, in the domain of the ceremony's id.

use crate::ceremony::{Digest, Order};
use crate::guardian_set::GuardianIndex;
use crate::message::{Envelope, canonical};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::group_key::GroupSignature;
use crypto::threshold::MAX_SHARES;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A member by its libp2p PeerId, base58: the one name that old and new sets share.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(transparent)]
pub struct PeerName(pub String);

impl std::fmt::Display for PeerName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Largest encoded statement, bytes: an order with a definition of 100 members fits.
pub const MAX_STATEMENT: usize = 96 * 1024;

/// Longest proof of possession with what belongs to it, bytes.
pub const MAX_PROOF: usize = 40 * 1024;

/// Largest sealed private dealing that an accusation may carry, bytes.
pub const MAX_DEALING: usize = 56 * 1024;

/// Slots of one view of choosing.
pub const VIEW: u64 = 12;

/// Which dealings count, ascending by dealer.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Choice(pub Vec<(GuardianIndex, Digest)>);

impl Choice {
    /// SHA-256 behind a tag.
    pub fn digest(&self) -> Digest {
        let digest =
            Sha256::new().chain_update(b"guardian/choice/v1").chain_update(canonical(self)).finalize();
        Digest(digest.into())
    }
}

/// What a member says.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Statement {
    /// Let us do this. By a member of the set that deals.
    Open(Order),
    /// My operator agrees.
    Accept,
    /// My operator does not.
    Reject,
    /// My operator takes part no longer.
    Withdraw,
    /// I have dealt: this is the digest of my dealing's public part.
    Dealt {
        /// It.
        digest: Digest,
    },
    /// I hold this dealing, whole and checked: everybody says the same digest, or the dealer lied to somebody.
    Held {
        /// Whose.
        dealer: GuardianIndex,
        /// Its digest.
        digest: Digest,
    },
    /// This dealer sealed a share for me that does not fit what it published.
    Accuse {
        /// Whom.
        dealer: GuardianIndex,
        /// Where.
        batch: u32,
        /// The proof.
        dealing: Envelope,
    },
    /// These dealings shall count.
    Choose {
        /// Which try at agreeing: slots since the opening, divided by [`VIEW`].
        view: u16,
        /// They.
        choice: Choice,
    },
    /// I saw a quorum choose so in this view: from now on I choose nothing else, unless a later view did.
    Commit {
        /// Which view.
        view: u16,
        /// The choice's digest.
        choice: Digest,
    },
    /// I hold my share of every key of this result.
    Proven {
        /// It.
        result: Digest,
        /// The proof.
        proof: Vec<u8>,
    },
    /// I saw enough members of the new set prove this result: it shall be in force.
    Endorse {
        /// It.
        result: Digest,
    },
    /// I destroyed my shares of the old set.
    Destroyed,
    /// The old set's own key signed this result.
    Signed {
        /// It.
        result: Digest,
        /// Over [`crate::signing::Matter::message`].
        signature: GroupSignature,
    },
}

/// The place of a statement: two different statements of one member in one place are equivocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Open,
    Answer,
    Withdraw,
    Dealt,
    Held(GuardianIndex),
    Accuse(GuardianIndex),
    Choose(u16),
    Commit(u16),
    Proven,
    Endorse,
    Destroyed,
    Signed,
}

/// First byte of an encoded statement.
const VERSION: u8 = 1;

impl Statement {
    /// The stable code: in logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
            Self::Dealt { .. } => "dealt",
            Self::Held { .. } => "held",
            Self::Accuse { .. } => "accuse",
            Self::Choose { .. } => "choose",
            Self::Commit { .. } => "commit",
            Self::Proven { .. } => "proven",
            Self::Endorse { .. } => "endorse",
            Self::Destroyed => "destroyed",
            Self::Signed { .. } => "signed",
        }
    }

    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Open(_) => Place::Open,
            Self::Accept | Self::Reject => Place::Answer,
            Self::Withdraw => Place::Withdraw,
            Self::Dealt { .. } => Place::Dealt,
            Self::Held { dealer, .. } => Place::Held(*dealer),
            Self::Accuse { dealer, .. } => Place::Accuse(*dealer),
            Self::Choose { view, .. } => Place::Choose(*view),
            Self::Commit { view, .. } => Place::Commit(*view),
            Self::Proven { .. } => Place::Proven,
            Self::Endorse { .. } => Place::Endorse,
            Self::Destroyed => Place::Destroyed,
            Self::Signed { .. } => Place::Signed,
        }
    }

    /// The bytes that are sealed.
    pub fn encode(&self) -> Vec<u8> {
        canonical(&(VERSION, self))
    }

    /// Reads a statement; None for anything that is not exactly one within its bounds.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_STATEMENT {
            return None;
        }
        let (version, statement) = borsh::from_slice::<(u8, Self)>(bytes).ok()?;
        (version == VERSION && statement.is_bounded()).then_some(statement)
    }

    fn is_bounded(&self) -> bool {
        match self {
            Self::Accuse { dealing, .. } => dealing.0.len() <= MAX_DEALING,
            Self::Choose { view: _, choice } => {
                choice.0.len() <= usize::from(MAX_SHARES) && choice.0.is_sorted_by(|a, b| a.0 < b.0)
            }
            Self::Proven { proof, .. } => proof.len() <= MAX_PROOF,
            Self::Open(_)
            | Self::Accept
            | Self::Reject
            | Self::Withdraw
            | Self::Dealt { .. }
            | Self::Held { .. }
            | Self::Commit { .. }
            | Self::Endorse { .. }
            | Self::Destroyed
            | Self::Signed { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests;
