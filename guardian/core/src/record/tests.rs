use super::*;
use crate::emergency::{Emergency, Proof, Raiser, Severity};
use crate::event::{ExecutionHealth, NodeHealth};
use crate::evidence::AccountSeen;
use crate::fault::FaultKind;
use crate::guardian_set::GuardianSetEpoch;
use crate::message::{Decision, RejectReason};
use crate::pause::PauseScope;
use crate::proposal::Origin;
use crate::registration::{JudgedEvent, JudgedLog, Registered};
use crate::scene::{BOB, CAROL, ME, envelope, partial, proposal_at, signature};
use crypto::execution::{
    Address, Block, BlockHash, BlockNumber, ExitsProposed, ModuleName, RegistrationId, Tickets,
    TransactionHash,
};
use crypto::registration::Verdict;
use crypto::spec::{Root, ValidatorIndex};
use crypto::validator::Validator;
use proptest::prelude::*;

/// One line a record: name, space, hex. A journal written today must be read by every later version.
const GOLDEN: &str = include_str!("golden.txt");

/// One log of each kind, but for exits that somebody asks for.
fn scan() -> ScanReport {
    let (operator, amount) = (Address([0xcc; 20]), Tickets(28 * Tickets::ONE.0));
    let id = RegistrationId { module: ModuleName([0xdd; 32]), index: 7 };
    let registered = Registered {
        id,
        operator,
        pubkey: Some(crypto::spec::BlsPubkey([0xaa; 48])),
        key_set: Some(crypto::keys::KeySetId([0xbb; 32])),
        transaction: TransactionHash([0xee; 32]),
        verdict: Verdict::Accepted,
    };
    let nothing = Registered { pubkey: None, key_set: None, verdict: Verdict::NeedsTrace, ..registered };
    let events = [
        JudgedEvent::Registered(registered),
        JudgedEvent::Registered(nothing),
        JudgedEvent::Provisioned(id),
        JudgedEvent::Skipped(id),
        JudgedEvent::Exited { id, burned: amount },
        JudgedEvent::TicketsDeposited { operator, amount },
        JudgedEvent::TicketsWithdrawn { operator, amount },
    ];
    let block = BlockNumber(9);
    let log = |(index, event)| JudgedLog { block, index, timestamp: 1_700_000_000, event };
    let to = Block { number: BlockNumber(10), hash: BlockHash([0x0f; 32]), timestamp: 1_700_000_012 };
    ScanReport { from: BlockNumber(5), to, logs: (0..).zip(events).map(log).collect() }
}

/// What our `ExitProposals` logs.
fn exits() -> ScanReport {
    let proposed = ExitsProposed {
        number: 3,
        proposer: Address([0xcc; 20]),
        network: [0xab; 32],
        severity: 1,
        expires: 1_700_086_400,
        validators: vec![ValidatorIndex(7), ValidatorIndex(1_000_000)],
        reason: "key stolen".to_owned(),
    };
    let mut report = scan();
    report.logs.truncate(2);
    report.logs[0].event = JudgedEvent::ExitProposed(proposed);
    report.logs[1].event = JudgedEvent::ExitCancelled { number: 3, by: Address([0xcd; 20]) };
    report
}

fn samples() -> Vec<(String, Record)> {
    let id = ProposalId([1; 32]);
    let vote = Vote { proposal: id, revision: 2, decision: Decision::Withdraw(RejectReason::Attesting) };
    let mut proposal = proposal_at(36);
    proposal.pubkey = crypto::spec::BlsPubkey([0xaa; 48]);
    proposal.key_set = crypto::keys::KeySetId([0xbb; 32]);
    let operator = Address([0xcc; 20]);
    let short = ExitProposal { origin: Origin::Tickets { operator, due: Epoch(6) }, ..proposal.clone() };
    let poor = ExitProposal { origin: Origin::Balance { due: Epoch(6) }, ..proposal.clone() };
    let exit = SignedVoluntaryExit { message: proposal.exit, signature: signature() };
    let outcomes = vec![
        ("a".to_owned(), PostOutcome::Accepted),
        ("b".to_owned(), PostOutcome::AlreadyKnown),
        ("c".to_owned(), PostOutcome::Rejected("no".to_owned())),
        ("d".to_owned(), PostOutcome::Unreachable("down".to_owned())),
    ];
    let liveness = Liveness { epoch: Epoch(5), live: vec![ValidatorIndex(1)], dark: vec![ValidatorIndex(2)] };
    let checkpoint = Checkpoint { epoch: Epoch(5), root: Root([6; 32]) };
    let at = Slot(36);
    let approvals = vec![(ME, envelope(ME, 1)), (BOB, envelope(BOB, 2))];
    let (own, held) = (partial(id, ME), partial(id, BOB));
    let culprits = vec![ShareIndex::new(4).unwrap()];
    let mut samples = vec![
        ("liveness", Record::Liveness(liveness)),
        ("finalized", Record::Finalized(checkpoint)),
        ("proposed", Record::Proposed { proposal, at }),
        ("vote_cast", Record::VoteCast(vote.clone())),
        ("vote_seen", Record::VoteSeen { from: BOB, vote, envelope: envelope(BOB, 3), at }),
        ("certified", Record::Certified { proposal: id, approvals, at }),
        ("released", Record::Released { proposal: id, at }),
        ("partial_own", Record::PartialHeld { from: ME, partial: own, envelope: None, at }),
        (
            "partial_held",
            Record::PartialHeld { from: BOB, partial: held, envelope: Some(envelope(BOB, 4)), at },
        ),
        ("combined", Record::Combined { proposal: id, exit, culprits, at }),
        ("submitted", Record::Submitted { proposal: id, at, outcomes }),
        ("not_finalizing", Record::NotFinalizing(Epoch(12))),
        ("scanned", Record::Scanned(scan())),
        ("proposed_tickets", Record::Proposed { proposal: short, at }),
        ("proposed_balance", Record::Proposed { proposal: poor, at }),
        ("scanned_exits", Record::Scanned(exits())),
    ]
    .into_iter()
    .map(|(name, record)| (name.to_owned(), record))
    .collect::<Vec<_>>();
    let states = [
        State::Open,
        State::Certified,
        State::Signed,
        State::Submitted,
        State::Included,
        State::Finalized,
        State::Rejected,
        State::Expired,
        State::Moot,
    ];
    samples.extend(states.map(|to| (format!("moved_{to:?}"), Record::Moved { proposal: id, to, at })));
    let kinds = [
        FaultKind::Equivocation,
        FaultKind::InvalidPartial,
        FaultKind::ForeignShare,
        FaultKind::InvalidCertificate,
        FaultKind::MalformedProposal,
        FaultKind::Garbage,
        FaultKind::Flooding,
        FaultKind::WrongEpoch,
    ];
    samples.extend(kinds.map(|kind| {
        let fault = Fault { guardian: CAROL, kind, proposal: Some(id) };
        (format!("faulted_{}", kind.code()), Record::Faulted { fault, evidence: vec![envelope(CAROL, 5)] })
    }));
    samples.extend(decisions(id, at).map(|(name, record)| (name.to_owned(), record)));
    samples.extend(steps(at));
    samples
}

/// What people decide, and what follows from it.
fn decisions(id: ProposalId, at: Slot) -> [(&'static str, Record); 14] {
    let by = OperatorName { uid: 1_000, name: "ann".to_owned() };
    let asked = |request| Record::Asked { at, by: by.clone(), request };
    let emergency = Emergency {
        guardian_set_epoch: GuardianSetEpoch(0),
        raiser: Raiser::Guardian { guardian: BOB },
        validators: vec![ValidatorIndex(3), ValidatorIndex(5)],
        severity: Severity::Urgent,
        reason: "keys lost".to_owned(),
        opened: Slot(36),
        expires: Slot(99),
    };
    let note = "seen".to_owned();
    let mut adopted = proposal_at(36);
    adopted.pubkey = crypto::spec::BlsPubkey([0xaa; 48]);
    adopted.key_set = crypto::keys::KeySetId([0xbb; 32]);
    adopted.origin = Origin::Emergency { emergency: id, due: Epoch(9) };
    let wish = Wish { guardian_set_epoch: GuardianSetEpoch(0), revision: 2, paused: true };
    let approvals = vec![(ME, envelope(ME, 1)), (BOB, envelope(BOB, 2))];
    let validator = Validator { pubkey: crypto::spec::BlsPubkey([0xaa; 48]), ..crate::scene::exiting(0) };
    let account = AccountSeen {
        read: Some(crate::scene::block(20)),
        present: Some(Tickets::ONE),
        due: Some(Epoch(4)),
        nodes: ExecutionHealth { total: 2, healthy: 1, disagree: false, problem: Some("late".to_owned()) },
    };
    let evidence = Evidence {
        nodes: NodeHealth { total: 2, healthy: 2, disagree: true },
        head: Some(Slot(35)),
        finalized: Some(Checkpoint { epoch: Epoch(7), root: Root([6; 32]) }),
        at_finalized: Some(validator),
        at_head: None,
        last_live: Some(Epoch(3)),
        last_dark: Some(Epoch(8)),
        account: Some(account),
        confirmed: Some((2, 3)),
    };
    [
        ("asked_approve", asked(Request::Approve { emergency: id, note: note.clone() })),
        ("asked_pause", asked(Request::Pause { scope: PauseScope::Network, note })),
        ("raised", Record::Raised { raised: Raised { emergency, proof: Proof::Sealed }, at }),
        ("emergency_certified", Record::EmergencyCertified { emergency: id, approvals, at }),
        (
            "cancelled",
            Record::Cancelled { cancellation: Cancellation { emergency: id, proof: Proof::Sealed }, at },
        ),
        ("emergency_moved", Record::EmergencyMoved { emergency: id, to: EmergencyState::Done, at }),
        ("adopted", Record::Adopted { proposal: adopted, at }),
        ("observed", Record::Observed { proposal: id, at, evidence }),
        ("held", Record::Held { proposal: id, hold: Some(Hold::OperatorUndecided), at }),
        ("held_no_more", Record::Held { proposal: id, hold: None, at }),
        ("wish_cast", Record::WishCast { wish, at }),
        ("wish_seen", Record::WishSeen { from: BOB, wish, envelope: envelope(BOB, 6) }),
        ("lapsed", Record::Lapsed(at)),
        ("spared", Record::Spared { pubkey: crypto::spec::BlsPubkey([0xaa; 48]), at }),
    ]
}

/// Every step of a way out.
fn steps(at: Slot) -> impl Iterator<Item = (String, Record)> {
    let pubkey = crypto::spec::BlsPubkey([0xaa; 48]);
    let steps = [
        Step::Due,
        Step::Proposed,
        Step::Certified,
        Step::Released,
        Step::Combined,
        Step::Accepted,
        Step::Gossiped,
        Step::Included,
        Step::Finalized,
        Step::Withdrawable,
        Step::Withdrawn,
        Step::Settled,
    ];
    steps
        .into_iter()
        .map(move |step| (format!("reached_{}", step.code()), Record::Reached { pubkey, step, at }))
}

#[test]
fn disk_bytes_are_golden_and_read_back() {
    let lines: Vec<_> = samples()
        .into_iter()
        .map(|(name, record)| {
            let bytes = record.encode();
            assert_eq!(Record::decode(&bytes), Some(record), "{name}");
            format!("{name} {}", hex::encode(bytes))
        })
        .collect();
    assert_eq!(lines, GOLDEN.lines().collect::<Vec<_>>());
}

#[test]
fn torn_longer_or_foreign_records_are_none() {
    for (name, record) in samples() {
        let bytes = record.encode();
        for length in 0..bytes.len() {
            assert_eq!(Record::decode(&bytes[..length]), None, "{name} torn at {length}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(Record::decode(&longer), None, "{name} and a byte more");
        let mut version = bytes;
        version[0] = 1;
        assert_eq!(Record::decode(&version), None, "{name} of version 1");
    }
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Some(record) = Record::decode(&bytes) {
            prop_assert_eq!(record.encode(), bytes);
        }
    }
}
