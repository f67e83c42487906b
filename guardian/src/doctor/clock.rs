//! This machine's clock, against those of our nodes and against the chain.

use super::{Area, Finding};
use chain_watcher::checkup::Checkup;
use guardian_core::guardian_set::NetworkDefinition;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds by which clocks may differ: the nodes' answers are exact to one, and the road takes its time.
const TOLERANCE: u64 = 3;

/// Slots by which a head may lie ahead of our clock.
const AHEAD_SLOTS: u64 = 2;

/// Compares clocks.
pub(super) fn examine(definition: &NetworkDefinition, checkups: &[Checkup], tell: &mut impl FnMut(Finding)) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or(0);
    let chain = &definition.chain;
    let Some(since_genesis) = now.checked_sub(chain.genesis_time) else {
        let says = format!("genesis, at Unix time {}, is ahead of this machine's clock", chain.genesis_time);
        let fix = "set the clock, or wait for genesis";
        tell(Finding::faulty(Area::Clock, "before_genesis", says, fix));
        return;
    };
    let slot = since_genesis / chain.seconds_per_slot.get();
    let ahead =
        checkups.iter().filter_map(|checkup| checkup.sync.as_ref().ok()).map(|sync| sync.head.0).max();
    if let Some(head) = ahead.filter(|head| *head > slot.saturating_add(AHEAD_SLOTS)) {
        let says =
            format!("the chain's head is at slot {head}, this machine's clock at slot {slot}: it is behind");
        let fix = "set the clock and keep it set (NTP); peers refuse what comes from another time";
        tell(Finding::faulty(Area::Clock, "clock_behind", says, fix));
        return;
    }
    let mut offsets: Vec<_> =
        checkups.iter().filter_map(|checkup| Some((checkup.clock_offset?, &checkup.node))).collect();
    offsets.sort_unstable();
    // The middle one: one node with a wrong clock does not accuse ours.
    let Some((offset, node)) = offsets.get(offsets.len() / 2) else {
        let says = "no beacon node says what time it is";
        tell(Finding::unknown(Area::Clock, "clock_unexamined", says, "compare with another clock by hand"));
        return;
    };
    if offset.unsigned_abs() > TOLERANCE {
        let direction = if *offset > 0 { "behind" } else { "ahead of" };
        let says = format!("this clock is {} s {direction} that of node `{node}`", offset.unsigned_abs());
        let fix = "set the clock and keep it set (NTP), on this machine or on that one";
        tell(Finding::faulty(Area::Clock, "clock_differs", says, fix));
        return;
    }
    let says = format!("the clock agrees with {} of our nodes to {TOLERANCE} s: slot {slot}", offsets.len());
    tell(Finding::sound(Area::Clock, "clock", says));
}
