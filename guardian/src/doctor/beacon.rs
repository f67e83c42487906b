//! Our beacon nodes, each by itself.

use super::{Area, Finding};
use crate::config::Config;
use chain_watcher::checkup::{Checkup, check_up};
use chain_watcher::{NodeConfig, Timeouts};
use futures::future::join_all;
use guardian_core::guardian_set::NetworkDefinition;

/// Epochs a head may lie behind before the node counts as behind, as in `/readyz`.
const LAG_EPOCHS: u64 = 2;

/// Looks at every node, all at once.
pub(super) async fn examine(
    config: &Config,
    definition: &NetworkDefinition,
    tell: &mut impl FnMut(Finding),
) -> Vec<Checkup> {
    let nodes: Vec<_> = config
        .beacon
        .iter()
        .map(|node| NodeConfig { name: node.name.clone(), url: node.url.clone() })
        .collect();
    let looks = nodes.iter().map(|node| check_up(node, &definition.chain, Timeouts::default()));
    let mut checkups = Vec::new();
    let mut usable = 0usize;
    for (node, look) in nodes.iter().zip(join_all(looks).await) {
        match look {
            Ok(checkup) => {
                let finding = judge(&checkup, definition);
                usable += usize::from(finding.health == super::Health::Sound);
                tell(finding);
                checkups.push(checkup);
            }
            Err(problem) => {
                let fix = format!("correct `url` of [[beacon]] `{}`", node.name);
                tell(Finding::faulty(Area::Beacon, "beacon_url", problem.to_string(), fix));
            }
        }
    }
    if usable == 0 {
        let says =
            "no beacon node can be used: this guardian sees nothing, votes on nothing and signs nothing";
        tell(Finding::faulty(Area::Beacon, "no_beacon_node", says, "mend one of the nodes above"));
    } else if nodes.len() == 1 {
        let says = "there is one beacon node: when it is away or wrong, so is this guardian";
        let fix = "add a second [[beacon]] of another client";
        tell(Finding::weak(Area::Beacon, "one_beacon_node", says, fix));
    }
    checkups
}

fn judge(checkup: &Checkup, definition: &NetworkDefinition) -> Finding {
    let node = &checkup.node;
    let sync = match &checkup.sync {
        Ok(sync) => sync,
        Err(problem) => {
            let fix = format!("start the node, or correct `url` of [[beacon]] `{node}`");
            return Finding::faulty(Area::Beacon, "beacon_unreachable", problem.to_string(), fix);
        }
    };
    if let Err(problem) = &checkup.chain {
        let (code, fix) = match problem {
            chain_watcher::Error::WrongNetwork { .. } => {
                ("beacon_wrong_chain", format!("point [[beacon]] `{node}` at a node of this network's chain"))
            }
            _ => ("beacon_unusable", format!("look at the log of node `{node}`")),
        };
        return Finding::faulty(Area::Beacon, code, problem.to_string(), fix);
    }
    let lag = definition.chain.slots_per_epoch.get().saturating_mul(LAG_EPOCHS);
    if sync.is_syncing || sync.is_optimistic || sync.distance > lag {
        let says = format!(
            "beacon node `{node}` is not synced: head at slot {}, {} slots behind{}",
            sync.head,
            sync.distance,
            if sync.is_optimistic { ", and its execution client has not verified the head" } else { "" }
        );
        let fix = "wait until it is; look at its execution client if that takes long";
        return Finding::faulty(Area::Beacon, "beacon_syncing", says, fix);
    }
    match &checkup.finalized {
        Ok(finalized) => {
            let says = format!(
                "beacon node `{node}` ({}) serves the chain: head at slot {}, epoch {finalized} finalized, {} ms",
                checkup.version.as_deref().unwrap_or("does not say what it is"),
                sync.head,
                checkup.latency.as_millis()
            );
            Finding::sound(Area::Beacon, "beacon", says)
        }
        Err(problem) => {
            let fix = format!("look at the log of node `{node}`");
            Finding::faulty(Area::Beacon, "beacon_unusable", problem.to_string(), fix)
        }
    }
}
