//! What the execution layer's contracts show, in the words that the chain watcher, the core and the shell share.
//!
//! Facts only: nothing here was judged. Byte strings that the contracts do not check are kept as they came, bounded by
//! whoever read them.
//!
//! Source: the ABI of Puffer's `PufferProtocol` and `GuardianModule`, profile `v1`, and of our `ExitProposals`.

mod exits_proposed;

pub use exits_proposed::{ExitsProposed, MAX_PROPOSED_REASON, MAX_PROPOSED_VALIDATORS};

use crate::spec::Gwei;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

crate::fixed_bytes!(
    /// An account or a contract.
    Address, 20
);

crate::fixed_bytes!(
    /// Hash of an execution block.
    BlockHash, 32
);

crate::fixed_bytes!(
    /// Hash of a transaction.
    TransactionHash, 32
);

crate::fixed_bytes!(
    /// `moduleName`: which staking module a registration belongs to. Text padded with zeros, by convention.
    ModuleName, 32
);

crate::fixed_bytes!(
    /// Withdrawal credentials of a deposit, as the module's contract names them.
    WithdrawalCredentials, 32
);

/// Number of an execution block.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(transparent)]
pub struct BlockNumber(pub u64);

/// One execution block.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct Block {
    /// Its number.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: BlockHash,
    /// Its time, Unix seconds.
    pub timestamp: u64,
}

/// An amount of validator tickets in wei of ticket: 10^18 is one ticket, one validator-day. The contracts keep it in a
/// `uint96`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Tickets(pub u128);

impl Tickets {
    /// One ticket.
    pub const ONE: Self = Self(1_000_000_000_000_000_000);

    /// This much less `other`, at least zero.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This much and `other`, at most the largest amount.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This much `times` over, at most the largest amount.
    #[must_use]
    pub fn saturating_mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(u128::from(times)))
    }
}

/// In text, the wei as a decimal string: JSON numbers are not exact that far.
impl Serialize for Tickets {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Tickets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| {
            serde::de::Error::custom(format!(
                "`{}` is no amount of wei; write a whole number in quotes, such as \"5000000000000000000\" for 5 tickets",
                text.chars().take(40).collect::<String>()
            ))
        })
    }
}

/// A registration's place in the protocol: `(moduleName, pufferModuleIndex)`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct RegistrationId {
    /// The module.
    pub module: ModuleName,
    /// `pufferModuleIndex`.
    pub index: u64,
}

/// A node operator's account: `getNodeInfo`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct NodeInfo {
    /// Validators provisioned and not settled.
    pub active: u64,
    /// Validators registered, neither provisioned nor skipped.
    pub pending: u64,
    /// Tickets it has on deposit, before what its active validators have used since.
    pub tickets: Tickets,
}

/// `ValidatorKeyRegistered`, with what was found in the transaction that caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Where it stands.
    pub id: RegistrationId,
    /// The node operator: `getValidatorInfo(..).node`, or, once that is gone, the sender of the transaction.
    pub operator: Address,
    /// The validator key of the event, as it came; 48 bytes if it is one.
    pub pubkey: Vec<u8>,
    /// The transaction.
    pub transaction: TransactionHash,
    /// `getWithdrawalCredentials` of the registration's module.
    pub withdrawal_credentials: WithdrawalCredentials,
    /// What only the transaction's input shows.
    pub payload: Result<Payload, Unreadable>,
}

/// What `registerValidatorKey` was called with, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Deposit signature, 96 bytes if it is one.
    pub deposit_signature: Vec<u8>,
    /// `depositDataRoot`.
    pub deposit_data_root: [u8; 32],
    /// One sealed share for each guardian in the order of the set then, 129 bytes each if they are.
    pub envelopes: Vec<Vec<u8>>,
    /// The public key set: t times 48 bytes if it is one.
    pub key_set: Vec<u8>,
}

/// Why a registration's payload could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The call is not in the transaction's input, not even nested: only a trace would show it.
    NeedsTrace,
    /// There is such a call, but its arguments do not decode.
    Malformed,
    /// No node has the transaction.
    TransactionMissing,
}

/// What one log entry of the contracts tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContractEvent {
    /// `ValidatorKeyRegistered`. Adds tickets without a ticket event.
    Registered(Box<Registration>),
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
    /// `ExitProposed`: an authorised account asks for exits.
    ExitProposed(ExitsProposed),
    /// `ExitCancelled`: it no longer does.
    ExitCancelled {
        /// Which proposal.
        number: u64,
        /// Who took it back: its proposer, or the contract's owner.
        by: Address,
    },
}

/// A log entry with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its block.
    pub block: BlockNumber,
    /// `logIndex` in the block.
    pub index: u64,
    /// The block's time, Unix seconds.
    pub timestamp: u64,
    /// What it tells.
    pub event: ContractEvent,
}

/// Everything the contracts logged in a range of finalized blocks, in the order of the chain, nothing missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// First block of the range: the one after the last block scanned before.
    pub from: BlockNumber,
    /// Last block of the range.
    pub to: Block,
    /// The logs.
    pub logs: Vec<Log>,
}

/// What the contracts say at one finalized block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractState {
    /// The block.
    pub block: Block,
    /// `getGuardians`: accounts, in the order that counts.
    pub guardians: Vec<Address>,
    /// `getGuardiansEnclaveAddresses`: addresses of the custody keys, in the same order.
    pub enclaves: Vec<Address>,
    /// `getThreshold`.
    pub threshold: u64,
    /// `getEjectionThreshold`, rounded up to whole Gwei.
    pub ejection_threshold: Gwei,
    /// `getMinimumVtAmount`: least that is burned for a validator, if its operator has it.
    pub minimum_tickets: Tickets,
    /// `getVTPenalty`: burned for a skipped registration.
    pub skip_penalty: Tickets,
    /// `getNodeInfo` of every operator that ever registered a validator or had tickets.
    pub operators: Vec<(Address, NodeInfo)>,
}

impl std::fmt::Display for BlockNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Up to six decimals, without zeros at the end, such as `4.995556`; rounded down.
impl std::fmt::Display for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let one = Self::ONE.0;
        let micros = self.0.checked_rem(one).unwrap_or(0) / 1_000_000_000_000;
        let text = format!("{}.{micros:06}", self.0 / one);
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_read_well() {
        let text = |wei| Tickets(wei).to_string();
        assert_eq!(text(0), "0");
        assert_eq!(text(Tickets::ONE.0), "1");
        assert_eq!(text(28 * Tickets::ONE.0), "28");
        assert_eq!(text(4_995_555_555_555_555_555), "4.995555");
        assert_eq!(text(4_444_444_444_444_445), "0.004444");
    }

    #[test]
    fn tickets_travel_as_text() {
        let json = serde_json::to_string(&Tickets(u128::MAX)).unwrap();
        assert_eq!(json, "\"340282366920938463463374607431768211455\"");
        assert_eq!(serde_json::from_str::<Tickets>(&json).unwrap(), Tickets(u128::MAX));
        let refused = serde_json::from_str::<Tickets>("\"5 VT\"").unwrap_err().to_string();
        assert!(refused.contains("`5 VT` is no amount of wei"), "{refused}");
    }
}
