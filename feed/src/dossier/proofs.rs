//! What is checked of a dossier, one thing after the other. Later checks build on earlier ones; a report holds when all do.

use super::{Dossier, Logged};
use crate::entry::Entry;
use crate::fact::{Approval, Sealed};
use crate::note::{Keys, Verified, known_lines, verify_note};
use crate::report::Report;
use crate::roots::ExecutionHeader;
use crate::story::{Call, Certified, Story, emergency_of};
use crate::tree::{check_inclusion, leaf_hash};
use crypto::envelope::Opener;
use crypto::keys::PublicKey;
use crypto::partial::verify;
use crypto::peer_id::identity_key;
use guardian_core::emergency::{Cancellation, Proof, Raiser};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use guardian_core::message::{Decision, MAX_SEALED_VOTE, Message, Vote, WireMessage};
use guardian_core::proposal::{ExitProposal, ProposalId};
use std::collections::{BTreeMap, BTreeSet};

type Outcome = Result<String, String>;

pub(super) fn report(dossier: &Dossier, expected: NetworkId) -> Report {
    let story = &dossier.story;
    let mut report = Report {
        ok: true,
        network: expected,
        guardian: dossier.guardian,
        proposal: story.proposal,
        proven_exit: false,
        included: story.included,
        checks: Vec::new(),
    };
    report.note("definition", definition(dossier, expected));
    let keys = keys(dossier);
    report.note("keys", keys.as_ref().map(told_keys).map_err(Clone::clone));
    let verified = keys.and_then(|keys| checkpoint(dossier, &keys));
    report.note("checkpoint", verified.as_ref().map(told_checkpoint).map_err(Clone::clone));
    report.note("inclusion", verified.and_then(|verified| inclusion(dossier, &verified)));
    let entries = entries(dossier);
    report.note(
        "entries",
        entries.as_ref().map(|all| format!("{} entries read", all.len())).map_err(Clone::clone),
    );
    report.note("story", entries.and_then(|entries| same_story(dossier, &entries)));
    report.note("proposal", proposal(&dossier.definition, story));
    let opener = Members::of(&dossier.definition);
    if story.emergency.is_some() || emergency_of(&story.content).is_some() {
        report.note("emergency", emergency(&dossier.definition, &opener, story));
    }
    report.note("votes", votes(&opener, story));
    report.note("certificate", certificate(&dossier.definition, &opener, story));
    if story.needs_exit() {
        report.note("partials", partials(&dossier.definition, story));
        report.note("exit", exit(&dossier.definition, story));
    }
    if let Some(roots) = &dossier.roots {
        // Proofs are long, and walked only for a document that is what it says it is.
        let is_founded =
            ["definition", "checkpoint"].iter().all(|code| report.check(code).is_some_and(|check| check.ok));
        let looked = if is_founded {
            self::roots(dossier, roots)
        } else {
            Err("not looked at: the definition or the checkpoint does not hold".to_owned())
        };
        report.note("roots", looked);
    }
    // Both checks fail where what they are about is missing.
    report.proven_exit = report.ok && deciding(story).is_some() && story.signed.is_some();
    report
}

/// The approvals that an exit rests on, and what they are on: an emergency's rests on those of the emergency.
fn deciding(story: &Story) -> Option<(ProposalId, &Certified)> {
    match (emergency_of(&story.content), &story.emergency) {
        (Some(_), Some(call)) => call.certificate.as_ref().map(|certified| (call.id, certified)),
        (Some(_), None) => None,
        (None, _) => story.certificate.as_ref().map(|certified| (story.proposal, certified)),
    }
}

fn definition(dossier: &Dossier, expected: NetworkId) -> Outcome {
    let id = dossier.definition.id();
    if id != expected || dossier.network != expected {
        return Err(format!("the definition is that of network {id}, not {expected}"));
    }
    dossier.definition.validate().map_err(|e| e.to_string())?;
    Ok(format!("the definition `{}` hashes to {id}", dossier.definition.name))
}

fn keys(dossier: &Dossier) -> Result<Keys, String> {
    if !dossier.keys.is_sorted_by(|one, next| one.guardian < next.guardian) {
        return Err("`keys` names a guardian twice, or not in order".to_owned());
    }
    let pairs = dossier.keys.iter().map(|bound| (bound.guardian, &bound.binding));
    Keys::bound(&dossier.definition, pairs, dossier.group_key).map_err(|e| e.to_string())
}

fn told_keys(keys: &Keys) -> String {
    format!("the identities in the definition bind {} feed keys", keys.logs.len())
}

fn checkpoint(dossier: &Dossier, keys: &Keys) -> Result<Verified, String> {
    let verified = verify_note(dossier.note.as_bytes(), keys).map_err(|e| e.to_string())?;
    if verified.checkpoint.origin.guardian != dossier.guardian {
        return Err(format!("it is of guardian {}", verified.checkpoint.origin.guardian.0));
    }
    // A line that nobody can verify, or a key that nothing is verified with, is no part of a dossier.
    let is_all_known = known_lines(dossier.note.as_bytes(), keys).is_ok_and(|known| known == dossier.note);
    let are_all_used = keys.logs.len() == verified.cosigned.len() + 1;
    if !is_all_known || !are_all_used || keys.group.is_some() != verified.group {
        return Err("its lines and the keys are not each other's".to_owned());
    }
    Ok(verified)
}

fn told_checkpoint(verified: &Verified) -> String {
    let checkpoint = &verified.checkpoint;
    let witnesses: Vec<_> = verified.cosigned.iter().map(|(witness, _)| witness.0.to_string()).collect();
    let cosigned = match witnesses.as_slice() {
        [] => "nobody else".to_owned(),
        some => format!("guardians {}", some.join(", ")),
    };
    let group = if verified.group {
        "; signed by the network's own key as given here: compare it with the guardians'"
    } else {
        ""
    };
    let origin = checkpoint.origin;
    format!(
        "guardian {} signed {} entries of its log of life {}; cosigned by {cosigned}{group}",
        origin.guardian.0, checkpoint.size, origin.life
    )
}

fn inclusion(dossier: &Dossier, verified: &Verified) -> Outcome {
    let (size, root) = (verified.checkpoint.size, verified.checkpoint.root);
    if !dossier.entries.is_sorted_by(|one, next| one.index < next.index) {
        return Err("an entry is named twice, or they are not in order".to_owned());
    }
    for logged in &dossier.entries {
        let proof: Vec<_> = logged.proof.iter().map(|word| word.0).collect();
        check_inclusion(&proof, size, root, logged.index, leaf_hash(logged.entry.as_bytes()))
            .map_err(|e| format!("entry {}: {e}", logged.index))?;
    }
    Ok(format!("{} entries are in the tree of the checkpoint", dossier.entries.len()))
}

fn entries(dossier: &Dossier) -> Result<Vec<Entry>, String> {
    let definition = Entry::definition(&dossier.definition);
    let bound = dossier.keys.iter().find(|bound| bound.guardian == dossier.guardian);
    let bound = bound.ok_or("the log's own key is missing")?;
    let key = Entry::key(&dossier.definition, dossier.guardian, &bound.binding).map_err(|e| e.to_string())?;
    // Every log begins with these two.
    for (place, first) in (0u64..).zip([definition, key]) {
        let is_there = |logged: &Logged| logged.index == place && logged.entry.as_bytes() == first.encode();
        if !dossier.entries.iter().any(is_there) {
            return Err(format!("entry {place} is not the {} that the dossier names", first.kind()));
        }
    }
    let read = |logged: &Logged| {
        Entry::decode(logged.entry.as_bytes()).map_err(|e| format!("entry {}: {e}", logged.index))
    };
    dossier.entries.iter().map(read).collect()
}

fn same_story(dossier: &Dossier, entries: &[Entry]) -> Outcome {
    let told = Story::of(&dossier.definition, dossier.story.proposal, entries);
    let belongs =
        |entry: &Entry| crate::story::belongs(entry, &dossier.story.proposal, &dossier.story.content);
    if !entries.iter().all(belongs) {
        return Err("an entry tells of something else".to_owned());
    }
    match told {
        Some(told) if told == dossier.story => Ok(
            "the entries tell this story; what happened when, and what the chain has, is this guardian's word"
                .to_owned(),
        ),
        Some(_) => Err("the entries tell another story".to_owned()),
        None => Err("no entry brings the proposal".to_owned()),
    }
}

fn proposal(definition: &NetworkDefinition, story: &Story) -> Outcome {
    let content = &story.content;
    if content.id() != story.proposal {
        return Err(format!("what is proposed hashes to {}", content.id()));
    }
    if content.guardian_set_epoch != definition.guardian_set.epoch {
        return Err(format!("it is of guardian-set epoch {}", content.guardian_set_epoch.0));
    }
    if emergency_of(content).is_none() && !content.is_well_formed(definition) {
        return Err("it is not what the rule makes of its cause".to_owned());
    }
    Ok(format!(
        "rule `{}`, due in epoch {}, under policy {}",
        story.rule.code(),
        content.origin.due(),
        story.policy
    ))
}

fn emergency(definition: &NetworkDefinition, members: &Members, story: &Story) -> Outcome {
    let Some(call) = &story.emergency else {
        return Err("the proposal is of an emergency, and no entry brings it".to_owned());
    };
    let emergency = &call.content.emergency;
    if emergency.id() != call.id || emergency_of(&story.content) != Some(call.id) {
        return Err("the proposal does not belong to it".to_owned());
    }
    emergency.check(definition).map_err(|refusal| format!("it may not be: {}", refusal.code()))?;
    let subject = story.content.subject();
    let is_named = emergency.validators.contains(&subject.index);
    if !is_named || ExitProposal::emergency(definition, subject, emergency, call.id) != story.content {
        return Err("the proposal is not what it makes of its validator".to_owned());
    }
    let by = match emergency.raiser {
        Raiser::Guardian { guardian } => format!("guardian {}", guardian.0),
        Raiser::Account { proposer } | Raiser::Contract { proposer, .. } => format!("account {proposer}"),
    };
    let proven = match (&call.content.proof, &emergency.raiser) {
        // The contract's log is not here: each of those who approved read it by itself.
        (Proof::Logged, Raiser::Contract { .. }) => "as this guardian says it read in the contract's log",
        // What a guardian sealed is not kept: t approvals answer for it.
        (Proof::Sealed, Raiser::Guardian { .. }) => {
            let certified = call.certificate.as_ref().ok_or("no approvals confirm who raised it")?;
            quorum(definition, members, call.id, certified)?;
            "as t guardians confirmed"
        }
        (Proof::Signature(_), Raiser::Account { .. }) => {
            let checked = call.content.check_proof(definition, NOBODY);
            checked.map_err(|_| "its raiser did not make it".to_owned())?;
            "by its signature"
        }
        _ => return Err("what proves its raiser is not of that kind of raiser".to_owned()),
    };
    let taken_back = cancellation(definition, call)?;
    Ok(format!("raised by {by}, {proven}{taken_back}: {}", emergency.reason))
}

/// Who brought what an account signed: nobody that matters.
const NOBODY: GuardianIndex = GuardianIndex(0);

/// What the taking back of an emergency rests on; no words where it was not taken back.
fn cancellation(definition: &NetworkDefinition, call: &Call) -> Result<&'static str, String> {
    let Some(proof) = call.cancellation else { return Ok("") };
    let raiser = &call.content.emergency.raiser;
    match (proof, raiser) {
        (Proof::Logged, Raiser::Contract { .. }) => {
            Ok(", taken back as this guardian says it read in the contract's log")
        }
        (Proof::Sealed, Raiser::Guardian { .. }) => Ok(", taken back as this guardian says it read"),
        (Proof::Signature(_), Raiser::Account { .. }) => {
            let cancellation = Cancellation { emergency: call.id, proof };
            let checked = cancellation.check_proof(definition, raiser, NOBODY);
            checked.map_err(|_| "its raiser did not take it back".to_owned())?;
            Ok(", taken back by its signature")
        }
        _ => Err("what proves that it was taken back is not of that kind of raiser".to_owned()),
    }
}

/// Opens what the members sealed.
struct Members {
    opener: Opener,
    indices: BTreeMap<[u8; 33], GuardianIndex>,
}

impl Members {
    fn of(definition: &NetworkDefinition) -> Self {
        let mut members =
            Self { opener: Opener::new(definition.id().0, MAX_SEALED_VOTE), indices: BTreeMap::new() };
        for member in &definition.guardian_set.members {
            // A member whose PeerId is none has sealed nothing.
            if let Ok(key) = identity_key(&member.peer_id)
                && members.opener.admit(key).is_ok()
            {
                members.indices.insert(key, member.index);
            }
        }
        members
    }

    /// The vote that this guardian sealed.
    fn vote(&self, from: GuardianIndex, sealed: &Sealed) -> Result<Vote, String> {
        let wrong = |what: &str| format!("what guardian {} is said to have sealed {what}", from.0);
        let opened = self.opener.open(&sealed.0).map_err(|flaw| wrong(&format!("does not open: {flaw}")))?;
        if self.indices.get(&opened.sender) != Some(&from) {
            return Err(wrong("was sealed by another"));
        }
        match WireMessage::decode(&opened.payload) {
            Some(Message::Vote(vote)) => Ok(vote),
            _ => Err(wrong("is no vote")),
        }
    }
}

fn votes(members: &Members, story: &Story) -> Outcome {
    for ballot in &story.votes {
        let vote = members.vote(ballot.guardian, &ballot.sealed)?;
        let (proposal, revision, decision) = (ballot.on, ballot.revision, ballot.decision);
        if vote != (Vote { proposal, revision, decision }) {
            return Err(format!("guardian {} voted otherwise", ballot.guardian.0));
        }
    }
    Ok(format!("{} sealed votes open and say what is told of them", story.votes.len()))
}

fn certificate(definition: &NetworkDefinition, members: &Members, story: &Story) -> Outcome {
    let of_emergency = story.emergency.as_ref().and_then(|call| Some((call.id, call.certificate.as_ref()?)));
    let own = story.certificate.as_ref().map(|certified| (story.proposal, certified));
    if deciding(story).is_none() && story.needs_certificate() {
        return Err(
            "more is told than can be without t approvals, and there are none: it is this guardian's word alone"
                .to_owned(),
        );
    }
    let told = of_emergency
        .into_iter()
        .chain(own)
        .map(|(on, certified)| quorum(definition, members, on, certified))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(if told.is_empty() { "there is none yet".to_owned() } else { told.join("; ") })
}

/// Whether t members approved.
fn quorum(
    definition: &NetworkDefinition,
    members: &Members,
    on: ProposalId,
    certified: &Certified,
) -> Outcome {
    let threshold = definition.guardian_set.threshold;
    let approved = approved(members, on, &certified.approvals)?;
    if !threshold.met_by(approved.len()) {
        return Err(format!("{} approve; {} are needed", approved.len(), threshold.t()));
    }
    let names: Vec<_> = approved.iter().map(|guardian| guardian.0.to_string()).collect();
    let (names, t, n) = (names.join(", "), threshold.t(), threshold.n());
    Ok(format!("guardians {names} approve, {t} of {n} are needed"))
}

/// Who approved, each once.
fn approved(
    members: &Members,
    on: ProposalId,
    approvals: &[Approval],
) -> Result<BTreeSet<GuardianIndex>, String> {
    let mut approved = BTreeSet::new();
    for Approval { guardian, sealed } in approvals {
        let vote = members.vote(*guardian, sealed)?;
        if vote.proposal != on || vote.decision != Decision::Approve {
            return Err(format!("guardian {} approved something else, or nothing", guardian.0));
        }
        if !approved.insert(*guardian) {
            return Err(format!("guardian {} is counted twice", guardian.0));
        }
    }
    Ok(approved)
}

fn partials(definition: &NetworkDefinition, story: &Story) -> Outcome {
    let threshold = definition.guardian_set.threshold;
    let told = format!(
        "{} partial signatures came in, as this guardian says; {} are needed",
        story.partials,
        threshold.t()
    );
    let count = usize::try_from(story.partials).unwrap_or(usize::MAX);
    if threshold.met_by(count) { Ok(told) } else { Err(told) }
}

fn exit(definition: &NetworkDefinition, story: &Story) -> Outcome {
    let Some(signed) = &story.signed else {
        return Err("more is told than can be without a signed exit, and there is none".to_owned());
    };
    let message = signed.exit.message;
    if message != story.content.exit {
        return Err("the exit is not the one that was proposed".to_owned());
    }
    let key = PublicKey::try_from(story.content.pubkey).map_err(|e| e.to_string())?;
    let chain = &definition.chain;
    // The epoch in which the chain looked at it; from Deneb on any gives the same.
    let looked = story.included.or(signed.slot).map_or(message.epoch, |slot| chain.epoch_of(slot));
    let root = message.signing_root(&chain.forks, looked.max(message.epoch));
    if verify(&key, root, &signed.exit.signature) {
        let word = story.included.map_or(String::new(), |slot| {
            format!("; that the block of slot {slot} has it is this guardian's word")
        });
        Ok(format!(
            "validator {} itself signed its exit from epoch {}{word}",
            message.validator_index, message.epoch
        ))
    } else {
        Err(format!("{} did not sign this exit", story.content.pubkey))
    }
}

pub(super) fn roots(dossier: &Dossier, roots: &crate::roots::Roots) -> Outcome {
    let evidence = || dossier.story.evidence.iter().map(|seen| &seen.evidence);
    let mut told = Vec::new();
    if let Some(header) = &roots.beacon {
        let root = header.hash_tree_root();
        let seen = evidence().filter_map(|evidence| evidence.finalized);
        let chain = &dossier.definition.chain;
        let is_seen =
            |of: &crypto::spec::Checkpoint| of.root == root && header.slot <= chain.start_slot(of.epoch);
        let checkpoint = seen.into_iter().find(is_seen);
        let checkpoint = checkpoint.ok_or("the beacon header is not of a checkpoint that was seen")?;
        told.push(format!(
            "the state {} is that of the checkpoint of epoch {}",
            header.state_root, checkpoint.epoch
        ));
    }
    if let Some(rlp) = &roots.execution {
        let header = ExecutionHeader::read(rlp).ok_or("the execution header cannot be read")?;
        let mut seen = evidence().filter_map(|evidence| evidence.account.as_ref()?.read);
        let is_seen = seen.any(|block| {
            block.hash == header.hash
                && block.number.0 == header.number
                && block.timestamp == header.timestamp
        });
        if !is_seen {
            return Err("the execution header is not of a block that was read".to_owned());
        }
        let state = hex::encode(header.state_root);
        told.push(format!("the state 0x{state} is that of execution block {}", header.number));
    }
    let known = dossier.definition.contracts.as_ref();
    let is_ours = |address: &crypto::execution::Address| {
        known.is_none_or(|contracts| {
            [Some(contracts.protocol), Some(contracts.guardian_module), contracts.exit_proposals]
                .contains(&Some(*address))
        })
    };
    if let Some(foreign) = roots.accounts.iter().find(|account| !is_ours(&account.address)) {
        return Err(format!("the account {} is none of the network's contracts", foreign.address));
    }
    if !roots.accounts_hold() {
        return Err("an account is not in the state of the execution header".to_owned());
    }
    if !roots.accounts.is_empty() {
        let accounts: Vec<String> =
            roots.accounts.iter().map(|account| account.address.to_string()).collect();
        told.push(format!("in it are the accounts {}", accounts.join(", ")));
    }
    if told.is_empty() { Err("there are none".to_owned()) } else { Ok(told.join("; ")) }
}
