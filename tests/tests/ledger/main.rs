//! What guardians compute of tickets is what the contract does, to the wei: randomized histories of several operators
//! with several validators, run on the compiled contract, which after every step is held against the ledger.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

mod history;
mod machine;
mod tally;
mod world;

use history::{Step, histories};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tally::Tally;
use world::World;

/// Steps in one history.
const STEPS: usize = 50;

fn play(steps: &[Step], dropped: Option<usize>) -> World {
    let mut world = World::new(dropped);
    for step in steps {
        world.take(step);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ledger_and_contract_agree_to_the_wei(steps in histories(STEPS)) {
        let world = play(&steps, None);
        prop_assert_eq!((world.unexplained(), world.logs()), (0, world.logs()));
    }

    /// A node that leaves one log out is noticed, whichever it is.
    #[test]
    fn a_dropped_log_is_noticed(steps in histories(STEPS), dropped in 0_usize..40) {
        let world = play(&steps, Some(dropped));
        prop_assert_eq!(world.unexplained() > 0, dropped < world.logs());
    }
}

/// The histories above are worth something: they reach every case of the rules.
#[test]
fn histories_reach_every_case() {
    let mut runner = TestRunner::deterministic();
    let mut tally = Tally::default();
    for _ in 0..48 {
        let steps = histories(STEPS).new_tree(&mut runner).unwrap().current();
        tally.add(&play(&steps, None).tally);
    }
    assert!(tally.is_complete(), "{tally:?}");
}
