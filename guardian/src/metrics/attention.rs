//! What asks for an operator's attention: emergencies, pauses, held exits, late steps, notices and their delivery.

use super::{count, counter, gauge};
use crate::webhook::Outcome;
use guardian_core::notice::Notice;
use guardian_core::status::{EmergencyState, Hold, StatusSnapshot};
use metrics::{Counter, Gauge};
use std::collections::BTreeMap;

/// All values of an enum, listed: the match is there so that nothing compiles while one is missing.
macro_rules! every {
    ($kind:ident: $($value:ident),+ $(,)?) => {{
        const _: fn($kind) = |value| match value {
            $($kind::$value => {})+
        };
        [$($kind::$value),+]
    }};
}

/// Where emergencies stand.
fn states() -> impl Iterator<Item = EmergencyState> {
    every![EmergencyState: Open, Certified, Done, Rejected, Expired, Cancelled].into_iter()
}

/// What holds an exit.
fn holds() -> impl Iterator<Item = Hold> {
    every![
        Hold: NotFinalizing, NoHealthyNode, NodesDisagree, EpochCap, DayCap, CorrelatedFailure,
        OtherFormReleased, NotEnforced, Acquitted, Unconfirmed, NoShare, ContractsMismatch,
        ContractsUnknown, ContractsDiverged, Paused, NetworkPaused, NodesBehind, OperatorCap, ModuleCap,
        ShareCap, CapsUnknown, OperatorUndecided,
    ]
    .into_iter()
}

/// Handles of these metrics.
#[derive(Clone)]
pub struct Attention {
    emergencies: BTreeMap<EmergencyState, Gauge>,
    undecided: Gauge,
    paused: [Gauge; 2],
    held: BTreeMap<Hold, Gauge>,
    late: Gauge,
    ceremonies: Gauge,
    unready: Gauge,
    notices: BTreeMap<&'static str, Counter>,
    deliveries: BTreeMap<Outcome, Counter>,
}

impl Attention {
    pub(super) fn register() -> Self {
        metrics::describe_gauge!("guardian_emergencies", "Emergencies known, by state");
        metrics::describe_gauge!("guardian_paused", "1 while paused, by whom: this guardian or the network");
        metrics::describe_gauge!("guardian_exits_held", "Certified exits that are not released, by cause");
        let paused = |scope: &'static str| metrics::gauge!("guardian_paused", "scope" => scope);
        let notice = |code: &'static str| {
            (code, counter("guardian_notices_total", "Notices to the operator, by code", "code", code))
        };
        let delivery = |outcome: Outcome| {
            let help = "Notices for the webhook, by what became of them";
            (outcome, counter("guardian_webhook_total", help, "outcome", outcome.code()))
        };
        Self {
            emergencies: states()
                .map(|state| (state, metrics::gauge!("guardian_emergencies", "state" => state.code())))
                .collect(),
            undecided: gauge(
                "guardian_decisions_needed",
                "Emergencies that wait for this guardian's operator",
            ),
            paused: [paused("local"), paused("network")],
            held: holds()
                .map(|hold| (hold, metrics::gauge!("guardian_exits_held", "cause" => hold.code())))
                .collect(),
            late: gauge("guardian_steps_late", "Validators whose next step on the way out is late"),
            ceremonies: gauge("guardian_ceremonies_open", "Ceremonies that are not over"),
            unready: gauge(
                "guardian_validators_unready",
                "Validators of which fewer guardians than must sign together proved lately to hold a working share",
            ),
            notices: Notice::CODES.into_iter().map(notice).collect(),
            deliveries: Outcome::ALL.into_iter().map(delivery).collect(),
        }
    }

    /// The operator was given a notice.
    pub fn noticed(&self, notice: &Notice) {
        if let Some(counter) = self.notices.get(notice.code()) {
            counter.increment(1);
        }
    }

    /// What became of a notice for the webhook.
    pub fn delivered(&self, outcome: Outcome) {
        if let Some(counter) = self.deliveries.get(&outcome) {
            counter.increment(1);
        }
    }

    pub(super) fn snapshot(&self, status: &StatusSnapshot) {
        for (state, gauge) in &self.emergencies {
            gauge.set(count(status.emergencies.iter().filter(|one| one.state == *state).count()));
        }
        self.undecided.set(count(crate::http::undecided(status).count()));
        let [local, network] = &self.paused;
        local.set(f64::from(u8::from(status.pauses.local.is_some())));
        network.set(f64::from(u8::from(status.pauses.network)));
        for (hold, gauge) in &self.held {
            gauge.set(count(status.proposals.iter().filter(|one| one.hold == Some(*hold)).count()));
        }
        self.ceremonies.set(count(status.ceremonies.iter().filter(|one| one.outcome.is_none()).count()));
        let needed = usize::from(status.threshold.t());
        self.unready.set(count(status.validators.iter().filter(|one| one.ready.len() < needed).count()));
        self.late.set(count(status.lifecycles.iter().filter(|way| way.late.is_some()).count()));
    }
}
