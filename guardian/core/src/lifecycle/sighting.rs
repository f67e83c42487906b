//! Sightings: steps that no other record tells, journaled when our own nodes show them; and what is late, told.

use super::Step;
use super::way::Way;
use crate::command::Command;
use crate::guardian::Guardian;
use crate::notice::Notice;
use crate::record::Record;
use crypto::spec::{BlsPubkey, Gwei};
use crypto::validator::{Validator, ValidatorStatus};

/// Most late steps told at once; the others are told with the next slots.
const MAX_TOLD: usize = 64;

/// Steps that our view can add to a way.
const MAX_SIGHTINGS: usize = 5;

/// What our view adds to a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sighting {
    Reached(Step),
    /// It stays.
    Spared,
}

impl Guardian {
    /// Remembers that a validator is due, or is not any more; None while we cannot know.
    pub(crate) fn note_due(&mut self, pubkey: &BlsPubkey, is_due: Option<bool>, out: &mut Vec<Command>) {
        let at = self.view.slot();
        let way = self.lifecycles.ways.get(pubkey);
        let record = match is_due {
            Some(true) => {
                let is_new = way.map_or(self.lifecycles.has_room(), |way| !way.has(Step::Due));
                is_new.then_some(Record::Reached { pubkey: *pubkey, step: Step::Due, at })
            }
            Some(false) => {
                let is_over = way.is_some_and(|way| way.proposal.is_none());
                is_over.then_some(Record::Spared { pubkey: *pubkey, at })
            }
            None => None,
        };
        if let Some(record) = record {
            self.persist(record, out);
        }
    }

    /// Journals what our view adds to the ways out, searches blocks that are not found, and tells what is late.
    pub(crate) fn tend_ways(&mut self, out: &mut Vec<Command>) {
        let pubkeys: Vec<_> = self.lifecycles.ways.keys().copied().collect();
        for pubkey in &pubkeys {
            self.tend_way(pubkey, out);
        }
        let slot = self.view.slot();
        let late = self.lifecycles.ways.iter_mut().filter_map(|(_, way)| {
            let (step, since) = way.late(&self.definition, slot)?;
            let proposal = way.proposal.filter(|_| way.told != Some(step))?;
            way.told = Some(step);
            Some(Command::Notify(Notice::Late { proposal, step, since }))
        });
        out.extend(late.take(MAX_TOLD));
    }

    /// As [`Guardian::tend_ways`], of one validator.
    pub(crate) fn tend_way(&mut self, pubkey: &BlsPubkey, out: &mut Vec<Command>) {
        let at = self.view.slot();
        for _ in 0..MAX_SIGHTINGS {
            let sighting = self.lifecycles.ways.get(pubkey).and_then(|way| self.sighting(pubkey, way));
            let record = match sighting {
                Some(Sighting::Reached(step)) => Record::Reached { pubkey: *pubkey, step, at },
                Some(Sighting::Spared) => Record::Spared { pubkey: *pubkey, at },
                None => break,
            };
            self.persist(record, out);
        }
        self.find_inclusion(pubkey, out);
    }

    /// The next thing that our view adds to a way.
    fn sighting(&self, pubkey: &BlsPubkey, way: &Way) -> Option<Sighting> {
        let watched = self.view.validator(pubkey);
        let at_finalized = watched.and_then(|watched| watched.at_finalized);
        let led = way.proposal.and_then(|id| self.docket.get(&id)).filter(|case| !case.state.is_over());
        let reached = |is_new: bool, step| (is_new && !way.has(step)).then_some(Sighting::Reached(step));
        if !way.has(Step::Included) {
            let exit = led.filter(|case| case.certificate.is_some())?.proposal.exit;
            let gossiped = watched?.gossiped.is_some_and(|(epoch, _)| epoch == exit.epoch);
            return reached(gossiped, Step::Gossiped);
        }
        if !way.has(Step::Finalized) {
            // Whom a case leads is followed by it; who left by itself is followed here.
            if led.is_some() {
                return None;
            }
            let is_final = at_finalized.as_ref().is_some_and(Validator::is_exiting);
            let stays = watched?.at_head.is_some_and(|validator| !validator.is_exiting());
            return reached(is_final, Step::Finalized).or_else(|| stays.then_some(Sighting::Spared));
        }
        reached(self.protocol.registry().is_settled(pubkey), Step::Settled).or_else(|| {
            let (validator, finalized) = at_finalized.zip(self.view.finalized())?;
            if !way.has(Step::Withdrawable) {
                return reached(validator.withdrawable_epoch <= finalized.epoch, Step::Withdrawable);
            }
            let is_gone = validator.status == ValidatorStatus::WithdrawalDone || validator.balance == Gwei(0);
            reached(is_gone, Step::Withdrawn)
        })
    }
}
