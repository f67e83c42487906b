//! `/v1/puffer/..`: an operator's tickets in the shape of Puffer's public consumption endpoint, so that its tools work here.
//!
//! The body has that shape and nothing else; how old it is, is in the headers `feed-slot`, `feed-as-of` and `feed-stale`, as
//! with every answer.

use super::answer::{ItemRefusals, Refusal};
use super::ask::Ask;
use super::operators::find;
use crate::snapshot::Snapshot;
use crate::view::Amount;
use crate::view::schema;
use axum::extract::Path;
use axum::response::Response;
use crypto::validator::ValidatorStatus;
use guardian_core::registration::Life;
use guardian_core::status::Standing;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an operator's validators use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consumption {
    /// Tickets left after what was used, wei of ticket.
    pub vt_balance: Amount,
    /// Validators on duty or about to be.
    pub active_validators: u64,
    /// Validators that exited and are not settled yet.
    pub exited_but_not_finalized_validators: u64,
    /// Whether the policy makes its validators leave.
    pub should_eject: bool,
    /// Tickets used and not burned yet, wei of ticket.
    pub tickets_consumed: Amount,
    /// Whether it should top up.
    pub show_warning: bool,
}

/// A node operator's tickets in the shape of Puffer's consumption endpoint.
#[utoipa::path(
    get, path = "/v1/puffer/noop/consumption/calculate/{node}", tag = "operators",
    params(("node" = schema::Account, Path, description = "Its account", example = "0xb2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2")),
    responses((status = 200, description = "What its validators use", body = Consumption), ItemRefusals)
)]
pub(super) async fn consumption(ask: Ask, Path(node): Path<String>) -> Response {
    ask.bare(|snapshot| of(snapshot, &node))
}

fn of(snapshot: &Snapshot, node: &str) -> Result<Consumption, Refusal> {
    let operator = find(snapshot, node)?;
    let exited = snapshot.rows_of(&operator.operator).iter().filter(|row| {
        let is_unsettled = snapshot.registration(**row).is_some_and(|one| one.life == Life::Active);
        let status = snapshot.watched(**row).and_then(|one| one.status);
        let is_off_duty = matches!(
            status,
            Some(
                ValidatorStatus::ExitedUnslashed
                    | ValidatorStatus::ExitedSlashed
                    | ValidatorStatus::WithdrawalPossible
                    | ValidatorStatus::WithdrawalDone
            )
        );
        is_unsettled && is_off_duty
    });
    let exited = u64::try_from(exited.count()).unwrap_or(u64::MAX);
    Ok(Consumption {
        vt_balance: operator.present,
        active_validators: operator.active.saturating_sub(exited),
        exited_but_not_finalized_validators: exited,
        should_eject: operator.standing == Standing::Due,
        tickets_consumed: Amount(operator.deposited.0.saturating_sub(operator.present.0)),
        show_warning: matches!(operator.standing, Standing::Warning | Standing::Short | Standing::Due),
    })
}
