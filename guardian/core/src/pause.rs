//! Pauses: nothing is released, signed, said of a partial, combined or posted while one is in force.
//!
//! A local pause is one operator's. The network's is in force while t guardians wish it: each says its wish, sealed, with a
//! revision that grows, and the latest of each counts. So it needs no order among guardians, and to end it enough of them
//! have to change their minds. A guardian that wishes the network paused is paused itself.
//!
//! # Design decisions
//! - t sealed wishes are the group's signature here: no single guardian, and no t-1 of them, stop the others.
//! - Wishes are journaled before they are said, and last over restarts.
//! - Votes and certificates go on: what is decided meanwhile leaves when the pause ends.
//! - A pause is looked at where something would leave, not where it begins: whatever is under way then is met by it at its
//!   next step.

use crate::command::Command;
use crate::fault::FaultKind;
use crate::guardian::Guardian;
use crate::guardian_set::{GuardianIndex, GuardianSetEpoch};
use crate::message::{Envelope, Message};
use crate::notice::Notice;
use crate::record::Record;
use crate::request::{OperatorName, Request};
use crate::status::Hold;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::spec::Slot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a pause reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseScope {
    /// This guardian.
    Local,
    /// This guardian, and all of them once t wish it.
    Network,
}

/// One guardian's wish about the whole network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Wish {
    /// The guardian set it speaks in.
    pub guardian_set_epoch: GuardianSetEpoch,
    /// Grows by one with each change of mind, from 0.
    pub revision: u32,
    /// Whether the network shall be paused.
    pub paused: bool,
}

/// A pause in force here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct LocalPause {
    /// Since when.
    pub since: Slot,
    /// By whom.
    pub by: OperatorName,
    /// Why.
    pub note: String,
}

/// Where the pauses stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseStatus {
    /// The one of this guardian, if there is one.
    pub local: Option<LocalPause>,
    /// Guardians that wish the network paused.
    pub wished_by: Vec<GuardianIndex>,
    /// How many must.
    pub threshold: u16,
    /// Whether the network's is in force.
    pub network: bool,
}

/// All pauses, as the journal tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pauses {
    local: Option<LocalPause>,
    /// Our own latest wish: the journal's word, whether or not it reached anybody.
    own: Option<Wish>,
    /// The latest wish of each guardian, with its proof; at most n.
    wishes: BTreeMap<GuardianIndex, (Wish, Envelope)>,
    /// What our operator was told last: whether we are paused, and whether the network is. Not journaled.
    told: (bool, bool),
}

impl Pauses {
    /// Makes the change a journal record tells of.
    pub(crate) fn apply(&mut self, record: &Record) {
        match record {
            Record::Asked { at, by, request } => match request {
                Request::Pause { scope: _, note } => {
                    self.local = Some(LocalPause { since: *at, by: by.clone(), note: note.clone() });
                }
                Request::Resume { .. } => self.local = None,
                Request::Propose { .. }
                | Request::Submit { .. }
                | Request::Approve { .. }
                | Request::Reject { .. }
                | Request::Withdraw { .. }
                | Request::Cancel { .. }
                | Request::Inspect { .. }
                | Request::Definition {}
                | Request::Convene { .. }
                | Request::Attest { .. }
                | Request::Refresh { .. }
                | Request::AnswerCeremony { .. }
                | Request::AbortCeremony { .. } => {}
            },
            Record::WishCast { wish, .. } => self.own = Some(*wish),
            Record::WishSeen { from, wish, envelope } => {
                self.wishes.insert(*from, (*wish, envelope.clone()));
            }
            Record::Liveness(_)
            | Record::Finalized(_)
            | Record::Proposed { .. }
            | Record::VoteCast(_)
            | Record::VoteSeen { .. }
            | Record::Certified { .. }
            | Record::Released { .. }
            | Record::PartialHeld { .. }
            | Record::Combined { .. }
            | Record::Submitted { .. }
            | Record::Moved { .. }
            | Record::Faulted { .. }
            | Record::NotFinalizing(_)
            | Record::Scanned(_)
            | Record::Raised { .. }
            | Record::EmergencyCertified { .. }
            | Record::EmergencyMoved { .. }
            | Record::Cancelled { .. }
            | Record::Spared { .. }
            | Record::Adopted { .. }
            | Record::Observed { .. }
            | Record::Held { .. }
            | Record::Reached { .. }
            | Record::Lapsed(_)
            | Record::Preceded { .. }
            | Record::Opened { .. }
            | Record::Ceremony { .. }
            | Record::Inherited { .. }
            | Record::GroupSigned { .. } => {}
        }
    }

    /// Our own wish, if it is worth saying: who never wished a pause need not say so.
    pub(crate) fn own(&self) -> Option<Wish> {
        self.own.filter(|wish| wish.revision > 0 || wish.paused)
    }

    /// Everybody's latest wish as it was sealed, ours too.
    pub(crate) fn sealed(&self) -> impl Iterator<Item = &Envelope> {
        self.wishes.values().map(|(_, envelope)| envelope)
    }

    /// Whether this guardian is paused by itself.
    fn is_here(&self) -> bool {
        self.local.is_some() || self.own.is_some_and(|wish| wish.paused)
    }

    /// Who wishes the network paused. Of ourselves our journal knows best.
    fn wished_by(&self, me: GuardianIndex) -> impl Iterator<Item = GuardianIndex> {
        let others = self.wishes.iter().filter(move |(from, (wish, _))| **from != me && wish.paused);
        let own = self.own.filter(|wish| wish.paused).map(|_| me);
        others.map(|(from, _)| *from).chain(own)
    }
}

impl Guardian {
    /// What pauses us, if anything does.
    pub(crate) fn paused(&self) -> Option<Hold> {
        if self.pauses.is_here() {
            Some(Hold::Paused)
        } else {
            self.is_network_paused().then_some(Hold::NetworkPaused)
        }
    }

    fn is_network_paused(&self) -> bool {
        self.definition.guardian_set.threshold.met_by(self.pauses.wished_by(self.me).count())
    }

    /// Where the pauses stand. Whoever wishes the network paused is paused itself, with or without a local pause.
    pub(crate) fn pause_status(&self) -> PauseStatus {
        let mut wished_by: Vec<_> = self.pauses.wished_by(self.me).collect();
        wished_by.sort_unstable();
        PauseStatus {
            local: self.pauses.local.clone(),
            wished_by,
            threshold: self.definition.guardian_set.threshold.t(),
            network: self.is_network_paused(),
        }
    }

    pub(crate) fn receive_wish(
        &mut self,
        from: GuardianIndex,
        wish: Wish,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        if !self.is_our_epoch(from, wish.guardian_set_epoch, None, out) {
            return;
        }
        if from == self.me && !self.take_back_wish(wish, out) {
            return;
        }
        let slot = self.view.slot();
        if let Some((known, proof)) = self.pauses.wishes.get(&from) {
            if wish.revision < known.revision || wish == *known {
                return;
            }
            if wish.revision == known.revision {
                let evidence = vec![proof.clone(), envelope];
                self.fault(from, FaultKind::Equivocation, None, evidence, out);
                return;
            }
        }
        // Each new one is journaled. What is dropped here is offered again.
        let is_alarm = wish.paused && !self.pauses.wishes.get(&from).is_some_and(|(known, _)| known.paused);
        if from != self.me && !self.roster.may_wish(from, slot) && !is_alarm {
            return;
        }
        self.persist(Record::WishSeen { from, wish, envelope }, out);
        self.tell_pauses(out);
    }

    /// Compares a wish that we sealed with our journal. One that the journal does not know is from before a loss of data:
    /// it was said, so it stands, unless we have said otherwise since. False when it is not our latest word.
    fn take_back_wish(&mut self, wish: Wish, out: &mut Vec<Command>) -> bool {
        let own = self.pauses.own;
        if own == Some(wish) {
            return true;
        }
        match own {
            Some(own) if own.revision > wish.revision => return false,
            Some(own) if own.revision == wish.revision => self.wish(own.paused, out),
            Some(_) | None => {
                self.persist(Record::WishCast { wish, at: self.view.slot() }, out);
            }
        }
        self.lapse(out);
        self.pauses.own == Some(wish)
    }

    /// Begins or ends a pause as our operator asked; its request is journaled already.
    pub(crate) fn switch_pause(&mut self, paused: bool, scope: PauseScope, out: &mut Vec<Command>) {
        match scope {
            PauseScope::Local => {}
            PauseScope::Network => {
                if self.pauses.own.is_some_and(|wish| wish.paused) != paused {
                    self.wish(paused, out);
                }
            }
        }
        self.tell_pauses(out);
    }

    /// Writes our next wish down, then says it.
    fn wish(&mut self, paused: bool, out: &mut Vec<Command>) {
        let next = self.pauses.own.map_or(Some(0), |wish| wish.revision.checked_add(1));
        let Some(revision) = next else { return };
        let wish = Wish { guardian_set_epoch: self.definition.guardian_set.epoch, revision, paused };
        if self.persist(Record::WishCast { wish, at: self.view.slot() }, out) {
            out.push(Command::Broadcast(Message::Wish(wish)));
        }
    }

    /// Tells our operator when a pause began or ended, and looks at what that holds or lets go.
    fn tell_pauses(&mut self, out: &mut Vec<Command>) {
        let before = self.pauses.told;
        self.know_pauses();
        let (here, network) = self.pauses.told;
        if before != self.pauses.told {
            out.push(Command::Notify(Notice::PauseChanged { paused: here || network, network }));
            self.review(out);
        }
    }

    /// Takes the pauses in force as told: after a start they are nothing new.
    pub(crate) fn know_pauses(&mut self) {
        self.pauses.told = (self.pauses.is_here(), self.is_network_paused());
    }
}

#[cfg(test)]
mod tests;
