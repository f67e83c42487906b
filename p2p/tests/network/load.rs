use crate::nodes::*;
use p2p::{Error, Inbound, Limits, Rejection};

/// The reader sleeps; what does not fit its queue is dropped and counted, and nothing else piles up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_loses_messages_and_not_memory() {
    let narrow = Limits { inbound_queue: 16, ..limits() };
    let mut nodes = mesh(&identities::<2>(), &narrow).await;
    let [a, b] = nodes.as_mut_slice() else { unreachable!() };
    for number in 0u64..200 {
        a.say(&number.to_le_bytes());
    }
    b.counted("200 messages", |counters| counters.received + counters.refused(Rejection::QueueFull) == 200)
        .await;
    assert!(b.counters().received <= 16, "{:?}", b.counters());
    assert_eq!(b.inbound.len(), 16);
    let waiting: Vec<_> = std::iter::from_fn(|| b.inbound.try_recv().ok()).collect();
    assert!(waiting.iter().all(|item| matches!(item, Inbound::Message { .. } | Inbound::Refused { .. })));

    a.say(b"awake?");
    assert_eq!(b.message().await.1, b"awake?");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_author_above_its_rate_is_cut_to_it() {
    let strict = Limits { message_burst: 10, messages_per_second: 1, ..limits() };
    let mut nodes = mesh(&identities::<3>(), &strict).await;
    for number in 0u64..100 {
        nodes[0].say(&number.to_le_bytes());
    }
    for node in &nodes[1..] {
        // Refusals are not forwarded, so each hears most of them from the author and some never.
        node.counted("the rest", |counters| counters.refused(Rejection::RateLimited) >= 50).await;
        assert!(node.counters().received <= 40, "{:?}", node.counters());
    }
    // The others are not affected.
    nodes[1].say(b"quiet one");
    let author = nodes[1].id();
    let from_quiet = |item| matches!(item, Inbound::Message { sender, .. } if sender == author).then_some(());
    nodes[2].wait("the quiet one", from_quiet).await;
}

/// The command queue is bounded too; this runtime has one thread, so the task cannot drain it meanwhile.
#[tokio::test]
async fn a_full_command_queue_is_an_error_for_now() {
    let [alice, bob] = identities();
    let node = Node::start(config(&alice, vec![peer(&bob, None)])).await;
    let sealed = node.network.seal(b"x");
    for _ in 0..limits().command_queue {
        node.network.try_broadcast(sealed.clone()).unwrap();
    }
    assert!(matches!(node.network.try_broadcast(sealed.clone()), Err(Error::Busy)));
    node.counted("the queue to drain", |counters| counters.unsent == 256).await;
    node.network.try_broadcast(sealed).unwrap();
}
