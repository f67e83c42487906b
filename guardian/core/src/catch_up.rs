//! Catch-up: what a guardian that was away asks, and what it is told. Answers are the messages themselves, as sealed.

use crate::case::Case;
use crate::command::Command;
use crate::event::RequestId;
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::matter::Matter;
use crate::message::Envelope;
use crate::status::EmergencyState;

/// Most envelopes in one answer.
pub const MAX_ENVELOPES: usize = 256;

/// Most bytes of envelopes in one answer.
pub const MAX_BYTES: usize = 512 * 1024;

impl Guardian {
    /// Asks a guardian that came within reach what is open, but not over and over.
    pub(crate) fn peer_connected(&mut self, peer: GuardianIndex, out: &mut Vec<Command>) {
        if !self.is_member(peer) || peer == self.me {
            return;
        }
        self.roster.peer_mut(peer).connected = true;
        let slot = self.view.slot();
        self.roster.joined = Some(slot);
        if self.roster.may_ask(peer, slot) {
            out.push(Command::RequestCatchUp(peer));
        }
    }

    /// Answers with everybody's wishes and with what is not over, newest proposal first. One that asks too often gets an empty answer.
    pub(crate) fn answer_catch_up(
        &mut self,
        from: GuardianIndex,
        request: RequestId,
        out: &mut Vec<Command>,
    ) {
        let slot = self.view.slot();
        let mut envelopes = Vec::new();
        if self.is_member(from) && self.roster.may_answer(from, slot) {
            let mut cases: Vec<_> = self.docket.iter().filter(|(_, case)| !case.state.is_over()).collect();
            cases.sort_by_key(|(id, case)| (std::cmp::Reverse(case.proposal.opened), *id));
            let mut room = MAX_BYTES;
            let is_paused = self.paused().is_some();
            let alive = |matter: &&Matter| match matter.state {
                EmergencyState::Open | EmergencyState::Certified => true,
                EmergencyState::Cancelled => slot < matter.emergency().expires,
                EmergencyState::Done | EmergencyState::Rejected | EmergencyState::Expired => false,
            };
            let emergencies = self.agenda.iter().map(|(_, matter)| matter).filter(alive);
            // What is certified first: many open ones must not crowd it out.
            let (open, certified): (Vec<_>, Vec<_>) =
                emergencies.partition(|matter| matter.state == EmergencyState::Open);
            let all = self
                .pauses
                .sealed()
                .chain(certified.into_iter().flat_map(sealed_matter))
                .chain(cases.into_iter().flat_map(|(_, case)| sealed(case, is_paused)))
                .chain(open.into_iter().flat_map(sealed_matter));
            envelopes.extend(
                all.filter(|envelope| {
                    let fits = envelope.0.len() <= room;
                    if fits {
                        room = room.saturating_sub(envelope.0.len());
                    }
                    fits
                })
                .take(MAX_ENVELOPES)
                .cloned(),
            );
        }
        out.push(Command::Reply { request, envelopes });
    }
}

/// A case as sealed messages, in the order in which they make sense; without partials while we are paused.
fn sealed(case: &Case, is_paused: bool) -> impl Iterator<Item = &Envelope> {
    let certificate = case.certificate.as_ref().and_then(|certificate| certificate.sealed.as_ref());
    // Under a certificate, the proposal and the votes are already told.
    let uncertified = certificate.is_none().then_some(case);
    let proposal = uncertified.and_then(|case| case.sealed.as_ref());
    let votes =
        uncertified.into_iter().flat_map(|case| case.ballot.votes().map(|(_, counted)| &counted.envelope));
    let told = (!is_paused).then_some(&case.ceremony.partials);
    let partials =
        told.into_iter().flat_map(|partials| partials.values()).filter_map(|held| held.envelope.as_ref());
    certificate.into_iter().chain(proposal).chain(votes).chain(partials)
}

/// An emergency as sealed messages, in the order in which they make sense.
fn sealed_matter(matter: &Matter) -> impl Iterator<Item = &Envelope> {
    let certificate = matter.certificate.as_ref().and_then(|certificate| certificate.sealed.as_ref());
    let uncertified = certificate.is_none().then_some(matter);
    let raised = uncertified.and_then(|matter| matter.sealed.as_ref());
    let votes = uncertified
        .into_iter()
        .flat_map(|matter| matter.ballot.votes().map(|(_, counted)| &counted.envelope));
    certificate.into_iter().chain(raised).chain(votes).chain(matter.cancelled.as_ref())
}

#[cfg(test)]
mod tests;
