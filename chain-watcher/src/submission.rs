//! Posting exits: to every node at once, each answer understood by its meaning.
//!
//! Clients word the same refusal differently and with different statuses (one answers 500 where others say 400),
//! so the text decides. A node that already has the exit, or whose chain has it, has done what was asked.

use crate::endpoint::{Endpoint, capped};
use crate::error::Error;
use crate::observation::PostOutcome;
use crypto::exit::SignedVoluntaryExit;
use futures::future::join_all;

const PATH: &str = "eth/v1/beacon/pool/voluntary_exits";

/// What a refusal says, in letters and digits only, when the exit is in the pool or the validator is already leaving.
const ALREADY: [&str; 11] = [
    "alreadyexist",     // VOLUNTARY_EXIT_ERROR_ALREADY_EXISTS
    "alreadyexit",      // "validator has already exited", "is already exiting"
    "alreadyinitiated", // AlreadyInitiatedExit
    "initiatedexitalready",
    "exitalready", // "exit already seen", "exit already initiated"
    "alreadyknown",
    "alreadysubmitted", // "has already submitted an exit"
    "alreadyseen",
    "alreadyinpool",
    "priorvoluntaryexitknown",
    "publisherrorduplicate", // PublishError.Duplicate: into the pool, but gossiped before
];

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
    /// gossip. Answers name and outcome per node, in configured order, within the request timeout.
    pub async fn post_exit(&self, exit: &SignedVoluntaryExit) -> Vec<(String, PostOutcome)> {
        join_all(
            self.nodes
                .iter()
                .map(async |node| (node.name().to_owned(), outcome(node.submit(PATH, exit).await))),
        )
        .await
    }
}

fn outcome(result: Result<(), Error>) -> PostOutcome {
    match result {
        Ok(()) => PostOutcome::Accepted,
        Err(Error::Refused { status, text, .. }) => {
            if is_already_known(&text) {
                return PostOutcome::AlreadyKnown;
            }
            PostOutcome::Rejected(if text.is_empty() { format!("HTTP status {status}") } else { text })
        }
        Err(Error::Unreachable { problem, .. }) => PostOutcome::Unreachable(problem),
        Err(other) => PostOutcome::Unreachable(capped(&other.to_string())),
    }
}

fn is_already_known(text: &str) -> bool {
    let plain: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    ALREADY.iter().any(|words| plain.contains(words))
}

#[cfg(test)]
mod tests;
