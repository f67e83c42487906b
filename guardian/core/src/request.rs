//! What an operator asks of its own guardian, and what it is answered. Typed both ways; every request is journaled with the
//! operator's name before it is answered.

use crate::ceremony::{CeremonyId, Kind};
use crate::emergency::{Raised, Raiser, Refusal, Severity};
use crate::event::NodeHealth;
use crate::forecast::Forecast;
use crate::guardian_set::NetworkDefinition;
use crate::pause::{PauseScope, PauseStatus};
use crate::proposal::ProposalId;
use crate::signing::MatterId;
use crate::status::{EmergencyState, EmergencyStatus};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::{Address, ModuleName};
use crypto::spec::{BlsPubkey, Slot, ValidatorIndex};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Correlates a request with its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// Longest name of an operator, bytes.
pub const MAX_OPERATOR: usize = 64;

/// Longest text an operator may give with a decision, bytes.
pub const MAX_NOTE: usize = 280;

/// Who asks: the account of this machine that the socket's other end belongs to, and the name it gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct OperatorName {
    /// Numeric user id, as the kernel says.
    pub uid: u32,
    /// The name given, at most [`MAX_OPERATOR`] bytes of printable text.
    pub name: String,
}

/// A validator as an operator names it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ValidatorName {
    /// By its index.
    Index(ValidatorIndex),
    /// By its key.
    Pubkey(BlsPubkey),
}

impl fmt::Display for ValidatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => index.fmt(f),
            Self::Pubkey(pubkey) => pubkey.fmt(f),
        }
    }
}

impl FromStr for ValidatorName {
    type Err = String;

    /// Reads decimal digits, or a key.
    fn from_str(text: &str) -> Result<Self, String> {
        // Numbers may have a sign elsewhere.
        let index = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let name = index.map(|index| Self::Index(ValidatorIndex(index)));
        name.or_else(|| text.parse().ok().map(Self::Pubkey)).ok_or_else(|| {
            "a validator is named by its index, or by its public key: 0x and 96 hexadecimal digits".to_owned()
        })
    }
}

/// Whom an emergency shall hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These, at most [`crate::emergency::MAX_TARGETS`], none twice.
    Validators(Vec<ValidatorName>),
    /// All of a node operator that are on duty and not leaving.
    Operator(Address),
    /// All of a module that are on duty and not leaving.
    Module(ModuleName),
}

/// What an operator asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Raise an emergency in this guardian's name.
    Propose {
        /// Whom.
        selection: Selection,
        /// How urgent.
        severity: Severity,
        /// Why.
        reason: String,
        /// Slots it shall live from now.
        lifetime: u64,
        /// Only say what it would do.
        dry_run: bool,
    },
    /// Bring an emergency that an account signed.
    Submit {
        /// It.
        raised: Box<Raised>,
        /// Only say what it would do.
        dry_run: bool,
    },
    /// Vote for an emergency.
    Approve {
        /// Which.
        emergency: ProposalId,
        /// Why.
        note: String,
    },
    /// Vote against an emergency.
    Reject {
        /// Which.
        emergency: ProposalId,
        /// Why.
        note: String,
    },
    /// Take our vote for an emergency back.
    Withdraw {
        /// Which.
        emergency: ProposalId,
        /// Why.
        note: String,
    },
    /// Take back an emergency that this guardian raised, or bring an account's signature that takes its own back.
    Cancel {
        /// Which.
        emergency: ProposalId,
        /// The account's signature over the typed data, for one that an account signed.
        signature: Option<crypto::typed_data::AccountSignature>,
    },
    /// Show emergencies as this guardian verified them.
    Inspect {
        /// Only this one, with all its validators.
        emergency: Option<ProposalId>,
    },
    /// Stop releasing, combining and posting exits.
    Pause {
        /// Only here, or wish it for the whole network too.
        scope: PauseScope,
        /// Why.
        note: String,
    },
    /// End a pause.
    Resume {
        /// The local one, or our wish for the whole network too.
        scope: PauseScope,
        /// Why.
        note: String,
    },
    /// Open a ceremony, and agree to it.
    Convene {
        /// What for.
        kind: Box<Kind>,
        /// Slots until it ends without success.
        lifetime: u64,
    },
    /// Open a succession to the same members: new shares of every key.
    Refresh {
        /// Slots until it ends without success.
        lifetime: u64,
    },
    /// Agree, or not, to a ceremony that somebody opened.
    AnswerCeremony {
        /// Which.
        ceremony: CeremonyId,
        /// Whether.
        agrees: bool,
        /// Why.
        note: String,
    },
    /// Have the network's own key sign that our definition is in force, for a contract that keeps it.
    Attest {
        /// EIP-155.
        chain_id: u64,
        /// The contract.
        contract: Address,
        /// Its counter.
        nonce: u64,
    },
    /// Leave a ceremony.
    AbortCeremony {
        /// Which.
        ceremony: CeremonyId,
        /// Why.
        note: String,
    },
    /// Show the definition in force: after a succession it is another than in the operator's file.
    Definition {},
}

/// One thing that is wrong with a request. `detail` names the value and the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable code.
    pub code: String,
    /// For people.
    pub detail: String,
}

impl Problem {
    /// A problem that a refusal names.
    pub(crate) fn of(refusal: Refusal, detail: impl Into<String>) -> Self {
        Self { code: refusal.code().to_owned(), detail: detail.into() }
    }
}

/// What an operator is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing was done, stored or sent; at most 64 problems.
    Refused {
        /// Why.
        problems: Vec<Problem>,
    },
    /// What a proposal would do.
    Forecast(Box<Forecast>),
    /// It is raised and our vote for it is cast.
    Raised {
        /// Its id.
        emergency: ProposalId,
        /// Whether it was known before: then nothing was done.
        known: bool,
        /// What it does.
        forecast: Box<Forecast>,
    },
    /// Our vote is cast.
    Voted {
        /// On which emergency.
        emergency: ProposalId,
        /// Where it stands now.
        state: EmergencyState,
        /// Approvals that stand, ours included.
        approvals: u64,
        /// Approvals that certify.
        threshold: u64,
        /// First slot at which they do.
        certifiable_from: Slot,
        /// Of its exits, how many we released already: those cannot be taken back.
        released: u64,
    },
    /// It is taken back.
    Cancelled {
        /// Which.
        emergency: ProposalId,
    },
    /// A signature of the network's own key is in the making: see the status.
    Attesting {
        /// Its id.
        matter: MatterId,
    },
    /// Our word on a ceremony is given.
    Convened {
        /// Its id.
        ceremony: CeremonyId,
    },
    /// What we see of emergencies.
    Inspection(Vec<Inspection>),
    /// Where the pauses stand now.
    Pauses(PauseStatus),
    /// The definition in force.
    Definition(Box<NetworkDefinition>),
}

/// One emergency with what this guardian itself found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// The emergency.
    pub status: EmergencyStatus,
    /// Whether who raised it was found entitled to, and how that was found out.
    pub authority: String,
    /// Our own beacon nodes, on which the findings rest.
    pub nodes: NodeHealth,
    /// What it would do, found now.
    pub forecast: Forecast,
}

/// Who raised it, for people.
pub fn raiser_text(raiser: &Raiser) -> String {
    match raiser {
        Raiser::Guardian { guardian } => format!("guardian {}", guardian.0),
        Raiser::Account { proposer } => format!("account {proposer} (signed)"),
        Raiser::Contract { proposer, number } => format!("account {proposer} (contract, number {number})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validators_are_named_by_index_or_key() {
        let key = BlsPubkey([3; 48]);
        for name in [ValidatorName::Index(ValidatorIndex(17)), ValidatorName::Pubkey(key)] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for wrong in ["", "-1", "+1", "0x12", "bob"] {
            wrong.parse::<ValidatorName>().unwrap_err();
        }
    }
}
