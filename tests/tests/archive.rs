//! The chain watcher's archive against the embedded beacon chain: an exit is found where the chain says it is.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use chain_watcher::{Archive, Config, Error, NodeConfig, PostOutcome, Timeouts, connect, watch};
use crypto::exit::{SignedVoluntaryExit, VoluntaryExit};
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use devnet::chain::Chain;
use devnet::chain::config::ChainConfig;
use devnet::chain::interop;
use devnet::chain::node::{Behaviour, Node};

/// An exit as the validator's own key signs it.
fn exit(chain: &Chain, index: u64, epoch: u64) -> SignedVoluntaryExit {
    let message = VoluntaryExit { epoch: Epoch(epoch), validator_index: ValidatorIndex(index) };
    let root = message.signing_root(&chain.spec().forks, chain.view().epoch());
    SignedVoluntaryExit { message, signature: interop::secret_key(index).expect("a key").sign(root) }
}

fn config(chain: &Chain, nodes: &[&Node]) -> Config {
    let named = |node: &&Node| NodeConfig {
        name: node.name().to_owned(),
        url: node.url().parse().expect("the node's URL is one"),
    };
    Config { nodes: nodes.iter().map(named).collect(), expected: chain.spec(), timeouts: Timeouts::default() }
}

/// From the slot after genesis to the head, as many slots a call as may be.
async fn search(archive: &Archive, chain: &Chain, index: u64) -> Result<Option<(Slot, u64)>, Error> {
    let (validator, head) = (ValidatorIndex(index), chain.view().head().slot);
    let from = head.saturating_sub(chain_watcher::archive::MAX_SLOTS - 1);
    let found = archive.find_exit(validator, Epoch(4), from, head).await?;
    if let Some(found) = found {
        let block = chain.view().block_at(found.slot).expect("the block is kept").clone();
        assert_eq!(found.block_root, Some(block.root()));
    }
    Ok(found.map(|found| (found.slot, found.epoch.0)))
}

#[tokio::test]
async fn a_posted_exit_is_found_in_the_block_that_included_it() {
    let chain = Chain::start(&ChainConfig::default()).expect("the chain starts");
    chain.advance_to(Epoch(4)).await.expect("it goes on");
    let (one, two) = (chain.node("one").await.expect("listens"), chain.node("two").await.expect("listens"));
    let nodes = connect(config(&chain, &[&one, &two])).await.expect("both serve the chain");
    let archive = nodes.archive();
    let (poster, _observations) = watch(nodes, tokio::sync::watch::channel(Vec::new()).1);

    // One node refuses: the other one's answer stands.
    one.set(Behaviour { refuse_exits: Some("not today".into()), ..Behaviour::default() });
    let outcomes = poster.post_exit(&exit(&chain, 3, 4)).await;
    assert_eq!(outcomes[0].1, PostOutcome::Rejected("not today".to_owned()));
    assert_eq!(outcomes[1].1, PostOutcome::Accepted);
    assert_eq!(search(&archive, &chain, 3).await, Ok(None), "in a pool, not in a block");

    chain.advance_slot().await.expect("it goes on");
    chain.submit_exit("one", exit(&chain, 5, 2)).await.expect("the chain runs").expect("a good exit");
    for epoch in 5..9 {
        chain.advance_to(Epoch(epoch)).await.expect("it goes on");
        let included: Vec<_> = chain.view().exits().iter().map(|seen| seen.included).collect();
        let expected = |n: usize, epoch| included[n].map(|slot| (slot, epoch));
        assert_eq!(search(&archive, &chain, 3).await, Ok(expected(0, 4)));
        assert_eq!(
            search(&archive, &chain, 5).await,
            Ok(expected(1, 2)),
            "with the epoch it was included with"
        );
        assert_eq!(search(&archive, &chain, 7).await, Ok(None));
    }
}

#[tokio::test]
async fn a_node_that_is_away_or_behind_leaves_it_to_the_others() {
    let chain = Chain::start(&ChainConfig::default()).expect("the chain starts");
    chain.advance_to(Epoch(4)).await.expect("it goes on");
    let (mut one, two) =
        (chain.node("one").await.expect("listens"), chain.node("two").await.expect("listens"));
    let archive = connect(config(&chain, &[&one, &two])).await.expect("both serve the chain").archive();
    chain.submit_exit("one", exit(&chain, 3, 4)).await.expect("the chain runs").expect("a good exit");
    let slot = chain.advance_slot().await.expect("it goes on");

    // Not said to be nowhere by a node that has not seen the block.
    one.set(Behaviour { lag: 1, ..Behaviour::default() });
    assert_eq!(search(&archive, &chain, 3).await, Ok(Some((slot, 4))));
    two.set(Behaviour { syncing: true, ..Behaviour::default() });
    let error = search(&archive, &chain, 3).await.expect_err("nobody can say");
    assert!(matches!(error, Error::NoAnswer { .. }), "{error}");
    two.set(Behaviour::default());
    one.stop().await;
    assert_eq!(search(&archive, &chain, 3).await, Ok(Some((slot, 4))));
}

#[tokio::test]
async fn blocks_the_chain_no_longer_keeps_are_not_called_empty() {
    let chain = Chain::start(&ChainConfig::default()).expect("the chain starts");
    chain.advance_to(Epoch(4)).await.expect("it goes on");
    chain.submit_exit("one", exit(&chain, 3, 4)).await.expect("the chain runs").expect("a good exit");
    let slot = chain.advance_slot().await.expect("it goes on");
    let node = chain.node("one").await.expect("listens");
    let archive = connect(config(&chain, &[&node])).await.expect("it serves the chain").archive();
    // So far that neither the block nor its neighbours are kept.
    chain.advance_to(Epoch(72)).await.expect("it goes on");
    let error = archive.find_exit(ValidatorIndex(3), Epoch(4), slot, slot).await.expect_err("not kept");
    assert!(error.to_string().contains("may not keep them"), "{error}");
}
