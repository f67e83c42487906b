//! The task that watches the contracts: one look each poll, and at the head when somebody new is asked about.

use super::endpoints::ExecutionNodes;
use super::observation::{ExecutionObservation, Resume};
use super::watcher::{Next, Stopped, Watcher};
use crypto::execution::Address;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

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
    tokio::spawn(async move {
        let closed = out.clone();
        tokio::select! {
            () = closed.closed() => {}
            Stopped = run(nodes, resume, at_head, out) => {}
        }
        tracing::debug!("contract watch stopped");
    });
    observations
}

async fn run(
    nodes: ExecutionNodes,
    resume: Resume,
    mut at_head: watch::Receiver<Vec<Address>>,
    out: mpsc::Sender<ExecutionObservation>,
) -> Stopped {
    for node in &nodes.nodes {
        tracing::info!(
            node = node.name(),
            address = node.endpoint.address(),
            "watching contracts through execution node"
        );
    }
    let mut ticker = interval(nodes.poll);
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watcher = Watcher::new(nodes, resume, out);
    watcher.watch(at_head.borrow_and_update().clone());
    let mut changes = true;
    let mut next = Next::Wait;
    loop {
        let result = tokio::select! {
            biased;
            changed = at_head.changed(), if changes => {
                match changed {
                    Ok(()) => {
                        watcher.watch(at_head.borrow_and_update().clone());
                        watcher.look_at_head().await
                    }
                    Err(_) => {
                        changes = false;
                        Ok(())
                    }
                }
            }
            () = std::future::ready(()), if next == Next::Continue => {
                watcher.look().await.map(|told| next = told)
            }
            _ = ticker.tick() => watcher.look().await.map(|told| next = told),
        };
        if let Err(stopped) = result {
            return stopped;
        }
    }
}

#[cfg(test)]
mod tests;
