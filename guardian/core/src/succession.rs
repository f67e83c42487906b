//! Succession: from one network definition to the next. Which changes are possible, told in words, and what the first
//! records of the next epoch's journal are.

use crate::ceremony::{CeremonyId, Entry, refuse};
use crate::error::Error;
use crate::guardian::Guardian;
use crate::guardian_set::{GuardianSetEpoch, NetworkDefinition};
use crate::record::Record;
use std::collections::BTreeMap;

/// Whether `next` may follow `current`.
///
/// # Errors
/// [`Error::Definition`] when it is none; [`Error::Ceremony`] for what cannot change.
pub fn check(current: &NetworkDefinition, next: &NetworkDefinition) -> Result<(), Error> {
    next.validate()?;
    let (old, new) = (&current.guardian_set, &next.guardian_set);
    if Some(new.epoch.0) != old.epoch.0.checked_add(1) {
        return Err(refuse(
            "next.guardian_set.epoch",
            format!(
                "is {}; it must be {}, one more than the epoch in force",
                new.epoch.0,
                old.epoch.0.saturating_add(1)
            ),
        ));
    }
    if next.name != current.name {
        return Err(refuse("next.name", "differs; a network keeps its name"));
    }
    if next.chain.forks.genesis_validators_root() != current.chain.forks.genesis_validators_root() {
        return Err(refuse("next.chain", "is another beacon chain; keys cannot move between chains"));
    }
    // Shares of the next epoch are sealed to it while the guardian runs with the one it has.
    for member in &new.members {
        let before = old.members.iter().find(|old| old.peer_id == member.peer_id);
        if before.is_some_and(|before| before.custody_key != member.custody_key) {
            return Err(refuse(
                "next.guardian_set.members",
                format!(
                    "the custody key of `{}` differs; a member keeps it as long as it is in the set",
                    member.name
                ),
            ));
        }
    }
    // Whoever is in both sets is known by its identity, so a name must not change hands.
    for member in &new.members {
        let stranger =
            old.members.iter().find(|old| old.name == member.name && old.peer_id != member.peer_id);
        if let Some(old) = stranger {
            return Err(refuse(
                "next.guardian_set.members",
                format!("name `{}` stands for another identity than now; give it a new name", old.name),
            ));
        }
    }
    Ok(())
}

/// The definition of a refresh: the same members, new shares.
pub fn refreshed(current: &NetworkDefinition) -> NetworkDefinition {
    let mut next = current.clone();
    next.guardian_set.epoch = GuardianSetEpoch(current.guardian_set.epoch.0.saturating_add(1));
    next
}

/// What changes from `current` to `next`, one line each, for people who shall agree to it.
pub fn changes(current: &NetworkDefinition, next: &NetworkDefinition) -> Vec<String> {
    let (old, new) = (&current.guardian_set, &next.guardian_set);
    let mut lines = vec![format!("epoch {} -> {}", old.epoch.0, new.epoch.0)];
    if old.threshold != new.threshold {
        let (from, to) = (old.threshold, new.threshold);
        lines.push(format!("threshold {} of {} -> {} of {}", from.t(), from.n(), to.t(), to.n()));
    }
    let by_peer: BTreeMap<_, _> = old.members.iter().map(|member| (&member.peer_id, member)).collect();
    for member in &new.members {
        match by_peer.get(&member.peer_id) {
            None => lines.push(format!("adds {} (guardian {})", member.name, member.index.0)),
            Some(before) if before.index != member.index => {
                lines.push(format!("{}: guardian {} -> {}", member.name, before.index.0, member.index.0));
            }
            Some(before) if *before != member => {
                lines.push(format!("{}: addresses, keys or name change", member.name));
            }
            Some(_) => {}
        }
    }
    for member in &old.members {
        if !new.members.iter().any(|other| other.peer_id == member.peer_id) {
            lines.push(format!("removes {} (guardian {})", member.name, member.index.0));
        }
    }
    for (what, differs) in [
        ("chain", current.chain != next.chain),
        ("contracts", current.contracts != next.contracts),
        ("policy", current.policy != next.policy),
        ("caps", current.caps != next.caps),
        ("emergency rules", current.emergency != next.emergency),
    ] {
        if differs {
            lines.push(format!("{what} change"));
        }
    }
    if lines.len() == 1 {
        lines.push("refresh: the same members, new shares".to_owned());
    }
    lines
}

impl Guardian {
    /// The first records of the next epoch's journal, once a succession is done: where it comes from, how it was agreed,
    /// and what was released in the last day, so that the caps hold across epochs. None while it is not done, or when we
    /// are no member of the next set.
    pub fn inheritance(&self, ceremony: &CeremonyId) -> Option<(NetworkDefinition, Vec<Record>)> {
        let course = self.hall.get(ceremony).filter(|course| course.is_done() && course.is_succession())?;
        let current = self.definition_of(&course.order)?;
        let next = course.order.next(current).clone();
        next.index_of(&self.my_name())?;
        let at = self.view.slot();
        let mut records = vec![
            Record::Preceded { definition: Box::new(current.clone()) },
            Record::Opened { order: course.order.clone(), at: course.since },
        ];
        let entry = |entry: Entry| Record::Ceremony { ceremony: *ceremony, entry, at };
        records.extend(course.statements().map(|(from, statement, envelope)| {
            entry(Entry::Stated {
                from: from.clone(),
                statement: statement.clone(),
                envelope: envelope.clone(),
            })
        }));
        records.extend(course.outcome.clone().map(|outcome| entry(Entry::Ended(outcome))));
        records.extend(self.ledger.lapse().map(Record::Lapsed));
        records.push(Record::Inherited { releases: self.ledger.bequeath(), at });
        Some((next, records))
    }
}

#[cfg(test)]
mod tests;
