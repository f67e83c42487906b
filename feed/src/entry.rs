//! `Entry`: one entry of a log, and which entry a record of the journal becomes.
//!
//! # Design decisions
//! - A projection, and a deterministic one: a log that is behind its journal, or was lost, is made again byte for byte.
//! - Public facts only. What operators ask and write, what their nodes are called and how they fail, and the bytes of partial
//!   signatures are not published; nor is what only the guardian itself needs after a restart.
//! - An entry has one form. What was not written by this code is not read by it.

use crate::Error;
use crate::fact::{Approval, Fact, Move, Sealed};
use crate::key::KeyBinding;
use crate::roots::Roots;
use crate::tile::MAX_ENTRY;
use crypto::spec::Slot;
use guardian_core::ceremony;
use guardian_core::event::PostOutcome;
use guardian_core::evidence::Evidence;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::message::Envelope;
use guardian_core::proposal::ProposalId;
use guardian_core::record::Record;
use guardian_core::signing::Matter;
use guardian_core::statement::Statement;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Number of the journal record that it tells of, from 0; None for what no record tells.
    pub record: Option<u64>,
    /// When, where the record says so.
    pub slot: Option<Slot>,
    /// What.
    pub fact: Fact,
}

/// The JSON form, to write.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<Slot>,
    #[serde(flatten)]
    fact: &'a Fact,
}

/// The JSON form, to read.
#[derive(Deserialize)]
struct Read {
    record: Option<u64>,
    slot: Option<Slot>,
    #[serde(flatten)]
    fact: Fact,
}

impl Entry {
    /// What a journal record becomes; None for what is not published. `number` is the record's, from 0.
    pub fn of(number: u64, record: &Record) -> Option<Self> {
        let (slot, fact) = project(record)?;
        Some(Self { record: Some(number), slot, fact })
    }

    /// The first entry of a log.
    pub fn definition(definition: &NetworkDefinition) -> Self {
        let fact = Fact::Definition { id: definition.id(), definition: Box::new(definition.clone()) };
        Self { record: None, slot: None, fact }
    }

    /// The second entry of a log: the key that signs it. The binding is one that opens as this guardian's.
    ///
    /// # Errors
    /// As [`KeyBinding::open`].
    pub fn key(
        definition: &NetworkDefinition,
        guardian: GuardianIndex,
        binding: &KeyBinding,
    ) -> Result<Self, Error> {
        let key = binding.open(definition, guardian)?;
        let fact = Fact::Key { guardian, key, binding: binding.clone() };
        Ok(Self { record: None, slot: None, fact })
    }

    /// What nodes served about the blocks of a decision. Proofs that would make it too long are left out.
    pub fn roots(proposal: ProposalId, mut roots: Roots) -> Self {
        let entry = |roots: &Roots| {
            let fact = Fact::Roots { proposal, roots: roots.clone() };
            Self { record: None, slot: None, fact }
        };
        if entry(&roots).written().len() > MAX_ENTRY {
            roots.accounts.clear();
        }
        entry(&roots)
    }

    /// The bytes that go into the log: JSON, at most [`MAX_ENTRY`] bytes. A longer entry becomes one of kind `oversized`.
    pub fn encode(&self) -> Vec<u8> {
        let bytes = self.written();
        if bytes.len() <= MAX_ENTRY {
            return bytes;
        }
        let fact = Fact::Oversized {
            of: self.kind().to_owned(),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: hex::encode(Sha256::digest(&bytes)),
        };
        Self { record: self.record, slot: self.slot, fact }.written()
    }

    fn written(&self) -> Vec<u8> {
        let Self { record, slot, fact } = self;
        let written = Written { record: *record, slot: *slot, fact };
        // Writing to memory fails only for maps with keys that are no text, and there are none.
        #[allow(clippy::expect_used, reason = "no type here has a way to fail")]
        serde_json::to_vec(&written).expect("an entry has a JSON form")
    }

    /// Reads what [`Entry::encode`] wrote.
    ///
    /// # Errors
    /// [`Error::Entry`] for anything else, a kind of a later version among them.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_ENTRY {
            return Err(Error::Entry(format!("{} bytes are too many; at most {MAX_ENTRY}", bytes.len())));
        }
        let read: Read = serde_json::from_slice(bytes)
            .map_err(|e| Error::Entry(format!("{e}; a later version may have written it")))?;
        let entry = Self { record: read.record, slot: read.slot, fact: read.fact };
        if entry.written() == bytes {
            Ok(entry)
        } else {
            Err(Error::Entry("it is not in its one form; a guardian did not write it so".to_owned()))
        }
    }

    /// The code of its kind: the value of `kind` in its JSON form.
    pub fn kind(&self) -> &'static str {
        match &self.fact {
            Fact::Definition { .. } => "definition",
            Fact::Key { .. } => "key",
            Fact::Preceded { .. } => "preceded",
            Fact::Proposal { .. } => "proposal",
            Fact::Vote { .. } => "vote",
            Fact::Evidence { .. } => "evidence",
            Fact::Certificate { .. } => "certificate",
            Fact::Hold { .. } => "hold",
            Fact::Release { .. } => "release",
            Fact::Partial { .. } => "partial",
            Fact::Combined { .. } => "combined",
            Fact::Submitted { .. } => "submitted",
            Fact::Moved { .. } => "moved",
            Fact::Fault { .. } => "fault",
            Fact::NotFinalizing { .. } => "not_finalizing",
            Fact::Emergency { .. } => "emergency",
            Fact::EmergencyCertificate { .. } => "emergency_certificate",
            Fact::EmergencyMoved { .. } => "emergency_moved",
            Fact::Cancellation { .. } => "cancellation",
            Fact::Adopted { .. } => "adopted",
            Fact::Reached { .. } => "reached",
            Fact::Spared { .. } => "spared",
            Fact::Wish { .. } => "wish",
            Fact::Lapsed {} => "lapsed",
            Fact::CeremonyOpened { .. } => "ceremony_opened",
            Fact::Ceremony { .. } => "ceremony",
            Fact::GroupSignature { .. } => "group_signature",
            Fact::Roots { .. } => "roots",
            Fact::Oversized { .. } => "oversized",
        }
    }

    /// Number of the journal record that it tells of.
    pub fn record(&self) -> Option<u64> {
        self.record
    }

    /// When, where the record says so.
    pub fn slot(&self) -> Option<Slot> {
        self.slot
    }

    /// The proposal that it is about, or the emergency.
    pub fn proposal(&self) -> Option<ProposalId> {
        match &self.fact {
            Fact::Proposal { proposal, .. }
            | Fact::Vote { proposal, .. }
            | Fact::Evidence { proposal, .. }
            | Fact::Roots { proposal, .. }
            | Fact::Certificate { proposal, .. }
            | Fact::Hold { proposal, .. }
            | Fact::Release { proposal }
            | Fact::Partial { proposal, .. }
            | Fact::Combined { proposal, .. }
            | Fact::Submitted { proposal, .. }
            | Fact::Moved { proposal, .. }
            | Fact::Adopted { proposal, .. }
            | Fact::Emergency { emergency: proposal, .. }
            | Fact::EmergencyCertificate { emergency: proposal, .. }
            | Fact::EmergencyMoved { emergency: proposal, .. }
            | Fact::Cancellation { emergency: proposal, .. } => Some(*proposal),
            Fact::Fault { proposal, .. } => *proposal,
            Fact::Definition { .. }
            | Fact::Key { .. }
            | Fact::Preceded { .. }
            | Fact::NotFinalizing { .. }
            | Fact::Reached { .. }
            | Fact::Spared { .. }
            | Fact::Wish { .. }
            | Fact::Lapsed {}
            | Fact::CeremonyOpened { .. }
            | Fact::Ceremony { .. }
            | Fact::GroupSignature { .. }
            | Fact::Oversized { .. } => None,
        }
    }

    /// The guardian that it is about.
    pub fn guardian(&self) -> Option<GuardianIndex> {
        match &self.fact {
            Fact::Key { guardian, .. }
            | Fact::Vote { guardian, .. }
            | Fact::Partial { guardian, .. }
            | Fact::Fault { guardian, .. }
            | Fact::Wish { guardian, .. } => Some(*guardian),
            _ => None,
        }
    }
}

/// When, and what. Exhaustive: whether a new kind of record is published has to be decided.
fn project(record: &Record) -> Option<(Option<Slot>, Fact)> {
    let told = match record {
        // Private, or of use to the guardian alone.
        Record::Liveness(_)
        | Record::Finalized(_)
        | Record::VoteCast(_)
        | Record::Scanned(_)
        | Record::Asked { .. }
        | Record::WishCast { .. }
        | Record::Inherited { .. } => return None,
        Record::Proposed { proposal, at } => {
            (Some(*at), Fact::Proposal { proposal: proposal.id(), content: proposal.clone() })
        }
        Record::VoteSeen { from, vote, envelope, at } => {
            let (proposal, revision, decision) = (vote.proposal, vote.revision, vote.decision);
            (Some(*at), Fact::Vote { guardian: *from, proposal, revision, decision, sealed: envelope.into() })
        }
        Record::Certified { proposal, approvals, at } => {
            (Some(*at), Fact::Certificate { proposal: *proposal, approvals: published(approvals) })
        }
        Record::Released { proposal, at } => (Some(*at), Fact::Release { proposal: *proposal }),
        Record::PartialHeld { from, partial, envelope: _, at } => {
            (Some(*at), Fact::Partial { proposal: partial.proposal, guardian: *from, share: partial.index })
        }
        Record::Combined { proposal, exit, culprits, at } => {
            (Some(*at), Fact::Combined { proposal: *proposal, exit: *exit, culprits: culprits.clone() })
        }
        Record::Submitted { proposal, at, outcomes } => (Some(*at), counted(*proposal, outcomes)),
        Record::Moved { proposal, to, at } => (Some(*at), Fact::Moved { proposal: *proposal, state: *to }),
        Record::Faulted { fault, evidence } => {
            let evidence = evidence.iter().map(Sealed::from).collect();
            let (guardian, proposal) = (fault.guardian, fault.proposal);
            (None, Fact::Fault { guardian, fault: fault.kind, proposal, evidence })
        }
        Record::NotFinalizing(epoch) => (None, Fact::NotFinalizing { epoch: *epoch }),
        Record::Raised { raised, at } => {
            (Some(*at), Fact::Emergency { emergency: raised.emergency.id(), content: raised.clone() })
        }
        Record::EmergencyCertified { emergency, approvals, at } => {
            let approvals = published(approvals);
            (Some(*at), Fact::EmergencyCertificate { emergency: *emergency, approvals })
        }
        Record::EmergencyMoved { emergency, to, at } => {
            (Some(*at), Fact::EmergencyMoved { emergency: *emergency, state: *to })
        }
        Record::Cancelled { cancellation, at } => {
            let (emergency, proof) = (cancellation.emergency, cancellation.proof);
            (Some(*at), Fact::Cancellation { emergency, proof })
        }
        Record::Adopted { proposal, at } => {
            (Some(*at), Fact::Adopted { proposal: proposal.id(), content: proposal.clone() })
        }
        Record::Observed { proposal, at, evidence } => {
            (Some(*at), Fact::Evidence { proposal: *proposal, evidence: public_part(evidence) })
        }
        Record::Held { proposal, hold, at } => (Some(*at), Fact::Hold { proposal: *proposal, hold: *hold }),
        Record::Reached { pubkey, step, at } => (Some(*at), Fact::Reached { pubkey: *pubkey, step: *step }),
        Record::WishSeen { from, wish, envelope } => {
            let (revision, paused) = (wish.revision, wish.paused);
            (None, Fact::Wish { guardian: *from, revision, paused, sealed: envelope.into() })
        }
        Record::Lapsed(at) => (Some(*at), Fact::Lapsed {}),
        Record::Spared { pubkey, at } => (Some(*at), Fact::Spared { pubkey: *pubkey }),
        Record::Preceded { definition } => {
            (None, Fact::Preceded { id: definition.id(), definition: definition.clone() })
        }
        Record::Opened { order, at } => {
            (Some(*at), Fact::CeremonyOpened { ceremony: order.id(), order: order.clone() })
        }
        Record::Ceremony { ceremony, entry, at } => {
            (Some(*at), Fact::Ceremony { ceremony: *ceremony, event: moved(entry)? })
        }
        Record::GroupSigned { matter, signature, at } => match matter {
            // A signature of a checkpoint stands in the checkpoint's own note; telling it here would ask for the next one.
            Matter::Checkpoint { .. } => return None,
            Matter::Succession { .. } | Matter::InForce { .. } => {
                (Some(*at), Fact::GroupSignature { matter: matter.clone(), signature: *signature })
            }
        },
    };
    Some(told)
}

/// The moves of a ceremony that are worth telling: what members decided, not how they found together.
fn moved(entry: &ceremony::Entry) -> Option<Move> {
    match entry {
        ceremony::Entry::Stated { from, statement, envelope } => match statement {
            Statement::Accept
            | Statement::Reject
            | Statement::Withdraw
            | Statement::Endorse { .. }
            | Statement::Destroyed
            | Statement::Signed { .. } => Some(Move::Stated {
                member: from.clone(),
                statement: statement.code().to_owned(),
                sealed: envelope.into(),
            }),
            Statement::Open(_)
            | Statement::Dealt { .. }
            | Statement::Held { .. }
            | Statement::Accuse { .. }
            | Statement::Choose { .. }
            | Statement::Commit { .. }
            | Statement::Proven { .. } => None,
        },
        ceremony::Entry::Concluded { choice: _, result } => Some(Move::Concluded { result: *result }),
        ceremony::Entry::Adopted => Some(Move::Adopted {}),
        ceremony::Entry::Blamed { peer, blame } => Some(Move::Blamed { member: peer.clone(), blame: *blame }),
        ceremony::Entry::Ended(outcome) => Some(Move::Ended(outcome.clone())),
        ceremony::Entry::Saying(_) | ceremony::Entry::Collected { .. } | ceremony::Entry::Checked { .. } => {
            None
        }
    }
}

fn published(approvals: &[(GuardianIndex, Envelope)]) -> Vec<Approval> {
    let each = approvals.iter();
    each.map(|(guardian, sealed)| Approval { guardian: *guardian, sealed: sealed.into() }).collect()
}

/// How the nodes took it, without their names and words.
fn counted(proposal: ProposalId, outcomes: &[(String, PostOutcome)]) -> Fact {
    let (mut accepted, mut known, mut refused, mut unreached) = (0u32, 0u32, 0u32, 0u32);
    for (_, outcome) in outcomes {
        let count = match outcome {
            PostOutcome::Accepted => &mut accepted,
            PostOutcome::AlreadyKnown => &mut known,
            PostOutcome::Rejected(_) => &mut refused,
            PostOutcome::Unreachable(_) => &mut unreached,
        };
        *count = count.saturating_add(1);
    }
    Fact::Submitted { proposal, accepted, known, refused, unreached }
}

/// What was seen, without what an execution node told its operator.
fn public_part(evidence: &Evidence) -> Evidence {
    let mut evidence = evidence.clone();
    if let Some(account) = &mut evidence.account {
        account.nodes.problem = None;
    }
    evidence
}

#[cfg(test)]
mod tests;
