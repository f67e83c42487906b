//! Records of a journal: one forced exit from the proposal to the withdrawal, and one of every other kind.

use super::{definition, group_key, group_signature, identity};
use crypto::execution::{Address, Block, BlockHash, BlockNumber, Tickets};
use crypto::exit::SignedVoluntaryExit;
use crypto::group_key::GroupSignature;
use crypto::keys::{PublicKeySet, SecretKey, SecretKeyShare};
use crypto::partial::{CombineJob, Combined, SignatureShare, combine};
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Gwei, Root, Slot, ValidatorIndex};
use crypto::typed_data::AccountSignature;
use crypto::validator::{Validator, ValidatorStatus};
use guardian_core::ceremony::{self, AbortReason, Blame, Digest, KeyList, Kind, Order, Outcome};
use guardian_core::emergency::{Cancellation, Emergency, Proof, Raised, Raiser, Severity};
use guardian_core::event::{ExecutionHealth, Liveness, NodeHealth, PostOutcome};
use guardian_core::evidence::{AccountSeen, Evidence};
use guardian_core::fault::{Fault, FaultKind};
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch};
use guardian_core::lifecycle::Step;
use guardian_core::message::{Decision, Envelope, Message, Partial, RejectReason, Vote, WireMessage};
use guardian_core::pause::{PauseScope, Wish};
use guardian_core::proposal::{ExitProposal, ProposalId, State, Subject};
use guardian_core::record::Record;
use guardian_core::registration::ScanReport;
use guardian_core::request::{OperatorName, Request};
use guardian_core::signing::Matter;
use guardian_core::statement::{Choice, PeerName, Statement};
use guardian_core::status::{EmergencyState, Hold};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Texts in the samples that must not be published.
pub(crate) const SECRETS: &[&str] =
    &["operator-eve", "note-of-eve", "node-lighthouse-7", "words-of-a-node", "geth-problem", "partial-bytes"];

const NOW: u64 = super::NOW;
const SET: GuardianSetEpoch = GuardianSetEpoch(0);

fn guardian(index: u16) -> GuardianIndex {
    GuardianIndex(index)
}

/// The validator's key, split among the guardians.
pub(crate) fn split() -> (PublicKeySet, Vec<SecretKeyShare>) {
    let mut rng = StdRng::seed_from_u64(7);
    let secret = SecretKey::from_bytes(&[5; 32]).unwrap();
    secret.split(definition().guardian_set.threshold, &mut rng)
}

/// The exit of the story: by the `offline` rule.
pub(crate) fn proposal() -> ExitProposal {
    let set = split().0;
    let subject = Subject { pubkey: set.public_key(), key_set: set.id(), index: ValidatorIndex(17) };
    ExitProposal::offline(&definition(), subject, Epoch(5), Slot(33)).unwrap()
}

/// What a guardian says, sealed.
pub(crate) fn seal(from: u16, message: Message) -> Envelope {
    let network = definition().id().0;
    Envelope(identity(from).seal(&network, &WireMessage::V1(message).encode(), NOW + u64::from(from)))
}

fn vote(from: u16, vote: Vote, at: u64) -> Record {
    let envelope = seal(from, Message::Vote(vote.clone()));
    Record::VoteSeen { from: guardian(from), vote, envelope, at: Slot(at) }
}

fn approval(of: ProposalId) -> Vote {
    Vote { proposal: of, revision: 0, decision: Decision::Approve }
}

pub(crate) fn approvals(of: ProposalId) -> Vec<(GuardianIndex, Envelope)> {
    (1..=3).map(|from| (guardian(from), seal(from, Message::Vote(approval(of))))).collect()
}

fn seen(proposal: &ExitProposal) -> Evidence {
    let validator = Validator {
        pubkey: proposal.pubkey,
        index: proposal.exit.validator_index,
        status: ValidatorStatus::ActiveOngoing,
        balance: Gwei(31_900_000_000),
        effective_balance: Gwei(32_000_000_000),
        slashed: false,
        activation_epoch: Epoch(0),
        exit_epoch: crypto::spec::FAR_FUTURE_EPOCH,
        withdrawable_epoch: crypto::spec::FAR_FUTURE_EPOCH,
    };
    Evidence {
        nodes: NodeHealth { total: 2, healthy: 2, disagree: false },
        head: Some(Slot(34)),
        finalized: Some(super::roots::finalized()),
        at_finalized: Some(validator),
        at_head: Some(validator),
        last_live: Some(Epoch(2)),
        last_dark: Some(Epoch(6)),
        account: Some(AccountSeen {
            read: Some(super::roots::execution_block()),
            present: Some(Tickets::ONE),
            due: None,
            nodes: ExecutionHealth {
                total: 1,
                healthy: 1,
                disagree: false,
                problem: Some("geth-problem".to_owned()),
            },
        }),
        confirmed: None,
    }
}

/// The exit as t guardians signed it.
pub(crate) fn exit(proposal: &ExitProposal) -> SignedVoluntaryExit {
    let (set, shares) = split();
    let chain = &definition().chain;
    let root = proposal.exit.signing_root(&chain.forks, chain.epoch_of(proposal.opened));
    let partials: Vec<_> = shares[..3].iter().map(|share| share.sign(root)).collect();
    let job = CombineJob { key_set: &set, signing_root: root, partials: &partials };
    match &combine(&[job], &mut StdRng::seed_from_u64(8))[..] {
        [Combined::Signature { signature, .. }] => {
            SignedVoluntaryExit { message: proposal.exit, signature: *signature }
        }
        other => panic!("{other:?}"),
    }
}

fn partial(from: u16, of: ProposalId, at: u64) -> Record {
    let mut signature = [0; 192];
    signature[..13].copy_from_slice(b"partial-bytes");
    let index = crypto::threshold::ShareIndex::new(from).unwrap();
    let partial = Partial { proposal: of, index, signature: SignatureShare(signature) };
    let envelope = Some(seal(from, Message::Partial(partial.clone())));
    Record::PartialHeld { from: guardian(from), partial, envelope, at: Slot(at) }
}

/// One forced exit, as the journal of alice tells it.
pub(crate) fn story() -> Vec<Record> {
    tale(&proposal(), vec![Record::Proposed { proposal: proposal(), at: Slot(33) }])
}

/// One that an emergency asked for.
pub(crate) fn emergency_story() -> Vec<Record> {
    let (raised, id) = (raised(), raised().emergency.id());
    let set = split().0;
    let subject = Subject { pubkey: set.public_key(), key_set: set.id(), index: ValidatorIndex(17) };
    let proposal = ExitProposal::emergency(&definition(), subject, &raised.emergency, id);
    let beginning = vec![
        Record::Raised { raised, at: Slot(31) },
        vote(1, approval(id), 31),
        vote(2, approval(id), 32),
        vote(3, approval(id), 34),
        Record::EmergencyCertified { emergency: id, approvals: approvals(id), at: Slot(34) },
        Record::EmergencyMoved { emergency: id, to: EmergencyState::Certified, at: Slot(34) },
        Record::Adopted { proposal: proposal.clone(), at: Slot(34) },
    ];
    tale(&proposal, beginning)
}

fn tale(proposal: &ExitProposal, mut records: Vec<Record>) -> Vec<Record> {
    let (id, pubkey) = (proposal.id(), proposal.pubkey);
    let reached = |step, at| Record::Reached { pubkey, step, at: Slot(at) };
    let moved = |to, at| Record::Moved { proposal: id, to, at: Slot(at) };
    let outcomes = vec![
        ("node-lighthouse-7".to_owned(), PostOutcome::Accepted),
        ("other".to_owned(), PostOutcome::AlreadyKnown),
        ("third".to_owned(), PostOutcome::Rejected("words-of-a-node".to_owned())),
        ("fourth".to_owned(), PostOutcome::Unreachable("words-of-a-node".to_owned())),
    ];
    let is_emergency = records.len() > 1;
    if !is_emergency {
        let refused = Decision::Reject(RejectReason::Attesting);
        records.extend([
            Record::Observed { proposal: id, at: Slot(33), evidence: seen(proposal) },
            Record::VoteCast(approval(id)),
            vote(1, approval(id), 33),
            vote(4, Vote { proposal: id, revision: 0, decision: refused }, 34),
            vote(2, approval(id), 34),
            vote(3, approval(id), 35),
            Record::Certified { proposal: id, approvals: approvals(id), at: Slot(35) },
        ]);
    }
    records.extend([
        Record::Held { proposal: id, hold: Some(Hold::EpochCap), at: Slot(35) },
        Record::Held { proposal: id, hold: None, at: Slot(36) },
        Record::Released { proposal: id, at: Slot(36) },
        partial(1, id, 36),
        partial(2, id, 36),
        partial(3, id, 37),
        Record::Combined { proposal: id, exit: exit(proposal), culprits: Vec::new(), at: Slot(37) },
        Record::Submitted { proposal: id, at: Slot(37), outcomes },
        moved(State::Submitted, 37),
        reached(Step::Gossiped, 38),
        reached(Step::Included, 39),
        moved(State::Included, 40),
        moved(State::Finalized, 48),
        reached(Step::Withdrawable, 60),
        reached(Step::Withdrawn, 70),
    ]);
    records
}

/// An emergency that alice's operator raised.
pub(crate) fn raised() -> Raised {
    let emergency = Emergency {
        guardian_set_epoch: SET,
        raiser: Raiser::Guardian { guardian: guardian(1) },
        validators: vec![ValidatorIndex(17), ValidatorIndex(18)],
        severity: Severity::Urgent,
        reason: "keys were stolen".to_owned(),
        opened: Slot(31),
        expires: Slot(1_000),
    };
    Raised { emergency, proof: Proof::Sealed }
}

fn order() -> Order {
    Order {
        network: definition().id(),
        guardian_set_epoch: SET,
        kind: Kind::Repair { lost: guardian(4), helpers: vec![guardian(1), guardian(2), guardian(3)] },
        keys: KeyList::default(),
        raiser: guardian(1),
        opened: Slot(50),
        expires: Slot(500),
    }
}

fn of_ceremonies() -> Vec<Record> {
    let id = order().id();
    let member = || PeerName(definition().guardian_set.members[1].peer_id.clone());
    let stated = |statement: Statement| {
        let envelope = Envelope(identity(2).seal_in(&id.0, &statement.encode(), NOW));
        ceremony::Entry::Stated { from: member(), statement, envelope }
    };
    let (result, choice) = (Digest([3; 32]), Choice(vec![(guardian(1), Digest([4; 32]))]));
    let aborted = Outcome::Aborted { reason: AbortReason::Expired, absent: vec!["dave".to_owned()] };
    let entries = [
        ceremony::Entry::Saying(Statement::Accept),
        stated(Statement::Accept),
        stated(Statement::Proven { result, proof: vec![7; 100] }),
        stated(Statement::Signed { result, signature: signature() }),
        ceremony::Entry::Collected { dealer: guardian(1), digest: Digest([4; 32]) },
        ceremony::Entry::Concluded { choice, result },
        ceremony::Entry::Checked { holder: guardian(4), result, valid: true },
        ceremony::Entry::Adopted,
        ceremony::Entry::Blamed { peer: member(), blame: Blame::InvalidDealing },
        ceremony::Entry::Ended(Outcome::Done { result }),
        ceremony::Entry::Ended(aborted),
    ];
    let opened = Record::Opened { order: order(), at: Slot(50) };
    let entries = entries.into_iter().map(|entry| Record::Ceremony { ceremony: id, entry, at: Slot(51) });
    [opened].into_iter().chain(entries).collect()
}

fn signature() -> GroupSignature {
    group_signature(matter().message(Some(&group_key())).unwrap())
}

fn matter() -> Matter {
    let network = definition().id();
    Matter::Succession {
        network,
        ceremony: order().id(),
        next: network,
        result: Digest([3; 32]),
        opened: Slot(50),
    }
}

/// At least one of every kind of record, and of every kind of entry.
pub(crate) fn samples() -> Vec<Record> {
    let id = raised().emergency.id();
    let root = |byte| Root([byte; 32]);
    let block = Block { number: BlockNumber(9), hash: BlockHash([9; 32]), timestamp: NOW };
    let wish = Wish { guardian_set_epoch: SET, revision: 1, paused: true };
    let asked = Request::Pause { scope: PauseScope::Local, note: "note-of-eve".to_owned() };
    let signed = AccountSignature::try_from([[1; 32].as_slice(), &[2; 32], &[27]].concat().as_slice());
    let cancelled = Cancellation { emergency: id, proof: Proof::Signature(signed.unwrap()) };
    let equivocation = Fault { guardian: guardian(4), kind: FaultKind::Equivocation, proposal: Some(id) };
    let blame = FaultKind::Ceremony(Blame::OutOfPlace);
    let mut records = vec![
        Record::Preceded { definition: Box::new(definition()) },
        Record::Liveness(Liveness { epoch: Epoch(4), live: vec![ValidatorIndex(1)], dark: Vec::new() }),
        Record::Finalized(Checkpoint { epoch: Epoch(4), root: root(4) }),
        Record::Lapsed(Slot(12)),
        Record::Scanned(ScanReport { from: BlockNumber(1), to: block, logs: Vec::new() }),
        Record::Inherited { releases: Vec::new(), at: Slot(13) },
        Record::NotFinalizing(Epoch(4)),
    ];
    records.extend(story());
    records.extend(emergency_story());
    records.extend([
        Record::Asked {
            at: Slot(80),
            by: OperatorName { uid: 1_000, name: "operator-eve".to_owned() },
            request: asked,
        },
        Record::Cancelled { cancellation: cancelled, at: Slot(81) },
        Record::WishCast { wish, at: Slot(82) },
        Record::WishSeen { from: guardian(1), wish, envelope: seal(1, Message::Wish(wish)) },
        Record::Faulted {
            fault: equivocation,
            evidence: vec![seal(4, Message::Vote(approval(id))), seal(4, Message::Wish(wish))],
        },
        Record::Faulted {
            fault: Fault { guardian: guardian(3), kind: blame, proposal: None },
            evidence: Vec::new(),
        },
        Record::Spared { pubkey: BlsPubkey([8; 48]), at: Slot(83) },
        Record::GroupSigned { matter: matter(), signature: signature(), at: Slot(84) },
        Record::GroupSigned {
            matter: Matter::InForce {
                network: definition().id(),
                chain_id: 1,
                contract: Address([6; 20]),
                nonce: 0,
                opened: Slot(85),
            },
            signature: signature(),
            at: Slot(86),
        },
    ]);
    records.extend(of_ceremonies());
    records
}
