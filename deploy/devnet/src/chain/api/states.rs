//! `/eth/v1/beacon/states/{state_id}/*`, validators apart.

use super::answer::{Answer, Refusal, checkpoint, of_state};
use super::query;
use crate::chain::node::Shared;
use crate::chain::state::BeaconState;
use crate::chain::view::View;
use axum::extract::{Path, State};
use crypto::spec::{Root, Slot};
use serde_json::json;
use std::sync::Arc;

/// The state an id names: `head`, `genesis`, `finalized`, `justified`, a slot or a state root.
pub(super) fn resolve(view: &View, id: &str) -> Result<Arc<BeaconState>, Refusal> {
    let state = match id {
        "head" => Some(view.head()),
        "genesis" => Some(view.genesis_state()),
        "finalized" => view.state_of(view.finalized()),
        "justified" => view.state_of(view.head().current_justified),
        root if root.starts_with("0x") => {
            let root: Root = root.parse().map_err(|e| Refusal::bad_request(format!("state id: {e}")))?;
            view.find(|state| state.header.state_root == root)
        }
        slot => view.state_at(Slot(query::parse(slot, "state id")?)),
    };
    state.cloned().ok_or_else(|| Refusal::not_found(format!("State not found: {id}")))
}

pub(super) async fn root(State(node): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let view = node.view();
    let state = resolve(&view, &id)?;
    Ok(of_state(&view, &state, json!({ "root": state.header.state_root })))
}

pub(super) async fn fork(State(node): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let view = node.view();
    let state = resolve(&view, &id)?;
    let fork = state.spec.forks.at(state.epoch());
    let data = json!({
        "previous_version": state.spec.forks.before(fork).version,
        "current_version": fork.version,
        "epoch": fork.epoch.to_string(),
    });
    Ok(of_state(&view, &state, data))
}

pub(super) async fn finality_checkpoints(State(node): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let view = node.view();
    let state = resolve(&view, &id)?;
    let data = json!({
        "previous_justified": checkpoint(state.previous_justified),
        "current_justified": checkpoint(state.current_justified),
        "finalized": checkpoint(node.told(state.finalized)),
    });
    Ok(of_state(&view, &state, data))
}
