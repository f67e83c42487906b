//! Nodes that lie, lag, leave out, limit, break, or go away.

use super::*;

/// Changes a log.
type Twist = fn(&mut serde_json::Value);

/// The words of a problem, once the nodes are told so.
fn told(total: u16, healthy: u16, disagree: bool, problem: Option<&str>) -> Seen {
    Seen::Nodes { total, healthy, disagree, problem: problem.map(str::to_owned) }
}

#[tokio::test]
async fn logs_left_out_are_noticed_and_another_node_asked() {
    let chain = chain(5, 100);
    let (forgetful, honest) = (FakeNode::start(chain.clone()).await, FakeNode::start(chain).await);
    // In the middle: the indices show it. At the end: only the contract's count does.
    let words = [
        (2, "`node-0` registration 3 of module m is logged in block 40 where 2 is next"),
        (4, "`node-0` the logs up to block 100 show 4 registrations of module m, the contract counts 5"),
    ];
    for (dropped, words) in words {
        forgetful.script().dropped = vec![dropped];
        let mut watch = Watch::over(&[&forgetful, &honest], Resume::default()).await;
        let logs = watch.scan_to(1, 100).await;
        assert_eq!(registrations(&logs).len(), 5);
        watch.contracts().await;
        watch.problem_by_now(words).await;
    }
}

#[tokio::test]
async fn a_node_that_left_out_logs_is_not_asked_for_logs_for_a_while() {
    let chain = chain(5, 100);
    let (forgetful, honest) = (FakeNode::start(chain.clone()).await, FakeNode::start(chain).await);
    forgetful.script().dropped = vec![4];
    let mut watch = Watch::over(&[&forgetful, &honest], Resume::default()).await;
    watch.scan_to(1, 100).await;
    forgetful.take_requests("");
    honest.take_requests("");
    for node in [&forgetful, &honest] {
        node.script().chain.finalized = Some(105);
    }
    watch.scan_to(101, 105).await;
    assert_eq!(forgetful.take_requests("eth_getLogs").len(), 0);
    assert_eq!(honest.take_requests("eth_getLogs").len(), 1);
}

#[tokio::test]
async fn the_only_node_leaving_out_logs_stops_the_scan_until_it_stops_doing_so() {
    let node = FakeNode::start(chain(5, 100)).await;
    node.script().dropped = vec![0, 1, 2, 3, 4];
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    watch.problem("the logs up to block 100 show 0 registrations of module m, the contract counts 5").await;
    node.script().dropped = vec![3];
    watch.problem("registration 4 of module m is logged in block 50 where 3 is next").await;
    node.script().dropped.clear();
    assert_eq!(registrations(&watch.scan_to(1, 100).await).len(), 5);
}

#[tokio::test]
async fn logs_that_cannot_be_are_refused() {
    let twists: [(Twist, &str); 5] = [
        (|log| log["removed"] = json!(true), "was removed, though finalized"),
        (|log| log["blockNumber"] = json!("0x65"), "was not asked for"),
        (|log| log["address"] = json!(operator(9)), "is of another contract"),
        (|log| log["logIndex"] = serde_json::Value::Null, "is not of a mined block"),
        (|log| log["data"] = json!("0x00"), "a log"),
    ];
    for (twist, words) in twists {
        let node = FakeNode::start(chain(1, 100)).await;
        node.script().twist = Some(twist);
        let mut watch = Watch::over(&[&node], Resume::default()).await;
        watch.problem(words).await;
        node.script().twist = None;
        assert_eq!(watch.scan_to(1, 100).await.len(), 1);
    }
}

#[tokio::test]
async fn logs_of_another_fork_are_refused() {
    let node = FakeNode::start(chain(1, 100)).await;
    {
        let mut script = node.script();
        script.log_timestamps = false;
        script.twist = Some(|log| log["blockHash"] = json!(B256::repeat_byte(1)));
    }
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    watch.problem("logs of another block than its block 10").await;
}

#[tokio::test]
async fn the_time_of_a_log_is_that_of_its_block() {
    let node = FakeNode::start(chain(2, 100)).await;
    node.script().twist = Some(|log| log["blockTimestamp"] = json!("0xffffffffff"));
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    let times: Vec<_> = watch.scan_to(1, 100).await.iter().map(|log| log.timestamp).collect();
    assert_eq!(times, [Chain::time(10), Chain::time(20)]);

    // With a time in each log, too, the block is looked at.
    node.script().twist = Some(|log| log["blockHash"] = json!(B256::repeat_byte(1)));
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    watch.problem("logs of another block than its block 10").await;
}

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
    liar.script().chain.infos.insert(operator(1), (1, 0, u128::from(u64::MAX)));
    let mut watch = Watch::over(&[&liar, &honest], Resume::default()).await;
    watch.scan_to(1, 100).await;
    watch.contracts().await;
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
async fn a_false_transaction_is_not_believed() {
    let mut false_chain = chain(2, 100);
    let hashes: Vec<_> = false_chain.logs.iter().map(|log| log.transaction).collect();
    let other = false_chain.transactions[&hashes[1]].clone();
    let slot = false_chain.transactions.get_mut(&hashes[0]).unwrap();
    slot["input"] = other["input"].clone();
    let (liar, honest) = (FakeNode::start(false_chain.clone()).await, FakeNode::start(chain(2, 100)).await);
    let mut watch = Watch::over(&[&liar, &honest], Resume::default()).await;
    let logs = watch.scan_to(1, 100).await;
    assert_eq!(registrations(&logs)[0].payload.as_ref().unwrap().deposit_signature, vec![0; 96]);

    let mut watch = Watch::over(&[&liar], Resume::default()).await;
    watch.problem("another transaction for").await;
}

#[tokio::test]
async fn ranges_that_are_too_large_are_cut_in_halves() {
    let node = FakeNode::start(chain(100, 3000)).await;
    node.script().most_blocks = Some((7, -32614, "eth_getLogs is limited to a 7 range"));
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    let logs = watch.scan_to(1, 3000).await;
    assert_eq!(registrations(&logs).len(), 100);
    let refused = node.take_requests("eth_getLogs").len();
    assert!(refused < 3000 / 3, "it learns what the node takes: {refused} requests");
}

#[tokio::test]
async fn a_node_that_limits_requests_is_given_a_rest_while_another_is_asked() {
    let (busy, idle) = (FakeNode::start(chain(3, 100)).await, FakeNode::start(chain(3, 100)).await);
    busy.lapse("eth_getLogs", 1, Wrong::Http(429, Some(1), "slow down".to_owned()));
    let mut watch = Watch::over(&[&busy, &idle], Resume::default()).await;
    assert_eq!(registrations(&watch.scan_to(1, 100).await).len(), 3);
    assert_eq!(idle.take_requests("eth_getLogs").len(), 1);

    let alone = FakeNode::start(chain(3, 100)).await;
    alone.lapse("eth_getLogs", 2, Wrong::Error(-32005, "project ID request rate exceeded"));
    alone.lapse("eth_call", 1, Wrong::Error(-32007, "100/second request limit reached"));
    let mut watch = Watch::over(&[&alone], Resume::default()).await;
    assert_eq!(registrations(&watch.scan_to(1, 100).await).len(), 3);
}

#[tokio::test]
async fn answers_that_are_no_answers_hurt_nobody() {
    let node = FakeNode::start(chain(3, 100)).await;
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    watch.scan_to(1, 100).await;
    let wrongs = [
        Wrong::Http(200, None, "<html>".to_owned()),
        Wrong::Http(200, None, "{}".to_owned()),
        Wrong::Http(200, None, String::new()),
        Wrong::Http(502, None, "<h1>Bad Gateway</h1>".to_owned()),
        Wrong::Http(301, None, String::new()),
        Wrong::Result(json!(null)),
        Wrong::Result(json!([1, 2])),
        Wrong::Result(json!("0x")),
        Wrong::Result(json!({ "number": "0xffffffffffffffffff" })),
        Wrong::Error(-32603, "internal error"),
    ];
    let mut next = 101;
    for method in ["eth_getBlockByNumber", "eth_getLogs", "eth_call"] {
        for wrong in &wrongs {
            node.lapse(method, 3, wrong.clone());
            node.script().chain.finalized = Some(next);
            node.script().chain.head = next;
            watch.scan_to(next, next).await;
            assert_eq!(watch.contracts().await.block.number.0, next, "{method} {wrong:?}");
            next += 1;
        }
    }
}

#[tokio::test]
async fn a_node_that_does_not_answer_in_time_is_set_aside_and_comes_back() {
    let (hanging, other) = (FakeNode::start(chain(3, 100)).await, FakeNode::start(chain(3, 100)).await);
    let mut config = config(&[&hanging.url, &other.url]);
    config.timeouts.request = Duration::from_millis(300);
    let mut watch = Watch::with(connect(config).await.unwrap(), Resume::default());
    watch.scan_to(1, 100).await;
    hanging.lapse("eth_getBlockByNumber", 2, Wrong::Hang);
    loop {
        if watch.any().await == told(2, 1, false, Some("`node-0` does not answer in time")) {
            break;
        }
    }
    loop {
        if watch.any().await == told(2, 2, false, None) {
            break;
        }
    }
}

#[tokio::test]
async fn a_node_restarted_in_mid_sync_is_taken_up_again() {
    let mut long = Chain::new(20_010, 20_000);
    for n in 0..400 {
        long.register(1 + 50 * n, module("m"), n, operator(1));
    }
    let node = FakeNode::start(long.clone()).await;
    let address: std::net::SocketAddr =
        format!("{}:{}", node.url.host_str().unwrap(), node.url.port().unwrap()).parse().unwrap();
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    let first = watch.scan().await;
    drop(node);
    let mut logs = first.logs;
    let mut next = first.to.number.0 + 1;
    let mut node = None;
    while next <= 20_000 {
        match watch.any().await {
            Seen::Scanned(scan) => {
                assert_eq!(scan.from.0, next);
                next = scan.to.number.0 + 1;
                logs.extend(scan.logs);
            }
            Seen::Nodes { healthy: 0, .. } if node.is_none() => {
                let listener = tokio::net::TcpListener::bind(address).await.unwrap();
                node = Some(FakeNode::start_at(listener, long.clone()));
            }
            _ => {}
        }
    }
    let indices: Vec<_> = registrations(&logs).iter().map(|one| one.id.index).collect();
    assert_eq!(indices, (0..400).collect::<Vec<_>>());
    assert!(node.is_some(), "it was away");
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
async fn a_replaced_finalized_block_ends_the_scan() {
    let node = FakeNode::start(chain(3, 100)).await;
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    watch.scan_to(1, 100).await;
    watch.contracts().await;
    let scanned = block(&node.script().chain, 100);
    {
        let mut script = node.script();
        script.chain.fork = (50, 1);
        script.chain.finalized = Some(105);
    }
    let found = BlockHash(node.script().chain.hash(100).0);
    assert_eq!(watch.next().await, Seen::Diverged { scanned, found });
    watch.problem("the chain has another block where the last scan ended").await;
    // Even if it turns back, and even when more is finalized.
    node.script().chain.fork = (u64::MAX, 0);
    watch.at_head.send(vec![address(operator(1))]).unwrap();
    for _ in 0..3 {
        assert!(matches!(watch.next().await, Seen::Operators { .. }), "nothing else is told");
    }
}

#[tokio::test]
async fn less_finalized_than_before_means_waiting() {
    let node = FakeNode::start(chain(3, 100)).await;
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    watch.scan_to(1, 100).await;
    watch.contracts().await;
    node.script().chain.finalized = Some(80);
    watch.problem("the nodes call block 80 finalized, less than was scanned").await;
    node.script().chain.finalized = Some(101);
    assert_eq!(watch.scan().await.from.0, 101);
}

#[tokio::test]
async fn a_chain_that_finalizes_nothing_is_not_scanned() {
    let mut chain = chain(3, 100);
    chain.finalized = None;
    let node = FakeNode::start(chain).await;
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    watch.problem("`node-0` names no finalized block").await;
    assert_eq!(watch.nodes, Some(told(1, 0, false, Some("`node-0` names no finalized block"))));
    node.script().chain.finalized = Some(100);
    assert_eq!(watch.scan().await.to.number.0, 100);
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
    let (forgetful, honest) = (FakeNode::start(chain.clone()).await, FakeNode::start(chain).await);
    for node in [&forgetful, &honest] {
        node.script().pruned_below = 5990;
    }
    // The last ones of the first range: the indices do not show it.
    forgetful.script().dropped = vec![48, 49];
    let mut watch = Watch::over(&[&forgetful, &honest], Resume::default()).await;
    let logs = watch.scan_to(1, 6000).await;
    assert_eq!(registrations(&logs).len(), 50);
    watch.contracts().await;
    watch.problem_by_now("`node-0` logs of blocks 1 to 2000: 48 here, 50 elsewhere").await;
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
