//! A dossier, verified offline.

use super::checks::{Found, lines};
use super::{Output, conclude, read};
use crate::cli::Misused;
use feed::Dossier;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use guardian_core::proposal::ProposalId;
use serde::Serialize;
use std::path::Path;

/// Most bytes of a dossier.
const MAX_DOSSIER: u64 = 64 << 20;

/// What a dossier is about.
#[derive(Debug, Serialize)]
struct Told {
    network: NetworkId,
    guardian: GuardianIndex,
    proposal: ProposalId,
    /// Whether approvals and the signed exit were verified.
    proven_exit: bool,
    /// Slot of the block that has the exit, as this guardian says.
    included: Option<u64>,
}

/// Verifies the dossier in a file against the expected network.
///
/// # Errors
/// Exit code 1 when something in it does not hold, 2 when it cannot be read.
pub(super) fn verify(path: &Path, expected: NetworkId, output: Output) -> anyhow::Result<()> {
    let bytes = read(path, "dossier", MAX_DOSSIER)?;
    let unreadable = |problem: feed::Error| Misused(format!("{}: is no dossier ({problem})", path.display()));
    let dossier = Dossier::decode(&bytes).map_err(unreadable)?;
    let report = dossier.verify(expected).map_err(unreadable)?;
    let told = Told {
        network: report.network,
        guardian: report.guardian,
        proposal: report.proposal,
        proven_exit: report.proven_exit,
        included: report.included.map(|slot| slot.0),
    };
    let mut text = lines(&report.checks);
    if report.ok && report.proven_exit {
        text.push_str(&format!(
            "\nThat t guardians approved proposal {} and signed this exit is proven by this document alone. When which step \
             was made is the word of the guardian whose log it is drawn from.\n",
            report.proposal
        ));
    }
    conclude(output, &Found { ok: report.ok, checks: report.checks, told }, &text)
}
