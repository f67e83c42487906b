//! `Emergency`: a proposal by people to force a list of validators off the chain, who may make one, and what proves it.
//!
//! Three ways lead to one: a guardian's operator raises it, an authorised account asks for it on the execution chain, or
//! such an account signs it (EIP-712) and somebody carries the file. Whichever way, guardians vote on the whole list at
//! once, and each exit of the list goes through the governor by itself.
//!
//! # Design decisions
//! - The list names validators by index: each guardian finds key and split in its own view. Nothing else in it is taken on
//!   faith.
//! - An emergency's id does not depend on the proof, so one emergency carried twice is one.
//! - It is certified only when its cancel window is over, so taking a vote or the whole emergency back within the window
//!   never races with a signature.
//! - `expires` bounds votes and releases alike: an emergency that waited too long for its caps has to be raised again.

use crate::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition};
use crate::message::canonical;
use crate::proposal::ProposalId;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::{Address, ModuleName};
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use crypto::typed_data::{AccountSignature, ExitsMessage, TypedDomain, recover};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Most validators of one emergency, whatever a definition says.
pub const MAX_TARGETS: usize = 1_024;

/// Longest reason, bytes.
pub const MAX_REASON: usize = 280;

/// Slots by which the clock of whoever proposes or raises something may be ahead of ours.
pub(crate) const CLOCK_SKEW: u64 = 2;

/// How much time there is.
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
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Certified only after the definition's cancel window. The correlated-failure breaker holds its exits.
    Normal,
    /// Certified as soon as t approve. The breaker does not hold its exits: many dark at once may be the emergency.
    Urgent,
}

impl Severity {
    /// The stable code: in logs, metrics, status and what is signed.
    pub fn code(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Urgent => "urgent",
        }
    }
}

/// Who raised an emergency.
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
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Raiser {
    /// A guardian's operator.
    Guardian {
        /// Whose.
        guardian: GuardianIndex,
    },
    /// An account, by its signature.
    Account {
        /// Which.
        proposer: Address,
    },
    /// An account, through the `ExitProposals` contract.
    Contract {
        /// Which: `msg.sender`.
        proposer: Address,
        /// The contract's number of the proposal.
        number: u64,
    },
}

/// Which class of raisers a standing policy speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum RaiserClass {
    /// Guardians' operators.
    Guardian,
    /// Accounts by signature.
    Account,
    /// Accounts through the contract.
    Contract,
}

impl Raiser {
    /// Which class it belongs to.
    pub fn class(&self) -> RaiserClass {
        match self {
            Self::Guardian { .. } => RaiserClass::Guardian,
            Self::Account { .. } => RaiserClass::Account,
            Self::Contract { .. } => RaiserClass::Contract,
        }
    }

    /// The account, if it is one.
    pub fn account(&self) -> Option<Address> {
        match self {
            Self::Guardian { .. } => None,
            Self::Account { proposer } | Self::Contract { proposer, .. } => Some(*proposer),
        }
    }
}

/// A proposal to force a list of validators off the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// The guardian set that decides.
    pub guardian_set_epoch: GuardianSetEpoch,
    /// Who asks.
    pub raiser: Raiser,
    /// Whom: ascending, no index twice, 1 to [`MAX_TARGETS`].
    pub validators: Vec<ValidatorIndex>,
    /// How urgent.
    pub severity: Severity,
    /// Why, for people: 1 to [`MAX_REASON`] bytes in one line.
    pub reason: String,
    /// First slot of its life. Its epoch is the epoch of the exit messages.
    pub opened: Slot,
    /// First slot after its life: from here on no vote counts and nothing more is released.
    pub expires: Slot,
}

/// An emergency or a taking back, with what proves who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The envelope of the guardian that is the raiser.
    Sealed,
    /// The account's signature over the typed data.
    Signature(AccountSignature),
    /// The contract's log: each guardian reads it by itself, and it travels with no message.
    Logged,
}

/// An emergency as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Raised {
    /// What is asked.
    pub emergency: Emergency,
    /// The proof.
    pub proof: Proof,
}

/// Its raiser takes an emergency back; has an effect until it is certified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// Which emergency.
    pub emergency: ProposalId,
    /// The proof that it is its raiser.
    pub proof: Proof,
}

/// Why an emergency is refused. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Another guardian set decides.
    WrongEpoch,
    /// No validator, or more than one emergency may name.
    WrongNumber,
    /// Validators out of order, or one of them twice.
    Duplicate,
    /// The reason is empty, too long, or more than one line.
    WrongReason,
    /// It lives for nothing, or longer than the definition allows.
    WrongLifetime,
    /// Its time is over.
    Expired,
    /// It begins in the future.
    FromFuture,
    /// Who asks is nobody that may.
    NotAuthorised,
    /// The signature is another's, or of another network or chain.
    ForgedAuthority,
    /// More validators than its proposer may name, or one outside the proposer's scope.
    OutOfScope,
    /// Our view knows no such validator, or we hold no share of it.
    UnknownValidator,
    /// It is leaving already.
    AlreadyExiting,
    /// The chain would not take its exit now: not active, or not long enough.
    NotExitable,
    /// Our own nodes show too little to say.
    ViewUnknown,
    /// Too many emergencies of this raiser are open, or were raised today.
    TooMany,
    /// A contract's number for its severity that is none.
    UnknownSeverity,
}

impl Refusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongEpoch => "wrong_epoch",
            Self::WrongNumber => "wrong_number",
            Self::Duplicate => "duplicate",
            Self::WrongReason => "wrong_reason",
            Self::WrongLifetime => "wrong_lifetime",
            Self::Expired => "expired",
            Self::FromFuture => "from_future",
            Self::NotAuthorised => "not_authorised",
            Self::ForgedAuthority => "forged_authority",
            Self::OutOfScope => "out_of_scope",
            Self::UnknownValidator => "unknown_validator",
            Self::AlreadyExiting => "already_exiting",
            Self::NotExitable => "not_exitable",
            Self::ViewUnknown => "view_unknown",
            Self::TooMany => "too_many",
            Self::UnknownSeverity => "unknown_severity",
        }
    }
}

/// An account that may ask for emergencies, and how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposer {
    /// For people: 1 to 32 characters of `a-z 0-9 -`.
    pub name: String,
    /// The account: a key that signs typed data, or a contract such as a timelock or a Safe.
    pub account: Address,
    /// Most validators of one emergency of its.
    pub max_validators: u64,
    /// Only validators of these node operators; of any when this and `modules` are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<Address>,
    /// Only validators of these modules; of any when this and `operators` are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<ModuleName>,
}

/// The definition's rules about emergencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyRules {
    /// Whether guardians' operators may raise them.
    pub guardians: bool,
    /// Most validators of one, 1 to [`MAX_TARGETS`].
    pub max_validators: u64,
    /// Longest life, slots.
    pub max_lifetime: u64,
    /// Slots for which one of severity `normal` cannot be certified yet.
    pub cancel_window: u64,
    /// Accounts that may ask, at most 32.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposers: Vec<Proposer>,
}

impl Default for EmergencyRules {
    /// Guardians may raise them, for at most two days of mainnet; half an hour to take a normal one back.
    fn default() -> Self {
        Self {
            guardians: true,
            max_validators: 1_024,
            max_lifetime: 14_400,
            cancel_window: 150,
            proposers: Vec::new(),
        }
    }
}

impl EmergencyRules {
    /// The proposer with this account.
    pub fn proposer(&self, account: &Address) -> Option<&Proposer> {
        self.proposers.iter().find(|proposer| proposer.account == *account)
    }
}

impl Emergency {
    /// The id: SHA-256 over a tag and the canonical bytes.
    pub fn id(&self) -> ProposalId {
        let digest =
            Sha256::new().chain_update(b"guardian/emergency/v1").chain_update(canonical(self)).finalize();
        ProposalId(digest.into())
    }

    /// `VoluntaryExit.epoch` of all its exits.
    pub fn exit_epoch(&self, definition: &NetworkDefinition) -> Epoch {
        definition.chain.epoch_of(self.opened)
    }

    /// Whether its parts that could be long are within their bounds.
    pub(crate) fn is_bounded(&self) -> bool {
        self.validators.len() <= MAX_TARGETS && self.reason.len() <= MAX_REASON
    }

    /// First slot at which it may be certified: the end of its cancel window.
    pub fn certifiable_from(&self, rules: &EmergencyRules) -> Slot {
        match self.severity {
            Severity::Urgent => self.opened,
            Severity::Normal => self.opened.saturating_add(rules.cancel_window),
        }
    }

    /// Checks what everybody can check without a view of the chain: form, numbers, who may ask for so many.
    ///
    /// # Errors
    /// The first [`Refusal`].
    pub fn check(&self, definition: &NetworkDefinition) -> Result<(), Refusal> {
        let rules = &definition.emergency;
        if self.guardian_set_epoch != definition.guardian_set.epoch {
            return Err(Refusal::WrongEpoch);
        }
        let count = self.validators.len();
        let allowed = usize::try_from(rules.max_validators).unwrap_or(MAX_TARGETS).min(MAX_TARGETS);
        if count == 0 || count > allowed {
            return Err(Refusal::WrongNumber);
        }
        if !self.validators.is_sorted_by(|one, next| one < next) {
            return Err(Refusal::Duplicate);
        }
        let is_line = !self.reason.trim().is_empty() && !self.reason.chars().any(is_unprintable);
        if !is_line || self.reason.len() > MAX_REASON {
            return Err(Refusal::WrongReason);
        }
        let life = self.expires.0.saturating_sub(self.opened.0);
        if self.expires <= self.certifiable_from(rules) || life > rules.max_lifetime {
            return Err(Refusal::WrongLifetime);
        }
        let Some(account) = self.raiser.account() else {
            return if rules.guardians { Ok(()) } else { Err(Refusal::NotAuthorised) };
        };
        let proposer = rules.proposer(&account).ok_or(Refusal::NotAuthorised)?;
        if u64::try_from(count).is_ok_and(|count| count <= proposer.max_validators) {
            Ok(())
        } else {
            Err(Refusal::OutOfScope)
        }
    }

    /// Whether its time has come and is not over.
    ///
    /// # Errors
    /// [`Refusal::FromFuture`], [`Refusal::Expired`].
    pub fn check_time(&self, slot: Slot) -> Result<(), Refusal> {
        if self.opened > slot.saturating_add(CLOCK_SKEW) {
            return Err(Refusal::FromFuture);
        }
        if self.expires <= slot { Err(Refusal::Expired) } else { Ok(()) }
    }

    /// What an account signs to raise it.
    pub fn typed_digest(&self, definition: &NetworkDefinition) -> [u8; 32] {
        domain(definition).exits_digest(&ExitsMessage {
            validators: &self.validators,
            severity: self.severity.code(),
            reason: &self.reason,
            opened: self.opened,
            expires: self.expires,
        })
    }
}

impl Raised {
    /// Whether the proof shows that the raiser raised it; `from` is who sealed the message that brought it, if a message
    /// did. A log is no proof here: see [`Proof::Logged`].
    ///
    /// # Errors
    /// [`Refusal::ForgedAuthority`].
    pub fn check_proof(&self, definition: &NetworkDefinition, from: GuardianIndex) -> Result<(), Refusal> {
        proves(&self.proof, &self.emergency.raiser, from, || self.emergency.typed_digest(definition))
    }
}

impl Cancellation {
    /// As [`Raised::check_proof`], for the taking back of an emergency of this raiser.
    ///
    /// # Errors
    /// [`Refusal::ForgedAuthority`].
    pub fn check_proof(
        &self,
        definition: &NetworkDefinition,
        raiser: &Raiser,
        from: GuardianIndex,
    ) -> Result<(), Refusal> {
        proves(&self.proof, raiser, from, || domain(definition).cancellation_digest(&self.emergency.0))
    }
}

fn proves(
    proof: &Proof,
    raiser: &Raiser,
    from: GuardianIndex,
    digest: impl FnOnce() -> [u8; 32],
) -> Result<(), Refusal> {
    let is_proven = match (proof, raiser) {
        (Proof::Sealed, Raiser::Guardian { guardian }) => *guardian == from,
        (Proof::Signature(signature), Raiser::Account { proposer }) => {
            recover(&digest(), signature).is_ok_and(|signer| signer == *proposer)
        }
        (Proof::Sealed | Proof::Signature(_) | Proof::Logged, _) => false,
    };
    if is_proven { Ok(()) } else { Err(Refusal::ForgedAuthority) }
}

/// The typed data's domain in this network.
pub fn domain(definition: &NetworkDefinition) -> TypedDomain {
    let chain_id = definition.contracts.as_ref().map_or(0, |contracts| contracts.chain_id);
    TypedDomain { chain_id, salt: definition.id().0 }
}

/// What must not be in a line that operators read in a terminal: control characters, and what turns text around.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
