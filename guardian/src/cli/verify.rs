//! `guardian verify`: what the guardians sign, verified by anybody, without a guardian and without a node.

use super::{Misused, Output, print, print_json};
use crate::{Error, definition, file};
use anyhow::anyhow;
use guardian_core::guardian_set::NetworkDefinition;
use serde_json::Value;
use std::path::Path;

mod deposit;
mod exit;
mod group;

const EXAMPLES: &str = "\
Examples:
  guardian verify group --key 0x02f3... --message 0x5f1d... --signature 0x03a9...
  guardian verify exit exit.json --network network.toml --pubkey 0x8a3f...
  guardian verify deposit deposit_data.json --network network.toml

Exit code 0 when it is valid, 1 when it is not, 2 when the input cannot be read.";

/// Verify a signature of the network's key, a signed exit or deposit data, offline
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum Verify {
    /// A signature of the network's own key
    Group(Box<group::Group>),
    /// A signed voluntary exit
    Exit(exit::Exit),
    /// Deposit data
    Deposit(deposit::Deposit),
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Group(command) => command.run(),
            Self::Exit(command) => command.run(),
            Self::Deposit(command) => command.run(),
        }
    }
}

/// Says how it came out. What is not valid is an error, so that the exit code is 1.
fn conclude(output: Output, value: &Value, text: &str, fault: Option<String>) -> anyhow::Result<()> {
    if output.json {
        print_json(value)?;
    } else if fault.is_none() {
        print(text)?;
    }
    fault.map_or(Ok(()), |fault| Err(anyhow!("NOT valid: {fault}")))
}

/// Input that cannot be read: exit code 2.
fn unreadable(problem: impl std::fmt::Display) -> anyhow::Error {
    Misused(problem.to_string()).into()
}

/// Reads a network definition.
///
/// # Errors
/// Exit code 2.
pub(super) fn network(path: &Path) -> anyhow::Result<NetworkDefinition> {
    definition::load(path).map_err(told)
}

/// Reads a file of JSON of at most `limit` bytes.
///
/// # Errors
/// Exit code 2.
fn document(path: &Path, what: &'static str, limit: u64) -> anyhow::Result<Value> {
    let bytes = file::read(path, what, limit).map_err(told)?;
    serde_json::from_slice(&bytes).map_err(|e| {
        unreadable(format!("{}: is no JSON ({e}); give the file as it was made", path.display()))
    })
}

/// An error with its cause, for exit code 2.
pub(super) fn told(error: Error) -> anyhow::Error {
    unreadable(format!("{:#}", anyhow::Error::from(error)))
}

/// A field that is text, read as what it should be.
///
/// # Errors
/// What is wrong with it, with its name.
fn field<T: std::str::FromStr<Err: std::fmt::Display>>(object: &Value, name: &str) -> Result<T, String> {
    match object.get(name) {
        Some(Value::String(text)) => text.parse().map_err(|e| format!("`{name}`: {e}")),
        Some(_) => Err(format!("`{name}` is no text in quotes")),
        None => Err(format!("`{name}` is missing")),
    }
}

/// As [`field`], None where it is missing.
///
/// # Errors
/// As [`field`].
fn optional<T: std::str::FromStr<Err: std::fmt::Display>>(
    object: &Value,
    name: &str,
) -> Result<Option<T>, String> {
    object.get(name).map(|_| field(object, name)).transpose()
}
