//! `ExitProposal`, votes and certificates, and the one transition table of a proposal's life.

use crate::emergency::Emergency;
use crate::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, NetworkDefinition};
use crate::message::canonical;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::Address;
use crypto::exit::VoluntaryExit;
use crypto::keys::KeySetId;
use crypto::spec::{BlsPubkey, Epoch, Slot, ValidatorIndex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

crypto::fixed_bytes!(
    /// SHA-256 of a proposal's canonical (borsh) bytes behind a tag.
    ProposalId, 32
);

/// Which rule or authority asks for an exit, with what it claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The `offline` rule: dark in every epoch `dark_from..=dark_to`.
    Offline {
        /// First dark epoch claimed.
        dark_from: Epoch,
        /// Last dark epoch claimed: the due epoch.
        dark_to: Epoch,
    },
    /// The `tickets` rule: its operator has been short of tickets since `due`.
    Tickets {
        /// The node operator.
        operator: Address,
        /// First epoch of the shortage.
        due: Epoch,
    },
    /// The `balance` rule: below the ejection threshold at the finalized checkpoint of epoch `due`.
    Balance {
        /// Epoch of the checkpoint.
        due: Epoch,
    },
    /// An emergency that t guardians approved.
    Emergency {
        /// Which.
        emergency: ProposalId,
        /// The epoch it was opened in.
        due: Epoch,
    },
}

/// Which rule an [`Origin`] belongs to. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Stopped attesting.
    Offline,
    /// Its operator has too few tickets.
    Tickets,
    /// Lost stake.
    Balance,
    /// People decided.
    Emergency,
}

impl RuleKind {
    /// The stable code: in status, logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Tickets => "tickets",
            Self::Balance => "balance",
            Self::Emergency => "emergency",
        }
    }
}

impl Origin {
    /// Which rule.
    pub fn kind(&self) -> RuleKind {
        match self {
            Self::Offline { .. } => RuleKind::Offline,
            Self::Tickets { .. } => RuleKind::Tickets,
            Self::Balance { .. } => RuleKind::Balance,
            Self::Emergency { .. } => RuleKind::Emergency,
        }
    }

    /// The epoch in which the rule fell due: the epoch of the exit message.
    pub fn due(&self) -> Epoch {
        match self {
            Self::Offline { dark_to: due, .. }
            | Self::Tickets { due, .. }
            | Self::Balance { due }
            | Self::Emergency { due, .. } => *due,
        }
    }
}

/// Whose exit: a validator with the split of its key that the guardians hold shares of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Its key.
    pub pubkey: BlsPubkey,
    /// Which split of it.
    pub key_set: KeySetId,
    /// Its index.
    pub index: ValidatorIndex,
}

/// A proposal to force one validator to exit.
///
/// It names no proposer: two guardians that see the same facts make the same bytes, so the same id, so their votes meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct ExitProposal {
    /// The guardian set that decides.
    pub guardian_set_epoch: GuardianSetEpoch,
    /// Whose exit. Its index is in `exit`.
    pub pubkey: BlsPubkey,
    /// Under which split of its key. A guardian that holds a share of another one neither votes nor signs.
    pub key_set: KeySetId,
    /// Why.
    pub origin: Origin,
    /// The one exact message that will be signed.
    pub exit: VoluntaryExit,
    /// First slot of the voting window.
    pub opened: Slot,
    /// First slot after the voting window: an uncertified proposal ends here.
    pub expires: Slot,
}

/// Where a proposal stands.
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
pub enum State {
    /// Votes are being taken.
    Open,
    /// t approvals are in the journal; never expires from here on.
    Certified,
    /// Our partial signature was released.
    Signed,
    /// A combined exit was handed to beacon nodes.
    Submitted,
    /// The head state has the exit scheduled.
    Included,
    /// The finalized state has the exit scheduled.
    Finalized,
    /// Too many refusals for t approvals.
    Rejected,
    /// The window closed without a certificate.
    Expired,
    /// Its cause is gone: already exiting by other means, or cured.
    Moot,
}

impl State {
    /// The transition table: whether a proposal may go from here to `to`.
    ///
    /// Back from `Included` leads wherever it had been, after a reorg. Out of `Rejected` and `Expired` leads only a
    /// certificate that formed elsewhere in time: certificates never expire.
    pub fn may_become(self, to: Self) -> bool {
        match self {
            Self::Open => matches!(to, Self::Certified | Self::Rejected | Self::Expired | Self::Moot),
            Self::Rejected | Self::Expired => matches!(to, Self::Certified),
            // These expire only where an emergency that was certified did before they were signed.
            Self::Certified => matches!(to, Self::Signed | Self::Included | Self::Moot | Self::Expired),
            Self::Signed => matches!(to, Self::Submitted | Self::Included | Self::Expired),
            Self::Submitted => matches!(to, Self::Included),
            Self::Included => {
                matches!(to, Self::Finalized | Self::Certified | Self::Signed | Self::Submitted)
            }
            Self::Finalized | Self::Moot => false,
        }
    }

    /// The stable code: in status, logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Certified => "certified",
            Self::Signed => "signed",
            Self::Submitted => "submitted",
            Self::Included => "included",
            Self::Finalized => "finalized",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Moot => "moot",
        }
    }

    /// Whether nothing more is done about it here.
    pub fn is_over(self) -> bool {
        match self {
            Self::Finalized | Self::Rejected | Self::Expired | Self::Moot => true,
            Self::Open | Self::Certified | Self::Signed | Self::Submitted | Self::Included => false,
        }
    }
}

/// Epochs by which finality trails the current one while the chain finalizes.
const EPOCHS_TO_FINALITY: u64 = 2;

impl ExitProposal {
    /// The one proposal for a validator that the `offline` rule makes due in epoch `due`, in the voting window that
    /// `slot` lies in. None before the first window.
    ///
    /// Windows of `policy.vote_window` slots follow one another from the first slot at which the chain can have
    /// finalized the cause (epoch `due + 3` here), so all who propose in one window make the same bytes.
    pub fn offline(definition: &NetworkDefinition, subject: Subject, due: Epoch, slot: Slot) -> Option<Self> {
        let dark_from = Epoch(due.0.checked_sub(definition.policy.offline.epochs.checked_sub(1)?)?);
        Self::with_origin(definition, subject, Origin::Offline { dark_from, dark_to: due }, slot)
    }

    /// As [`ExitProposal::offline`], of a validator whose operator has been short of tickets since `due`. The first
    /// window opens when the chain can have finalized the end of the grace period.
    pub fn tickets(
        definition: &NetworkDefinition,
        subject: Subject,
        operator: Address,
        due: Epoch,
        slot: Slot,
    ) -> Option<Self> {
        Self::with_origin(definition, subject, Origin::Tickets { operator, due }, slot)
    }

    /// As [`ExitProposal::offline`], of a validator whose balance was below the threshold at the finalized checkpoint of
    /// epoch `due`.
    pub fn balance(definition: &NetworkDefinition, subject: Subject, due: Epoch, slot: Slot) -> Option<Self> {
        Self::with_origin(definition, subject, Origin::Balance { due }, slot)
    }

    /// The exit of one validator that an emergency asks for. It lives as long as the emergency.
    /// `id` is the emergency's.
    pub fn emergency(
        definition: &NetworkDefinition,
        subject: Subject,
        emergency: &Emergency,
        id: ProposalId,
    ) -> Self {
        let due = emergency.exit_epoch(definition);
        Self {
            guardian_set_epoch: emergency.guardian_set_epoch,
            pubkey: subject.pubkey,
            key_set: subject.key_set,
            exit: VoluntaryExit { epoch: due, validator_index: subject.index },
            origin: Origin::Emergency { emergency: id, due },
            opened: emergency.opened,
            expires: emergency.expires,
        }
    }

    fn with_origin(
        definition: &NetworkDefinition,
        subject: Subject,
        origin: Origin,
        slot: Slot,
    ) -> Option<Self> {
        let opened = window(definition, &origin, slot)?;
        Some(Self {
            guardian_set_epoch: definition.guardian_set.epoch,
            pubkey: subject.pubkey,
            key_set: subject.key_set,
            exit: VoluntaryExit { epoch: origin.due(), validator_index: subject.index },
            origin,
            opened,
            expires: Slot(opened.0.checked_add(definition.policy.vote_window)?),
        })
    }

    /// Whose exit.
    pub fn subject(&self) -> Subject {
        Subject { pubkey: self.pubkey, key_set: self.key_set, index: self.exit.validator_index }
    }

    /// The id: SHA-256 over a tag and the canonical bytes.
    pub fn id(&self) -> ProposalId {
        let digest =
            Sha256::new().chain_update(b"guardian/exit-proposal/v1").chain_update(canonical(self)).finalize();
        ProposalId(digest.into())
    }

    /// Whether it is exactly what the constructor of its origin makes for some slot: no field contradicts another. One of
    /// an emergency never is by itself: it does not travel, each guardian makes it of the emergency.
    pub fn is_well_formed(&self, definition: &NetworkDefinition) -> bool {
        let (subject, slot) = (self.subject(), self.opened);
        let canonical = match self.origin {
            Origin::Offline { dark_to, .. } => Self::offline(definition, subject, dark_to, slot),
            Origin::Tickets { operator, due } => Self::tickets(definition, subject, operator, due, slot),
            Origin::Balance { due } => Self::balance(definition, subject, due, slot),
            Origin::Emergency { .. } => None,
        };
        canonical.as_ref() == Some(self)
    }
}

impl ProposalId {
    /// Where a guardian stands in the order in which the guardians take turns about this proposal, from 0.
    ///
    /// The order is by SHA-256 of id and index, so no guardian is first for every validator.
    pub fn rank(&self, set: &GuardianSet, guardian: GuardianIndex) -> u64 {
        let lot = |index: GuardianIndex| -> [u8; 32] {
            Sha256::new().chain_update(self.0).chain_update(index.0.to_le_bytes()).finalize().into()
        };
        let own = lot(guardian);
        let earlier = set.members.iter().filter(|member| lot(member.index) < own).count();
        u64::try_from(earlier).unwrap_or(u64::MAX)
    }
}

/// First slot of the voting window that `slot` lies in, for a proposal of this origin.
fn window(definition: &NetworkDefinition, origin: &Origin, slot: Slot) -> Option<Slot> {
    // The finalized checkpoint lies at or after the end of the due epoch; of the grace period; of nothing more.
    let epochs = match origin {
        Origin::Offline { .. } => 1,
        Origin::Tickets { .. } => {
            definition.policy.tickets.grace.div_ceil(definition.chain.slots_per_epoch.get())
        }
        Origin::Balance { .. } | Origin::Emergency { .. } => 0,
    };
    let first_epoch = origin.due().0.checked_add(epochs)?.checked_add(EPOCHS_TO_FINALITY)?;
    let since = slot.0.checked_sub(definition.chain.start_slot(Epoch(first_epoch)).0)?;
    let into = since.checked_rem(definition.policy.vote_window)?;
    slot.0.checked_sub(into).map(Slot)
}

#[cfg(test)]
mod tests;
