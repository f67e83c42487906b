//! Whether this guardian does its part right now. Recomputed for every question from what the loop last published and
//! the clocks of the moment, so that a loop that stands still stops being ready without saying so itself.
//!
//! *Not ready* means: this node cannot do its own part (its loop, its view of the chain, its beacon nodes). *Degraded*
//! means: it can, but something it depends on is thinner than it should be; taking it out of service would not help.

use super::decisions;
use crypto::spec::{ChainSpec, Slot};
use guardian_core::status::{ExecutionStatus, StatusSnapshot};
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
    /// No usable beacon or execution node yet; the text says what the last attempt found.
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
            if let Some(execution) = &status.execution {
                contract_reasons(execution, &mut not_ready);
                stale_contracts(status, execution, chain, &mut not_ready);
                thin_execution(execution, &mut |code, detail| degraded.push(Reason { code, detail }));
            }
            thin(status, chain, now, &mut |code, detail| degraded.push(Reason { code, detail }));
            decisions::degraded(status, &mut |code, detail| degraded.push(Reason { code, detail }));
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

/// What this node needs of its execution nodes and of the contracts they show.
fn contract_reasons(execution: &ExecutionStatus, not_ready: &mut impl FnMut(&'static str, String)) {
    let health = &execution.health;
    if health.healthy == 0 {
        let problem = health.problem.as_deref().unwrap_or("the log says why");
        not_ready(
            "no_healthy_execution_node",
            format!("0 of {} execution nodes are healthy; {problem}", health.total),
        );
    }
    if health.disagree {
        let detail =
            "own execution nodes finalized different blocks; find the wrong one, remove it and restart";
        not_ready("execution_nodes_disagree", detail.to_owned());
    }
    if execution.diverged {
        let at = execution.scanned.map_or_else(String::new, |block| format!(" {}", block.number));
        let detail = format!(
            "the execution chain has another block where{at} was scanned as finalized; check that the nodes serve the \
             right chain and restart. Only if nodes you trust say so again, move data_dir away and start afresh"
        );
        not_ready("contracts_diverged", detail);
    }
    match (execution.mismatches.first(), execution.state) {
        (Some(first), _) => {
            let more = match execution.mismatches.len() {
                1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            let detail = format!(
                "{} is {} in the network definition, the contracts say {}{more}; all guardians need a definition \
                 that agrees with the contracts",
                first.field, first.ours, first.theirs
            );
            not_ready("contracts_mismatch", detail);
        }
        (None, None) => {
            let far = match (execution.scanned, execution.target) {
                (Some(scanned), Some(target)) => format!(": scanned {} of {target} blocks", scanned.number),
                (Some(_), None) | (None, _) => String::new(),
            };
            not_ready("contracts_unknown", format!("the contracts were not read since the start{far}"));
        }
        (None, Some(_)) => {}
    }
}

/// Contracts last read long before what our beacon nodes call finalized: registrations and tickets pass us by.
fn stale_contracts(
    status: &StatusSnapshot,
    execution: &ExecutionStatus,
    chain: &ChainSpec,
    not_ready: &mut impl FnMut(&'static str, String),
) {
    let (Some(read), Some(finalized)) = (execution.state, status.finalized) else { return };
    let at = guardian_core::tickets::epoch_at(chain, read.timestamp);
    if at.saturating_add(FINALITY_EPOCHS) < finalized.epoch {
        let problem = execution.health.problem.as_deref().unwrap_or("the log says why");
        let detail = format!(
            "the contracts were last read at block {}, in epoch {at}; epoch {} is finalized: {problem}",
            read.number, finalized.epoch
        );
        not_ready("contracts_stale", detail);
    }
}

/// Execution nodes that are thinner than they should be.
fn thin_execution(execution: &ExecutionStatus, degraded: &mut impl FnMut(&'static str, String)) {
    let health = &execution.health;
    let problem = health.problem.as_deref().map_or_else(String::new, |problem| format!(": {problem}"));
    if health.healthy > 0 && health.healthy < health.total {
        let detail = format!("{} of {} execution nodes are healthy{problem}", health.healthy, health.total);
        degraded("execution_node_down", detail);
    } else if health.healthy > 0 && health.problem.is_some() {
        degraded("execution_problem", format!("an execution node is at fault{problem}"));
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
