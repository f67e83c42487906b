use super::*;
use crate::event::PostOutcome;
use crate::fault::Fault;
use crate::message::{Decision, Partial, RejectReason};
use crate::proposal::{ExitProposal, Origin};
use crate::scene::{BOB, CAROL, DAVE, ME, definition, envelope, partial, proposal_at, pubkey, signature};
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::Slot;

fn apply(docket: &mut Docket, record: &Record) -> Result<(), &'static str> {
    docket.apply(record, ME, Threshold::new(3, 4).unwrap())
}

fn proposal() -> ExitProposal {
    proposal_at(36)
}

fn proposed(proposal: ExitProposal) -> Record {
    Record::Proposed { proposal, at: Slot(36) }
}

fn id() -> ProposalId {
    proposal().id()
}

fn vote(revision: u32, decision: Decision) -> Vote {
    Vote { proposal: id(), revision, decision }
}

fn certified(guardians: &[GuardianIndex]) -> Record {
    let approvals = guardians.iter().map(|guardian| (*guardian, envelope(*guardian, 0))).collect();
    Record::Certified { proposal: id(), approvals, at: Slot(37) }
}

fn held(from: GuardianIndex) -> Record {
    Record::PartialHeld { from, partial: partial(id(), from), envelope: None, at: Slot(38) }
}

fn combined() -> Record {
    let exit = SignedVoluntaryExit { message: proposal().exit, signature: signature() };
    Record::Combined { proposal: id(), exit, culprits: Vec::new(), at: Slot(38) }
}

fn moved(to: State) -> Record {
    Record::Moved { proposal: id(), to, at: Slot(40) }
}

fn submitted(outcome: PostOutcome) -> Record {
    Record::Submitted { proposal: id(), at: Slot(39), outcomes: vec![("node".to_owned(), outcome)] }
}

fn released() -> Record {
    Record::Released { proposal: id(), at: Slot(37) }
}

fn docket(records: &[Record]) -> Docket {
    let mut docket = Docket::default();
    for record in records {
        apply(&mut docket, record).unwrap();
    }
    docket
}

#[test]
fn a_whole_life() {
    let mut docket = docket(&[]);
    let steps = [
        (proposed(proposal()), State::Open),
        (Record::VoteCast(vote(0, Decision::Approve)), State::Open),
        (certified(&[ME, BOB, CAROL]), State::Certified),
        (released(), State::Signed),
        (held(ME), State::Signed),
        (held(BOB), State::Signed),
        (combined(), State::Signed),
        (submitted(PostOutcome::Rejected("no".to_owned())), State::Signed),
        (submitted(PostOutcome::Accepted), State::Submitted),
        (moved(State::Included), State::Included),
        (moved(State::Submitted), State::Submitted),
        (submitted(PostOutcome::AlreadyKnown), State::Submitted),
        (moved(State::Included), State::Included),
        (moved(State::Finalized), State::Finalized),
    ];
    for (record, state) in steps {
        apply(&mut docket, &record).unwrap();
        assert_eq!(docket.get(&id()).unwrap().state, state, "after {record:?}");
    }
    let case = docket.get(&id()).unwrap();
    assert_eq!(case.ceremony.released, Some(Slot(37)));
    assert_eq!(case.ceremony.partials.len(), 2);
}

#[test]
fn contradictions_change_nothing() {
    let open = [proposed(proposal())];
    let voted = [open[0].clone(), Record::VoteCast(vote(2, Decision::Approve))];
    let certificate = [open[0].clone(), certified(&[ME, BOB, CAROL])];
    let mut wrong_exit = combined();
    if let Record::Combined { exit, .. } = &mut wrong_exit {
        exit.message.epoch.0 += 1;
    }
    let heard = Record::VoteSeen {
        from: ME,
        vote: vote(3, Decision::Approve),
        envelope: envelope(ME, 0),
        at: Slot(37),
    };
    let cases: Vec<(&str, &[Record], Record)> = vec![
        ("proposed twice", &open, open[0].clone()),
        (
            "one revision cast twice",
            &voted,
            Record::VoteCast(vote(2, Decision::Reject(RejectReason::NotDue))),
        ),
        ("an older revision cast", &voted, Record::VoteCast(vote(1, Decision::Approve))),
        ("a vote of ours heard that was not cast", &voted, heard),
        ("too few approvals", &open, certified(&[ME, BOB])),
        ("one approval twice", &open, certified(&[ME, BOB, BOB])),
        ("a certificate for nothing", &[], certified(&[ME, BOB, CAROL])),
        ("certified twice", &certificate, certified(&[ME, BOB, DAVE])),
        ("released without a certificate", &open, released()),
        ("a partial without a certificate", &open, held(BOB)),
        ("our partial without a release", &certificate, held(ME)),
        ("combined without a certificate", &open, combined()),
        ("another exit combined", &certificate, wrong_exit),
        ("submitted without a signature", &certificate, submitted(PostOutcome::Accepted)),
        ("included before a certificate", &open, moved(State::Included)),
        ("a move of nothing", &[], moved(State::Expired)),
        ("moved to where it was not", &certificate, moved(State::Signed)),
    ];
    for (what, before, record) in cases {
        let mut docket = docket(before);
        let state = docket.get(&id()).map(|case| (case.state, case.own.clone(), case.ballot.refusals()));
        assert!(apply(&mut docket, &record).is_err(), "{what}");
        let after = docket.get(&id()).map(|case| (case.state, case.own.clone(), case.ballot.refusals()));
        assert_eq!(state, after, "{what}");
    }
}

#[test]
fn back_after_a_reorg_to_where_the_ceremony_stands() {
    let base = [proposed(proposal()), certified(&[ME, BOB, CAROL]), released(), moved(State::Included)];
    for (to, fits) in [(State::Signed, true), (State::Certified, false), (State::Submitted, false)] {
        assert_eq!(apply(&mut docket(&base), &moved(to)).is_ok(), fits, "{to:?}");
    }
}

#[test]
fn a_false_partial_is_dropped_and_its_author_remembered() {
    let mut docket = docket(&[proposed(proposal()), certified(&[ME, BOB, CAROL]), held(BOB), held(CAROL)]);
    let fault = Fault { guardian: BOB, kind: FaultKind::InvalidPartial, proposal: Some(id()) };
    apply(&mut docket, &Record::Faulted { fault, evidence: Vec::new() }).unwrap();
    let ceremony = &docket.get(&id()).unwrap().ceremony;
    assert_eq!(ceremony.partials.keys().copied().collect::<Vec<_>>(), [CAROL]);
    assert_eq!(ceremony.false_shares().len(), 1);
}

#[test]
fn only_so_many_that_are_over_are_kept() {
    let mut docket = Docket::default();
    let mut ids = Vec::new();
    for window in 0..300 {
        let proposal =
            ExitProposal::offline(&definition(), crate::scene::subject(0), Epoch(6), Slot(36 + window * 8))
                .unwrap();
        ids.push(proposal.id());
        apply(&mut docket, &proposed(proposal)).unwrap();
        docket.note_bringer(ids[ids.len() - 1], BOB);
    }
    assert_eq!(docket.brought_by(BOB, &pubkey(0), Slot(36)), (300, 300));
    let late = Slot(36 + 300 * 8);
    for id in &ids {
        apply(&mut docket, &Record::Moved { proposal: *id, to: State::Expired, at: late }).unwrap();
    }
    assert_eq!(docket.len(), MAX_OVER);
    assert!(docket.get(&ids[43]).is_none() && docket.get(&ids[44]).is_some());
    assert_eq!(docket.about(&pubkey(0)).count(), MAX_OVER);
    assert!(docket.brought.values().all(|ids| ids.len() <= MAX_OVER));
    docket.forget_brought(late);
    assert!(docket.brought.values().all(|ids| ids.is_empty()));
}

/// Whoever forgot its vote would vote again and contradict itself.
#[test]
fn none_is_forgotten_while_its_window_runs() {
    let mut docket = Docket::default();
    let mut ids = Vec::new();
    for index in 0..300 {
        let proposal = ExitProposal::offline(
            &definition(),
            crate::proposal::Subject {
                index: crypto::spec::ValidatorIndex(index),
                ..crate::scene::subject(0)
            },
            Epoch(6),
            Slot(36),
        )
        .unwrap();
        ids.push(proposal.id());
        apply(&mut docket, &proposed(proposal)).unwrap();
    }
    for id in &ids {
        apply(&mut docket, &Record::Moved { proposal: *id, to: State::Rejected, at: Slot(40) }).unwrap();
    }
    assert_eq!(docket.len(), 300);
}

#[test]
fn refused_proposals_count_while_their_window_runs_and_certified_ones_do_not() {
    let mut docket = docket(&[proposed(proposal()), moved(State::Rejected)]);
    docket.note_bringer(id(), BOB);
    docket.note_bringer(id(), CAROL);
    assert_eq!(docket.brought_by(BOB, &pubkey(0), Slot(43)), (1, 1));
    assert_eq!(docket.brought_by(BOB, &pubkey(1), Slot(43)), (1, 0));
    assert_eq!(docket.brought_by(CAROL, &pubkey(0), Slot(43)), (0, 0), "the first bringer counts");
    assert_eq!(docket.brought_by(BOB, &pubkey(0), Slot(44)), (0, 0));
    apply(&mut docket, &certified(&[ME, BOB, CAROL])).unwrap();
    assert_eq!(docket.brought_by(BOB, &pubkey(0), Slot(43)), (0, 0));
}

#[test]
fn a_late_certificate_takes_a_case_off_the_list_of_those_that_are_over() {
    let docket = docket(&[proposed(proposal()), moved(State::Expired), certified(&[ME, BOB, CAROL])]);
    assert!(docket.over.is_empty());
    assert_eq!(docket.pending(), [id()]);
}

#[test]
fn forms_are_one_a_guardian() {
    let mut docket = Docket::default();
    let balance = |due| Origin::Balance { due: Epoch(due) };
    let offline = |due| Origin::Offline { dark_from: Epoch(due - 2), dark_to: Epoch(due) };
    docket.note_form(pubkey(0), BOB, &balance(6));
    docket.note_form(pubkey(0), BOB, &balance(7));
    docket.note_form(pubkey(0), CAROL, &balance(9));
    docket.note_form(pubkey(0), CAROL, &offline(3));
    docket.note_form(pubkey(1), CAROL, &balance(5));
    assert_eq!(docket.forms(&pubkey(0), RuleKind::Balance), [Epoch(7), Epoch(9)].into());
    assert_eq!(docket.forms(&pubkey(0), RuleKind::Offline), [Epoch(3)].into());
    assert!(docket.forms(&pubkey(0), RuleKind::Tickets).is_empty());
}

#[test]
fn combinations_take_exactly_t_the_unverified_first() {
    let threshold = Threshold::new(3, 4).unwrap();
    let mut ceremony = crate::case::Ceremony::default();
    let hold = |ceremony: &mut crate::case::Ceremony, from: GuardianIndex| {
        let partial: Partial = partial(id(), from);
        let held = Held { partial, envelope: None, at: Slot(38) };
        ceremony.partials.insert(from, held);
    };
    hold(&mut ceremony, ME);
    hold(&mut ceremony, CAROL);
    assert_eq!(ceremony.next_combination(threshold), None, "two of three");
    hold(&mut ceremony, DAVE);
    assert_eq!(ceremony.next_combination(threshold), Some([ME, CAROL, DAVE].into()));
    ceremony.combining = [ME, CAROL, DAVE].into();
    hold(&mut ceremony, BOB);
    assert_eq!(ceremony.next_combination(threshold), None, "one at a time");
    ceremony.verified = std::mem::take(&mut ceremony.combining);
    assert_eq!(
        ceremony.next_combination(threshold),
        Some([BOB, ME, CAROL].into()),
        "the late one is checked too"
    );
    ceremony.verified.insert(BOB);
    assert_eq!(ceremony.next_combination(threshold), None, "nothing left to learn");
}
