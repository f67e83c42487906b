//! An execution node for tests, behind a real socket: serves a [`Chain`], and misbehaves on order.

use super::config::Config;
use super::fake_chain::{CHAIN_ID, Chain, EXITS, MODULE, PROTOCOL};
use crate::config::{NodeConfig, Timeouts};
use alloy::primitives::{Address, B256, Bytes};
use axum::body::{Body, Bytes as BodyBytes};
use axum::extract::State;
use axum::http::Response;
use crypto::execution::BlockNumber;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

/// What a node says instead of the right answer.
#[derive(Debug, Clone)]
pub(crate) enum Wrong {
    /// A JSON-RPC error.
    Error(i64, &'static str),
    /// Any result.
    Result(Value),
    /// HTTP status, `Retry-After`, body; for the whole request.
    Http(u16, Option<u64>, String),
    /// Nothing, ever; for the whole request.
    Hang,
}

/// A wrong answer for a method, for a number of times.
#[derive(Debug, Clone)]
pub(crate) struct Lapse {
    pub(crate) method: &'static str,
    pub(crate) times: usize,
    pub(crate) answer: Wrong,
}

/// What the node serves and how it misbehaves. Tests change it at will.
pub(crate) struct Script {
    pub(crate) chain: Chain,
    pub(crate) chain_id: u64,
    pub(crate) lapses: Vec<Lapse>,
    /// Most blocks in one `eth_getLogs`, and how more is refused.
    pub(crate) most_blocks: Option<(u64, i64, &'static str)>,
    /// Positions of the logs that are left out.
    pub(crate) dropped: Vec<usize>,
    /// Changes each log before it is sent.
    pub(crate) twist: Option<fn(&mut Value)>,
    /// Headers of blocks that are not asked for by a tag have another time.
    pub(crate) false_times: bool,
    /// The header with this number, asked for by number, has another hash.
    pub(crate) false_hash: Option<u64>,
    /// State of earlier blocks is gone.
    pub(crate) pruned_below: u64,
    /// Transactions are not found by hash.
    pub(crate) unindexed: bool,
    pub(crate) no_batches: bool,
    /// Batches are answered back to front.
    pub(crate) reversed: bool,
    pub(crate) log_timestamps: bool,
    /// Functions that are not there.
    pub(crate) missing: Vec<[u8; 4]>,
    /// Method and parameters of every request, in order.
    pub(crate) requests: Vec<String>,
}

/// A running node. Dropping it stops it.
pub(crate) struct FakeNode {
    script: Arc<Mutex<Script>>,
    pub(crate) url: Url,
    server: JoinHandle<()>,
}

impl Drop for FakeNode {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl FakeNode {
    pub(crate) async fn start(chain: Chain) -> Self {
        Self::start_at(TcpListener::bind("127.0.0.1:0").await.unwrap(), chain)
    }

    pub(crate) fn start_at(listener: TcpListener, chain: Chain) -> Self {
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let script = Arc::new(Mutex::new(Script {
            chain,
            chain_id: CHAIN_ID,
            lapses: Vec::new(),
            most_blocks: None,
            dropped: Vec::new(),
            twist: None,
            false_times: false,
            false_hash: None,
            pruned_below: 0,
            unindexed: false,
            no_batches: false,
            reversed: false,
            log_timestamps: true,
            missing: Vec::new(),
            requests: Vec::new(),
        }));
        let app = axum::Router::new().fallback(answer).with_state(script.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { script, url, server }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// Answers `method` wrongly so many times.
    pub(crate) fn lapse(&self, method: &'static str, times: usize, answer: Wrong) {
        self.script().lapses.push(Lapse { method, times, answer });
    }

    /// The requests so far that contain `part`, forgetting all.
    pub(crate) fn take_requests(&self, part: &str) -> Vec<String> {
        let requests = std::mem::take(&mut self.script().requests);
        requests.into_iter().filter(|request| request.contains(part)).collect()
    }
}

/// The contracts of [`Chain`] through these nodes, quick and impatient.
pub(crate) fn config(urls: &[&Url]) -> Config {
    let nodes = urls
        .iter()
        .enumerate()
        .map(|(n, url)| NodeConfig { name: format!("node-{n}"), url: (*url).clone() })
        .collect();
    Config {
        nodes,
        chain_id: CHAIN_ID,
        protocol: crypto::execution::Address(PROTOCOL.0.0),
        guardian_module: crypto::execution::Address(MODULE.0.0),
        exit_proposals: None,
        deployed: BlockNumber(1),
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            request: Duration::from_secs(5),
            probe: Duration::from_secs(1),
        },
        poll: Duration::from_millis(20),
    }
}

/// As [`config`], with the exit proposals contract.
pub(crate) fn config_with_exits(urls: &[&Url]) -> Config {
    Config { exit_proposals: Some(crypto::execution::Address(EXITS.0.0)), ..config(urls) }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, body: BodyBytes) -> Response<Body> {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let reply = script.lock().unwrap().reply(&request);
    match reply {
        Ok(value) => Response::new(value.to_string().into()),
        Err(Wrong::Http(status, retry_after, body)) => {
            let mut response = Response::builder().status(status);
            if let Some(seconds) = retry_after {
                response = response.header("retry-after", seconds.to_string());
            }
            response.body(body.into()).unwrap()
        }
        Err(_) => std::future::pending().await,
    }
}

impl Script {
    fn reply(&mut self, request: &Value) -> Result<Value, Wrong> {
        let Some(batch) = request.as_array() else { return self.one(request) };
        if self.no_batches {
            return Ok(json!({
                "jsonrpc": "2.0", "id": null, "error": { "code": -32600, "message": "batches are off" },
            }));
        }
        let mut answers = batch.iter().map(|one| self.one(one)).collect::<Result<Vec<_>, _>>()?;
        if self.reversed {
            answers.reverse();
        }
        Ok(answers.into())
    }

    fn one(&mut self, request: &Value) -> Result<Value, Wrong> {
        let method = request["method"].as_str().unwrap().to_owned();
        self.requests.push(format!("{method} {}", request["params"]));
        let lapse = self.lapses.iter_mut().find(|lapse| lapse.method == method && lapse.times > 0);
        let answer = match lapse {
            Some(lapse) => {
                lapse.times -= 1;
                match lapse.answer.clone() {
                    Wrong::Result(value) => Ok(value),
                    Wrong::Error(code, text) => Err(json!({ "code": code, "message": text })),
                    whole => return Err(whole),
                }
            }
            None => self.right(&method, &request["params"]),
        };
        let mut reply = json!({ "jsonrpc": "2.0", "id": request["id"] });
        match answer {
            Ok(result) => reply["result"] = result,
            Err(error) => reply["error"] = error,
        }
        Ok(reply)
    }

    fn right(&mut self, method: &str, parameters: &Value) -> Result<Value, Value> {
        let number =
            |value: &Value| u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16);
        match method {
            "eth_chainId" => Ok(json!(format!("{:#x}", self.chain_id))),
            "web3_clientVersion" => Ok(json!("fake/v1")),
            "eth_getCode" => {
                let address: Address = serde_json::from_value(parameters[0].clone()).unwrap();
                let is_there = [PROTOCOL, MODULE].contains(&address)
                    || (address == EXITS && self.chain.exits_deployed <= self.chain.head);
                Ok(json!(if is_there { "0x60" } else { "0x" }))
            }
            "eth_getBlockByNumber" => {
                let number = match parameters[0].as_str().unwrap() {
                    "latest" => Some(self.chain.head),
                    "finalized" => self.chain.finalized,
                    _ => number(&parameters[0]).ok().filter(|number| *number <= self.chain.head),
                };
                let mut header = number.map_or(Value::Null, |number| self.chain.header(number));
                if self.false_times && number.is_some_and(|number| Some(number) < self.chain.finalized) {
                    header["timestamp"] = json!("0x1");
                }
                if number.is_some() && number == self.false_hash {
                    header["hash"] = json!(B256::repeat_byte(0xbd));
                }
                Ok(header)
            }
            "eth_getLogs" => {
                let (from, to) = (
                    number(&parameters[0]["fromBlock"]).unwrap(),
                    number(&parameters[0]["toBlock"]).unwrap(),
                );
                if let Some((_, code, text)) = self.most_blocks.filter(|(most, ..)| to - from + 1 > *most) {
                    return Err(json!({ "code": code, "message": text }));
                }
                let contracts: Vec<Address> =
                    serde_json::from_value(parameters[0]["address"].clone()).unwrap();
                let logs = self.chain.logs.iter().enumerate().filter(|(position, log)| {
                    (from..=to).contains(&log.block)
                        && contracts.contains(&log.contract)
                        && !self.dropped.contains(position)
                });
                let mut logs: Vec<_> =
                    logs.map(|(_, log)| self.chain.log_json(log, self.log_timestamps)).collect();
                if let Some(twist) = self.twist {
                    logs.iter_mut().for_each(twist);
                }
                Ok(logs.into())
            }
            "eth_getTransactionByHash" => {
                let hash: B256 = serde_json::from_value(parameters[0].clone()).unwrap();
                let found = self.chain.transactions.get(&hash).filter(|_| !self.unindexed);
                Ok(found.cloned().unwrap_or(Value::Null))
            }
            "eth_getTransactionByBlockHashAndIndex" => {
                let mut found = self.chain.transactions.values();
                Ok(found.find(|one| one["blockHash"] == parameters[0]).cloned().unwrap_or(Value::Null))
            }
            "eth_call" => self.call(parameters, number(&parameters[1]).unwrap_or(self.chain.head)),
            _ => Err(json!({ "code": -32601, "message": format!("the method {method} does not exist") })),
        }
    }

    fn call(&self, parameters: &Value, at: u64) -> Result<Value, Value> {
        if at < self.pruned_below {
            return Err(
                json!({ "code": -32000, "message": "missing trie node 00 (path ) state is not available" }),
            );
        }
        let to: Address = serde_json::from_value(parameters[0]["to"].clone()).unwrap();
        let input: Bytes = serde_json::from_value(parameters[0]["input"].clone()).unwrap();
        if self.missing.iter().any(|selector| input.starts_with(selector)) {
            return Err(json!({ "code": 3, "message": "execution reverted", "data": "0x" }));
        }
        match self.chain.call(to, &input, at) {
            Some(Ok(answer)) => Ok(json!(answer)),
            Some(Err(data)) => Err(json!({ "code": 3, "message": "execution reverted", "data": data })),
            None => Err(json!({ "code": 3, "message": "execution reverted", "data": "0x" })),
        }
    }
}
