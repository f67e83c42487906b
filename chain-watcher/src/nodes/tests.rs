use super::*;
use crate::config::{MAX_NODES, NodeConfig, Timeouts};
use crate::fake_node::{Dialect, FakeNode, chain, dead_address, silent_socket};
use std::time::Duration;
use url::Url;

pub(crate) fn config(urls: &[&Url]) -> Config {
    let nodes = urls
        .iter()
        .enumerate()
        .map(|(n, url)| NodeConfig { name: format!("node-{n}"), url: (*url).clone() })
        .collect();
    let timeouts =
        Timeouts { request: Duration::from_secs(2), probe: Duration::from_secs(1), ..Timeouts::default() };
    Config { nodes, expected: chain(), timeouts }
}

#[tokio::test]
async fn nodes_that_agree_are_taken() {
    let (one, other) = (FakeNode::start(Dialect::Current).await, FakeNode::start(Dialect::Older).await);
    let mut nodes = connect(config(&[&one.url, &other.url])).await.unwrap();
    assert_eq!(nodes.total(), 2);
    one.script().head = Slot(10);
    other.script().head = Slot(11);
    nodes.refresh(Slot(11)).await;
    assert_eq!((nodes.healthy(), nodes.head()), (2, Some(Slot(11))));
    assert_eq!(nodes.by_head(), [1, 0]);
}

#[tokio::test]
async fn one_node_on_another_chain_is_refused_by_name_and_field() {
    let (right, wrong) = (FakeNode::start(Dialect::Current).await, FakeNode::start(Dialect::Current).await);
    wrong.script().chain.genesis_time = 5;
    let error = connect(config(&[&right.url, &wrong.url])).await.unwrap_err();
    let expected = Error::WrongNetwork {
        node: "node-1".to_owned(),
        field: "genesis_time".to_owned(),
        expected: "1700000000".to_owned(),
        found: "5".to_owned(),
    };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "beacon node `node-1` serves another chain: genesis_time is 5, expected 1700000000; \
         point it at the right chain or remove it"
    );
}

#[tokio::test]
async fn a_node_that_is_away_is_tolerated_and_checked_when_it_appears() {
    let here = FakeNode::start(Dialect::Current).await;
    let (away, socket) = dead_address();
    let mut nodes = connect(config(&[&here.url, &away])).await.unwrap();
    nodes.refresh(Slot(0)).await;
    assert_eq!((nodes.total(), nodes.healthy()), (2, 1));

    let appeared = FakeNode::start_at(socket.listen(16).unwrap(), Dialect::Current);
    nodes.refresh(Slot(100)).await;
    assert_eq!(nodes.healthy(), 2);
    assert_eq!(appeared.take_requests("config/spec").len(), 1, "it was checked before it was believed");
}

#[tokio::test]
async fn a_node_that_appears_on_another_chain_is_never_used_until_that_changes() {
    let here = FakeNode::start(Dialect::Current).await;
    let (away, socket) = dead_address();
    let mut nodes = connect(config(&[&here.url, &away])).await.unwrap();
    let foreign = FakeNode::start_at(socket.listen(16).unwrap(), Dialect::Current);
    foreign.script().chain.genesis_time = 5;
    foreign.script().head = Slot(999);
    for slot in [100, 200, 300] {
        nodes.refresh(Slot(slot)).await;
        assert_eq!((nodes.healthy(), nodes.head()), (1, Some(Slot(0))));
    }
    foreign.script().chain = chain();
    nodes.refresh(Slot(400)).await;
    assert_eq!((nodes.healthy(), nodes.head()), (2, Some(Slot(999))));
}

#[tokio::test]
async fn nobody_there_is_an_error_with_every_cause() {
    let (hanging, _server) = silent_socket().await;
    let (dead, _socket) = dead_address();
    let garbled = FakeNode::start(Dialect::Current).await;
    garbled.script().broken.insert("/".to_owned(), (200, b"<html>".to_vec()));
    let error = connect(config(&[&hanging, &dead, &garbled.url])).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::NoNode { .. }), "{text}");
    for name in ["node-0", "node-1", "node-2"] {
        assert!(text.contains(name), "{text}");
    }
}

#[tokio::test]
async fn a_syncing_node_may_start_but_is_not_asked_for_facts() {
    let node = FakeNode::start(Dialect::Current).await;
    node.script().syncing = true;
    let mut nodes = connect(config(&[&node.url])).await.unwrap();
    nodes.refresh(Slot(1)).await;
    assert_eq!((nodes.healthy(), nodes.head()), (0, None));
    node.script().syncing = false;
    nodes.refresh(Slot(2)).await;
    assert_eq!(nodes.healthy(), 1);
}

#[tokio::test]
async fn an_unverified_head_is_as_good_as_syncing() {
    let node = FakeNode::start(Dialect::Current).await;
    let mut nodes = connect(config(&[&node.url])).await.unwrap();
    for syncing in [
        r#"{"data":{"head_slot":"9","sync_distance":"0","is_syncing":false,"is_optimistic":true}}"#,
        r#"{"data":{"head_slot":"9","sync_distance":"17","is_syncing":false}}"#,
    ] {
        node.script().broken.insert("/eth/v1/node/syncing".to_owned(), (200, syncing.into()));
        nodes.refresh(Slot(9)).await;
        assert_eq!(nodes.healthy(), 0, "{syncing}");
    }
}

#[tokio::test]
async fn a_dead_node_is_asked_ever_more_rarely() {
    let (here, sick) = (FakeNode::start(Dialect::Current).await, FakeNode::start(Dialect::Current).await);
    let mut nodes = connect(config(&[&here.url, &sick.url])).await.unwrap();
    sick.script().broken.insert("/".to_owned(), (503, Vec::new()));
    sick.take_requests("");
    let mut asked = Vec::new();
    for slot in 1..200 {
        nodes.refresh(Slot(slot)).await;
        if !sick.take_requests("syncing").is_empty() {
            asked.push(slot);
        }
    }
    assert_eq!(asked, [1, 2, 4, 8, 16, 32, 64, 96, 128, 160, 192]);

    sick.script().broken.clear();
    nodes.refresh(Slot(230)).await;
    assert_eq!(nodes.healthy(), 2, "and welcomed back");
}

#[tokio::test]
async fn bad_configurations_are_named() {
    let url = Url::parse("http://127.0.0.1:1").unwrap();
    let fails = async |config: Config| connect(config).await.unwrap_err().to_string();

    assert!(fails(config(&[])).await.starts_with("beacon: no beacon node is configured"));
    let many = vec![&url; MAX_NODES + 1];
    assert_eq!(fails(config(&many)).await, "beacon: 17 nodes, at most 16");
    let mut twins = config(&[&url, &url]);
    twins.nodes[1].name = "node-0".to_owned();
    assert_eq!(fails(twins).await, "beacon[1].name: another node has this name");
    let mut nameless = config(&[&url]);
    nameless.nodes[0].name.clear();
    assert_eq!(fails(nameless).await, "beacon[0].name: must be 1 to 64 printable characters");
    let wrong = Url::parse("unix:/secret/socket").unwrap();
    assert!(
        fails(config(&[&wrong])).await.starts_with("beacon[0].url: `unix://` is no http:// or https:// URL")
    );
}
