//! Nodes that lie, lag, leave out, limit, break, or go away.

use super::*;

/// Changes a log.
type Twist = fn(&mut serde_json::Value);

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
    let [forgetful, second, third] = [
        FakeNode::start(chain.clone()).await,
        FakeNode::start(chain.clone()).await,
        FakeNode::start(chain).await,
    ];
    forgetful.script().dropped = vec![4];
    let mut watch = Watch::over(&[&forgetful, &second, &third], Resume::default()).await;
    watch.scan_to(1, 100).await;
    for node in [&forgetful, &second, &third] {
        node.take_requests("");
        node.script().chain.finalized = Some(105);
    }
    watch.scan_to(101, 105).await;
    assert_eq!(forgetful.take_requests("eth_getLogs").len(), 0);
    for node in [&second, &third] {
        assert_eq!(
            node.take_requests("eth_getLogs").len(),
            1,
            "an empty range: one question for each of two"
        );
    }
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
async fn a_node_that_limits_requests_is_given_a_rest_and_waited_for() {
    let (busy, idle) = (FakeNode::start(chain(3, 100)).await, FakeNode::start(chain(3, 100)).await);
    busy.lapse("eth_getLogs", 1, Wrong::Http(429, Some(1), "slow down".to_owned()));
    let mut watch = Watch::over(&[&busy, &idle], Resume::default()).await;
    assert_eq!(registrations(&watch.scan_to(1, 100).await).len(), 3);
    // The whole range, and when the other is back, two halves: nothing while it rests.
    assert_eq!(idle.take_requests("eth_getLogs").len(), 3);

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
        if let Seen::Nodes { healthy: 1, problem: Some(problem), .. } = watch.any().await {
            assert!(problem.contains("`node-0` does not answer in time"), "{problem}");
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
