//! Whether logs are missing: the contract counts its registrations, so a node that leaves some out is found out.
//!
//! Two checks. Without asking anybody: the indices of a module's registrations are 0, 1, 2, and so on. With
//! `getPendingValidatorIndex` at the scan's last block, from the same node if it has it: nothing is missing at the end
//! either. A node that fails one of them contradicts itself, whatever others say. Nodes drop old state, so in a first
//! sync the second check may have to wait for the last scan.

use super::contracts::PufferProtocol::{getModuleWeightsCall, getPendingValidatorIndexCall};
use super::endpoints::ExecutionNodes;
use super::failure::Failure;
use super::logs::{Entry, Reading, Told};
use crypto::execution::ModuleName;
use std::collections::BTreeMap;

/// Registrations by module.
pub(crate) type Counts = BTreeMap<ModuleName, u64>;

/// Counts after a reading, and who vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Counted {
    /// The contract.
    Exactly(Counts),
    /// The indices only: nodes no longer have the contract's state there, so the last ones may be missing.
    AtLeast(Counts),
}

/// What is wrong with a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// The node contradicts itself, by its logs or by what it says of the contract: the words say how.
    Wrong(String),
    /// Its logs and what another node says of the contract contradict each other: one of them is wrong.
    Disputed(String),
    /// The contract could not be asked.
    Unknown(Failure),
}

/// The counts after `entries`, or the place where they do not continue `before`.
pub(crate) fn count(before: &Counts, entries: &[Entry]) -> Result<Counts, Doubt> {
    let mut counts = before.clone();
    for entry in entries {
        let Told::Registered(id, _) = &entry.told else { continue };
        let expected = counts.entry(id.module).or_default();
        if id.index != *expected {
            return Err(Doubt::Wrong(format!(
                "registration {} of module {} is logged in block {} where {expected} is next",
                id.index,
                name(&id.module),
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

impl ExecutionNodes {
    /// The counts after `reading`, compared with the contract's. `last`: whether it reaches the finalized block, whose
    /// state nodes must still have.
    pub(crate) async fn compare_counts(
        &mut self,
        before: &Counts,
        reading: &Reading,
        source: usize,
        last: bool,
    ) -> Result<Counted, Doubt> {
        let counts = count(before, &reading.entries)?;
        let at = reading.to.number;
        let protocol = self.expected.protocol;
        let mut modules = counts.clone();
        let others = last;
        match self.call_first(protocol, &[getModuleWeightsCall {}], at, source, others).await {
            Ok((_, weights)) => {
                for module in weights.into_iter().flatten() {
                    modules.entry(ModuleName(module.0)).or_default();
                }
            }
            // Before the contract was deployed there is nothing to ask.
            Err(Failure::Malformed(_) | Failure::Reverted(_)) if counts.is_empty() => {}
            Err(Failure::Lacks(_)) if !last => return Ok(Counted::AtLeast(counts)),
            Err(failure) => return Err(Doubt::Unknown(failure)),
        }
        let calls: Vec<_> = modules
            .keys()
            .map(|module| getPendingValidatorIndexCall { moduleName: module.0.into() })
            .collect();
        let (by, indices) = match self.call_first(protocol, &calls, at, source, others).await {
            Ok(answer) => answer,
            Err(Failure::Lacks(_)) if !last => return Ok(Counted::AtLeast(counts)),
            Err(failure) => return Err(Doubt::Unknown(failure)),
        };
        for ((module, logged), index) in modules.iter().zip(indices) {
            if u64::try_from(index) != Ok(*logged) {
                let words = format!(
                    "the logs up to block {at} show {logged} registrations of module {}, the contract counts {index}",
                    name(module),
                );
                return Err(if by == source { Doubt::Wrong(words) } else { Doubt::Disputed(words) });
            }
        }
        Ok(Counted::Exactly(counts))
    }
}

#[cfg(test)]
mod tests;
