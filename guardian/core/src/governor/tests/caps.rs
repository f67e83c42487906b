//! Caps by operator, by module and by share, and all of them over any history.

use super::*;
use crate::registration::{JudgedEvent, Registered};
use crate::scene::operators::{self, POOR, RICH};
use crate::scene::with_contracts;
use crypto::execution::RegistrationId;
use proptest::prelude::*;

const MODULES: [ModuleName; 2] = [ModuleName([1; 32]), ModuleName([2; 32])];

/// Registers and provisions validators, each by this operator in that module.
fn register(scene: &mut Scene, homes: &[(usize, Address, ModuleName)]) {
    let registered = |(index, operator, module): &(usize, Address, ModuleName)| Registered {
        id: RegistrationId { module: *module, index: *index as u64 },
        ..operators::registered(*index, *operator)
    };
    let events = homes.iter().map(registered).map(JudgedEvent::Registered);
    let provisioned = homes.iter().map(|home| JudgedEvent::Provisioned(registered(home).id));
    scene.feed(Event::ContractsScanned(operators::scan(1, 30, events.chain(provisioned).collect())));
}

/// Ten validators due: 0, 1, 2 of one operator in one module, 3, 4 of another in the same, 5 of that one elsewhere; the
/// rest unregistered.
fn scene_of_ten(change: impl FnOnce(&mut Caps)) -> Scene {
    let mut scene = scene_of(10, |definition| {
        *definition = with_contracts(definition.clone());
        definition.caps = Caps { max_dark_percent: 100, max_head_lag: 1_000, ..Caps::new(10, 10) };
        change(&mut definition.caps);
    });
    let [here, there] = MODULES;
    let homes = [
        (0, POOR, here),
        (1, POOR, here),
        (2, POOR, here),
        (3, RICH, here),
        (4, RICH, here),
        (5, RICH, there),
    ];
    register(&mut scene, &homes);
    scene
}

#[test]
fn so_many_of_one_operator_in_a_day() {
    let operator = Some(Hold::OperatorCap);
    let mut scene = scene_of_ten(|caps| caps.exits_per_operator_per_day = 2);
    assert_eq!(holds(&mut scene, 0..8), [None, None, operator, None, None, operator, None, None]);
}

#[test]
fn so_many_of_one_module_in_a_day() {
    let module = Some(Hold::ModuleCap);
    let mut scene = scene_of_ten(|caps| caps.exits_per_module_per_day = 4);
    assert_eq!(
        holds(&mut scene, [0, 1, 3, 4, 2, 5, 6, 7]),
        [None, None, None, None, module, None, None, None]
    );
}

#[test]
fn a_share_of_the_watched_leaves_in_a_day_and_one_always_may() {
    let share = Some(Hold::ShareCap);
    for (percent, released) in [(1, 1), (19, 1), (20, 2), (39, 3), (100, 10)] {
        let mut scene = scene_of_ten(|caps| caps.max_share_percent_per_day = percent);
        let expected: Vec<_> = (0..10).map(|index| if index < released { None } else { share }).collect();
        assert_eq!(holds(&mut scene, 0..10), expected, "{percent}");
    }
}

#[test]
fn those_that_left_today_are_still_part_of_the_whole() {
    let mut scene = scene_of_ten(|caps| caps.max_share_percent_per_day = 30);
    assert_eq!(holds(&mut scene, 0..2), [None, None]);
    // 8 on duty and 2 that left are 10, of which 3 may leave; 8 alone would make it 2.
    scene.finalized(7, &[exiting(0), exiting(1)]);
    assert_eq!(scene.guardian.view.on_duty(), 8);
    // What a forecast says is what the cap does.
    let share = |scene: &Scene| {
        scene.guardian.ledger.share(&scene.guardian.definition, &scene.guardian.view, Epoch(0))
    };
    assert_eq!(share(&scene), (3, 2));
    assert_eq!(holds(&mut scene, 2..4), [None, Some(Hold::ShareCap)]);
    assert_eq!(share(&scene), (3, 3));
    // One that left without us is no part of it: 9 make it 2.
    let mut scene = scene_of_ten(|caps| caps.max_share_percent_per_day = 30);
    scene.finalized(7, &[exiting(9)]);
    assert_eq!(holds(&mut scene, 0..3), [None, None, Some(Hold::ShareCap)]);
}

#[test]
fn an_exit_that_was_released_meets_no_cap_again() {
    let mut scene = scene_of_ten(|caps| {
        caps.exits_per_operator_per_day = 1;
        caps.exits_per_module_per_day = 1;
        caps.max_share_percent_per_day = 1;
    });
    assert_eq!(holds(&mut scene, [0, 1]), [None, Some(Hold::OperatorCap)]);
    let again = certify(&mut scene, 0, DUE, DUE_SLOT.0 + 8);
    assert_eq!((scene.hold(again), scene.state(again)), (None, Some(State::Signed)));
}

#[test]
fn all_caps_are_the_same_after_a_restart() {
    type Change = fn(&mut Caps);
    let changes: [(Change, Hold); 3] = [
        (|caps| caps.exits_per_operator_per_day = 1, Hold::OperatorCap),
        (|caps| caps.exits_per_module_per_day = 1, Hold::ModuleCap),
        (|caps| caps.max_share_percent_per_day = 10, Hold::ShareCap),
    ];
    for (change, hold) in changes {
        let mut scene = scene_of_ten(change);
        assert_eq!(holds(&mut scene, [0, 1]), [None, Some(hold)]);
        let releases = scene.guardian.ledger.releases.clone();
        scene.restart(Slot(DUE_SLOT.0 + 1));
        assert_eq!(scene.guardian.ledger.releases, releases);
        // With a day's end it goes on.
        assert_eq!(holds(&mut scene, [2]), [Some(hold)]);
    }
}

#[test]
fn a_full_operator_does_not_keep_others_from_being_proposed() {
    let mut scene = scene_of_ten(|caps| caps.exits_per_operator_per_day = 1);
    assert_eq!(holds(&mut scene, [0, 1]), [None, Some(Hold::OperatorCap)]);
    assert_eq!((scene.guardian.docket.capped(), scene.guardian.docket.crowded()), (0, 1));
    let mut scene = scene_of_ten(|caps| caps.max_share_percent_per_day = 10);
    assert_eq!(holds(&mut scene, [0, 1]), [None, Some(Hold::ShareCap)]);
    assert_eq!((scene.guardian.docket.capped(), scene.guardian.docket.crowded()), (1, 0));
}

/// What a network may do to its guardian, as far as caps are concerned.
#[derive(Debug, Clone)]
enum Step {
    Certify {
        index: usize,
        due: u64,
    },
    Wait(u64),
    /// The chain finalizes the exit of one that was released.
    Leave(usize),
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    let index = 0usize..10;
    prop_oneof![
        10 => (index.clone(), 6u64..8).prop_map(|(index, due)| Step::Certify { index, due }),
        3 => prop_oneof![Just(1u64), 2u64..12, 100u64..500, Just(224 * 4), Just(225 * 4)].prop_map(Step::Wait),
        2 => index.prop_map(Step::Leave),
        1 => Just(Step::Restart),
    ]
}

/// A release as the journal tells of it, with what the whole was then.
struct Told {
    epoch: u64,
    exit: VoluntaryExit,
    index: usize,
    left: BTreeSet<usize>,
}

fn any_caps() -> impl Strategy<Value = Caps> {
    (1u64..4, 2u64..7, 1u64..4, 1u64..5, 1u8..60).prop_map(|(epoch, day, operator, module, percent)| Caps {
        exits_per_operator_per_day: operator.min(day.max(epoch)),
        exits_per_module_per_day: module.min(day.max(epoch)),
        max_share_percent_per_day: percent,
        max_dark_percent: 100,
        max_head_lag: 1_000,
        ..Caps::new(epoch, day.max(epoch))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// No sequence of certificates, slots, exits and restarts exceeds any cap in any day, counted by the journal alone.
    #[test]
    fn no_cap_is_ever_exceeded(caps in any_caps(), steps in prop::collection::vec(any_step(), 1..60)) {
        let mut scene = scene_of_ten(|own| *own = caps.clone());
        let (mut slot, mut left, mut seen) = (DUE_SLOT.0 + 8, BTreeSet::new(), 0);
        let mut told: Vec<Told> = Vec::new();
        advance(&mut scene, slot, &left);
        for step in steps {
            match step {
                Step::Certify { index, due } => {
                    certify(&mut scene, index, Epoch(due), slot);
                }
                Step::Wait(slots) => {
                    slot += slots;
                    advance(&mut scene, slot, &left);
                }
                Step::Leave(index) => {
                    if told.iter().any(|release| release.index == index) {
                        left.insert(index);
                    }
                    slot += 1;
                    advance(&mut scene, slot, &left);
                }
                Step::Restart => {
                    slot += 1;
                    let definition = scene.guardian.definition.clone();
                    scene.guardian = Guardian::restore(definition, ME, scene.journal.clone()).unwrap();
                    scene.start();
                    advance(&mut scene, slot, &left);
                }
            }
            for record in &scene.journal[seen..] {
                let Record::Released { proposal, at } = record else { continue };
                let proposed = scene.journal.iter().find_map(|record| match record {
                    Record::Proposed { proposal: known, .. } if known.id() == *proposal => Some(known),
                    _ => None,
                });
                let exit = proposed.unwrap().exit;
                if !told.iter().any(|release| release.exit == exit) {
                    let index = exit.validator_index.0 as usize;
                    told.push(Told { epoch: at.0 / 4, exit, index, left: left.clone() });
                }
            }
            seen = scene.journal.len();
        }
        for (place, last) in told.iter().enumerate() {
            let today: Vec<_> = told[..=place].iter().filter(|one| one.epoch + 225 > last.epoch).collect();
            let count = |test: &dyn Fn(usize) -> bool| today.iter().filter(|one| test(one.index)).count() as u64;
            let epoch = today.iter().filter(|one| one.epoch == last.epoch).count() as u64;
            prop_assert!(epoch <= caps.exits_per_epoch);
            prop_assert!(today.len() as u64 <= caps.exits_per_day);
            prop_assert!(count(&|index| index < 3) <= caps.exits_per_operator_per_day);
            prop_assert!(count(&|index| (3..6).contains(&index)) <= caps.exits_per_operator_per_day);
            prop_assert!(count(&|index| index < 5) <= caps.exits_per_module_per_day);
            prop_assert!(count(&|index| index == 5) <= caps.exits_per_module_per_day);
            let long_gone = last.left.iter().filter(|index| !today.iter().any(|one| one.index == **index)).count();
            let watched = 10 - long_gone as u64;
            let share = (watched * u64::from(caps.max_share_percent_per_day) / 100).max(1);
            let leaving = today.iter().map(|one| one.index).collect::<BTreeSet<_>>().len() as u64;
            // Another exit message of one that was released today takes nobody more.
            let is_another_form = today.iter().rev().skip(1).any(|one| one.index == last.index);
            prop_assert!(is_another_form || leaving <= share, "{leaving} of {watched}");
        }
    }
}

/// Our nodes show the chain at a slot: all dark but those that left.
fn advance(scene: &mut Scene, slot: u64, left: &BTreeSet<usize>) {
    let dark =
        (0..10).filter(|index| !left.contains(index)).map(|index| ValidatorIndex(index as u64)).collect();
    let epoch = slot / 4;
    scene.feed(Event::LivenessObserved(crate::event::Liveness {
        epoch: Epoch(epoch - 1),
        live: Vec::new(),
        dark,
    }));
    let gone: Vec<_> = left.iter().map(|index| exiting(*index)).collect();
    scene.finalized(epoch - 2, &gone);
    let shown = (0..10).filter(|index| !left.contains(index)).map(crate::scene::validator);
    scene.head(slot, &shown.chain(gone).collect::<Vec<_>>());
    scene.slot(slot);
}
