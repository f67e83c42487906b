//! Readiness: once a day every guardian proves to the others that it holds a working share of every validator. What comes
//! of it is a matrix: which guardians proved today that they could sign for which validator.
//!
//! # Design decisions
//! - The proof is one of knowledge over the shares, bound to network, day, part and holder; it is no signature that any
//!   chain takes, and yesterday's proves nothing today.
//! - It is said again every epoch, so that whoever was away or started anew hears of it; what is verified is not verified
//!   again, and nothing of it is journaled: a day later it is worth nothing.

use crate::command::Command;
use crate::fault::FaultKind;
use crate::governor::DAY_EPOCHS;
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::message::Message;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::spec::{BlsPubkey, Slot};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most shares in one part of a proof.
pub const MAX_KEYS: usize = 512;

/// Most parts of one guardian's proof: as many shares as a guardian may hold.
pub const MAX_PARTS: u16 = 128;

/// Slots until our own proof is asked for again: with many validators it takes a while.
const ASK_AGAIN: u64 = 32;

/// Longest proof, bytes.
const MAX_PROOF: usize = 128;

/// First bytes of a [`crypto::keys::KeySetId`]: enough to look it up.
pub type KeyName = [u8; 8];

/// One part of a guardian's proof of a day.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Readiness {
    /// Which day: epochs divided by 225.
    pub day: u64,
    /// Which part, from 0.
    pub part: u16,
    /// Of how many.
    pub parts: u16,
    /// The keys whose shares are proven, ascending by validator.
    pub keys: Vec<KeyName>,
    /// The proof.
    pub proof: Vec<u8>,
}

impl Readiness {
    pub(crate) fn is_bounded(&self) -> bool {
        self.keys.len() <= MAX_KEYS
            && self.proof.len() <= MAX_PROOF
            && self.parts <= MAX_PARTS
            && self.part < self.parts
    }
}

/// What is known of everybody's readiness.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matrix {
    /// Last day on which a guardian proved a validator's share.
    proven: BTreeMap<BlsPubkey, BTreeMap<GuardianIndex, u64>>,
    /// Parts that were looked at, of today and yesterday.
    checked: BTreeSet<(GuardianIndex, u64, u16)>,
    own: Vec<Readiness>,
    /// When our own proof was last asked for.
    asked: Option<Slot>,
}

/// One guardian's readiness as the status shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadinessStatus {
    /// Who.
    pub guardian: GuardianIndex,
    /// Of how many validators it proved to hold a working share today or yesterday.
    pub proven: u64,
}

impl Guardian {
    fn day(&self) -> u64 {
        self.definition.chain.epoch_of(self.view.slot()).0 / DAY_EPOCHS
    }

    /// Once a slot: our own proof, once a day; said again with each epoch.
    pub(crate) fn tend_readiness(&mut self, out: &mut Vec<Command>) {
        let day = self.day();
        if self.is_joining() || self.view.held().next().is_none() {
            return;
        }
        let held = u64::try_from(self.view.held().count()).unwrap_or(u64::MAX);
        let covered: u64 =
            self.matrix.own.iter().map(|part| u64::try_from(part.keys.len()).unwrap_or(0)).sum();
        let is_current = self.matrix.own.first().is_some_and(|part| part.day == day) && covered == held;
        let epoch_begins = self.view.slot().0.is_multiple_of(self.definition.chain.slots_per_epoch.get());
        if !is_current {
            self.matrix.checked.retain(|(_, of, _)| of.saturating_add(1) >= day);
            let slot = self.view.slot();
            if self.matrix.asked.is_none_or(|asked| slot >= asked.saturating_add(ASK_AGAIN)) {
                self.matrix.asked = Some(slot);
                out.push(Command::ProveReadiness { day });
            }
        } else if epoch_begins {
            self.say_readiness(out);
        }
    }

    fn say_readiness(&self, out: &mut Vec<Command>) {
        let parts = self.matrix.own.iter().cloned();
        out.extend(parts.map(|part| Command::Broadcast(Message::Readiness(part))));
    }

    pub(crate) fn readiness_proven(&mut self, parts: Vec<Readiness>, out: &mut Vec<Command>) {
        if parts.first().is_some_and(|part| part.day == self.day()) && self.matrix.own != parts {
            self.matrix.own = parts;
            self.matrix.asked = None;
            self.say_readiness(out);
        }
    }

    pub(crate) fn receive_readiness(
        &mut self,
        from: GuardianIndex,
        readiness: Readiness,
        out: &mut Vec<Command>,
    ) {
        let (day, key) = (self.day(), (from, readiness.day, readiness.part));
        if readiness.day.abs_diff(day) <= 1 && !self.matrix.checked.contains(&key) {
            out.push(Command::CheckReadiness { from, readiness });
        }
    }

    /// A part was verified: `validators` are those whose share is proven; None when keys in it are unknown here.
    pub(crate) fn readiness_checked(
        &mut self,
        from: GuardianIndex,
        (day, part): (u64, u16),
        validators: Option<Vec<BlsPubkey>>,
        valid: bool,
        out: &mut Vec<Command>,
    ) {
        if day.abs_diff(self.day()) > 1 {
            return;
        }
        let Some(validators) = validators else { return };
        self.matrix.checked.insert((from, day, part));
        if !valid {
            return self.fault(from, FaultKind::InvalidReadiness, None, Vec::new(), out);
        }
        for validator in validators {
            let last = self.matrix.proven.entry(validator).or_default().entry(from).or_default();
            *last = day.max(*last);
        }
    }

    /// Guardians that proved today or yesterday that they hold a working share of a validator.
    pub(crate) fn ready_for(&self, validator: &BlsPubkey) -> Vec<GuardianIndex> {
        let day = self.day();
        let of = self.matrix.proven.get(validator).into_iter().flatten();
        of.filter(|(_, last)| last.saturating_add(1) >= day).map(|(guardian, _)| *guardian).collect()
    }

    pub(crate) fn readiness_statuses(&self) -> Vec<ReadinessStatus> {
        let day = self.day();
        let mut count: BTreeMap<GuardianIndex, u64> =
            self.definition.guardian_set.members.iter().map(|member| (member.index, 0)).collect();
        for (validator, by) in &self.matrix.proven {
            if self.view.holds(validator) {
                for (guardian, _) in by.iter().filter(|(_, last)| last.saturating_add(1) >= day) {
                    *count.entry(*guardian).or_default() += 1;
                }
            }
        }
        count.into_iter().map(|(guardian, proven)| ReadinessStatus { guardian, proven }).collect()
    }
}

#[cfg(test)]
mod tests;
