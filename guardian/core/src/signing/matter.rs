//! What the network's own key signs, and what guardians say to each other to sign it.

use super::ATTEMPT;
use crate::ceremony::{CeremonyId, Digest, Order};
use crate::guardian_set::NetworkId;
use crate::logs::LogHead;
use crate::message::canonical;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::Address;
use crypto::group_key::{GroupPublicKey, NonceCommitments, SignatureShare, advance_payload, evm_digest};
use crypto::spec::Slot;
use crypto::threshold::{MAX_SHARES, ShareIndex};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

crypto::fixed_bytes!(
    /// SHA-256 of a [`Matter`] behind a tag.
    MatterId, 32
);

/// What the network's own key signs. There is nothing else, and none of it is chosen by who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// A succession's result is to be in force.
    Succession {
        /// The network that hands over.
        network: NetworkId,
        /// The ceremony.
        ceremony: CeremonyId,
        /// The definition that follows.
        next: NetworkId,
        /// The result.
        result: Digest,
        /// When the ceremony was opened.
        opened: Slot,
    },
    /// Our definition and our own key are in force: for the contract that keeps them on a chain.
    InForce {
        /// The network.
        network: NetworkId,
        /// The chain (EIP-155).
        chain_id: u64,
        /// The contract.
        contract: Address,
        /// The contract's counter.
        nonce: u64,
        /// When it was asked for.
        opened: Slot,
    },
    /// A guardian's public log goes so far, and only grew since it was last signed.
    Checkpoint {
        /// The network.
        network: NetworkId,
        /// Whose log, and how far.
        head: LogHead,
        /// When it was asked for.
        opened: Slot,
    },
}

impl Matter {
    pub(crate) fn succession(order: &Order, next: NetworkId, result: Digest) -> Self {
        let (network, ceremony, opened) = (order.network, order.id(), order.opened);
        Self::Succession { network, ceremony, next, result, opened }
    }

    /// Its id.
    pub fn id(&self) -> MatterId {
        let digest =
            Sha256::new().chain_update(b"guardian/group-matter/v1").chain_update(canonical(self)).finalize();
        MatterId(digest.into())
    }

    /// The 32 bytes that are signed. `key`, the network's own, is needed for what a contract shall keep.
    pub fn message(&self, key: Option<&GroupPublicKey>) -> Option<[u8; 32]> {
        match self {
            Self::Succession { network, ceremony, next, result, opened: _ } => Some(
                Sha256::new()
                    .chain_update(b"guardian/succession-signature/v1")
                    .chain_update(network.0)
                    .chain_update(ceremony.0)
                    .chain_update(next.0)
                    .chain_update(result.0)
                    .finalize()
                    .into(),
            ),
            Self::Checkpoint { network, head, opened: _ } => Some(
                Sha256::new()
                    .chain_update(b"guardian/checkpoint-signature/v1")
                    .chain_update(network.0)
                    .chain_update(head.guardian.0.to_le_bytes())
                    .chain_update(head.life.0.to_le_bytes())
                    .chain_update(head.size.to_le_bytes())
                    .chain_update(head.root.0)
                    .finalize()
                    .into(),
            ),
            Self::InForce { network, chain_id, contract, nonce, opened: _ } => {
                let payload = advance_payload(&network.0, key?);
                Some(evm_digest(*chain_id, contract, *nonce, &payload))
            }
        }
    }

    pub(super) fn opened(&self) -> Slot {
        match self {
            Self::Succession { opened, .. }
            | Self::InForce { opened, .. }
            | Self::Checkpoint { opened, .. } => *opened,
        }
    }

    /// Which attempt a slot belongs to.
    pub(super) fn attempt(&self, slot: Slot) -> u32 {
        let passed = slot.0.saturating_sub(self.opened().0) / ATTEMPT;
        u32::try_from(passed).unwrap_or(u32::MAX)
    }
}

/// What guardians say to each other to make a signature.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[allow(
    clippy::large_enum_variant,
    reason = "values live while one event is handled, and a box each is no gain"
)]
pub enum SigningMessage {
    /// My nonces for this attempt; and what it is about, for those who do not know it.
    Commit {
        /// What is to be signed.
        matter: Matter,
        /// Which attempt.
        attempt: u32,
        /// What commits to the nonces.
        commitments: NonceCommitments,
    },
    /// I lead this attempt: these sign, with these nonces.
    Package {
        /// What.
        matter: MatterId,
        /// Which attempt.
        attempt: u32,
        /// t signers, ascending.
        signers: Vec<(ShareIndex, NonceCommitments)>,
    },
    /// My share of the signature.
    Share {
        /// Of what.
        matter: MatterId,
        /// In which attempt.
        attempt: u32,
        /// For which package: SHA-256 of it.
        package: Digest,
        /// It.
        share: SignatureShare,
    },
}

impl SigningMessage {
    pub(crate) fn is_bounded(&self) -> bool {
        match self {
            Self::Package { signers, .. } => {
                signers.len() <= usize::from(MAX_SHARES) && signers.is_sorted_by(|a, b| a.0 < b.0)
            }
            Self::Commit { .. } | Self::Share { .. } => true,
        }
    }
}
