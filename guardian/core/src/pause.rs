//! Pauses: nothing is released, signed, said of a partial, combined or posted while one is in force.
//!
//! A local pause is one operator's. The network's is in force while t guardians wish it: each says its wish, sealed, with a
//! revision that grows, and the latest of each counts. So it needs no order among guardians, and to end it enough of them
//! have to change their minds. A guardian that wishes the network paused is paused itself.
//!
//! # Design decisions
//! - t sealed wishes are the group's signature here: no single guardian, and no t-1 of them, stop the others.
//! - Wishes are journaled before they are said, and last over restarts.

use crate::command::Command;
use crate::guardian::Guardian;
use crate::guardian_set::{GuardianIndex, GuardianSetEpoch};
use crate::message::Envelope;
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
    pub(crate) local: Option<LocalPause>,
    /// Our own latest wish: the journal's word, whether or not it reached anybody.
    pub(crate) own: Option<Wish>,
    /// The latest wish of each guardian, with its proof; at most n.
    pub(crate) wishes: BTreeMap<GuardianIndex, (Wish, Envelope)>,
}

impl Pauses {
    /// Makes the change a journal record tells of.
    pub(crate) fn apply(&mut self, record: &Record) {
        match record {
            Record::Asked { at, by, request: Request::Pause { note, .. } } => {
                self.local = Some(LocalPause { since: *at, by: by.clone(), note: note.clone() });
            }
            Record::Asked { request: Request::Resume { .. }, .. } => self.local = None,
            Record::WishCast { wish, .. } => self.own = Some(*wish),
            Record::WishSeen { from, wish, envelope } => {
                self.wishes.insert(*from, (*wish, envelope.clone()));
            }
            _ => {}
        }
    }
}

impl Guardian {
    /// What pauses us, if anything does.
    pub(crate) fn paused(&self) -> Option<Hold> {
        None
    }

    /// Where the pauses stand.
    pub(crate) fn pause_status(&self) -> PauseStatus {
        PauseStatus::default()
    }

    pub(crate) fn receive_wish(
        &mut self,
        _from: GuardianIndex,
        _wish: Wish,
        _envelope: Envelope,
        _out: &mut Vec<Command>,
    ) {
    }

    /// Begins or ends a pause as our operator asked; its request is journaled already.
    pub(crate) fn switch_pause(&mut self, _paused: bool, _scope: PauseScope, _out: &mut Vec<Command>) {}
}
