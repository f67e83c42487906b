//! The signer: the only holder of this guardian's validator shares. It takes a [`ReleaseOrder`] and nothing else; there
//! is no way to have it sign bytes, roots or indexes of a caller's choice.
//!
//! It trusts the order no further than it must: it looks up the share itself, computes the signing roots that this
//! chain could ever accept for the order's exit and refuses an order that names another, and it verifies its own
//! partial signature under the public share before it lets it go, so that a fault of memory or processor does not
//! leave the house as a false partial.

use crate::metrics::Metrics;
use crate::node::Arrival;
use crypto::Error as CryptoError;
use crypto::exit::VoluntaryExit;
use crypto::keys::{PublicKeySet, SecretKeyShare};
use crypto::partial::verify_partial;
use crypto::spec::{BlsPubkey, Epoch, ForkSchedule, Root};
use guardian_core::Event;
use guardian_core::command::ReleaseOrder;
use guardian_core::event::Custody;
use guardian_core::message::Partial;
use std::collections::BTreeMap;
use std::time::Instant;
use tokio::sync::mpsc;

/// One validator's share in the open.
pub struct HeldShare {
    /// The validator's commitments.
    pub key_set: PublicKeySet,
    /// Our share.
    pub share: SecretKeyShare,
}

/// Holds the shares and signs what it is ordered to.
pub struct Signer {
    shares: BTreeMap<BlsPubkey, HeldShare>,
    forks: ForkSchedule,
}

/// What the signer is told.
pub enum Errand {
    /// Sign one exit.
    Sign(ReleaseOrder),
    /// Hold these shares too, each in the place of one of the same validator. They belong to their key sets and are on
    /// the disk.
    Hold(Vec<HeldShare>),
}

/// Why the signer did not sign. The text is for the operator and carries no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No share of this validator.
    #[error("no share of validator {0} is held here; import its custody file")]
    NoShare(BlsPubkey),
    /// What is held is a share of another split of the key: its partial would spoil the exit.
    #[error("the share held of validator {0} is of another split of its key than the order's")]
    OtherSplit(BlsPubkey),
    /// The root ordered is none that this chain accepts for this exit.
    #[error("the order's signing root {ordered} is no root of its exit (epoch {}, validator {}) on this chain", .exit.epoch, .exit.validator_index)]
    WrongRoot {
        /// What was ordered.
        ordered: Root,
        /// For what.
        exit: VoluntaryExit,
    },
    /// Our own partial does not verify.
    #[error(
        "our own partial signature for validator {0} does not verify; this machine computes wrongly or its share is damaged"
    )]
    SelfCheck(BlsPubkey),
}

impl Signer {
    /// A signer over shares that belong to their key sets, for a chain.
    ///
    /// # Errors
    /// [`CryptoError::ForeignShare`] for a share that does not belong to its key set.
    pub fn new(
        shares: impl IntoIterator<Item = HeldShare>,
        forks: ForkSchedule,
    ) -> Result<Self, CryptoError> {
        let mut held = BTreeMap::new();
        for share in shares {
            share.key_set.verify_share(&share.share)?;
            held.insert(share.key_set.public_key(), share);
        }
        Ok(Self { shares: held, forks })
    }

    /// Takes shares, each in the place of one of the same validator that may be there. One that does not belong to its
    /// key set is left out and logged: whoever sends it has checked it.
    pub fn hold(&mut self, shares: Vec<HeldShare>) {
        for held in shares {
            let pubkey = held.key_set.public_key();
            match held.key_set.verify_share(&held.share) {
                Ok(()) => drop(self.shares.insert(pubkey, held)),
                Err(problem) => tracing::error!(%pubkey, %problem, "share not taken by the signer"),
            }
        }
    }

    /// What is held, without the secrets.
    pub fn custody(&self) -> Vec<Custody> {
        self.shares
            .iter()
            .map(|(pubkey, held)| Custody {
                pubkey: *pubkey,
                key_set: held.key_set.clone(),
                index: held.share.index(),
            })
            .collect()
    }

    /// Signs one exit.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was signed then, or what was signed was thrown away.
    pub fn sign(&self, order: &ReleaseOrder) -> Result<Partial, Refusal> {
        let pubkey = order.pubkey();
        let held = self.shares.get(&pubkey).ok_or(Refusal::NoShare(pubkey))?;
        if held.key_set.id() != order.key_set() {
            return Err(Refusal::OtherSplit(pubkey));
        }
        let root = order.signing_root();
        if !acceptable_roots(&self.forks, order.exit()).any(|acceptable| acceptable == root) {
            return Err(Refusal::WrongRoot { ordered: root, exit: order.exit() });
        }
        let partial = held.share.sign(root);
        let public_share = held.key_set.public_share(partial.index);
        if !verify_partial(&public_share, root, &partial.signature) {
            return Err(Refusal::SelfCheck(pubkey));
        }
        Ok(Partial { proposal: order.proposal(), index: partial.index, signature: partial.signature })
    }
}

/// Does what it is told until nobody can tell it any more or nobody wants results. Blocking.
pub fn run(
    mut signer: Signer,
    mut errands: mpsc::Receiver<Errand>,
    inbox: &mpsc::Sender<Arrival>,
    metrics: &Metrics,
) {
    while let Some(errand) = errands.blocking_recv() {
        let order = match errand {
            Errand::Sign(order) => order,
            Errand::Hold(shares) => {
                signer.hold(shares);
                continue;
            }
        };
        let started = Instant::now();
        let event = match signer.sign(&order) {
            Ok(partial) => Event::ExitSigned(partial),
            Err(refusal) => {
                tracing::error!(proposal = %order.proposal(), problem = %refusal, "exit not signed");
                Event::SigningFailed { proposal: order.proposal(), problem: refusal.to_string() }
            }
        };
        metrics.sign.record(started.elapsed());
        if inbox.blocking_send(event.into()).is_err() {
            return;
        }
    }
}

/// Every signing root under which some state of this chain, at the exit's epoch or later, accepts this exit: one under
/// EIP-7044 alone, a few where forks before Deneb are still ahead. The signer needs no clock for it.
fn acceptable_roots(forks: &ForkSchedule, exit: VoluntaryExit) -> impl Iterator<Item = Root> {
    std::iter::once(exit.epoch)
        .chain(forks.forks().iter().map(|fork| fork.epoch).filter(move |epoch| *epoch > exit.epoch))
        .map(move |current: Epoch| exit.signing_root(forks, current))
}

#[cfg(test)]
mod tests;
