//! One execution node: questions with timeouts, answers with limits, credentials never shown.

use super::failure::Failure;
use super::transport::{BoundedHttp, MAX_ANSWER};
use crate::config::{NodeConfig, Timeouts, redacted};
use crate::endpoint::{capped, chain};
use crate::error::Error;
use alloy::primitives::{Address, B256, Bytes, U64};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::RpcRecv;
use alloy::sol_types::SolCall;
use alloy::transports::ws::{WebSocketConfig, WsConnect};
use crypto::execution::{Block, BlockHash, BlockNumber};
use futures::future::join_all;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use url::Url;

/// Questions in one batch: providers allow from 100 up, and answers to 25 registering transactions stay small.
const BATCH: usize = 25;
/// Batches, or single questions to a node without batches, under way at once.
const PARALLEL: usize = 4;
/// A part of a URL this long may be a key.
const KEY: usize = 8;

/// A question: method and parameters.
pub(crate) type Question = (&'static str, Value);

/// Which state a contract is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// The newest block.
    Latest,
    /// The block with this number.
    Number(BlockNumber),
}

impl At {
    fn tag(self) -> Value {
        match self {
            Self::Latest => json!("latest"),
            Self::Number(number) => json!(U64::from(number.0)),
        }
    }
}

/// What is read of a block.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Header {
    number: U64,
    hash: B256,
    timestamp: U64,
}

impl From<Header> for Block {
    fn from(header: Header) -> Self {
        Self {
            number: BlockNumber(header.number.to()),
            hash: BlockHash(header.hash.0),
            timestamp: header.timestamp.to(),
        }
    }
}

/// Where a node is and how to reach it.
pub(crate) struct Endpoint {
    name: String,
    url: Url,
    timeouts: Timeouts,
    link: Option<RpcClient>,
    /// Found to take no batches; forgotten when it is opened anew.
    no_batches: AtomicBool,
    /// Parts of the URL that may be keys: a node's words may repeat them.
    keys: Vec<String>,
}

impl Endpoint {
    pub(crate) fn new(config: &NodeConfig, timeouts: Timeouts) -> Result<Self, Error> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Losing the race to another caller is as good as winning it.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let url = config.url.clone();
        let link = if matches!(url.scheme(), "ws" | "wss") {
            None
        } else {
            let http = BoundedHttp::new(url.clone(), timeouts.connect).map_err(|error| Error::Client {
                node: config.name.clone(),
                problem: chain(&error.without_url()),
            })?;
            Some(RpcClient::new(http, false))
        };
        let keys = keys(&url);
        Ok(Self { name: config.name.clone(), url, timeouts, link, no_batches: AtomicBool::new(false), keys })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Scheme, host and port, for logs.
    pub(crate) fn address(&self) -> String {
        redacted(&self.url)
    }

    /// How long a whole answer may take.
    pub(crate) fn patience(&self) -> Duration {
        self.timeouts.request
    }

    /// How long a node that failed last time may take.
    pub(crate) fn probe_patience(&self) -> Duration {
        self.timeouts.probe
    }

    /// Connects anew where there is a connection to keep.
    pub(crate) async fn open(&mut self) -> Result<(), Failure> {
        self.no_batches.store(false, Ordering::Relaxed);
        if !matches!(self.url.scheme(), "ws" | "wss") {
            return Ok(());
        }
        self.link = None;
        let limits =
            WebSocketConfig::default().max_message_size(Some(MAX_ANSWER)).max_frame_size(Some(MAX_ANSWER));
        // One attempt to reconnect: after that the node is set aside, and opened again when its pause is over.
        let connect = WsConnect::new(self.url.as_str()).with_config(limits).with_max_retries(1);
        let link = tokio::time::timeout(self.timeouts.connect, RpcClient::connect_pubsub(connect))
            .await
            .map_err(|_| Failure::Silent("no connection in time".to_owned()))?
            .map_err(|error| self.scrub(Failure::Silent(capped(&error.to_string()))))?;
        self.link = Some(link);
        Ok(())
    }

    /// Asks within `patience`. A null answer is None where `T` is an `Option`.
    pub(crate) async fn ask_within<T: RpcRecv>(
        &self,
        (method, parameters): Question,
        patience: Duration,
    ) -> Result<T, Failure> {
        let link = self.link()?;
        match tokio::time::timeout(patience, link.request::<_, T>(method, parameters)).await {
            Ok(answer) => answer.map_err(|error| self.scrub(Failure::of(error))),
            Err(_) => Err(Failure::Slow),
        }
    }

    /// Asks within the usual time.
    pub(crate) async fn ask<T: RpcRecv>(&self, question: Question) -> Result<T, Failure> {
        self.ask_within(question, self.timeouts.request).await
    }

    /// Asks many questions, in batches if the node takes them. Answers in the order of the questions; an error when
    /// it is about the node and not about one question.
    pub(crate) async fn ask_all<T: RpcRecv>(
        &self,
        questions: &[Question],
    ) -> Result<Vec<Result<T, Failure>>, Failure> {
        let mut answers = Vec::with_capacity(questions.len());
        for some in questions.chunks(BATCH * PARALLEL) {
            for batch in join_all(some.chunks(BATCH).map(|batch| self.ask_batch(batch))).await {
                answers.extend(batch?);
            }
        }
        Ok(answers)
    }

    async fn ask_batch<T: RpcRecv>(
        &self,
        questions: &[Question],
    ) -> Result<Vec<Result<T, Failure>>, Failure> {
        if !self.no_batches.load(Ordering::Relaxed) && questions.len() > 1 {
            match self.send_batch(questions).await {
                Err(Failure::Unsupported(_) | Failure::Malformed(_)) => {
                    tracing::info!(node = self.name, "execution node takes no batches: asked one by one");
                    self.no_batches.store(true, Ordering::Relaxed);
                }
                // The answers together are too large, not each of them; or it was the wrong moment.
                Err(Failure::TooMuch(_) | Failure::Refused(_)) => {}
                answers => return answers,
            }
        }
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            match self.ask(question.clone()).await {
                Err(failure) if failure.is_of_the_node() => return Err(failure),
                answer => answers.push(answer),
            }
        }
        Ok(answers)
    }

    async fn send_batch<T: RpcRecv>(
        &self,
        questions: &[Question],
    ) -> Result<Vec<Result<T, Failure>>, Failure> {
        let mut batch = self.link()?.new_batch();
        let mut waiting = Vec::with_capacity(questions.len());
        for (method, parameters) in questions {
            waiting.push(batch.add_call::<_, T>(*method, parameters).map_err(Failure::of)?);
        }
        match tokio::time::timeout(self.timeouts.request, batch.send()).await {
            Ok(sent) => sent.map_err(|error| self.scrub(Failure::of(error)))?,
            Err(_) => return Err(Failure::Slow),
        }
        // All are there: alloy fills them, with an error where one is missing, before the batch is done.
        let mut answers = Vec::with_capacity(waiting.len());
        for answer in join_all(waiting).await {
            match answer.map_err(|error| self.scrub(Failure::of(error))) {
                Err(failure) if failure.is_of_the_node() => return Err(failure),
                answer => answers.push(answer),
            }
        }
        Ok(answers)
    }

    fn link(&self) -> Result<&RpcClient, Failure> {
        self.link.as_ref().ok_or_else(|| Failure::Silent("not connected".to_owned()))
    }

    /// `eth_chainId`.
    pub(crate) async fn chain_id(&self, patience: Duration) -> Result<u64, Failure> {
        let id: U64 = self.ask_within(("eth_chainId", json!([])), patience).await?;
        Ok(id.to())
    }

    /// `eth_getBlockByNumber` of a tag, such as `finalized`; none when the node has no such block yet.
    pub(crate) async fn tagged(
        &self,
        tag: &'static str,
        patience: Duration,
    ) -> Result<Option<Block>, Failure> {
        let header: Option<Header> =
            self.ask_within(("eth_getBlockByNumber", json!([tag, false])), patience).await?;
        Ok(header.map(Block::from))
    }

    /// The block with a number.
    pub(crate) async fn block(&self, number: BlockNumber) -> Result<Block, Failure> {
        let blocks = self.blocks(&[number]).await?;
        blocks.into_iter().next().ok_or_else(|| Failure::malformed("no block"))
    }

    /// The blocks with these numbers, in this order.
    pub(crate) async fn blocks(&self, numbers: &[BlockNumber]) -> Result<Vec<Block>, Failure> {
        let questions: Vec<Question> = numbers
            .iter()
            .map(|number| ("eth_getBlockByNumber", json!([U64::from(number.0), false])))
            .collect();
        let answers = self.ask_all::<Option<Header>>(&questions).await?;
        numbers
            .iter()
            .zip(answers)
            .map(|(number, answer)| {
                let block: Block =
                    answer?.ok_or_else(|| Failure::Lacks(format!("no block {number}")))?.into();
                if block.number != *number {
                    return Err(Failure::malformed(format!("block {} for {number}", block.number)));
                }
                Ok(block)
            })
            .collect()
    }

    /// Whether there is code at an address.
    pub(crate) async fn has_code(&self, address: Address, at: At) -> Result<bool, Failure> {
        let code: Bytes = self.ask(("eth_getCode", json!([address, at.tag()]))).await?;
        Ok(!code.is_empty())
    }

    /// `eth_call` of one function, decoded.
    pub(crate) async fn call<C: SolCall>(
        &self,
        contract: Address,
        call: &C,
        at: At,
    ) -> Result<C::Return, Failure> {
        let data: Bytes = self.ask(question(contract, call, at)).await?;
        decode::<C>(&data)
    }

    /// `eth_call` of one function with many arguments, decoded; one failure fails all.
    pub(crate) async fn call_all<C: SolCall>(
        &self,
        contract: Address,
        calls: &[C],
        at: At,
    ) -> Result<Vec<C::Return>, Failure> {
        let questions: Vec<Question> = calls.iter().map(|call| question(contract, call, at)).collect();
        let answers = self.ask_all::<Bytes>(&questions).await?;
        answers.into_iter().map(|answer| decode::<C>(&answer?)).collect()
    }

    /// Transactions as they come, null where the node has none.
    pub(crate) async fn raw_all(
        &self,
        questions: &[Question],
    ) -> Result<Vec<Option<Box<RawValue>>>, Failure> {
        let answers = self.ask_all::<Option<Box<RawValue>>>(questions).await?;
        answers.into_iter().collect()
    }

    /// Takes what may be a key out of a node's words.
    fn scrub(&self, failure: Failure) -> Failure {
        failure.map_text(|text| self.keys.iter().fold(text, |text, key| text.replace(key.as_str(), "…")))
    }
}

fn question(contract: Address, call: &impl SolCall, at: At) -> Question {
    let input = Bytes::from(call.abi_encode());
    ("eth_call", json!([{ "to": contract, "input": input }, at.tag()]))
}

fn decode<C: SolCall>(data: &[u8]) -> Result<C::Return, Failure> {
    let name = || C::SIGNATURE.split('(').next().unwrap_or_default();
    if data.is_empty() {
        return Err(Failure::NoContract(format!("{} answers nothing: no contract there", name())));
    }
    C::abi_decode_returns(data).map_err(|error| Failure::malformed(format!("{}: {error}", name())))
}

/// Parts of a URL that may be keys: user info, long path segments, values of the query.
fn keys(url: &Url) -> Vec<String> {
    let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
    let values = url.query_pairs().map(|(_, value)| value.into_owned());
    let user = [Some(url.username()), url.password()].into_iter().flatten().map(str::to_owned);
    let mut keys: Vec<_> = segments
        .filter(|part| part.len() >= KEY)
        .chain(values)
        .chain(user)
        .filter(|part| part.len() > 3)
        .collect();
    keys.sort_by_key(|key| std::cmp::Reverse(key.len()));
    keys
}

#[cfg(test)]
mod tests;
