use super::*;
use crate::config::Timeouts;
use crate::fake_node::{Dialect, FakeNode, block_root, dead_address, header_root};
use crate::nodes::tests::config;
use crypto::exit::VoluntaryExit;
use serde_json::json;
use std::time::Duration;
use url::Url;

const HEAD: u64 = 900;

fn archive(urls: &[&Url]) -> Archive {
    let config = config(urls);
    // No test here waits for one of them.
    let timeouts = Timeouts {
        connect: Duration::from_secs(30),
        request: Duration::from_secs(30),
        probe: Duration::from_secs(30),
    };
    let nodes = config.nodes.iter().map(|node| Endpoint::new(node, timeouts).unwrap()).collect();
    Archive::new(nodes, config.expected)
}

/// A node whose head is at slot 900, with a block without exits in each slot from `oldest` on but 893 and 899.
async fn node(oldest: u64) -> FakeNode {
    let node = FakeNode::start(Dialect::Current).await;
    {
        let mut script = node.script();
        script.head = Slot(HEAD);
        let slots = (oldest..=HEAD).filter(|slot| ![893, 899].contains(slot));
        script.blocks = slots.map(|slot| (Slot(slot), Vec::new())).collect();
    }
    node
}

fn exit(validator: u64, epoch: u64) -> VoluntaryExit {
    VoluntaryExit { epoch: Epoch(epoch), validator_index: ValidatorIndex(validator) }
}

async fn find(archive: &Archive, from: u64, to: u64) -> Result<Option<Inclusion>, Error> {
    archive.find_exit(ValidatorIndex(15), Epoch(7), Slot(from), Slot(to)).await
}

fn blocks_asked(node: &FakeNode) -> Vec<String> {
    let asked = node.take_requests("/eth/v2/beacon/blocks/");
    asked.iter().map(|request| request.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_newest_slots_are_asked_first_and_none_after_the_find() {
    let node = node(800).await;
    node.script().blocks.insert(Slot(896), vec![exit(14, 7), exit(15, 7), exit(16, 7)]);
    let found = find(&archive(&[&node.url]), 890, HEAD).await.unwrap();
    let expected = Inclusion { slot: Slot(896), epoch: Epoch(7), block_root: Some(block_root(Slot(896))) };
    assert_eq!(found, Some(expected));
    assert_eq!(blocks_asked(&node), ["900", "899", "898", "897", "896"]);
}

#[tokio::test]
async fn both_ends_are_searched_and_nothing_beyond() {
    let node = node(800).await;
    let archive = archive(&[&node.url]);
    for slot in [850, 860] {
        node.script().blocks.insert(Slot(slot), vec![exit(15, 7)]);
        assert_eq!(find(&archive, 850, 860).await.unwrap().map(|found| found.slot), Some(Slot(slot)));
        assert_eq!(find(&archive, slot, slot).await.unwrap().map(|found| found.slot), Some(Slot(slot)));
        assert_eq!(find(&archive, 851, 859).await, Ok(None));
        node.script().blocks.insert(Slot(slot), Vec::new());
    }
    assert_eq!(find(&archive, HEAD - MAX_SLOTS + 1, HEAD).await, Ok(None));
}

#[tokio::test]
async fn another_exit_of_the_validator_is_told_with_its_own_epoch() {
    let node = node(800).await;
    node.script().blocks.insert(Slot(895), vec![exit(15, 3)]);
    let found = find(&archive(&[&node.url]), 890, HEAD).await.unwrap().unwrap();
    assert_eq!((found.slot, found.epoch), (Slot(895), Epoch(3)));
}

#[tokio::test]
async fn without_a_header_or_with_that_of_another_block_there_is_no_root() {
    let node = node(800).await;
    node.script().blocks.insert(Slot(896), vec![exit(15, 7)]);
    let other = json!({"data": {"root": Root([1; 32]), "header": {"message": {
        "slot": "896", "parent_root": Root([2; 32]), "state_root": Root([4; 32])}}}});
    for (status, body) in [(404, Vec::new()), (200, b"{}".to_vec()), (200, other.to_string().into_bytes())] {
        node.script().broken.insert("/eth/v1/beacon/headers".to_owned(), (status, body));
        let found = find(&archive(&[&node.url]), 890, HEAD).await.unwrap().unwrap();
        assert_eq!((found.slot, found.block_root), (Slot(896), None));
    }
}

#[tokio::test]
async fn empty_slots_are_no_blocks_and_no_errors() {
    let node = node(800).await;
    let archive = archive(&[&node.url]);
    // Proven by the head's block that 404 speaks of slots, and by an older block that it is not forgotten.
    assert_eq!(find(&archive, 899, 899).await, Ok(None));
    assert_eq!(blocks_asked(&node), ["899", "head", "898"]);
    // The head's own block proves the first; nothing older need be asked for when the oldest is there.
    assert_eq!(find(&archive, 898, HEAD).await, Ok(None));
    assert_eq!(blocks_asked(&node), ["900", "899", "898"]);
}

#[tokio::test]
async fn empty_slots_after_genesis_are_empty() {
    let node = node(800).await;
    assert_eq!(find(&archive(&[&node.url]), 1, 3).await, Ok(None));
    assert_eq!(find(&archive(&[&node.url]), 0, 0).await, Ok(None));
}

#[tokio::test]
async fn what_a_node_forgot_it_cannot_deny() {
    let (pruned, whole) = (node(880).await, node(600).await);
    let error = find(&archive(&[&pruned.url]), 870, 890).await.unwrap_err();
    assert!(error.to_string().contains("it may not keep them that long"), "{error}");
    assert_eq!(blocks_asked(&pruned).len(), 21 + 32);
    // What it does keep, it may say.
    assert_eq!(find(&archive(&[&pruned.url]), 880, 890).await, Ok(None));
    pruned.script().blocks.insert(Slot(885), vec![exit(15, 7)]);
    assert!(find(&archive(&[&pruned.url]), 870, 890).await.unwrap().is_some());
    // And another one answers for the rest.
    whole.script().blocks.insert(Slot(872), vec![exit(15, 7)]);
    let found = find(&archive(&[&pruned.url, &whole.url]), 866, 879).await.unwrap();
    assert_eq!(found.map(|found| found.slot), Some(Slot(872)));
}

#[tokio::test]
async fn a_node_without_the_endpoint_is_skipped() {
    for status in [404, 405, 501] {
        let (lacks, has) = (node(800).await, node(800).await);
        let no_route = include_bytes!("../../tests/fixtures/lodestar/no_route.json").to_vec();
        lacks.script().broken.insert("/eth/v2/beacon/blocks".to_owned(), (status, no_route));
        has.script().blocks.insert(Slot(896), vec![exit(15, 7)]);
        let found = find(&archive(&[&lacks.url, &has.url]), 890, HEAD).await.unwrap();
        assert_eq!(found.map(|found| found.slot), Some(Slot(896)));
        assert!(blocks_asked(&lacks).len() <= 2);
        let error = find(&archive(&[&lacks.url]), 890, HEAD).await.unwrap_err();
        assert!(matches!(error, Error::NoAnswer { .. }), "{error}");
    }
}

#[tokio::test]
async fn nodes_are_tried_in_turn_furthest_head_first() {
    let (behind, first, second) = (node(800).await, node(800).await, node(800).await);
    behind.script().head = Slot(895);
    let (dead, _socket) = dead_address();
    first.script().broken.insert("/eth/v2/beacon/blocks".to_owned(), (500, Vec::new()));
    second.script().blocks.insert(Slot(898), vec![exit(15, 7)]);
    let archive = archive(&[&dead, &behind.url, &first.url, &second.url]);
    let found = find(&archive, 890, HEAD).await.unwrap();
    assert_eq!(found.map(|found| found.slot), Some(Slot(898)));
    assert_eq!(blocks_asked(&first), ["900"]);
    assert!(blocks_asked(&behind).is_empty());

    // A clear answer, also that there is none, is the end of it.
    second.script().blocks.insert(Slot(898), Vec::new());
    assert_eq!(find(&archive, 890, HEAD).await, Ok(None));
    assert!(blocks_asked(&behind).is_empty());
}

#[tokio::test]
async fn slots_that_no_head_has_reached_are_not_denied() {
    let node = node(800).await;
    let error = find(&archive(&[&node.url]), 890, HEAD + 1).await.unwrap_err();
    assert!(error.to_string().contains("its head is at slot 900, before 901"), "{error}");
    let error = find(&archive(&[&node.url]), HEAD + 1, HEAD + 2).await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer { .. }), "{error}");
    node.script().blocks.insert(Slot(896), vec![exit(15, 7)]);
    assert!(find(&archive(&[&node.url]), 890, HEAD + 1).await.unwrap().is_some());
}

#[tokio::test]
async fn a_node_that_syncs_or_serves_another_chain_is_not_asked() {
    let (syncing, foreign) = (node(800).await, node(800).await);
    syncing.script().syncing = true;
    foreign.script().chain.genesis_time = 5;
    for node in [&syncing, &foreign] {
        node.script().blocks.insert(Slot(896), vec![exit(15, 7)]);
    }
    let error = find(&archive(&[&syncing.url, &foreign.url]), 890, HEAD).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`node-0` is syncing") && text.contains("`node-1` serves another chain"), "{text}");
    assert!(blocks_asked(&syncing).is_empty() && blocks_asked(&foreign).is_empty());
}

#[tokio::test]
async fn a_block_too_large_is_refused_and_a_large_one_read() {
    let (node, other) = (node(800).await, node(800).await);
    let large = |bytes: usize| {
        let message = json!({
            "slot": "900", "parent_root": Root([2; 32]), "state_root": Root([4; 32]),
            "body": {"execution_payload": {"transactions": ["x".repeat(bytes)]},
                "voluntary_exits": [{"message": exit(15, 7), "signature": "0x"}]},
        });
        json!({"version": "electra", "data": {"message": message}}).to_string().into_bytes()
    };
    node.script().broken.insert("/eth/v2/beacon/blocks".to_owned(), (200, large(8 << 20)));
    assert_eq!(find(&archive(&[&node.url]), HEAD, HEAD).await.unwrap().unwrap().slot, Slot(HEAD));
    node.script().broken.insert("/eth/v2/beacon/blocks".to_owned(), (200, large(BLOCK_BODY)));
    let error = find(&archive(&[&node.url]), HEAD, HEAD).await.unwrap_err();
    assert!(error.to_string().contains("larger than 25165824 bytes"), "{error}");
    assert_eq!(find(&archive(&[&node.url, &other.url]), HEAD, HEAD).await, Ok(None));
}

#[tokio::test]
async fn answers_that_are_no_blocks_say_nothing() {
    let node = node(800).await;
    let message = |slot: &str, exits: serde_json::Value| {
        json!({"data": {"message": {"slot": slot, "parent_root": Root([2; 32]), "state_root": Root([4; 32]),
            "body": {"voluntary_exits": exits}}}})
        .to_string()
    };
    let wrong = [
        "<html>".to_owned(),
        String::new(),
        "{}".to_owned(),
        json!({"data": {"message": {"slot": "900"}}}).to_string(),
        message("899", json!([])),
        message("900", json!({})),
        message("900", json!([{"message": {"epoch": "x", "validator_index": "15"}}])),
    ];
    for body in wrong {
        node.script().broken.insert("/eth/v2/beacon/blocks".to_owned(), (200, body.clone().into_bytes()));
        let error = find(&archive(&[&node.url]), HEAD, HEAD).await.unwrap_err();
        assert!(matches!(error, Error::NoAnswer { .. }), "{body}: {error}");
        assert!(error.to_string().contains("cannot be used"), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_range_that_cannot_be_searched_is_refused_before_anyone_is_asked() {
    let node = node(800).await;
    for (from, to) in [(900, 899), (100, 164), (0, u64::MAX)] {
        let error = find(&archive(&[&node.url]), from, to).await.unwrap_err();
        assert_eq!(error, Error::SlotRange { from: Slot(from), to: Slot(to), max: 64 });
    }
    assert!(node.script().requests.is_empty());
}

#[tokio::test]
async fn a_header_is_taken_from_whoever_gives_the_right_one() {
    let (lying, honest) = (node(890).await, node(890).await);
    lying.script().false_headers = true;
    let root = header_root(Slot(895));
    let header = archive(&[&lying.url, &honest.url]).header(root).await.unwrap();
    assert_eq!((header.slot, header.hash_tree_root()), (Slot(895), root));
    let refused = archive(&[&lying.url]).header(root).await.unwrap_err().to_string();
    assert!(refused.contains("answered with another header"), "{refused}");
    let unknown = archive(&[&honest.url]).header(Root([9; 32])).await.unwrap_err().to_string();
    assert!(unknown.contains("404"), "{unknown}");
}
