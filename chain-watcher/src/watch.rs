//! The task that watches: one look each slot, and sooner when a node calls out.

use crate::events::{self, Hint};
use crate::lookout::{Lookout, Stopped};
use crate::nodes::BeaconNodes;
use crate::observation::Observation;
use crate::slot_clock::{SlotClock, SlotTicker, unix_now};
use crate::submission::Poster;
use crypto::spec::BlsPubkey;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Observations waiting to be taken. When full, the watch waits: nothing is dropped.
const OBSERVATIONS: usize = 64;
/// Hints waiting. When full, the event streams wait.
const HINTS: usize = 64;
/// Shortest silence after which an event stream is opened anew.
const MIN_SILENCE: Duration = Duration::from_secs(60);

/// Watches the chain for `watched` (at most 65,536 keys are), which may change at any time.
///
/// Spawns onto the current Tokio runtime. Stops when the receiver is dropped; a dropped `watched` sender leaves the
/// last list in force.
///
/// # Panics
/// Outside a Tokio runtime, as [`tokio::spawn`] does.
pub fn watch(
    nodes: BeaconNodes,
    watched: watch::Receiver<Vec<BlsPubkey>>,
) -> (Poster, mpsc::Receiver<Observation>) {
    let poster = Poster::new(nodes.endpoints());
    let (out, observations) = mpsc::channel(OBSERVATIONS);
    tokio::spawn(async move {
        let closed = out.clone();
        tokio::select! {
            () = closed.closed() => {}
            Stopped = run(nodes, watched, out) => {}
        }
        tracing::debug!("chain watch stopped");
    });
    (poster, observations)
}

async fn run(
    nodes: BeaconNodes,
    mut watched: watch::Receiver<Vec<BlsPubkey>>,
    out: mpsc::Sender<Observation>,
) -> Stopped {
    let clock = SlotClock::of(nodes.chain());
    let epoch = clock
        .slot_duration()
        .saturating_mul(u32::try_from(nodes.chain().slots_per_epoch.get()).unwrap_or(u32::MAX));
    let (hints, mut heard) = mpsc::channel(HINTS);
    // Dropped, and with it every listener ended, when this returns.
    let mut listeners = JoinSet::new();
    for (position, endpoint) in nodes.endpoints().into_iter().enumerate() {
        tracing::info!(node = endpoint.name(), address = endpoint.address(), "watching through beacon node");
        listeners.spawn(events::listen(endpoint, position, epoch.max(MIN_SILENCE), hints.clone()));
    }
    let mut ticker = SlotTicker::new(clock);
    let mut lookout = Lookout::new(nodes, out);
    lookout.watch(watched.borrow_and_update().clone());
    let mut watched_changes = true;
    loop {
        let result = tokio::select! {
            slot = ticker.next() => lookout.look(slot).await,
            changed = watched.changed(), if watched_changes => {
                match changed {
                    Ok(()) => lookout.watch(watched.borrow_and_update().clone()),
                    Err(_) => watched_changes = false,
                }
                Ok(())
            }
            Some((position, hint)) = heard.recv() => on_hint(&mut lookout, &mut heard, clock, position, hint).await,
        };
        if let Err(stopped) = result {
            return stopped;
        }
    }
}

/// Takes all hints that wait, then looks once if any is worth it.
async fn on_hint(
    lookout: &mut Lookout,
    heard: &mut mpsc::Receiver<(usize, Hint)>,
    clock: SlotClock,
    position: usize,
    hint: Hint,
) -> Result<(), Stopped> {
    let mut worth = lookout.hear(position, hint).await?;
    for _ in 0..HINTS {
        let Ok((position, hint)) = heard.try_recv() else { break };
        worth |= lookout.hear(position, hint).await?;
    }
    match clock.slot_at(unix_now()) {
        Some(slot) if worth => lookout.look(slot).await,
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
