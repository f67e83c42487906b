use super::*;
use crate::fake_node::{Dialect, FakeNode, chain, checkpoint, dead_address};
use url::Url;

async fn look(url: &Url) -> Checkup {
    let node = NodeConfig { name: "mine".to_owned(), url: url.clone() };
    check_up(&node, &chain(), Timeouts { request: Duration::from_secs(2), ..Timeouts::default() })
        .await
        .unwrap()
}

#[tokio::test]
async fn a_sound_node_is_described() {
    let node = FakeNode::start(Dialect::Current).await;
    {
        let mut script = node.script();
        script.head = Slot(40);
        script.finalized = checkpoint(3, 9);
    }
    let checkup = look(&node.url).await;
    assert_eq!(checkup.chain, Ok(()));
    assert_eq!(
        checkup.sync,
        Ok(Sync { head: Slot(40), distance: 0, is_syncing: false, is_optimistic: false })
    );
    assert_eq!(checkup.finalized, Ok(Epoch(3)));
    assert!(checkup.clock_offset.is_some_and(|seconds| seconds.abs() <= 2), "{:?}", checkup.clock_offset);
    assert_eq!(checkup.version, None, "this one does not say");
}

#[tokio::test]
async fn another_chain_is_named_by_its_field() {
    let node = FakeNode::start(Dialect::Older).await;
    node.script().chain.genesis_time = 5;
    let error = look(&node.url).await.chain.unwrap_err();
    assert!(matches!(&error, Error::WrongNetwork { field, .. } if field == "genesis_time"), "{error}");
}

#[tokio::test]
async fn a_node_that_is_away_is_said_to_be() {
    let (dead, _socket) = dead_address();
    let checkup = look(&dead).await;
    assert!(matches!(checkup.chain, Err(Error::Unreachable { .. })));
    assert!(matches!(checkup.sync, Err(Error::Unreachable { .. })));
    assert_eq!(checkup.clock_offset, None);
}

#[test]
fn clocks_are_compared_both_ways() {
    let now = SystemTime::now();
    assert_eq!(offset(now + Duration::from_secs(90), now), 90);
    assert_eq!(offset(now - Duration::from_secs(90), now), -90);
}
