//! Which beacon nodes to ask, what chain they must serve, and how long to wait for them.

use crate::Error;
use crypto::spec::ChainSpec;
use std::time::Duration;
use url::Url;

/// Most beacon nodes one guardian may configure.
pub const MAX_NODES: usize = 16;

/// Everything [`crate::connect`] needs.
#[derive(Debug, Clone)]
pub struct Config {
    /// The nodes, 1 to [`MAX_NODES`]. Facts are taken from any healthy one; exits are posted to all.
    pub nodes: Vec<NodeConfig>,
    /// The chain they must serve. A node that serves another is refused.
    pub expected: ChainSpec,
    /// How long to wait.
    pub timeouts: Timeouts,
}

/// One beacon or execution node.
#[derive(Clone)]
pub struct NodeConfig {
    /// What logs and errors call it. The URL may hold a password or an API key, so it is never shown whole.
    pub name: String,
    /// Where its API is. `http` or `https`, for an execution node also `ws` or `wss`; a path, a query and user info
    /// are kept for every request.
    pub url: Url,
}

impl std::fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeConfig").field("name", &self.name).field("url", &redacted(&self.url)).finish()
    }
}

/// How long to wait for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a TCP and TLS connection.
    pub connect: Duration,
    /// For a whole answer, from the request's first byte to the body's last.
    pub request: Duration,
    /// For a sign of life from a node that failed last time: short, so that the dead do not hold up the living.
    pub probe: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            request: Duration::from_secs(10),
            probe: Duration::from_secs(2),
        }
    }
}

impl Config {
    /// Checks what can be checked without asking anyone.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let fail = |field: String, problem: &str| Err(Error::Config { field, problem: problem.to_owned() });
        if self.nodes.is_empty() {
            return fail("beacon".into(), "no beacon node is configured; add a [[beacon]] with name and url");
        }
        if self.nodes.len() > MAX_NODES {
            return fail("beacon".into(), &format!("{} nodes, at most {MAX_NODES}", self.nodes.len()));
        }
        let mut names = std::collections::BTreeSet::new();
        for (position, node) in self.nodes.iter().enumerate() {
            check_name(&format!("beacon[{position}].name"), &node.name)?;
            if !names.insert(node.name.as_str()) {
                return fail(format!("beacon[{position}].name"), "another node has this name");
            }
            check_url(&format!("beacon[{position}].url"), &node.url)?;
        }
        Ok(())
    }
}

/// A node's name goes into logs and labels.
pub(crate) fn check_name(field: &str, name: &str) -> Result<(), Error> {
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(Error::Config {
            field: field.to_owned(),
            problem: "must be 1 to 64 printable characters".to_owned(),
        });
    }
    Ok(())
}

/// A beacon node speaks HTTP.
pub(crate) fn check_url(field: &str, url: &Url) -> Result<(), Error> {
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(Error::Config {
            field: field.to_owned(),
            problem: format!(
                "`{}` is no http:// or https:// URL; give the beacon node's REST address, such as http://127.0.0.1:5052",
                redacted(url)
            ),
        });
    }
    Ok(())
}

/// Scheme, host and port: what may be shown of a URL whose user info, path or query may be a credential.
pub(crate) fn redacted(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}
