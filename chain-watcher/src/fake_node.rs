//! A beacon node for tests, behind a real socket: speaks the current API or an older one, and misbehaves on order.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Request, Response};
use crypto::exit::{SignedVoluntaryExit, VoluntaryExit};
use crypto::spec::{
    BlsPubkey, BlsSignature, ChainSpec, Checkpoint, Epoch, FAR_FUTURE_EPOCH, Fork, ForkName, ForkSchedule,
    ForkVersion, Gwei, Root, Slot, ValidatorIndex,
};
use crypto::validator::{Validator, ValidatorStatus};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use url::Url;

/// Which API a node speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The Beacon API of today.
    Current,
    /// As Lodestar 1.5.1 does: no POST for validators and liveness, 500 for refusals, lists must be repeated.
    Older,
    /// Older still: no liveness at all.
    NoLiveness,
}

/// What the node says. Tests change it at will.
pub(crate) struct Script {
    pub(crate) dialect: Dialect,
    pub(crate) chain: ChainSpec,
    pub(crate) extra_spec: BTreeMap<String, Value>,
    pub(crate) head: Slot,
    pub(crate) syncing: bool,
    pub(crate) finalized: Checkpoint,
    /// Finalized checkpoints shown in turn before `finalized`, one for each question.
    pub(crate) finalized_before: Vec<Checkpoint>,
    pub(crate) at_head: Vec<Validator>,
    pub(crate) at_finalized: Vec<Validator>,
    pub(crate) live: BTreeSet<(Epoch, ValidatorIndex)>,
    /// Status and body for a path that begins so, instead of the right answer.
    pub(crate) broken: BTreeMap<String, (u16, Vec<u8>)>,
    /// Status and body for a posted exit.
    pub(crate) exit_answer: (u16, String),
    /// Answers to posted exits in turn before `exit_answer`.
    pub(crate) exit_answers_before: Vec<(u16, String)>,
    pub(crate) exits: Vec<SignedVoluntaryExit>,
    /// The exits in the block of a slot; other slots are empty. The block of the head's slot is the head.
    pub(crate) blocks: BTreeMap<Slot, Vec<VoluntaryExit>>,
    /// Headers are those of the slot before.
    pub(crate) false_headers: bool,
    /// What an event stream says before it ends.
    pub(crate) events: String,
    /// `METHOD path` of every request, in order.
    pub(crate) requests: Vec<String>,
    /// `authorization` of the latest request.
    pub(crate) authorization: Option<String>,
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
    pub(crate) async fn start(dialect: Dialect) -> Self {
        Self::start_at(TcpListener::bind("127.0.0.1:0").await.unwrap(), dialect)
    }

    pub(crate) fn start_at(listener: TcpListener, dialect: Dialect) -> Self {
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let script = Arc::new(Mutex::new(Script {
            dialect,
            chain: chain(),
            extra_spec: BTreeMap::new(),
            head: Slot(0),
            syncing: false,
            finalized: Checkpoint { epoch: Epoch(0), root: Root([0; 32]) },
            finalized_before: Vec::new(),
            at_head: Vec::new(),
            at_finalized: Vec::new(),
            live: BTreeSet::new(),
            broken: BTreeMap::new(),
            exit_answer: (200, "{}".to_owned()),
            exit_answers_before: Vec::new(),
            exits: Vec::new(),
            blocks: BTreeMap::new(),
            false_headers: false,
            events: String::new(),
            requests: Vec::new(),
            authorization: None,
        }));
        let app = axum::Router::new().fallback(answer).with_state(script.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { script, url, server }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// The requests so far that contain `part`, forgetting all.
    pub(crate) fn take_requests(&self, part: &str) -> Vec<String> {
        let requests = std::mem::take(&mut self.script().requests);
        requests.into_iter().filter(|request| request.contains(part)).collect()
    }
}

/// The chain fake nodes serve: 8 slots of 1 s an epoch, all forks to Capella.
pub(crate) fn chain() -> ChainSpec {
    let names = [ForkName::Phase0, ForkName::Altair, ForkName::Bellatrix, ForkName::Capella];
    let forks = names
        .into_iter()
        .zip(0u8..)
        .map(|(name, n)| Fork { name, version: ForkVersion([n, 0, 0, 1]), epoch: Epoch(u64::from(n)) })
        .collect();
    ChainSpec {
        name: "minimal".to_owned(),
        genesis_time: 1_700_000_000,
        seconds_per_slot: NonZeroU64::new(1).unwrap(),
        slots_per_epoch: NonZeroU64::new(8).unwrap(),
        shard_committee_period: 64,
        forks: ForkSchedule::new(Root([7; 32]), forks).unwrap(),
    }
}

pub(crate) fn key(index: u64) -> BlsPubkey {
    let mut bytes = [0xaa; 48];
    bytes[..8].copy_from_slice(&index.to_be_bytes());
    BlsPubkey(bytes)
}

/// An active validator with `key(index)` and 32 ETH.
pub(crate) fn validator(index: u64) -> Validator {
    Validator {
        pubkey: key(index),
        index: ValidatorIndex(index),
        status: ValidatorStatus::ActiveOngoing,
        balance: Gwei(32_000_000_000),
        effective_balance: Gwei(32_000_000_000),
        slashed: false,
        activation_epoch: Epoch(0),
        exit_epoch: FAR_FUTURE_EPOCH,
        withdrawable_epoch: FAR_FUTURE_EPOCH,
    }
}

pub(crate) fn checkpoint(epoch: u64, root: u8) -> Checkpoint {
    Checkpoint { epoch: Epoch(epoch), root: Root([root; 32]) }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let path = parts.uri.path().to_owned();
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
    let mut script = script.lock().unwrap();
    script.requests.push(format!("{} {}", parts.method, parts.uri));
    script.authorization = parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let broken = script.broken.iter().find(|(prefix, _)| path.starts_with(prefix.as_str()));
    if let Some((_, (status, body))) = broken {
        return respond(*status, body.clone());
    }
    script.route(&parts.method, &path, &query, &body)
}

fn respond(status: u16, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).body(body.into()).unwrap()
}

impl Script {
    fn route(
        &mut self,
        method: &Method,
        path: &str,
        query: &[(String, String)],
        body: &Bytes,
    ) -> Response<Body> {
        let current = self.dialect == Dialect::Current;
        let missing = || {
            let text = format!("Route {method}:{path} not found");
            respond(404, json!({"message": text, "error": "Not Found", "statusCode": 404}).to_string())
        };
        let data = match (method.as_str(), path) {
            ("GET", "/eth/v1/beacon/genesis") => self.genesis(),
            ("GET", "/eth/v1/config/spec") => self.spec(),
            ("GET", "/eth/v1/node/syncing") => json!({
                "head_slot": self.head.to_string(), "sync_distance": if self.syncing { "999" } else { "0" },
                "is_syncing": self.syncing, "is_optimistic": false, "el_offline": false,
            }),
            ("GET", "/eth/v1/beacon/states/head/finality_checkpoints") => {
                let shown = match self.finalized_before.is_empty() {
                    true => self.finalized,
                    false => self.finalized_before.remove(0),
                };
                let json = json!({"epoch": shown.epoch.to_string(), "root": shown.root});
                json!({"previous_justified": json, "current_justified": json, "finalized": json})
            }
            ("POST", "/eth/v1/beacon/states/head/validators") if current => posted(&self.at_head, body),
            ("POST", "/eth/v1/beacon/states/finalized/validators") if current => {
                posted(&self.at_finalized, body)
            }
            ("GET", "/eth/v1/beacon/states/head/validators") => asked(&self.at_head, query),
            ("GET", "/eth/v1/beacon/states/finalized/validators") => asked(&self.at_finalized, query),
            ("POST", _) if current && path.starts_with("/eth/v1/validator/liveness/") => {
                let epoch = path.rsplit('/').next().unwrap().parse().unwrap();
                let indices: Vec<String> = serde_json::from_slice(body).unwrap();
                match self.liveness(epoch, &indices) {
                    Some(entries) => entries
                        .into_iter()
                        .map(|(index, live)| json!({"index": index, "is_live": live}))
                        .collect(),
                    None => {
                        return respond(
                            400,
                            json!({"code": 400, "message": "epoch out of range"}).to_string(),
                        );
                    }
                }
            }
            ("GET", "/eth/v1/validator/liveness") if self.dialect == Dialect::Older => {
                let values = |wanted: &str| {
                    query
                        .iter()
                        .filter(|(name, _)| name == wanted)
                        .map(|(_, value)| value.clone())
                        .collect::<Vec<_>>()
                };
                let epoch: u64 = values("epoch")[0].parse().unwrap();
                match self.liveness(epoch, &values("indices")) {
                    // Numbers without quotes, as that client writes them.
                    Some(entries) => entries
                        .into_iter()
                        .map(|(index, live)| json!({"index": index.parse::<u64>().unwrap(), "epoch": epoch, "is_live": live}))
                        .collect(),
                    None => {
                        let text = format!("Request epoch {epoch} is more than one epoch before or after the current epoch");
                        return respond(500, json!({"statusCode": 500, "error": "Internal Server Error", "message": text}).to_string());
                    }
                }
            }
            ("POST", "/eth/v1/beacon/pool/voluntary_exits") => {
                self.exits.push(serde_json::from_slice(body).unwrap());
                let (status, body) = match self.exit_answers_before.is_empty() {
                    true => self.exit_answer.clone(),
                    false => self.exit_answers_before.remove(0),
                };
                return respond(status, body);
            }
            ("GET", _) if path.starts_with("/eth/v2/beacon/blocks/") => match self.block(path) {
                Some((slot, exits)) => block(slot, exits),
                None => return respond(404, json!({"code": 404, "message": "Block not found"}).to_string()),
            },
            ("GET", _) if path.starts_with("/eth/v1/beacon/headers/") => match self.block(path) {
                // The parent's, where it lies.
                Some((slot, _)) => header(slot.saturating_sub(u64::from(self.false_headers))),
                None => return respond(404, json!({"code": 404, "message": "Block not found"}).to_string()),
            },
            ("GET", "/eth/v1/events") => {
                return Response::builder()
                    .header("content-type", "text/event-stream")
                    .body(self.events.clone().into())
                    .unwrap();
            }
            _ => return missing(),
        };
        respond(200, json!({"data": data, "execution_optimistic": false, "later_field": 1}).to_string())
    }

    /// The block that the last part of a path names.
    fn block(&self, path: &str) -> Option<(Slot, &[VoluntaryExit])> {
        let slot = match path.rsplit('/').next()? {
            "head" => self.head,
            root if root.starts_with("0x") => {
                *self.blocks.keys().find(|slot| header_root(**slot).to_string() == root)?
            }
            slot => Slot(slot.parse().ok()?),
        };
        self.blocks.get(&slot).map(|exits| (slot, exits.as_slice()))
    }

    fn genesis(&self) -> Value {
        json!({
            "genesis_time": self.chain.genesis_time.to_string(),
            "genesis_validators_root": self.chain.forks.genesis_validators_root(),
            "genesis_fork_version": self.chain.forks.forks()[0].version,
        })
    }

    fn spec(&self) -> Value {
        let mut spec = json!({
            "CONFIG_NAME": self.chain.name,
            "SECONDS_PER_SLOT": self.chain.seconds_per_slot.to_string(),
            "SLOTS_PER_EPOCH": self.chain.slots_per_epoch.to_string(),
            "SHARD_COMMITTEE_PERIOD": self.chain.shard_committee_period.to_string(),
            "BLOB_SCHEDULE": [{"EPOCH": "1", "MAX_BLOBS_PER_BLOCK": "9"}],
        });
        for fork in self.chain.forks.forks() {
            let prefix = format!("{:?}", fork.name).to_uppercase().replace("PHASE0", "GENESIS");
            spec[format!("{prefix}_FORK_VERSION")] = json!(fork.version);
            spec[format!("{prefix}_FORK_EPOCH")] = json!(fork.epoch.to_string());
        }
        for (field, value) in &self.extra_spec {
            spec[field] = value.clone();
        }
        spec
    }

    /// `None` for an epoch not within one of the current.
    fn liveness(&self, epoch: u64, indices: &[String]) -> Option<Vec<(String, bool)>> {
        let current = self.chain.epoch_of(self.head).0;
        if epoch.abs_diff(current) > 1 {
            return None;
        }
        let live =
            |index: &String| self.live.contains(&(Epoch(epoch), ValidatorIndex(index.parse().unwrap())));
        Some(indices.iter().map(|index| (index.clone(), live(index))).collect())
    }
}

/// The root fake nodes give the block of a slot.
pub(crate) fn block_root(slot: Slot) -> Root {
    let mut root = [0xbb; 32];
    root[..8].copy_from_slice(&slot.0.to_be_bytes());
    Root(root)
}

fn block(slot: Slot, exits: &[VoluntaryExit]) -> Value {
    let exits: Vec<_> =
        exits.iter().map(|exit| json!({"message": exit, "signature": BlsSignature([5; 96])})).collect();
    json!({
        "message": {
            "slot": slot.to_string(), "proposer_index": "1", "parent_root": block_root(slot.saturating_sub(1)),
            "state_root": Root([4; 32]),
            "body": {
                "randao_reveal": BlsSignature([5; 96]), "attestations": [{"data": {"slot": "1"}}],
                "voluntary_exits": exits, "execution_payload": {"transactions": ["0x02f8"]},
            },
        },
        "signature": BlsSignature([5; 96]),
    })
}

fn header(slot: Slot) -> Value {
    json!({
        "root": block_root(slot), "canonical": true,
        "header": {
            "message": {
                "slot": slot.to_string(), "proposer_index": "1", "parent_root": block_root(slot.saturating_sub(1)),
                "state_root": Root([4; 32]), "body_root": Root([6; 32]),
            },
            "signature": BlsSignature([5; 96]),
        },
    })
}

/// The root of the header of [`header`].
pub(crate) fn header_root(slot: Slot) -> Root {
    let header: crate::api::HeaderJson = serde_json::from_value(header(slot)).unwrap();
    crypto::header::BeaconBlockHeader::from(&header.header.message).hash_tree_root()
}

fn posted(state: &[Validator], body: &Bytes) -> Value {
    let body: Value = serde_json::from_slice(body).unwrap();
    let ids: Vec<String> = serde_json::from_value(body["ids"].clone()).unwrap();
    entries(state, &ids)
}

fn asked(state: &[Validator], query: &[(String, String)]) -> Value {
    let ids: Vec<_> = query.iter().filter(|(name, _)| name == "id").map(|(_, id)| id.clone()).collect();
    entries(state, &ids)
}

fn entries(state: &[Validator], ids: &[String]) -> Value {
    let known = state.iter().filter(|validator| ids.contains(&validator.pubkey.to_string()));
    known
        .map(|validator| {
            json!({
                "index": validator.index.to_string(),
                "balance": validator.balance.to_string(),
                "status": validator.status,
                "validator": {
                    "pubkey": validator.pubkey,
                    "withdrawal_credentials": Root([1; 32]),
                    "effective_balance": validator.effective_balance.to_string(),
                    "slashed": validator.slashed,
                    "activation_eligibility_epoch": "0",
                    "activation_epoch": validator.activation_epoch.to_string(),
                    "exit_epoch": validator.exit_epoch.to_string(),
                    "withdrawable_epoch": validator.withdrawable_epoch.to_string(),
                },
            })
        })
        .collect()
}

/// A listener that takes connections and never answers.
pub(crate) async fn silent_socket() -> (Url, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let server = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    });
    (url, server)
}

/// An address where nobody listens, and where nobody else can until the socket is dropped or told to.
pub(crate) fn dead_address() -> (Url, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = Url::parse(&format!("http://{}", socket.local_addr().unwrap())).unwrap();
    (url, socket)
}
