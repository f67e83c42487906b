//! Posting exits: to every node at once, each answer understood by its meaning.
//!
//! A node that already has the exit, or whose chain has it, has done what was asked. A node that did not take it for
//! its own sake is asked again by itself, while the answers of the others stand.

use crate::endpoint::{Endpoint, capped};
use crate::error::Error;
use crate::observation::PostOutcome;
use crate::refusal::{self, Blame};
use crypto::exit::SignedVoluntaryExit;
use futures::future::join_all;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const PATH: &str = "eth/v1/beacon/pool/voluntary_exits";
/// Times a node is asked again in one post.
const MORE_TRIES: usize = 2;

/// Posts exits. Cheap to clone; lives on when the watch has stopped.
#[derive(Clone)]
pub struct Poster {
    nodes: Vec<Endpoint>,
}

impl Poster {
    pub(crate) fn new(nodes: Vec<Endpoint>) -> Self {
        Self { nodes }
    }

    /// Offers `exit` to every configured node at once, healthy or not: a node that cannot tell us facts may still
    /// gossip. Answers name and last outcome per node, in configured order.
    ///
    /// A node to blame ([`Blame::Node`]) is offered it at most twice more, after a quarter and then half of the probe
    /// timeout, unless it has used up the request timeout by then: all answers are there within twice that.
    pub async fn post_exit(&self, exit: &SignedVoluntaryExit) -> Vec<(String, PostOutcome)> {
        join_all(self.nodes.iter().map(async |node| (node.name().to_owned(), offer(node, exit).await))).await
    }
}

async fn offer(node: &Endpoint, exit: &SignedVoluntaryExit) -> PostOutcome {
    let begun = Instant::now();
    let mut outcome = understood(node.submit(PATH, exit).await);
    for pause in pauses(node.probe_patience()) {
        if outcome.blame() != Some(Blame::Node) || begun.elapsed().saturating_add(pause) >= node.patience() {
            break;
        }
        tracing::debug!(node = node.name(), ?outcome, "exit not taken for the node's own sake: once more");
        sleep(pause).await;
        outcome = understood(node.submit(PATH, exit).await);
    }
    outcome
}

/// What to wait before each further try.
fn pauses(probe: Duration) -> [Duration; MORE_TRIES] {
    [probe / 4, probe / 2]
}

fn understood(result: Result<(), Error>) -> PostOutcome {
    match result {
        Ok(()) => PostOutcome::Accepted,
        Err(Error::Refused { status, text, .. }) => refusal::outcome(status, text),
        Err(Error::Unreachable { problem, .. }) => PostOutcome::Unreachable(problem),
        Err(other) => PostOutcome::Unreachable(capped(&other.to_string())),
    }
}

#[cfg(test)]
mod tests;
