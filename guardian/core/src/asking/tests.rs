use super::*;
use crate::scene::emergencies::{NOW, OURS, emergency, operator, proposing, roomy};
use crate::scene::{BOB, CAROL, ME, Scene, exiting, said, written};
use crypto::spec::Slot;

fn codes(answer: &Answer) -> Vec<&str> {
    match answer {
        Answer::Refused { problems } => problems.iter().map(|problem| problem.code.as_str()).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Asks, and checks that nothing was stored but the request, and nothing said.
fn refused(scene: &mut Scene, request: Request) -> Answer {
    scene.take();
    let answer = scene.ask(request);
    let commands = scene.take();
    assert!(written(&commands).iter().all(|record| matches!(record, Record::Asked { .. })), "{commands:?}");
    assert!(said(&commands).is_empty());
    assert!(matches!(answer, Answer::Refused { .. }));
    answer
}

#[test]
fn bad_lists_are_refused_by_name_before_anything_is_stored() {
    let mut scene = Scene::calm();
    scene.head(NOW.0, &[exiting(3)]);
    let answer = refused(&mut scene, proposing(&[0, 3, 77], Severity::Urgent));
    assert_eq!(codes(&answer), ["already_exiting", "unknown_validator"]);
    let Answer::Refused { problems } = &answer else { unreachable!() };
    assert!(problems[0].detail.starts_with("validator 3: it is leaving already"), "{problems:?}");
    let answer = refused(&mut scene, proposing(&[0, 1, 0], Severity::Urgent));
    assert_eq!(codes(&answer), ["duplicate"]);
    let answer = refused(&mut scene, proposing(&[], Severity::Urgent));
    assert_eq!(codes(&answer), ["wrong_number"]);
    let many: Vec<u64> = (0..100_000).collect();
    scene.take();
    assert_eq!(codes(&scene.ask(proposing(&many, Severity::Urgent))), ["wrong_number"]);
    assert!(written(&scene.take()).is_empty(), "too large to be journaled");
}

#[test]
fn bad_words_and_lifetimes_are_refused() {
    let mut scene = Scene::calm();
    let with = |reason: &str, lifetime: u64| match proposing(&[0], Severity::Normal) {
        Request::Propose { selection, severity, dry_run, .. } => {
            Request::Propose { selection, severity, reason: reason.to_owned(), lifetime, dry_run }
        }
        other => other,
    };
    assert_eq!(codes(&refused(&mut scene, with("  ", 50))), ["wrong_reason"]);
    assert_eq!(codes(&scene.ask(with("a\u{202e}b", 50))), ["wrong_reason"]);
    assert_eq!(codes(&scene.ask(with(&"x".repeat(281), 50))), ["wrong_reason"]);
    assert_eq!(codes(&refused(&mut scene, with("x", 8))), ["wrong_lifetime"]);
    assert_eq!(codes(&refused(&mut scene, with("x", 20_000))), ["wrong_lifetime"]);
    let mut definition = roomy();
    definition.emergency.guardians = false;
    let mut scene = Scene::calm_with(definition);
    assert_eq!(codes(&refused(&mut scene, with("x", 50))), ["not_authorised"]);
}

#[test]
fn raising_twice_is_raising_once() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0, 1], Severity::Normal);
    scene.slot(NOW.0 + 1);
    scene.take();
    let again = scene.ask(proposing(&[1, 0], Severity::Normal));
    assert!(matches!(again, Answer::Raised { emergency, known: true, .. } if emergency == id), "{again:?}");
    assert_eq!(written(&scene.take()).len(), 1, "the request alone");
}

#[test]
fn a_dry_run_shows_whom_it_hits_and_what_it_meets_and_changes_nothing() {
    let mut definition = roomy();
    (definition.caps.exits_per_epoch, definition.caps.exits_per_day) = (1, 2);
    definition.caps.exits_per_operator_per_day = 2;
    definition.caps.exits_per_module_per_day = 2;
    let mut scene = Scene::calm_with(definition);
    let Request::Propose { selection, severity, reason, lifetime, .. } =
        proposing(&[0, 1, 2], Severity::Urgent)
    else {
        unreachable!()
    };
    scene.take();
    let answer = scene.ask(Request::Propose { selection, severity, reason, lifetime, dry_run: true });
    let Answer::Forecast(forecast) = answer else { panic!("{answer:?}") };
    assert_eq!(written(&scene.take()).len(), 1, "the request alone");
    assert!(scene.guardian.status().emergencies.is_empty());
    assert_eq!((forecast.leaving, forecast.stake.0, forecast.bond.0), (3, 96_000_000_000, 0));
    let met: Vec<_> = forecast.bounds.iter().map(|bound| bound.hold.code()).collect();
    assert_eq!(met, ["day_cap", "epoch_cap"]);
    // The third waits for tomorrow, long after it expires.
    assert_eq!((forecast.last_release.0, forecast.fits), (10 + 225, false));
}

#[test]
fn every_request_is_journaled_with_who_asked_and_a_look_once_a_slot() {
    let mut scene = Scene::calm();
    scene.ask(Request::Inspect { emergency: None });
    scene.ask(Request::Inspect { emergency: None });
    scene.ask(Request::Approve { emergency: ProposalId([3; 32]), note: "?".to_owned() });
    let commands = scene.take();
    let asked: Vec<_> = written(&commands)
        .into_iter()
        .map(|record| match record {
            Record::Asked { by, at, request } => {
                (by.clone(), *at, matches!(request, Request::Inspect { .. }))
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(asked, [(operator(), NOW, true), (operator(), NOW, false)]);
}

#[test]
fn votes_say_where_it_stands() {
    let mut scene = Scene::calm();
    let id = scene.hear_emergency(&emergency(BOB, &[0], Severity::Urgent));
    assert_eq!(codes(&scene.ask(Request::Withdraw { emergency: id, note: String::new() })), ["no_approval"]);
    scene.approved_by(id, &[BOB]);
    let Answer::Voted { approvals: 2, threshold: 3, state: EmergencyState::Open, .. } = scene.approve(id)
    else {
        panic!("two of three")
    };
    let Answer::Voted { approvals: 1, .. } =
        scene.ask(Request::Withdraw { emergency: id, note: String::new() })
    else {
        panic!("back to one")
    };
    scene.approve(id);
    scene.approved_by(id, &[CAROL]);
    let Answer::Voted { state: EmergencyState::Certified, released: 1, .. } =
        scene.ask(Request::Reject { emergency: id, note: "too late".to_owned() })
    else {
        panic!("its only exit is released")
    };
    assert_eq!(
        codes(&scene.ask(Request::Approve { emergency: ProposalId([3; 32]), note: String::new() })),
        ["unknown_emergency"]
    );
    assert_eq!(codes(&scene.ask(Request::Cancel { emergency: id, signature: None })), ["not_open"]);
}

#[test]
fn only_its_raiser_takes_it_back() {
    let mut scene = Scene::calm();
    let theirs = scene.hear_emergency(&emergency(BOB, &[0], Severity::Normal));
    assert_eq!(codes(&scene.ask(Request::Cancel { emergency: theirs, signature: None })), ["not_authorised"]);
    let ours = scene.raise(&[0], Severity::Normal);
    assert_eq!(scene.emergency(ours).unwrap().emergency.raiser, OURS);
    assert_eq!(
        scene.ask(Request::Cancel { emergency: ours, signature: None }),
        Answer::Cancelled { emergency: ours }
    );
    scene.slot(NOW.0 + 20);
    assert_eq!(codes(&scene.approve(ours)), ["is_over"]);
}

#[test]
fn too_many_open_ones_of_ours_are_refused() {
    let mut scene = Scene::calm();
    for index in 0..4 {
        scene.raise(&[index], Severity::Normal);
        scene.raise(&[index], Severity::Urgent);
    }
    assert_eq!(codes(&refused(&mut scene, proposing(&[4], Severity::Normal))), ["too_many"]);
    scene.slot(NOW.0 + 101);
    scene.observe(Slot(NOW.0 + 101), &[]);
    scene.raise(&[4], Severity::Normal);
}

#[test]
fn an_inspection_tells_what_was_verified() {
    let mut scene = Scene::calm();
    let id = scene.hear_emergency(&emergency(BOB, &[0, 77], Severity::Urgent));
    let Answer::Inspection(found) = scene.ask(Request::Inspect { emergency: Some(id) }) else { panic!() };
    let [inspection] = &found[..] else { panic!("{found:?}") };
    assert_eq!(inspection.authority, "raised by guardian 2; proven by its sealed message");
    let problems: Vec<_> = inspection.forecast.targets.iter().map(|target| target.problem).collect();
    assert_eq!(problems, [None, Some(Refusal::UnknownValidator)]);
    assert_eq!(inspection.forecast.leaving, 1);
}

/// Shown everything but the time, as after a start, it would raise what is long over.
#[test]
fn before_the_first_tick_nothing_is_raised() {
    let mut scene = Scene::calm();
    let definition = scene.guardian.definition.clone();
    scene.guardian = Guardian::restore(definition, ME, scene.journal.clone()).unwrap();
    scene.start();
    scene.observe(NOW, &[]);
    assert_eq!(codes(&refused(&mut scene, proposing(&[0], Severity::Urgent))), ["view_unknown"]);
    scene.slot(NOW.0);
    assert!(matches!(scene.ask(proposing(&[0], Severity::Urgent)), Answer::Raised { known: false, .. }));
}
