//! How far a long synchronization, or something that guardians do together, is: a bar where standard error is a terminal, a line in the log every few seconds
//! otherwise.
//!
//! There is one terminal a process, so the bars are the process's: the log writes beside them.

use crypto::execution::BlockNumber;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tracing::info;

/// Least time between two lines in the log.
const LINE_EVERY: Duration = Duration::from_secs(5);

static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Standard error beside the bars: they step aside for each line.
#[derive(Debug, Clone, Copy)]
pub struct BesideBars;

impl Write for BesideBars {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        BARS.suspend(|| std::io::stderr().write(line))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// The progress of reading the contracts' logs.
#[derive(Debug)]
pub struct Progress {
    deployed: u64,
    registrations: u64,
    terminal: bool,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    bar: ProgressBar,
    began: (Instant, u64),
    said: Option<Instant>,
}

impl Progress {
    /// Nothing under way; blocks are counted from the one the contracts were deployed in.
    pub fn new(deployed: BlockNumber) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { deployed: deployed.0, registrations: 0, terminal, running: None }
    }

    /// More registrations were taken in.
    pub fn registered(&mut self, registrations: usize) {
        self.registrations += registrations as u64;
    }

    /// Scanned up to `scanned` of `target`: begins, moves and ends what is shown.
    pub fn at(&mut self, scanned: BlockNumber, target: BlockNumber) {
        self.at_instant(scanned.0, target.0, Instant::now());
    }

    /// Says what it did to the log: nothing, or how far it is.
    fn at_instant(&mut self, scanned: u64, target: u64, now: Instant) -> Option<String> {
        let running = self.running.get_or_insert_with(|| Running {
            bar: if self.terminal { BARS.add(bar()) } else { ProgressBar::hidden() },
            began: (now, scanned),
            said: None,
        });
        running.bar.set_length(target.saturating_sub(self.deployed));
        running.bar.set_position(scanned.saturating_sub(self.deployed));
        running.bar.set_message(format!("{} registrations", self.registrations));
        let done = scanned >= target;
        let due = running.said.is_none_or(|said| now.saturating_duration_since(said) >= LINE_EVERY);
        let line = (done || (due && !self.terminal)).then(|| {
            running.said = Some(now);
            let (began, first) = running.began;
            let left = seconds_left(
                now.saturating_duration_since(began),
                scanned - first.min(scanned),
                target.saturating_sub(scanned),
            );
            let percent =
                percent(scanned.saturating_sub(self.deployed), target.saturating_sub(self.deployed));
            let registrations = self.registrations;
            info!(scanned, of = target, percent, registrations, seconds_left = left, "reading the contracts");
            format!("{scanned} of {target}, {percent} %, {left:?} s left")
        });
        if done && let Some(running) = self.running.take() {
            running.bar.finish_and_clear();
        }
        line
    }
}

/// The steps of something that others do with us, such as a ceremony: a bar where standard error is a terminal, nothing
/// otherwise; cleared at its end.
#[derive(Debug)]
pub struct Steps {
    bar: ProgressBar,
}

impl Steps {
    /// Nothing done yet; `quiet` where programs read along.
    pub fn new(quiet: bool) -> Self {
        let is_shown = !quiet && std::io::stderr().is_terminal();
        Self { bar: if is_shown { BARS.add(steps_bar()) } else { ProgressBar::hidden() } }
    }

    /// So many of all are done, of what is counted now.
    pub fn at(&self, what: &'static str, done: u64, all: u64) {
        self.bar.set_length(all);
        self.bar.set_position(done.min(all));
        self.bar.set_message(what);
    }

    /// Says something beside the bar.
    pub fn beside<T>(&self, say: impl FnOnce() -> T) -> T {
        BARS.suspend(say)
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn steps_bar() -> ProgressBar {
    let template = "{spinner} {msg} {wide_bar} {pos}/{len}, {elapsed} so far";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// How long the rest takes at the pace so far; None before there is a pace.
fn seconds_left(elapsed: Duration, done: u64, left: u64) -> Option<u64> {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    Some(milliseconds.saturating_mul(left).checked_div(done)? / 1000)
}

fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(100)
}

fn bar() -> ProgressBar {
    let template = "reading the contracts {wide_bar} {pos}/{len} blocks, {msg}, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_synchronization_is_told_every_few_seconds_and_at_its_end() {
        let mut progress = Progress { deployed: 1000, registrations: 0, terminal: false, running: None };
        let start = Instant::now();
        let mut at =
            |seconds, scanned| progress.at_instant(scanned, 3000, start + Duration::from_secs(seconds));
        assert_eq!(at(0, 1000).unwrap(), "1000 of 3000, 0 %, None s left");
        assert_eq!(at(1, 1400), None);
        assert_eq!(at(4, 1600), None);
        assert_eq!(at(5, 2000).unwrap(), "2000 of 3000, 50 %, Some(5) s left");
        assert_eq!(at(6, 3000).unwrap(), "3000 of 3000, 100 %, Some(0) s left");
        assert!(progress.running.is_none());
        // A target that was met before anything was scanned, and one that moved back.
        assert!(progress.at_instant(1000, 1000, start).is_some());
        assert!(progress.at_instant(5, 3, start).is_some());
    }
}
