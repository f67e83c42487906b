//! `/eth/v1/beacon/pool/voluntary_exits`.

use super::answer::{Answer, Refusal, data};
use crate::chain::exits::ExitRefusal;
use crate::chain::node::{Dialect, Shared};
use crate::chain::pool::PoolRefusal;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use crypto::exit::SignedVoluntaryExit;
use serde_json::json;
use std::sync::Arc;

/// Exits that wait for a block.
pub(super) async fn voluntary_exits(State(node): State<Arc<Shared>>) -> Answer {
    let view = node.view();
    let waiting: Vec<_> = view.exits().iter().filter(|e| e.included.is_none()).map(|e| e.signed).collect();
    Ok(data(json!(waiting)))
}

/// Checks an exit and takes it into the pool. An exit the node has already is accepted again, as other clients do.
pub(super) async fn submit(State(node): State<Arc<Shared>>, body: Bytes) -> Result<StatusCode, Refusal> {
    let signed: SignedVoluntaryExit =
        serde_json::from_slice(&body).map_err(|e| Refusal::bad_request(format!("invalid body: {e}")))?;
    let (refuse, dialect) = {
        let behaviour = node.behaviour.borrow();
        (behaviour.refuse_exits.clone(), behaviour.dialect)
    };
    if let Some(text) = refuse {
        return Err(Refusal::bad_request(text));
    }
    let outcome = node.chain.submit_exit(&node.name, signed).await;
    match outcome.map_err(|error| Refusal::new(503, error.to_string()))? {
        Ok(_) => Ok(StatusCode::OK),
        Err(refusal) => Err(match dialect {
            Dialect::Current => Refusal::bad_request(format!("Invalid voluntary exit: {refusal}")),
            Dialect::Lodestar15 => Refusal::new(500, lodestar_code(&refusal)),
        }),
    }
}

/// The words of Lodestar 1.5.
fn lodestar_code(refusal: &PoolRefusal) -> &'static str {
    match refusal {
        PoolRefusal::AlreadyExists(_) | PoolRefusal::Exit(ExitRefusal::AlreadyExiting(..)) => {
            "VOLUNTARY_EXIT_ERROR_ALREADY_EXISTS"
        }
        PoolRefusal::Exit(ExitRefusal::InvalidSignature) => "VOLUNTARY_EXIT_ERROR_INVALID_SIGNATURE",
        PoolRefusal::Exit(ExitRefusal::UnknownValidator(_)) => {
            "Cannot read properties of undefined (reading 'activationEpoch')"
        }
        PoolRefusal::Exit(
            ExitRefusal::NotActive(_) | ExitRefusal::Future { .. } | ExitRefusal::TooYoung { .. },
        )
        | PoolRefusal::Full => "VOLUNTARY_EXIT_ERROR_INVALID",
    }
}
