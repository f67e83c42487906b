//! `/v1/guardians`.

use super::answer::{Answer, ItemRefusals, ListRefusals, Listing, Refusal};
use super::ask::Ask;
use super::query::Paging;
use crate::view::GuardianView;
use axum::extract::Path;
use axum::response::Response;

/// All guardians, as the one that speaks sees them.
#[utoipa::path(
    get, path = "/v1/guardians", tag = "guardians",
    params(Paging),
    responses((status = 200, description = "Guardians", body = Listing<GuardianView>), ListRefusals)
)]
pub(super) async fn list(ask: Ask) -> Response {
    ask.list(&[], |snapshot, _, page| {
        let guardians = snapshot.guardians();
        Ok((guardians.len(), page.of(guardians.iter().cloned()).collect()))
    })
}

/// One guardian.
#[utoipa::path(
    get, path = "/v1/guardians/{index}", tag = "guardians",
    params(("index" = u16, Path, description = "Its number in the set", minimum = 1, maximum = 65_535, example = 1)),
    responses((status = 200, description = "The guardian", body = Answer<GuardianView>), ItemRefusals)
)]
pub(super) async fn one(ask: Ask, Path(index): Path<String>) -> Response {
    ask.answer(|snapshot| {
        let index: u16 =
            index.parse().map_err(|problem| Refusal::path(format!("the guardian's number: {problem}")))?;
        let found = snapshot.guardians().iter().find(|guardian| guardian.index.0 == index).cloned();
        found.ok_or_else(|| Refusal::not_found("the definition has no guardian with this number"))
    })
}
