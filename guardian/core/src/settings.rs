//! `Settings`: what one operator decides for its own guardian, within what the definition allows. Never part of the
//! definition: guardians may differ in it.

use crate::emergency::{RaiserClass, Severity};
use crate::message::Clients;
use crate::policy::Enforcement;
use crypto::execution::Address;

/// Most standing orders.
pub const MAX_STANDING: usize = 64;

/// One operator's own decisions. They come from its configuration at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How far this guardian goes at most by each rule: it never goes further than the definition either.
    pub offline: Enforcement,
    /// As `offline`.
    pub tickets: Enforcement,
    /// As `offline`.
    pub balance: Enforcement,
    /// As `offline`, for emergencies: below `Enforce` this guardian neither votes on them nor releases by them.
    pub emergency: Enforcement,
    /// Orders for classes of emergencies; the first that fits decides, otherwise the operator is waited for. At most
    /// [`MAX_STANDING`].
    pub standing: Vec<StandingOrder>,
    /// What software its own nodes run, to be told to everybody.
    pub clients: Clients,
}

impl Default for Settings {
    /// As far as the definition goes; emergencies wait for the operator.
    fn default() -> Self {
        let full = Enforcement::Enforce;
        Self {
            offline: full,
            tickets: full,
            balance: full,
            emergency: full,
            standing: Vec::new(),
            clients: Clients::default(),
        }
    }
}

/// What to vote on a class of emergencies without being asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingOrder {
    /// For the log and the journal: which order it was. 1 to 32 characters of `a-z 0-9 -`.
    pub name: String,
    /// Only those raised this way; any way when absent.
    pub raiser: Option<RaiserClass>,
    /// Only those of this account.
    pub proposer: Option<Address>,
    /// Only those of this severity.
    pub severity: Option<Severity>,
    /// Only those that name at most so many validators.
    pub max_validators: u64,
    /// The vote.
    pub vote: StandingVote,
}

/// The vote of a standing order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandingVote {
    /// Approve, if our own view confirms every validator of it.
    Approve,
    /// Reject.
    Reject,
}
