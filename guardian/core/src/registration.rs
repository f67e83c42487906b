//! What the contracts logged, each registration with this guardian's verdict on it: the core's share of a
//! `crypto::execution::Scan`. Envelopes, key sets and deposit signatures stay with whoever judged them.

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::{
    Address, Block, BlockNumber, ExitsProposed, RegistrationId, Tickets, TransactionHash,
};
use crypto::keys::KeySetId;
use crypto::registration::Verdict;
use crypto::spec::BlsPubkey;
use serde::{Deserialize, Serialize};

/// Everything the contracts logged in a range of finalized blocks, in the order of the chain, nothing missing. The
/// shares of its accepted registrations are stored before it is handed to the core.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ScanReport {
    /// First block of the range: the one after the last block scanned before.
    pub from: BlockNumber,
    /// Last block of the range.
    pub to: Block,
    /// The logs.
    pub logs: Vec<JudgedLog>,
}

/// A log entry with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct JudgedLog {
    /// Its block.
    pub block: BlockNumber,
    /// `logIndex` in the block.
    pub index: u64,
    /// The block's time, Unix seconds.
    pub timestamp: u64,
    /// What it tells.
    pub event: JudgedEvent,
}

/// What one log entry tells.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum JudgedEvent {
    /// `ValidatorKeyRegistered`, judged. Adds tickets without a ticket event.
    Registered(Registered),
    /// `SuccessfullyProvisioned`: the deposit was made; it is active for the protocol.
    Provisioned(RegistrationId),
    /// `ValidatorSkipped`. Takes tickets, the penalty, without a ticket event.
    Skipped(RegistrationId),
    /// `ValidatorExited`: settled.
    Exited {
        /// Which.
        id: RegistrationId,
        /// Tickets burned for it.
        burned: Tickets,
    },
    /// `ValidatorTicketsDeposited`.
    TicketsDeposited {
        /// For whom.
        operator: Address,
        /// How much.
        amount: Tickets,
    },
    /// `ValidatorTicketsWithdrawn`.
    TicketsWithdrawn {
        /// Whose.
        operator: Address,
        /// How much.
        amount: Tickets,
    },
    /// `ExitProposed` of our `ExitProposals`: an authorised account asks for exits.
    ExitProposed(ExitsProposed),
    /// `ExitCancelled`: it no longer does.
    ExitCancelled {
        /// Which proposal.
        number: u64,
        /// Who took it back: its proposer, or the contract's owner.
        by: Address,
    },
}

/// One registration, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Registered {
    /// Where it stands.
    pub id: RegistrationId,
    /// The node operator.
    pub operator: Address,
    /// The validator key, if the event's bytes have its length.
    pub pubkey: Option<BlsPubkey>,
    /// Which split of it was registered, if it could be read.
    pub key_set: Option<KeySetId>,
    /// The registering transaction.
    pub transaction: TransactionHash,
    /// What it is worth to us.
    pub verdict: Verdict,
}

/// Where a registration stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// Registered, waiting for its deposit.
    Pending,
    /// Provisioned and not settled: it uses tickets from its activation on.
    Active,
    /// Skipped: it never becomes a validator.
    Skipped,
    /// Exited and settled: its tickets are burned.
    Settled,
}

impl Life {
    /// The stable code: in status, logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Skipped => "skipped",
            Self::Settled => "settled",
        }
    }
}
