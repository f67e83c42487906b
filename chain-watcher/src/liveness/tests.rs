use super::*;
use crate::config::{NodeConfig, Timeouts};
use crate::fake_node::{Dialect, FakeNode};

const PATH: &str = "/eth/v1/validator/liveness";

async fn ask(
    node: &FakeNode,
    way: &mut LivenessWay,
    epoch: u64,
    indices: &[u64],
) -> Result<Option<BTreeMap<ValidatorIndex, bool>>, Error> {
    let config = NodeConfig { name: "mine".to_owned(), url: node.url.clone() };
    let endpoint = Endpoint::new(&config, Timeouts::default()).unwrap();
    let indices: Vec<_> = indices.iter().copied().map(ValidatorIndex).collect();
    read(&endpoint, way, Epoch(epoch), &indices).await
}

fn answers(entries: &[(u64, bool)]) -> Option<BTreeMap<ValidatorIndex, bool>> {
    Some(entries.iter().map(|&(index, live)| (ValidatorIndex(index), live)).collect())
}

/// Recorded from Lodestar 1.5.1, which writes the indices without quotes.
#[tokio::test]
async fn a_real_answer_is_read_right() {
    let node = FakeNode::start(Dialect::Older).await;
    let recorded = include_str!("../../tests/fixtures/lodestar/liveness.json");
    node.script().broken.insert(PATH.to_owned(), (200, recorded.into()));
    let mut way = LivenessWay::Get;
    assert_eq!(ask(&node, &mut way, 66, &[0, 15]).await, Ok(answers(&[(0, true), (15, false)])));
    assert_eq!(ask(&node, &mut way, 66, &[15]).await, Ok(answers(&[(15, false)])), "0 was not asked for");
}

#[tokio::test]
async fn an_epoch_out_of_reach_is_a_refusal_in_the_nodes_words_and_no_reason_to_give_up_the_endpoint() {
    let node = FakeNode::start(Dialect::Older).await;
    let recorded = include_str!("../../tests/fixtures/lodestar/liveness_too_old.json");
    node.script().broken.insert(PATH.to_owned(), (500, recorded.into()));
    let mut way = LivenessWay::Get;
    let error = ask(&node, &mut way, 58, &[0]).await.unwrap_err();
    assert!(error.to_string().contains("more than one epoch before or after"), "{error}");
    assert_eq!(way, LivenessWay::Get);
}

#[tokio::test]
async fn named_twice_live_outweighs_dark() {
    let node = FakeNode::start(Dialect::Current).await;
    let body = r#"{"data":[{"index":"1","is_live":true},{"index":"1","is_live":false},{"index":"2","is_live":false}]}"#;
    node.script().broken.insert(PATH.to_owned(), (200, body.into()));
    let mut way = LivenessWay::Post;
    assert_eq!(ask(&node, &mut way, 9, &[1, 2, 3]).await, Ok(answers(&[(1, true), (2, false)])));
}

#[tokio::test]
async fn a_node_without_any_is_asked_once() {
    let node = FakeNode::start(Dialect::NoLiveness).await;
    let mut way = LivenessWay::Post;
    for _ in 0..3 {
        assert_eq!(ask(&node, &mut way, 0, &[1]).await, Ok(None));
        assert_eq!(way, LivenessWay::Unsupported);
    }
    assert_eq!(node.take_requests("liveness").len(), 2, "once each way");
}

#[tokio::test]
async fn many_are_asked_for_in_batches() {
    for (dialect, batches) in [(Dialect::Current, 3), (Dialect::Older, 9)] {
        let node = FakeNode::start(dialect).await;
        let indices: Vec<_> = (0..2100).collect();
        let mut way = if dialect == Dialect::Current { LivenessWay::Post } else { LivenessWay::Get };
        let all = ask(&node, &mut way, 0, &indices).await.unwrap().unwrap();
        assert_eq!(all.len(), 2100);
        assert_eq!(node.take_requests("liveness").len(), batches);
    }
}
