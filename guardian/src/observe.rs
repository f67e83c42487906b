//! What the beacon and execution nodes showed, as the core's events. The two crates do not know each other; this is the seam.

use crate::node::Arrival;
use chain_watcher::execution::ExecutionObservation;
use chain_watcher::{Observation, PostOutcome};
use guardian_core::Event;
use guardian_core::event::{self, ExecutionHealth, Liveness, NodeHealth};
use tokio::sync::mpsc;

/// Carries observations into the inbox until either side is closed.
pub async fn run(mut observations: mpsc::Receiver<Observation>, inbox: mpsc::Sender<Arrival>) {
    loop {
        let observation = tokio::select! {
            observation = observations.recv() => observation,
            () = inbox.closed() => return,
        };
        let Some(observation) = observation else { return };
        if inbox.send(event(observation).into()).await.is_err() {
            return;
        }
    }
}

/// The event that reports an observation.
pub fn event(observation: Observation) -> Event {
    match observation {
        Observation::Head { slot, validators } => Event::HeadObserved { slot, validators },
        Observation::Finalized { checkpoint, validators } => {
            Event::FinalizedObserved { checkpoint, validators }
        }
        Observation::Liveness { epoch, live, dark } => {
            Event::LivenessObserved(Liveness { epoch, live, dark })
        }
        Observation::ExitGossiped { validator_index, epoch } => {
            Event::ExitGossiped { validator_index, epoch }
        }
        Observation::Nodes { total, healthy, disagree } => {
            Event::NodesObserved(NodeHealth { total, healthy, disagree })
        }
    }
}

/// The event that reports an observation of the contracts. None for a scan, which the custodian judges first.
pub fn execution(observation: ExecutionObservation) -> Option<Event> {
    Some(match observation {
        ExecutionObservation::Nodes { total, healthy, disagree, problem } => {
            Event::ExecutionObserved(ExecutionHealth { total, healthy, disagree, problem })
        }
        ExecutionObservation::Progress { scanned, target } => Event::ScanProgressed { scanned, target },
        ExecutionObservation::Contracts(state) => Event::ContractsObserved(state),
        ExecutionObservation::Operators { block, infos } => Event::OperatorsObserved { block, infos },
        ExecutionObservation::Diverged { scanned, found } => Event::ContractsDiverged { scanned, found },
        ExecutionObservation::Scanned(_) => return None,
    })
}

/// How a node took a posted exit, in the core's words.
pub fn outcome(outcome: PostOutcome) -> event::PostOutcome {
    match outcome {
        PostOutcome::Accepted => event::PostOutcome::Accepted,
        PostOutcome::AlreadyKnown => event::PostOutcome::AlreadyKnown,
        PostOutcome::Rejected(words) => event::PostOutcome::Rejected(words),
        PostOutcome::Unreachable(cause) => event::PostOutcome::Unreachable(cause),
    }
}
