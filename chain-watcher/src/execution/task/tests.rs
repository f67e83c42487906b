use super::*;
use crate::execution::contracts::ExitProposals as E;
use crate::execution::contracts::PufferProtocol as P;
use crate::execution::fake_chain::{Chain, EXITS, module, operator, proposal, pubkey, register};
use crate::execution::fake_node::{FakeNode, Wrong, config, config_with_exits};
use crate::execution::{ExecutionObservation as Seen, connect};
use alloy::primitives::{Address as AlloyAddress, B256, U256};
use alloy::sol_types::SolCall;
use crypto::execution::{
    Block, BlockHash, BlockNumber, ContractEvent, ExitsProposed, NodeInfo, Registration, RegistrationId,
    Scan, Tickets, Unreadable,
};
use crypto::spec::ValidatorIndex;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

mod exits;
mod nodes;
mod scans;
mod several;

/// What is told, without what the nodes are worth.
struct Watch {
    observations: mpsc::Receiver<Seen>,
    at_head: watch::Sender<Vec<Address>>,
    /// The latest word on the nodes.
    nodes: Option<Seen>,
    /// Every problem told.
    problems: Vec<String>,
}

impl Watch {
    async fn over(nodes: &[&FakeNode], resume: Resume) -> Self {
        let urls: Vec<_> = nodes.iter().map(|node| &node.url).collect();
        Self::with(connect(config(&urls)).await.unwrap(), resume)
    }

    /// With the exit proposals contract.
    async fn over_exits(nodes: &[&FakeNode], resume: Resume) -> Self {
        let urls: Vec<_> = nodes.iter().map(|node| &node.url).collect();
        Self::with(connect(config_with_exits(&urls)).await.unwrap(), resume)
    }

    fn with(nodes: ExecutionNodes, resume: Resume) -> Self {
        let (at_head, receiver) = watch::channel(Vec::new());
        Self { observations: watch(nodes, resume, receiver), at_head, nodes: None, problems: Vec::new() }
    }

    /// The next observation of any kind.
    async fn any(&mut self) -> Seen {
        let seen = tokio::time::timeout(Duration::from_secs(20), self.observations.recv()).await;
        let seen = seen.unwrap_or_else(|_| panic!("nothing is told; {:?}", self.nodes)).unwrap();
        if let Seen::Nodes { problem, .. } = &seen {
            self.nodes = Some(seen.clone());
            self.problems.extend(problem.clone());
        }
        seen
    }

    /// The next one that is not about the nodes.
    async fn next(&mut self) -> Seen {
        loop {
            match self.any().await {
                Seen::Nodes { .. } => {}
                seen => return seen,
            }
        }
    }

    /// Waits until the problem told contains `words`; nothing but the nodes may be told on the way.
    async fn problem(&mut self, words: &str) {
        loop {
            match self.any().await {
                Seen::Nodes { problem: Some(problem), .. } if problem.contains(words) => return,
                Seen::Nodes { .. } => {}
                other => panic!("instead of `{words}`: {other:?}"),
            }
        }
    }

    /// As [`Self::problem`], unless it was told before; what follows a scan may be told on the way.
    async fn problem_by_now(&mut self, words: &str) {
        while !self.problems.iter().any(|problem| problem.contains(words)) {
            match self.any().await {
                Seen::Nodes { .. } | Seen::Contracts(_) | Seen::Progress { .. } => {}
                other => panic!("instead of `{words}`: {other:?}"),
            }
        }
    }

    async fn scan(&mut self) -> Scan {
        match self.next().await {
            Seen::Scanned(scan) => scan,
            other => panic!("no scan: {other:?}"),
        }
    }

    /// All scans up to a block, joined; they must follow each other.
    async fn scan_to(&mut self, from: u64, to: u64) -> Vec<crypto::execution::Log> {
        let mut logs = Vec::new();
        let mut next = from;
        loop {
            match self.next().await {
                Seen::Scanned(scan) => {
                    assert_eq!(scan.from.0, next);
                    next = scan.to.number.0 + 1;
                    logs.extend(scan.logs);
                    if next == to + 1 {
                        return logs;
                    }
                }
                Seen::Progress { .. } | Seen::Contracts(_) => {}
                other => panic!("no scan: {other:?}"),
            }
        }
    }

    async fn contracts(&mut self) -> crypto::execution::ContractState {
        loop {
            match self.next().await {
                Seen::Contracts(state) => return state,
                Seen::Progress { .. } => {}
                other => panic!("no state: {other:?}"),
            }
        }
    }
}

/// The registrations among logs.
fn registrations(logs: &[crypto::execution::Log]) -> Vec<&Registration> {
    logs.iter()
        .filter_map(|log| match &log.event {
            ContractEvent::Registered(registration) => Some(&**registration),
            _ => None,
        })
        .collect()
}

fn address(address: AlloyAddress) -> Address {
    Address(address.0.0)
}

fn block(chain: &Chain, number: u64) -> Block {
    Block {
        number: BlockNumber(number),
        hash: BlockHash(chain.hash(number).0),
        timestamp: Chain::time(number),
    }
}

/// One module with a registration each 10 blocks from block 10 on.
fn chain(registrations: u64, finalized: u64) -> Chain {
    let mut chain = Chain::new(finalized + 10, finalized);
    for n in 0..registrations {
        chain.register(10 + 10 * n, module("m"), n, operator(1 + (n % 5) as u8));
    }
    chain
}

/// The words of a problem, once the nodes are told so.
fn told(total: u16, healthy: u16, disagree: bool, problem: Option<&str>) -> Seen {
    Seen::Nodes { total, healthy, disagree, problem: problem.map(str::to_owned) }
}
