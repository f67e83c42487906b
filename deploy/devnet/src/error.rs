//! The one error type of this crate.

use std::path::PathBuf;

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
    /// An execution node does not do what it should.
    #[error("execution node, {doing}: {problem}")]
    Execution {
        /// What was asked of it.
        doing: String,
        /// What it said.
        problem: String,
    },
    /// A contract reverted a call.
    #[error("the contract refuses `{call}`: {reason}")]
    Refused {
        /// The function's signature.
        call: &'static str,
        /// The contract's error by name, such as `InvalidVTAmount` or `Panic(0x11)`, with its arguments.
        reason: String,
    },
    /// Keys or shares were refused.
    #[error(transparent)]
    Crypto(#[from] crypto::Error),
    /// A file or folder could not be read or written.
    #[error("{action} {path}: {source}")]
    File {
        /// What was tried, such as `cannot write`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program that nobody here wrote, such as anvil, is not there or does not do what it should.
    #[error("{name} {problem}")]
    Peer {
        /// Which.
        name: &'static str,
        /// What is wrong, and what to do about it where something can be done.
        problem: String,
    },
    /// The folder for the devnet is in use.
    #[error("{path} is not empty; choose another folder with --dir, or remove it")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A program could not be started, or a port not be had.
    #[error("{action}: {source}")]
    System {
        /// What was tried.
        action: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A command of the guardian program failed.
    #[error("`guardian {command}` failed ({status}):\n{output}")]
    Command {
        /// The arguments.
        command: String,
        /// How it ended.
        status: String,
        /// What it said, both streams.
        output: String,
    },
    /// A guardian process is not running.
    #[error("guardian {name} is not running ({status}); its log is {log}")]
    NotRunning {
        /// Which.
        name: String,
        /// How it ended, or that it was not started.
        status: String,
        /// Where it logged.
        log: PathBuf,
    },
    /// A guardian's status could not be read.
    #[error("guardian {name} does not tell its status: {problem}")]
    Status {
        /// Which.
        name: String,
        /// Why not.
        problem: String,
    },
    /// Something happened in a story that must not.
    #[error("{problem}")]
    Unexpected {
        /// What.
        problem: String,
    },
    /// The story did not come to its end in time.
    #[error("not finished after {seconds} s: still waiting for {waiting_for}")]
    Deadline {
        /// The time it had.
        seconds: u64,
        /// What had not happened yet.
        waiting_for: String,
    },
}
