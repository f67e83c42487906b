//! Replay: what another policy would have done with what was recorded.
//!
//! ```text
//! frames -> facts, in order -> Trial: the real core, one guardian of one, the policy in question -> Outcome
//! ```
//!
//! # Design decisions
//! - No rule is written a second time: the core itself decides, alone in a network of one, and a release is what counts.
//! - The policy comes into force at the first epoch asked for. Before it, for as many epochs as the `offline` rule looks
//!   back, the core looks on without shares: it knows who was dark since when, and has proposed nothing.
//! - Who would have been made to leave is shown to the core as leaving from then on, though the recording shows it on
//!   duty: otherwise it would be proposed again, and count as dark for ever.
//! - Over a gap nothing is concluded: the core is started again from its own journal, as a guardian that was away is.
//!   A dark run ends at the gap, a balance below the threshold counts from after it.
//! - It is this guardian's view alone: votes, guardians that were away, and signatures that failed are not replayed, and
//!   neither are differences between contracts and definition, nor balances to less than 0.01 ETH.

mod outcome;
mod policy;
mod trial;

pub use outcome::{Candidate, Cause, Coverage, Leave, Outcome};
pub use policy::apply;
pub use trial::{Trial, alone};

use crate::Error;
use crate::recording::{Fact, Frame, History, Tables};
use crypto::spec::Epoch;
use guardian_core::Event;
use guardian_core::guardian_set::NetworkDefinition;
use std::path::PathBuf;

/// Epochs before a dark run that liveness reports may lag behind.
const LAG: u64 = 4;

/// The first epoch whose recording matters to a replay from `from` on.
pub fn looks_back_to(definition: &NetworkDefinition, from: Epoch) -> Epoch {
    let rule = &definition.policy.offline;
    from.saturating_sub(rule.epochs.saturating_add(rule.tolerance).saturating_add(LAG))
}

/// Plays `frames`, ascending, to a core with the policy of `definition`, in force from epoch `from` to epoch `to`. Says
/// each epoch it comes to in `progress`. Blocking: a slot takes what the core takes for it.
///
/// # Errors
/// What the frames say when they cannot be read; [`Error::Recording`] when they do not follow on each other; [`Error::Core`]
/// when the definition is not valid.
pub fn replay(
    frames: impl IntoIterator<Item = Result<Frame, Error>>,
    history: &History,
    definition: NetworkDefinition,
    (from, to): (Epoch, Epoch),
    mut progress: impl FnMut(Epoch),
) -> Result<Outcome, Error> {
    let definition = alone(definition)?;
    let mut reel = Reel {
        history,
        slots_per_epoch: definition.chain.slots_per_epoch.get(),
        range: (from, to),
        trial: Trial::new(definition.clone())?,
        tables: Tables::default(),
        last: None,
        slots: 0,
        coverage: Coverage::default(),
    };
    for frame in frames {
        let frame = frame?;
        if frame.epoch > to {
            break;
        }
        progress(frame.epoch);
        reel.play(frame)?;
    }
    reel.end_of_epoch();
    reel.note_gap(to.saturating_add(1));
    // A range that nothing was recorded of.
    reel.trial.go_live();
    let validators = reel.tables.held().len();
    let (mut candidates, holds) = reel.trial.outcome();
    candidates.sort_by_key(|candidate| {
        (candidate.leaves.is_none(), candidate.leaves.map(|leave| leave.slot), candidate.due, candidate.index)
    });
    let NetworkDefinition { policy, caps, .. } = definition;
    Ok(Outcome { from, to, policy, caps, validators, candidates, holds, coverage: reel.coverage })
}

/// A recording as it runs past the core.
struct Reel<'a> {
    history: &'a History,
    slots_per_epoch: u64,
    range: (Epoch, Epoch),
    trial: Trial,
    tables: Tables,
    /// The epoch of the last frame.
    last: Option<Epoch>,
    /// Slots that began in it.
    slots: u64,
    coverage: Coverage,
}

impl Reel<'_> {
    fn play(&mut self, frame: Frame) -> Result<(), Error> {
        let Frame { epoch, base, sights } = frame;
        // A clock that was set back: the core has been there already.
        if self.last.is_some_and(|last| epoch < last) {
            return Ok(());
        }
        let is_first = self.last.is_none();
        let is_next = self.last.is_some_and(|last| epoch <= last.saturating_add(1));
        if base.is_none() && !is_next {
            // Without a keyframe its differences say nothing.
            return Ok(());
        }
        if self.last != Some(epoch) {
            self.end_of_epoch();
        }
        if !is_next {
            self.note_gap(epoch);
        }
        self.last = Some(epoch);
        if !(is_first || is_next) {
            self.trial.restart()?;
        }
        if epoch >= self.range.0 && !is_next {
            self.trial.go_live();
        }
        if let Some(base) = base {
            let mut fresh = Tables::default();
            for sight in base {
                let fact = fresh.fact(sight).ok_or_else(|| unreadable(epoch))?;
                match fact {
                    Fact::ScannedUntil(block) => {
                        let scanned = self.trial.scanned().map(|scanned| scanned.number);
                        if let Some(report) = self.history.between(scanned, block) {
                            self.trial.scan(report);
                        }
                    }
                    // Where the frame before was the one before, all of it is known. Nothing is decided in a slot before.
                    Fact::Held(_) | Fact::Seen(_) if is_next => {}
                    Fact::Seen(Event::SlotStarted(_)) => {}
                    fact @ (Fact::Held(_) | Fact::Seen(_)) => self.trial.take(fact),
                }
            }
            self.tables = fresh;
        }
        for sight in sights {
            let fact = self.tables.fact(sight).ok_or_else(|| unreadable(epoch))?;
            let is_slot = matches!(&fact, Fact::Seen(Event::SlotStarted(_)));
            self.trial.take(fact);
            if is_slot {
                self.slots = self.slots.saturating_add(1);
                if epoch >= self.range.0 && !self.trial.is_live() {
                    self.go_live();
                }
            }
        }
        Ok(())
    }

    /// The policy comes into force: the core gets the shares, and sees everything again with them in hand.
    fn go_live(&mut self) {
        self.trial.go_live();
        let mut again = Tables::default();
        for sight in self.tables.keyframe().1 {
            match again.fact(sight) {
                Some(fact @ (Fact::Held(_) | Fact::Seen(_))) => self.trial.take(fact),
                Some(Fact::ScannedUntil(_)) | None => {}
            }
        }
    }

    fn end_of_epoch(&mut self) {
        let slots = std::mem::take(&mut self.slots);
        if self.last.is_some_and(|last| last >= self.range.0) {
            self.coverage.recorded = self.coverage.recorded.saturating_add(1);
            let is_in_part = slots < self.slots_per_epoch;
            self.coverage.in_part = self.coverage.in_part.saturating_add(u64::from(is_in_part));
        }
    }

    /// Notes what is missing of the range from the last frame to before `next`.
    fn note_gap(&mut self, next: Epoch) {
        let first = self.last.map_or(self.range.0, |last| last.saturating_add(1)).max(self.range.0);
        let Some(end) = next.0.checked_sub(1).map(|end| Epoch(end).min(self.range.1)) else { return };
        if first <= end {
            self.coverage.gaps.push((first, end));
        }
    }
}

fn unreadable(epoch: Epoch) -> Error {
    Error::Recording {
        path: PathBuf::from("that is played"),
        problem: format!("has a frame of epoch {epoch} that does not follow on the one before it"),
    }
}

#[cfg(test)]
mod tests;
