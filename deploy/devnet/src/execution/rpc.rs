//! Ethereum JSON-RPC over HTTP POST: single requests and batches.

pub(super) mod answer;
mod blocks;
mod calls;
mod chain;
mod transactions;

use super::node::Shared;
use crate::server::ended;
use answer::{Failure, Params};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// Longest request, bytes.
const MAX_REQUEST: usize = 8 << 20;

/// Most requests of a batch.
const MAX_BATCH: usize = 1000;

/// One request. `id` is given back as it came.
#[derive(Debug, Deserialize)]
struct Request {
    #[serde(default)]
    id: Value,
    method: String,
    #[serde(default)]
    params: Value,
}

/// The one route of a node, at `/`.
pub(super) fn router(shared: Arc<Shared>, stopped: watch::Receiver<bool>) -> Router {
    let serve = async move |State(node): State<Arc<Shared>>, body: Bytes| {
        // A node that stops answers nobody any more, not even on connections that are kept alive.
        tokio::select! {
            response = respond(&node, &body) => response,
            () = ended(stopped.clone()) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    };
    Router::new().route("/", post(serve)).layer(DefaultBodyLimit::max(MAX_REQUEST)).with_state(shared)
}

async fn respond(node: &Shared, body: &[u8]) -> Response {
    if node.behaviour.borrow().silent {
        return std::future::pending().await;
    }
    if over_limit(node) {
        return (StatusCode::TOO_MANY_REQUESTS, "too many requests").into_response();
    }
    let answer = match serde_json::from_slice::<Value>(body) {
        Err(error) => failed(Value::Null, Failure::new(-32700, format!("parse error: {error}"))),
        Ok(Value::Array(batch)) if batch.is_empty() || batch.len() > MAX_BATCH => {
            failed(Value::Null, Failure::new(-32600, format!("a batch holds 1 to {MAX_BATCH} requests")))
        }
        Ok(Value::Array(batch)) => {
            let mut answers = Vec::with_capacity(batch.len());
            for request in batch {
                answers.push(one(node, request).await);
            }
            Value::Array(answers)
        }
        Ok(request) => one(node, request).await,
    };
    Json(answer).into_response()
}

/// Counts a request, and says whether it is one too many.
fn over_limit(node: &Shared) -> bool {
    let Some(limit) = node.behaviour.borrow().requests_per_second else { return false };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut over = false;
    node.requests.send_modify(|(second, count)| {
        *count = if *second == now { count.saturating_add(1) } else { 1 };
        *second = now;
        over = *count > limit;
    });
    over
}

async fn one(node: &Shared, request: Value) -> Value {
    let request: Request = match serde_json::from_value(request) {
        Ok(request) => request,
        Err(error) => return failed(Value::Null, Failure::new(-32600, format!("invalid request: {error}"))),
    };
    match dispatch(node, &request.method, &Params::new(request.params)).await {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": request.id, "result": result }),
        Err(failure) => failed(request.id, failure),
    }
}

fn failed(id: Value, failure: Failure) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": failure })
}

async fn dispatch(node: &Shared, method: &str, params: &Params) -> Result<Value, Failure> {
    let view = node.view();
    match method {
        "eth_chainId" => chain::chain_id(node),
        "net_version" => chain::net_version(node),
        "web3_clientVersion" => chain::client_version(node),
        "eth_syncing" => Ok(Value::Bool(false)),
        "eth_blockNumber" => chain::block_number(&view),
        "eth_gasPrice" => chain::gas_price(&view),
        "eth_maxPriorityFeePerGas" => chain::priority_fee(),
        "eth_feeHistory" => chain::fee_history(&view, params),
        "eth_getBlockByNumber" => blocks::by_number(node, &view, params),
        "eth_getBlockByHash" => blocks::by_hash(&view, params),
        "eth_getLogs" => blocks::logs(node, &view, params),
        "eth_call" => calls::call(node, &view, params),
        "eth_estimateGas" => calls::estimate(node, &view, params),
        "eth_getCode" => calls::code(&view, params),
        "eth_getBalance" => calls::balance(&view, params),
        "eth_getTransactionCount" => calls::nonce(&view, params),
        "eth_getTransactionByHash" => transactions::by_hash(node, &view, params),
        "eth_getTransactionReceipt" => transactions::receipt(&view, params),
        "eth_sendRawTransaction" => transactions::send(node, params).await,
        unknown => {
            let name: String = unknown.chars().take(64).collect();
            Err(Failure::new(-32601, format!("the method {name} does not exist/is not available")))
        }
    }
}

#[cfg(test)]
mod tests;
