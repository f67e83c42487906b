//! `/eth/v1/node/*`.

use super::answer::{Answer, data};
use crate::chain::node::Shared;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn health(State(node): State<Arc<Shared>>) -> StatusCode {
    if node.behaviour.borrow().syncing { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK }
}

pub(super) async fn syncing(State(node): State<Arc<Shared>>) -> Answer {
    let head = node.view().head().slot;
    let distance = node.chain.view().head().slot.0.saturating_sub(head.0);
    Ok(data(json!({
        "head_slot": head.to_string(),
        "sync_distance": distance.to_string(),
        "is_syncing": node.behaviour.borrow().syncing,
        "is_optimistic": false,
        "el_offline": false,
    })))
}

pub(super) async fn version() -> Answer {
    Ok(data(json!({ "version": concat!("guardian-devnet/", env!("CARGO_PKG_VERSION")) })))
}
