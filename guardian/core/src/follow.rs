//! Follow: who posts the combined exit, and what the chain made of it, to finality.
//!
//! # Design decisions
//! - Submitters take turns by rank; whoever sees the exit in a pool or in the head waits. Nobody trusts another's word
//!   that it posted: after [`SUBMIT_AGAIN`] slots without inclusion everyone posts.
//! - What none of our nodes took is posted again soon: a node that starts or loses its peers is back in a moment.
//! - What a node took and then lost, in a reorg or otherwise, is posted again like what it never took.
//! - An exit that gets onto the chain some other way after certification is as good as ours: `Included`.

use crate::command::Command;
use crate::event::PostOutcome;
use crate::guardian::Guardian;
use crate::proposal::{ProposalId, State};
use crate::record::Record;

/// Slots between two posts of one exit by one guardian.
const SUBMIT_AGAIN: u64 = 8;

/// Slots after which an exit that none of our nodes took is posted again.
const RETRY: u64 = 2;

/// Most such posts in a row; then it is every [`SUBMIT_AGAIN`] slots again.
const MAX_RETRIES: u32 = 5;

/// Slots one submitter has before the next one's turn.
const TURN: u64 = 2;

/// Most node outcomes kept of one submission; a guardian has few nodes.
const MAX_OUTCOMES: usize = 32;

impl Guardian {
    /// Draws the conclusion from what head and finalized state show of the validator.
    pub(crate) fn follow(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let Some(case) = self.docket.get(id) else { return };
        let Some(watched) = self.view.validator(&case.proposal.pubkey) else { return };
        let at_finalized = watched.at_finalized.is_some_and(|validator| validator.is_exiting());
        let at_head = at_finalized || watched.at_head.is_some_and(|validator| validator.is_exiting());
        match case.state {
            State::Open if at_head => self.move_to(id, State::Moot, out),
            State::Certified if !at_head && self.is_cured(&case.proposal) => {
                self.move_to(id, State::Moot, out)
            }
            State::Certified | State::Signed | State::Submitted if at_head => {
                let pubkey = case.proposal.pubkey;
                self.move_to(id, State::Included, out);
                self.find_inclusion(&pubkey, out);
                if at_finalized {
                    self.move_to(id, State::Finalized, out);
                }
            }
            State::Included if at_finalized => self.move_to(id, State::Finalized, out),
            State::Included if !at_head => {
                let back = case.state_before_inclusion();
                let slot = self.view.slot();
                self.move_to(id, back, out);
                if let Some(case) = self.docket.get_mut(id) {
                    case.ceremony.offered = None;
                    case.ceremony.retry = None;
                    case.ceremony.refused = 0;
                    case.ceremony.turns_from = Some(slot);
                }
            }
            State::Open
            | State::Certified
            | State::Signed
            | State::Submitted
            | State::Included
            | State::Finalized
            | State::Rejected
            | State::Expired
            | State::Moot => {}
        }
    }

    /// Posts a combined exit when nothing is paused, it is our turn and the chain does not show it yet.
    pub(crate) fn submit(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let is_willed = self.docket.get(id).is_some_and(|case| self.is_willed(&case.proposal));
        if !is_willed || self.paused().is_some() {
            return;
        }
        let slot = self.view.slot();
        let rank = id.rank(&self.definition.guardian_set, self.me);
        let Some(case) = self.docket.get_mut(id) else { return };
        let Some(exit) = case.ceremony.combined else { return };
        match case.state {
            State::Signed | State::Submitted => {}
            State::Open
            | State::Certified
            | State::Included
            | State::Finalized
            | State::Rejected
            | State::Expired
            | State::Moot => return,
        }
        let turns_from = *case.ceremony.turns_from.get_or_insert(slot);
        let turn = match case.ceremony.offered {
            Some(last) => case.ceremony.retry.unwrap_or_else(|| last.saturating_add(SUBMIT_AGAIN)),
            None => turns_from.saturating_add(rank.saturating_mul(TURN)),
        };
        let gossiped = self.view.validator(&case.proposal.pubkey).and_then(|watched| watched.gossiped);
        let patience = gossiped
            .filter(|(epoch, _)| *epoch == exit.message.epoch)
            .map_or(turn, |(_, seen)| seen.saturating_add(SUBMIT_AGAIN));
        if slot < turn.max(patience) {
            return;
        }
        case.ceremony.offered = Some(slot);
        case.ceremony.retry = None;
        out.push(Command::SubmitExit { proposal: *id, exit });
    }

    pub(crate) fn exit_submitted(
        &mut self,
        id: ProposalId,
        mut outcomes: Vec<(String, PostOutcome)>,
        out: &mut Vec<Command>,
    ) {
        outcomes.truncate(MAX_OUTCOMES);
        let slot = self.view.slot();
        let Some(case) = self.docket.get_mut(&id) else { return };
        let ceremony = &mut case.ceremony;
        if outcomes.iter().any(|(_, outcome)| outcome.is_taken()) {
            ceremony.refused = 0;
        } else {
            ceremony.refused = ceremony.refused.saturating_add(1);
            let is_soon = ceremony.refused <= MAX_RETRIES;
            ceremony.retry = is_soon.then(|| slot.saturating_add(RETRY));
        }
        if case.state.is_over() || case.ceremony.outcomes == outcomes {
            return;
        }
        self.persist(Record::Submitted { proposal: id, at: slot, outcomes }, out);
    }
}

#[cfg(test)]
mod tests;
