//! Parameters and errors of JSON-RPC.

use alloy::primitives::Bytes;
use alloy::sol_types::decode_revert_reason;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An error object. The codes are those clients know from geth.
#[derive(Debug, Serialize)]
pub(in crate::execution) struct Failure {
    code: i64,
    message: String,
    /// What a contract reverted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Bytes>,
}

impl Failure {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The request cannot be read.
    pub(in crate::execution) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    /// The request cannot be served.
    pub(in crate::execution) fn server(message: impl Into<String>) -> Self {
        Self::new(-32000, message)
    }

    /// The request wants too much.
    pub(in crate::execution) fn limit(message: impl Into<String>) -> Self {
        Self::new(-32005, message)
    }

    /// A contract reverted with this data.
    pub(super) fn reverted(data: Bytes) -> Self {
        let reason = decode_revert_reason(&data).filter(|_| !data.is_empty());
        let message = reason.map_or_else(
            || "execution reverted".to_owned(),
            |reason| format!("execution reverted: {}", reason.trim_start_matches("revert: ")),
        );
        Self { code: 3, message, data: Some(data) }
    }
}

/// Positional parameters.
pub(super) struct Params(Vec<Value>);

impl Params {
    pub(super) fn new(params: Value) -> Self {
        match params {
            Value::Array(list) => Self(list),
            Value::Null => Self(Vec::new()),
            single => Self(vec![single]),
        }
    }

    /// A parameter that must be there.
    pub(super) fn get<T: DeserializeOwned>(&self, place: usize) -> Result<T, Failure> {
        self.optional(place)?
            .ok_or_else(|| Failure::invalid_params(format!("missing value for required argument {place}")))
    }

    /// A parameter that may be absent or null.
    pub(super) fn optional<T: DeserializeOwned>(&self, place: usize) -> Result<Option<T>, Failure> {
        match self.0.get(place) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value)
                .map(Some)
                .map_err(|error| Failure::invalid_params(format!("invalid argument {place}: {error}"))),
        }
    }
}

/// An answer in JSON.
pub(super) fn json(answer: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|error| Failure::new(-32603, error.to_string()))
}
