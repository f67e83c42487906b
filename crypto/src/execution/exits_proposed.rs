//! What an account that our `ExitProposals` allows asked of the guardians: exits of certain validators.

use super::Address;
use crate::spec::ValidatorIndex;
use borsh::{BorshDeserialize, BorshSerialize};

/// Most validators of one proposal that are kept: as many as the contract takes.
pub const MAX_PROPOSED_VALIDATORS: usize = 1024;

/// Longest reason that is kept, bytes: as long as the contract takes.
pub const MAX_PROPOSED_REASON: usize = 280;

/// `ExitProposed`, as the contract logged it: nothing in it was judged.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ExitsProposed {
    /// Its number: how many were proposed before it.
    pub number: u64,
    /// Who called the contract: an account, a Safe, a timelock.
    pub proposer: Address,
    /// Which network's guardians are asked, by the id of their definition.
    pub network: [u8; 32],
    /// 0 is normal, 1 is urgent.
    pub severity: u8,
    /// Until when it is asked for, Unix seconds.
    pub expires: u64,
    /// The validators, strictly ascending if the contract is ours, at most [`MAX_PROPOSED_VALIDATORS`]; the rest is left
    /// out.
    pub validators: Vec<ValidatorIndex>,
    /// Why, for people: at most [`MAX_PROPOSED_REASON`] bytes; the rest is left out, and bytes that are no text are
    /// replaced.
    pub reason: String,
}
