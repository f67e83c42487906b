//! `guardian feed`: the public feed, verified by anybody, and mirrored.

use super::verify as offline;
use super::{Misused, Output, print, print_json};
use crate::file;
use guardian_core::guardian_set::NetworkId;
use serde::Serialize;
use std::path::{Path, PathBuf};

mod checks;
mod dossier;
mod log;
mod serve;
mod site;
mod verify;

const EXAMPLES: &str = "\
Examples:
  guardian feed verify https://guardian.example --network network.toml --state visits.json
  guardian feed verify https://guardian.example --network-id 0x5f1d... --entry 17
  guardian feed verify https://a.example --against https://b.example --network network.toml
  guardian feed verify --dossier dossier.json --network-id 0x5f1d...
  guardian feed serve --of https://a.example --of https://b.example --network network.toml --listen 0.0.0.0:8450

The network's id is the only thing to trust: get it from the protocol, not from the server.";

/// Verify or mirror the public feed, without trusting who serves it
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum Feed {
    /// Verify a guardian's log, entries of it, two guardians' logs against each other, or a dossier
    Verify(Box<verify::Verify>),
    /// Mirror guardians' feeds: fetch, verify, serve; no key, no secret, nothing of it touches a guardian
    Serve(Box<serve::Serve>),
}

impl Feed {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Verify(command) => command.run(),
            Self::Serve(command) => command.run(),
        }
    }
}

/// Which network is expected: what everything else is checked against.
#[derive(Debug, clap::Args)]
struct Expected {
    /// The network definition
    #[arg(long, value_name = "FILE", conflicts_with = "network_id")]
    network: Option<PathBuf>,
    /// Or its id
    #[arg(long, value_name = "ID")]
    network_id: Option<NetworkId>,
}

impl Expected {
    /// The id.
    ///
    /// # Errors
    /// Exit code 2.
    fn id(&self) -> anyhow::Result<NetworkId> {
        match (&self.network, self.network_id) {
            (Some(path), _) => Ok(offline::network(path)?.id()),
            (None, Some(id)) => Ok(id),
            (None, None) => Err(Misused(
                "which network? Give --network FILE or --network-id ID, known from the protocol: without it \
                 whatever a server says could only be compared with what it says itself"
                    .to_owned(),
            )
            .into()),
        }
    }
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// Exit code 2.
fn read(path: &Path, what: &'static str, limit: u64) -> anyhow::Result<Vec<u8>> {
    file::read(path, what, limit).map(|bytes| bytes.to_vec()).map_err(offline::told)
}

/// Prints what was found, as text or JSON; what does not hold is an error, so that the exit code is 1.
fn conclude(output: Output, found: &checks::Found<impl Serialize>, text: &str) -> anyhow::Result<()> {
    if output.json {
        print_json(found)?;
    } else {
        print(text.trim_end())?;
    }
    if found.ok {
        return Ok(());
    }
    let failed: Vec<&str> = found.failed().collect();
    Err(anyhow::anyhow!("NOT verified: {}", failed.join("; ")))
}
