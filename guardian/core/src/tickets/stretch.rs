//! `Stretch`: consecutive epochs in which the same number of validators is on duty, so that tickets fall in a straight
//! line and no epoch needs to be looked at by itself.

use super::account::Duty;
use super::{RATE, Tickets};
use crypto::spec::Epoch;

/// Epochs from `first` up to the next stretch, or without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) first: Epoch,
    /// Validators on duty.
    pub(super) active: u64,
    /// What all validators together had used before `first`.
    used: Tickets,
}

impl Stretch {
    /// All of time as these duties divide it: ascending, beginning at epoch 0, at most two for each duty and one more.
    pub(super) fn all(duties: &[Duty]) -> Vec<Self> {
        let served = || duties.iter().filter(|duty| duty.is_ever_active());
        let begins = served().map(|duty| (duty.activation, true));
        let ends = served().filter(|duty| !duty.is_open()).map(|duty| (duty.exit, false));
        let mut turns: Vec<_> = begins.chain(ends).collect();
        turns.sort_unstable();
        let mut stretches = vec![];
        let mut now = Self { first: Epoch(0), active: 0, used: Tickets(0) };
        for (epoch, begins) in turns {
            if epoch > now.first {
                stretches.push(now);
                now = Self { first: epoch, used: now.used_at(epoch), ..now };
            }
            now.active = if begins { now.active.saturating_add(1) } else { now.active.saturating_sub(1) };
        }
        stretches.push(now);
        stretches
    }

    /// What had been used when `epoch` of this stretch began.
    pub(super) fn used_at(&self, epoch: Epoch) -> Tickets {
        let epochs = epoch.0.saturating_sub(self.first.0);
        self.used.saturating_add(self.rate().saturating_mul(epochs))
    }

    /// What is used in one epoch.
    fn rate(&self) -> Tickets {
        RATE.saturating_mul(self.active)
    }

    /// The first epoch, if the stretch lasted without end, at which `tickets` less what was used is below `floor` for
    /// each validator on duty; from then on it is below in every epoch of the stretch.
    pub(super) fn below_from(&self, tickets: Tickets, floor: Tickets) -> Option<Epoch> {
        let needed = self.used.saturating_add(floor.saturating_mul(self.active));
        if self.active == 0 {
            return None;
        }
        let Some(spare) = tickets.0.checked_sub(needed.0) else { return Some(self.first) };
        // Below once `rate * epochs > spare`.
        let epochs = spare.checked_div(self.rate().0)?.checked_add(1)?;
        self.first.0.checked_add(u64::try_from(epochs).ok()?).map(Epoch)
    }
}
