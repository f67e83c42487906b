use super::*;
use crate::execution::fake_chain::{Chain, MODULE};
use crate::execution::fake_node::{FakeNode, Wrong, config};

fn endpoint(url: &Url) -> Endpoint {
    let config = config(&[url]);
    Endpoint::new(&config.nodes[0], config.timeouts).unwrap()
}

#[tokio::test]
async fn batches_are_matched_by_id_and_done_without_where_there_are_none() {
    let node = FakeNode::start(Chain::new(500, 490)).await;
    let numbers: Vec<_> = (0..230).map(|number| BlockNumber(number * 2)).collect();
    for (reversed, no_batches) in [(false, false), (true, false), (false, true)] {
        {
            let mut script = node.script();
            (script.reversed, script.no_batches) = (reversed, no_batches);
        }
        let blocks = endpoint(&node.url).blocks(&numbers).await.unwrap();
        assert!(blocks.iter().map(|block| block.number).eq(numbers.iter().copied()));
    }
}

#[tokio::test]
async fn a_batch_with_a_hole_is_malformed() {
    let node = FakeNode::start(Chain::new(500, 490)).await;
    let body = json!([{ "jsonrpc": "2.0", "id": 77, "result": "0x" }]).to_string();
    node.lapse("eth_getBlockByNumber", 1, Wrong::Http(200, None, body));
    let failure = endpoint(&node.url).blocks(&[BlockNumber(1), BlockNumber(2)]).await.unwrap_err();
    assert_eq!(failure, Failure::Malformed("an answer is missing in the batch".to_owned()));
}

#[tokio::test]
async fn an_answer_of_any_size_is_not_read() {
    let node = FakeNode::start(Chain::new(500, 490)).await;
    let body = format!(r#"{{"jsonrpc":"2.0","id":0,"result":"0x{}"}}"#, "00".repeat(MAX_ANSWER / 2));
    node.lapse("eth_getCode", 1, Wrong::Http(200, None, body));
    let failure = endpoint(&node.url).has_code(MODULE, At::Latest).await.unwrap_err();
    assert_eq!(failure, Failure::TooMuch(format!("the answer is larger than {MAX_ANSWER} bytes")));
}

#[tokio::test]
async fn an_error_in_the_body_counts_more_than_the_status() {
    let node = FakeNode::start(Chain::new(500, 490)).await;
    let body =
        json!({ "jsonrpc": "2.0", "id": 0, "error": { "code": -32602, "message": "block range too large" } });
    node.lapse("eth_getCode", 1, Wrong::Http(400, None, body.to_string()));
    let failure = endpoint(&node.url).has_code(MODULE, At::Latest).await.unwrap_err();
    assert_eq!(failure, Failure::TooMuch("block range too large".to_owned()));
}

#[test]
fn parts_of_a_url_that_may_be_keys() {
    let url = Url::parse("wss://user:pass@host:1/v3/0123456789abcdef?apikey=qwertz&x=1").unwrap();
    assert_eq!(keys(&url), ["0123456789abcdef", "qwertz", "user", "pass"]);
    let plain = Url::parse("http://127.0.0.1:8545/").unwrap();
    assert_eq!(keys(&plain), Vec::<String>::new());
}
