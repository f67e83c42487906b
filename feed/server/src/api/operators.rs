//! `/v1/operators`: node operators and how long their tickets last.

use super::answer::{Answer, ItemRefusals, ListRefusals, Listing, Refusal};
use super::ask::Ask;
use super::query::Paging;
use crate::snapshot::Snapshot;
use crate::view::OperatorView;
use crate::view::schema;
use axum::extract::Path;
use axum::response::Response;
use crypto::execution::Address;
use guardian_core::status::{OperatorStatus, Standing};

const STANDINGS: [Standing; 6] =
    [Standing::Idle, Standing::Ok, Standing::Warning, Standing::Short, Standing::Due, Standing::Unknown];

/// Node operators, the one whose tickets end first at the beginning.
#[utoipa::path(
    get, path = "/v1/operators", tag = "operators",
    params(("standing" = Option<schema::Standing>, Query, description = "Only those that stand so"), Paging),
    responses((status = 200, description = "Node operators", body = Listing<OperatorView>), ListRefusals)
)]
pub(super) async fn list(ask: Ask) -> Response {
    ask.list(&["standing"], |snapshot, query, page| {
        let standing = query.code("standing", &STANDINGS, Standing::code)?;
        let mut found: Vec<&OperatorStatus> = snapshot
            .status()
            .operators
            .iter()
            .filter(|one| standing.is_none_or(|standing| one.standing == standing))
            .collect();
        found.sort_by_key(|one| {
            let floor = one.runway.and_then(|runway| runway.floor);
            (floor.is_none(), floor, one.operator)
        });
        let views = page.of(found.iter()).map(|one| snapshot.operator_view(one)).collect();
        Ok((found.len(), views))
    })
}

/// The operator of a path.
pub(super) fn find(snapshot: &Snapshot, address: &str) -> Result<OperatorView, Refusal> {
    let address: Address =
        address.parse().map_err(|problem| Refusal::path(format!("no operator's address: {problem}")))?;
    snapshot.operator(&address).ok_or_else(|| Refusal::not_found("no such node operator is known"))
}

/// One node operator.
#[utoipa::path(
    get, path = "/v1/operators/{address}", tag = "operators",
    params(("address" = schema::Account, Path, description = "Its account", example = "0xb2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2")),
    responses((status = 200, description = "The node operator", body = Answer<OperatorView>), ItemRefusals)
)]
pub(super) async fn one(ask: Ask, Path(address): Path<String>) -> Response {
    ask.answer(|snapshot| find(snapshot, &address))
}
