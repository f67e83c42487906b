//! `Recent`: the answers of this second, packed, so that what a crowd asks alike is made once.
//!
//! # Design decisions
//! - An answer is given again only within the second, and only while status, log and checkpoint are the ones it was made of:
//!   nobody is told anything older than without it, but for a second.
//! - What is asked with a condition, or is no plain question, passes by: it costs less than an answer.
//! - All of it is dropped when the second is over, so it needs no order and no clock of its own.

use crate::freshness::unix_now;
use crate::site::Site;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Largest answer kept, bytes before it is packed; and how much it may be packed at worst.
const LARGEST: u64 = 256 << 10;
const PACKED: usize = 512 << 10;

/// Most answers kept, and most bytes of them.
const MOST: usize = 1_024;
const MOST_BYTES: usize = 16 << 20;

/// Answers of this second.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    stamp: Stamp,
    answers: HashMap<Question, (HeaderMap, Bytes)>,
    bytes: usize,
}

/// What answers are made of.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Stamp {
    second: u64,
    tag: String,
    entries: u64,
    checkpoint: Option<Bytes>,
}

/// What is asked, and whether it may be packed.
type Question = (String, bool);

/// Set on answers that are small enough to be kept.
#[derive(Debug, Clone, Copy)]
struct Small;

impl Stamp {
    fn of(site: &Site) -> Self {
        let shelf = site.shelf();
        let log = shelf.current();
        Self {
            second: unix_now(),
            tag: site.snapshot().map(|snapshot| snapshot.tag().to_owned()).unwrap_or_default(),
            entries: log.map_or(0, |log| log.size()),
            checkpoint: log.and_then(|log| log.checkpoint()),
        }
    }
}

impl Recent {
    fn find(&self, stamp: &Stamp, question: &Question) -> Option<Response> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (headers, body) = kept.answers.get(question).filter(|_| kept.stamp == *stamp)?;
        let mut response = Response::new(Body::from(body.clone()));
        *response.headers_mut() = headers.clone();
        Some(response)
    }

    fn keep(&self, stamp: Stamp, question: Question, headers: &HeaderMap, body: &Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.stamp != stamp {
            *kept = Kept { stamp, ..Kept::default() };
        }
        let bytes = kept.bytes.saturating_add(body.len());
        if kept.answers.len() < MOST && bytes <= MOST_BYTES {
            kept.bytes = bytes;
            kept.answers.insert(question, (headers.clone(), body.clone()));
        }
    }
}

/// The question, if it is one whose answer depends on nothing else.
fn question(request: &Request) -> Option<Question> {
    let headers = request.headers();
    let conditions = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::RANGE];
    if request.method() != Method::GET || conditions.iter().any(|name| headers.contains_key(name)) {
        return None;
    }
    let packed = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let asked = request.uri().path_and_query()?.as_str();
    // An address may be as long as a request: no more than a line of it is worth keeping.
    let may_be_kept = asked.len() <= 512 && request.uri().path() != "/v1/events";
    // Word by word as it was sent: `gzip;q=0` is not what it seems.
    may_be_kept.then(|| {
        (asked.to_owned(), packed.is_some_and(|packed| packed.split(',').any(|one| one.trim() == "gzip")))
    })
}

/// Gives an answer of this second again, or keeps a new one. Outside of what packs.
pub(super) async fn again(State(site): State<Site>, request: Request, next: Next) -> Response {
    let Some(question) = question(&request) else { return next.run(request).await };
    let stamp = Stamp::of(&site);
    if let Some(response) = site.recent().find(&stamp, &question) {
        return response;
    }
    let response = next.run(request).await;
    let is_packed = response.headers().contains_key(header::CONTENT_ENCODING);
    if response.extensions().get::<Small>().is_none() || (is_packed && !question.1) {
        return response;
    }
    let (parts, body) = response.into_parts();
    // Bounded by what `measure` saw, packed at worst: it cannot be longer.
    let Ok(body) = to_bytes(body, PACKED).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    site.recent().keep(stamp, question, &parts.headers, &body);
    Response::from_parts(parts, Body::from(body))
}

/// Marks answers that are small enough. Inside of what packs, where their length is known.
pub(super) async fn measure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_small = response.body().size_hint().exact().is_some_and(|length| length <= LARGEST);
    if is_small && response.status() == StatusCode::OK {
        response.extensions_mut().insert(Small);
    }
    response
}

#[cfg(test)]
mod tests;
