//! Slots from wall-clock time: `slot = (now - genesis) / seconds_per_slot`.
//!
//! [`SlotClock`] is arithmetic on a time it is given; [`SlotTicker`] is the thin part that looks at a clock and waits.

use crypto::spec::{ChainSpec, Slot};
use std::num::NonZeroU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Turns Unix times into slots and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotClock {
    genesis_time: u64,
    seconds_per_slot: NonZeroU64,
}

impl SlotClock {
    /// A clock for a chain with this genesis (seconds since the Unix epoch) and slot length (seconds).
    pub fn new(genesis_time: u64, seconds_per_slot: NonZeroU64) -> Self {
        Self { genesis_time, seconds_per_slot }
    }

    /// The clock of `chain`.
    pub fn of(chain: &ChainSpec) -> Self {
        Self::new(chain.genesis_time, chain.seconds_per_slot)
    }

    /// The slot at `now` (time since the Unix epoch), or `None` before genesis.
    pub fn slot_at(&self, now: Duration) -> Option<Slot> {
        let since = now.as_secs().checked_sub(self.genesis_time)?;
        Some(Slot(since / self.seconds_per_slot.get()))
    }

    /// When `slot` begins, since the Unix epoch; saturating.
    pub fn start_of(&self, slot: Slot) -> Duration {
        Duration::from_secs(
            slot.0.saturating_mul(self.seconds_per_slot.get()).saturating_add(self.genesis_time),
        )
    }

    /// How long from `now` until the next slot begins. Never zero.
    pub fn until_next(&self, now: Duration) -> Duration {
        let next = match self.slot_at(now) {
            Some(slot) => slot.saturating_add(1),
            None => Slot(0),
        };
        self.start_of(next).saturating_sub(now)
    }

    /// The length of one slot.
    pub fn slot_duration(&self) -> Duration {
        Duration::from_secs(self.seconds_per_slot.get())
    }
}

/// Time since the Unix epoch by the machine's clock; zero when that is set before 1970.
pub fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Waits for slots. Slots that pass while nobody waits are skipped, none is reported twice.
pub struct SlotTicker {
    clock: SlotClock,
    now: Box<dyn Fn() -> Duration + Send + Sync>,
    last: Option<Slot>,
}

impl SlotTicker {
    /// Ticks by the machine's clock.
    pub fn new(clock: SlotClock) -> Self {
        Self::with_time(clock, Box::new(unix_now))
    }

    /// Ticks by the Unix time that `now` tells.
    pub fn with_time(clock: SlotClock, now: Box<dyn Fn() -> Duration + Send + Sync>) -> Self {
        Self { clock, now, last: None }
    }

    /// The current slot if it was not reported yet, else the next one when it begins. Cancel-safe.
    pub async fn next(&mut self) -> Slot {
        loop {
            let now = (self.now)();
            if let Some(slot) = self.clock.slot_at(now)
                && self.last.is_none_or(|last| slot > last)
            {
                self.last = Some(slot);
                return slot;
            }
            // The machine's clock may be set back or forward while we sleep, so look at least once a minute.
            tokio::time::sleep(self.clock.until_next(now).min(Duration::from_secs(60))).await;
        }
    }
}

#[cfg(test)]
mod tests;
