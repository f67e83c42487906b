//! `/v1/network`, `/v1/faults`, `/v1/ceremonies`, `/v1/sources`, `/healthz`.

use super::ask::Ask;
use crate::role::Source;
use axum::response::{IntoResponse, Response};

/// Whether the server answers.
pub(super) async fn healthz(ask: Ask) -> Response {
    match ask.query(&[]) {
        Ok(_) => "ok\n".into_response(),
        Err(refusal) => ask.refuse(&refusal),
    }
}

/// The network: who guards, by which rules, within which bounds, and how it goes.
pub(super) async fn network(ask: Ask) -> Response {
    ask.answer(|snapshot| Ok(snapshot.network().clone()))
}

/// Faults of guardians, newest first.
pub(super) async fn faults(ask: Ask) -> Response {
    ask.list(&[], |snapshot, _, page| {
        let faults = snapshot.faults();
        Ok((faults.len(), page.of(faults.into_iter()).collect()))
    })
}

/// Ceremonies, newest first.
pub(super) async fn ceremonies(ask: Ask) -> Response {
    ask.list(&[], |snapshot, _, page| {
        let ceremonies = snapshot.ceremonies();
        Ok((ceremonies.len(), page.of(ceremonies.into_iter()).collect()))
    })
}

/// The guardians that a mirror follows, and how it goes; empty at a guardian.
pub(super) async fn sources(ask: Ask) -> Response {
    let sources: Vec<Source> = ask.site.role().sources().to_vec();
    ask.answer_now(sources)
}
