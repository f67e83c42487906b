//! `/v1/snapshot`: the whole status, for mirrors. Large, so it is packed once and shared by all who ask.

use super::answer::{Answer, Refusal, Refusals};
use super::ask::Ask;
use crate::freshness::Freshness;
use crate::server::alone;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{self, Read};
use std::time::Duration;
use utoipa::ToSchema;

/// The answer, with the status as guardians make it; fields come and go with their versions.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only tells the shape")]
pub struct WholeAnswer {
    freshness: Freshness,
    #[schema(value_type = Object)]
    data: String,
}

/// Longest wait until it is packed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes unpacked at once for a reader that takes no gzip.
const PIECE: usize = 64 << 10;

/// The whole status of the guardian, for mirrors. Large.
#[utoipa::path(
    get, path = "/v1/snapshot", tag = "network",
    responses((status = 200, description = "The whole status", body = WholeAnswer), Refusals)
)]
pub(super) async fn snapshot(ask: Ask) -> Response {
    let Some(snapshot) = ask.snapshot.clone() else { return ask.refuse(&Refusal::starting()) };
    let stale = ask.freshness.stale;
    // Whoever has it already does not make it be packed.
    let early = ask.document("application/json", |_| Ok(String::new()));
    if early.status() != axum::http::StatusCode::OK {
        return early;
    }
    let (freshness, status) = (ask.freshness.clone(), snapshot.status().clone());
    let pack = move || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        serde_json::to_writer(&mut encoder, &Answer { freshness, data: status.as_ref() })?;
        encoder.finish().map(Bytes::from)
    };
    // A task of its own: who asked first may leave, and the others wait for the same packing.
    let packing = tokio::spawn(async move {
        let packed = snapshot.packed(stale).get_or_try_init(|| async {
            alone(pack).await.unwrap_or_else(|| Err(io::ErrorKind::ResourceBusy.into()))
        });
        packed.await.cloned()
    });
    let Ok(Ok(Ok(packed))) = tokio::time::timeout(PATIENCE, packing).await else {
        return ask.refuse(&Refusal::busy());
    };
    let takes_gzip = ask.header("accept-encoding").is_some_and(|kinds| kinds.contains("gzip"));
    let (mut parts, _) = early.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::VARY, header::HeaderValue::from_static("accept-encoding"));
    if takes_gzip {
        parts.headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("gzip"));
        return (parts, Body::from(packed)).into_response();
    }
    let pieces = futures::stream::iter(Unpacked(GzDecoder::new(io::Cursor::new(packed))));
    (parts, Body::from_stream(pieces)).into_response()
}

/// The unpacked text, piece by piece.
struct Unpacked(GzDecoder<io::Cursor<Bytes>>);

impl Iterator for Unpacked {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = Vec::with_capacity(PIECE);
        let limit = u64::try_from(PIECE).unwrap_or(u64::MAX);
        match (&mut self.0).take(limit).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => Some(Ok(Bytes::from(piece))),
            Err(problem) => Some(Err(problem)),
        }
    }
}
