//! Prometheus metrics: every name, help text and label in one place.
//!
//! [`Metrics`] is a struct of handles bound to a recorder of its own, not the process-wide recorder: two nodes in one
//! process do not count into each other. Every label value is known here, so that no peer can add a time series.

mod attention;

pub use attention::Attention;

use crypto::registration::Verdict;
use guardian_core::event::PostOutcome;
use guardian_core::fault::FaultKind;
use guardian_core::message::Decision;
use guardian_core::proposal::State;
use guardian_core::status::{ExecutionStatus, Standing, StatusSnapshot};
use metrics::{Counter, Gauge, Histogram, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use p2p::{Counters, Rejection};
use std::collections::BTreeMap;

/// Under which reason the approvals of a certificate are counted that are forged, foreign or no vote at all.
const FALSE_APPROVAL: &str = "false_approval";

/// Upper bounds, seconds, of the buckets of every latency histogram.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

const STATES: [State; 9] = [
    State::Open,
    State::Certified,
    State::Signed,
    State::Submitted,
    State::Included,
    State::Finalized,
    State::Rejected,
    State::Expired,
    State::Moot,
];

const FAULTS: [FaultKind; 8] = [
    FaultKind::Equivocation,
    FaultKind::InvalidPartial,
    FaultKind::ForeignShare,
    FaultKind::InvalidCertificate,
    FaultKind::MalformedProposal,
    FaultKind::Garbage,
    FaultKind::Flooding,
    FaultKind::WrongEpoch,
];

const STANDINGS: [Standing; 6] =
    [Standing::Idle, Standing::Ok, Standing::Warning, Standing::Short, Standing::Due, Standing::Unknown];

/// Handles of all metrics of one node. Cheap to clone; clones count into the same series.
#[derive(Clone)]
pub struct Metrics {
    slot: Gauge,
    head: Gauge,
    finalized: Gauge,
    peers: Gauge,
    validators: Gauge,
    validators_dark: Gauge,
    nodes: Gauge,
    nodes_healthy: Gauge,
    nodes_disagree: Gauge,
    inbox: Gauge,
    execution: Execution,
    operators: BTreeMap<Standing, Gauge>,
    proposals: BTreeMap<State, Gauge>,
    votes: [Counter; 3],
    faults: BTreeMap<FaultKind, Counter>,
    refused: BTreeMap<&'static str, Counter>,
    received: Counter,
    published: Counter,
    unsent: Counter,
    dial_failures: Counter,
    catch_ups: Counter,
    submissions: [Counter; 4],
    /// What asks for the operator's attention.
    pub attention: Attention,
    /// Own messages not handed to the network because a queue was full. The core offers again.
    pub broadcasts_dropped: Counter,
    /// Orders refused because a worker's queue was full. The core gives them again.
    pub orders_dropped: Counter,
    /// Epochs missing from the recording because the writer was too busy or the disk refused.
    pub recording_dropped: Counter,
    /// Seconds until records were durable.
    pub persist: Histogram,
    /// Seconds to sign one exit with our share and to check the result.
    pub sign: Histogram,
    /// Seconds to combine and verify one exit.
    pub combine: Histogram,
}

/// What the execution nodes and the contracts show. All zero where the network acts on no contracts.
#[derive(Clone)]
struct Execution {
    nodes: Gauge,
    healthy: Gauge,
    disagree: Gauge,
    scanned: Gauge,
    target: Gauge,
    mismatches: Gauge,
    known: Gauge,
    diverged: Gauge,
    registrations: BTreeMap<&'static str, Gauge>,
}

/// The reading half: what `/metrics` shows.
#[derive(Clone)]
pub struct Page {
    handle: PrometheusHandle,
    ready: Gauge,
}

impl Page {
    /// The page in Prometheus text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Whether the node is ready, as found a moment ago: readiness depends on the clock, so the loop cannot know it.
    pub fn ready(&self, ready: bool) {
        self.ready.set(f64::from(u8::from(ready)));
    }

    /// Folds recorded samples into their buckets. Must be called now and then: samples wait in memory until it is, and
    /// nobody may be scraping.
    pub fn fold(&self) {
        self.handle.run_upkeep();
    }
}

impl Metrics {
    /// Registers every metric.
    pub fn new() -> (Self, Page) {
        let builder = PrometheusBuilder::new();
        // The only error is an empty bucket list; then the exporter's own summary would do.
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            metrics::describe_gauge!("guardian_build_info", "Always 1; the version is in the label");
            metrics::gauge!("guardian_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
            let ready = gauge("guardian_ready", "1 while this guardian can do its part, as /readyz says");
            (Self::register(), Page { handle, ready })
        })
    }

    fn register() -> Self {
        let votes = |decision: &'static str| {
            counter("guardian_votes_total", "Own votes, by decision", "decision", decision)
        };
        let submissions = |outcome: &'static str| {
            let help = "Answers of beacon nodes to posted exits, by outcome";
            counter("guardian_submissions_total", help, "outcome", outcome)
        };
        metrics::describe_gauge!("guardian_proposals", "Proposals known, by state");
        metrics::describe_gauge!(
            "guardian_operators",
            "Node operators, by their standing with the tickets rule"
        );
        Self {
            slot: gauge("guardian_slot", "The newest slot this guardian has processed"),
            head: gauge("guardian_head_slot", "Slot of the head its beacon nodes report"),
            finalized: gauge("guardian_finalized_epoch", "Epoch of the finalized checkpoint they agree on"),
            peers: gauge("guardian_peers_connected", "Other guardians connected now"),
            validators: gauge("guardian_validators", "Validators this guardian holds shares of"),
            validators_dark: gauge("guardian_validators_dark", "Of these, dark in the last finalized epoch"),
            nodes: gauge("guardian_beacon_nodes", "Beacon nodes configured"),
            nodes_healthy: gauge("guardian_beacon_nodes_healthy", "Beacon nodes that answer and are synced"),
            nodes_disagree: gauge("guardian_beacon_nodes_disagree", "1 while they disagree about finality"),
            inbox: gauge("guardian_inbox_depth", "Events waiting to be handled"),
            execution: Execution::register(),
            operators: STANDINGS
                .into_iter()
                .map(|standing| {
                    (standing, metrics::gauge!("guardian_operators", "standing" => standing.code()))
                })
                .collect(),
            proposals: STATES
                .into_iter()
                .map(|state| (state, metrics::gauge!("guardian_proposals", "state" => state_label(state))))
                .collect(),
            votes: [votes("approve"), votes("reject"), votes("withdraw")],
            faults: FAULTS
                .into_iter()
                .map(|kind| {
                    let help = "Misbehaviour of other guardians, by code";
                    (kind, counter("guardian_faults_total", help, "code", kind.code()))
                })
                .collect(),
            refused: Rejection::ALL
                .into_iter()
                .map(Rejection::code)
                .chain([FALSE_APPROVAL])
                .map(|reason| {
                    let help = "Messages refused before they reached the core, by reason";
                    (reason, counter("guardian_messages_refused_total", help, "reason", reason))
                })
                .collect(),
            received: plain_counter(
                "guardian_messages_received_total",
                "Messages of other guardians taken in",
            ),
            published: plain_counter(
                "guardian_messages_published_total",
                "Own messages sent to at least one peer",
            ),
            unsent: plain_counter(
                "guardian_messages_unsent_total",
                "Own messages that found no peer or full queues",
            ),
            dial_failures: plain_counter("guardian_dial_failures_total", "Times dialling a guardian failed"),
            catch_ups: plain_counter(
                "guardian_catch_ups_received_total",
                "Answers got after having been away",
            ),
            submissions: [
                submissions("accepted"),
                submissions("already_known"),
                submissions("rejected"),
                submissions("unreachable"),
            ],
            attention: Attention::register(),
            broadcasts_dropped: plain_counter(
                "guardian_broadcasts_dropped_total",
                "Own messages not handed to the network because a queue was full",
            ),
            orders_dropped: plain_counter(
                "guardian_orders_dropped_total",
                "Sign, combine and submit orders refused because a worker's queue was full",
            ),
            recording_dropped: plain_counter(
                "guardian_recording_epochs_dropped_total",
                "Epochs missing from the recording because the writer was too busy or the disk refused",
            ),
            persist: histogram("guardian_persist_seconds", "Time until records were durable"),
            sign: histogram("guardian_sign_seconds", "Time to sign one exit with our share and check it"),
            combine: histogram("guardian_combine_seconds", "Time to combine and verify one exit"),
        }
    }

    /// Events waiting to be handled.
    pub fn inbox_depth(&self, events: usize) {
        self.inbox.set(count(events));
    }

    /// A slot was processed.
    #[allow(clippy::cast_precision_loss, reason = "Prometheus values are f64; slots stay far below 2^53")]
    pub fn slot_processed(&self, slot: crypto::spec::Slot) {
        self.slot.set(slot.0 as f64);
    }

    /// A vote of ours was cast.
    pub fn voted(&self, decision: Decision) {
        let [approve, reject, withdraw] = &self.votes;
        match decision {
            Decision::Approve => approve.increment(1),
            Decision::Reject(_) => reject.increment(1),
            Decision::Withdraw(_) => withdraw.increment(1),
        }
    }

    /// Another guardian misbehaved.
    pub fn faulted(&self, kind: FaultKind) {
        if let Some(counter) = self.faults.get(&kind) {
            counter.increment(1);
        }
    }

    /// A certificate held something that is no guardian's approval.
    pub fn false_approval(&self) {
        if let Some(counter) = self.refused.get(FALSE_APPROVAL) {
            counter.increment(1);
        }
    }

    /// Takes the network layer's counts, which only grow.
    pub fn network(&self, counts: &Counters) {
        for (reason, count) in &counts.refused {
            if let Some(counter) = self.refused.get(reason) {
                counter.absolute(*count);
            }
        }
        self.received.absolute(counts.received);
        self.published.absolute(counts.published);
        self.unsent.absolute(counts.unsent);
        self.dial_failures.absolute(counts.dial_failures);
        self.catch_ups.absolute(counts.catch_ups_received);
    }

    /// A beacon node answered a posted exit.
    pub fn submitted(&self, outcome: &PostOutcome) {
        let [accepted, already_known, rejected, unreachable] = &self.submissions;
        match outcome {
            PostOutcome::Accepted => accepted.increment(1),
            PostOutcome::AlreadyKnown => already_known.increment(1),
            PostOutcome::Rejected(_) => rejected.increment(1),
            PostOutcome::Unreachable(_) => unreachable.increment(1),
        }
    }

    /// Takes every gauge that the status snapshot knows.
    #[allow(clippy::cast_precision_loss, reason = "Prometheus values are f64; slots stay far below 2^53")]
    pub fn snapshot(&self, status: &StatusSnapshot) {
        self.head.set(status.head.map_or(0.0, |slot| slot.0 as f64));
        self.finalized.set(status.finalized.map_or(0.0, |checkpoint| checkpoint.epoch.0 as f64));
        self.peers.set(count(status.peers.iter().filter(|peer| peer.connected).count()));
        self.validators.set(count(status.validators.len()));
        self.validators_dark.set(count(status.validators.iter().filter(|v| v.dark_epochs > 0).count()));
        self.nodes.set(f64::from(status.nodes.total));
        self.nodes_healthy.set(f64::from(status.nodes.healthy));
        self.nodes_disagree.set(if status.nodes.disagree { 1.0 } else { 0.0 });
        if let Some(execution) = &status.execution {
            self.execution.snapshot(execution);
        }
        self.attention.snapshot(status);
        for (standing, gauge) in &self.operators {
            gauge.set(count(status.operators.iter().filter(|one| one.standing == *standing).count()));
        }
        for (state, gauge) in &self.proposals {
            gauge.set(count(status.proposals.iter().filter(|proposal| proposal.state == *state).count()));
        }
    }
}

impl Execution {
    fn register() -> Self {
        metrics::describe_gauge!("guardian_registrations", "Registrations in the contracts, by verdict");
        Self {
            nodes: gauge("guardian_execution_nodes", "Execution nodes configured"),
            healthy: gauge("guardian_execution_nodes_healthy", "Execution nodes that answer and are synced"),
            disagree: gauge(
                "guardian_execution_nodes_disagree",
                "1 while they disagree about a finalized block",
            ),
            scanned: gauge("guardian_scanned_block", "Last execution block whose logs are in the journal"),
            target: gauge(
                "guardian_scan_target_block",
                "Last finalized execution block, while a long scan runs",
            ),
            mismatches: gauge(
                "guardian_contract_mismatches",
                "Fields the contracts say otherwise than the definition",
            ),
            known: gauge("guardian_contracts_known", "1 once the contracts were read since the start"),
            diverged: gauge(
                "guardian_contracts_diverged",
                "1 once the chain replaced a block scanned as finalized",
            ),
            registrations: Verdict::ALL
                .into_iter()
                .map(Verdict::code)
                .map(|code| (code, metrics::gauge!("guardian_registrations", "verdict" => code)))
                .collect(),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "Prometheus values are f64; blocks stay far below 2^53")]
    fn snapshot(&self, status: &ExecutionStatus) {
        let scanned = status.scanned.map_or(0, |block| block.number.0);
        self.nodes.set(f64::from(status.health.total));
        self.healthy.set(f64::from(status.health.healthy));
        self.disagree.set(f64::from(u8::from(status.health.disagree)));
        self.scanned.set(scanned as f64);
        self.target.set(status.target.map_or(scanned, |target| target.0) as f64);
        self.mismatches.set(count(status.mismatches.len()));
        self.known.set(f64::from(u8::from(status.state.is_some())));
        self.diverged.set(f64::from(u8::from(status.diverged)));
        for (code, gauge) in &self.registrations {
            gauge.set(status.verdicts.get(*code).copied().unwrap_or(0) as f64);
        }
    }
}

fn state_label(state: State) -> &'static str {
    match state {
        State::Open => "open",
        State::Certified => "certified",
        State::Signed => "signed",
        State::Submitted => "submitted",
        State::Included => "included",
        State::Finalized => "finalized",
        State::Rejected => "rejected",
        State::Expired => "expired",
        State::Moot => "moot",
    }
}

#[allow(clippy::cast_precision_loss, reason = "Prometheus values are f64; counts stay far below 2^53")]
fn count(of: usize) -> f64 {
    of as f64
}

fn gauge(name: &'static str, help: &'static str) -> Gauge {
    metrics::describe_gauge!(name, help);
    metrics::gauge!(name)
}

fn plain_counter(name: &'static str, help: &'static str) -> Counter {
    metrics::describe_counter!(name, help);
    metrics::counter!(name)
}

fn counter(name: &'static str, help: &'static str, label: &'static str, value: &'static str) -> Counter {
    metrics::describe_counter!(name, help);
    metrics::counter!(name, label => value)
}

fn histogram(name: &'static str, help: &'static str) -> Histogram {
    metrics::describe_histogram!(name, Unit::Seconds, help);
    metrics::histogram!(name)
}

#[cfg(test)]
mod tests;
