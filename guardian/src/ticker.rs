//! The slot ticker: turns the system clock into `Event::SlotStarted`, the core's only notion of time.
//!
//! [`SlotTicker`] names every slot at most once and in ascending order: a clock set back is waited out, slots that
//! passed while the node was busy or the machine slept are skipped, and before genesis it waits.

use crate::node::Arrival;
use chain_watcher::{SlotClock, SlotTicker};
use guardian_core::Event;
use tokio::sync::mpsc;

/// Reports slots into the inbox until the inbox is closed.
pub async fn run(clock: SlotClock, inbox: mpsc::Sender<Arrival>) {
    let mut ticker = SlotTicker::new(clock);
    loop {
        // The place in the inbox comes first: a slot is named when it can be delivered, never before.
        let Ok(place) = inbox.reserve().await else { return };
        tokio::select! {
            slot = ticker.next() => place.send(Event::SlotStarted(slot).into()),
            () = inbox.closed() => return,
        }
    }
}

#[cfg(test)]
mod tests;
