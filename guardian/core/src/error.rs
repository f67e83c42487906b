//! The one error type of this crate: we were misused or misconfigured. A peer's misbehaviour is a
//! [`crate::fault::Fault`], never one of these.

/// What can be wrong with what this guardian was given by its own operator or its own store.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[non_exhaustive]
pub enum Error {
    /// A field of a network definition has a value that cannot be.
    #[error("network definition: `{field}` {problem}")]
    Definition {
        /// Path of the field, as in the TOML.
        field: String,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// A ceremony that cannot be.
    #[error("ceremony: `{field}` {problem}")]
    Ceremony {
        /// The field.
        field: &'static str,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// The journal tells a story that cannot have happened.
    #[error("journal record {at} contradicts the records before it: {problem}")]
    Journal {
        /// Position of the record, from 0.
        at: usize,
        /// The contradiction.
        problem: String,
    },
}
