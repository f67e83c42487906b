//! Deciding.
use crate::guardian::Guardian;
use crate::command::Command;
use crate::emergency::{Raised, Cancellation};
use crate::guardian_set::GuardianIndex;
use crate::message::{Envelope, Vote};
impl Guardian {
    pub(crate) fn receive_emergency(&mut self, _from: GuardianIndex, _raised: Raised, _envelope: Envelope, _out: &mut Vec<Command>) {}
    pub(crate) fn receive_cancellation(&mut self, _from: GuardianIndex, _c: Cancellation, _out: &mut Vec<Command>) {}
    pub(crate) fn receive_emergency_certificate(&mut self, _from: GuardianIndex, _raised: Raised, _a: Vec<(GuardianIndex, Vote, Envelope)>, _envelope: Envelope, _out: &mut Vec<Command>) {}
}
