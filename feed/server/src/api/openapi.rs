//! `/v1/openapi.json`: this API as a document, made of the code that answers.

use super::answer::Limited;
use super::ask::Ask;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Guardian network: public feed",
        description = "What a network of guardians that can force validators off the beacon chain does and sees. \
            Everything is read with GET. Every JSON answer says how old it is (`freshness`); lists say where they go on \
            (`next`). Nothing here has to be believed: the logs under `/log` are signed, and the network id is the hash of \
            what the guardians agreed on.",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        super::network::healthz,
        super::network::network,
        super::network::faults,
        super::network::ceremonies,
        super::network::sources,
        super::guardians::list,
        super::guardians::one,
        super::validators::list,
        super::validators::one,
        super::history::history,
        super::operators::list,
        super::operators::one,
        super::runway::calendar,
        super::puffer::consumption,
        super::proposals::list,
        super::proposals::one,
        super::dossier::dossier,
        super::proposals::emergencies,
        super::proposals::emergency,
        super::exits::list,
        super::logs::list,
        super::logs::key,
        super::whole::snapshot,
        super::atom::feed,
        super::openapi::document,
        crate::stream::reader::events,
        crate::tiles::checkpoint,
        crate::tiles::network_checkpoint,
        crate::tiles::tile,
    ),
    components(schemas(
        super::answer::Refused,
        crate::snapshot::SortKey,
        crate::view::schema::Direction,
        crate::view::schema::Search,
        crate::view::schema::TilePath,
        crate::view::schema::ValidatorName,
    )),
    tags(
        (name = "network", description = "The whole"),
        (name = "guardians", description = "Who guards"),
        (name = "validators", description = "Who is guarded"),
        (name = "operators", description = "Node operators and their tickets"),
        (name = "proposals", description = "What was proposed, and who agreed"),
        (name = "exits", description = "Ways out"),
        (name = "events", description = "What happens, as it happens"),
        (name = "log", description = "The transparency log"),
    )
)]
pub struct Document;

/// The document as text.
pub fn text() -> String {
    Document::openapi().to_pretty_json().unwrap_or_default()
}

/// This document.
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "network",
    responses((status = 200, description = "An OpenAPI 3.1 document", content_type = "application/json", body = Object), Limited)
)]
pub(super) async fn document(ask: Ask) -> Response {
    if let Err(refusal) = ask.query(&[]) {
        return ask.refuse(&refusal);
    }
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, text()).into_response()
}

#[cfg(test)]
mod tests;
