//! `Hall`: every ceremony we know, and what we are bound to across them.

use super::course::Course;
use super::{CeremonyId, Entry, Order};
use crate::guardian_set::GuardianSetEpoch;
use crate::record::Record;
use crate::statement::Statement;
use crypto::spec::Slot;
use std::collections::BTreeMap;

/// Most ceremonies that are not over: one of each member. More are not taken in.
pub(crate) const MAX_OPEN: usize = 100;

/// Most of one member's that are not over: one that hangs must not keep it from opening a repair.
const MAX_OPEN_EACH: usize = 3;

/// Most ceremonies that one member may open within [`RAISING_WINDOW`] slots.
const MAX_RAISED: usize = 4;

/// Slots over which they are counted.
const RAISING_WINDOW: u64 = 1_024;

/// Most ceremonies remembered in all; the oldest that is over is forgotten first.
const MAX_KNOWN: usize = 512;

/// All ceremonies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hall {
    courses: BTreeMap<CeremonyId, Course>,
    /// For which epoch numbers we endorsed a result, in which ceremony: one each, for good.
    endorsed: BTreeMap<GuardianSetEpoch, CeremonyId>,
    /// Ceremonies that were forgotten, until when nobody may open them again.
    forgotten: BTreeMap<CeremonyId, Slot>,
}

impl Hall {
    pub(crate) fn get(&self, id: &CeremonyId) -> Option<&Course> {
        self.courses.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &CeremonyId) -> Option<&mut Course> {
        self.courses.get_mut(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Course> {
        self.courses.values()
    }

    pub(crate) fn ids(&self) -> Vec<CeremonyId> {
        self.courses.keys().copied().collect()
    }

    /// Ceremonies that are not over.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Course> {
        self.courses.values().filter(|course| course.outcome.is_none())
    }

    /// Whether a member may open another one: a few at a time and in a while, and none that was there before.
    pub(crate) fn admits(&self, id: &CeremonyId, order: &Order, slot: Slot) -> bool {
        let of = || self.courses.values().filter(|course| course.order.raiser == order.raiser);
        let lately = of().filter(|course| slot < course.since.saturating_add(RAISING_WINDOW)).count();
        !self.forgotten.contains_key(id)
            && of().filter(|course| course.outcome.is_none() && slot <= course.order.expires).count()
                < MAX_OPEN_EACH
            && lately < MAX_RAISED
            && self.has_room()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.open().count() < MAX_OPEN
    }

    /// In which ceremony we endorsed a result for an epoch number.
    pub(crate) fn endorsed(&self, epoch: GuardianSetEpoch) -> Option<CeremonyId> {
        self.endorsed.get(&epoch).copied()
    }

    pub(crate) fn apply(&mut self, record: &Record) -> Result<(), &'static str> {
        match record {
            Record::Opened { order, at } => self.know(order, *at),
            Record::Ceremony { ceremony, entry, at } => {
                let course = self.courses.get_mut(ceremony).ok_or("an entry about an unknown ceremony")?;
                if let Entry::Saying(Statement::Endorse { .. }) = entry
                    && let super::Kind::Succession { next } = &course.order.kind
                {
                    let epoch = next.guardian_set.epoch;
                    if *self.endorsed.entry(epoch).or_insert(*ceremony) != *ceremony {
                        return Err("a second endorsement for one guardian-set epoch");
                    }
                }
                course.apply(entry, *at);
            }
            _ => {}
        }
        Ok(())
    }

    fn know(&mut self, order: &Order, at: Slot) {
        let course = Course::new(order.clone(), at);
        self.courses.entry(course.id).or_insert(course);
        while self.courses.len() > MAX_KNOWN {
            let over = self.courses.values().filter(|course| course.outcome.is_some());
            let Some(oldest) = over.min_by_key(|course| (course.since, course.id)).map(|course| course.id)
            else {
                break;
            };
            if let Some(course) = self.courses.remove(&oldest) {
                self.forgotten.insert(oldest, course.order.expires);
            }
        }
        self.forgotten.retain(|_, expires| *expires >= at);
    }
}
