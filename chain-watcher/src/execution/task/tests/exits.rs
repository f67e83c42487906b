//! Proposals of exits, which another contract logs.

use super::*;
use alloy::sol_types::SolEvent;

fn exits(number: u64) -> ExitsProposed {
    let event = proposal(number);
    ExitsProposed {
        number,
        proposer: address(event.proposer),
        network: event.network.0,
        severity: event.severity,
        expires: event.expires,
        validators: vec![ValidatorIndex(1), ValidatorIndex(2)],
        reason: event.reason,
    }
}

fn cancelled(number: u64) -> E::ExitCancelled {
    E::ExitCancelled { number: U256::from(number), by: operator(7) }
}

/// Three proposals and a registration.
fn proposals(finalized: u64) -> Chain {
    let mut chain = chain(1, finalized);
    for block in [20, 30, 40] {
        chain.propose(block);
    }
    chain
}

fn proposed(logs: &[crypto::execution::Log]) -> Vec<&ExitsProposed> {
    logs.iter()
        .filter_map(|log| match &log.event {
            ContractEvent::ExitProposed(proposed) => Some(proposed),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn both_contracts_are_told_in_the_order_of_the_chain() {
    let mut chain = Chain::new(120, 100);
    let m = module("m");
    let deposited =
        P::ValidatorTicketsDeposited { node: operator(2), depositor: operator(3), amount: U256::from(7) };
    chain.propose(20);
    chain.register(20, m, 1, operator(1));
    chain.exits(20, cancelled(0).encode_log_data());
    chain.emit(20, &deposited);
    chain.propose(30);
    // Not finalized.
    chain.propose(101);
    let node = FakeNode::start(chain).await;
    let mut watch = Watch::over_exits(&[&node], Resume::default()).await;
    let scan = watch.scan().await;
    assert_eq!((scan.from.0, scan.to.number.0), (1, 100));
    let places: Vec<_> = scan.logs.iter().map(|log| (log.block.0, log.index, log.timestamp)).collect();
    let at_20 = [0, 1, 2, 3].map(|index| (20, index, Chain::time(20)));
    assert_eq!(places, [&at_20[..], &[(30, 0, Chain::time(30))]].concat());
    let events: Vec<_> = scan.logs.iter().map(|log| &log.event).collect();
    assert_eq!(*events[0], ContractEvent::ExitProposed(exits(0)));
    assert_eq!(registrations(&scan.logs)[0].pubkey, pubkey(1).to_vec());
    assert_eq!(*events[2], ContractEvent::ExitCancelled { number: 0, by: address(operator(7)) });
    assert!(matches!(events[3], ContractEvent::TicketsDeposited { .. }));
    assert_eq!(*events[4], ContractEvent::ExitProposed(exits(1)));
    assert_eq!(node.take_requests("eth_getLogs").len(), 1, "one question for both");

    node.script().chain.finalized = Some(105);
    watch.contracts().await;
    let scan = watch.scan().await;
    assert_eq!(proposed(&scan.logs), [&exits(2)], "once it is final");

    // Without the contract in the configuration nobody asks for it.
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    assert_eq!(watch.scan().await.logs.len(), 2);
}

#[tokio::test]
async fn a_watch_goes_on_with_the_next_number() {
    let chain = proposals(100);
    let node = FakeNode::start(chain.clone()).await;
    let resume = |exits_proposed| Resume {
        scanned: Some(block(&chain, 25)),
        registered: BTreeMap::from([(crypto::execution::ModuleName(module("m").0), 1)]),
        exits_proposed,
        ..Resume::default()
    };
    let mut watch = Watch::over_exits(&[&node], resume(1)).await;
    assert_eq!(proposed(&watch.scan().await.logs), [&exits(1), &exits(2)]);
    let mut watch = Watch::over_exits(&[&node], resume(0)).await;
    watch.problem("exit proposal 1 is logged in block 30 where 0 is next").await;
}

#[tokio::test]
async fn proposals_that_are_left_out_are_missed() {
    let node = FakeNode::start(proposals(100)).await;
    let counted = "exit proposals, the contract counts 3";
    for (dropped, words) in [
        (vec![2], "exit proposal 2 is logged in block 40 where 1 is next".to_owned()),
        (vec![3], format!("the logs up to block 100 show 2 {counted}")),
        (vec![1, 2, 3], format!("the logs up to block 100 show 0 {counted}")),
    ] {
        node.script().dropped = dropped;
        let mut watch = Watch::over_exits(&[&node], Resume::default()).await;
        watch.problem(&words).await;
        node.script().dropped.clear();
        assert_eq!(proposed(&watch.scan_to(1, 100).await).len(), 3);
    }
    // One too many, by the contract's count.
    node.script().chain.exits_deployed = 101;
    let mut watch = Watch::over_exits(&[&node], Resume::default()).await;
    watch.problem("the logs up to block 100 show 3 exit proposals, the contract counts 0").await;
}

#[tokio::test]
async fn who_leaves_a_proposal_out_is_accused_and_another_is_believed() {
    let nodes = [
        FakeNode::start(proposals(100)).await,
        FakeNode::start(proposals(100)).await,
        FakeNode::start(proposals(100)).await,
    ];
    let [liar, second, third] = &nodes;
    liar.script().dropped = vec![3];
    let mut watch = Watch::over_exits(&[liar, second, third], Resume::default()).await;
    assert_eq!(proposed(&watch.scan_to(1, 100).await).len(), 3);
    watch.problem_by_now("`node-0` the logs up to block 100 show 2 exit proposals").await;

    // A proposal that never was, with its count: two nodes must say the same.
    liar.script().dropped.clear();
    liar.script().chain.propose(50);
    let mut watch = Watch::over_exits(&[liar, second], Resume::default()).await;
    watch.problem("nodes contradict each other about the logs: 5 by `node-0`, 4 by `node-1`").await;
    let mut watch = Watch::over_exits(&[liar, second, third], Resume::default()).await;
    assert_eq!(proposed(&watch.scan_to(1, 100).await).len(), 3);
}

#[tokio::test]
async fn a_log_of_the_wrong_contract_is_refused() {
    let other: [fn(&mut serde_json::Value); 2] = [
        |log| {
            if log["address"] == json!(EXITS) {
                log["address"] = json!(crate::execution::fake_chain::PROTOCOL);
            }
        },
        |log| log["address"] = json!(EXITS),
    ];
    for twist in other {
        let node = FakeNode::start(proposals(100)).await;
        node.script().twist = Some(twist);
        let mut watch = Watch::over_exits(&[&node], Resume::default()).await;
        watch.problem("is of another contract").await;
        node.script().twist = None;
        assert_eq!(watch.scan_to(1, 100).await.len(), 4);
    }
}

#[tokio::test]
async fn a_contract_deployed_later_counts_nothing_before() {
    let mut chain = chain(2, 6000);
    chain.exits_deployed = 5500;
    chain.propose(5500);
    let nodes = [FakeNode::start(chain.clone()).await, FakeNode::start(chain).await];
    let mut watch = Watch::over_exits(&[&nodes[0], &nodes[1]], Resume::default()).await;
    let logs = watch.scan_to(1, 6000).await;
    assert_eq!((logs.len(), proposed(&logs)), (3, vec![&exits(0)]));
    watch.contracts().await;
    assert_eq!(watch.problems, Vec::<String>::new(), "nobody is at fault");
}

#[tokio::test]
async fn old_state_that_is_gone_is_made_up_for_by_a_second_node_and_the_last_scan() {
    let mut chain = proposals(6000);
    chain.propose(5995);
    let nodes = [FakeNode::start(chain.clone()).await, FakeNode::start(chain.clone()).await];
    for node in &nodes {
        node.script().pruned_below = 5990;
    }
    let mut watch = Watch::over_exits(&[&nodes[0], &nodes[1]], Resume::default()).await;
    assert_eq!(proposed(&watch.scan_to(1, 6000).await).len(), 4);

    // One that left some out in a range without state is found out by the count at the end.
    let alone = FakeNode::start(chain).await;
    alone.script().pruned_below = 5990;
    alone.script().dropped = vec![1, 2, 3, 4];
    let mut watch = Watch::over_exits(&[&alone], Resume::default()).await;
    loop {
        match watch.any().await {
            Seen::Nodes { problem: Some(problem), .. }
                if problem.contains("show 0 exit proposals, the contract counts 4") =>
            {
                break;
            }
            Seen::Scanned(scan) => assert!(scan.to.number.0 < 6000),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_strange_contract_is_told_with_what_fits() {
    let mut chain = Chain::new(110, 100);
    let mut long = proposal(0);
    long.validators = (0..3000).collect();
    // 279 bytes, then letters of two bytes.
    long.reason = format!("{}{}", "a".repeat(279), "ä".repeat(1000));
    chain.propose_with(10, &long);
    let mut garbled = proposal(1);
    garbled.reason = "????????".to_owned();
    let data = garbled.encode_log_data();
    let bytes: Vec<u8> = data.data.iter().map(|byte| if *byte == b'?' { 0xff } else { *byte }).collect();
    chain.exits(11, alloy::primitives::LogData::new_unchecked(data.topics().to_vec(), bytes.into()));
    let mut empty = proposal(2);
    (empty.severity, empty.expires, empty.validators, empty.reason) = (255, 0, vec![9, 9, 3], String::new());
    chain.propose_with(12, &empty);
    let node = FakeNode::start(chain).await;
    let mut watch = Watch::over_exits(&[&node], Resume::default()).await;
    let logs = watch.scan_to(1, 100).await;
    let told = proposed(&logs);
    let first: Vec<_> = (0..1024).map(ValidatorIndex).collect();
    assert_eq!((&told[0].validators, told[0].reason.as_str()), (&first, "a".repeat(279).as_str()));
    assert_eq!(*told[1], ExitsProposed { reason: "\u{fffd}".repeat(8), ..exits(1) });
    let nines = vec![ValidatorIndex(9), ValidatorIndex(9), ValidatorIndex(3)];
    assert_eq!((told[2].severity, &told[2].validators, told[2].reason.as_str()), (255, &nines, ""));
}

#[tokio::test]
async fn a_scan_carries_no_more_than_its_share() {
    let mut chain = Chain::new(410, 400);
    for block in 1..=300 {
        chain.propose(block);
    }
    let node = FakeNode::start(chain).await;
    let mut watch = Watch::over_exits(&[&node], Resume::default()).await;
    let (mut next, mut largest) = (0, 0);
    while next < 300 {
        match watch.next().await {
            Seen::Scanned(scan) => {
                let proposed = proposed(&scan.logs);
                assert!(proposed.iter().map(|one| one.number).eq(next..next + proposed.len() as u64));
                next += proposed.len() as u64;
                largest = largest.max(proposed.len());
            }
            Seen::Progress { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(largest, crate::execution::MAX_EXITS_PROPOSED);
}
