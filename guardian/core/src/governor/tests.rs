use super::*;
use crate::emergency::{Emergency, Proof, Raised, Raiser};
use crate::event::{Event, NodeHealth};
use crate::guardian_set::NetworkDefinition;
use crate::message::{Decision, Message, RejectReason};
use crate::policy::Enforcement;
use crate::proposal::{ExitProposal, ProposalId, State};
use crate::scene::{
    BOB, CAROL, DUE, DUE_SLOT, ME, Scene, definition, exiting, partial, proposal_at, subject,
};
use crypto::spec::ValidatorIndex;

mod caps;

/// A certificate for validator `index`, due in epoch `due`, in the window of `slot`; all votes come at once.
fn certify(scene: &mut Scene, index: usize, due: Epoch, slot: u64) -> ProposalId {
    let definition = scene.guardian.definition.clone();
    let proposal = ExitProposal::offline(&definition, crate::scene::subject(index), due, Slot(slot)).unwrap();
    let id = proposal.id();
    let vote = |n: u16| {
        let vote = crate::message::Vote { proposal: id, revision: 0, decision: Decision::Approve };
        (crate::guardian_set::GuardianIndex(n), vote, crate::message::Envelope(vec![n as u8]))
    };
    let approvals = (2..=4).map(vote).collect();
    let envelope = crate::message::Envelope(vec![99]);
    scene.feed(Event::CertificateReceived { from: BOB, proposal, approvals, envelope });
    id
}

/// A release in slot `at` under the proposal of the window of slot `window`.
fn release(at: u64, window: u64) -> Release {
    let ExitProposal { pubkey, .. } = proposal_at(window);
    Release { at: Slot(at), proposal: proposal_at(window).id(), pubkey, home: None }
}

/// Our guardian at the due slot, validator 0 due, with this definition.
fn scene(change: impl FnOnce(&mut NetworkDefinition)) -> Scene {
    let mut definition = definition();
    change(&mut definition);
    let mut scene = Scene::due_with(definition, 1);
    scene.slot(DUE_SLOT.0);
    scene
}

/// All of validators 0 to 5 due, `caps` changed.
fn scene_of_six(change: impl FnOnce(&mut NetworkDefinition)) -> Scene {
    scene_of(6, change)
}

fn scene_of(validators: usize, change: impl FnOnce(&mut NetworkDefinition)) -> Scene {
    let mut definition = definition();
    definition.caps.max_dark_percent = 100;
    change(&mut definition);
    let mut scene = Scene::with(definition, validators);
    let all: Vec<_> = (0..validators as u64).map(ValidatorIndex).collect();
    for epoch in 0..9 {
        let (live, dark) = if epoch < 4 { (all.clone(), Vec::new()) } else { (Vec::new(), all.clone()) };
        scene.feed(Event::LivenessObserved(crate::event::Liveness { epoch: Epoch(epoch), live, dark }));
    }
    scene.observe(DUE_SLOT, &[]);
    scene.slot(DUE_SLOT.0);
    scene
}

#[test]
fn nothing_to_hold() {
    let mut scene = scene(|_| {});
    let id = certify(&mut scene, 0, DUE, DUE_SLOT.0);
    assert_eq!((scene.hold(id), scene.state(id)), (None, Some(State::Signed)));
}

#[test]
fn not_enforced() {
    for enforcement in [Enforcement::Observe, Enforcement::Warn] {
        let mut scene = scene(|d| d.policy.offline.enforcement = enforcement);
        let id = certify(&mut scene, 0, DUE, DUE_SLOT.0);
        assert_eq!((scene.hold(id), scene.state(id)), (Some(Hold::NotEnforced), Some(State::Certified)));
    }
}

#[test]
fn no_healthy_node_and_nodes_that_disagree() {
    for (healthy, disagree, hold) in [(0, false, Hold::NoHealthyNode), (2, true, Hold::NodesDisagree)] {
        let mut scene = scene(|_| {});
        scene.feed(Event::NodesObserved(NodeHealth { total: 2, healthy, disagree }));
        let id = certify(&mut scene, 0, DUE, DUE_SLOT.0);
        assert_eq!(scene.hold(id), Some(hold));
        scene.feed(Event::NodesObserved(NodeHealth { total: 2, healthy: 2, disagree: false }));
        assert_eq!((scene.hold(id), scene.state(id)), (None, Some(State::Signed)));
    }
}

#[test]
fn not_finalizing_until_it_is() {
    let mut scene = scene(|_| {});
    // Finality stays at 7; the largest distance is 4, so epoch 12 is too late, epoch 11 is not.
    for epoch in 9..12 {
        scene.liveness(epoch, false);
    }
    scene.slot(48);
    let id = certify(&mut scene, 0, DUE, 48);
    assert_eq!(scene.hold(id), Some(Hold::NotFinalizing));
    scene.finalized(8, &[]);
    assert_eq!((scene.hold(id), scene.state(id)), (None, Some(State::Signed)));
}

#[test]
fn many_dark_at_once_are_correlated_failure() {
    // Two of four dark is 50 percent, which is allowed; three are not.
    for (dark, hold) in [(2, None), (3, Some(Hold::CorrelatedFailure))] {
        let mut definition = definition();
        definition.caps.exits_per_epoch = 3;
        let mut scene = Scene::due_with(definition, 4);
        let indices = |range: std::ops::Range<u64>| range.map(ValidatorIndex).collect::<Vec<_>>();
        let liveness =
            crate::event::Liveness { epoch: Epoch(9), live: indices(dark..4), dark: indices(0..dark) };
        scene.feed(Event::LivenessObserved(liveness));
        scene.slot(DUE_SLOT.0 + 4);
        let id = certify(&mut scene, 0, DUE, DUE_SLOT.0 + 4);
        assert_eq!(scene.hold(id), hold, "{dark} of 4 dark");
    }
}

#[test]
fn a_lone_dark_validator_is_no_correlated_failure() {
    let mut scene = scene(|d| d.caps.max_dark_percent = 1);
    let id = certify(&mut scene, 0, DUE, DUE_SLOT.0);
    assert_eq!(scene.hold(id), None);
}

#[test]
fn who_is_leaving_already_does_not_count_as_dark() {
    let mut scene = scene_of_six(|d| d.caps.max_dark_percent = 20);
    let leaving: Vec<_> = (1..6).map(exiting).collect();
    scene.head(37, &leaving);
    let id = certify(&mut scene, 0, DUE, DUE_SLOT.0);
    assert_eq!(scene.hold(id), None);
}

#[test]
fn so_many_in_an_epoch_and_no_more() {
    let mut scene = scene_of_six(|d| d.caps.exits_per_epoch = 2);
    let ids: Vec<_> = (0..4).map(|index| certify(&mut scene, index, DUE, DUE_SLOT.0)).collect();
    let holds = |scene: &Scene| ids.iter().map(|id| scene.hold(*id)).collect::<Vec<_>>();
    assert_eq!(holds(&scene), [None, None, Some(Hold::EpochCap), Some(Hold::EpochCap)]);
    scene.slot(39);
    assert_eq!(scene.hold(ids[2]), Some(Hold::EpochCap), "still the same epoch");
    scene.slot(40);
    // The day cap is three.
    let mut after = holds(&scene);
    after.sort();
    assert_eq!(after, [None, None, None, Some(Hold::DayCap)]);
}

#[test]
fn caps_survive_a_restart() {
    let mut scene = scene_of_six(|_| {});
    certify(&mut scene, 0, DUE, DUE_SLOT.0);
    scene.restart(Slot(37));
    let id = certify(&mut scene, 1, DUE, DUE_SLOT.0);
    assert_eq!(scene.hold(id), Some(Hold::EpochCap));
}

#[test]
fn a_clock_that_went_back_reopens_no_cap() {
    let mut scene = scene_of_six(|_| {});
    scene.slot(300);
    scene.head(300, &[]);
    let exit = VoluntaryExit { epoch: DUE, validator_index: ValidatorIndex(5) };
    scene.guardian.ledger.releases.insert(exit, release(900, 36));
    scene.finalized(73, &[]);
    assert_eq!(scene.guardian.governed(&proposal_at(36)), Some(Hold::EpochCap));
}

#[test]
fn the_same_exit_again_is_free() {
    let mut scene = scene(|_| {});
    certify(&mut scene, 0, DUE, DUE_SLOT.0);
    let again = certify(&mut scene, 0, DUE, DUE_SLOT.0 + 8);
    assert_eq!((scene.hold(again), scene.state(again)), (None, Some(State::Signed)));
    assert_eq!(scene.guardian.ledger.releases.len(), 1);
}

#[test]
fn another_form_is_held_until_patience_runs_out() {
    let mut scene = scene(|d| d.caps.exits_per_epoch = 3);
    let first = certify(&mut scene, 0, DUE, DUE_SLOT.0);
    scene.finalized(8, &[]);
    scene.slot(40);
    let second = certify(&mut scene, 0, Epoch(7), 40);
    assert_eq!(scene.hold(second), Some(Hold::OtherFormReleased));
    // Eight windows of eight slots after the release at slot 36 nobody has followed.
    for slot in 41..=100 {
        if slot % 4 == 1 {
            scene.liveness(slot / 4 - 1, false);
            scene.finalized(slot / 4 - 2, &[]);
        }
        scene.slot(slot);
        let expected = if slot < 100 { Some(Hold::OtherFormReleased) } else { None };
        assert_eq!(scene.hold(second), expected, "slot {slot}");
    }
    assert_eq!((scene.state(first), scene.state(second)), (Some(State::Signed), Some(State::Signed)));
}

#[test]
fn a_combined_first_form_binds_for_good() {
    let (mut scene, first) = Scene::combined();
    scene.finalized(8, &[]);
    for slot in 40..120 {
        if slot % 4 == 1 {
            scene.liveness(slot / 4 - 1, false);
            scene.finalized(slot / 4 - 2, &[]);
        }
        scene.slot(slot);
    }
    let second = certify(&mut scene, 0, Epoch(7), 119);
    assert_eq!(scene.hold(second), Some(Hold::OtherFormReleased));
    assert_ne!(first, second);
    scene.hear(CAROL, Message::Partial(partial(second, CAROL)));
}

#[test]
fn releases_are_forgotten_only_when_old_and_over() {
    let mut ledger = Ledger::default();
    let (scene, id) = Scene::released();
    let definition = definition();
    let exit = proposal_at(36).exit;
    let released = |at| Record::Released { proposal: id, at: Slot(at) };
    ledger.apply(&released(36), &scene.guardian.docket, &Registry::default(), &definition);
    assert_eq!(ledger.releases.len(), 1);
    let unknown = Record::Released { proposal: ProposalId([0; 32]), at: Slot(36) };
    ledger.apply(&unknown, &scene.guardian.docket, &Registry::default(), &definition);
    assert_eq!(ledger.releases.len(), 1);
    // An old release whose proposal is gone, and one of yesterday.
    let old = VoluntaryExit { validator_index: ValidatorIndex(7), ..exit };
    let recent = VoluntaryExit { validator_index: ValidatorIndex(8), ..exit };
    ledger.releases.insert(old, Release { proposal: ProposalId([7; 32]), ..release(0, 36) });
    ledger.releases.insert(recent, Release { proposal: ProposalId([8; 32]), ..release(4 * 100, 36) });
    ledger.apply(&released(4 * 226), &scene.guardian.docket, &Registry::default(), &definition);
    assert!(!ledger.releases.contains_key(&old));
    assert!(ledger.releases.contains_key(&recent));
    assert!(ledger.releases.contains_key(&exit), "not over, so it stays, however old");
}

fn holds(scene: &mut Scene, indices: impl IntoIterator<Item = usize>) -> Vec<Option<Hold>> {
    indices
        .into_iter()
        .map(|index| {
            let id = certify(scene, index, DUE, DUE_SLOT.0);
            scene.hold(id)
        })
        .collect()
}

#[test]
fn a_head_that_lags_holds_until_it_does_not() {
    let mut scene = scene(|d| d.caps.max_head_lag = 3);
    // The head is at the due slot.
    scene.slot(DUE_SLOT.0 + 4);
    let id = certify(&mut scene, 0, DUE, DUE_SLOT.0);
    assert_eq!(scene.hold(id), Some(Hold::NodesBehind));
    scene.head(DUE_SLOT.0 + 1, &[]);
    assert_eq!((scene.hold(id), scene.state(id)), (None, Some(State::Signed)));
    // No head at all is worse, one from the future is none of our business.
    let mut scene = scene_of_six(|d| d.caps.max_head_lag = 3);
    scene.head(DUE_SLOT.0 + 9, &[]);
    assert_eq!(scene.guardian.governed(&proposal_at(DUE_SLOT.0)), None);
    scene.guardian.view = View::default();
    scene.feed(Event::NodesObserved(NodeHealth { total: 1, healthy: 1, disagree: false }));
    assert_eq!(scene.guardian.governed(&proposal_at(DUE_SLOT.0)), Some(Hold::NodesBehind));
}

#[test]
fn an_urgent_emergency_is_not_stopped_by_the_breaker() {
    for (severity, hold) in [(Severity::Normal, Some(Hold::CorrelatedFailure)), (Severity::Urgent, None)] {
        let mut scene = scene_of_six(|d| d.caps.max_dark_percent = 20);
        let emergency = Emergency {
            guardian_set_epoch: scene.guardian.definition.guardian_set.epoch,
            raiser: Raiser::Guardian { guardian: BOB },
            validators: vec![ValidatorIndex(0)],
            severity,
            reason: "client bug".to_owned(),
            opened: DUE_SLOT,
            expires: Slot(DUE_SLOT.0 + 400),
        };
        let proposal =
            ExitProposal::emergency(&scene.guardian.definition, subject(0), &emergency, emergency.id());
        // Of an emergency we do not know, the breaker knows nothing either.
        assert_eq!(scene.guardian.governed(&proposal), Some(Hold::CorrelatedFailure));
        let raised = Raised { emergency, proof: Proof::Sealed };
        let mut out = Vec::new();
        assert!(scene.guardian.persist(Record::Raised { raised, at: DUE_SLOT }, &mut out));
        assert_eq!(scene.guardian.governed(&proposal), hold, "{severity:?}");
    }
}

fn notified(scene: &mut Scene) -> usize {
    let is_it = |command: &Command| *command == Command::Notify(Notice::JournalIsOld);
    scene.take().iter().filter(|command| is_it(command)).count()
}

#[test]
fn a_vote_of_ours_that_we_do_not_know_closes_the_caps_for_a_day() {
    let mut scene = scene_of_six(|_| {});
    // Bob shows a proposal that we judge otherwise than we once did.
    let proposal = proposal_at(DUE_SLOT.0);
    scene.hear(BOB, Message::Proposal(proposal.clone()));
    scene.take();
    scene.hear_vote(ME, proposal.id(), 7, Decision::Withdraw(RejectReason::Attesting));
    assert_eq!(notified(&mut scene), 1);
    let id = certify(&mut scene, 1, DUE, DUE_SLOT.0);
    assert_eq!(scene.hold(id), Some(Hold::CapsUnknown));
    // Another one is no news.
    scene.hear_vote(ME, proposal.id(), 9, Decision::Withdraw(RejectReason::Attesting));
    assert_eq!(notified(&mut scene), 0);
    scene.restart(Slot(DUE_SLOT.0 + 1));
    assert_eq!(scene.hold(id), Some(Hold::CapsUnknown));
    // A day later.
    let end = Slot(DUE_SLOT.0 + 225 * 4);
    scene.guardian.view.begin_slot(Slot(end.0 - 1));
    let slot = scene.guardian.view.slot();
    assert!(scene.guardian.ledger.is_lapsed(&scene.guardian.definition, slot));
    scene.guardian.view.begin_slot(end);
    assert!(!scene.guardian.ledger.is_lapsed(&scene.guardian.definition, end));
}

#[test]
fn a_partial_of_ours_that_we_never_released_closes_the_caps_once() {
    let mut scene = scene_of_six(|d| d.caps.exits_per_day = 6);
    let first = certify(&mut scene, 0, DUE, DUE_SLOT.0);
    let second = certify(&mut scene, 1, DUE, DUE_SLOT.0);
    scene.take();
    // Released, though not signed as far as we know: that counts already.
    scene.hear(ME, Message::Partial(partial(first, ME)));
    assert_eq!(notified(&mut scene), 0);
    assert_eq!(scene.hold(second), Some(Hold::EpochCap));
    (0..3).for_each(|_| scene.hear(ME, Message::Partial(partial(second, ME))));
    assert_eq!(notified(&mut scene), 1);
    scene.slot(40);
    assert_eq!((scene.hold(second), scene.state(second)), (Some(Hold::CapsUnknown), Some(State::Certified)));
    // It does not close them again and again for as long as it is shown to us.
    scene.guardian.ledger.lapsed = None;
    scene.hear(ME, Message::Partial(partial(second, ME)));
    assert_eq!(notified(&mut scene), 0);
}

/// Whoever kept an old partial of ours could otherwise close our caps with it.
#[test]
fn an_old_partial_about_who_left_or_whom_we_do_not_see_closes_nothing() {
    let mut scene = scene_of_six(|_| {});
    certify(&mut scene, 0, DUE, DUE_SLOT.0);
    let id = certify(&mut scene, 1, DUE, DUE_SLOT.0);
    scene.finalized(7, &[exiting(1)]);
    scene.take();
    scene.hear(ME, Message::Partial(partial(id, ME)));
    assert_eq!(notified(&mut scene), 0);
    scene.guardian.view = View::default();
    scene.guardian.view.begin_slot(Slot(40));
    scene.hear(ME, Message::Partial(partial(id, ME)));
    assert_eq!(notified(&mut scene), 0);
    assert!(!scene.journal.iter().any(|record| matches!(record, Record::Lapsed(_))));
}

/// Restored from a backup made before three releases, the others show it what it said.
#[test]
fn an_old_backup_reopens_no_cap() {
    let mut scene = scene_of_six(|d| {
        d.caps.exits_per_epoch = 3;
        d.caps.exits_per_day = 3;
    });
    let backup = scene.journal.clone();
    let ids: Vec<_> = (0..3).map(|index| certify(&mut scene, index, DUE, DUE_SLOT.0)).collect();
    assert!(ids.iter().all(|id| scene.state(*id) == Some(State::Signed)));
    scene.journal = backup;
    scene.guardian = Guardian::restore(scene.guardian.definition.clone(), ME, scene.journal.clone()).unwrap();
    scene.restart(Slot(DUE_SLOT.0 + 1));
    // Nodes are not seen yet when the others answer.
    scene.feed(Event::NodesObserved(NodeHealth { total: 1, healthy: 0, disagree: false }));
    ids.iter().enumerate().for_each(|(index, _)| {
        certify(&mut scene, index, DUE, DUE_SLOT.0);
    });
    scene.hear(ME, Message::Partial(partial(ids[0], ME)));
    scene.feed(Event::NodesObserved(NodeHealth { total: 1, healthy: 1, disagree: false }));
    let more = holds(&mut scene, 3..6);
    assert_eq!(more, [Some(Hold::CapsUnknown); 3]);
    assert!(!scene.journal.iter().any(|record| matches!(record, Record::Released { .. })));
}
