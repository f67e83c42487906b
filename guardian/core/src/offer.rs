//! Offer: what is still open is said again, because any message may be lost.
//!
//! # Design decisions
//! - No acknowledgements and no send queue: whoever still needs a message gets it at the next offer, so the shell may
//!   drop any broadcast.
//! - Staggered by rank: what all hold alike (a proposal, a certificate) is said by about one guardian a slot.

use crate::command::Command;
use crate::emergency::{Proof, Raiser};
use crate::guardian::Guardian;
use crate::matter::Matter;
use crate::message::{Heartbeat, Message, VERSION};
use crate::proposal::{ProposalId, State};
use crate::rule::Opinion;
use crate::status::EmergencyState;
use crypto::spec::Slot;

/// Most broadcasts of one slot; beyond it the offers take turns.
const MAX_OFFERS: usize = 128;

/// Least slots between two heartbeats, and two offers of our wish, in one epoch.
const GREET_EVERY: u64 = 4;

/// Slots between two offers of one of our votes.
const VOTE_EVERY: u64 = 2;

/// Slots between two offers of one of our partials.
const PARTIAL_EVERY: u64 = 2;

impl Guardian {
    /// Says again what others may have missed, and once an epoch, or soon after somebody came within reach, that we are
    /// alive and whether we wish the network paused.
    pub(crate) fn offer(&mut self, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        self.say_alive(slot, out);
        self.say_wish(slot, out);
        let mut offers: Vec<_> = self.docket.pending().iter().flat_map(|id| self.offers(id, slot)).collect();
        let emergencies =
            self.agenda.iter().flat_map(|(id, matter)| self.emergency_offers(&id, matter, slot));
        offers.splice(0..0, emergencies);
        if offers.len() > MAX_OFFERS {
            // Counted, not taken from the slot: what is offered every other slot must not meet the same turn each time.
            let turn = self.roster.offered;
            self.roster.offered = turn.wrapping_add(MAX_OFFERS);
            let rotation = turn.checked_rem(offers.len()).unwrap_or(0);
            offers.rotate_left(rotation);
            offers.truncate(MAX_OFFERS);
        }
        out.extend(offers.into_iter().map(Command::Broadcast));
    }

    /// Whether what is said once an epoch is to be said again: what was last said in slot `last`.
    fn is_due_again(&self, last: Option<Slot>, slot: Slot) -> bool {
        let Some(last) = last else { return true };
        let epoch_of = |slot: Slot| self.definition.chain.epoch_of(slot);
        let is_awaited = self.roster.joined.is_some_and(|joined| last <= joined);
        epoch_of(last) != epoch_of(slot) || (is_awaited && last.saturating_add(GREET_EVERY) <= slot)
    }

    fn say_wish(&mut self, slot: Slot, out: &mut Vec<Command>) {
        if self.is_due_again(self.roster.said_wish, slot) {
            self.roster.said_wish = Some(slot);
            out.extend(self.pauses.own().map(|wish| Command::Broadcast(Message::Wish(wish))));
        }
    }

    fn say_alive(&mut self, slot: Slot, out: &mut Vec<Command>) {
        if !self.is_due_again(self.roster.said_alive, slot) {
            return;
        }
        let Some(finalized) = self.view.finalized() else { return };
        self.roster.said_alive = Some(slot);
        out.push(Command::Broadcast(Message::Heartbeat(Heartbeat {
            guardian_set_epoch: self.definition.guardian_set.epoch,
            slot,
            head: self.view.head().unwrap_or_default(),
            finalized,
            version: VERSION.to_owned(),
            enforces: self.enforces(),
            shares: u32::try_from(self.view.held().count()).unwrap_or(u32::MAX),
            clients: self.settings.clients.clone(),
        })));
    }

    /// What of one emergency to say again in this slot: the emergency by whoever can prove it, our vote, the certificate;
    /// until its time is over, that it was taken back.
    fn emergency_offers(&self, id: &ProposalId, matter: &Matter, slot: Slot) -> Vec<Message> {
        let set = &self.definition.guardian_set;
        let rank = id.rank(set, self.me);
        let since = slot.0.saturating_sub(matter.emergency().opened.0);
        let is_my_turn = since.saturating_add(rank).is_multiple_of(set.threshold.n().into());
        let is_ours = |proof: &Proof| match proof {
            Proof::Sealed => {
                matter.emergency().raiser == Raiser::Guardian { guardian: self.me }
                    && since.is_multiple_of(VOTE_EVERY)
            }
            Proof::Signature(_) => is_my_turn,
            Proof::Logged => false,
        };
        let mut offers = Vec::new();
        match matter.state {
            EmergencyState::Open => {
                if is_ours(&matter.raised.proof) {
                    offers.push(Message::Emergency(matter.raised.clone()));
                }
                if since.is_multiple_of(VOTE_EVERY) {
                    offers.extend(matter.own.clone().map(Message::Vote));
                }
            }
            EmergencyState::Certified if is_my_turn && slot < matter.emergency().expires => {
                offers.extend(self.emergency_certificate(id));
            }
            EmergencyState::Cancelled if slot < matter.emergency().expires => {
                let ours = matter.cancellation.filter(|(cancellation, _)| is_ours(&cancellation.proof));
                offers.extend(ours.map(|(cancellation, _)| Message::Cancellation(cancellation)));
            }
            EmergencyState::Cancelled
            | EmergencyState::Certified
            | EmergencyState::Done
            | EmergencyState::Rejected
            | EmergencyState::Expired => {}
        }
        offers
    }

    /// What of one case to say again in this slot.
    fn offers(&self, id: &ProposalId, slot: Slot) -> Vec<Message> {
        let Some(case) = self.docket.get(id) else { return Vec::new() };
        let set = &self.definition.guardian_set;
        let rank = id.rank(set, self.me);
        let since = slot.0.saturating_sub(case.proposal.opened.0);
        let is_my_turn = since.saturating_add(rank).is_multiple_of(u64::from(set.threshold.n()));
        let mut offers = Vec::new();
        match case.state {
            State::Open => {
                if case.is_approved_by_us() && is_my_turn {
                    offers.push(Message::Proposal(case.proposal.clone()));
                }
                if since.is_multiple_of(VOTE_EVERY) {
                    offers.extend(case.own.clone().map(Message::Vote));
                }
            }
            State::Certified | State::Signed | State::Submitted => {
                let all_know = case.ceremony.partials.len() == set.members.len();
                if is_my_turn && !all_know {
                    offers.extend(self.certificate(id));
                }
                // A partial for a validator that came back is better not spread further; after a restart, one that
                // may never have been said waits until we have looked again.
                let own = case.ceremony.partials.get(&self.me);
                let is_time = since % PARTIAL_EVERY == 0 && self.paused().is_none();
                let is_meant =
                    self.is_willed(&case.proposal) && self.opinion(&case.proposal) == Opinion::Approve;
                if is_time && is_meant {
                    offers.extend(own.map(|held| Message::Partial(held.partial.clone())));
                }
            }
            State::Included | State::Finalized | State::Rejected | State::Expired | State::Moot => {}
        }
        offers
    }
}

#[cfg(test)]
mod tests;
