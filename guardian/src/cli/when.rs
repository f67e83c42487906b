//! Slots and epochs with what they mean on a clock.

use super::runway::wall_time;
use chain_watcher::SlotClock;
use chain_watcher::slot_clock::unix_now;
use crypto::spec::{ChainSpec, Epoch, Slot};

/// The chain's time, as it is now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    now: Slot,
    seconds_per_slot: u64,
    slots_per_epoch: u64,
}

impl Times {
    pub(super) fn new(chain: &ChainSpec, now: Slot) -> Self {
        let (seconds_per_slot, slots_per_epoch) = (chain.seconds_per_slot.get(), chain.slots_per_epoch.get());
        Self { now, seconds_per_slot, slots_per_epoch }
    }

    /// The time of a chain by this machine's clock.
    pub(super) fn of(chain: &ChainSpec) -> Self {
        Self::new(chain, SlotClock::of(chain).slot_at(unix_now()).unwrap_or(Slot(0)))
    }

    /// The slot of now.
    pub(super) fn now(&self) -> Slot {
        self.now
    }

    /// Such as `slot 812 (in 2 h 3 min)`.
    pub(super) fn slot(&self, slot: Slot) -> String {
        format!("slot {slot} ({})", self.distance(slot))
    }

    /// Such as `epoch 25 (in 2 h 3 min)`.
    pub(super) fn epoch(&self, epoch: Epoch) -> String {
        let first = Slot(epoch.0.saturating_mul(self.slots_per_epoch));
        let is_present = self.now >= first && self.now < first.saturating_add(self.slots_per_epoch);
        format!("epoch {epoch} ({})", self.distance(if is_present { self.now } else { first }))
    }

    /// How far away a slot is.
    pub(super) fn distance(&self, slot: Slot) -> String {
        let time = |slots: u64| wall_time(slots.saturating_mul(self.seconds_per_slot));
        match (slot.0.checked_sub(self.now.0), self.now.0.checked_sub(slot.0)) {
            (Some(0), _) => "now".to_owned(),
            (Some(ahead), _) => format!("in {}", time(ahead)),
            (None, ago) => format!("{} ago", time(ago.unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_and_epochs_read_as_times() {
        let times = Times { now: Slot(100), seconds_per_slot: 12, slots_per_epoch: 32 };
        assert_eq!(times.slot(Slot(100)), "slot 100 (now)");
        assert_eq!(times.slot(Slot(715)), "slot 715 (in 2 h 3 min)");
        assert_eq!(times.slot(Slot(95)), "slot 95 (1 min 0 s ago)");
        assert_eq!(times.epoch(Epoch(4)), "epoch 4 (in 5 min 36 s)");
        assert_eq!(times.epoch(Epoch(3)), "epoch 3 (now)", "begun 4 slots ago, and not over");
    }
}
