//! The operators' desks: what they ask and what they are answered.

use super::super::TICKS_PER_SLOT;
use super::super::deed::is_too_early;
use super::{Happening, World};
use crypto::spec::Slot;
use guardian_core::Event;
use guardian_core::request::{Answer, AskId, Request};

impl World {
    /// Operators come to their desks at some moment of the slot.
    pub(super) fn attend(&mut self, slot: Slot) {
        let due: Vec<_> = (0..self.story.asks.len()).filter(|at| self.story.asks[*at].at == slot).collect();
        for place in due {
            self.soon(TICKS_PER_SLOT, Happening::Asked(place));
        }
    }

    /// An operator asks; again in the next slot if its guardian is down, dies of it, or knows too little yet.
    pub(super) fn ask(&mut self, place: usize) {
        if let Some(request) = self.request(place) {
            let asked = &self.story.asks[place];
            let ask = AskId(u64::try_from(place).expect("few requests"));
            let event = Event::OperatorAsked { ask, by: asked.by(), request };
            self.feed(asked.guardian, event);
        }
        if !self.answers.contains_key(&place) {
            self.at(self.tick + TICKS_PER_SLOT, Happening::Asked(place));
        }
    }

    /// What to ask; None while the guardian is down, does not show the emergency, or has not answered what was asked about
    /// the same before.
    fn request(&self, place: usize) -> Option<Request> {
        let asked = &self.story.asks[place];
        let node = self.nodes.get(&asked.guardian).filter(|node| node.guardian().is_some())?;
        let waits = self.story.asks[..place].iter().enumerate().any(|(earlier, other)| {
            other.guardian == asked.guardian
                && other.deed.label() == asked.deed.label()
                && !self.answers.contains_key(&earlier)
        });
        let shown = node.status().map(|status| status.emergencies.as_slice()).unwrap_or_default();
        asked.deed.request(shown).filter(|_| !waits)
    }

    pub(super) fn hear(&mut self, ask: AskId, answer: Answer) {
        let place = usize::try_from(ask.0).expect("few requests");
        if !is_too_early(&answer) {
            self.answers.insert(place, answer);
        }
    }

    /// What an operator was answered.
    pub fn answer(&self, place: usize) -> Option<&Answer> {
        self.answers.get(&place)
    }
}
