//! The Beacon API (ethereum/beacon-APIs) over one node's view of the chain.

mod answer;
mod beacon;
mod blocks;
mod events;
mod liveness;
mod node;
mod pool;
mod query;
mod states;
mod validators;

use super::node::Shared;
use answer::Refusal;
use axum::Router;
use axum::routing::{get, post};
use std::sync::Arc;

/// The routes of one node.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/eth/v1/node/health", get(node::health))
        .route("/eth/v1/node/syncing", get(node::syncing))
        .route("/eth/v1/node/version", get(node::version))
        .route("/eth/v1/beacon/genesis", get(beacon::genesis))
        .route("/eth/v1/config/spec", get(beacon::spec))
        .route("/eth/v1/config/fork_schedule", get(beacon::fork_schedule))
        .route("/eth/v1/beacon/headers/{block_id}", get(blocks::header))
        .route("/eth/v2/beacon/blocks/{block_id}", get(blocks::block))
        .route("/eth/v1/beacon/states/{state_id}/root", get(states::root))
        .route("/eth/v1/beacon/states/{state_id}/fork", get(states::fork))
        .route("/eth/v1/beacon/states/{state_id}/finality_checkpoints", get(states::finality_checkpoints))
        .route(
            "/eth/v1/beacon/states/{state_id}/validators",
            get(validators::by_query).post(validators::by_body),
        )
        .route("/eth/v1/beacon/states/{state_id}/validators/{validator_id}", get(validators::single))
        .route("/eth/v1/beacon/pool/voluntary_exits", get(pool::voluntary_exits).post(pool::submit))
        .route("/eth/v1/validator/liveness", get(liveness::by_query))
        .route("/eth/v1/validator/liveness/{epoch}", post(liveness::by_body))
        .route("/eth/v1/events", get(events::stream))
        .fallback(async || Refusal::not_found("no such endpoint"))
        .method_not_allowed_fallback(async || Refusal::new(405, "no such method of this endpoint"))
        .with_state(shared)
}

#[cfg(test)]
mod tests;
