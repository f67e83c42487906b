//! The chain, driven by alloy's own client.

use super::config::{ExecutionConfig, Finality, Sealing};
use super::node::{Behaviour, Told};
use super::*;
use crate::chain::Chain;
use crate::chain::config::ChainConfig;
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, Bytes, TxKind, U256, bytes};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::{Filter, TransactionReceipt, TransactionRequest};
use alloy::transports::RpcError;
use crypto::spec::Epoch;
use std::num::NonZeroU64;
use std::time::Duration;

/// Called without data, counts its calls in slot 0, logs the count under topic 42, and answers it. Called with data,
/// reverts with them. The first eleven bytes put the rest on the chain.
const COUNTER: Bytes = bytes!(
    "602880600b6000396000f3"
    "36601d576000546001018060005560005260"
    "2a60206000a160206000f35b366000600037366000fd"
);

async fn started(config: ExecutionConfig) -> (ExecutionChain, ExecutionNode) {
    let chain = ExecutionChain::start(&config, None).unwrap();
    let node = chain.node("a").await.unwrap();
    (chain, node)
}

/// A client that signs for the first account.
fn client(node: &ExecutionNode) -> DynProvider {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wallet = accounts::signer(0).unwrap();
    ProviderBuilder::new().wallet(wallet).connect_http(node.url().parse().unwrap()).erased()
}

fn deployment() -> TransactionRequest {
    TransactionRequest::default().with_deploy_code(COUNTER)
}

fn call_of(counter: Address) -> TransactionRequest {
    TransactionRequest { to: Some(TxKind::Call(counter)), ..TransactionRequest::default() }
}

async fn sent(client: &DynProvider, request: TransactionRequest) -> TransactionReceipt {
    client.send_transaction(request).await.unwrap().get_receipt().await.unwrap()
}

async fn deployed(client: &DynProvider) -> Address {
    sent(client, deployment()).await.contract_address.unwrap()
}

async fn count_at(client: &DynProvider, counter: Address, block: impl Into<BlockId>) -> Result<u64, String> {
    let answer =
        client.call(call_of(counter)).block(block.into()).await.map_err(|error| error.to_string())?;
    // An account without code answers nothing; the counter answers what it would count to.
    Ok(if answer.is_empty() { 0 } else { U256::from_be_slice(&answer).to::<u64>() })
}

#[tokio::test]
async fn a_contract_is_deployed_called_and_its_logs_are_read() {
    let (chain, node) = started(ExecutionConfig::default()).await;
    let client = client(&node);
    assert_eq!(client.get_chain_id().await.unwrap(), 1337);
    assert_eq!(client.get_net_version().await.unwrap(), 1337);
    let first = accounts::signer(0).unwrap().address();
    assert_eq!(client.get_balance(first).await.unwrap(), accounts::BALANCE);

    let receipt = sent(&client, deployment()).await;
    let counter = receipt.contract_address.unwrap();
    assert_eq!(counter, first.create(0));
    assert_eq!(client.get_code_at(counter).await.unwrap(), COUNTER.slice(11..));
    for _ in 0..3 {
        assert!(sent(&client, call_of(counter)).await.status());
    }
    assert_eq!(chain.head(), 4);
    assert_eq!(client.get_transaction_count(first).await.unwrap(), 4);

    let filter = Filter::new().address(counter).event_signature(U256::from(42)).from_block(0);
    let logs = client.get_logs(&filter).await.unwrap();
    let counted: Vec<u64> = logs.iter().map(|log| U256::from_be_slice(&log.data().data).to()).collect();
    assert_eq!(counted, [1, 2, 3]);
    let places: Vec<_> = logs.iter().map(|log| (log.block_number, log.log_index)).collect();
    assert_eq!(places, [(Some(2), Some(0)), (Some(3), Some(0)), (Some(4), Some(0))]);
    let third = client.get_logs(&filter.clone().at_block_hash(logs[2].block_hash.unwrap())).await.unwrap();
    assert_eq!(third, logs[2..]);
    let others = [
        filter.clone().event_signature(U256::from(43)),
        filter.clone().address(first),
        filter.clone().to_block(1),
    ];
    for other in others {
        assert!(client.get_logs(&other).await.unwrap().is_empty(), "{other:?}");
    }

    // The transaction is found as it was sent, and the receipt fits it.
    let hash = logs[0].transaction_hash.unwrap();
    let tx = client.get_transaction_by_hash(hash).await.unwrap().unwrap();
    assert_eq!((tx.block_number, tx.inner.signer()), (Some(2), first));
    let receipt = client.get_transaction_receipt(hash).await.unwrap().unwrap();
    assert_eq!(receipt.inner.logs(), &logs[..1]);
    assert_eq!(receipt.effective_gas_price, tx.effective_gas_price.unwrap());
    assert!(receipt.inner.logs_bloom().contains_raw_log(counter, &[B256::with_last_byte(42)]));
}

#[tokio::test]
async fn every_block_is_the_hash_of_its_header_and_the_child_of_its_parent() {
    let (_chain, node) = started(ExecutionConfig::default()).await;
    let client = client(&node);
    let counter = deployed(&client).await;
    sent(&client, call_of(counter)).await;
    let mut parent = None;
    for number in 0..=2 {
        let block = client.get_block_by_number(number.into()).full().await.unwrap().unwrap();
        assert_eq!(block.header.hash, block.header.inner.hash_slow());
        assert_eq!(block.header.timestamp, 1_700_000_000 + 12 * number);
        assert!(parent.is_none_or(|parent| parent == block.header.parent_hash));
        assert!(block.header.gas_used > 0 || number == 0);
        let transactions = block.transactions.as_transactions().unwrap();
        let root = alloy::consensus::proofs::calculate_transaction_root(
            &transactions.iter().map(|tx| tx.inner.inner()).collect::<Vec<_>>(),
        );
        assert_eq!(block.header.transactions_root, root);
        assert_eq!(client.get_block_by_hash(block.header.hash).await.unwrap().unwrap().header, block.header);
        parent = Some(block.header.hash);
    }
}

#[tokio::test]
async fn calls_see_the_state_of_the_block_they_name() {
    let (_chain, node) = started(ExecutionConfig::default()).await;
    let client = client(&node);
    let counter = deployed(&client).await;
    sent(&client, call_of(counter)).await;
    sent(&client, call_of(counter)).await;
    assert_eq!(count_at(&client, counter, BlockNumberOrTag::Latest).await, Ok(3));
    assert_eq!(count_at(&client, counter, 2).await, Ok(2));
    assert_eq!(count_at(&client, counter, 1).await, Ok(1));
    assert_eq!(count_at(&client, counter, 0).await, Ok(0));
    let hash = client.get_block_by_number(2.into()).await.unwrap().unwrap().header.hash;
    assert_eq!(count_at(&client, counter, hash).await, Ok(2));
    let missing = count_at(&client, counter, 9).await.unwrap_err();
    assert!(missing.contains("header not found"), "{missing}");
    assert!(client.get_code_at(counter).number(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_revert_comes_with_its_data() {
    let (_chain, node) = started(ExecutionConfig::default()).await;
    let client = client(&node);
    let counter = deployed(&client).await;
    let angry = call_of(counter).with_input(bytes!("82b42900"));
    for error in
        [client.call(angry.clone()).await.unwrap_err(), client.estimate_gas(angry.clone()).await.unwrap_err()]
    {
        let RpcError::ErrorResp(payload) = &error else { panic!("{error}") };
        assert_eq!(payload.code, 3);
        assert_eq!(payload.as_revert_data(), Some(bytes!("82b42900")));
    }
    // Sent all the same, it fails on chain and costs gas.
    let receipt = sent(&client, angry.with_gas_limit(100_000)).await;
    assert!(!receipt.status() && receipt.gas_used > 21_000);
    let text = bytes!(
        "08c379a0"
        "0000000000000000000000000000000000000000000000000000000000000020"
        "0000000000000000000000000000000000000000000000000000000000000005"
        "6e6f706521000000000000000000000000000000000000000000000000000000"
    );
    let error = client.call(call_of(counter).with_input(text)).await.unwrap_err();
    assert!(error.to_string().contains("execution reverted: nope!"), "{error}");
}

#[tokio::test]
async fn transactions_that_cannot_run_are_refused_with_the_words_clients_know() {
    let config = ExecutionConfig { sealing: Sealing::ByHand, ..ExecutionConfig::default() };
    let (chain, node) = started(config).await;
    let client = client(&node);
    let to = Address::repeat_byte(7);
    let gift = |nonce| call_of(to).with_nonce(nonce).with_value(U256::from(5)).with_gas_limit(21_000);
    let refused = async |request: TransactionRequest| match client.send_transaction(request).await {
        Err(error) => error.to_string(),
        Ok(sent) => panic!("{} was taken", sent.tx_hash()),
    };
    // Out of order, they wait for each other.
    let second = client.send_transaction(gift(1)).await.unwrap();
    assert_eq!(chain.mine(1).await.unwrap(), 1);
    assert_eq!(client.get_balance(to).await.unwrap(), U256::ZERO);
    let waiting = client.get_transaction_by_hash(*second.tx_hash()).await.unwrap().unwrap();
    assert_eq!(waiting.block_number, None);
    let _ = client.send_transaction(gift(0)).await.unwrap();
    let account = accounts::signer(0).unwrap().address();
    assert_eq!(client.get_transaction_count(account).pending().await.unwrap(), 2);
    chain.mine(1).await.unwrap();
    assert_eq!(client.get_balance(to).await.unwrap(), U256::from(10));

    assert!(refused(gift(0)).await.contains("nonce too low: next nonce 2, tx nonce 0"));
    assert!(refused(gift(5000)).await.contains("nonce too high"));
    assert!(refused(gift(2).with_gas_limit(60_000_001)).await.contains("exceeds block gas limit"));
    let all = gift(2).with_value(accounts::BALANCE);
    assert!(refused(all).await.contains("insufficient funds"));
    assert!(refused(gift(2).with_chain_id(1)).await.contains("invalid chain id: have 1, want 1337"));
    let raw = client.send_raw_transaction(&[1, 2, 3]).await.unwrap_err().to_string();
    assert!(raw.contains("rlp"), "{raw}");
}

#[tokio::test]
async fn finality_follows_the_depth_or_the_hand() {
    let config = ExecutionConfig { finality: Finality::Depth(3), ..ExecutionConfig::default() };
    let (chain, node) = started(config).await;
    let client = client(&node);
    let finalized = async || client.get_block(BlockId::finalized()).await.unwrap().unwrap().header.number;
    assert_eq!(finalized().await, 0);
    chain.mine(10).await.unwrap();
    assert_eq!(finalized().await, 7);
    chain.set_finalized(4).await.unwrap();
    chain.mine(10).await.unwrap();
    assert_eq!(finalized().await, 4);
    assert_eq!(chain.set_finalized(99).await.unwrap(), 20);
}

#[tokio::test]
async fn a_reorganisation_takes_blocks_away_and_may_bring_their_transactions_back() {
    for (fate, left) in [(Fate::Forgotten, 0), (Fate::Waiting, 1)] {
        let (chain, node) = started(ExecutionConfig::default()).await;
        let client = client(&node);
        let counter = deployed(&client).await;
        let called = sent(&client, call_of(counter)).await;
        let before = client.get_block_by_number(2.into()).await.unwrap().unwrap().header;
        assert_eq!(chain.reorg(1, fate).await.unwrap(), 1);
        let after = client.get_block_by_number(2.into()).await.unwrap().unwrap().header;
        assert_eq!((chain.head(), after.timestamp), (2, before.timestamp));
        assert_ne!(after.hash, before.hash);
        assert!(client.get_block_by_hash(before.hash).await.unwrap().is_none());
        let logs = client.get_logs(&Filter::new().address(counter).from_block(0)).await.unwrap();
        assert_eq!(logs.len(), left, "{fate:?}");
        let receipt = client.get_transaction_receipt(called.transaction_hash).await.unwrap();
        assert_eq!(receipt.and_then(|receipt| receipt.block_hash), (left == 1).then_some(after.hash));
        assert_eq!(count_at(&client, counter, 2).await, Ok(1 + left as u64));
    }
}

#[tokio::test]
async fn coupled_to_a_beacon_chain_it_has_a_block_for_every_slot() {
    let beacon = Chain::start(&ChainConfig::default()).unwrap();
    beacon.advance_to(Epoch(1)).await.unwrap();
    let chain = ExecutionChain::start(&ExecutionConfig::default(), Some(beacon.subscribe())).unwrap();
    assert_eq!(chain.head(), 8);
    let node = chain.node("a").await.unwrap();
    let client = client(&node);
    let sent = client.send_transaction(deployment()).await.unwrap();
    assert!(client.get_transaction_receipt(*sent.tx_hash()).await.unwrap().is_none());
    beacon.advance_to(Epoch(5)).await.unwrap();
    let mut views = chain.view.clone();
    views.wait_for(|view| view.head() == 40).await.unwrap();
    assert_eq!(client.get_transaction_receipt(*sent.tx_hash()).await.unwrap().unwrap().block_number, Some(9));
    let spec = beacon.spec();
    let head = client.get_block(BlockId::latest()).await.unwrap().unwrap().header;
    assert_eq!(head.timestamp, spec.genesis_time + 40 * spec.seconds_per_slot.get());
    let final_slot = spec.start_slot(beacon.view().finalized().epoch).0;
    assert!(final_slot > 0);
    assert_eq!(chain.finalized(), final_slot);
    let safe = client.get_block(BlockId::Number(BlockNumberOrTag::Safe)).await.unwrap().unwrap();
    assert_eq!(safe.header.number, spec.start_slot(beacon.view().head().current_justified.epoch).0);
}

#[tokio::test]
async fn it_can_begin_alone_and_follow_later() {
    let beacon = Chain::start(&ChainConfig::default()).unwrap();
    beacon.advance_to(Epoch(2)).await.unwrap();
    let config = ExecutionConfig { genesis_time: beacon.spec().genesis_time, ..ExecutionConfig::default() };
    let (chain, node) = started(ExecutionConfig { seconds_per_block: NonZeroU64::MIN, ..config }).await;
    let counter = deployed(&client(&node)).await;
    assert_eq!(chain.follow(beacon.subscribe()).await.unwrap(), 16);
    assert_eq!(count_at(&client(&node), counter, 16).await, Ok(1));
}

#[tokio::test]
async fn a_node_comes_back_where_it_was() {
    let (chain, mut node) = started(ExecutionConfig::default()).await;
    let client = client(&node);
    assert_eq!(client.get_block_number().await.unwrap(), 0);
    node.stop().await;
    assert!(client.get_block_number().await.is_err());
    chain.mine(2).await.unwrap();
    node.restart().await.unwrap();
    assert_eq!(client.get_block_number().await.unwrap(), 2);
}

#[tokio::test]
async fn a_node_lags_and_lies_as_it_is_told() {
    let config = ExecutionConfig { finality: Finality::Depth(4), ..ExecutionConfig::default() };
    let (chain, node) = started(config).await;
    let client = client(&node);
    let counter = deployed(&client).await;
    for _ in 0..9 {
        sent(&client, call_of(counter)).await;
    }
    let numbers = async || {
        let finalized = client.get_block(BlockId::finalized()).await.unwrap().unwrap().header;
        (client.get_block_number().await.unwrap(), finalized)
    };
    let (head, honest) = numbers().await;
    assert_eq!((head, honest.number), (10, 6));
    node.set(Behaviour { lag: 5, ..Behaviour::default() });
    let (head, finalized) = numbers().await;
    assert_eq!((head, finalized.number), (5, 5));
    assert!(client.get_block_by_number(6.into()).await.unwrap().is_none());
    assert_eq!(count_at(&client, counter, BlockNumberOrTag::Latest).await, Ok(5));
    node.set(Behaviour { finality: Told::Ahead(3), ..Behaviour::default() });
    assert_eq!(numbers().await.1.number, 9);
    node.set(Behaviour { finality: Told::OtherHash, ..Behaviour::default() });
    let (_, lie) = numbers().await;
    assert_eq!(lie.number, honest.number);
    assert_ne!(lie.hash, honest.hash);
    node.set(Behaviour { chain_id: Some(5), without_transactions: true, ..Behaviour::default() });
    assert_eq!(client.get_chain_id().await.unwrap(), 5);
    let hash = client.get_block_by_number(3.into()).await.unwrap().unwrap().transactions.hashes().next();
    assert!(client.get_transaction_by_hash(hash.unwrap()).await.unwrap().is_none());
    // What one node says is no matter of another.
    let other = chain.node("b").await.unwrap();
    assert_eq!(super::tests::client(&other).get_chain_id().await.unwrap(), 1337);
}

#[tokio::test]
async fn a_node_limits_and_drops_logs_as_it_is_told() {
    let (_chain, node) = started(ExecutionConfig::default()).await;
    let client = client(&node);
    let counter = deployed(&client).await;
    for _ in 0..9 {
        sent(&client, call_of(counter)).await;
    }
    let every = Filter::new().address(counter).from_block(0);
    node.set(Behaviour { drop_every: NonZeroU64::new(3), ..Behaviour::default() });
    assert_eq!(client.get_logs(&every).await.unwrap().len(), 6);
    node.set(Behaviour { drop_every: Some(NonZeroU64::MIN), ..Behaviour::default() });
    assert!(client.get_logs(&every).await.unwrap().is_empty());
    node.set(Behaviour { max_log_range: Some(5), ..Behaviour::default() });
    let error = client.get_logs(&every).await.unwrap_err().to_string();
    assert!(error.contains("query exceeds max block range 5"), "{error}");
    let five = every.clone().from_block(3).to_block(7);
    assert_eq!(client.get_logs(&five).await.unwrap().len(), 5);
    node.set(Behaviour { max_logs: Some(4), ..Behaviour::default() });
    let error = client.get_logs(&five).await.unwrap_err().to_string();
    assert!(error.contains("query returned more than 4 results"), "{error}");
}

#[tokio::test]
async fn a_node_refuses_too_many_requests_and_may_fall_silent() {
    let (_chain, node) = started(ExecutionConfig::default()).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().timeout(Duration::from_millis(300)).build().unwrap();
    let ask = async || {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}"#;
        http.post(node.url()).body(body).send().await
    };
    node.set(Behaviour { requests_per_second: Some(0), ..Behaviour::default() });
    assert_eq!(ask().await.unwrap().status(), 429);
    node.set(Behaviour { requests_per_second: Some(3), ..Behaviour::default() });
    let mut refused = 0;
    // Two seconds at most can pass meanwhile on any machine that passes the other tests.
    for _ in 0..12 {
        refused += u32::from(ask().await.unwrap().status() == 429);
    }
    assert!((1..=10).contains(&refused), "{refused}");
    node.set(Behaviour { silent: true, ..Behaviour::default() });
    assert!(ask().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn impossible_configurations_are_refused_by_field() {
    let no_chain = ExecutionConfig { chain_id: 0, ..ExecutionConfig::default() };
    let no_gas = ExecutionConfig { gas_limit: 21_000, ..ExecutionConfig::default() };
    for (config, expected) in [(no_chain, "`chain_id` is 0"), (no_gas, "`gas_limit` is 21000")] {
        let Err(error) = ExecutionChain::start(&config, None) else { panic!("{expected}: not refused") };
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(accounts::signer(10).is_err());
}

/// The first two of anvil's accounts, as its documentation lists them.
#[test]
fn the_accounts_are_anvils() {
    let expected: [Address; 2] = [
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266".parse().unwrap(),
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8".parse().unwrap(),
    ];
    let addresses: Vec<Address> = accounts::addresses().collect();
    assert_eq!(addresses[..2], expected);
    assert_eq!(addresses.len(), 10);
}
