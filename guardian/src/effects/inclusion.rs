//! The search for exits in blocks, a few at a time.
//!
//! No archive of blocks is asked yet: every search ends as if none of the blocks had the exit.

use crate::node::Arrival;
use crypto::exit::VoluntaryExit;
use crypto::spec::Slot;
use guardian_core::Event;
use guardian_core::proposal::ProposalId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Searches at the same time. Each takes as long as a node takes to give 64 blocks.
const MAX_SEARCHES: usize = 4;

/// One exit to find.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) proposal: ProposalId,
    pub(super) exit: VoluntaryExit,
    pub(super) from: Slot,
    pub(super) to: Slot,
}

/// Works until nobody can give orders any more or nobody wants results.
pub(super) async fn run(mut orders: mpsc::Receiver<Search>, inbox: mpsc::Sender<Arrival>) {
    // Dropped, and with it every search under way, when this returns.
    let mut searches = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv(), if searches.len() < MAX_SEARCHES => {
                let Some(search) = order else { return };
                searches.spawn(find(search));
            }
            Some(found) = searches.join_next() => {
                let Ok(event) = found else { continue };
                if inbox.send(Arrival::from(event)).await.is_err() {
                    return;
                }
            }
            () = inbox.closed() => return,
        }
    }
}

/// STUB until the chain watcher can read blocks: finds nothing.
async fn find(search: Search) -> Event {
    let Search { proposal, exit, from, to } = search;
    tracing::debug!(%proposal, validator = %exit.validator_index, %from, %to, "blocks are not searched yet");
    Event::InclusionFound { proposal, slot: None }
}
