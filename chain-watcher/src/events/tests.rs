use super::*;
use crate::config::{NodeConfig, Timeouts};
use crate::fake_node::{Dialect, FakeNode};
use crypto::spec::{Epoch, ValidatorIndex};

const EXIT: &str = concat!(
    "event: voluntary_exit\r\ndata: {\"message\":{\"epoch\":\"3\",\"validator_index\":\"15\"},\"signature\":\"0x",
    "030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303",
    "030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303",
    "\"}\r\n\r\n"
);

fn endpoint(node: &FakeNode) -> Endpoint {
    let config = NodeConfig { name: "mine".to_owned(), url: node.url.clone() };
    Endpoint::new(&config, Timeouts::default()).unwrap()
}

async fn follow_once(events: String) -> (Result<(), Error>, Vec<Hint>) {
    let node = FakeNode::start(Dialect::Current).await;
    node.script().events = events;
    let (hints, mut heard) = mpsc::channel(64);
    let result = follow(&endpoint(&node), 0, MAX_PAUSE, &hints, &mut FIRST_PAUSE.clone()).await;
    drop(hints);
    let mut all = Vec::new();
    while let Some((_, hint)) = heard.recv().await {
        all.push(hint);
    }
    (result, all)
}

/// The first events of a stream recorded from Lodestar 1.5.1, then an exit.
#[tokio::test]
async fn a_real_stream_is_understood() {
    let recorded = include_str!("../../tests/fixtures/lodestar/events.txt");
    let (result, hints) = follow_once(format!("{recorded}: a comment\n\n{EXIT}")).await;
    result.unwrap();
    let exit = VoluntaryExit { epoch: Epoch(3), validator_index: ValidatorIndex(15) };
    let expected = [Hint::Head(Slot(544)), Hint::Finalized, Hint::Head(Slot(545)), Hint::Exit(exit)];
    assert_eq!(hints, expected);
}

#[tokio::test]
async fn what_is_not_understood_is_passed_over() {
    let noise =
        "event: block\ndata: {}\n\nevent: head\ndata: not json\n\nevent: voluntary_exit\ndata: {}\n\n";
    let (result, hints) = follow_once(format!("{noise}event: head\ndata: {{\"slot\":\"7\"}}\n\n")).await;
    result.unwrap();
    assert_eq!(hints, [Hint::Head(Slot(7))]);
}

#[tokio::test]
async fn an_event_without_end_is_cut_off() {
    let (result, hints) = follow_once(format!("data: {}", "x".repeat(EVENT + 1))).await;
    assert!(result.unwrap_err().to_string().contains("larger than"));
    assert!(hints.is_empty());
}

#[test]
fn only_unfinished_bytes_count() {
    let mut unfinished = Unfinished::default();
    assert_eq!(unfinished.add(b"data: 1\n"), 8);
    assert_eq!(unfinished.add(b"\ndat"), 3);
    assert_eq!(unfinished.add(b"a: 1\r\n\r\n"), 0);
    assert_eq!(unfinished.add(b"data"), 4);
}

#[tokio::test]
async fn a_stream_that_ends_is_opened_anew() {
    let node = FakeNode::start(Dialect::Current).await;
    node.script().events = "event: head\ndata: {\"slot\":\"7\"}\n\n".to_owned();
    let (hints, mut heard) = mpsc::channel(1);
    let listener = tokio::spawn(listen(endpoint(&node), 3, MAX_PAUSE, hints));
    assert_eq!(heard.recv().await, Some((3, Hint::Head(Slot(7)))));
    assert_eq!(heard.recv().await, Some((3, Hint::Head(Slot(7)))));
    assert!(node.take_requests("topics=head&topics=finalized_checkpoint&topics=voluntary_exit").len() >= 2);
    drop(heard);
    listener.await.unwrap();
}
