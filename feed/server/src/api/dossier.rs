//! `/v1/proposals/{id}/dossier`: everything the log tells of an exit, to be verified offline.

use super::answer::{ItemRefusals, Refusal};
use super::ask::{Ask, bytes};
use super::proposals::id;
use crate::dossier::Problem;
use crate::view::schema;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// A dossier: everything the log tells of an exit, with the proofs that it does.
///
/// The document stands for itself: verify it with the network's id and nothing else. Seconds may pass until what has just
/// happened is in one.
#[utoipa::path(
    get, path = "/v1/proposals/{id}/dossier", tag = "proposals",
    params(("id" = schema::Hash, Path, description = "The proposal's id", example = "0xc3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"),
        ("log" = Option<String>, Query, description = "The id of the log to make it of, as `/v1/logs` has it; the newest that tells of it unless given")),
    responses((status = 200, description = "The dossier", content_type = "application/json", body = Object), ItemRefusals)
)]
pub(super) async fn dossier(ask: Ask, Path(name): Path<String>) -> Response {
    let make = async {
        let query = ask.query(&["log"])?;
        Ok::<_, Refusal>(ask.site.dossiers().make(&ask.site, id(&name)?, query.text("log")).await?)
    };
    match make.await {
        Ok(document) => {
            let mut response = bytes("application/json", document);
            ask.freshness.write(response.headers_mut());
            let age = HeaderValue::from_static("public, max-age=30");
            response.headers_mut().insert(header::CACHE_CONTROL, age);
            response
        }
        Err(refusal) => ask.refuse(&refusal),
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unknown => Self::not_found("no log that is served here tells of such a proposal"),
            Problem::NotYet(detail) => Self::not_found(format!("there is no dossier of it now: {detail}")),
            Problem::Busy => Self::busy(),
            Problem::Unreadable => Self::unreadable(),
        }
    }
}
