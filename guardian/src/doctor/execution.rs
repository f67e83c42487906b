//! Our execution nodes, each by itself, and the contracts they show.

use super::{Area, Finding, Health};
use crate::config::Config;
use chain_watcher::execution::{self, NodeReport};
use chain_watcher::{NodeConfig, Timeouts};
use guardian_core::contracts::{Contracts, Mismatch, compare};
use guardian_core::guardian_set::NetworkDefinition;
use std::time::Duration;

/// Slots after which a head is old: empty slots are ordinary, this many in a row are not.
const OLD_HEAD_SLOTS: u32 = 16;

/// Epochs after which a finalized block is old; two to three are ordinary.
const OLD_FINALITY_EPOCHS: u32 = 5;

/// Looks at every node, all at once.
pub(super) async fn examine(config: &Config, definition: &NetworkDefinition, tell: &mut impl FnMut(Finding)) {
    let Some(contracts) = &definition.contracts else {
        if config.execution.is_empty() {
            let says = "the network definition names no contracts: no execution node is needed";
            tell(Finding::sound(Area::Execution, "no_contracts", says));
        } else {
            let fix = "remove [[execution]], or get the definition that names the contracts";
            let says = "there are [[execution]] nodes, but the network definition names no contracts";
            tell(Finding::faulty(Area::Execution, "execution_unused", says, fix));
        }
        return;
    };
    if config.execution.is_empty() {
        let says =
            "the network definition names contracts, and there is no [[execution]] node to read them with";
        let fix = "add [[execution]] with name and url to the configuration";
        tell(Finding::faulty(Area::Execution, "no_execution_node", says, fix));
        return;
    }
    let nodes = config.execution.iter();
    let nodes = nodes.map(|node| NodeConfig { name: node.name.clone(), url: node.url.clone() }).collect();
    let slot = Duration::from_secs(definition.chain.seconds_per_slot.get());
    let reports = execution::check(execution::Config {
        nodes,
        chain_id: contracts.chain_id,
        protocol: contracts.protocol,
        guardian_module: contracts.guardian_module,
        exit_proposals: contracts.exit_proposals,
        deployed: contracts.deployed,
        timeouts: Timeouts::default(),
        poll: slot,
    })
    .await;
    let mut usable = 0usize;
    differences(&reports, definition, tell);
    exit_proposals(&reports, contracts, tell);
    for report in &reports {
        let finding = judge(report, contracts, definition);
        usable += usize::from(finding.health != Health::Faulty);
        tell(finding);
    }
    if usable == 0 {
        let says = "no execution node can be used: no registration is taken in and no ticket is counted";
        tell(Finding::faulty(Area::Execution, "no_execution_node", says, "mend one of the nodes above"));
    } else if usable * 2 <= reports.len() {
        let says = format!(
            "{usable} of {} execution nodes can be used: more than half must confirm what is finalized, or nothing is read",
            reports.len()
        );
        tell(Finding::faulty(Area::Execution, "execution_minority", says, "mend one of the nodes above"));
    } else if reports.len() == 1 {
        let says = "there is one execution node: what it hides, this guardian does not see";
        tell(Finding::weak(
            Area::Execution,
            "one_execution_node",
            says,
            "add a second [[execution]] of another provider",
        ));
    }
}

/// What the contracts say otherwise than the definition, by the first node that shows them.
fn differences(reports: &[NodeReport], definition: &NetworkDefinition, tell: &mut impl FnMut(Finding)) {
    let Some(state) = reports.iter().find_map(|report| report.contracts.as_ref()) else { return };
    let mismatches = compare(definition, state);
    for Mismatch { field, ours, theirs } in &mismatches {
        let says = format!("{field} is {ours} in the definition and {theirs} in the contracts");
        let fix = "every exit is held until both say the same: agree on a new definition, or have the contract corrected";
        tell(Finding::faulty(Area::Execution, "contracts_mismatch", says, fix));
    }
    if mismatches.is_empty() {
        let says = format!(
            "guardians, threshold and ejection balance in the contracts are as defined (block {})",
            state.block.number
        );
        tell(Finding::sound(Area::Execution, "contracts", says));
    }
}

/// Whether the exit proposals contract answers, by the first node through which it does. A node through which it does
/// not is judged with the node.
fn exit_proposals(reports: &[NodeReport], contracts: &Contracts, tell: &mut impl FnMut(Finding)) {
    let Some(address) = contracts.exit_proposals else { return };
    let counts = reports.iter().find_map(|report| report.exits_proposed.as_ref()?.as_ref().ok());
    if let Some(count) = counts {
        let says = format!("the exit proposals contract at {address} answers: {count} proposals so far");
        tell(Finding::sound(Area::Execution, "exit_proposals", says));
    }
}

fn judge(report: &NodeReport, contracts: &Contracts, definition: &NetworkDefinition) -> Finding {
    let (node, area) = (&report.name, Area::Execution);
    let Some(chain_id) = report.chain_id else {
        let says = format!(
            "execution node `{node}` at {} does not answer: {}",
            report.address,
            report.problem.as_deref().unwrap_or("no reason given")
        );
        let fix = format!("start the node, or correct `url` of [[execution]] `{node}`");
        return Finding::faulty(area, "execution_unreachable", says, fix);
    };
    if chain_id != contracts.chain_id {
        let says = format!(
            "execution node `{node}` serves chain {chain_id}, the definition is for chain {}",
            contracts.chain_id
        );
        let fix = format!("point [[execution]] `{node}` at a node of chain {}", contracts.chain_id);
        return Finding::faulty(area, "execution_wrong_chain", says, fix);
    }
    for (name, address, deployed) in [
        ("contracts.protocol", contracts.protocol, report.protocol_deployed),
        ("contracts.guardian_module", contracts.guardian_module, report.guardian_module_deployed),
    ] {
        if deployed == Some(false) {
            let says = format!("execution node `{node}` has no contract at {address} ({name})");
            let fix = "see whether the node is synced, and whether the definition names the right address";
            return Finding::faulty(area, "contract_not_deployed", says, fix);
        }
    }
    if let (Some(address), Some(Err(problem))) = (contracts.exit_proposals, &report.exits_proposed) {
        let says = format!(
            "the contract at {address} (contracts.exit_proposals) does not answer proposalCount through execution node \
             `{node}`: {problem}"
        );
        let fix = "see whether the node is synced, and whether the definition names the right address";
        return Finding::faulty(area, "exit_proposals_unanswered", says, fix);
    }
    if let Some(profile) = report.profile.as_ref().filter(|profile| !profile.fits()) {
        let mut problems: Vec<String> =
            profile.missing.iter().map(|function| format!("{function} is missing")).collect();
        problems.extend(profile.unexpected.iter().cloned());
        let says = format!("the contracts are not of profile v1, by node `{node}`: {}", problems.join("; "));
        let fix =
            "nothing may be signed for contracts of another profile: get the definition for these contracts";
        return Finding::faulty(area, "wrong_profile", says, fix);
    }
    if let Some(problem) = &report.problem {
        let says = format!("execution node `{node}` does not answer everything it is asked: {problem}");
        let fix = "look at the node's log; a provider may need a larger plan, a node more time to sync";
        return Finding::faulty(area, "execution_unusable", says, fix);
    }
    if let Some(Err(problem)) = &report.old_logs {
        let says = format!(
            "execution node `{node}` does not give the logs of block {}, where the first synchronization begins: {problem}",
            contracts.deployed
        );
        let fix = "use a node with full log history, at least until everything is scanned";
        return Finding::weak(area, "execution_no_history", says, fix);
    }
    let slot = Duration::from_secs(definition.chain.seconds_per_slot.get());
    let slots = u32::try_from(definition.chain.slots_per_epoch.get()).unwrap_or(u32::MAX);
    if let Some(age) = report.latest_age.filter(|age| *age > slot.saturating_mul(OLD_HEAD_SLOTS)) {
        let says = format!("the head of execution node `{node}` is {} s old", age.as_secs());
        return Finding::weak(
            area,
            "execution_stale",
            says,
            "see whether it syncs, and whether the clocks agree",
        );
    }
    if report.finalized.is_none() {
        let says = format!("execution node `{node}` has no finalized block: nothing on it can be relied on");
        let fix = "see whether its beacon node is synced and the chain finalizes";
        return Finding::faulty(area, "execution_no_finality", says, fix);
    }
    let old = slot.saturating_mul(slots).saturating_mul(OLD_FINALITY_EPOCHS);
    if let Some(age) = report.finalized_age.filter(|age| *age > old) {
        let says = format!("the finalized block of execution node `{node}` is {} s old", age.as_secs());
        let fix = "see whether the chain finalizes, and whether the node's beacon node is synced";
        return Finding::faulty(area, "execution_finality_stale", says, fix);
    }
    let block = |block: &Option<crypto::execution::Block>| {
        block.map_or_else(|| "none".to_owned(), |block| block.number.to_string())
    };
    let says = format!(
        "execution node `{node}` ({}) serves chain {chain_id}: head {}, finalized {}, contracts of profile v1, {} ms",
        report.client.as_deref().unwrap_or("does not say what it is"),
        block(&report.latest),
        block(&report.finalized),
        report.latency.unwrap_or_default().as_millis()
    );
    Finding::sound(area, "execution", says)
}
