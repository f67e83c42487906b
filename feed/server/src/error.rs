//! What can go wrong while a mirror is set up or follows a guardian.

use std::path::PathBuf;

/// Every kind of failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No source to follow, or too many.
    #[error("{found} sources to mirror; name 1 to {most}")]
    Sources {
        /// How many were named.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// An address is none of a feed.
    #[error("{url} cannot be mirrored: {problem}; name a feed as http:// or https:// with a host")]
    Address {
        /// As it was named.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// The HTTP client cannot be made.
    #[error("no HTTP client: {0}; check the machine's certificates")]
    Client(String),
    /// A source does not answer, or not with what it should.
    #[error("{what} not fetched: {problem}; it is tried again")]
    Fetch {
        /// What was asked for.
        what: String,
        /// What is wrong.
        problem: String,
    },
    /// A source served what does not verify.
    #[error("{what} does not verify: {problem}; nothing of it is served")]
    Lie {
        /// What was served.
        what: String,
        /// What is wrong.
        problem: String,
    },
    /// No source gave the definition of the network in time.
    #[error(
        "no source gave the definition of network {network} within {seconds} s ({problem}); check the addresses and the id"
    )]
    Definition {
        /// The network's id.
        network: String,
        /// How long was waited.
        seconds: u64,
        /// The last problem.
        problem: String,
    },
    /// The disk's.
    #[error("{path}: {problem}; check its rights and space")]
    Disk {
        /// Where.
        path: PathBuf,
        /// What.
        problem: std::io::Error,
    },
}
