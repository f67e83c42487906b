//! The one error type of this crate.

use guardian_core::guardian_set::{GuardianIndex, NetworkId};

/// Why something published is not what it should be, and what to do about it.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[non_exhaustive]
pub enum Error {
    /// The first line of a checkpoint is no origin of ours.
    #[error(
        "origin `{found}` is not `guardian-network/<network id>/<guardian>/<life>`; this is no guardian's log"
    )]
    Origin {
        /// It, or its beginning.
        found: String,
    },
    /// Something belongs to another network.
    #[error("{what} is of network {found}, not {expected}; give the id of the network you mean")]
    Network {
        /// The thing that was read.
        what: &'static str,
        /// Whose it is.
        found: NetworkId,
        /// Whose it should be.
        expected: NetworkId,
    },
    /// The definition has no such guardian, or its key cannot be read.
    #[error("guardian {}: {problem}; take the definition from a guardian again", guardian.0)]
    Guardian {
        /// Which.
        guardian: GuardianIndex,
        /// What is wrong with it.
        problem: String,
    },
    /// A guardian did not bind the key that it is said to have bound.
    #[error("the key binding of guardian {} does not hold ({problem}); ask that guardian for `/v1/key`", guardian.0)]
    Binding {
        /// Whose.
        guardian: GuardianIndex,
        /// The stable code of the flaw.
        problem: &'static str,
    },
    /// Bytes that are not a usable Ed25519 key.
    #[error("the feed key is not a point of Ed25519, or a weak one: it is damaged or was made to cheat")]
    FeedKey,
    /// A checkpoint that cannot be read.
    #[error("the checkpoint is malformed: {0}; fetch it again")]
    Note(&'static str),
    /// A checkpoint whose signatures do not hold.
    #[error("the checkpoint of `{origin}` is not to be trusted: {problem}")]
    Signature {
        /// Whose log.
        origin: String,
        /// What is wrong.
        problem: String,
    },
    /// A tree that cannot be, or a place that is not in it.
    #[error("{what} {found} is out of bounds (at most {limit})")]
    Bounds {
        /// The number's name.
        what: &'static str,
        /// The number.
        found: u64,
        /// The largest allowed.
        limit: u64,
    },
    /// A proof that proves nothing.
    #[error("the {what} proof does not hold: the log was changed, or this is the proof of something else")]
    Proof {
        /// Inclusion or consistency.
        what: &'static str,
    },
    /// Hashes of the tree that cannot be had, or do not fit together.
    #[error("tiles of the log cannot be used: {0}; fetch them again, or from another guardian")]
    Tiles(String),
    /// A path that names no tile.
    #[error(
        "`{found}` is no tile: `tile/<level>/<number>` or `tile/entries/<number>`, then maybe `.p/<width>`"
    )]
    TilePath {
        /// It, or its beginning.
        found: String,
    },
    /// An entry of a log that cannot be read.
    #[error("log entry: {0}")]
    Entry(String),
    /// A dossier that cannot be read or put together.
    #[error("dossier: {field}: {problem}")]
    Dossier {
        /// The field at fault, as a JSON path.
        field: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
}

/// At most the first 80 characters, for messages.
pub(crate) fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}
