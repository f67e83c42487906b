use super::*;
use crate::execution::fake_chain::Chain;
use crate::execution::fake_node::{FakeNode, Wrong, config};
use serde_json::Value;

const EMPTY: &str = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

/// The first block of mainnet, as every node gives it.
fn genesis() -> (BlockHash, Value) {
    let hash = "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3";
    let header = json!({
        "hash": hash,
        "parentHash": format!("0x{}", "00".repeat(32)),
        "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
        "miner": format!("0x{}", "00".repeat(20)),
        "stateRoot": "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
        "transactionsRoot": EMPTY,
        "receiptsRoot": EMPTY,
        "logsBloom": format!("0x{}", "00".repeat(256)),
        "difficulty": "0x400000000",
        "number": "0x0",
        "gasLimit": "0x1388",
        "gasUsed": "0x0",
        "timestamp": "0x0",
        "extraData": "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
        "mixHash": format!("0x{}", "00".repeat(32)),
        "nonce": "0x0000000000000042",
        "size": "0x21c",
        "totalDifficulty": "0x400000000",
        "transactions": [],
        "uncles": [],
    });
    (hash.parse().unwrap(), header)
}

#[tokio::test]
async fn a_header_has_the_hash_that_was_asked_for_or_another_node_is_asked() {
    let (lying, honest) = (FakeNode::start(Chain::new(9, 5)).await, FakeNode::start(Chain::new(9, 5)).await);
    let (hash, header) = genesis();
    let mut changed = header.clone();
    // The hash beside it is still the right one: a node that lies says what it is asked for.
    changed["stateRoot"] = json!(format!("0x{}", "12".repeat(32)));
    lying.lapse("eth_getBlockByHash", 2, Wrong::Result(changed));
    honest.lapse("eth_getBlockByHash", 1, Wrong::Result(header));
    let rlp = Proofs::new(&config(&[&lying.url, &honest.url])).unwrap().header(hash).await.unwrap();
    assert_eq!(keccak256(&rlp).0, hash.0);
    let refused = Proofs::new(&config(&[&lying.url])).unwrap().header(hash).await.unwrap_err().to_string();
    assert!(refused.contains("does not have the hash"), "{refused}");
    honest.lapse("eth_getBlockByHash", 1, Wrong::Result(Value::Null));
    let refused = Proofs::new(&config(&[&honest.url])).unwrap().header(hash).await.unwrap_err().to_string();
    assert!(refused.contains("no such block"), "{refused}");
}

#[tokio::test]
async fn a_proof_holds_or_another_node_is_asked() {
    let nodes: Vec<_> =
        [FakeNode::start(Chain::new(9, 5)).await, FakeNode::start(Chain::new(9, 5)).await].into();
    let (hash, _) = genesis();
    let proof =
        |nodes: &[&str]| Wrong::Result(json!({ "accountProof": nodes, "storageProof": [], "nonce": "0x1" }));
    nodes[0].lapse("eth_getProof", 1, proof(&["0x01"]));
    nodes[1].lapse("eth_getProof", 1, proof(&["0x02", "0x03"]));
    let mut proofs = Proofs::new(&config(&[&nodes[0].url, &nodes[1].url])).unwrap();
    let holds = |found: &[Vec<u8>]| found.len() == 2;
    let found = proofs.account(Address([7; 20]), hash, holds).await.unwrap();
    assert_eq!(found, [vec![2], vec![3]]);
    // It is asked by hash: a number could be another block's by now.
    let asked = nodes[1].take_requests("eth_getProof").remove(0);
    assert!(asked.contains(&format!("\"blockHash\":\"{hash}\"")), "{asked}");
    nodes[0].lapse("eth_getProof", 1, Wrong::Error(-32000, "missing trie node"));
    nodes[1].lapse("eth_getProof", 1, Wrong::Error(-32601, "the method eth_getProof does not exist"));
    let refused = proofs.account(Address([7; 20]), hash, holds).await.unwrap_err().to_string();
    assert!(refused.contains("does not have the data") && refused.contains("does not know"), "{refused}");
}
