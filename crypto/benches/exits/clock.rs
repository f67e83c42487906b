//! Time this thread spent on a processor, so that other work on the machine is not counted.

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use std::time::{Duration, Instant};

/// On Linux the scheduler's own account of this thread, in nanoseconds; elsewhere the wall clock.
pub(crate) struct Clock {
    on_processor: Option<u64>,
    wall: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { on_processor: on_processor(), wall: Instant::now() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        match (self.on_processor, on_processor()) {
            (Some(start), Some(end)) => Duration::from_nanos(end.saturating_sub(start)),
            _ => self.wall.elapsed(),
        }
    }
}

/// First field of `schedstat` (Linux, `Documentation/scheduler/sched-stats.rst`). Yielding first makes the scheduler
/// bring its account up to date; otherwise it is as old as the last tick.
fn on_processor() -> Option<u64> {
    std::thread::yield_now();
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    account.split_whitespace().next()?.parse().ok().filter(|nanos| *nanos > 0)
}

/// The same clock for criterion.
pub(crate) struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = Clock;
    type Value = Duration;

    fn start(&self) -> Clock {
        Clock::start()
    }

    fn end(&self, clock: Clock) -> Duration {
        clock.elapsed()
    }

    fn add(&self, left: &Duration, right: &Duration) -> Duration {
        *left + *right
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        static WALL_TIME: WallTime = WallTime;
        WALL_TIME.formatter()
    }
}
