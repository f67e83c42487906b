//! `ExitProposal`, votes and certificates, and the one transition table of a proposal's life.

use crate::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, NetworkDefinition};
use crate::message::canonical;
use crate::offline::Claim;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::exit::VoluntaryExit;
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
            Self::Certified => matches!(to, Self::Signed | Self::Included | Self::Moot),
            Self::Signed => matches!(to, Self::Submitted | Self::Included),
            Self::Submitted => matches!(to, Self::Included),
            Self::Included => {
                matches!(to, Self::Finalized | Self::Certified | Self::Signed | Self::Submitted)
            }
            Self::Finalized | Self::Moot => false,
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

/// Epochs between a due epoch and the first voting window: the earliest the chain can have finalized it.
const EPOCHS_TO_FINALITY: u64 = 3;

impl ExitProposal {
    /// The one proposal for a validator due in epoch `due`, in the voting window that `slot` lies in. None before the
    /// first window.
    ///
    /// Windows of `policy.vote_window` slots follow one another from the start of epoch `due + 3`, so all who propose
    /// in one window make the same bytes.
    pub fn offline(
        definition: &NetworkDefinition,
        pubkey: BlsPubkey,
        validator_index: ValidatorIndex,
        due: Epoch,
        slot: Slot,
    ) -> Option<Self> {
        let opened = window(definition, due, slot)?;
        let dark_from = Epoch(due.0.checked_sub(definition.policy.offline.epochs.checked_sub(1)?)?);
        Some(Self {
            guardian_set_epoch: definition.guardian_set.epoch,
            pubkey,
            origin: Origin::Offline { dark_from, dark_to: due },
            exit: VoluntaryExit { epoch: due, validator_index },
            opened,
            expires: Slot(opened.0.checked_add(definition.policy.vote_window)?),
        })
    }

    /// The id: SHA-256 over a tag and the canonical bytes.
    pub fn id(&self) -> ProposalId {
        let digest =
            Sha256::new().chain_update(b"guardian/exit-proposal/v1").chain_update(canonical(self)).finalize();
        ProposalId(digest.into())
    }

    /// Whether it is exactly what [`ExitProposal::offline`] makes for some slot: no field contradicts another.
    pub fn is_well_formed(&self, definition: &NetworkDefinition) -> bool {
        let Origin::Offline { dark_to, .. } = self.origin;
        let canonical =
            Self::offline(definition, self.pubkey, self.exit.validator_index, dark_to, self.opened);
        canonical.as_ref() == Some(self)
    }

    /// What is claimed of the validator.
    pub(crate) fn claim(&self) -> Claim {
        let Origin::Offline { dark_from, dark_to } = self.origin;
        Claim { index: self.exit.validator_index, dark_from, dark_to }
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

/// First slot of the voting window that `slot` lies in, for a proposal due in epoch `due`.
fn window(definition: &NetworkDefinition, due: Epoch, slot: Slot) -> Option<Slot> {
    let first = definition.chain.start_slot(due.saturating_add(EPOCHS_TO_FINALITY));
    let since = slot.0.checked_sub(first.0)?;
    let into = since.checked_rem(definition.policy.vote_window)?;
    slot.0.checked_sub(into).map(Slot)
}

#[cfg(test)]
mod tests;
