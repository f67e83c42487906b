//! Ceremonies: what guardians do together with their keys, over days if need be. A ceremony is an [`Order`] that everybody
//! can read, [`Statement`]s that each member seals once, and a state that follows from them.
//!
//! | kind | who deals | who receives | what comes of it |
//! |---|---|---|---|
//! | [`Kind::GroupKey`] | all | all | the network's own key |
//! | [`Kind::ValidatorKeys`] | all | all | new validators' keys, with nobody who ever held one whole |
//! | [`Kind::Succession`] | the old set, who accepts | the new set | new shares of every key, for a new guardian-set epoch |
//! | [`Kind::Repair`] | the helpers | the helpers, for the lost one | one guardian's shares as they were |
//!
//! # Design decisions
//! - Secrets never come here. The shell deals, collects and concludes by [`Errand`]s and says how that ended.
//! - All of a dealer's randomness follows from one seed that is durable before it speaks: after a restart it deals the
//!   same bytes, so a restart can neither equivocate nor lose anything.
//! - Bulk is pulled, never pushed: whoever lacks something asks for it again. What is said is small, sealed and journaled.
//! - Nothing is changed before the end. Until a succession is endorsed by the old set, old shares are in force; who
//!   endorses has checked proofs of possession of every new share by so many of the new set that the honest among them
//!   can sign. One guardian endorses one result for one epoch number, ever, and nobody destroys an old share who does not
//!   hold the new one.
//! - No key is learned by t - 1, whatever they do. That all honest members come to one result needs more: fewer than a
//!   third of a set may be dishonest. Every group that decides is all but that third, so two of them share an honest
//!   member; a choice once committed to binds all later views.
//! - Who has endorsed never gives up, and who has proven keeps what it proved even when the time is over: what others may
//!   already live by is not thrown away.

use crate::error::Error;
use crate::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition, NetworkId};
use crate::message::{Envelope, canonical};
use crate::record::Record;
use crate::statement::{Choice, PeerName, Statement};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::WithdrawalCredentials;
use crypto::group_key::{GroupKeySet, GroupPublicKey};
use crypto::keys::PublicKeySet;
use crypto::spec::Slot;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

pub(crate) mod course;
pub(crate) mod hall;
pub(crate) mod quorum;
#[cfg(test)]
pub(crate) mod rehearsal;
mod status;

pub use status::{CeremonyStatus, Phase};

crypto::fixed_bytes!(
    /// SHA-256 of a ceremony's [`Order`] behind a tag. Its statements are sealed in this domain.
    CeremonyId, 32
);

crypto::fixed_bytes!(
    /// SHA-256 over something of a ceremony: a dealing, a choice, a result, a list of keys.
    Digest, 32
);

/// Most keys that one ceremony may generate: their deposit signatures travel in one statement.
pub const MAX_GENERATED: u32 = 128;

/// Fewest and most slots from the opening of a ceremony to its end without success.
pub const LIFETIME: std::ops::RangeInclusive<u64> = 16..=100_800;

/// What a ceremony is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Generate the network's own key (FROST over secp256k1).
    GroupKey,
    /// Generate validators' keys and their deposit data.
    ValidatorKeys {
        /// How many, `1..=128`.
        count: u32,
        /// Where their stake is withdrawn to.
        withdrawal_credentials: WithdrawalCredentials,
    },
    /// Hand every key over to a new guardian set, under a new definition. To the same members it is a refresh.
    Succession {
        /// The definition that shall be in force.
        next: Box<NetworkDefinition>,
    },
    /// Rebuild one guardian's shares.
    Repair {
        /// Whose.
        lost: GuardianIndex,
        /// Who helps: at least t others, ascending.
        helpers: Vec<GuardianIndex>,
    },
}

impl Kind {
    /// The stable code: in status, logs and documents.
    pub fn code(&self) -> &'static str {
        match self {
            Self::GroupKey => "group_key",
            Self::ValidatorKeys { .. } => "validator_keys",
            Self::Succession { .. } => "succession",
            Self::Repair { .. } => "repair",
        }
    }
}

/// Which keys a ceremony is about: those that were there when it was opened. Empty where keys are generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct KeyList {
    /// [`KeyList::of`] over them.
    pub digest: Digest,
    /// How many validators' keys.
    pub validators: u32,
    /// The network's own key, if there is one: it is handed on with the others, and signs what comes of it.
    pub group: Option<GroupPublicKey>,
}

/// No keys: where they are generated.
impl Default for KeyList {
    fn default() -> Self {
        Self { digest: Digest([0; 32]), validators: 0, group: None }
    }
}

impl KeyList {
    /// The list of a network's own key, if any, and validators' keys, ascending by key.
    pub fn of<'a>(
        group: Option<&GroupKeySet>,
        validators: impl IntoIterator<Item = &'a PublicKeySet>,
    ) -> Self {
        let group_bytes = group.map(GroupKeySet::to_bytes).unwrap_or_default();
        let mut sets: Vec<_> = validators.into_iter().map(|set| (set.public_key(), set.id())).collect();
        sets.sort_unstable();
        let mut digest = Sha256::new()
            .chain_update(b"guardian/key-list/v1")
            .chain_update(u64::try_from(group_bytes.len()).unwrap_or(u64::MAX).to_le_bytes())
            .chain_update(&group_bytes);
        for (_, id) in &sets {
            digest.update(id.0);
        }
        Self {
            digest: Digest(digest.finalize().into()),
            validators: u32::try_from(sets.len()).unwrap_or(u32::MAX),
            group: group.map(GroupKeySet::key),
        }
    }

    /// How many keys, the network's own among them.
    pub fn len(&self) -> u32 {
        self.validators.saturating_add(u32::from(self.group.is_some()))
    }

    /// Whether it names no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What everybody in a ceremony must agree on; its hash is the [`CeremonyId`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// The network whose members deal.
    pub network: NetworkId,
    /// Its guardian-set epoch.
    pub guardian_set_epoch: GuardianSetEpoch,
    /// What for.
    pub kind: Kind,
    /// About which keys.
    pub keys: KeyList,
    /// The member that opened it.
    pub raiser: GuardianIndex,
    /// When.
    pub opened: Slot,
    /// The last slot at which it may still succeed by our own acts.
    pub expires: Slot,
}

impl Order {
    /// The ceremony's id.
    pub fn id(&self) -> CeremonyId {
        let digest =
            Sha256::new().chain_update(b"guardian/ceremony/v1").chain_update(canonical(self)).finalize();
        CeremonyId(digest.into())
    }

    /// The definition that is in force afterwards.
    pub fn next<'a>(&'a self, current: &'a NetworkDefinition) -> &'a NetworkDefinition {
        match &self.kind {
            Kind::Succession { next } => next,
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Repair { .. } => current,
        }
    }

    /// How many keys come out of it.
    pub fn key_count(&self) -> u32 {
        match self.kind {
            Kind::GroupKey => 1,
            Kind::ValidatorKeys { count, .. } => count,
            Kind::Succession { .. } | Kind::Repair { .. } => self.keys.len(),
        }
    }

    /// Whether this order can be, for the members of `current`.
    ///
    /// # Errors
    /// [`Error::Ceremony`] naming the field that cannot be and what it should be.
    pub fn validate(&self, current: &NetworkDefinition) -> Result<(), Error> {
        let set = &current.guardian_set;
        if self.network != current.id() || self.guardian_set_epoch != set.epoch {
            return Err(refuse("network", "it is of another network or guardian-set epoch"));
        }
        let lifetime = self.expires.0.checked_sub(self.opened.0).filter(|slots| LIFETIME.contains(slots));
        if lifetime.is_none() {
            let problem = format!("must be {} to {} slots after `opened`", LIFETIME.start(), LIFETIME.end());
            return Err(refuse("expires", problem));
        }
        current.member(self.raiser)?;
        match &self.kind {
            Kind::GroupKey | Kind::ValidatorKeys { .. } if self.keys != KeyList::default() => {
                return Err(refuse("keys", "must be empty where keys are generated"));
            }
            Kind::GroupKey => {}
            Kind::ValidatorKeys { count, .. } => {
                if !(1..=MAX_GENERATED).contains(count) {
                    return Err(refuse("count", format!("is {count}; it must be 1 to {MAX_GENERATED}")));
                }
            }
            Kind::Succession { next } => crate::succession::check(current, next)?,
            Kind::Repair { lost, helpers } => {
                current.member(*lost)?;
                let distinct: BTreeSet<_> = helpers.iter().collect();
                if distinct.len() != helpers.len() || !helpers.is_sorted() || distinct.contains(lost) {
                    return Err(refuse("helpers", "must be other guardians, ascending, none twice"));
                }
                for helper in helpers {
                    current.member(*helper)?;
                }
                if !set.threshold.met_by(helpers.len()) {
                    return Err(refuse(
                        "helpers",
                        format!("are {}; at least {} are needed", helpers.len(), set.threshold.t()),
                    ));
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn refuse(field: &'static str, problem: impl Into<String>) -> Error {
    Error::Ceremony { field, problem: problem.into() }
}

/// How a ceremony ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// Its result is in force.
    Done {
        /// Digest of the result.
        result: Digest,
    },
    /// Nothing changed.
    Aborted {
        /// Why.
        reason: AbortReason,
        /// Who was waited for, by name.
        absent: Vec<String>,
    },
}

/// Why a ceremony ended without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbortReason {
    /// Its time is over.
    Expired,
    /// Too many operators rejected it.
    Rejected,
    /// Our own operator took part in it no longer.
    Withdrawn,
    /// Too few dealers are left whose dealing holds.
    Dealers,
    /// Another definition came into force.
    Superseded,
}

impl AbortReason {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Dealers => "dealers",
            Self::Superseded => "superseded",
        }
    }
}

/// What a member did wrong in a ceremony: all of it is proven by what the member sealed.
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
pub enum Blame {
    /// It said two different things in one place.
    Equivocation,
    /// Its dealing does not fit together.
    InvalidDealing,
    /// It accused a dealer whose dealing holds.
    FalseAccusation,
    /// Its proof of possession does not hold.
    InvalidProof,
    /// It said what its part in the ceremony does not allow, or a value out of range.
    OutOfPlace,
}

impl Blame {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Equivocation => "equivocation",
            Self::InvalidDealing => "invalid_dealing",
            Self::FalseAccusation => "false_accusation",
            Self::InvalidProof => "invalid_proof",
            Self::OutOfPlace => "out_of_place",
        }
    }

    /// The stable code of it as a fault of a guardian.
    pub fn fault_code(self) -> &'static str {
        match self {
            Self::Equivocation => "ceremony_equivocation",
            Self::InvalidDealing => "ceremony_invalid_dealing",
            Self::FalseAccusation => "ceremony_false_accusation",
            Self::InvalidProof => "ceremony_invalid_proof",
            Self::OutOfPlace => "ceremony_out_of_place",
        }
    }
}

/// What the shell shall do for a ceremony. Each may be given again until its answer came; what is under way already or
/// done is not begun twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Serve our part of it to its members, and read their boards.
    Convene {
        /// What it is.
        order: Box<Order>,
        /// The definition whose members deal.
        current: Box<NetworkDefinition>,
        /// Who announced a dealing so far.
        dealt: Vec<GuardianIndex>,
        /// Whether our operator agreed, so that members of the next set who are strangers here are let in.
        agreed: bool,
        /// Every sealed statement so far, for whoever asks.
        board: Vec<Envelope>,
    },
    /// Seal this statement in the ceremony's domain, put it on our board, and hand it back to us.
    State(Box<Statement>),
    /// Make our dealing; the answer is [`News::Dealt`].
    Deal,
    /// Fetch and check a dealer's whole dealing; the answer is [`News::Collected`] or [`News::Flawed`].
    Collect {
        /// Whose.
        dealer: GuardianIndex,
        /// As it announced.
        digest: Digest,
    },
    /// Say whether a sealed dealing proves its dealer wrong; the answer is [`News::Examined`].
    Examine {
        /// Who accuses.
        accuser: PeerName,
        /// Whose dealing.
        dealer: GuardianIndex,
        /// As it announced.
        digest: Digest,
        /// Part of the keys, as cut by the shell.
        batch: u32,
        /// The private part as the dealer sealed it.
        dealing: Envelope,
    },
    /// Compute the new shares of these dealings and make them durable; the answer is [`News::Concluded`].
    Conclude {
        /// Which dealings count.
        choice: Choice,
    },
    /// Verify a proof of possession; the answer is [`News::Checked`].
    Check {
        /// Who proves.
        holder: GuardianIndex,
        /// The result it speaks of.
        result: Digest,
        /// The proof.
        proof: Vec<u8>,
    },
    /// Put the result in force.
    Enact {
        /// The result.
        result: Digest,
        /// The first records of the next epoch's journal, where one begins.
        records: Vec<Record>,
    },
    /// Destroy the shares of the old set; the answer is [`News::Destroyed`].
    Destroy,
    /// Forget everything secret about it: the result is where it belongs. The answer is [`News::Cleared`].
    Clear,
    /// Forget everything about it: it ended without a result.
    Dissolve,
}

impl Errand {
    /// The stable code: in logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Convene { .. } => "convene",
            Self::State(_) => "state",
            Self::Deal => "deal",
            Self::Collect { .. } => "collect",
            Self::Examine { .. } => "examine",
            Self::Conclude { .. } => "conclude",
            Self::Check { .. } => "check",
            Self::Enact { .. } => "enact",
            Self::Destroy => "destroy",
            Self::Clear => "clear",
            Self::Dissolve => "dissolve",
        }
    }
}

impl Errand {
    /// What tells it from others of its ceremony; None for what is given once only.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::State(_) | Self::Clear | Self::Dissolve => None,
            Self::Collect { dealer, .. } => Some(format!("collect {}", dealer.0)),
            Self::Check { holder, .. } => Some(format!("check {}", holder.0)),
            Self::Examine { accuser, dealer, .. } => Some(format!("examine {accuser} {}", dealer.0)),
            other => Some(other.code().to_owned()),
        }
    }
}

impl News {
    /// The stable code: in logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dealt { .. } => "dealt",
            Self::Collected { .. } => "collected",
            Self::Flawed { .. } => "flawed",
            Self::Examined { .. } => "examined",
            Self::Concluded { .. } => "concluded",
            Self::Checked { .. } => "checked",
            Self::Progressed { .. } => "progressed",
            Self::Adopted => "adopted",
            Self::Cleared => "cleared",
            Self::Destroyed => "destroyed",
        }
    }
}

/// How an [`Errand`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Our dealing is durable.
    Dealt {
        /// Its digest.
        digest: Digest,
    },
    /// A dealing is here, whole, checked and durable.
    Collected {
        /// Whose.
        dealer: GuardianIndex,
        /// Its digest.
        digest: Digest,
    },
    /// A dealer sealed what proves it wrong.
    Flawed {
        /// Who.
        dealer: GuardianIndex,
        /// Where.
        batch: u32,
        /// The private part as it sealed it.
        dealing: Envelope,
    },
    /// An accusation was looked into.
    Examined {
        /// Who accuses.
        accuser: PeerName,
        /// Whom.
        dealer: GuardianIndex,
        /// Whether rightly so.
        guilty: bool,
    },
    /// The result is computed and, where it is ours to hold, durable.
    Concluded {
        /// Of which dealings.
        choice: Choice,
        /// Digest of the result.
        result: Digest,
        /// Our proof of possession; empty where we receive nothing.
        proof: Vec<u8>,
    },
    /// A proof was verified.
    Checked {
        /// Whose.
        holder: GuardianIndex,
        /// About which result.
        result: Digest,
        /// Whether it holds.
        valid: bool,
    },
    /// How far the long work has come.
    Progressed {
        /// Batches fetched.
        done: u64,
        /// Batches in all.
        total: u64,
    },
    /// The result is in force here.
    Adopted,
    /// Nothing secret of the ceremony is left beside what is in force.
    Cleared,
    /// The shares of the old set are destroyed.
    Destroyed,
}

/// One entry of the journal about one ceremony.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[allow(clippy::large_enum_variant, reason = "records live for a batch, or one at a time at restore")]
pub enum Entry {
    /// What we are about to seal.
    Saying(Statement),
    /// What a member sealed, we among them.
    Stated {
        /// Who.
        from: PeerName,
        /// What.
        statement: Statement,
        /// The proof.
        envelope: Envelope,
    },
    /// A dealing is here.
    Collected {
        /// Whose.
        dealer: GuardianIndex,
        /// Its digest.
        digest: Digest,
    },
    /// The result is computed.
    Concluded {
        /// Of which dealings.
        choice: Choice,
        /// Its digest.
        result: Digest,
    },
    /// A proof was verified.
    Checked {
        /// Whose.
        holder: GuardianIndex,
        /// About which result.
        result: Digest,
        /// Whether it holds.
        valid: bool,
    },
    /// The result is in force here.
    Adopted,
    /// A member did wrong.
    Blamed {
        /// Who.
        peer: PeerName,
        /// What.
        blame: Blame,
    },
    /// It is over.
    Ended(Outcome),
}
