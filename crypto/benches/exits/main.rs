//! What an exit costs, beside `blsttc` and beside what the curve itself costs, all in one run.
//!
//! `cargo bench -p crypto` prints the table of `BENCHMARKS.md` first and then criterion's figures for the single
//! operations. Everything here runs on one thread, and the table counts the time that thread spent on a processor. Every
//! pipeline is run in turn, several rounds over, and the smallest time of each is kept.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot set up should stop")]

mod blsttc_pipelines;
mod clock;
#[path = "../../src/group.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the crate's own file, compiled in so that its primitives can be timed alone"
)]
mod group;
mod operations;
mod pipelines;
mod primitives;
mod workload;

/// For the file above, which lives in the crate.
mod spec {
    pub(crate) use crypto::spec::Root;
}

use primitives::Primitives;
use std::time::{Duration, Instant};
use workload::Workload;

/// Exits in one run of a pipeline.
const EXITS: usize = 200;

/// Times each pipeline is run.
const ROUNDS: usize = 7;

/// A pipeline's turn in a round.
const TURN: Duration = Duration::from_millis(500);

/// The networks of the table, t of n.
const NETWORKS: [(u16, u16); 3] = [(2, 3), (3, 4), (5, 7)];

fn main() {
    // `cargo bench` says so; `cargo test --all-targets` does not, and has nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut primitives = Primitives::default();
    let mut lines: Vec<Line> = Vec::new();
    for (t, n) in NETWORKS {
        let work = Workload::new(t, n, EXITS);
        let mut line = Line::new(&work);
        for _ in 0..ROUNDS {
            primitives.measure(&work);
            line.measure(&work);
        }
        lines.push(line);
    }
    primitives.print();
    for line in &lines {
        line.print(&primitives);
    }
    operations::run();
}

/// One network's smallest times, a run of all exits.
struct Line {
    t: u16,
    n: u16,
    cached: Duration,
    fresh: Duration,
    without_choice: Duration,
    with_a_liar: Duration,
    one_by_one: Duration,
    blsttc_once: Duration,
    blsttc_every: Duration,
    blsttc_every_cached: Duration,
}

impl Line {
    fn new(work: &Workload) -> Self {
        let none = Duration::MAX;
        Self {
            t: work.t,
            n: work.n,
            cached: none,
            fresh: none,
            without_choice: none,
            with_a_liar: none,
            one_by_one: none,
            blsttc_once: none,
            blsttc_every: none,
            blsttc_every_cached: none,
        }
    }

    fn measure(&mut self, work: &Workload) {
        keep_least(&mut self.cached, || pipelines::combine_cached(work));
        keep_least(&mut self.fresh, || pipelines::combine_fresh(work));
        keep_least(&mut self.without_choice, || pipelines::combine_without_choice(work));
        keep_least(&mut self.with_a_liar, || pipelines::combine_with_a_liar(work));
        keep_least(&mut self.one_by_one, || pipelines::verify_every_partial(work));
        keep_least(&mut self.blsttc_once, || blsttc_pipelines::verify_once(work));
        keep_least(&mut self.blsttc_every, || blsttc_pipelines::verify_every_partial(work));
        keep_least(&mut self.blsttc_every_cached, || blsttc_pipelines::verify_every_partial_cached(work));
    }

    fn print(&self, primitives: &Primitives) {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / EXITS as f64;
        let ours = each(self.cached);
        let limit = primitives.limit(self.t, EXITS);
        let row = |name: &str, time: f64, bound: Option<f64>| {
            let of_limit = bound.map_or("".to_owned(), |bound| format!("{:.2}", time / bound));
            println!("| {name:<58} | {time:>8.0} | {of_limit:>9} | {:>9.1} |", time / ours);
        };
        println!("\n{} of {}, {EXITS} exits, us an exit:\n", self.t, self.n);
        println!("| pipeline | us | of its limit | times ours |");
        println!("|---|---|---|---|");
        row("limit from the primitives, H(m) kept", limit, Some(limit));
        row("**combine, H(m) kept from our own signing**", ours, Some(limit));
        let fresh_limit = limit + primitives.hash();
        row("limit, hashing counted", fresh_limit, Some(fresh_limit));
        row("combine, hashing counted", each(self.fresh), Some(fresh_limit));
        row("combine, H(m) kept, only a subset with D > 1 at hand", each(self.without_choice), None);
        row("combine, H(m) kept, one guardian corrupting every partial", each(self.with_a_liar), None);
        row("our primitives, every partial verified", each(self.one_by_one), None);
        row("blsttc 8, combine, verify once", each(self.blsttc_once), None);
        row("blsttc 8, every partial verified, public shares kept", each(self.blsttc_every_cached), None);
        row("blsttc 8, every partial verified", each(self.blsttc_every), None);
    }
}

/// Runs for [`TURN`] at least, so that a short pipeline gets as much of the machine's quiet as a long one.
fn keep_least(least: &mut Duration, run: impl Fn()) {
    let turn = Instant::now();
    while turn.elapsed() < TURN {
        let clock = clock::Clock::start();
        run();
        *least = clock.elapsed().min(*least);
    }
}
