use crate::ceremony::rehearsal::{Rehearsal, dealing, name, result, seal, set_of};
use crate::ceremony::{AbortReason, Blame, CeremonyId, Kind, Outcome};
use crate::event::Event;
use crate::guardian_set::{GuardianIndex, NetworkDefinition};
use crate::request::Answer;
use crate::statement::{Choice, PeerName, Statement};
use crate::succession::refreshed;

fn old() -> NetworkDefinition {
    set_of(0, 3, &[1, 2, 3, 4])
}

fn new() -> NetworkDefinition {
    set_of(1, 4, &[2, 3, 4, 5, 6])
}

/// Four guardians hand over to five: one leaves, two come, t goes from 3 to 4.
fn handover(seed: u64) -> (Rehearsal, CeremonyId) {
    let mut rehearsal = Rehearsal::new(&old(), seed);
    rehearsal.join(&old(), &new());
    let id = rehearsal.convene(1, Kind::Succession { next: Box::new(new()) });
    (rehearsal, id)
}

fn agree(rehearsal: &mut Rehearsal, id: CeremonyId, people: &[u16]) {
    for number in people {
        rehearsal.run_until(20, |r| r.node(*number).guardian.hall.get(&id).is_some());
        let answer = rehearsal.answer(*number, id, true);
        assert_eq!(answer, Answer::Convened { ceremony: id }, "guardian {number}");
    }
}

fn is_done(rehearsal: &Rehearsal, number: u16, id: CeremonyId) -> bool {
    rehearsal.node(number).guardian.hall.get(&id).is_some_and(|course| course.is_done())
}

fn aborted(rehearsal: &Rehearsal, number: u16, id: CeremonyId) -> Option<(AbortReason, Vec<String>)> {
    match &rehearsal.node(number).guardian.hall.get(&id)?.outcome {
        Some(Outcome::Aborted { reason, absent }) => Some((*reason, absent.clone())),
        _ => None,
    }
}

fn blamed(rehearsal: &Rehearsal, number: u16, id: CeremonyId) -> Vec<(PeerName, Blame)> {
    let course = rehearsal.node(number).guardian.hall.get(&id).unwrap();
    course.blamed.iter().map(|(peer, blame)| (peer.clone(), *blame)).collect()
}

/// Everybody lives by the next definition, and everybody who was in the old set has said that its shares are gone.
fn is_handed_over(rehearsal: &Rehearsal, id: CeremonyId, next: &NetworkDefinition, people: &[u16]) -> bool {
    people.iter().all(|number| rehearsal.node(*number).definition == *next && is_done(rehearsal, *number, id))
}

#[test]
fn four_hand_over_to_five_and_destroy_what_they_had() {
    let (mut rehearsal, id) = handover(1);
    agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
    let done = rehearsal.run_until(40, |r| {
        is_handed_over(r, id, &new(), &[2, 3, 4, 5, 6])
            && [1, 2, 3, 4].iter().all(|n| !r.node(*n).destroyed.is_empty())
    });
    assert!(
        done,
        "{:?}",
        (1..=6)
            .map(|n| {
                let node = rehearsal.node(n);
                let course = node.guardian.hall.get(&id);
                (
                    n,
                    node.definition.guardian_set.epoch,
                    course.map(|c| c.outcome.clone()),
                    node.destroyed.clone(),
                )
            })
            .collect::<Vec<_>>()
    );
    for number in [2, 3, 4, 5, 6] {
        assert!(!rehearsal.node(number).guardian.is_joining());
        assert_eq!(rehearsal.node(number).keys, 2, "guardian {number} has its shares");
    }
    // The new ones had nothing to destroy; who left keeps its definition and says so too.
    assert!(rehearsal.node(5).destroyed.is_empty());
    assert_eq!(rehearsal.node(1).definition, old());
    rehearsal.run_until(10, |_| false);
    let course = rehearsal.node(6).guardian.hall.get(&id).unwrap();
    let receipts = course.statements().filter(|(_, said, _)| **said == Statement::Destroyed).count();
    assert_eq!(receipts, 4, "the newcomers have everybody's receipt");
}

#[test]
fn nothing_is_destroyed_before_the_old_set_endorses() {
    let (mut rehearsal, id) = handover(2);
    agree(&mut rehearsal, id, &[2, 3, 4]);
    // Neither of the new ones agrees: three of five can prove, four must.
    rehearsal.run_until(250, |r| aborted(r, 1, id).is_some());
    let (reason, absent) = aborted(&rehearsal, 1, id).unwrap();
    assert_eq!(reason, AbortReason::Expired);
    assert_eq!(absent, ["guardian-5", "guardian-6"], "who was waited for is named");
    for number in 1..=4 {
        assert!(rehearsal.node(number).destroyed.is_empty());
        assert_eq!(rehearsal.node(number).definition, old());
    }
}

#[test]
fn a_dealer_that_is_away_is_left_out_after_some_patience() {
    let (mut rehearsal, id) = handover(3);
    agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
    rehearsal.node_mut(1).is_up = false;
    assert!(rehearsal.run_until(60, |r| is_handed_over(r, id, &new(), &[2, 3, 4, 5, 6])));
}

#[test]
fn too_few_agreements_begin_nothing_and_rejections_end_it() {
    let (mut rehearsal, id) = handover(4);
    agree(&mut rehearsal, id, &[2, 5, 6]);
    rehearsal.run_until(10, |_| false);
    let course = rehearsal.node(2).guardian.hall.get(&id).unwrap();
    assert!(course.statements().all(|(_, said, _)| !matches!(said, Statement::Dealt { .. })));
    rehearsal.answer(3, id, false);
    rehearsal.answer(4, id, false);
    rehearsal.run_until(5, |_| false);
    for number in [1, 2, 3, 4] {
        assert_eq!(aborted(&rehearsal, number, id), Some((AbortReason::Rejected, Vec::new())));
    }
    let again = rehearsal.answer(2, id, true);
    assert!(matches!(&again, Answer::Refused { problems } if problems[0].code == "over"), "{again:?}");
}

#[test]
fn a_dealer_of_wrong_shares_is_named_by_its_own_seal_and_the_others_finish() {
    let (mut rehearsal, id) = handover(5);
    rehearsal.cheats.insert(GuardianIndex(3), name(5));
    agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
    let done = rehearsal.run_until(60, |r| is_done(r, 6, id) && is_done(r, 1, id));
    assert!(done);
    assert_eq!(blamed(&rehearsal, 1, id), [(name(3), Blame::InvalidDealing)]);
    let faults = rehearsal.node(1).guardian.status().faults;
    assert!(
        faults.iter().any(
            |fault| fault.guardian == GuardianIndex(3) && fault.kind.code() == "ceremony_invalid_dealing"
        )
    );
}

#[test]
fn who_announces_two_dealings_is_an_equivocator_whichever_came_first() {
    let (mut rehearsal, id) = handover(6);
    agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
    let slot = rehearsal.slot;
    for (to, salt) in [(1, 1), (2, 2), (3, 1), (4, 2), (5, 1), (6, 2)] {
        let statement = Statement::Dealt { digest: dealing(id, GuardianIndex(100 + salt)) };
        let envelope = seal(&name(4), &statement, slot);
        let event = Event::StatementReceived { ceremony: id, from: name(4), statement, envelope };
        rehearsal.feed(&name(to), event);
    }
    assert!(rehearsal.run_until(60, |r| is_done(r, 1, id) && is_done(r, 6, id)));
    for number in [1, 5] {
        assert_eq!(blamed(&rehearsal, number, id), [(name(4), Blame::Equivocation)], "{number}");
    }
}

#[test]
fn a_false_proof_counts_for_nothing_and_is_held_against_its_author() {
    // Four of five may be the honest ones that can sign, but one of the four may lie about that: all five must prove.
    let (mut rehearsal, id) = handover(7);
    rehearsal.bluffs.insert(name(5));
    agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
    assert!(rehearsal.run_until(250, |r| aborted(r, 1, id).is_some()));
    assert_eq!(blamed(&rehearsal, 1, id), [(name(5), Blame::InvalidProof)]);
    assert_eq!(aborted(&rehearsal, 1, id).unwrap().1, ["guardian-5"]);
    assert!((1..=4).all(|number| rehearsal.node(number).destroyed.is_empty()));
}

#[test]
fn what_was_proven_outlives_the_time_of_the_ceremony() {
    let (mut rehearsal, id) = handover(11);
    agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
    // All prove; then nobody reads anything until the time is over.
    let proven = |r: &Rehearsal, n: u16| {
        let course = r.node(n).guardian.hall.get(&id).unwrap();
        course.own(&name(n), crate::statement::Place::Proven).is_some()
    };
    assert!(rehearsal.run_until(40, |r| (2..=6).all(|n| proven(r, n))));
    rehearsal.reads = 0;
    rehearsal.run_until(250, |_| false);
    rehearsal.reads = 100;
    let endorsed = |r: &Rehearsal| r.node(1).guardian.hall.get(&id).is_some_and(|c| c.is_endorsed_by_any());
    let was_endorsed = endorsed(&rehearsal)
        || (2..=4).any(|n| {
            let course = rehearsal.node(n).guardian.hall.get(&id);
            course.is_some_and(|course| course.own(&name(n), crate::statement::Place::Endorse).is_some())
        });
    let done = rehearsal.run_until(60, |r| is_handed_over(r, id, &new(), &[2, 3, 4, 5, 6]));
    assert_eq!(done, was_endorsed, "nobody endorsed it and nothing changed, or all live by it");
    for number in 2..=4 {
        let gone = !rehearsal.node(number).destroyed.is_empty();
        assert!(!gone || rehearsal.node(number).definition == new());
    }
}

#[test]
fn a_crash_at_every_record_of_every_guardian_changes_nothing() {
    let lengths = {
        let (mut rehearsal, id) = handover(9);
        agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
        rehearsal.run_until(40, |r| is_done(r, 1, id));
        (1..=6).map(|n| rehearsal.node(n).journal.len().max(40)).collect::<Vec<_>>()
    };
    let mut crashes = 0;
    for (number, length) in (1..=6).zip(lengths) {
        for at in 1..=length {
            let (mut rehearsal, id) = {
                let mut rehearsal = Rehearsal::new(&old(), 9);
                rehearsal.join(&old(), &new());
                if number != 1 {
                    rehearsal.crash(number, at);
                }
                let id = rehearsal.convene(1, Kind::Succession { next: Box::new(new()) });
                (rehearsal, id)
            };
            if number == 1 {
                let written = rehearsal.node(1).journal.len();
                rehearsal.crash(1, written + at);
            }
            for person in [2, 3, 4, 5, 6] {
                rehearsal.run_until(20, |r| r.node(person).guardian.hall.get(&id).is_some());
                // A crash in between loses the operator's word, and the operator says it again.
                let by = |r: &mut Rehearsal| {
                    let event = Event::OperatorAsked {
                        ask: crate::request::AskId(1),
                        by: crate::request::OperatorName { uid: 0, name: "op".into() },
                        request: crate::request::Request::AnswerCeremony {
                            ceremony: id,
                            agrees: true,
                            note: String::new(),
                        },
                    };
                    r.feed(&name(person), event);
                };
                by(&mut rehearsal);
                by(&mut rehearsal);
            }
            let done = rehearsal.run_until(80, |r| {
                is_handed_over(r, id, &new(), &[2, 3, 4, 5, 6])
                    && (1..=4).all(|n| !r.node(n).destroyed.is_empty())
            });
            assert!(done, "guardian {number} crashed at its record {at}");
            crashes += usize::from(rehearsal.has_crashed());
            for person in 1..=6 {
                assert!(blamed(&rehearsal, person, id).is_empty(), "a restart is no misdeed: {number} {at}");
            }
        }
    }
    assert!(crashes > 150, "{crashes} crashes");
}

#[test]
fn loss_and_reordering_only_cost_time() {
    for seed in 0..60 {
        let (mut rehearsal, id) = handover(seed);
        agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
        rehearsal.reads = 20;
        assert!(
            rehearsal.run_until(190, |r| is_handed_over(r, id, &new(), &[2, 3, 4, 5, 6])),
            "seed {seed}: {:?}",
            (1..=6)
                .map(|n| rehearsal.node(n).guardian.hall.get(&id).map(|c| c.outcome.clone()))
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_refresh_is_a_succession_to_the_same_members() {
    let mut rehearsal = Rehearsal::new(&old(), 1);
    let next = refreshed(&old());
    let id = rehearsal.convene(1, Kind::Succession { next: Box::new(next.clone()) });
    agree(&mut rehearsal, id, &[2, 3, 4]);
    let done = rehearsal.run_until(40, |r| {
        is_handed_over(r, id, &next, &[1, 2, 3, 4]) && (1..=4).all(|n| !r.node(n).destroyed.is_empty())
    });
    assert!(done);
}

#[test]
fn keys_are_generated_by_all_or_not_at_all() {
    let mut rehearsal = Rehearsal::new(&old(), 1);
    let id = rehearsal.convene(1, Kind::GroupKey);
    agree(&mut rehearsal, id, &[2, 3]);
    rehearsal.run_until(10, |_| false);
    assert!(!is_done(&rehearsal, 1, id));
    agree(&mut rehearsal, id, &[4]);
    assert!(rehearsal.run_until(20, |r| (1..=4).all(|n| r.node(n).adopted.contains(&id))));
    // One that deals wrongly leaves nothing behind but its name.
    let mut rehearsal = Rehearsal::new(&old(), 2);
    rehearsal.cheats.insert(GuardianIndex(2), name(4));
    let id = rehearsal.convene(1, Kind::GroupKey);
    agree(&mut rehearsal, id, &[2, 3, 4]);
    rehearsal.run_until(20, |_| false);
    assert_eq!(aborted(&rehearsal, 1, id), Some((AbortReason::Dealers, vec!["guardian-2".to_owned()])));
    assert!((1..=4).all(|n| rehearsal.node(n).adopted.is_empty()));
}

#[test]
fn one_lost_guardian_is_repaired_by_three_helpers() {
    let mut rehearsal = Rehearsal::new(&old(), 1);
    let helpers = vec![GuardianIndex(1), GuardianIndex(2), GuardianIndex(4)];
    let id = rehearsal.convene(1, Kind::Repair { lost: GuardianIndex(3), helpers });
    agree(&mut rehearsal, id, &[2, 4]);
    rehearsal.run_until(10, |_| false);
    assert!(!is_done(&rehearsal, 1, id), "the lost one has not said that it wants it");
    agree(&mut rehearsal, id, &[3]);
    assert!(rehearsal.run_until(20, |r| r.node(3).adopted.contains(&id) && is_done(r, 1, id)));
}

#[test]
fn a_guardian_endorses_one_result_for_an_epoch_ever() {
    let (mut rehearsal, id) = handover(1);
    agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
    assert!(rehearsal.run_until(40, |r| is_done(r, 1, id)));
    // Guardian 1 stays behind. Whoever asks it to hand over to others under the same number gets no endorsement.
    let other = set_of(1, 2, &[1, 2, 3]);
    let refused = rehearsal.ask(
        1,
        crate::request::Request::Convene {
            kind: Box::new(Kind::Succession { next: Box::new(other) }),
            lifetime: 100,
        },
    );
    assert!(
        matches!(&refused, Answer::Refused { problems } if problems[0].code == "succeeded"),
        "{refused:?}"
    );
}

#[test]
fn statements_out_of_place_or_of_strangers_are_refused() {
    let (mut rehearsal, id) = handover(1);
    agree(&mut rehearsal, id, &[2, 3, 4, 5, 6]);
    let slot = rehearsal.slot;
    let mut hear = |from: u16, statement: Statement| {
        let envelope = seal(&name(from), &statement, slot);
        rehearsal
            .feed(&name(1), Event::StatementReceived { ceremony: id, from: name(from), statement, envelope });
        blamed(&rehearsal, 1, id)
    };
    let digest = dealing(id, GuardianIndex(1));
    assert!(hear(9, Statement::Accept).is_empty(), "a stranger is not even named");
    assert_eq!(hear(5, Statement::Dealt { digest }), [(name(5), Blame::OutOfPlace)], "it does not deal");
    let choice = Choice(vec![(GuardianIndex(1), digest)]);
    hear(6, Statement::Choose { view: 3, choice: choice.clone() });
    assert_eq!(blamed(&rehearsal, 1, id).len(), 2, "too few dealings");
    let wrong = result(CeremonyId([9; 32]), &choice);
    let envelope = seal(&name(6), &Statement::Endorse { result: wrong }, slot);
    rehearsal.feed(
        &name(2),
        Event::StatementReceived {
            ceremony: id,
            from: name(6),
            statement: Statement::Endorse { result: wrong },
            envelope,
        },
    );
    assert_eq!(blamed(&rehearsal, 2, id), [(name(6), Blame::OutOfPlace)], "it is not in the old set");
    // Of a ceremony that nobody opened here nothing is kept.
    let before = rehearsal.node(1).journal.len();
    let other = CeremonyId([1; 32]);
    let envelope = seal(&name(2), &Statement::Accept, slot);
    rehearsal.feed(
        &name(1),
        Event::StatementReceived { ceremony: other, from: name(2), statement: Statement::Accept, envelope },
    );
    assert_eq!(rehearsal.node(1).journal.len(), before);
}

#[test]
fn keys_generated_before_stand_in_no_successions_way() {
    let mut rehearsal = Rehearsal::new(&old(), 1);
    let keygen = rehearsal.convene(1, Kind::GroupKey);
    agree(&mut rehearsal, keygen, &[2, 3, 4]);
    assert!(rehearsal.run_until(20, |r| is_done(r, 1, keygen)));
    let next = refreshed(&old());
    let id = rehearsal.convene(1, Kind::Succession { next: Box::new(next.clone()) });
    agree(&mut rehearsal, id, &[2, 3, 4]);
    assert!(rehearsal.run_until(40, |r| is_handed_over(r, id, &next, &[1, 2, 3, 4])));
}
