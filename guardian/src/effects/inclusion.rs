//! The search for exits in blocks, a few at a time. One that fails ends as if none of the blocks had the exit: the core
//! asks again.

use crate::node::Arrival;
use chain_watcher::Archive;
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
pub(super) async fn run(archive: Archive, mut orders: mpsc::Receiver<Search>, inbox: mpsc::Sender<Arrival>) {
    // Dropped, and with it every search under way, when this returns.
    let mut searches = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv(), if searches.len() < MAX_SEARCHES => {
                let Some(search) = order else { return };
                searches.spawn(find(archive.clone(), search));
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

async fn find(archive: Archive, search: Search) -> Event {
    let Search { proposal, exit, from, to } = search;
    let slot = match archive.find_exit(exit.validator_index, exit.epoch, from, to).await {
        // Whichever exit message of the validator it is, that block made it leave.
        Ok(found) => found.map(|inclusion| inclusion.slot),
        Err(problem) => {
            tracing::debug!(%proposal, validator = %exit.validator_index, %from, %to, %problem, "blocks not searched");
            None
        }
    };
    Event::InclusionFound { proposal, slot }
}
