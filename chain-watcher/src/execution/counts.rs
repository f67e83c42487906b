//! Whether logs are missing: the contracts count registrations and proposals of exits, so a node that leaves some out is
//! found out.
//!
//! Two checks. Without asking anybody: the indices of a module's registrations are 0, 1, 2, and so on, and so are the
//! numbers of proposals. With `getPendingValidatorIndex` and `proposalCount` at the scan's last block, from the same node
//! if it has it: nothing is missing at the end either. A node that fails one of them contradicts itself, whatever others
//! say. Nodes drop old state, so in a first sync the second check may have to wait for the last scan. A contract that was
//! not deployed yet counts nothing.

use super::contracts::ExitProposals::proposalCountCall;
use super::contracts::PufferProtocol::{getModuleWeightsCall, getPendingValidatorIndexCall};
use super::endpoints::ExecutionNodes;
use super::failure::Failure;
use super::logs::{Entry, Reading, Told};
use alloy::primitives::U256;
use crypto::execution::{BlockNumber, ContractEvent, ModuleName};
use std::collections::BTreeMap;

/// How many logs there were of what the contracts count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Registrations by module.
    pub(crate) registered: BTreeMap<ModuleName, u64>,
    /// Proposals of exits.
    pub(crate) exits_proposed: u64,
}

/// Counts after a reading, and who vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Counted {
    /// The contract.
    Exactly(Counts),
    /// The indices only: nodes no longer have the contracts' state there, so the last ones may be missing.
    AtLeast(Counts),
}

/// What is wrong with a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// The node contradicts itself, by its logs or by what it says of the contract: the words say how.
    Wrong(String),
    /// Its logs and what another node says of the contract contradict each other: one of them is wrong.
    Disputed(String),
    /// A contract could not be asked.
    Unknown(Failure),
}

/// The counts after `entries`, or the place where they do not continue `before`.
pub(crate) fn count(before: &Counts, entries: &[Entry]) -> Result<Counts, Doubt> {
    let mut counts = before.clone();
    for entry in entries {
        let (expected, number, what) = match &entry.told {
            Told::Registered(id, _) => {
                let expected = counts.registered.entry(id.module).or_default();
                (expected, id.index, format!("registration {} of module {}", id.index, name(&id.module)))
            }
            Told::Event(ContractEvent::ExitProposed(proposed)) => {
                (&mut counts.exits_proposed, proposed.number, format!("exit proposal {}", proposed.number))
            }
            Told::Event(ContractEvent::ExitCancelled { number, .. }) if *number >= counts.exits_proposed => {
                return Err(Doubt::Wrong(format!(
                    "exit proposal {number} is cancelled in block {} before it is logged",
                    entry.block
                )));
            }
            Told::Event(_) => continue,
        };
        if number != *expected {
            return Err(Doubt::Wrong(format!(
                "{what} is logged in block {} where {expected} is next",
                entry.block,
            )));
        }
        *expected = expected.saturating_add(1);
    }
    Ok(counts)
}

/// A module's name as text, where it is text.
pub(crate) fn name(module: &ModuleName) -> String {
    let text = module.0.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(text) {
        Ok(text) if !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic()) => text.to_owned(),
        _ => module.to_string(),
    }
}

/// What a contract says of one count.
enum Word {
    /// It agrees.
    Agrees,
    /// The node no longer has the contract's state there.
    Lacking,
}

/// Whom to ask for a count, and of which block.
#[derive(Debug, Clone, Copy)]
struct Inquiry {
    at: BlockNumber,
    /// Whose logs they are.
    source: usize,
    /// Whether it is the finalized block, whose state nodes must still have: another one may answer for it.
    last: bool,
}

impl Inquiry {
    /// A difference between `logged` and `counted`, by the node `by`.
    fn differs(self, by: usize, logged: u64, what: &str, counted: impl std::fmt::Display) -> Doubt {
        let words =
            format!("the logs up to block {} show {logged} {what}, the contract counts {counted}", self.at);
        if by == self.source { Doubt::Wrong(words) } else { Doubt::Disputed(words) }
    }

    /// What follows when nobody answered.
    fn unanswered(self, failure: Failure) -> Result<Word, Doubt> {
        match failure {
            Failure::Lacks(_) if !self.last => Ok(Word::Lacking),
            failure => Err(Doubt::Unknown(failure)),
        }
    }
}

impl ExecutionNodes {
    /// The counts after `reading`, compared with the contracts'. `last`: whether it reaches the finalized block, whose
    /// state nodes must still have.
    pub(crate) async fn compare_counts(
        &mut self,
        before: &Counts,
        reading: &Reading,
        source: usize,
        last: bool,
    ) -> Result<Counted, Doubt> {
        let counts = count(before, &reading.entries)?;
        let inquiry = Inquiry { at: reading.to.number, source, last };
        let registered = self.compare_registered(&counts.registered, inquiry).await?;
        let proposed = self.compare_proposed(counts.exits_proposed, inquiry).await?;
        Ok(match (registered, proposed) {
            (Word::Agrees, Word::Agrees) => Counted::Exactly(counts),
            (Word::Lacking, _) | (_, Word::Lacking) => Counted::AtLeast(counts),
        })
    }

    async fn compare_registered(
        &mut self,
        counts: &BTreeMap<ModuleName, u64>,
        inquiry: Inquiry,
    ) -> Result<Word, Doubt> {
        let Inquiry { at, source, last } = inquiry;
        let protocol = self.expected.protocol;
        let mut modules = counts.clone();
        match self.call_first(protocol, &[getModuleWeightsCall {}], at, source, last).await {
            Ok((_, weights)) => {
                for module in weights.into_iter().flatten().flatten() {
                    modules.entry(ModuleName(module.0)).or_default();
                }
            }
            // Before the contract was deployed there is nothing to ask.
            Err(Failure::Malformed(_) | Failure::Reverted(_)) if counts.is_empty() => {}
            Err(failure) => return inquiry.unanswered(failure),
        }
        let calls: Vec<_> = modules
            .keys()
            .map(|module| getPendingValidatorIndexCall { moduleName: module.0.into() })
            .collect();
        let (by, indices) = match self.call_first(protocol, &calls, at, source, last).await {
            Ok((by, indices)) => (by, indices.unwrap_or_else(|| vec![U256::ZERO; calls.len()])),
            Err(failure) => return inquiry.unanswered(failure),
        };
        for ((module, logged), index) in modules.iter().zip(indices) {
            if u64::try_from(index) != Ok(*logged) {
                let what = format!("registrations of module {}", name(module));
                return Err(inquiry.differs(by, *logged, &what, index));
            }
        }
        Ok(Word::Agrees)
    }

    async fn compare_proposed(&mut self, logged: u64, inquiry: Inquiry) -> Result<Word, Doubt> {
        let Some(contract) = self.expected.exit_proposals else { return Ok(Word::Agrees) };
        let Inquiry { at, source, last } = inquiry;
        let (by, count) = match self.call_first(contract, &[proposalCountCall {}], at, source, last).await {
            Ok((by, counts)) => (by, counts.into_iter().flatten().next().unwrap_or_default()),
            Err(failure) => return inquiry.unanswered(failure),
        };
        if u64::try_from(count) != Ok(logged) {
            return Err(inquiry.differs(by, logged, "exit proposals", count));
        }
        Ok(Word::Agrees)
    }
}

#[cfg(test)]
mod tests;
