//! One node operator: its tickets, how long they last, and when it should act.

use super::amount::Amount;
use super::exit::EpochView;
use super::schema;
use crate::snapshot::Snapshot;
use crypto::execution::{Address, Tickets};
use crypto::spec::Epoch;
use guardian_core::status::{OperatorStatus, Standing};
use guardian_core::tickets::{RATE, Runway};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Epochs of a day, as tickets count them: a ticket is one validator-day of 225 epochs of 384 seconds.
const TICKET_DAY: u64 = 225;

/// One node operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorView {
    /// Its account.
    #[schema(value_type = schema::Account)]
    pub operator: Address,
    /// Tickets on deposit, wei of ticket.
    pub deposited: Amount,
    /// What is left after what its validators have used, wei of ticket.
    pub present: Amount,
    /// What its validators use in a day, wei of ticket.
    pub daily: Amount,
    /// Whether they used more than it has.
    pub overdrawn: bool,
    /// Validators provisioned and not settled.
    pub active: u64,
    /// Validators registered and waiting.
    pub pending: u64,
    /// Validators of its that the feed lists.
    pub validators: u64,
    /// Of them, those in danger or due.
    pub endangered: u64,
    /// Where it stands with the `tickets` rule.
    #[schema(value_type = schema::Standing)]
    pub standing: Standing,
    /// First epoch of the present shortage.
    pub due: Option<EpochView>,
    /// The policy's floor for all its active validators together, wei of ticket.
    pub floor: Amount,
    /// How long its tickets last; null while it has no validator on duty or too little is seen.
    pub runway: Option<RunwayView>,
    /// Whether its account differs from what was logged; then nothing is concluded from it.
    pub unexplained: bool,
}

/// How long tickets last. Null where that never happens by the activations and exits known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunwayView {
    /// The finalized epoch all this counts from.
    pub from: EpochView,
    /// Below eight tickets a validator: time to top up.
    pub warning: Option<Deadline>,
    /// Below the policy's floor: until then its validators are safe from the rule.
    pub floor: Option<Deadline>,
    /// Until an exit must have begun to be over before the tickets are used up.
    pub exit_by: Option<Deadline>,
    /// Used up: the contracts could no longer settle.
    pub empty: Option<Deadline>,
}

/// When something happens if nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deadline {
    /// Epochs from `from` on; 0 when it has happened.
    pub epochs: u64,
    /// The epoch.
    #[schema(value_type = u64)]
    pub epoch: Epoch,
    /// When it begins, Unix seconds.
    pub at: u64,
}

impl RunwayView {
    pub(crate) fn of(snapshot: &Snapshot, runway: &Runway) -> Self {
        let from = snapshot.finalized_epoch();
        let deadline = |epochs: Option<u64>| {
            epochs.map(|epochs| {
                let epoch = from.saturating_add(epochs);
                Deadline { epochs, epoch, at: snapshot.calendar().epoch_at(epoch) }
            })
        };
        Self {
            from: EpochView::of(snapshot, from),
            warning: deadline(runway.warning),
            floor: deadline(runway.floor),
            exit_by: deadline(runway.exit_by),
            empty: deadline(runway.empty),
        }
    }
}

impl OperatorView {
    pub(crate) fn of(snapshot: &Snapshot, status: &OperatorStatus) -> Self {
        let rows = snapshot.rows_of(&status.operator);
        let endangered = rows.iter().filter(|row| snapshot.health(**row).is_endangered()).count();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let floor: Tickets = snapshot.definition().policy.tickets.floor;
        Self {
            operator: status.operator,
            deposited: status.deposited.into(),
            present: status.present.into(),
            daily: RATE.saturating_mul(TICKET_DAY).saturating_mul(status.active).into(),
            overdrawn: status.overdrawn,
            active: status.active,
            pending: status.pending,
            validators: count(rows.len()),
            endangered: count(endangered),
            standing: status.standing,
            due: status.due.map(|epoch| EpochView::of(snapshot, epoch)),
            floor: floor.saturating_mul(status.active).into(),
            runway: status.runway.as_ref().map(|runway| RunwayView::of(snapshot, runway)),
            unexplained: status.unexplained.is_some(),
        }
    }
}
