use super::*;
use crate::cli::ceremony::tests::{ceremony, done, id, list, snapshot};
use guardian_core::ceremony::Phase;

fn after(seconds: u64) -> Instant {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    *START + Duration::from_secs(seconds)
}

fn away() -> Result<&'static StatusSnapshot, String> {
    Err("refused".to_owned())
}

#[test]
fn only_what_is_new_is_said() {
    let mut follow = Follow::new(id("5f"));
    let one = ceremony("5f");
    let moved = |status: &CeremonyStatus| Event::Moved { slot: Slot(1000), status: Box::new(status.clone()) };
    assert_eq!(follow.take(Ok(&snapshot(std::slice::from_ref(&one))), after(0)), [moved(&one)]);
    assert_eq!(follow.take(Ok(&snapshot(std::slice::from_ref(&one))), after(1)), []);
    let dealing = CeremonyStatus { phase: Phase::Dealing, progress: Some((0, 80)), ..one };
    assert_eq!(follow.take(Ok(&snapshot(std::slice::from_ref(&dealing))), after(2)), [moved(&dealing)]);
    let at = |done| CeremonyStatus { progress: Some((done, 80)), ..dealing.clone() };
    assert_eq!(follow.take(Ok(&snapshot(&[at(3)])), after(3)), [], "too soon for a number");
    assert_eq!(follow.take(Ok(&snapshot(&[at(40)])), after(12)), [Event::Counted { done: 40, all: 80 }]);
    let blamed = CeremonyStatus { blamed: vec![("dave".to_owned(), Blame::InvalidDealing)], ..at(40) };
    let said = [Event::Blamed { member: "dave".to_owned(), blame: Blame::InvalidDealing }];
    assert_eq!(follow.take(Ok(&snapshot(std::slice::from_ref(&blamed))), after(13)), said);
    assert_eq!(follow.take(Ok(&snapshot(&[blamed])), after(14)), []);
}

#[test]
fn a_restart_into_the_next_epoch_is_borne() {
    let mut follow = Follow::new(id("5f"));
    follow.take(Ok(&snapshot(&[ceremony("5f")])), after(0));
    let unanswered = Event::Unanswered { problem: "refused".to_owned(), patience: 180 };
    assert_eq!(follow.take(away(), after(1)), [unanswered]);
    assert_eq!(follow.take(away(), after(2)), [], "said once");
    assert_eq!(follow.take(away(), after(179)), []);
    let over = done(CeremonyStatus { destroyed: list(&["alice"]), ..ceremony("5f") });
    let mut next = snapshot(std::slice::from_ref(&over));
    next.guardian_set_epoch = GuardianSetEpoch(1);
    let outcome = over.outcome.clone().unwrap();
    assert_eq!(
        follow.take(Ok(&next), after(180)),
        [
            Event::Answered { seconds: 179 },
            Event::Reopened { epoch: GuardianSetEpoch(1) },
            Event::Ended { status: Box::new(over), outcome },
        ]
    );
}

#[test]
fn patience_has_an_end_and_starts_anew_with_every_answer() {
    let mut follow = Follow::new(id("5f"));
    follow.take(away(), after(0));
    follow.take(Ok(&snapshot(&[ceremony("5f")])), after(100));
    follow.take(away(), after(101));
    assert_eq!(follow.take(away(), after(280)), []);
    assert_eq!(follow.take(away(), after(281)), [Event::GaveUp { problem: "refused".to_owned() }]);
}

#[test]
fn a_ceremony_that_is_not_shown_is_waited_for_but_not_for_ever() {
    let mut follow = Follow::new(id("5f"));
    let empty = snapshot(&[]);
    assert_eq!(follow.take(Ok(&empty), after(0)), [], "what is shown may be a slot old");
    assert_eq!(follow.take(Ok(&empty), after(29)), []);
    assert_eq!(follow.take(Ok(&empty), after(30)), [Event::Missing { patience: 180 }]);
    assert_eq!(follow.take(Ok(&empty), after(60)), []);
    let gave_up = follow.take(Ok(&empty), after(180));
    assert!(matches!(&gave_up[..], [Event::GaveUp { problem }] if problem.contains("does not show")));
}
