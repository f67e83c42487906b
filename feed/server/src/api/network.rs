//! `/v1/network`, `/v1/faults`, `/v1/ceremonies`, `/v1/sources`, `/healthz`.

use super::answer::{Answer, Limited, ListRefusals, Listing, Refusals};
use super::ask::Ask;
use super::query::Paging;
use crate::role::Source;
use crate::view::{CeremonyView, FaultView, NetworkView};
use axum::response::{IntoResponse, Response};

/// Whether the server answers.
#[utoipa::path(
    get, path = "/healthz", tag = "network",
    responses((status = 200, description = "The server answers", content_type = "text/plain", body = String, example = json!("ok\n")), Limited)
)]
pub(super) async fn healthz(ask: Ask) -> Response {
    match ask.query(&[]) {
        Ok(_) => "ok\n".into_response(),
        Err(refusal) => ask.refuse(&refusal),
    }
}

/// The network: who guards, by which rules, within which bounds, and how it goes.
#[utoipa::path(
    get, path = "/v1/network", tag = "network",
    responses((status = 200, description = "The network", body = Answer<NetworkView>), Refusals)
)]
pub(super) async fn network(ask: Ask) -> Response {
    ask.answer(|snapshot| Ok(snapshot.network().clone()))
}

/// Faults of guardians, newest first.
#[utoipa::path(
    get, path = "/v1/faults", tag = "network",
    params(Paging),
    responses((status = 200, description = "Faults", body = Listing<FaultView>), ListRefusals)
)]
pub(super) async fn faults(ask: Ask) -> Response {
    ask.list(&[], |snapshot, _, page| {
        let faults = snapshot.faults();
        Ok((faults.len(), page.of(faults.into_iter()).collect()))
    })
}

/// Ceremonies, newest first.
#[utoipa::path(
    get, path = "/v1/ceremonies", tag = "network",
    params(Paging),
    responses((status = 200, description = "Ceremonies", body = Listing<CeremonyView>), ListRefusals)
)]
pub(super) async fn ceremonies(ask: Ask) -> Response {
    ask.list(&[], |snapshot, _, page| {
        let ceremonies = snapshot.ceremonies();
        Ok((ceremonies.len(), page.of(ceremonies.into_iter()).collect()))
    })
}

/// The guardians that a mirror follows, and how it goes; empty at a guardian.
#[utoipa::path(
    get, path = "/v1/sources", tag = "network",
    responses((status = 200, description = "The guardians that are mirrored", body = Answer<Vec<Source>>), Limited)
)]
pub(super) async fn sources(ask: Ask) -> Response {
    let sources: Vec<Source> = ask.site.role().sources().to_vec();
    ask.answer_now(sources)
}
