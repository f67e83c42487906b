//! The submitter: posts combined exits to the beacon nodes, a few at a time.

use crate::metrics::Metrics;
use crate::node::Arrival;
use crate::observe;
use chain_watcher::Poster;
use crypto::exit::SignedVoluntaryExit;
use guardian_core::Event;
use guardian_core::proposal::ProposalId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Exits posted at the same time. Each takes as long as the slowest node, at most its request timeout.
const MAX_POSTS: usize = 16;

/// One exit to post.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) proposal: ProposalId,
    pub(super) exit: SignedVoluntaryExit,
}

/// Works until nobody can give orders any more or nobody wants results.
pub(super) async fn run(
    poster: Poster,
    mut submissions: mpsc::Receiver<Submission>,
    inbox: mpsc::Sender<Arrival>,
    metrics: Metrics,
) {
    // Dropped, and with it every post under way, when this returns.
    let mut posts = JoinSet::new();
    loop {
        tokio::select! {
            submission = submissions.recv(), if posts.len() < MAX_POSTS => {
                let Some(Submission { proposal, exit }) = submission else { return };
                let poster = poster.clone();
                posts.spawn(async move {
                    let outcomes = poster.post_exit(&exit).await;
                    let outcomes = outcomes.into_iter().map(|(node, outcome)| (node, observe::outcome(outcome)));
                    Event::ExitSubmitted { proposal, outcomes: outcomes.collect() }
                });
            }
            Some(posted) = posts.join_next() => {
                let Ok(event) = posted else { continue };
                if let Event::ExitSubmitted { outcomes, .. } = &event {
                    outcomes.iter().for_each(|(_, outcome)| metrics.submitted(outcome));
                }
                if inbox.send(event.into()).await.is_err() {
                    return;
                }
            }
            () = inbox.closed() => return,
        }
    }
}
