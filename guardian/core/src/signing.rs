//! Signing with the network's own key (FROST, RFC 9591): any t of n make one Schnorr signature over a [`Matter`] that each
//! of them recomputed.
//!
//! # Design decisions
//! - No coordinator: time is cut into attempts of [`ATTEMPT`] slots since the matter was opened, the same for all, and each
//!   attempt has another leader, who only picks t of those who committed to nonces for it.
//! - Nonces are drawn anew for each attempt, live in the signer's memory and are consumed by signing. One package is signed
//!   in one attempt, the first that came from its leader; after a restart there are none, and the next attempt has new ones.
//! - A share names the package it was made for, and a package holds only what its signers committed to: a leader that
//!   shows different ones can make an attempt fail and cannot make anybody else look false.
//! - What a contract shall keep is signed only where the operator itself asked for it: t operators must.
//! - Who was picked and sent no share is named as stalled and picked last from then on; who sent a false one is named,
//!   counted and never picked again. Every share is public, so everybody can name it.

use crate::ceremony::Digest;
use crate::command::{Command, GroupOrder};
use crate::fault::FaultKind;
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::message::{Envelope, Message, canonical};
use crate::record::Record;
use crate::request::{Answer, Problem};
use crate::statement::{Place, Statement};
use crypto::execution::Address;
use crypto::group_key::{
    GroupPublicKey, GroupSignature, NonceCommitments, NotSigned, SignatureShare, SigningPackage, aggregate,
    verify,
};
use crypto::spec::Slot;
use crypto::threshold::{MAX_SHARES, ShareIndex};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

mod matter;

pub use matter::{Matter, MatterId, SigningMessage};

/// Slots of one attempt.
pub const ATTEMPT: u64 = 6;

/// Slots after which a matter that nobody signed is dropped. A succession's lives as long as its ceremony.
pub const LIFETIME: u64 = 256;

/// Most matters that are open at a time, and most that one guardian may open.
const MAX_OPEN: usize = 8;

/// Most signatures remembered.
const MAX_SIGNED: usize = 64;

/// One attempt as we see it.
#[derive(Debug, Clone, Default)]
struct Attempt {
    commitments: BTreeMap<GuardianIndex, NonceCommitments>,
    /// The leader's pick, and its proof.
    package: Option<(SigningPackage, Envelope)>,
    /// What the leader picked before we had heard of all it picked from.
    early: Option<(Vec<(ShareIndex, NonceCommitments)>, Envelope)>,
    /// Shares, each for the package that it names.
    shares: BTreeMap<ShareIndex, (Digest, SignatureShare)>,
}

/// One matter in the making.
#[derive(Debug, Clone)]
struct Signing {
    matter: Matter,
    /// Who brought it.
    from: GuardianIndex,
    number: u32,
    attempt: Attempt,
    /// Commitments for the attempt after this one, of those whose clocks are a little ahead.
    ahead: BTreeMap<GuardianIndex, NonceCommitments>,
    stalled: BTreeSet<GuardianIndex>,
    culprits: BTreeSet<GuardianIndex>,
}

/// What an operator agreed to have signed for a contract, and until when.
type Consent = (u64, Address, u64);

/// All of them. Nothing here is journaled but what was signed: a restart begins with the next attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signings {
    open: BTreeMap<MatterId, Signing>,
    consents: BTreeMap<Consent, Slot>,
    signed: BTreeMap<MatterId, (Matter, GroupSignature, Slot)>,
}

impl Signings {
    pub(crate) fn apply(&mut self, record: &Record) {
        let Record::GroupSigned { matter, signature, at } = record else { return };
        self.remember(matter.clone(), *signature, *at);
    }

    /// Takes a signature; of a log's it keeps the latest.
    fn remember(&mut self, matter: Matter, signature: GroupSignature, at: Slot) {
        let id = matter.id();
        self.open.remove(&id);
        if let Matter::Checkpoint { head, .. } = &matter {
            let whose = head.guardian;
            self.signed.retain(|_, (known, _, _)| {
                !matches!(known, Matter::Checkpoint { head, .. } if head.guardian == whose)
            });
        }
        self.signed.insert(id, (matter, signature, at));
        while self.signed.len() > MAX_SIGNED {
            let oldest = self.signed.iter().min_by_key(|(id, (_, _, at))| (*at, **id));
            let Some(oldest) = oldest.map(|(id, _)| *id) else { break };
            self.signed.remove(&oldest);
        }
    }
}

/// A signature made or in the making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningStatus {
    /// Its id.
    pub id: MatterId,
    /// What.
    pub matter: Matter,
    /// The attempt under way; None once it is signed.
    pub attempt: Option<u32>,
    /// Who was picked in an earlier attempt and sent nothing, or led it and picked nobody.
    pub stalled: Vec<GuardianIndex>,
    /// Who sent a false share.
    pub culprits: Vec<GuardianIndex>,
    /// The signature, 65 bytes.
    pub signature: Option<GroupSignature>,
}

fn digest_of(package: &SigningPackage) -> Digest {
    Digest(Sha256::digest(canonical(package)).into())
}

impl Guardian {
    fn share_index(index: GuardianIndex) -> Option<ShareIndex> {
        ShareIndex::new(index.0).ok()
    }

    /// Whose attempt this is: each member's in turn, from one that the matter's id says.
    fn leader(&self, id: &MatterId, attempt: u32) -> GuardianIndex {
        let n = u64::from(self.definition.guardian_set.threshold.n());
        let start = u64::from(u32::from_le_bytes([id.0[0], id.0[1], id.0[2], id.0[3]]));
        let turn = start.saturating_add(attempt.into()) % n;
        GuardianIndex(u16::try_from(turn).unwrap_or(0).saturating_add(1))
    }

    /// Whether a matter is true here, so that we sign it.
    fn is_true(&self, matter: &Matter) -> bool {
        let Some(key_set) = &self.group else { return false };
        match matter {
            Matter::Succession { network, ceremony, next, result, .. } => {
                let Some(course) = self.hall.get(ceremony) else { return false };
                let Some(cast) = self.cast(&course.order) else { return false };
                *network == self.network
                    && course.order.keys.group == Some(key_set.key())
                    && *matter == Matter::succession(&course.order, *next, *result)
                    && cast.next().id() == *next
                    && course.own(&self.my_name(), Place::Endorse)
                        == Some(&Statement::Endorse { result: *result })
                    && course.is_endorsed(cast, *result)
            }
            Matter::Checkpoint { network, head, opened } => {
                *network == self.network && self.is_checked(head, *opened)
            }
            Matter::InForce { network, chain_id, contract, nonce, opened } => {
                let slot = self.view.slot();
                let consent = self.signings.consents.get(&(*chain_id, *contract, *nonce));
                if consent.is_none_or(|until| slot > *until) {
                    return false;
                }
                *network == self.network
                    && !self.is_joining()
                    && *opened <= slot.saturating_add(ATTEMPT)
                    && slot < opened.saturating_add(LIFETIME)
            }
        }
    }

    /// Our operator agrees to have the network say that its definition is in force: t operators must, each at its guardian.
    pub(crate) fn attest(
        &mut self,
        chain_id: u64,
        contract: Address,
        nonce: u64,
        out: &mut Vec<Command>,
    ) -> Result<Answer, Vec<Problem>> {
        let refuse = |code: &str, detail: &str| vec![Problem { code: code.into(), detail: detail.into() }];
        if self.group.is_none() {
            return Err(refuse(
                "no_group_key",
                "the network has no key of its own yet: `guardian dkg --group`",
            ));
        }
        let opened = self.view.slot();
        self.signings.consents.retain(|_, until| *until >= opened);
        if self.signings.consents.len() >= MAX_OPEN {
            return Err(refuse("busy", "too many signatures are in the making; wait until some end"));
        }
        self.signings.consents.insert((chain_id, contract, nonce), opened.saturating_add(LIFETIME));
        // Another operator may have asked already: then that one is signed.
        let known = self.signings.open.values().map(|signing| &signing.matter).find(|matter| {
            matches!(matter, Matter::InForce { chain_id: chain, contract: of, nonce: number, .. }
                if (*chain, *of, *number) == (chain_id, contract, nonce))
        });
        if let Some(known) = known {
            return Ok(Answer::Attesting { matter: known.id() });
        }
        let matter = Matter::InForce { network: self.network, chain_id, contract, nonce, opened };
        let id = matter.id();
        if !self.open_matter(matter, self.me) {
            return Err(refuse("busy", "too many signatures are in the making; wait until some end"));
        }
        self.tend_signings(out);
        Ok(Answer::Attesting { matter: id })
    }

    fn open_matter(&mut self, matter: Matter, from: GuardianIndex) -> bool {
        let id = matter.id();
        if self.signings.open.contains_key(&id) {
            return true;
        }
        // Logs are signed beside everything else, one head of each log at a time: who floods with heads fills no quota.
        if let Matter::Checkpoint { head, .. } = &matter {
            return self.open_checkpoint(head.guardian, matter.clone(), from);
        }
        let theirs = self.signings.open.values().filter(|signing| signing.from == from).count();
        let is_full = self.signings.open.len() >= MAX_OPEN * usize::from(MAX_SHARES) || theirs >= MAX_OPEN;
        if self.signings.signed.contains_key(&id) || is_full || !self.is_true(&matter) {
            return false;
        }
        self.begin_signing(matter, from);
        true
    }

    /// The latest asked for of one log takes the place of the one before.
    fn open_checkpoint(&mut self, log: GuardianIndex, matter: Matter, from: GuardianIndex) -> bool {
        if self.signings.signed.contains_key(&matter.id()) || !self.is_true(&matter) {
            return false;
        }
        let of_log = |signing: &Signing| matches!(&signing.matter, Matter::Checkpoint { head, .. } if head.guardian == log);
        let known = self.signings.open.iter().find(|(_, signing)| of_log(signing));
        if let Some((id, signing)) = known.map(|(id, signing)| (*id, signing)) {
            if signing.matter.opened() >= matter.opened() {
                return false;
            }
            self.signings.open.remove(&id);
        }
        self.begin_signing(matter, from);
        true
    }

    fn begin_signing(&mut self, matter: Matter, from: GuardianIndex) {
        let id = matter.id();
        let number = matter.attempt(self.view.slot());
        let signing = Signing {
            matter,
            from,
            number,
            attempt: Attempt::default(),
            ahead: BTreeMap::new(),
            stalled: BTreeSet::new(),
            culprits: BTreeSet::new(),
        };
        self.signings.open.insert(id, signing);
    }

    /// Once a slot: what a succession waits for is a matter of its own; every matter takes its step.
    pub(crate) fn tend_signings(&mut self, out: &mut Vec<Command>) {
        let waiting: Vec<Matter> = self
            .hall
            .open()
            .filter(|course| course.is_succession() && course.order.network == self.network)
            .filter_map(|course| {
                let cast = self.cast(&course.order)?;
                let result = course.endorsed_result(cast)?;
                (!course.is_signed(cast, result))
                    .then(|| Matter::succession(&course.order, cast.next().id(), result))
            })
            .collect();
        for matter in waiting.into_iter().chain(self.log_to_sign()) {
            self.open_matter(matter, self.me);
        }
        for id in self.signings.open.keys().copied().collect::<Vec<_>>() {
            self.tend_signing(&id, out);
        }
    }

    fn tend_signing(&mut self, id: &MatterId, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        let Some(signing) = self.signings.open.get(id) else { return };
        if !self.is_true(&signing.matter) {
            self.signings.open.remove(id);
            return;
        }
        let number = signing.matter.attempt(slot);
        if number != signing.number {
            self.next_attempt(id, number);
        }
        let (me, leader) = (self.me, self.leader(id, number));
        let Some(signing) = self.signings.open.get(id) else { return };
        if !signing.attempt.commitments.contains_key(&me) && Self::share_index(me).is_some() {
            out.push(Command::CommitNonces { matter: *id, attempt: number });
        }
        let begun = slot.0.saturating_sub(signing.matter.opened().0) % ATTEMPT;
        // One slot for commitments to come together.
        if leader == me && begun >= 1 && signing.attempt.package.is_none() {
            self.pick(id, out);
        }
    }

    /// Names who let the attempt fail, and begins another.
    fn next_attempt(&mut self, id: &MatterId, number: u32) {
        let leader = self.signings.open.get(id).map(|signing| self.leader(id, signing.number));
        let Some(signing) = self.signings.open.get_mut(id) else { return };
        match &signing.attempt.package {
            Some((package, _)) => {
                let digest = digest_of(package);
                let silent = package
                    .signers()
                    .filter(|signer| signing.attempt.shares.get(signer).is_none_or(|(of, _)| *of != digest));
                let silent: Vec<_> = silent.map(|signer| GuardianIndex(signer.get())).collect();
                signing.stalled.extend(silent);
            }
            // Only a leader that had enough to pick from can be said to have picked nobody.
            None if signing.attempt.commitments.len()
                >= usize::from(self.definition.guardian_set.threshold.t()) =>
            {
                signing.stalled.extend(leader);
            }
            None => {}
        }
        let ahead = std::mem::take(&mut signing.ahead);
        let is_next = signing.number.checked_add(1) == Some(number);
        signing.number = number;
        signing.attempt = Attempt::default();
        if is_next {
            signing.attempt.commitments = ahead;
        }
    }

    /// As leader: t of those who committed, the reliable first.
    fn pick(&self, id: &MatterId, out: &mut Vec<Command>) {
        let Some(signing) = self.signings.open.get(id) else { return };
        let t = usize::from(self.definition.guardian_set.threshold.t());
        let mut ready: Vec<_> = signing
            .attempt
            .commitments
            .iter()
            .filter(|(guardian, _)| !signing.culprits.contains(guardian))
            .collect();
        if ready.len() < t {
            return;
        }
        // Among equals another one in each attempt.
        let n = u32::from(self.definition.guardian_set.threshold.n());
        let turn = |guardian: &GuardianIndex| (u32::from(guardian.0).wrapping_add(signing.number)) % n;
        ready.sort_by_key(|(guardian, _)| (signing.stalled.contains(guardian), turn(guardian)));
        ready.truncate(t);
        ready.sort_by_key(|(guardian, _)| **guardian);
        let signers = ready
            .into_iter()
            .filter_map(|(guardian, commitments)| Some((Self::share_index(*guardian)?, *commitments)))
            .collect();
        let package = SigningMessage::Package { matter: *id, attempt: signing.number, signers };
        out.push(Command::Broadcast(Message::Signing(package)));
    }

    pub(crate) fn nonces_committed(
        &mut self,
        id: MatterId,
        attempt: u32,
        commitments: NonceCommitments,
        out: &mut Vec<Command>,
    ) {
        let Some(signing) = self.signings.open.get(&id).filter(|signing| signing.number == attempt) else {
            return;
        };
        if signing.attempt.commitments.contains_key(&self.me) {
            return;
        }
        let matter = signing.matter.clone();
        out.push(Command::Broadcast(Message::Signing(SigningMessage::Commit {
            matter,
            attempt,
            commitments,
        })));
    }

    pub(crate) fn group_signed(
        &mut self,
        id: MatterId,
        attempt: u32,
        share: SignatureShare,
        out: &mut Vec<Command>,
    ) {
        let Some(signing) = self.signings.open.get(&id).filter(|signing| signing.number == attempt) else {
            return;
        };
        let Some((package, _)) = &signing.attempt.package else { return };
        let package = digest_of(package);
        let said = SigningMessage::Share { matter: id, attempt, package, share };
        out.push(Command::Broadcast(Message::Signing(said)));
    }

    pub(crate) fn receive_signing(
        &mut self,
        from: GuardianIndex,
        said: SigningMessage,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        match said {
            SigningMessage::Commit { matter, attempt, commitments } => {
                let id = matter.id();
                if !self.open_matter(matter, from) {
                    return;
                }
                let Some(signing) = self.signings.open.get_mut(&id) else { return };
                if signing.number.checked_add(1) == Some(attempt) {
                    signing.ahead.entry(from).or_insert(commitments);
                }
                if signing.number == attempt {
                    // The first counts: whoever commits twice only spoils its own part.
                    signing.attempt.commitments.entry(from).or_insert(commitments);
                    if let Some((signers, envelope)) = signing.attempt.early.take() {
                        let leader = self.leader(&id, attempt);
                        self.receive_package(leader, (id, attempt), signers, envelope, out);
                    }
                }
            }
            SigningMessage::Package { matter, attempt, signers } => {
                self.receive_package(from, (matter, attempt), signers, envelope, out);
            }
            SigningMessage::Share { matter, attempt, package, share } => {
                let Some(index) = Self::share_index(from) else { return };
                let Some(signing) = self.signings.open.get_mut(&matter) else { return };
                if signing.number == attempt {
                    signing.attempt.shares.entry(index).or_insert((package, share));
                    self.put_together(&matter, out);
                }
            }
        }
    }

    fn receive_package(
        &mut self,
        from: GuardianIndex,
        (id, attempt): (MatterId, u32),
        signers: Vec<(ShareIndex, NonceCommitments)>,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        if self.leader(&id, attempt) != from {
            return;
        }
        let Some(key_set) = self.group.clone() else { return };
        let Some(signing) = self.signings.open.get_mut(&id).filter(|signing| signing.number == attempt)
        else {
            return;
        };
        // A pick of other commitments than their authors sealed makes no signature and accuses nobody of failing it.
        let known = |index: &ShareIndex| signing.attempt.commitments.get(&GuardianIndex(index.get()));
        if signing.attempt.package.is_none() {
            if signers.iter().any(|(index, _)| known(index).is_none()) {
                signing.attempt.early.get_or_insert((signers, envelope));
                return;
            }
            if signers.iter().any(|(index, commitments)| known(index) != Some(commitments)) {
                return;
            }
        }
        let Some(message) = signing.matter.message(Some(&key_set.key())) else { return };
        let Ok(package) = SigningPackage::new(message, signers) else { return };
        if package.check(&key_set).is_err() {
            return;
        }
        match &signing.attempt.package {
            Some((known, _)) if *known == package => return,
            Some((_, first)) => {
                let evidence = vec![first.clone(), envelope];
                return self.fault(from, FaultKind::Equivocation, None, evidence, out);
            }
            None => signing.attempt.package = Some((package.clone(), envelope)),
        }
        let ours = Self::share_index(self.me).and_then(|me| package.commitments(me).copied());
        // Only what we committed to, and only the first package of an attempt: the nonces are consumed by it.
        if ours.is_some() && ours.as_ref() == signing.attempt.commitments.get(&self.me) {
            out.push(Command::SignGroup(GroupOrder { matter: id, attempt, package }));
        }
        self.put_together(&id, out);
    }

    /// Makes the signature of its shares once all are here; names who sent a false one.
    fn put_together(&mut self, id: &MatterId, out: &mut Vec<Command>) {
        let Some(key_set) = self.group.clone() else { return };
        let Some(signing) = self.signings.open.get(id) else { return };
        let Some((package, _)) = &signing.attempt.package else { return };
        let digest = digest_of(package);
        let shares: BTreeMap<_, _> = package
            .signers()
            .filter_map(|signer| {
                let (of, share) = signing.attempt.shares.get(&signer)?;
                (*of == digest).then_some((signer, *share))
            })
            .collect();
        match aggregate(&key_set, package, &shares) {
            Ok(signature) => {
                let (matter, at) = (signing.matter.clone(), self.view.slot());
                if let Matter::Checkpoint { head, .. } = &matter {
                    // Kept with the log, and made anew if it was lost: nothing for the journal.
                    self.log_signed(head);
                    self.signings.remember(matter, signature, at);
                    return;
                }
                self.persist(Record::GroupSigned { matter: matter.clone(), signature, at }, out);
                self.use_signature(&matter, signature, out);
            }
            Err(NotSigned::Culprits(culprits)) => {
                let culprits: Vec<_> =
                    culprits.into_iter().map(|culprit| GuardianIndex(culprit.get())).collect();
                if let Some(signing) = self.signings.open.get_mut(id) {
                    signing.culprits.extend(culprits.iter().copied());
                }
                for culprit in culprits {
                    self.fault(culprit, FaultKind::InvalidGroupShare, None, Vec::new(), out);
                }
            }
            Err(NotSigned::Missing(_) | NotSigned::Package(_)) => {}
        }
    }

    /// A succession's signature goes to everybody in the ceremony.
    fn use_signature(&mut self, matter: &Matter, signature: GroupSignature, out: &mut Vec<Command>) {
        let Matter::Succession { ceremony, result, .. } = matter else { return };
        let me = self.my_name();
        if self.hall.get(ceremony).is_some_and(|course| course.own(&me, Place::Signed).is_none()) {
            self.say(ceremony, Statement::Signed { result: *result, signature }, out);
            self.tend_ceremony(ceremony, out);
        }
    }

    /// Whether a signature is the network's over a matter, as anybody can check.
    pub fn is_signed_by_network(key: &GroupPublicKey, matter: &Matter, signature: &GroupSignature) -> bool {
        matter.message(Some(key)).is_some_and(|message| verify(key, &message, signature))
    }

    pub(crate) fn signing_statuses(&self) -> Vec<SigningStatus> {
        let open = self.signings.open.iter().map(|(id, signing)| SigningStatus {
            id: *id,
            matter: signing.matter.clone(),
            attempt: Some(signing.number),
            stalled: signing.stalled.iter().copied().collect(),
            culprits: signing.culprits.iter().copied().collect(),
            signature: None,
        });
        let signed = self.signings.signed.iter().map(|(id, (matter, signature, _))| SigningStatus {
            id: *id,
            matter: matter.clone(),
            attempt: None,
            stalled: Vec::new(),
            culprits: Vec::new(),
            signature: Some(*signature),
        });
        let mut all: Vec<_> = open.chain(signed).collect();
        all.sort_by_key(|status| (std::cmp::Reverse(status.matter.opened()), status.id));
        all
    }
}

#[cfg(test)]
mod tests;
