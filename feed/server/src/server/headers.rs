//! Headers of every answer: anybody may read it from anywhere, and nothing in it is executed.

use crate::api::ask::set;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

/// What every answer says, unless it says otherwise itself.
const ALWAYS: [(HeaderName, &str); 7] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag, Retry-After, Feed-Slot, Feed-As-Of, Feed-Stale"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
];

/// Answers what browsers ask before they read from elsewhere.
pub(super) async fn preflight(request: Request, next: Next) -> Response {
    if request.method() != Method::OPTIONS {
        return next.run(request).await;
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    set(headers, header::ALLOW, "GET, HEAD, OPTIONS");
    set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS");
    set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, If-None-Match, Last-Event-ID");
    set(headers, header::ACCESS_CONTROL_MAX_AGE, "86400");
    response
}

/// Adds them, to refusals as well.
pub(super) async fn add(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
