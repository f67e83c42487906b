//! Which execution nodes to ask, which contracts to watch, and how patient to be.

use crate::config::{MAX_NODES, NodeConfig, Timeouts, check_name, redacted};
use crate::error::Error;
use crypto::execution::{Address, BlockNumber};
use std::collections::BTreeSet;
use std::time::Duration;
use url::Url;

/// Everything [`crate::execution::connect`] needs.
#[derive(Debug, Clone)]
pub struct Config {
    /// The nodes, 1 to 16, each `http`, `https`, `ws` or `wss`.
    pub nodes: Vec<NodeConfig>,
    /// `eth_chainId` of the chain that the contracts are on. A node that serves another is refused.
    pub chain_id: u64,
    /// Address of `PufferProtocol`.
    pub protocol: Address,
    /// Address of `GuardianModule`.
    pub guardian_module: Address,
    /// Address of our `ExitProposals`, if the network has one. It may have been deployed later than the others.
    pub exit_proposals: Option<Address>,
    /// The block in which the protocol contract was deployed, or any before it: where the first scan begins.
    pub deployed: BlockNumber,
    /// How long to wait for an answer.
    pub timeouts: Timeouts,
    /// How often to look for something new. A block's time is a good choice.
    pub poll: Duration,
}

impl Config {
    /// Checks what can be checked without asking anyone.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let fail = |field: String, problem: String| Err(Error::Config { field, problem });
        if self.nodes.is_empty() {
            return fail(
                "execution".into(),
                "no execution node is configured; add an [[execution]] with name and url".into(),
            );
        }
        if self.nodes.len() > MAX_NODES {
            return fail("execution".into(), format!("{} nodes, at most {MAX_NODES}", self.nodes.len()));
        }
        let mut names = BTreeSet::new();
        for (position, node) in self.nodes.iter().enumerate() {
            let field = |name: &str| format!("execution[{position}].{name}");
            check_name(&field("name"), &node.name)?;
            if !names.insert(node.name.as_str()) {
                return fail(field("name"), "another node has this name".into());
            }
            check_url(&field("url"), &node.url)?;
        }
        if self.protocol == self.guardian_module {
            return fail(
                "contracts.guardian_module".into(),
                "is the address of `contracts.protocol`; give the address of the guardian module".into(),
            );
        }
        for (name, other) in [("protocol", self.protocol), ("guardian_module", self.guardian_module)] {
            if self.exit_proposals == Some(other) {
                return fail(
                    "contracts.exit_proposals".into(),
                    format!(
                        "is the address of `contracts.{name}`; give the address of the exit proposals contract"
                    ),
                );
            }
        }
        if self.poll.is_zero() {
            return fail("poll".into(), "must be longer than nothing".into());
        }
        Ok(())
    }
}

/// An execution node speaks JSON-RPC over HTTP or a websocket.
fn check_url(field: &str, url: &Url) -> Result<(), Error> {
    let speaks = matches!(url.scheme(), "http" | "https" | "ws" | "wss");
    if !speaks || url.host_str().is_none_or(str::is_empty) {
        return Err(Error::Config {
            field: field.to_owned(),
            problem: format!(
                "`{}` is no http://, https://, ws:// or wss:// URL; give the execution node's JSON-RPC address, such as http://127.0.0.1:8545",
                redacted(url)
            ),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
