//! `/v1/logs` and `/v1/key`: which logs there are, and by which keys they are verified.

use super::answer::{Answer, Limited, Refusal, Refusals};
use super::ask::Ask;
use crate::log::Log;
use crate::view::schema;
use axum::response::Response;
use feed::checkpoint::verifier_key;
use feed::{FeedPublicKey, KeyBinding, Origin};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogView {
    /// Its name in paths: `/log/<id>/checkpoint`, `/log/<id>/tile/..`.
    #[schema(example = "3-0")]
    pub id: String,
    /// The first line of its checkpoints, and the name of its key.
    pub origin: String,
    /// Whose it is.
    #[schema(value_type = u16)]
    pub guardian: GuardianIndex,
    /// Entries.
    pub size: u64,
    /// Whether it is the one that is written.
    pub current: bool,
    /// Where its newest checkpoint is.
    #[schema(example = "/log/3-0/checkpoint")]
    pub checkpoint: String,
}

/// What a reader needs to verify the logs: all of it follows from the network id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KeyView {
    /// The network's id: the hash of the definition.
    #[schema(value_type = schema::Hash)]
    pub network: NetworkId,
    /// Whose key it is.
    #[schema(value_type = u16)]
    pub guardian: GuardianIndex,
    /// The first line of the current log's checkpoints; null before there is a log.
    pub origin: Option<String>,
    /// The log's key as `signed-note` writes it; null before there is a log.
    pub vkey: Option<String>,
    /// The guardian's word for its key, an envelope sealed by its identity, base64.
    pub binding: String,
    /// The same of every guardian that it is known of, by number: the keys of their cosignatures.
    #[schema(value_type = BTreeMap<String, String>)]
    pub bindings: BTreeMap<u16, String>,
    /// What the guardians agreed on, whole.
    #[schema(value_type = Object)]
    pub definition: NetworkDefinition,
}

impl LogView {
    fn of(log: &Log, current: bool) -> Self {
        Self {
            id: log.id().to_owned(),
            origin: log.origin().to_string(),
            guardian: log.origin().guardian,
            size: log.size(),
            current,
            checkpoint: format!("/log/{}/checkpoint", log.id()),
        }
    }
}

/// All logs that are served, oldest first.
#[utoipa::path(
    get, path = "/v1/logs", tag = "log",
    responses((status = 200, description = "The logs", body = Answer<Vec<LogView>>), Limited)
)]
pub(super) async fn list(ask: Ask) -> Response {
    let shelf = ask.site.shelf();
    let last = shelf.logs.len().saturating_sub(1);
    let logs: Vec<LogView> =
        shelf.logs.iter().enumerate().map(|(place, log)| LogView::of(log, place == last)).collect();
    ask.answer_now(logs)
}

/// Definition, key and what binds the key to the guardian.
#[utoipa::path(
    get, path = "/v1/key", tag = "log",
    responses((status = 200, description = "Definition, key and binding", body = Answer<KeyView>), Refusals)
)]
pub(super) async fn key(ask: Ask) -> Response {
    let definition = ask.site.definition();
    let shelf = ask.site.shelf();
    let origin = shelf.current().map(Log::origin).copied();
    let guardian = origin.map(|origin| origin.guardian);
    let guardian = guardian.or_else(|| ask.snapshot.as_ref().map(|snapshot| snapshot.status().guardian));
    let Some(guardian) = guardian else { return ask.refuse(&Refusal::starting()) };
    // A mirror's guardian is that of the source that it shows.
    let bindings = ask.site.bindings();
    let binding = bindings.get(&guardian).unwrap_or_else(|| ask.site.binding());
    ask.answer_now(KeyView {
        network: definition.id(),
        guardian,
        origin: origin.map(|origin| origin.to_string()),
        vkey: origin.and_then(|origin| vkey(binding, definition, &origin)),
        binding: text(binding),
        bindings: bindings.iter().map(|(of, binding)| (of.0, text(binding))).collect(),
        definition: NetworkDefinition::clone(definition),
    })
}

fn vkey(binding: &KeyBinding, definition: &NetworkDefinition, origin: &Origin) -> Option<String> {
    let key: FeedPublicKey = binding.open(definition, origin.guardian).ok()?;
    Some(verifier_key(origin, &key))
}

fn text(binding: &KeyBinding) -> String {
    serde_json::to_value(binding).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
