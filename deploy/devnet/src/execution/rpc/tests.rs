//! What a client that is not alloy could send.

use crate::execution::config::ExecutionConfig;
use crate::execution::{ExecutionChain, ExecutionNode};
use serde_json::{Value, json};

async fn node() -> ExecutionNode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = ExecutionChain::start(&ExecutionConfig::default(), None).unwrap();
    chain.mine(3).await.unwrap();
    chain.node("a").await.unwrap()
}

async fn post(node: &ExecutionNode, body: impl Into<reqwest::Body>) -> Value {
    reqwest::Client::new().post(node.url()).body(body).send().await.unwrap().json().await.unwrap()
}

async fn ask(node: &ExecutionNode, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": "x", "method": method, "params": params });
    let answer = post(node, request.to_string()).await;
    assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!("x")));
    answer
}

#[tokio::test]
async fn a_batch_is_answered_in_order() {
    let node = node().await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 7, "method": "eth_blockNumber", "params": [] },
        { "jsonrpc": "2.0", "id": null, "method": "eth_nothing" },
        { "jsonrpc": "2.0", "id": "b", "method": "eth_chainId" },
        5
    ]);
    let answers = post(&node, batch.to_string()).await;
    assert_eq!(answers[0], json!({ "jsonrpc": "2.0", "id": 7, "result": "0x3" }));
    assert_eq!(answers[1]["error"]["code"], -32601);
    assert_eq!(answers[2]["result"], "0x539");
    assert_eq!(answers[3]["error"]["code"], -32600);
    let too_many = Value::Array(vec![batch[0].clone(); 1001]);
    assert_eq!(post(&node, too_many.to_string()).await["error"]["code"], -32600);
    assert_eq!(post(&node, "[]").await["error"]["code"], -32600);
}

#[tokio::test]
async fn nonsense_gets_the_right_code() {
    let node = node().await;
    assert_eq!(post(&node, "{").await["error"]["code"], -32700);
    let cases = [
        ("eth_getBalance", json!([])),
        ("eth_getBalance", json!(["0x12", "latest"])),
        ("eth_getBalance", json!([format!("0x{}", "00".repeat(20)), "yesterday"])),
        ("eth_getLogs", json!([{ "fromBlock": "0x3", "toBlock": "0x1" }])),
        ("eth_getLogs", json!(["all"])),
        ("eth_getTransactionByHash", json!(["0x"])),
        ("eth_sendRawTransaction", json!([7])),
        ("eth_call", json!([{}, "latest", { "0x": {} }])),
        ("eth_feeHistory", json!(["0x1"])),
    ];
    for (method, params) in cases {
        let answer = ask(&node, method, params.clone()).await;
        assert_eq!(answer["error"]["code"], -32602, "{method} {params}: {answer}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_null() {
    let node = node().await;
    let zeros = json!(format!("0x{}", "00".repeat(32)));
    let cases = [
        ("eth_getBlockByNumber", json!(["0x4", false])),
        ("eth_getBlockByHash", json!([zeros, true])),
        ("eth_getTransactionByHash", json!([zeros])),
        ("eth_getTransactionReceipt", json!([zeros])),
    ];
    for (method, params) in cases {
        let answer = ask(&node, method, params).await;
        assert!(answer.as_object().unwrap().contains_key("result") && answer["result"].is_null(), "{answer}");
    }
}

#[tokio::test]
async fn a_node_tells_of_itself() {
    let node = node().await;
    let version = ask(&node, "web3_clientVersion", json!([])).await;
    assert!(version["result"].as_str().unwrap().starts_with("devnet/v"), "{version}");
    assert_eq!(ask(&node, "eth_syncing", json!([])).await["result"], false);
    let earliest = ask(&node, "eth_getBlockByNumber", json!(["earliest", false])).await;
    assert_eq!(earliest["result"]["number"], "0x0");
    let history = ask(&node, "eth_feeHistory", json!(["0x2", "latest", [50.0]])).await;
    assert_eq!(history["result"]["oldestBlock"], "0x2");
    assert_eq!(history["result"]["baseFeePerGas"].as_array().unwrap().len(), 3);
    assert_eq!(history["result"]["gasUsedRatio"], json!([0.0, 0.0]));
}

#[tokio::test]
async fn only_post_is_served() {
    let node = node().await;
    let answer = reqwest::get(node.url()).await.unwrap();
    assert_eq!(answer.status(), 405);
}
