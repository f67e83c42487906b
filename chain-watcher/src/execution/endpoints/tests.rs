use super::*;
use crate::execution::fake_chain::{CHAIN_ID, Chain, MODULE, PROTOCOL};
use crate::execution::fake_node::{FakeNode, Wrong, config, config_with_exits};
use crate::fake_node::{dead_address, silent_socket};
use serde_json::json;
use url::Url;

#[tokio::test]
async fn another_chain_is_refused_by_name_and_number() {
    let (right, wrong) = (FakeNode::start(Chain::new(9, 8)).await, FakeNode::start(Chain::new(9, 8)).await);
    wrong.script().chain_id = 1;
    let mut nodes = connect(config(&[&right.url, &wrong.url])).await.unwrap();
    nodes.refresh().await;
    assert_eq!(
        (nodes.total(), nodes.healthy()),
        (2, 1),
        "the right one is enough, the wrong one is not asked"
    );
    let error = connect(config(&[&dead_address().0, &wrong.url])).await.unwrap_err();
    assert_eq!(error, Error::WrongChain { node: "node-1".to_owned(), expected: CHAIN_ID, found: 1 });
    assert_eq!(
        error.to_string(),
        "execution node `node-1` serves chain 1, the contracts are on chain 3151; \
         point it at the right chain or remove it"
    );
}

#[tokio::test]
async fn a_contract_that_is_not_there_is_named() {
    let node = FakeNode::start(Chain::new(9, 8)).await;
    let mut config = config(&[&node.url]);
    config.guardian_module = crypto::execution::Address([9; 20]);
    let mut without_exits = config_with_exits(&[&node.url]);
    without_exits.exit_proposals = Some(crypto::execution::Address([9; 20]));
    for (config, field) in [(config, "guardian_module"), (without_exits, "exit_proposals")] {
        let error = connect(config).await.unwrap_err().to_string();
        let words = format!(
            "execution node `node-0` knows no contract at 0x0909090909090909090909090909090909090909 \
             (contracts.{field})"
        );
        assert!(error.starts_with(&words), "{error}");
    }
    assert!(connect(config_with_exits(&[&node.url])).await.is_ok());
}

#[tokio::test]
async fn a_node_that_is_not_synced_yet_is_tolerated_beside_one_that_is() {
    let (synced, empty) = (FakeNode::start(Chain::new(9, 8)).await, FakeNode::start(Chain::new(9, 8)).await);
    empty.lapse("eth_getCode", 1, Wrong::Result(json!("0x")));
    let mut nodes = connect(config(&[&synced.url, &empty.url])).await.unwrap();
    nodes.refresh().await;
    assert_eq!((nodes.total(), nodes.healthy()), (2, 1));
    assert!(nodes.nodes[1].problem().unwrap().contains("knows no contract at"));
    tokio::time::sleep(nodes.poll).await;
    nodes.refresh().await;
    assert_eq!(nodes.healthy(), 2);
}

#[tokio::test]
async fn a_node_that_appears_on_another_chain_is_never_used_until_that_changes() {
    let here = FakeNode::start(Chain::new(9, 8)).await;
    let (away, socket) = dead_address();
    let mut nodes = connect(config(&[&here.url, &away])).await.unwrap();
    let foreign = FakeNode::start_at(socket.listen(16).unwrap(), Chain::new(99, 98));
    foreign.script().chain_id = 5;
    for _ in 0..5 {
        tokio::time::sleep(nodes.poll).await;
        nodes.refresh().await;
        assert_eq!(nodes.healthy(), 1);
    }
    assert_eq!(nodes.nodes[1].problem().unwrap(), "`node-1` serves another chain, 5");
    foreign.script().chain_id = CHAIN_ID;
    while nodes.healthy() < 2 {
        tokio::time::sleep(nodes.poll).await;
        nodes.refresh().await;
    }
    assert_eq!(nodes.by_head(), [1, 0]);
    assert_eq!(nodes.able(BlockNumber(50)), [1], "the other does not have it");
}

#[tokio::test]
async fn nobody_there_is_an_error_with_every_cause_and_no_credential() {
    let (hanging, _server) = silent_socket().await;
    let (dead, _socket) = dead_address();
    let mut dead_ws = dead.clone();
    dead_ws.set_scheme("ws").unwrap();
    let garbled = FakeNode::start(Chain::new(9, 8)).await;
    let words = "invalid key secret-key-of-mine".to_owned();
    garbled.lapse("eth_chainId", 9, Wrong::Http(401, None, words));
    let secret = |url: &Url| {
        let mut url = url.clone();
        url.set_path("v3/secret-key-of-mine");
        url.set_username("alice").unwrap();
        url.set_password(Some("secret")).unwrap();
        url
    };
    let urls = [secret(&hanging), secret(&dead), secret(&dead_ws), secret(&garbled.url)];
    let mut config = config(&urls.iter().collect::<Vec<_>>());
    config.timeouts.request = Duration::from_millis(200);
    let error = connect(config).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::NoNode { .. }), "{text}");
    for name in ["node-0", "node-1", "node-2", "node-3"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains("secret") && !text.contains("alice"), "{text}");
    assert!(text.contains("HTTP status 401: invalid key …"), "{text}");
}

#[tokio::test]
async fn a_dead_node_is_asked_ever_more_rarely() {
    let (here, sick) = (FakeNode::start(Chain::new(9, 8)).await, FakeNode::start(Chain::new(9, 8)).await);
    let mut configuration = config(&[&here.url, &sick.url]);
    configuration.poll = Duration::from_millis(50);
    let mut nodes = connect(configuration).await.unwrap();
    sick.lapse("eth_getBlockByNumber", usize::MAX, Wrong::Http(503, None, String::new()));
    sick.lapse("eth_chainId", usize::MAX, Wrong::Http(504, None, String::new()));
    nodes.refresh().await;
    let since = std::time::Instant::now();
    while since.elapsed() < Duration::from_millis(1500) {
        nodes.refresh().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // After 50, 100, 200, 400, 800 ms, and so on.
    let asked = sick.take_requests("eth_chainId").len();
    assert!((2..=7).contains(&asked), "{asked}");
    assert_eq!((PROTOCOL, MODULE), (nodes.expected.protocol, nodes.expected.guardian_module));
}
