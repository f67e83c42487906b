//! `/eth/v2/beacon/blocks/{block_id}` and `/eth/v1/beacon/headers/{block_id}`.

use super::answer::{Answer, Refusal, at_slot};
use super::query;
use crate::chain::block::Block;
use crate::chain::node::Shared;
use crate::chain::view::View;
use axum::Json;
use axum::extract::{Path, State};
use crypto::spec::{Root, Slot};
use serde_json::{Value, json};
use std::sync::Arc;

/// The block an id names: `head`, `genesis`, `finalized`, `justified`, a slot or a block root. A slot that has none,
/// or none that is kept, answers 404.
fn resolve(view: &View, id: &str) -> Result<Arc<Block>, Refusal> {
    let first_of = |epoch| view.head().spec.start_slot(epoch);
    let block = match id {
        "head" => view.block_at(view.head().slot),
        "genesis" => view.block_at(Slot(0)),
        "finalized" => view.block_at(first_of(view.finalized().epoch)),
        "justified" => view.block_at(first_of(view.head().current_justified.epoch)),
        root if root.starts_with("0x") => {
            let root: Root = root.parse().map_err(|e| Refusal::bad_request(format!("block id: {e}")))?;
            view.find_block(|block| block.root() == root)
        }
        slot => view.block_at(Slot(query::parse(slot, "block id")?)),
    };
    block.cloned().ok_or_else(|| Refusal::not_found(format!("Block not found: {id}")))
}

/// The block as far as it is kept: of its body only the exits, and empty lists of what never happens here.
pub(super) async fn block(
    State(node): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<([(&'static str, String); 1], Json<Value>), Refusal> {
    let view = node.view();
    let block = resolve(&view, &id)?;
    let header = block.header;
    let data = json!({
        "message": {
            "slot": header.slot.to_string(),
            "proposer_index": header.proposer_index.to_string(),
            "parent_root": header.parent_root,
            "state_root": header.state_root,
            "body": {
                "proposer_slashings": [],
                "attester_slashings": [],
                "deposits": [],
                "voluntary_exits": block.voluntary_exits,
            },
        },
        "signature": no_signature(),
    });
    let spec = &view.head().spec;
    let fork = format!("{:?}", spec.forks.at(spec.epoch_of(header.slot)).name).to_lowercase();
    let Json(mut answer) = at_slot(&view, header.slot, data);
    answer["version"] = json!(fork);
    Ok(([("eth-consensus-version", fork)], Json(answer)))
}

pub(super) async fn header(State(node): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let view = node.view();
    let block = resolve(&view, &id)?;
    let header = block.header;
    let data = json!({
        "root": block.root(),
        "canonical": true,
        "header": {
            "message": {
                "slot": header.slot.to_string(),
                "proposer_index": header.proposer_index.to_string(),
                "parent_root": header.parent_root,
                "state_root": header.state_root,
                "body_root": header.body_root,
            },
            "signature": no_signature(),
        },
    });
    Ok(at_slot(&view, header.slot, data))
}

/// Blocks of this chain are not signed; this is the compressed point at infinity.
fn no_signature() -> String {
    format!("0xc0{}", "00".repeat(95))
}
