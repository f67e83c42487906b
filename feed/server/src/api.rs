//! The HTTP API: what is asked, and what is answered.
//!
//! Every JSON answer is `{"freshness": .., "data": ..}`, a list has `"next"` where more follows, and a refusal is
//! `{"freshness": .., "error": {"code", "detail"}}`.

pub mod answer;
pub mod ask;
mod atom;
mod dossier;
mod exits;
mod guardians;
pub mod history;
pub mod logs;
mod network;
pub mod openapi;
mod operators;
mod proposals;
pub mod puffer;
pub mod query;
mod runway;
mod validators;
pub mod whole;

use crate::site::Site;
use crate::stream;
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
        .route("/v1/validators/{pubkey}/history", get(history::history))
        .route("/v1/operators", get(operators::list))
        .route("/v1/operators/{address}", get(operators::one))
        .route("/v1/operators/{address}/runway.ics", get(runway::calendar))
        .route("/v1/puffer/noop/consumption/calculate/{node}", get(puffer::consumption))
        .route("/v1/proposals", get(proposals::list))
        .route("/v1/proposals/{id}", get(proposals::one))
        .route("/v1/proposals/{id}/dossier", get(dossier::dossier))
        .route("/v1/emergencies", get(proposals::emergencies))
        .route("/v1/emergencies/{id}", get(proposals::emergency))
        .route("/v1/exits", get(exits::list))
        .route("/v1/events", get(stream::reader::events))
        .route("/v1/feed.atom", get(atom::feed))
        .route("/v1/snapshot", get(whole::snapshot))
        .route("/v1/openapi.json", get(openapi::document))
        .route("/v1/logs", get(logs::list))
        .route("/v1/key", get(logs::key))
}

/// Nothing is there: said on a page to whoever reads pages.
pub async fn not_found(ask: Ask) -> Response {
    if ask.header("accept").is_some_and(|kinds| kinds.contains("text/html")) {
        return crate::pages::missing();
    }
    let detail = "nothing is served at this path; /v1/openapi.json lists all that is";
    ask.refuse(&Refusal::not_found(detail))
}

/// Something is there, but it is only read.
pub async fn not_allowed(ask: Ask) -> Response {
    ask.refuse(&Refusal::not_allowed())
}
