//! What every answer looks like, and every refusal.

use crate::freshness::Freshness;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Answer<T> {
    /// How old it is.
    pub freshness: Freshness,
    /// What was asked for.
    pub data: T,
}

/// A part of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Listing<T> {
    /// How old it is.
    pub freshness: Freshness,
    /// This part.
    pub data: Vec<T>,
    /// How many there are in all that were asked for.
    pub total: u64,
    /// The offset of the next part; null at the end.
    pub next: Option<u64>,
}

/// A refusal.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Refused {
    /// How old the server's view is.
    pub freshness: Freshness,
    /// What is wrong.
    pub error: Problem,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Stable, for machines.
    #[schema(example = "invalid_query")]
    pub code: String,
    /// For people, with the next step.
    pub detail: String,
}

/// Why something is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code.
    pub code: &'static str,
    /// For people.
    pub detail: String,
    /// Seconds after which to ask again.
    pub retry_after: Option<u64>,
}

impl Refusal {
    fn of(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), retry_after: None }
    }

    /// A parameter of the query is wrong.
    pub fn query(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, "invalid_query", detail)
    }

    /// A part of the path is wrong.
    pub fn path(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, "invalid_path", detail)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// The feed is only read.
    pub fn not_allowed() -> Self {
        Self::of(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "the feed is read with GET or HEAD")
    }

    /// No slot was processed yet.
    pub fn starting() -> Self {
        let detail = "no slot was processed yet; ask again in some seconds";
        Self { retry_after: Some(5), ..Self::of(StatusCode::SERVICE_UNAVAILABLE, "starting", detail) }
    }

    /// Too much is done for others.
    pub fn busy() -> Self {
        let detail =
            "too much is asked of this server by all readers; ask again in some seconds, or try a mirror";
        Self { retry_after: Some(5), ..Self::of(StatusCode::SERVICE_UNAVAILABLE, "busy", detail) }
    }

    /// There is no log yet to go on in.
    pub fn no_log() -> Self {
        let detail = "the log is not there yet; ask again in some seconds, or without an event's id to begin with the present";
        Self { retry_after: Some(5), ..Self::of(StatusCode::SERVICE_UNAVAILABLE, "starting", detail) }
    }

    /// Too much is asked at once.
    pub fn too_many(detail: impl Into<String>, retry_after: u64) -> Self {
        let refusal = Self::of(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        Self { retry_after: Some(retry_after), ..refusal }
    }

    /// The disk does not give what it should.
    pub fn unreadable() -> Self {
        let detail = "the log could not be read; other mirrors may have it";
        Self::of(StatusCode::SERVICE_UNAVAILABLE, "unreadable", detail)
    }
}

/// What any answer of a snapshot may be instead.
#[derive(IntoResponses)]
pub enum Refusals {
    /// The reader has the newest answer already (`If-None-Match`).
    #[response(status = 304)]
    Known,
    /// A parameter is wrong; the detail names it.
    #[response(status = 400)]
    Query(Refused),
    /// Too many requests; `Retry-After` says when to ask again.
    #[response(status = 429)]
    TooMany(Refused),
    /// Nothing is known yet, or too much is asked by all; `Retry-After` says when to ask again.
    #[response(status = 503)]
    Starting(Refused),
}

/// What a part of a list may be instead.
pub type ListRefusals = Refusals;

/// What an answer about one thing may be instead.
#[derive(IntoResponses)]
pub enum ItemRefusals {
    /// The reader has the newest answer already (`If-None-Match`).
    #[response(status = 304)]
    Known,
    /// The path or a parameter is wrong; the detail names it.
    #[response(status = 400)]
    Path(Refused),
    /// There is no such thing.
    #[response(status = 404)]
    Missing(Refused),
    /// Too many requests; `Retry-After` says when to ask again.
    #[response(status = 429)]
    TooMany(Refused),
    /// Nothing is known yet, or too much is asked by all; `Retry-After` says when to ask again.
    #[response(status = 503)]
    Starting(Refused),
}

/// What an answer may be instead that needs no snapshot.
#[derive(IntoResponses)]
pub enum Limited {
    /// A parameter is wrong; the detail names it.
    #[response(status = 400)]
    Query(Refused),
    /// Too many requests; `Retry-After` says when to ask again.
    #[response(status = 429)]
    TooMany(Refused),
}
