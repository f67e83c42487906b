//! What is known of a story that went wrong.

use super::{Stage, statuses};

/// What is known of a story that went wrong.
pub(super) async fn diagnose(stage: &Stage) -> String {
    let mut lines = Vec::new();
    match async { stage.world.beacon().await?.position().await }.await {
        Ok(at) => {
            lines.push(format!("chain: slot {}, epoch {}, finalized {}", at.slot, at.epoch, at.finalized))
        }
        Err(error) => lines.push(format!("chain: {error}")),
    }
    for (index, status) in statuses(&stage.guardians).await.into_iter().enumerate() {
        let name = stage.guardians.name(index);
        match status {
            None => lines.push(format!("{name}: does not answer")),
            Some(status) => {
                let connected = status.peers.iter().filter(|peer| peer.connected).count();
                let finalized = status.finalized.map(|checkpoint| checkpoint.epoch);
                lines.push(format!(
                    "{name}: slot {}, {connected} peers, finalized {finalized:?}",
                    status.slot
                ));
                lines.extend(status.execution.map(|execution| format!("  execution: {execution:?}")));
                lines.extend(status.operators.iter().map(|operator| format!("  {operator:?}")));
                for proposal in status.proposals {
                    lines.push(format!(
                        "  proposal for validator {}: {:?}, hold {:?}, {} votes, {} partials, posted {:?}",
                        proposal.proposal.exit.validator_index,
                        proposal.state,
                        proposal.hold,
                        proposal.votes.len(),
                        proposal.partials.len(),
                        proposal.submissions
                    ));
                }
            }
        }
        lines.push(format!("  the end of {}:", stage.guardians.log_path(index).display()));
        lines.extend(stage.guardians.log_tail(index).lines().map(|line| format!("    {line}")));
    }
    lines.join("\n")
}
