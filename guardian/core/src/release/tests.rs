use super::*;
use crate::event::Event;
use crate::scene::{
    BOB, CAROL, DAVE, DUE_SLOT, ME, Scene, envelope, faults, orders, partial, proposal_at, said, signature,
    written,
};
use crypto::spec::Slot;

fn combinations(commands: &[Command]) -> Vec<Vec<u16>> {
    let indices = |order: &CombineOrder| order.partials.iter().map(|(index, _)| index.get()).collect();
    commands
        .iter()
        .filter_map(|c| if let Command::CombineExit(o) = c { Some(indices(o)) } else { None })
        .collect()
}

fn share(index: u16) -> ShareIndex {
    ShareIndex::new(index).unwrap()
}

#[test]
fn the_release_is_written_before_the_signature_is_ordered() {
    let (mut scene, id) = Scene::released();
    let commands = scene.take();
    let released = Record::Released { proposal: id, at: DUE_SLOT };
    let written_at =
        commands.iter().position(|c| matches!(c, Command::Persist(records) if records.contains(&released)));
    let ordered_at = commands.iter().position(|c| matches!(c, Command::SignExit(_)));
    assert!(written_at.unwrap() < ordered_at.unwrap());
    let [order] = orders(&commands)[..] else { panic!("one order") };
    let exit = proposal_at(DUE_SLOT.0).exit;
    assert_eq!((order.proposal(), order.exit(), order.pubkey()), (id, exit, crate::scene::pubkey(0)));
    assert_eq!(order.signing_root(), exit.signing_root(&crate::scene::definition().chain.forks, exit.epoch));
}

#[test]
fn what_our_view_contradicts_or_cannot_confirm_is_held() {
    // Certified by the others while we see it attest.
    let (mut scene, id) = Scene::voted();
    scene.liveness(9, true);
    scene.hear_vote(BOB, id, 0, crate::message::Decision::Approve);
    scene.hear_vote(CAROL, id, 0, crate::message::Decision::Approve);
    scene.hear_vote(DAVE, id, 0, crate::message::Decision::Approve);
    assert_eq!((scene.state(id), scene.hold(id)), (Some(State::Certified), Some(Hold::Acquitted)));
    // Once that attestation is finalized, the cause is gone for good.
    scene.finalized(10, &[]);
    assert_eq!(scene.state(id), Some(State::Moot));
    assert!(orders(&scene.take()).is_empty());
}

#[test]
fn what_we_cannot_confirm_yet_is_released_when_we_can() {
    let mut scene = Scene::new();
    (0..=3).for_each(|epoch| scene.liveness(epoch, true));
    scene.observe(DUE_SLOT, &[]);
    scene.slot(DUE_SLOT.0);
    scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
    let id = proposal_at(DUE_SLOT.0).id();
    for from in [BOB, CAROL, DAVE] {
        scene.hear_vote(from, id, 0, crate::message::Decision::Approve);
    }
    assert_eq!((scene.state(id), scene.hold(id)), (Some(State::Certified), Some(Hold::Unconfirmed)));
    (4..=8).for_each(|epoch| scene.liveness(epoch, false));
    assert_eq!((scene.state(id), scene.hold(id)), (Some(State::Signed), None));
}

#[test]
fn without_a_share_nothing_is_released() {
    let (mut scene, id) = Scene::voted();
    let definition = scene.guardian.definition.clone();
    scene.hear_vote(BOB, id, 0, crate::message::Decision::Approve);
    // Restored, and the certificate completes before custody is loaded.
    let mut guardian = Guardian::restore(definition, ME, scene.journal.clone()).unwrap();
    let vote =
        crate::message::Vote { proposal: id, revision: 0, decision: crate::message::Decision::Approve };
    let event =
        Event::MessageReceived { from: CAROL, message: Message::Vote(vote), envelope: envelope(CAROL, 1) };
    let commands = guardian.handle(event);
    assert!(orders(&commands).is_empty());
    let status = guardian.status().proposals.into_iter().find(|status| status.id == id).unwrap();
    assert_eq!((status.state, status.hold), (State::Certified, Some(Hold::NoShare)));
}

#[test]
fn our_partial_is_written_before_it_is_said_and_taken_once() {
    let (mut scene, id) = Scene::released();
    scene.take();
    scene.feed(Event::ExitSigned(partial(id, BOB)));
    assert!(scene.take().is_empty(), "not our share");
    scene.feed(Event::ExitSigned(partial(id, ME)));
    let commands = scene.take();
    assert!(
        matches!(&commands[0], Command::Persist(r) if matches!(r[..], [Record::PartialHeld { from: ME, .. }]))
    );
    assert_eq!(said(&commands), [&Message::Partial(partial(id, ME))]);
    scene.feed(Event::ExitSigned(partial(id, ME)));
    assert!(scene.take().is_empty());
    scene.feed(Event::ExitSigned(partial(proposal_at(60).id(), ME)));
    assert!(scene.take().is_empty(), "under no proposal we know");
}

#[test]
fn an_order_without_an_answer_is_given_again() {
    let (mut scene, id) = Scene::released();
    assert_eq!(orders(&scene.take()).len(), 1);
    (9..12).for_each(|epoch| scene.liveness(epoch, false));
    scene.slot(DUE_SLOT.0 + 7);
    assert!(orders(&scene.take()).is_empty());
    scene.slot(DUE_SLOT.0 + 8);
    assert_eq!(orders(&scene.take()).len(), 1);
    scene.feed(Event::SigningFailed { proposal: id, problem: "disk".to_owned() });
    scene.slot(DUE_SLOT.0 + 15);
    assert!(orders(&scene.take()).is_empty());
    scene.slot(DUE_SLOT.0 + 16);
    assert_eq!(orders(&scene.take()).len(), 1);
}

#[test]
fn a_restart_between_release_and_signature_signs_the_same_exit_once_it_has_looked() {
    let (mut scene, _) = Scene::released();
    let order = orders(&scene.take())[0].clone();
    scene.restart(Slot(DUE_SLOT.0 + 1));
    assert_eq!(orders(&scene.take()), [&order]);
    // Back while we were down: signed no more.
    let (mut scene, _) = Scene::released();
    scene.take();
    let definition = scene.guardian.definition.clone();
    scene.guardian = Guardian::restore(definition, ME, scene.journal.clone()).unwrap();
    scene.slot(DUE_SLOT.0 + 1);
    assert!(orders(&scene.take()).is_empty(), "the view is still empty");
}

#[test]
fn t_partials_are_combined_once() {
    let (mut scene, id) = Scene::released();
    scene.feed(Event::ExitSigned(partial(id, ME)));
    scene.hear(BOB, Message::Partial(partial(id, BOB)));
    assert!(combinations(&scene.take()).is_empty());
    scene.hear(DAVE, Message::Partial(partial(id, DAVE)));
    assert_eq!(combinations(&scene.take()), [vec![1, 2, 4]]);
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    scene.slot(DUE_SLOT.0 + 1);
    assert!(combinations(&scene.take()).is_empty(), "one at a time");
    scene.feed(Event::ExitCombined { proposal: id, signature: signature(), culprits: Vec::new() });
    let commands = scene.take();
    assert!(written(&commands).iter().any(|r| matches!(r, Record::Combined { .. })));
    assert_eq!(combinations(&commands), [vec![1, 2, 3]], "the late partial is checked as well");
    scene.feed(Event::ExitCombined { proposal: id, signature: signature(), culprits: Vec::new() });
    scene.slot(DUE_SLOT.0 + 2);
    let commands = scene.take();
    assert!(combinations(&commands).is_empty());
    assert!(!written(&commands).iter().any(|r| matches!(r, Record::Combined { .. })));
}

#[test]
fn a_late_liar_is_named_although_it_was_not_in_the_way() {
    let (mut scene, id) = Scene::combined();
    scene.hear(DAVE, Message::Partial(partial(id, DAVE)));
    assert_eq!(combinations(&scene.take()), [vec![1, 2, 3], vec![1, 2, 4]]);
    scene.feed(Event::CombineFailed { proposal: id, culprits: vec![share(4)] });
    assert_eq!(faults(&scene.take()), [(DAVE, "invalid_partial")]);
    assert_eq!(scene.status_of(id).unwrap().culprits, [share(4)]);
}

#[test]
fn culprits_are_named_dropped_and_never_taken_again() {
    let (mut scene, id) = Scene::released();
    scene.feed(Event::ExitSigned(partial(id, ME)));
    scene.hear(BOB, Message::Partial(partial(id, BOB)));
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    scene.take();
    scene.feed(Event::CombineFailed { proposal: id, culprits: vec![share(3)] });
    let commands = scene.take();
    assert_eq!(faults(&commands), [(CAROL, "invalid_partial")]);
    assert!(combinations(&commands).is_empty());
    let mut second = partial(id, CAROL);
    second.signature.0[0] = 77;
    scene.hear(CAROL, Message::Partial(second));
    assert!(combinations(&scene.take()).is_empty());
    scene.hear(DAVE, Message::Partial(partial(id, DAVE)));
    assert_eq!(combinations(&scene.take()), [vec![1, 2, 4]]);
    // The fault is in the journal: a restart does not forgive.
    scene.restart(Slot(DUE_SLOT.0 + 1));
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    let partials = scene.status_of(id).unwrap().partials;
    assert_eq!(partials.iter().map(|held| held.guardian).collect::<Vec<_>>(), [ME, BOB, DAVE]);
}

#[test]
fn our_own_false_share_is_named_and_not_tried_again() {
    let (mut scene, id) = Scene::released();
    scene.feed(Event::ExitSigned(partial(id, ME)));
    scene.hear(BOB, Message::Partial(partial(id, BOB)));
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    scene.take();
    scene.feed(Event::CombineFailed { proposal: id, culprits: vec![share(1)] });
    for slot in 1..20 {
        scene.slot(DUE_SLOT.0 + slot);
    }
    let commands = scene.take();
    assert_eq!(faults(&commands), [(ME, "invalid_partial")]);
    assert!(orders(&commands).is_empty());
}

#[test]
fn a_share_of_another_is_a_fault() {
    let (mut scene, id) = Scene::released();
    scene.take();
    scene.hear(BOB, Message::Partial(partial(id, CAROL)));
    assert_eq!(faults(&scene.take()), [(BOB, "foreign_share")]);
    assert!(scene.status_of(id).unwrap().partials.is_empty());
}

#[test]
fn partials_before_our_certificate_wait_for_it() {
    let (mut scene, id) = Scene::voted();
    for from in [BOB, BOB, CAROL] {
        scene.hear(from, Message::Partial(partial(id, from)));
    }
    let commands = scene.take();
    assert!(!written(&commands).iter().any(|r| matches!(r, Record::PartialHeld { .. })));
    let certified = Slot(DUE_SLOT.0 + 1);
    scene.slot(certified.0);
    scene.hear_vote(BOB, id, 0, crate::message::Decision::Approve);
    scene.hear_vote(CAROL, id, 0, crate::message::Decision::Approve);
    scene.feed(Event::ExitSigned(partial(id, ME)));
    assert_eq!(combinations(&scene.take()), [vec![1, 2, 3]]);
    let partials = scene.status_of(id).unwrap().partials;
    assert!(partials.iter().all(|held| held.at == certified), "taken in with it: {partials:?}");
}

#[test]
fn one_partial_a_guardian_and_the_first_stands() {
    let (mut scene, id) = Scene::released();
    scene.hear(BOB, Message::Partial(partial(id, BOB)));
    let mut other = partial(id, BOB);
    other.signature.0[0] = 99;
    scene.take();
    scene.hear(BOB, Message::Partial(other));
    scene.hear(BOB, Message::Partial(partial(proposal_at(60).id(), BOB)));
    assert!(scene.take().is_empty());
}

#[test]
fn a_combination_that_was_not_made_is_ordered_again() {
    let (mut scene, id) = Scene::released();
    scene.feed(Event::ExitSigned(partial(id, ME)));
    scene.hear(BOB, Message::Partial(partial(id, BOB)));
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    scene.take();
    scene.feed(Event::CombineFailed { proposal: id, culprits: Vec::new() });
    assert!(combinations(&scene.take()).is_empty());
    scene.slot(DUE_SLOT.0 + 1);
    assert_eq!(combinations(&scene.take()), [vec![1, 2, 3]]);
}

#[test]
fn who_came_back_after_our_release_is_not_finished_off() {
    let (mut scene, id) = Scene::released();
    scene.feed(Event::ExitSigned(partial(id, ME)));
    scene.hear(BOB, Message::Partial(partial(id, BOB)));
    scene.liveness(9, true);
    scene.take();
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    scene.slot(DUE_SLOT.0 + 2);
    let commands = scene.take();
    assert!(combinations(&commands).is_empty());
    assert!(!said(&commands).iter().any(|m| matches!(m, Message::Partial(_))), "nor is our partial spread");
}

fn health(healthy: u16, disagree: bool) -> Event {
    Event::NodesObserved(crate::event::NodeHealth { total: 2, healthy, disagree })
}

/// A hold in the journal, and its slot.
type Journaled = (Option<Hold>, u64);

/// Holds among the records and among the notices.
fn holds(commands: &[Command]) -> (Vec<Journaled>, Vec<Option<Hold>>) {
    let record = |r: &&Record| if let Record::Held { hold, at, .. } = r { Some((*hold, at.0)) } else { None };
    let notice =
        |c: &Command| if let Command::Notify(Notice::Held { hold, .. }) = c { Some(*hold) } else { None };
    (written(commands).iter().filter_map(record).collect(), commands.iter().filter_map(notice).collect())
}

#[test]
fn what_holds_a_release_is_journaled_when_it_changes_but_not_when_it_flaps() {
    let (mut scene, id) = Scene::voted();
    scene.feed(health(0, false));
    scene.take();
    scene.hear_vote(BOB, id, 0, crate::message::Decision::Approve);
    scene.hear_vote(CAROL, id, 0, crate::message::Decision::Approve);
    let down = Some(Hold::NoHealthyNode);
    assert_eq!(holds(&scene.take()), (vec![(down, 36)], vec![down]));
    scene.feed(health(2, true));
    scene.slot(40);
    assert_eq!(holds(&scene.take()), (Vec::new(), Vec::new()));
    let status = scene.status_of(id).unwrap();
    assert_eq!((status.hold, status.held_since), (Some(Hold::NodesDisagree), Some(Slot(40))));
    for slot in 41..44 {
        scene.feed(health(0, false));
        scene.feed(health(2, true));
        scene.slot(slot);
    }
    assert_eq!(holds(&scene.take()), (Vec::new(), Vec::new()));
    scene.slot(44);
    let disagree = Some(Hold::NodesDisagree);
    assert_eq!(holds(&scene.take()), (vec![(disagree, 44)], vec![disagree]));
    (45..60).for_each(|slot| scene.slot(slot));
    assert_eq!(holds(&scene.take()), (Vec::new(), Vec::new()));
    assert_eq!(scene.status_of(id).unwrap().held_since, Some(Slot(44)));
}

#[test]
fn since_when_it_is_held_survives_a_restart() {
    let (mut scene, id) = Scene::voted();
    scene.feed(health(0, false));
    scene.hear_vote(BOB, id, 0, crate::message::Decision::Approve);
    scene.hear_vote(CAROL, id, 0, crate::message::Decision::Approve);
    let definition = scene.guardian.definition.clone();
    scene.guardian = Guardian::restore(definition, ME, scene.journal.clone()).unwrap();
    let since = |scene: &Scene| scene.status_of(id).map(|status| (status.hold, status.held_since));
    assert_eq!(since(&scene), Some((Some(Hold::NoHealthyNode), Some(DUE_SLOT))));
    scene.take();
    // Nothing is loaded or seen yet: that is no news of the hold.
    scene.slot(100);
    assert_eq!(scene.hold(id), Some(Hold::NoShare));
    (101..108).for_each(|slot| scene.slot(slot));
    assert_eq!(holds(&scene.take()), (Vec::new(), Vec::new()));
    scene.slot(108);
    assert_eq!(holds(&scene.take()).0, [(Some(Hold::NoShare), 108)]);
}

#[test]
fn what_goes_on_is_told_and_only_the_release_is_journaled() {
    let (mut scene, id) = Scene::voted();
    scene.feed(health(0, false));
    scene.hear_vote(BOB, id, 0, crate::message::Decision::Approve);
    scene.hear_vote(CAROL, id, 0, crate::message::Decision::Approve);
    scene.take();
    scene.feed(health(2, false));
    let commands = scene.take();
    assert_eq!(holds(&commands), (Vec::new(), vec![None]));
    assert!(written(&commands).contains(&&Record::Released { proposal: id, at: DUE_SLOT }));
    assert_eq!(scene.status_of(id).unwrap().held_since, None);
    // What was never held is released without a word.
    let (mut scene, _) = Scene::released();
    assert_eq!(holds(&scene.take()), (Vec::new(), Vec::new()));
}
