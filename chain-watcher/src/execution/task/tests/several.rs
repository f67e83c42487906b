//! Several nodes that do not say the same.

use super::*;

#[tokio::test]
async fn one_node_decides_nothing_while_the_others_are_away() {
    let mut lie = chain(3, 100);
    lie.fork = (1, 9);
    let [liar, second, third] = [
        FakeNode::start(lie).await,
        FakeNode::start(chain(3, 100)).await,
        FakeNode::start(chain(3, 100)).await,
    ];
    for node in [&second, &third] {
        node.script().chain.finalized = None;
    }
    let mut watch = Watch::over(&[&liar, &second, &third], Resume::default()).await;
    watch.problem("only 1 of 3 configured nodes can be asked, 2 must confirm what is finalized").await;
    for node in [&second, &third] {
        node.script().chain.finalized = Some(100);
    }
    watch.problem("nodes have different finalized blocks 100").await;
    liar.script().chain.fork = (u64::MAX, 0);
    assert_eq!(watch.scan_to(1, 100).await.len(), 3);
}

#[tokio::test]
async fn a_head_of_the_future_is_not_looked_at() {
    let (liar, honest) = (FakeNode::start(chain(1, 100)).await, FakeNode::start(chain(1, 100)).await);
    liar.script().chain.head = 1_000_000_000;
    let mut watch = Watch::over(&[&liar, &honest], Resume::default()).await;
    watch.scan_to(1, 100).await;
    watch.contracts().await;
    liar.script().chain.infos.insert(operator(1), (1, 0, u128::from(u64::MAX)));
    watch.at_head.send(vec![address(operator(1))]).unwrap();
    let told = block(&honest.script().chain, 110);
    let info = NodeInfo::default();
    assert_eq!(
        watch.next().await,
        Seen::Operators { block: told, infos: vec![(address(operator(1)), info)] }
    );
    let words = "`node-0` names a head whose time is far ahead of our clock";
    while !watch.problems.iter().any(|problem| problem.contains(words)) {
        watch.any().await;
    }
}

#[tokio::test]
async fn one_that_calls_too_much_finalized_is_outvoted_and_one_that_lags_is_fine() {
    let mut chains = [chain(3, 100), chain(3, 100), chain(3, 100)];
    chains[0].finalized = Some(110);
    chains[2].finalized = Some(60);
    let nodes = [
        FakeNode::start(chains[0].clone()).await,
        FakeNode::start(chains[1].clone()).await,
        FakeNode::start(chains[2].clone()).await,
    ];
    let mut watch = Watch::over(&[&nodes[0], &nodes[1], &nodes[2]], Resume::default()).await;
    let scan = watch.scan().await;
    assert_eq!(scan.to.number.0, 100);
    watch.contracts().await;
    assert_eq!(watch.nodes, Some(told(3, 3, false, None)));
}

#[tokio::test]
async fn two_finalized_blocks_with_one_number_stop_everything_until_the_nodes_agree() {
    let (one, mut fork) = (chain(3, 100), chain(3, 100));
    fork.fork = (90, 7);
    let (honest, liar) = (FakeNode::start(one).await, FakeNode::start(fork).await);
    let mut watch = Watch::over(&[&honest, &liar], Resume::default()).await;
    watch.problem("nodes have different finalized blocks 100").await;
    let Some(Seen::Nodes { total: 2, healthy: 2, disagree: true, .. }) = watch.nodes else { panic!() };
    liar.script().chain.fork = (u64::MAX, 0);
    assert_eq!(watch.scan_to(1, 100).await.len(), 3);

    // One that lags contradicts too, and going away does not settle it.
    {
        let mut script = liar.script();
        script.chain.finalized = Some(101);
        script.chain.fork = (101, 7);
        honest.script().chain.finalized = Some(105);
    }
    loop {
        if let Seen::Nodes { disagree: true, .. } = watch.any().await {
            break;
        }
    }
    drop(liar);
    loop {
        if let Seen::Nodes { healthy: 1, disagree, .. } = watch.any().await {
            assert!(disagree);
            break;
        }
    }
}

#[tokio::test]
async fn state_that_one_node_dropped_is_read_from_another() {
    let (pruned, archive) = (FakeNode::start(chain(3, 100)).await, FakeNode::start(chain(3, 100)).await);
    pruned.script().pruned_below = 110;
    let mut watch = Watch::over(&[&pruned, &archive], Resume::default()).await;
    watch.scan_to(1, 100).await;
    assert_eq!(watch.contracts().await.block.number.0, 100);

    // If nobody has it, a younger block has to do.
    archive.script().pruned_below = 105;
    for node in [&pruned, &archive] {
        node.script().chain.finalized = Some(103);
    }
    watch.problem("does not have the data").await;
    for node in [&pruned, &archive] {
        node.script().chain.finalized = Some(106);
    }
    let scan = watch.scan().await;
    assert_eq!((scan.from.0, scan.to.number.0), (101, 106));
    assert_eq!(watch.contracts().await.block, scan.to);
}

#[tokio::test]
async fn where_the_contract_cannot_vouch_for_the_logs_another_node_must() {
    let chain = chain(50, 6000);
    let [forgetful, second, third] = [
        FakeNode::start(chain.clone()).await,
        FakeNode::start(chain.clone()).await,
        FakeNode::start(chain).await,
    ];
    for node in [&forgetful, &second, &third] {
        node.script().pruned_below = 5990;
    }
    // The last ones of the first range: the indices do not show it.
    forgetful.script().dropped = vec![48, 49];
    let mut watch = Watch::over(&[&forgetful, &second, &third], Resume::default()).await;
    let logs = watch.scan_to(1, 6000).await;
    assert_eq!(registrations(&logs).len(), 50);
    watch.contracts().await;
    watch.problem_by_now("`node-0` logs of blocks 1 to 2000: 48 here, 50 elsewhere").await;

    // Of two, nobody can tell which is right.
    let mut watch = Watch::over(&[&forgetful, &second], Resume::default()).await;
    watch.problem("nodes contradict each other about the logs: 48 by `node-0`, 50 by `node-1`").await;
    forgetful.script().dropped.clear();
    assert_eq!(registrations(&watch.scan_to(1, 6000).await).len(), 50);
}

/// A chain with a registration that was settled, and where the settlement is logged.
fn settled() -> Chain {
    let mut chain = chain(2, 100);
    chain.emit(
        60,
        &P::ValidatorExited {
            pubKey: pubkey(0),
            pufferModuleIndex: U256::ZERO,
            moduleName: module("m"),
            pufETHBurnAmount: U256::ZERO,
            vtBurnAmount: U256::from(28),
        },
    );
    chain
}

#[tokio::test]
async fn logs_that_the_contract_does_not_count_need_a_second_node() {
    // Left out, or made up: the counts of registrations fit either way.
    for (lie, truth, said) in [
        (chain(2, 100), settled(), "2 by `node-0`, 3 by `node-1`"),
        (settled(), chain(2, 100), "3 by `node-0`, 2 by `node-1`"),
    ] {
        let (liar, honest) = (FakeNode::start(lie).await, FakeNode::start(truth.clone()).await);
        let mut watch = Watch::over(&[&liar, &honest], Resume::default()).await;
        watch.problem(&format!("nodes contradict each other about the logs: {said}")).await;
        liar.script().chain = truth.clone();
        assert_eq!(watch.scan_to(1, 100).await.len(), truth.logs.len());

        // A third decides.
        let third = FakeNode::start(truth.clone()).await;
        liar.script().dropped = vec![0, 1];
        let mut watch = Watch::over(&[&liar, &honest, &third], Resume::default()).await;
        assert_eq!(watch.scan_to(1, 100).await.len(), truth.logs.len());
    }
}

#[tokio::test]
async fn a_false_time_of_a_block_with_logs_needs_a_second_node() {
    let (liar, honest) = (FakeNode::start(chain(2, 100)).await, FakeNode::start(chain(2, 100)).await);
    liar.script().false_times = true;
    let mut watch = Watch::over(&[&liar, &honest], Resume::default()).await;
    watch.problem("nodes contradict each other about the logs: 2 by `node-0`, 2 by `node-1`").await;
    liar.script().false_times = false;
    assert_eq!(watch.scan_to(1, 100).await[0].timestamp, Chain::time(10));
}

#[tokio::test]
async fn the_end_of_a_range_in_a_long_sync_is_confirmed() {
    let chain = chain(5, 6000);
    let (liar, honest) = (FakeNode::start(chain.clone()).await, FakeNode::start(chain.clone()).await);
    liar.script().false_hash = Some(2000);
    let mut watch = Watch::over(&[&liar, &honest], Resume::default()).await;
    watch.problem("logs of blocks 1 to 2000: nodes contradict each other").await;
    liar.script().false_hash = None;
    assert_eq!(watch.scan().await.to, block(&chain, 2000));
}

#[tokio::test]
async fn operators_and_credentials_and_state_need_a_second_node() {
    let (liar, honest) = (FakeNode::start(chain(2, 100)).await, FakeNode::start(chain(2, 100)).await);
    // Another operator.
    for log in &mut liar.script().chain.logs {
        log.registration = log.registration.map(|(module, _)| (module, operator(99)));
    }
    let mut watch = Watch::over(&[&liar, &honest], Resume::default()).await;
    watch.problem("the operators of registrations: nodes contradict").await;
    liar.script().chain = chain(2, 100);
    let logs = watch.scan_to(1, 100).await;
    assert_eq!(registrations(&logs)[0].operator, address(operator(1)));
    watch.contracts().await;

    // Another account of an operator, at the next finalized block.
    liar.script().chain.infos.insert(operator(1), (1, 0, 1));
    for node in [&liar, &honest] {
        node.script().chain.finalized = Some(101);
    }
    watch.scan_to(101, 101).await;
    watch.problem("the contracts' state at block 101: nodes contradict").await;
    liar.script().chain.infos.clear();
    assert_eq!(watch.contracts().await.operators[0].1, NodeInfo::default());
    // With a third, the two who agree decide.
    let third = FakeNode::start(chain(2, 101)).await;
    liar.script().chain.infos.insert(operator(1), (1, 0, 1));
    let mut watch = Watch::over(&[&liar, &honest, &third], Resume::default()).await;
    watch.scan_to(1, 101).await;
    assert_eq!(watch.contracts().await.operators[0].1, NodeInfo::default());
}

#[tokio::test]
async fn a_transaction_is_not_called_missing_before_everybody_was_asked() {
    let mut poor = chain(2, 100);
    poor.transactions.clear();
    let (poor, rich) = (FakeNode::start(poor).await, FakeNode::start(chain(2, 100)).await);
    rich.lapse("eth_getTransactionByHash", 1, Wrong::Http(502, None, String::new()));
    rich.lapse("eth_getTransactionByBlockHashAndIndex", 1, Wrong::Http(502, None, String::new()));
    let mut watch = Watch::over(&[&poor, &rich], Resume::default()).await;
    let logs = watch.scan_to(1, 100).await;
    assert!(registrations(&logs).iter().all(|one| one.payload.is_ok()));

    let mut watch = Watch::over(&[&poor], Resume::default()).await;
    let logs = watch.scan_to(1, 100).await;
    let missing = Err(Unreadable::TransactionMissing);
    assert!(registrations(&logs).iter().all(|one| one.payload == missing));
}

#[tokio::test]
async fn an_operator_is_confirmed_by_a_node_without_old_state() {
    let (archive, pruned) = (FakeNode::start(chain(5, 6000)).await, FakeNode::start(chain(5, 6000)).await);
    pruned.script().pruned_below = 5990;
    for log in &mut archive.script().chain.logs {
        log.registration = log.registration.map(|(module, _)| (module, operator(99)));
    }
    let mut watch = Watch::over(&[&archive, &pruned], Resume::default()).await;
    watch.problem("the operators of registrations: nodes contradict each other").await;
    archive.script().chain = chain(5, 6000);
    assert_eq!(registrations(&watch.scan().await.logs)[1].operator, address(operator(2)));
}
