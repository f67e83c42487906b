//! Validator tickets: what a validator uses up, what the contracts burn for it, how long an operator's tickets last.
//!
//! Pure arithmetic in wei of ticket, exact to the wei; absurd amounts saturate, no call takes longer the further the
//! epochs lie apart.
//!
//! | module | holds |
//! |---|---|
//! | [`Account`] | one operator at any epoch: present tickets, shortfall, runway, worst-case settlement |
//! | [`TicketLedger`] | every operator's tickets as events and contract state tell of them, and where the two disagree |
//!
//! Source: `PufferProtocol._getVTBurnAmount` and `batchHandleWithdrawals`, profile `v1`. The figures in the tests were
//! burned by those contracts.
//!
//! # Design decisions
//! - A validator uses tickets from the epoch of its activation up to, not including, its exit epoch. Registration and
//!   provisioning alone use none.
//! - The balance belongs to the operator, so validators use it up together, and leave together.

mod account;
mod ledger;
mod stretch;

pub use account::{Account, Balance, Duty, Runway, Settlement};
pub use ledger::{CALM, Operator, TicketLedger, Unexplained, epoch_at};

use crypto::execution::Tickets;
use crypto::spec::Epoch;

/// What one validator uses up in one epoch: 384 of 86,400 seconds of a ticket, rounded up to the wei.
pub const RATE: Tickets = Tickets(4_444_444_444_444_445);

/// Tickets per validator below which an operator should be told to top up.
pub const WARNING: Tickets = Tickets(8 * Tickets::ONE.0);

/// What one validator uses up in `epochs`. Exact for every number of epochs.
pub fn consumption(epochs: u64) -> Tickets {
    RATE.saturating_mul(epochs)
}

/// Why the contracts would revert the settlement of a validator, and with it the whole batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The validator used more than its operator has.
    Overdrawn {
        /// What it used.
        used: Tickets,
        /// What there is.
        balance: Tickets,
    },
    /// It would end before it started.
    EndsBeforeStart,
}

/// What the contracts burn from `balance` for a validator that was on duty from `start` until `end`: what it used, or
/// at least `minimum`, which alone is capped by the balance.
///
/// # Errors
/// [`Refusal`] where the contracts revert.
pub fn burn(start: Epoch, end: Epoch, balance: Tickets, minimum: Tickets) -> Result<Tickets, Refusal> {
    let used = consumption(end.0.checked_sub(start.0).ok_or(Refusal::EndsBeforeStart)?);
    if minimum > used {
        Ok(minimum.min(balance))
    } else if used > balance {
        Err(Refusal::Overdrawn { used, balance })
    } else {
        Ok(used)
    }
}

#[cfg(test)]
mod tests;
