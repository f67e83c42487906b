//! `/log/<id>/..`: the logs as C2SP `tlog-tiles` has them, static and cacheable.
//!
//! A full tile never changes; a partial one never changes either, but is soon of no use; the checkpoint is new with every
//! entry.

use crate::api::answer::{ItemRefusals, Refusal};
use crate::api::ask::{self, Ask, set};
use crate::log::Log;
use crate::site::Site;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use feed::TilePath;
use sha2::{Digest, Sha256};

/// Seconds that a checkpoint may be kept.
const CHECKPOINT_AGE: u64 = 5;

/// The logs' routes.
pub fn router() -> Router<Site> {
    Router::new()
        .route("/log/{id}/checkpoint", get(checkpoint))
        .route("/log/{id}/network-checkpoint", get(network_checkpoint))
        .route("/log/{id}/tile/{*path}", get(tile))
}

fn find(ask: &Ask, id: &str) -> Result<Log, Refusal> {
    ask.query(&[])?;
    let found = ask.site.shelf().get(id).cloned();
    found.ok_or_else(|| Refusal::not_found("there is no such log; /v1/logs lists them"))
}

/// The newest signed checkpoint of a log.
#[utoipa::path(
    get, path = "/log/{id}/checkpoint", tag = "log",
    params(("id" = String, Path, description = "The log's name", example = "3-0")),
    responses((status = 200, description = "A signed note (C2SP checkpoint)", content_type = "text/plain", body = String), ItemRefusals)
)]
pub(crate) async fn checkpoint(ask: Ask, Path(id): Path<String>) -> Response {
    note(&ask, &id, Log::checkpoint, "the log has no checkpoint yet")
}

/// The newest checkpoint of a log that the network's own key signed: t guardians checked that the log only grew.
#[utoipa::path(
    get, path = "/log/{id}/network-checkpoint", tag = "log",
    params(("id" = String, Path, description = "The log's name", example = "3-0")),
    responses((status = 200, description = "A signed note (C2SP checkpoint)", content_type = "text/plain", body = String), ItemRefusals)
)]
pub(crate) async fn network_checkpoint(ask: Ask, Path(id): Path<String>) -> Response {
    note(
        &ask,
        &id,
        Log::network_checkpoint,
        "the network's own key has not signed this log yet, or there is none",
    )
}

fn note(ask: &Ask, id: &str, which: impl Fn(&Log) -> Option<Bytes>, missing: &'static str) -> Response {
    let log = match find(ask, id) {
        Ok(log) => log,
        Err(refusal) => return ask.refuse(&refusal),
    };
    let Some(note) = which(&log) else { return ask.refuse(&Refusal::not_found(missing)) };
    let digest = Sha256::digest(&note);
    let tag = format!("\"{}\"", hex::encode(digest.get(..12).unwrap_or_default()));
    let mut response = if ask.has(&tag) {
        let mut response = Response::default();
        *response.status_mut() = axum::http::StatusCode::NOT_MODIFIED;
        response
    } else {
        ask::bytes("text/plain; charset=utf-8", note)
    };
    set(response.headers_mut(), header::ETAG, &tag);
    set(response.headers_mut(), header::CACHE_CONTROL, &format!("public, max-age={CHECKPOINT_AGE}"));
    response
}

/// A tile of hashes or a bundle of entries.
#[utoipa::path(
    get, path = "/log/{id}/tile/{path}", tag = "log",
    params(("id" = String, Path, description = "The log's name", example = "3-0"), ("path" = crate::view::schema::TilePath, Path, description = "Which tile", example = "entries/000")),
    responses((status = 200, description = "A tile (C2SP tlog-tiles)", content_type = "application/octet-stream", body = Vec<u8>), ItemRefusals)
)]
pub(crate) async fn tile(ask: Ask, Path((id, path)): Path<(String, String)>) -> Response {
    let read = async {
        let log = find(&ask, &id)?;
        let path: TilePath =
            format!("tile/{path}").parse().map_err(|problem| Refusal::path(format!("{problem}")))?;
        // A read of a file of some kilobytes; on a thread where waiting for the disk harms nobody.
        let read = ask.site.pool().run(move || log.tile(&path)).await?.map_err(|_| Refusal::unreadable())?;
        let tile = read.ok_or_else(|| Refusal::not_found("the log does not have this tile yet"))?;
        let mut response = ask::bytes("application/octet-stream", tile);
        let age = if path.is_full() { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(age));
        Ok(response)
    };
    match read.await {
        Ok(response) => response,
        Err(refusal) => ask.refuse(&refusal),
    }
}
