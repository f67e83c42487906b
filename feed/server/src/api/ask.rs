//! `Ask`: one request with the snapshot it is answered from, so that all of an answer is of one moment.

use super::answer::{Answer, Listing, Problem, Refusal, Refused};
use super::query::{Page, Query};
use crate::freshness::{Freshness, unix_now};
use crate::site::Site;
use crate::snapshot::Snapshot;
use axum::Json;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;

/// One request.
#[derive(Debug)]
pub struct Ask {
    /// Everything that is served.
    pub site: Site,
    /// What is answered from; None before the first.
    pub snapshot: Option<Arc<Snapshot>>,
    /// How old that is.
    pub freshness: Freshness,
    uri: Uri,
    headers: HeaderMap,
}

impl FromRequestParts<Site> for Ask {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        Ok(Self::of(parts, site))
    }
}

impl Ask {
    /// A request that is answered from the newest snapshot.
    pub fn of(parts: &Parts, site: &Site) -> Self {
        let snapshot = site.snapshot();
        let freshness = site.freshness(snapshot.as_deref());
        Self {
            site: site.clone(),
            snapshot,
            freshness,
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        }
    }

    /// Answers with what `find` makes of the snapshot; no parameters are allowed.
    pub fn answer<T: Serialize>(&self, find: impl FnOnce(&Snapshot) -> Result<T, Refusal>) -> Response {
        self.answer_query(&[], |snapshot, _| find(snapshot))
    }

    /// Answers with what `find` makes of the snapshot and of the parameters in `allowed`.
    pub fn answer_query<T: Serialize>(
        &self,
        allowed: &[&str],
        find: impl FnOnce(&Snapshot, &Query) -> Result<T, Refusal>,
    ) -> Response {
        self.try_answer(allowed, |snapshot, query| {
            let data = find(snapshot, query)?;
            Ok(json(&Answer { freshness: self.freshness.clone(), data }))
        })
    }

    /// Answers with what `find` makes of the snapshot, and nothing around it: for shapes that others decided.
    pub fn bare<T: Serialize>(&self, find: impl FnOnce(&Snapshot) -> Result<T, Refusal>) -> Response {
        self.try_answer(&[], |snapshot, _| Ok(json(&find(snapshot)?)))
    }

    /// Answers with a part of the list that `find` makes: how many there are, and those of one page.
    pub fn list<T: Serialize>(
        &self,
        allowed: &[&str],
        find: impl FnOnce(&Snapshot, &Query, Page) -> Result<(usize, Vec<T>), Refusal>,
    ) -> Response {
        let allowed: Vec<&str> = allowed.iter().copied().chain(["limit", "offset"]).collect();
        self.try_answer(&allowed, |snapshot, query| {
            let page = query.page()?;
            let (total, data) = find(snapshot, query, page)?;
            let total = u64::try_from(total).unwrap_or(u64::MAX);
            let next = Some(page.end()).filter(|end| *end < total);
            Ok(json(&Listing { freshness: self.freshness.clone(), data, total, next }))
        })
    }

    /// Answers with what is not of the snapshot; no parameters are allowed. Not to be kept by anybody.
    pub fn answer_now<T: Serialize>(&self, data: T) -> Response {
        if let Err(refusal) = self.query(&[]) {
            return self.refuse(&refusal);
        }
        let mut response = json(&Answer { freshness: self.freshness.clone(), data });
        set(response.headers_mut(), header::CACHE_CONTROL, "public, max-age=2");
        response
    }

    /// Answers with bytes of another kind than JSON, of the snapshot.
    pub fn document(
        &self,
        content_type: &'static str,
        make: impl FnOnce(&Snapshot) -> Result<String, Refusal>,
    ) -> Response {
        self.try_answer(&[], |snapshot, _| {
            let text = make(snapshot)?;
            Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
        })
    }

    /// The parameters, each of them allowed.
    ///
    /// # Errors
    /// The first that is not.
    pub fn query(&self, allowed: &[&str]) -> Result<Query, Refusal> {
        Query::read(self.uri.query().unwrap_or_default(), allowed)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn try_answer(
        &self,
        allowed: &[&str],
        make: impl FnOnce(&Snapshot, &Query) -> Result<Response, Refusal>,
    ) -> Response {
        let answer = || {
            let query = self.query(allowed)?;
            let snapshot = self.snapshot.as_deref().ok_or_else(Refusal::starting)?;
            // Weak: the same answer may come compressed or not.
            let stale = if self.freshness.stale { "-stale" } else { "" };
            let tag = format!("W/\"{}{stale}\"", snapshot.tag());
            let mut response = if self.has(&tag) {
                StatusCode::NOT_MODIFIED.into_response()
            } else {
                make(snapshot, &query)?
            };
            let headers = response.headers_mut();
            set(headers, header::ETAG, &tag);
            self.freshness.write(headers);
            set(headers, header::CACHE_CONTROL, &format!("public, max-age={}", self.max_age(snapshot)));
            Ok(response)
        };
        answer().unwrap_or_else(|refusal: Refusal| self.refuse(&refusal))
    }

    /// Refuses.
    pub fn refuse(&self, refusal: &Refusal) -> Response {
        let error = Problem { code: refusal.code.to_owned(), detail: refusal.detail.clone() };
        let mut response = json(&Refused { freshness: self.freshness.clone(), error });
        *response.status_mut() = refusal.status;
        let headers = response.headers_mut();
        set(headers, header::CACHE_CONTROL, "no-store");
        if let Some(seconds) = refusal.retry_after {
            set(headers, header::RETRY_AFTER, &seconds.to_string());
        }
        response
    }

    /// Whether the reader says that it has the answer of this tag.
    pub fn has(&self, tag: &str) -> bool {
        let bare = tag.trim_start_matches("W/");
        let known =
            self.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        known
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .any(|one| one == "*" || one.trim_start_matches("W/") == bare)
    }

    /// Seconds until the next slot brings a new snapshot.
    fn max_age(&self, snapshot: &Snapshot) -> u64 {
        let slot = snapshot.calendar().seconds_per_slot();
        let next = self.freshness.as_of.unwrap_or(0).saturating_add(slot);
        next.saturating_sub(unix_now()).clamp(1, slot.max(1))
    }
}

/// A JSON body; a value of this crate always has one.
fn json<T: Serialize>(value: &T) -> Response {
    Json(value).into_response()
}

/// Sets a header to text of ours.
pub(crate) fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A body of bytes of a kind.
pub(crate) fn bytes(content_type: &'static str, body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, content_type)], Body::from(body)).into_response()
}
