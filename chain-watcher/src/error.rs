//! The one error type of this crate.

use crypto::spec::Slot;

/// What can go wrong with beacon and execution nodes. No variant carries a URL's credentials.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be used.
    #[error("{field}: {problem}")]
    Config {
        /// The field, as the configuration file calls it.
        field: String,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// The HTTP client could not be made.
    #[error("HTTP client for beacon node `{node}`: {problem}")]
    Client {
        /// The node's name.
        node: String,
        /// What the client said.
        problem: String,
    },
    /// A node serves another chain than the network is for.
    #[error(
        "beacon node `{node}` serves another chain: {field} is {found}, expected {expected}; point it at the right chain or remove it"
    )]
    WrongNetwork {
        /// The node's name.
        node: String,
        /// The first field that differs, as the Beacon API calls it.
        field: String,
        /// What the network definition says.
        expected: String,
        /// What the node says.
        found: String,
    },
    /// No answer: refused, timed out, reset.
    #[error("beacon node `{node}` does not answer ({endpoint}): {problem}")]
    Unreachable {
        /// The node's name.
        node: String,
        /// What was asked.
        endpoint: String,
        /// What happened.
        problem: String,
    },
    /// An answer with an error status.
    #[error("beacon node `{node}` answered {status} ({endpoint}): {text}")]
    Refused {
        /// The node's name.
        node: String,
        /// What was asked.
        endpoint: String,
        /// HTTP status.
        status: u16,
        /// The node's words, at most 256 characters.
        text: String,
    },
    /// An answer that does not say what the Beacon API says it should.
    #[error("beacon node `{node}` gave an answer that cannot be used ({endpoint}): {problem}")]
    Malformed {
        /// The node's name.
        node: String,
        /// What was asked.
        endpoint: String,
        /// What is wrong with the answer.
        problem: String,
    },
    /// Slots that cannot be searched at once.
    #[error("slots {from} to {to} cannot be searched: give a first and a last one, at most {max} in all")]
    SlotRange {
        /// The first.
        from: Slot,
        /// The last.
        to: Slot,
        /// Most slots of one search.
        max: u64,
    },
    /// No beacon node could say what was asked.
    #[error("no node could say ({question}): {causes}; ask again later, or add one that keeps all blocks")]
    NoAnswer {
        /// What was asked.
        question: String,
        /// One cause for each node.
        causes: String,
    },
    /// An execution node serves another chain than the contracts are on.
    #[error(
        "execution node `{node}` serves chain {found}, the contracts are on chain {expected}; point it at the right chain or remove it"
    )]
    WrongChain {
        /// The node's name.
        node: String,
        /// Chain id of the network definition.
        expected: u64,
        /// Chain id of the node.
        found: u64,
    },
    /// There is no contract where one should be.
    #[error(
        "execution node `{node}` knows no contract at {address} ({field}); correct `{field}` in the network definition, or wait until it is deployed and the node is synced"
    )]
    NotDeployed {
        /// The node's name.
        node: String,
        /// Which contract, as the network definition calls it.
        field: String,
        /// Where it should be.
        address: crypto::execution::Address,
    },
    /// An execution node gave no usable answer.
    #[error("execution node `{node}`: {problem}")]
    ExecutionNode {
        /// The node's name.
        node: String,
        /// What happened, at most 300 characters.
        problem: String,
    },
    /// None of the configured nodes can be believed.
    #[error("no node could be checked: {causes}; start one, or correct its url")]
    NoNode {
        /// One cause for each node.
        causes: String,
    },
}
