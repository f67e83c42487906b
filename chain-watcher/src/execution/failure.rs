//! What a node did instead of answering, and what follows from it. Nodes differ in codes and agree little in words, so
//! both are looked at.

use crate::endpoint::capped;
use alloy::primitives::Bytes;
use alloy::rpc::json_rpc::{ErrorPayload, RpcError};
use alloy::transports::{TransportError, TransportErrorKind};
use serde_json::value::RawValue;
use std::time::Duration;

/// Longest pause that a node can ask for.
const MAX_REST: Duration = Duration::from_secs(60);

/// An answer larger than we take.
#[derive(Debug, thiserror::Error)]
#[error("the answer is larger than {0} bytes")]
pub(crate) struct TooLarge(pub(crate) usize);

/// Why there is no answer. Words are at most 256 characters, without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It was not reached: refused, reset, no connection.
    Silent(String),
    /// It did not answer in time.
    Slow,
    /// It wants to be asked less often; at least so long a pause if it said so.
    Resting(Option<Duration>),
    /// The question asked for too much at once.
    TooMuch(String),
    /// It no longer has, or does not yet have, what the answer needs.
    Lacks(String),
    /// It does not know the method, or no batches.
    Unsupported(String),
    /// A call reverted, with what the contract said.
    Reverted(Bytes),
    /// Anything else it refused.
    Refused(String),
    /// It answered what cannot be.
    Malformed(String),
    /// It answered a call with nothing: there is no contract in that state.
    NoContract(String),
    /// Nodes say different things, and nothing tells who is right.
    Contradicted,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Silent(text) => write!(f, "does not answer: {text}"),
            Self::Slow => write!(f, "does not answer in time"),
            Self::Resting(_) => write!(f, "limits how often it is asked"),
            Self::TooMuch(text) => write!(f, "refuses to answer so much at once: {text}"),
            Self::Lacks(text) => write!(f, "does not have the data: {text}"),
            Self::Unsupported(text) => write!(f, "does not know the method: {text}"),
            Self::Reverted(data) => write!(f, "the call reverted: {}", capped(&data.to_string())),
            Self::Refused(text) => write!(f, "refuses: {text}"),
            Self::Malformed(text) | Self::NoContract(text) => {
                write!(f, "gave an answer that cannot be used: {text}")
            }
            Self::Contradicted => write!(f, "nodes contradict each other"),
        }
    }
}

impl Failure {
    pub(crate) fn malformed(text: impl AsRef<str>) -> Self {
        Self::Malformed(capped(text.as_ref()))
    }

    /// Whether it is about the node and not about the question: the next question would fare no better.
    pub(crate) fn is_of_the_node(&self) -> bool {
        matches!(self, Self::Silent(_) | Self::Slow | Self::Resting(_))
    }

    /// Changes the words, where there are any of the node.
    pub(crate) fn map_text(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Silent(text) => Self::Silent(change(text)),
            Self::TooMuch(text) => Self::TooMuch(change(text)),
            Self::Lacks(text) => Self::Lacks(change(text)),
            Self::Unsupported(text) => Self::Unsupported(change(text)),
            Self::Refused(text) => Self::Refused(change(text)),
            Self::Malformed(text) => Self::Malformed(change(text)),
            Self::NoContract(text) => Self::NoContract(change(text)),
            Self::Slow | Self::Resting(_) | Self::Reverted(_) | Self::Contradicted => self,
        }
    }

    pub(crate) fn of(error: TransportError) -> Self {
        match error {
            RpcError::ErrorResp(payload) => Self::of_refusal(&payload),
            RpcError::NullResp => Self::malformed("null"),
            RpcError::DeserError { err, .. } => Self::malformed(err.to_string()),
            RpcError::Transport(kind) => Self::of_transport(&kind),
            RpcError::UnsupportedFeature(text) => Self::Unsupported(capped(text)),
            RpcError::LocalUsageError(error) => Self::Refused(capped(&error.to_string())),
            RpcError::SerError(error) => Self::Refused(capped(&error.to_string())),
        }
    }

    fn of_transport(kind: &TransportErrorKind) -> Self {
        if let Some(http) = kind.as_http_error() {
            let text = format!("HTTP status {}: {}", http.status, http.body);
            return match http.status {
                429 => Self::Resting(kind.retry_after().map(|pause| pause.min(MAX_REST))),
                413 => Self::TooMuch(capped(&text)),
                503 if kind.retry_after().is_some() => {
                    Self::Resting(kind.retry_after().map(|pause| pause.min(MAX_REST)))
                }
                408 | 504 => Self::Slow,
                _ => Self::of_words(0, &text),
            };
        }
        match kind {
            TransportErrorKind::Custom(error) if error.downcast_ref::<TooLarge>().is_some() => {
                Self::TooMuch(capped(&error.to_string()))
            }
            TransportErrorKind::MissingBatchResponse(_) => {
                Self::malformed("an answer is missing in the batch")
            }
            other => Self::Silent(capped(&other.to_string())),
        }
    }

    fn of_refusal(payload: &ErrorPayload<Box<RawValue>>) -> Self {
        if let Some(data) = reverted(payload) {
            return Self::Reverted(data);
        }
        Self::of_words(payload.code, &payload.message)
    }

    /// The order counts: a message about too many results may have the code of a rate limit, and one about a rate
    /// limit may speak of a limit.
    fn of_words(code: i64, message: &str) -> Self {
        let words = message.to_lowercase();
        let says = |any: &[&str]| any.iter().any(|part| words.contains(part));
        let text = || capped(message);
        if says(&RATE) {
            return Self::Resting(None);
        }
        if says(&TOO_MUCH) {
            return Self::TooMuch(text());
        }
        if says(&LACKS) || code == PRUNED_HISTORY {
            return Self::Lacks(text());
        }
        match code {
            LIMIT_EXCEEDED | 429 => Self::Resting(None),
            METHOD_NOT_FOUND => Self::Unsupported(text()),
            _ if says(&UNSUPPORTED) => Self::Unsupported(text()),
            _ => Self::Refused(text()),
        }
    }
}

/// EIP-1474.
const LIMIT_EXCEEDED: i64 = -32005;
/// JSON-RPC 2.0.
const METHOD_NOT_FOUND: i64 = -32601;
/// EIP-4444, as clients answer it.
const PRUNED_HISTORY: i64 = 4444;

/// Infura, Alchemy, QuickNode, public gateways.
const RATE: [&str; 10] = [
    "rate limit",
    "rate-limit",
    "ratelimit",
    "too many requests",
    "request limit",
    "requests per second",
    "request rate",
    "compute units",
    "throughput",
    "daily request count",
];
/// "query returned more than 10000 results" (Infura, Erigon), "Log response size exceeded" (Alchemy), "limited to a
/// 10,000 range" (QuickNode), "query exceeds max results", "exceed maximum block range", "query timeout exceeded"
/// (geth, reth), "Too many logs requested" (Nethermind), "Requested range exceeds maximum RPC range limit" (Besu),
/// "block range is too wide" (Ankr).
const TOO_MUCH: [&str; 18] = [
    "more than",
    "max results",
    "response size",
    "response too large",
    "response is too big",
    "too many logs",
    "too many results",
    "too many blocks",
    "block range",
    "blocks range",
    "range limit",
    "limited to",
    "too wide",
    "too large",
    "max range",
    "ranges over",
    "timeout",
    "timed out",
];
/// geth, Erigon, reth, Nethermind, Besu, anvil; the last ones of nodes that lag.
const LACKS: [&str; 14] = [
    "missing trie node",
    "pruned",
    "pruning",
    "historical state",
    "state histories",
    "state is not available",
    "state not available",
    "no state available",
    "world state unavailable",
    "archive",
    "header not found",
    "block not found",
    "unknown block",
    "outofrange",
];
const UNSUPPORTED: [&str; 4] = ["not supported", "does not exist", "not available", "not found"];

/// What a contract said when a call reverted; empty when it said nothing.
fn reverted(payload: &ErrorPayload<Box<RawValue>>) -> Option<Bytes> {
    /// "execution reverted" by most; Nethermind and Parity say it in other words.
    const EXECUTION_REVERTED: i64 = 3;
    let words = payload.message.to_lowercase();
    if payload.code != EXECUTION_REVERTED && !words.contains("revert") {
        return None;
    }
    let data = payload.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok());
    Some(data.and_then(|data| first_hex(&data, 0)).unwrap_or_default())
}

/// Some put the bytes in `data`, some deeper, some behind a word.
fn first_hex(value: &serde_json::Value, depth: u8) -> Option<Bytes> {
    match value {
        serde_json::Value::String(text) => {
            text.split_whitespace().find(|word| word.starts_with("0x"))?.parse().ok()
        }
        serde_json::Value::Object(fields) if depth < 4 => {
            fields.values().find_map(|field| first_hex(field, depth + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
