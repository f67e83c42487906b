//! The shapes of every answer: `{"data": ..}` and `{"code": .., "message": ..}`, numbers as strings.

use crate::chain::state::BeaconState;
use crate::chain::view::View;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use crypto::spec::{Checkpoint, Slot};
use serde_json::{Value, json};

/// A handler's result.
pub(super) type Answer = Result<Json<Value>, Refusal>;

/// An error as the Beacon API words it.
#[derive(Debug)]
pub(super) struct Refusal {
    code: u16,
    message: String,
}

impl Refusal {
    pub(super) fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({ "code": self.code, "message": self.message }))).into_response()
    }
}

/// `{"data": ..}`.
pub(super) fn data(data: Value) -> Json<Value> {
    Json(json!({ "data": data }))
}

/// `{"data": .., "execution_optimistic": false, "finalized": ..}` about a state.
pub(super) fn of_state(view: &View, state: &BeaconState, data: Value) -> Json<Value> {
    at_slot(view, state.slot, data)
}

/// The same about a block or a state of a slot.
pub(super) fn at_slot(view: &View, slot: Slot, data: Value) -> Json<Value> {
    let finalized = slot <= view.head().spec.start_slot(view.finalized().epoch);
    Json(json!({ "data": data, "execution_optimistic": false, "finalized": finalized }))
}

/// A checkpoint in JSON.
pub(super) fn checkpoint(checkpoint: Checkpoint) -> Value {
    json!({ "epoch": checkpoint.epoch.to_string(), "root": checkpoint.root })
}
