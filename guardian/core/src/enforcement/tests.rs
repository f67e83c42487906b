use super::*;
use crate::event::Event;
use crate::guardian_set::GuardianIndex;
use crate::message::{Decision, Message};
use crate::proposal::State;
use crate::scene::{BOB, CAROL, DAVE, DUE_SLOT, EVERYTHING, Scene, heartbeat, proposal_at, said};
use crate::settings::Settings;
use crate::status::Hold;
use crypto::spec::Slot;

/// Validator 0 due, and nobody said yet what it enforces.
fn quiet() -> Scene {
    let mut scene = Scene::due();
    scene.others_enforce = false;
    [BOB, CAROL, DAVE].into_iter().for_each(|other| scene.guardian.roster.peer_mut(other).heartbeat = None);
    scene.slot(DUE_SLOT.0);
    scene
}

fn says(scene: &mut Scene, from: GuardianIndex, enforces: Enforces) {
    let slot = scene.guardian.view.slot();
    scene.hear(from, Message::Heartbeat(heartbeat(slot, enforces)));
}

fn settle(scene: &mut Scene, offline: Enforcement) {
    scene.feed(Event::SettingsLoaded(Settings { offline, ..Settings::default() }));
}

#[test]
fn nothing_is_proposed_or_approved_before_t_enforce_it() {
    let id = proposal_at(DUE_SLOT.0).id();
    let mut scene = quiet();
    (37..44).for_each(|slot| scene.slot(slot));
    assert!(!said(&scene.take()).iter().any(|m| matches!(m, Message::Proposal(_) | Message::Vote(_))));
    let mut scene = quiet();
    scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
    says(&mut scene, BOB, EVERYTHING);
    // Whatever else it enforces.
    says(&mut scene, CAROL, Enforces { offline: false, ..EVERYTHING });
    scene.slot(37);
    assert_eq!((scene.state(id), scene.own(id)), (Some(State::Open), None));
    says(&mut scene, DAVE, EVERYTHING);
    scene.slot(38);
    assert_eq!(scene.own(id), Some(Decision::Approve));
}

#[test]
fn who_said_it_long_ago_does_not_count() {
    let mut scene = quiet();
    says(&mut scene, BOB, EVERYTHING);
    says(&mut scene, CAROL, EVERYTHING);
    // Three epochs of four slots.
    scene.slot(DUE_SLOT.0 + 12);
    assert!(scene.guardian.is_staged(RuleKind::Offline));
    scene.slot(DUE_SLOT.0 + 13);
    assert!(!scene.guardian.is_staged(RuleKind::Offline));
    says(&mut scene, BOB, EVERYTHING);
    says(&mut scene, CAROL, EVERYTHING);
    assert!(scene.guardian.is_staged(RuleKind::Offline));
    says(&mut scene, CAROL, Enforces::default());
    assert!(!scene.guardian.is_staged(RuleKind::Offline), "its latest word");
}

#[test]
fn it_is_learnt_anew_after_a_restart() {
    let mut scene = quiet();
    [BOB, CAROL].into_iter().for_each(|other| says(&mut scene, other, EVERYTHING));
    assert!(scene.guardian.is_staged(RuleKind::Offline));
    scene.restart(Slot(37));
    assert!(!scene.guardian.is_staged(RuleKind::Offline));
    [BOB, CAROL].into_iter().for_each(|other| says(&mut scene, other, EVERYTHING));
    assert!(scene.guardian.is_staged(RuleKind::Offline));
}

#[test]
fn who_does_not_enforce_a_rule_neither_approves_nor_releases_by_it() {
    let id = proposal_at(DUE_SLOT.0).id();
    for ours in [Enforcement::Observe, Enforcement::Warn] {
        let mut scene = Scene::due();
        settle(&mut scene, ours);
        scene.slot(DUE_SLOT.0);
        scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
        [BOB, CAROL, DAVE].into_iter().for_each(|from| scene.hear_vote(from, id, 0, Decision::Approve));
        assert_eq!(scene.own(id), None);
        assert_eq!((scene.state(id), scene.hold(id)), (Some(State::Certified), Some(Hold::NotEnforced)));
        settle(&mut scene, Enforcement::Enforce);
        scene.slot(37);
        assert_eq!(scene.state(id), Some(State::Signed));
    }
}

#[test]
fn a_certificate_is_enough_to_release_by_a_rule_we_enforce() {
    let id = proposal_at(DUE_SLOT.0).id();
    let mut scene = quiet();
    scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
    [BOB, CAROL, DAVE].into_iter().for_each(|from| scene.hear_vote(from, id, 0, Decision::Approve));
    assert_eq!((scene.own(id), scene.state(id)), (None, Some(State::Signed)));
}

#[test]
fn no_setting_goes_further_than_the_definition() {
    let mut scene = Scene::due();
    scene.guardian.definition.policy.offline.enforcement = Enforcement::Warn;
    settle(&mut scene, Enforcement::Enforce);
    assert_eq!(scene.guardian.enforcement(RuleKind::Offline), Enforcement::Warn);
    assert!(!scene.guardian.is_staged(RuleKind::Offline));
    assert!(!scene.guardian.enforces().offline);
}

#[test]
fn the_status_shows_all_kinds() {
    let mut scene = quiet();
    settle(&mut scene, Enforcement::Warn);
    says(&mut scene, BOB, EVERYTHING);
    says(&mut scene, CAROL, Enforces { emergency: true, ..Enforces::default() });
    let status = scene.guardian.status().enforcement;
    let shown = |code: &str| {
        let EnforcementStatus { definition, here, enforcing } = status[code];
        (definition, here, enforcing)
    };
    use Enforcement::{Enforce, Observe, Warn};
    assert_eq!(status.len(), 4);
    assert_eq!(shown("offline"), (Enforce, Warn, 1));
    assert_eq!(shown("tickets"), (Observe, Observe, 1));
    assert_eq!(shown("balance"), (Observe, Observe, 1));
    assert_eq!(shown("emergency"), (Enforce, Enforce, 3));
}
