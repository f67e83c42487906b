//! The quill: signs with our share of the network's own key. Nonces are drawn for one attempt, kept in memory only, and
//! consumed by signing; whatever becomes of the attempt, they are never used again.

use crate::node::Arrival;
use crate::shares::Keyring;
use crypto::group_key::{Nonces, commit, sign};
use guardian_core::Event;
use guardian_core::command::GroupOrder;
use guardian_core::signing::MatterId;
use std::collections::VecDeque;
use tokio::sync::mpsc;
use tracing::{debug, warn};

/// Most attempts whose nonces are kept; the oldest are dropped, and with them their use.
const MAX_KEPT: usize = 64;

/// What the quill is told.
pub enum Order {
    /// Draw nonces for an attempt.
    Commit {
        /// For what.
        matter: MatterId,
        /// Which attempt.
        attempt: u32,
    },
    /// Sign with them.
    Sign(GroupOrder),
}

/// Does what it is told until nobody can tell it any more. Blocking.
pub(crate) fn run(
    keyring: Option<Keyring>,
    mut orders: mpsc::Receiver<Order>,
    inbox: &mpsc::Sender<Arrival>,
) {
    let mut kept: VecDeque<(MatterId, u32, Nonces)> = VecDeque::new();
    while let Some(order) = orders.blocking_recv() {
        // Opened each time: it may come, and be renewed, while we run.
        let held = match keyring.as_ref().map(Keyring::group_share) {
            Some(Ok(Some(held))) => held,
            Some(Ok(None)) | None => continue,
            Some(Err(problem)) => {
                warn!(%problem, "the share of the network's own key does not open");
                continue;
            }
        };
        let (key_set, share) = held;
        let event = match order {
            Order::Commit { matter, attempt } => {
                if kept.iter().any(|(of, number, _)| (*of, *number) == (matter, attempt)) {
                    continue;
                }
                // Those of earlier attempts will never be asked for again.
                kept.retain(|(of, _, _)| *of != matter);
                let (nonces, commitments) = commit(&share, &mut rand::rng());
                kept.push_back((matter, attempt, nonces));
                while kept.len() > MAX_KEPT {
                    kept.pop_front();
                }
                Event::NoncesCommitted { matter, attempt, commitments }
            }
            Order::Sign(order) => {
                let (matter, attempt) = (order.matter(), order.attempt());
                // Taken out before they are used: there is no second time.
                let place = kept.iter().position(|(of, number, _)| (*of, *number) == (matter, attempt));
                let Some((_, _, nonces)) = place.and_then(|place| kept.remove(place)) else {
                    debug!(%matter, attempt, "no nonces for this attempt; the next has new ones");
                    continue;
                };
                match sign(&share, &key_set, nonces, order.package()) {
                    Ok(share) => Event::GroupSigned { matter, attempt, share },
                    Err(refusal) => {
                        warn!(%matter, attempt, code = refusal.code(), "not signed with the network's own key");
                        continue;
                    }
                }
            }
        };
        if inbox.blocking_send(event.into()).is_err() {
            return;
        }
    }
}
