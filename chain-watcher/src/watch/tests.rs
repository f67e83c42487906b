use super::*;
use crate::config::{Config, NodeConfig, Timeouts};
use crate::connect;
use crate::fake_node::{Dialect, FakeNode, chain, checkpoint, key, validator};
use crypto::spec::{ChainSpec, Slot};

/// A node whose chain began 1000 slots ago and whose head is at slot 900, and a watch over it.
async fn start(
    keys: Vec<BlsPubkey>,
) -> (FakeNode, watch::Sender<Vec<BlsPubkey>>, Poster, mpsc::Receiver<Observation>) {
    let chain = ChainSpec { genesis_time: unix_now().as_secs() - 1000, ..chain() };
    let node = FakeNode::start(Dialect::Current).await;
    {
        let mut script = node.script();
        script.chain = chain.clone();
        script.head = Slot(900);
        script.at_head = (0..5).map(validator).collect();
        script.at_finalized = (0..5).map(validator).collect();
        script.finalized = checkpoint(100, 1);
    }
    let config = Config {
        nodes: vec![NodeConfig { name: "mine".to_owned(), url: node.url.clone() }],
        expected: chain,
        timeouts: Timeouts::default(),
    };
    let (sender, receiver) = watch::channel(keys);
    let (poster, observations) = super::watch(connect(config).await.unwrap(), receiver);
    (node, sender, poster, observations)
}

#[tokio::test]
async fn it_tells_what_there_is_and_follows_what_is_watched() {
    let (_node, keys, _poster, mut observations) = start(vec![key(1)]).await;
    let seen = [observations.recv().await, observations.recv().await, observations.recv().await];
    let expected = [
        Observation::Nodes { total: 1, healthy: 1, disagree: false },
        Observation::Head { slot: Slot(900), validators: vec![validator(1)] },
        Observation::Finalized { checkpoint: checkpoint(100, 1), validators: vec![validator(1)] },
    ];
    assert_eq!(seen, expected.map(Some));

    keys.send(vec![key(2), key(3)]).unwrap();
    loop {
        match observations.recv().await.unwrap() {
            Observation::Head { slot: Slot(900), validators } => {
                assert_eq!(validators, [validator(2), validator(3)]);
                break;
            }
            // Where the wall clock stands in its epoch is not ours to choose.
            Observation::Liveness { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_stream_of_events_is_heard() {
    let (node, _keys, _poster, mut observations) = start(vec![key(1)]).await;
    let exit = include_str!("../../tests/fixtures/voluntary_exit_event.txt");
    node.script().events = exit.to_owned();
    loop {
        if let Observation::ExitGossiped { validator_index, epoch } = observations.recv().await.unwrap() {
            assert_eq!((validator_index.0, epoch.0), (1, 3));
            break;
        }
    }
}

#[tokio::test]
async fn it_ends_when_the_receiver_is_dropped_and_the_poster_lives_on() {
    let (node, keys, poster, observations) = start(vec![key(1)]).await;
    drop(observations);
    // The task held the other end: this returns when it is gone.
    keys.closed().await;
    let exit = crypto::exit::SignedVoluntaryExit {
        message: crypto::exit::VoluntaryExit {
            epoch: crypto::spec::Epoch(1),
            validator_index: crypto::spec::ValidatorIndex(1),
        },
        signature: crypto::spec::BlsSignature([1; 96]),
    };
    let outcomes = poster.post_exit(&exit).await;
    assert_eq!(outcomes, [("mine".to_owned(), crate::PostOutcome::Accepted)]);
    assert_eq!(node.script().exits, [exit]);
}

#[tokio::test]
async fn a_list_that_can_no_longer_change_stays_in_force() {
    let (node, keys, _poster, mut observations) = start(vec![key(1)]).await;
    drop(keys);
    observations.recv().await.unwrap();
    node.script().head = Slot(901);
    loop {
        if let Observation::Head { slot: Slot(901), validators } = observations.recv().await.unwrap() {
            assert_eq!(validators, [validator(1)]);
            break;
        }
    }
}
