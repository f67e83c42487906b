//! `Roster`: the other guardians as we see them, and what they did wrong.

use crate::fault::Fault;
use crate::guardian_set::GuardianIndex;
use crate::message::Heartbeat;
use crypto::spec::Slot;
use std::collections::{BTreeMap, VecDeque};

/// Faults remembered and shown; the oldest is forgotten first.
pub(crate) const MAX_FAULTS: usize = 256;

/// Slots between two catch-up questions to, two full answers for, and two new wishes of, one guardian.
const TURN: u64 = 4;

/// What we know of one guardian; at most n of these.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer {
    pub(crate) connected: bool,
    pub(crate) heartbeat: Option<(Slot, Heartbeat)>,
    asked: Option<Slot>,
    answered: Option<Slot>,
    wished: Option<Slot>,
}

/// The guardians by index, and the faults in the order they were seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster {
    peers: BTreeMap<GuardianIndex, Peer>,
    faults: VecDeque<Fault>,
    /// How many offers were said, beyond what one slot takes.
    pub(crate) offered: usize,
    /// Slot of our latest heartbeat.
    pub(crate) said_alive: Option<Slot>,
    /// Slot in which we last said our wish about a pause, or would have if we had one.
    pub(crate) said_wish: Option<Slot>,
    /// Slot in which a guardian last came within reach.
    pub(crate) joined: Option<Slot>,
}

impl Roster {
    pub(crate) fn peer(&self, guardian: GuardianIndex) -> Option<&Peer> {
        self.peers.get(&guardian)
    }

    /// The caller has checked that `guardian` is a member.
    pub(crate) fn peer_mut(&mut self, guardian: GuardianIndex) -> &mut Peer {
        self.peers.entry(guardian).or_default()
    }

    /// Whether it is time to ask this guardian what is open; remembers that it was asked.
    pub(crate) fn may_ask(&mut self, guardian: GuardianIndex, slot: Slot) -> bool {
        take_turn(&mut self.peer_mut(guardian).asked, slot)
    }

    /// Whether this guardian gets a full answer now; remembers that it got one.
    pub(crate) fn may_answer(&mut self, guardian: GuardianIndex, slot: Slot) -> bool {
        take_turn(&mut self.peer_mut(guardian).answered, slot)
    }

    /// Whether a new wish of this guardian is taken now; remembers that it was.
    pub(crate) fn may_wish(&mut self, guardian: GuardianIndex, slot: Slot) -> bool {
        take_turn(&mut self.peer_mut(guardian).wished, slot)
    }

    /// Remembers a fault.
    pub(crate) fn remember(&mut self, fault: Fault) {
        self.faults.push_back(fault);
        if self.faults.len() > MAX_FAULTS {
            self.faults.pop_front();
        }
    }

    pub(crate) fn is_known(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }

    /// Faults, newest first.
    pub(crate) fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().rev()
    }
}

fn take_turn(last: &mut Option<Slot>, slot: Slot) -> bool {
    if last.is_some_and(|last| last.saturating_add(TURN) > slot) {
        return false;
    }
    *last = Some(slot);
    true
}

#[cfg(test)]
mod tests;
