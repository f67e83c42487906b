use super::*;
use crate::config::{NodeConfig, Timeouts};
use crate::fake_node::{Dialect, FakeNode, key, validator};
use crypto::spec::{FAR_FUTURE_EPOCH, Gwei, ValidatorIndex};
use crypto::validator::ValidatorStatus;

fn endpoint(node: &FakeNode) -> Endpoint {
    let config = NodeConfig { name: "mine".to_owned(), url: node.url.clone() };
    Endpoint::new(&config, Timeouts::default()).unwrap()
}

async fn both_ways(count: u64) {
    for (dialect, way_after) in
        [(Dialect::Current, ValidatorsWay::Post), (Dialect::Older, ValidatorsWay::Get)]
    {
        let node = FakeNode::start(dialect).await;
        node.script().at_head = (0..count).map(validator).collect();
        let mut way = ValidatorsWay::default();
        let keys: Vec<_> = (0..count).rev().chain([count + 5]).map(key).collect();
        for _ in 0..2 {
            let found = read(&endpoint(&node), &mut way, StateId::Head, &keys).await.unwrap();
            assert_eq!(found, (0..count).map(validator).collect::<Vec<_>>(), "{dialect:?}");
            assert_eq!(way, way_after);
        }
    }
}

#[tokio::test]
async fn the_same_is_read_either_way() {
    both_ways(0).await;
    both_ways(2).await;
    both_ways(1100).await;
}

#[tokio::test]
async fn batches_are_bounded_and_the_way_is_remembered() {
    let node = FakeNode::start(Dialect::Older).await;
    node.script().at_head = (0..130).map(validator).collect();
    let keys: Vec<_> = (0..130).map(key).collect();
    let mut way = ValidatorsWay::default();
    let endpoint = endpoint(&node);
    read(&endpoint, &mut way, StateId::Head, &keys).await.unwrap();
    assert_eq!(node.take_requests("POST").len(), 1);
    read(&endpoint, &mut way, StateId::Head, &keys).await.unwrap();
    let requests = node.take_requests("");
    assert_eq!(requests.len(), 3, "64 + 64 + 2, and no POST again");
    assert!(requests.iter().all(|request| request.starts_with("GET") && request.len() < 8000));
    assert_eq!(requests[0].matches("id=").count(), GET_BATCH);
}

#[tokio::test]
async fn an_unknown_state_is_no_proof_of_an_older_api() {
    let node = FakeNode::start(Dialect::Current).await;
    node.script()
        .broken
        .insert("/eth/v1/beacon/states/finalized".to_owned(), (404, b"state not found".to_vec()));
    let mut way = ValidatorsWay::default();
    let error = read(&endpoint(&node), &mut way, StateId::Finalized, &[key(1)]).await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 404, .. }), "{error}");
    assert_eq!(way, ValidatorsWay::Post);
}

#[tokio::test]
async fn what_was_not_asked_for_is_left_out_and_contradictions_are_refused() {
    let node = FakeNode::start(Dialect::Current).await;
    let recorded = include_str!("../../tests/fixtures/lodestar/validators.json");
    node.script().broken.insert("/eth/v1/beacon/states".to_owned(), (200, recorded.into()));
    let mut way = ValidatorsWay::default();
    let wanted: BlsPubkey =
        "0xa99a76ed7796f7be22d5b7e85deeb7c5677e88e511e0b337618f8c4eb61349b4bf2d153f649f7b53359fe8b94a38e44c"
            .parse()
            .unwrap();
    let found = read(&endpoint(&node), &mut way, StateId::Head, &[wanted]).await.unwrap();
    assert_eq!(found.len(), 1, "validator 15 was not asked for");
    let validator = found[0];
    assert_eq!((validator.pubkey, validator.index), (wanted, ValidatorIndex(0)));
    assert_eq!(validator.status, ValidatorStatus::ActiveOngoing);
    assert_eq!(validator.effective_balance, Gwei(32_000_000_000));
    assert_eq!(validator.exit_epoch, FAR_FUTURE_EPOCH);

    let entry =
        &recorded[recorded.find("[{").unwrap() + 1..recorded.find("},{\"index\":\"15\"").unwrap() + 1];
    let twice = format!("{{\"data\":[{entry},{}]}}", entry.replace("active_ongoing", "exited_slashed"));
    node.script().broken.insert("/eth/v1/beacon/states".to_owned(), (200, twice.into()));
    let error = read(&endpoint(&node), &mut way, StateId::Head, &[wanted]).await.unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

#[tokio::test]
async fn an_unknown_status_is_not_guessed() {
    let node = FakeNode::start(Dialect::Current).await;
    let recorded =
        include_str!("../../tests/fixtures/lodestar/validators.json").replace("active_ongoing", "on_leave");
    node.script().broken.insert("/eth/v1/beacon/states".to_owned(), (200, recorded.into()));
    let error =
        read(&endpoint(&node), &mut ValidatorsWay::default(), StateId::Head, &[key(1)]).await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
}
