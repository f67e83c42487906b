//! `/eth/v1/validator/liveness`: who attested, for epochs within one of the current.

use super::answer::{Answer, Refusal, data};
use super::query;
use crate::chain::node::{Dialect, Shared};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use crypto::spec::Epoch;
use serde_json::{Value, json};
use std::sync::Arc;

/// The standard's form: the epoch in the path, indices as strings in the body.
pub(super) async fn by_body(
    State(node): State<Arc<Shared>>,
    Path(epoch): Path<String>,
    body: Bytes,
) -> Answer {
    if node.behaviour.borrow().dialect == Dialect::Lodestar15 {
        return Err(Refusal::not_found(format!("Route POST:/eth/v1/validator/liveness/{epoch} not found")));
    }
    let epoch = Epoch(query::parse(&epoch, "epoch")?);
    let indices: Vec<String> =
        serde_json::from_slice(&body).map_err(|e| Refusal::bad_request(format!("invalid body: {e}")))?;
    let answers = answers(&node, epoch, &indices)?;
    let list = answers.into_iter().map(|(index, is_live)| json!({ "index": index, "is_live": is_live }));
    Ok(data(list.collect()))
}

/// The form of Lodestar before the standard had one.
pub(super) async fn by_query(State(node): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Answer {
    let dialect = node.behaviour.borrow().dialect;
    if dialect != Dialect::Lodestar15 {
        return Err(Refusal::not_found("no such endpoint"));
    }
    let epoch = Epoch(query::number(query.as_deref(), "epoch")?);
    let answers = answers(&node, epoch, &query::list(query.as_deref(), "indices", dialect))?;
    let list = answers.into_iter().map(|(index, is_live)| -> Value {
        json!({ "index": index, "epoch": epoch.to_string(), "is_live": is_live })
    });
    Ok(data(list.collect()))
}

fn answers(node: &Shared, epoch: Epoch, indices: &[String]) -> Result<Vec<(String, bool)>, Refusal> {
    let head = node.view().head().clone();
    let current = head.epoch();
    if epoch.0.abs_diff(current.0) > 1 {
        return Err(Refusal::bad_request(format!(
            "request epoch {epoch} is more than one epoch from the current epoch {current}"
        )));
    }
    let nobody = Vec::new();
    let flags = match epoch {
        epoch if epoch == current => &head.current_participation,
        epoch if epoch < current => &head.previous_participation,
        _ => &nobody,
    };
    indices
        .iter()
        .map(|text| {
            let index = usize::try_from(query::parse(text, "validator index")?).unwrap_or(usize::MAX);
            Ok((text.clone(), flags.get(index).copied().unwrap_or(false)))
        })
        .collect()
}
