//! The slot ticker: turns the system clock into `Event::SlotStarted`, the core's only notion of time.
//!
//! A slot is reported at most once and in ascending order, whatever the system clock does: a clock set back is waited
//! out, a clock set forward (or a machine that slept) skips to the slot that is now. Before genesis nothing is reported.

use crypto::spec::{ChainSpec, Slot};
use guardian_core::Event;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// Longest single wait. A wait is cut into pieces of this length so that a clock that is corrected meanwhile is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// Shortest wait, so that rounding cannot make the ticker spin just before a boundary.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Genesis time and slot length of one chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotClock {
    genesis: Duration,
    slot: Duration,
}

/// What the ticker does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// This slot has begun and was not reported yet.
    Started(Slot),
    /// Nothing new; look at the clock again after this time.
    Wait(Duration),
}

impl SlotClock {
    /// The clock of a chain.
    pub fn new(chain: &ChainSpec) -> Self {
        Self {
            genesis: Duration::from_secs(chain.genesis_time),
            slot: Duration::from_secs(chain.seconds_per_slot.get()),
        }
    }

    /// Length of a slot.
    pub fn slot_duration(&self) -> Duration {
        self.slot
    }

    /// The slot at `now` (time since the Unix epoch), or `None` before genesis.
    pub fn slot_at(&self, now: Duration) -> Option<Slot> {
        let since = now.checked_sub(self.genesis)?;
        // Slots are whole, non-zero seconds long (`ChainSpec`), so whole seconds decide.
        Some(Slot(since.as_secs() / self.slot.as_secs().max(1)))
    }

    /// When a slot begins, since the Unix epoch, saturating.
    fn start_of(&self, slot: Slot) -> Duration {
        self.genesis.saturating_add(Duration::from_secs(self.slot.as_secs().saturating_mul(slot.0)))
    }

    /// What to do at `now` when `last` is the newest slot that was reported.
    pub fn tick(&self, now: Duration, last: Option<Slot>) -> Tick {
        let next = match (self.slot_at(now), last) {
            (Some(slot), None) => return Tick::Started(slot),
            (Some(slot), Some(last)) if slot > last => return Tick::Started(slot),
            (_, Some(last)) => last.saturating_add(1),
            (None, None) => Slot(0),
        };
        Tick::Wait(self.start_of(next).saturating_sub(now).clamp(SHORTEST_WAIT, LONGEST_WAIT))
    }
}

/// The system clock, since the Unix epoch; a clock set before 1970 reads as 1970.
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Reports slots into the inbox until the inbox is closed.
///
/// When the node is too slow to take every slot, the slots that passed while it was busy are skipped.
pub async fn run(clock: SlotClock, inbox: mpsc::Sender<Event>) {
    let mut last = None;
    while !inbox.is_closed() {
        // The permit comes first: a slot is named when it can be delivered, never before.
        match clock.tick(now(), last) {
            Tick::Wait(wait) => tokio::time::sleep(wait).await,
            Tick::Started(_) => {
                let Ok(permit) = inbox.reserve().await else { return };
                if let Tick::Started(slot) = clock.tick(now(), last) {
                    last = Some(slot);
                    permit.send(Event::SlotStarted(slot));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
