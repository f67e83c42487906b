//! Whether this guardian does its part right now. Recomputed for every question from what the loop last published and
//! the clocks of the moment, so that a loop that stands still stops being ready without saying so itself.
//!
//! *Not ready* means: this node cannot do its own part (its loop, its view of the chain, its beacon nodes). *Degraded*
//! means: it can, but something it depends on is thinner than it should be; taking it out of service would not help.

use crypto::spec::{ChainSpec, Slot};
use guardian_core::status::StatusSnapshot;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Slot lengths without a processed slot after which the loop counts as standing still.
const STALE_SLOTS: u32 = 2;

/// Slots that a head may lie ahead of our clock: clocks are never quite the same.
const AHEAD_SLOTS: u64 = 2;

/// Epochs between the clock and finality after which the chain counts as not finalizing; two to three are ordinary.
const FINALITY_EPOCHS: u64 = 4;

/// What the loop shows to the outside; the only thing that HTTP reads.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What the node is doing.
    pub phase: Phase,
    /// The newest snapshot, once there is one.
    pub status: Option<Arc<StatusSnapshot>>,
    /// When the newest slot was processed, by the monotonic clock.
    pub slot_processed: Option<Instant>,
}

/// The node's life.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Phase {
    /// Opening its store and shares.
    #[default]
    Starting,
    /// No usable beacon node yet; the text says what the last attempt found.
    Connecting(String),
    /// The loop runs.
    Running,
    /// Asked to stop.
    Stopping,
}

/// The answer of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether this node can do its part.
    pub ready: bool,
    /// Why not; empty when ready.
    pub reasons: Vec<Reason>,
    /// What is thinner than it should be.
    pub degraded: Vec<Reason>,
}

/// One reason, with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable, for machines.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

/// The clocks at the moment of the question.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Monotonic.
    pub instant: Instant,
    /// The chain's slot by the system clock; `None` before genesis.
    pub slot: Option<Slot>,
}

impl Readiness {
    /// Judges a view at a moment.
    pub fn of(view: &View, chain: &ChainSpec, moment: Moment) -> Self {
        let mut reasons = Vec::new();
        let mut degraded = Vec::new();
        let mut not_ready = |code, detail| reasons.push(Reason { code, detail });
        match &view.phase {
            Phase::Starting => not_ready("starting", "opening the store and the shares".to_owned()),
            Phase::Connecting(problem) => not_ready("connecting", problem.clone()),
            Phase::Stopping => not_ready("stopping", "the node was asked to stop".to_owned()),
            Phase::Running => {}
        }
        match (view.slot_processed, moment.slot) {
            (_, None) => not_ready(
                "before_genesis",
                format!("genesis, at Unix time {}, is ahead of this machine's clock", chain.genesis_time),
            ),
            (None, Some(_)) => not_ready("slot_stale", "no slot processed yet".to_owned()),
            (Some(at), Some(_)) => {
                let age = moment.instant.saturating_duration_since(at);
                if age > Duration::from_secs(chain.seconds_per_slot.get()).saturating_mul(STALE_SLOTS) {
                    not_ready("slot_stale", format!("no slot processed for {} s", age.as_secs()));
                }
            }
        }
        if let (Some(status), Some(now)) = (&view.status, moment.slot) {
            chain_reasons(status, chain, now, &mut not_ready);
            thin(status, chain, now, &mut |code, detail| degraded.push(Reason { code, detail }));
        }
        Self { ready: reasons.is_empty(), reasons, degraded }
    }
}

/// What this node needs of its own beacon nodes. A head may lie one epoch behind before it counts as old: empty slots
/// are ordinary, an empty epoch is not.
fn chain_reasons(
    status: &StatusSnapshot,
    chain: &ChainSpec,
    now: Slot,
    not_ready: &mut impl FnMut(&'static str, String),
) {
    if status.nodes.healthy == 0 {
        let total = status.nodes.total;
        not_ready(
            "no_healthy_beacon_node",
            format!("0 of {total} beacon nodes are healthy; the log says why"),
        );
    }
    if status.nodes.disagree {
        let detail = "own beacon nodes finalized different blocks; find the wrong one, remove it and restart";
        not_ready("beacon_nodes_disagree", detail.to_owned());
    }
    match status.head {
        None => not_ready("no_head", "no beacon node has reported a head yet".to_owned()),
        Some(head) if now.0.saturating_sub(head.0) > chain.slots_per_epoch.get() => {
            not_ready("head_stale", format!("the head is at slot {head}, the clock at slot {now}"));
        }
        // A head from the future is our clock's mistake; peers would refuse all we say.
        Some(head) if head.0 > now.0.saturating_add(AHEAD_SLOTS) => {
            let detail =
                format!("the head is at slot {head}, this machine's clock at slot {now}; set the clock");
            not_ready("clock_behind", detail);
        }
        Some(_) => {}
    }
}

/// What this node leans on beside its own parts.
fn thin(
    status: &StatusSnapshot,
    chain: &ChainSpec,
    now: Slot,
    degraded: &mut impl FnMut(&'static str, String),
) {
    // Ourselves and everybody we are connected to.
    let reachable = status.peers.iter().filter(|peer| peer.connected).count() + 1;
    if !status.threshold.met_by(reachable) {
        let t = status.threshold.t();
        degraded(
            "below_threshold",
            format!("{reachable} guardians reachable with this one, {t} needed to act"),
        );
    }
    if status.nodes.healthy > 0 && status.nodes.healthy < status.nodes.total {
        let (healthy, total) = (status.nodes.healthy, status.nodes.total);
        degraded("beacon_node_down", format!("{healthy} of {total} beacon nodes are healthy"));
    }
    let epoch = chain.epoch_of(now);
    if let Some(finalized) = status.finalized.map(|checkpoint| checkpoint.epoch)
        && finalized.saturating_add(FINALITY_EPOCHS) < epoch
    {
        degraded(
            "finality_stale",
            format!("epoch {finalized} is finalized in epoch {epoch}: nobody is accused, no exit released"),
        );
    }
}
