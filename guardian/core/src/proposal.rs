//! `ExitProposal`, votes and certificates, and the one transition table of a proposal's life.

use crate::guardian_set::GuardianSetEpoch;
use crate::message::canonical;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::exit::VoluntaryExit;
use crypto::spec::{BlsPubkey, Epoch, Slot};
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

impl ExitProposal {
    /// The id: SHA-256 over a tag and the canonical bytes.
    pub fn id(&self) -> ProposalId {
        let digest =
            Sha256::new().chain_update(b"guardian/exit-proposal/v1").chain_update(canonical(self)).finalize();
        ProposalId(digest.into())
    }
}
