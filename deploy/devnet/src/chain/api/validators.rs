//! `/eth/v1/beacon/states/{state_id}/validators`: by query, by body, and one by one.

use super::answer::{Answer, Refusal, of_state};
use super::{query, states};
use crate::chain::node::{Dialect, Shared};
use crate::chain::state::BeaconState;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use crypto::spec::{BlsPubkey, ValidatorIndex};
use crypto::validator::ValidatorStatus;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) async fn by_query(
    State(node): State<Arc<Shared>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let dialect = node.behaviour.borrow().dialect;
    let ids = query::list(query.as_deref(), "id", dialect);
    if dialect == Dialect::Lodestar15 && ids.iter().any(|id| id.contains(',')) {
        return select(&node, &id, &["18446744073709551615".into()], &[]);
    }
    select(&node, &id, &ids, &query::list(query.as_deref(), "status", dialect))
}

/// The body of the POST form: both lists optional.
#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    ids: Option<Vec<String>>,
    #[serde(default)]
    statuses: Option<Vec<String>>,
}

pub(super) async fn by_body(State(node): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Answer {
    if node.behaviour.borrow().dialect == Dialect::Lodestar15 {
        return Err(Refusal::not_found(format!(
            "Route POST:/eth/v1/beacon/states/{id}/validators not found"
        )));
    }
    let filter: Filter =
        serde_json::from_slice(&body).map_err(|e| Refusal::bad_request(format!("invalid body: {e}")))?;
    select(&node, &id, &filter.ids.unwrap_or_default(), &filter.statuses.unwrap_or_default())
}

pub(super) async fn single(
    State(node): State<Arc<Shared>>,
    Path((state_id, validator_id)): Path<(String, String)>,
) -> Answer {
    let view = node.view();
    let state = states::resolve(&view, &state_id)?;
    let found = find(&state, &validator_id)?.and_then(|index| describe(&state, index));
    let validator =
        found.ok_or_else(|| Refusal::not_found(format!("Validator not found: {validator_id}")))?;
    Ok(of_state(&view, &state, validator.0))
}

/// Validators of the given ids (all when none is given) in one of the given statuses (any when none is given).
/// Unknown validators are left out, as the standard says; each is listed once, by index.
fn select(node: &Shared, state_id: &str, ids: &[String], statuses: &[String]) -> Answer {
    let view = node.view();
    let state = states::resolve(&view, state_id)?;
    let statuses = statuses.iter().map(|text| parse_status(text)).collect::<Result<Vec<_>, _>>()?.concat();
    let wanted: BTreeSet<ValidatorIndex> = if ids.is_empty() {
        (0..state.validators.len() as u64).map(ValidatorIndex).collect()
    } else {
        let found: Vec<_> = ids.iter().map(|id| find(&state, id)).collect::<Result<_, _>>()?;
        found.into_iter().flatten().collect()
    };
    let validators = wanted
        .into_iter()
        .filter_map(|index| describe(&state, index))
        .filter(|(_, status)| statuses.is_empty() || statuses.contains(status))
        .map(|(validator, _)| validator)
        .collect();
    Ok(of_state(&view, &state, Value::Array(validators)))
}

/// The index an id means, when the state knows it: a number or a public key.
fn find(state: &BeaconState, id: &str) -> Result<Option<ValidatorIndex>, Refusal> {
    if !id.starts_with("0x") {
        return Ok(Some(ValidatorIndex(query::parse(id, "validator id")?)));
    }
    let key: BlsPubkey = id.parse().map_err(|e| Refusal::bad_request(format!("validator id: {e}")))?;
    Ok((0..).zip(&state.validators).find(|(_, v)| v.pubkey == key).map(|(index, _)| ValidatorIndex(index)))
}

/// A validator in JSON, and its status.
fn describe(state: &BeaconState, index: ValidatorIndex) -> Option<(Value, ValidatorStatus)> {
    let validator = state.validator(index)?;
    let balance = *state.balances.get(usize::try_from(index.0).ok()?)?;
    let status = validator.status(state.epoch(), balance);
    let value = json!({
        "index": index.to_string(),
        "balance": balance.to_string(),
        "status": status,
        "validator": {
            "pubkey": validator.pubkey,
            "withdrawal_credentials": validator.withdrawal_credentials,
            "effective_balance": validator.effective_balance.to_string(),
            "slashed": validator.slashed,
            "activation_eligibility_epoch": validator.activation_eligibility_epoch.to_string(),
            "activation_epoch": validator.activation_epoch.to_string(),
            "exit_epoch": validator.exit_epoch.to_string(),
            "withdrawable_epoch": validator.withdrawable_epoch.to_string(),
        },
    });
    Some((value, status))
}

/// A status, or one of the four words that stand for several.
fn parse_status(text: &str) -> Result<Vec<ValidatorStatus>, Refusal> {
    use ValidatorStatus::*;
    Ok(match text {
        "pending" => vec![PendingInitialized, PendingQueued],
        "active" => vec![ActiveOngoing, ActiveExiting, ActiveSlashed],
        "exited" => vec![ExitedUnslashed, ExitedSlashed],
        "withdrawal" => vec![WithdrawalPossible, WithdrawalDone],
        exact => vec![
            serde_json::from_value(json!(exact))
                .map_err(|_| Refusal::bad_request(format!("unknown validator status `{exact}`")))?,
        ],
    })
}
