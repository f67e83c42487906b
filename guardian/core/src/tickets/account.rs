//! `Account`: one operator's tickets at any epoch.

use super::stretch::Stretch;
use super::{Tickets, WARNING, consumption};
use crypto::spec::{Epoch, FAR_FUTURE_EPOCH};
use serde::{Deserialize, Serialize};

/// Tickets past this are taken for this many: sums of what was used saturate later, so they always count as more.
const MOST: Tickets = Tickets(i128::MAX as u128);

/// A provisioned validator that is not settled yet, as the beacon state has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// `activation_epoch`; [`FAR_FUTURE_EPOCH`] while there is none.
    pub activation: Epoch,
    /// `exit_epoch`, the first epoch it is off duty; [`FAR_FUTURE_EPOCH`] while there is none.
    pub exit: Epoch,
}

impl Duty {
    /// Whether it uses tickets in any epoch at all.
    pub(super) fn is_ever_active(&self) -> bool {
        self.activation < self.exit
    }

    /// Whether no end is set.
    pub(super) fn is_open(&self) -> bool {
        self.exit == FAR_FUTURE_EPOCH
    }

    /// Epochs it was on duty before `at`.
    fn served(&self, at: Epoch) -> u64 {
        if self.activation == FAR_FUTURE_EPOCH {
            return 0;
        }
        at.min(self.exit).0.saturating_sub(self.activation.0)
    }
}

/// One operator: its tickets and the validators that use them.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// On deposit, `getNodeInfo(..).vtBalance`.
    pub tickets: Tickets,
    /// Its provisioned, unsettled validators, in any order.
    pub duties: &'a [Duty],
    /// First epoch after the last downward move of `tickets`: no shortfall is said to be older.
    pub since: Epoch,
}

/// Tickets less what was used, in wei; below zero when more was used than there is. Stops at the ends of `i128`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Balance(pub i128);

impl Balance {
    fn of(tickets: Tickets, used: Tickets) -> Self {
        let signed = |wei: u128| i128::try_from(wei).unwrap_or(i128::MAX);
        match tickets.0.checked_sub(used.0) {
            Some(left) => Self(signed(left)),
            None => Self(-signed(used.0.saturating_sub(tickets.0))),
        }
    }

    /// What is left, zero when overdrawn.
    pub fn tickets(self) -> Tickets {
        Tickets(u128::try_from(self.0).unwrap_or(0))
    }

    /// Whether more was used than there is: the contracts refuse to settle it.
    pub fn is_overdrawn(self) -> bool {
        self.0 < 0
    }
}

/// What the contracts would do if every validator on duty exited at one epoch and all were settled at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// Tickets burned.
    pub burned: Tickets,
    /// Tickets left.
    pub left: Tickets,
    /// Validators whose settlement the contracts would refuse, because they used more than is left.
    pub refused: u64,
}

/// Epochs until an operator's tickets per validator on duty fall below a mark, by the activations and exits known
/// now: 0 when they are below already, None when they never will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Runway {
    /// Until below [`WARNING`].
    pub warning: Option<u64>,
    /// Until below the floor of the policy: ejection.
    pub floor: Option<u64>,
    /// Until below zero: the contracts could no longer settle.
    pub empty: Option<u64>,
    /// Until an exit must have begun to be over before `empty`.
    pub exit_by: Option<u64>,
}

impl Account<'_> {
    /// What is left at the start of epoch `at` after what all validators used until then.
    pub fn present(&self, at: Epoch) -> Balance {
        let used =
            self.duties.iter().fold(Tickets(0), |sum, duty| sum.saturating_add(consumption(duty.served(at))));
        Balance::of(self.tickets, used)
    }

    /// Validators on duty in epoch `at`.
    pub fn active(&self, at: Epoch) -> u64 {
        let on_duty = |duty: &&Duty| duty.activation <= at && at < duty.exit;
        u64::try_from(self.duties.iter().filter(on_duty).count()).unwrap_or(u64::MAX)
    }

    /// Whether there are validators on duty in epoch `at` and fewer than `floor` tickets for each.
    pub fn is_below(&self, floor: Tickets, at: Epoch) -> bool {
        let stretches = Stretch::all(self.duties);
        let stretch = stretches.iter().rev().find(|stretch| stretch.first <= at);
        stretch.and_then(|stretch| stretch.below_from(self.bounded(), floor)).is_some_and(|from| from <= at)
    }

    /// The first epoch of the shortfall that epoch `at` lies in: from there through `at` there was no epoch without
    /// one, and none of it lies before `since`. None when there is no shortfall at `at`.
    ///
    /// It depends on the account alone: guardians with the same account name the same epoch, at whatever later epoch
    /// of the same shortfall they ask.
    pub fn below_since(&self, floor: Tickets, at: Epoch) -> Option<Epoch> {
        let stretches = Stretch::all(self.duties);
        let mut last = at;
        let mut began = None;
        for stretch in stretches.iter().rev().skip_while(|stretch| stretch.first > at) {
            let Some(from) = stretch.below_from(self.bounded(), floor).filter(|from| *from <= last) else {
                break;
            };
            began = Some(from);
            if from > stretch.first {
                break;
            }
            last = stretch.first.saturating_sub(1);
        }
        began.map(|began| began.max(self.since)).filter(|began| *began <= at)
    }

    /// Epochs from `at` until there are fewer than `floor` tickets for each validator on duty; 0 when there are now,
    /// None when that never happens by the activations and exits known now.
    pub fn epochs_until_below(&self, floor: Tickets, at: Epoch) -> Option<u64> {
        let stretches = Stretch::all(self.duties);
        let nexts = stretches.iter().skip(1).map(|next| next.first).chain([FAR_FUTURE_EPOCH]);
        stretches
            .iter()
            .zip(nexts)
            .filter(|(_, next)| *next > at)
            .filter_map(|(stretch, next)| {
                let from = stretch.below_from(self.bounded(), floor)?.max(at);
                (from < next).then(|| from.0.saturating_sub(at.0))
            })
            .next()
    }

    /// How long the tickets last from `at` on, with the policy's `floor`; an exit takes `exit_queue` epochs.
    pub fn runway(&self, at: Epoch, floor: Tickets, exit_queue: u64) -> Runway {
        let empty = self.epochs_until_below(Tickets(0), at);
        Runway {
            warning: self.epochs_until_below(WARNING, at),
            floor: self.epochs_until_below(floor, at),
            empty,
            exit_by: empty.map(|epochs| epochs.saturating_sub(exit_queue)),
        }
    }

    /// What would be burned if every validator that has begun its duty ended it at `at` or at its earlier exit, with
    /// `minimum` for each young one, one after the other from the one balance.
    ///
    /// Those that served longest go first: if nothing is refused in any order, nothing is in this one.
    pub fn settlement(&self, at: Epoch, minimum: Tickets) -> Settlement {
        let begun = self.duties.iter().filter(|duty| duty.activation <= at && duty.is_ever_active());
        let mut served: Vec<_> = begun.map(|duty| duty.served(at)).collect();
        served.sort_unstable_by(|one, other| other.cmp(one));
        let mut settlement = Settlement { burned: Tickets(0), left: self.tickets, refused: 0 };
        for epochs in served {
            match super::burn(Epoch(0), Epoch(epochs), settlement.left, minimum) {
                Ok(burned) => {
                    settlement.burned = settlement.burned.saturating_add(burned);
                    settlement.left = settlement.left.saturating_sub(burned);
                }
                Err(_) => settlement.refused = settlement.refused.saturating_add(1),
            }
        }
        settlement
    }

    fn bounded(&self) -> Tickets {
        self.tickets.min(MOST)
    }
}

#[cfg(test)]
mod tests;
