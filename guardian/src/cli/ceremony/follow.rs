//! Following one ceremony through what the guardian shows of it, over the guardian's own restarts.
//!
//! A succession ends with every guardian reopening under the next definition: it does not answer for some seconds, and then
//! shows the same ceremony, by the same id, in the new epoch.

use super::words::standing;
use crypto::spec::Slot;
use guardian_core::ceremony::{Blame, CeremonyId, CeremonyStatus, Outcome};
use guardian_core::guardian_set::GuardianSetEpoch;
use guardian_core::status::StatusSnapshot;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Longest time without a word from the guardian, or without the ceremony in what it shows.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// How long a ceremony may be missing before it is said: what is shown follows what is done by a slot or so.
const LAG: Duration = Duration::from_secs(30);

/// Least time between two lines that only say how many batches came.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// What there is to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    /// The guardian gives no answer; it is asked again.
    Unanswered {
        /// Why.
        problem: String,
        /// For how long it is asked at most, seconds.
        patience: u64,
    },
    /// It answers again.
    Answered {
        /// After how many seconds.
        seconds: u64,
    },
    /// It answers but does not show the ceremony.
    Missing {
        /// For how long that is borne, seconds.
        patience: u64,
    },
    /// It works in another epoch than before.
    Reopened {
        /// In this one.
        epoch: GuardianSetEpoch,
    },
    /// The ceremony moved.
    Moved {
        /// By this slot.
        slot: Slot,
        /// It.
        status: Box<CeremonyStatus>,
    },
    /// Only more batches came.
    Counted {
        /// How many.
        done: u64,
        /// Of how many.
        all: u64,
    },
    /// A member did wrong.
    Blamed {
        /// Who.
        member: String,
        /// What.
        blame: Blame,
    },
    /// It is over.
    Ended {
        /// The ceremony.
        status: Box<CeremonyStatus>,
        /// How.
        outcome: Outcome,
    },
    /// Nothing was heard for too long. The ceremony itself goes on.
    GaveUp {
        /// What was last in the way.
        problem: String,
    },
}

/// What was seen so far.
#[derive(Debug)]
pub(super) struct Follow {
    id: CeremonyId,
    last: Option<CeremonyStatus>,
    epoch: Option<GuardianSetEpoch>,
    silent: Option<Instant>,
    /// Since when it is missing, and whether that was said.
    missing: Option<(Instant, bool)>,
    counted: Option<Instant>,
}

impl Follow {
    pub(super) fn new(id: CeremonyId) -> Self {
        Self { id, last: None, epoch: None, silent: None, missing: None, counted: None }
    }

    /// The ceremony as it was last shown.
    pub(super) fn last(&self) -> Option<&CeremonyStatus> {
        self.last.as_ref()
    }

    /// Takes what the guardian answered at `now`. Nothing is to be taken after [`Event::Ended`] and [`Event::GaveUp`].
    pub(super) fn take(&mut self, answer: Result<&StatusSnapshot, String>, now: Instant) -> Vec<Event> {
        let snapshot = match answer {
            Ok(snapshot) => snapshot,
            Err(problem) => return self.unanswered(problem, now),
        };
        let mut events = Vec::new();
        if let Some(since) = self.silent.take() {
            events.push(Event::Answered { seconds: now.saturating_duration_since(since).as_secs() });
        }
        let epoch = snapshot.guardian_set_epoch;
        if self.epoch.replace(epoch).is_some_and(|before| before != epoch) {
            events.push(Event::Reopened { epoch });
        }
        match snapshot.ceremonies.iter().find(|one| one.id == self.id) {
            Some(status) => {
                self.missing = None;
                self.shown(status, snapshot.slot, now, &mut events);
            }
            None => events.extend(self.missed(now)),
        }
        events
    }

    fn unanswered(&mut self, problem: String, now: Instant) -> Vec<Event> {
        match self.silent {
            None => {
                self.silent = Some(now);
                vec![Event::Unanswered { problem, patience: PATIENCE.as_secs() }]
            }
            Some(since) if now.saturating_duration_since(since) >= PATIENCE => {
                vec![Event::GaveUp { problem }]
            }
            Some(_) => Vec::new(),
        }
    }

    fn missed(&mut self, now: Instant) -> Option<Event> {
        let (since, said) = self.missing.get_or_insert((now, false));
        let gone = now.saturating_duration_since(*since);
        if gone >= PATIENCE {
            let problem = "the guardian answers, but does not show this ceremony".to_owned();
            return Some(Event::GaveUp { problem });
        }
        let due = gone >= LAG && !*said;
        *said |= due;
        due.then_some(Event::Missing { patience: PATIENCE.as_secs() })
    }

    fn shown(&mut self, status: &CeremonyStatus, slot: Slot, now: Instant, events: &mut Vec<Event>) {
        let before = self.last.replace(status.clone());
        let known = before.as_ref().map(|before| &before.blamed[..]).unwrap_or_default();
        let blamed = status.blamed.iter().filter(|one| !known.contains(one));
        events.extend(blamed.map(|(member, blame)| Event::Blamed { member: member.clone(), blame: *blame }));
        if let Some(outcome) = &status.outcome {
            return events.push(Event::Ended { status: Box::new(status.clone()), outcome: outcome.clone() });
        }
        if before.as_ref().is_none_or(|before| standing(before) != standing(status)) {
            self.counted = Some(now);
            return events.push(Event::Moved { slot, status: Box::new(status.clone()) });
        }
        let is_due = self.counted.is_none_or(|said| now.saturating_duration_since(said) >= COUNT_EVERY);
        let differs = before.is_some_and(|before| before.progress != status.progress);
        // What changed between two lines is said with the next change.
        if let Some((done, all)) = status.progress.filter(|_| differs && is_due) {
            self.counted = Some(now);
            events.push(Event::Counted { done, all });
        }
    }
}

#[cfg(test)]
mod tests;
