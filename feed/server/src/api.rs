//! The HTTP API: what is asked, and what is answered.
//!
//! Every JSON answer is `{"freshness": .., "data": ..}`, a list has `"next"` where more follows, and a refusal is
//! `{"freshness": .., "error": {"code", "detail"}}`.

pub mod answer;
pub mod ask;
mod exits;
mod guardians;
mod logs;
mod network;
mod operators;
mod proposals;
mod query;
mod validators;

use crate::site::Site;
use crate::stream;
use crate::view::schema;
use answer::Refusal;
use ask::Ask;
use axum::Router;
use axum::response::Response;
use axum::routing::get;

/// All routes of the API.
pub fn router() -> Router<Site> {
    Router::new()
        .route("/healthz", get(network::healthz))
        .route("/v1/network", get(network::network))
        .route("/v1/faults", get(network::faults))
        .route("/v1/ceremonies", get(network::ceremonies))
        .route("/v1/sources", get(network::sources))
        .route("/v1/guardians", get(guardians::list))
        .route("/v1/guardians/{index}", get(guardians::one))
        .route("/v1/validators", get(validators::list))
        .route("/v1/validators/{pubkey}", get(validators::one))
        .route("/v1/operators", get(operators::list))
        .route("/v1/operators/{address}", get(operators::one))
        .route("/v1/proposals", get(proposals::list))
        .route("/v1/proposals/{id}", get(proposals::one))
        .route("/v1/emergencies", get(proposals::emergencies))
        .route("/v1/emergencies/{id}", get(proposals::emergency))
        .route("/v1/exits", get(exits::list))
        .route("/v1/events", get(stream::events))
        .route("/v1/logs", get(logs::list))
        .route("/v1/key", get(logs::key))
}

/// Nothing is there.
pub async fn not_found(ask: Ask) -> Response {
    let detail = "nothing is served at this path; /v1/openapi.json lists all that is";
    ask.refuse(&Refusal::not_found(detail))
}

/// Something is there, but it is only read.
pub async fn not_allowed(ask: Ask) -> Response {
    ask.refuse(&Refusal::not_allowed())
}
