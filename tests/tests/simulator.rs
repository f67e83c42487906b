//! Stories of the guardian network on virtual slots. `SIMULATOR_SEED=n` runs one stormy seed, `SIMULATOR_SEEDS=n` that many.

use std::sync::atomic::{AtomicU64, Ordering};
use tests::simulator::Banner;
use tests::simulator::story::Story;
use tests::simulator::world::World;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, got {text:?}")))
}

fn stormy(seed: u64) {
    let _banner = Banner { test: "a_thousand_storms", seed };
    let mut world = World::new(Story::stormy(seed));
    let over = world.run_until(World::all_dark_are_gone);
    assert!(
        over,
        "after {} slots a dark validator is still there: {:#?}",
        world.chain().slot(),
        world.chain().members()
    );
}

#[test]
fn a_thousand_storms() {
    if let Some(seed) = number("SIMULATOR_SEED") {
        return stormy(seed);
    }
    let seeds = number("SIMULATOR_SEEDS").unwrap_or(1_000);
    let next = AtomicU64::new(0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    stormy(seed);
                }
            });
        }
    });
}
