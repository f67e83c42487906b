//! `Report`: what was checked, each with a stable code, and how it came out.

use crypto::spec::Slot;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use guardian_core::proposal::ProposalId;
use serde::Serialize;

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable, in snake case.
    pub code: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// What was found, for people.
    pub words: String,
}

/// Everything that was checked of a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether every check holds. A dossier proves what it tells only then.
    pub ok: bool,
    /// The network that was expected.
    pub network: NetworkId,
    /// Whose log it is drawn from.
    pub guardian: GuardianIndex,
    /// The proposal.
    pub proposal: ProposalId,
    /// Whether the exit itself is proven: t approvals and the validator's signature were verified, and every check holds. A
    /// dossier of an exit in the making is ok without.
    pub proven_exit: bool,
    /// Slot of the block that has the exit: this guardian's word, which nothing here proves.
    pub included: Option<Slot>,
    /// The checks, in the order in which they build on each other.
    pub checks: Vec<Check>,
}

impl Report {
    /// Notes a check.
    pub(crate) fn note(&mut self, code: &'static str, outcome: Result<String, String>) {
        let (ok, words) = match outcome {
            Ok(words) => (true, words),
            Err(words) => (false, words),
        };
        self.ok &= ok;
        self.checks.push(Check { code, ok, words });
    }

    /// The check with this code.
    pub fn check(&self, code: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.code == code)
    }
}
