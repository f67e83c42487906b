//! The one error type of this crate.

/// What can stop the devnet or one of its parts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The chain was configured with something that cannot be.
    #[error("chain configuration: `{field}` {problem}")]
    Config {
        /// Which field.
        field: &'static str,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// The task that owns the chain has ended.
    #[error("the embedded chain has stopped")]
    ChainStopped,
    /// A beacon node of the devnet could not listen.
    #[error("beacon node {node} cannot listen on {address}: {source}")]
    Listen {
        /// Name of the node.
        node: String,
        /// Where it wanted to listen.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Keys or shares were refused.
    #[error(transparent)]
    Crypto(#[from] crypto::Error),
}
