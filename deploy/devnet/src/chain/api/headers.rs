//! `/eth/v1/beacon/headers/{block_id}`.

use super::answer::{Answer, Refusal, of_state};
use super::states;
use crate::chain::node::Shared;
use axum::extract::{Path, State};
use crypto::spec::Root;
use serde_json::json;
use std::sync::Arc;

/// There is a block in every slot, so block ids name states; only roots differ.
pub(super) async fn header(State(node): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let view = node.view();
    let state = if id.starts_with("0x") {
        let root: Root = id.parse().map_err(|e| Refusal::bad_request(format!("block id: {e}")))?;
        let found = view.find(|state| state.header.root() == root).cloned();
        found.ok_or_else(|| Refusal::not_found(format!("Block not found: {id}")))?
    } else {
        states::resolve(&view, &id)?
    };
    let header = state.header;
    let data = json!({
        "root": header.root(),
        "canonical": true,
        "header": {
            "message": {
                "slot": header.slot.to_string(),
                "proposer_index": header.proposer_index.to_string(),
                "parent_root": header.parent_root,
                "state_root": header.state_root,
                "body_root": header.body_root,
            },
            // Blocks of this chain are not signed; this is the compressed point at infinity.
            "signature": format!("0xc0{}", "00".repeat(95)),
        },
    });
    Ok(of_state(&view, &state, data))
}
