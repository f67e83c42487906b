//! The API as an ordinary HTTP client sees it.

use crate::chain::Chain;
use crate::chain::config::ChainConfig;
use crate::chain::interop;
use crate::chain::node::{Behaviour, Dialect, Finality, Node};
use crypto::exit::{SignedVoluntaryExit, VoluntaryExit};
use crypto::spec::{Epoch, ValidatorIndex};
use eventsource_stream::Eventsource;
use futures::StreamExt;
use serde_json::{Value, json};

struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    fn of(node: &Node) -> Self {
        // Fails when another test was first; either way one is installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // No kept-alive connections: a node that stops must not be held up by them.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        Self { http, url: node.url() }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        Self::read(self.http.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        Self::read(self.http.post(format!("{}{path}", self.url)).json(body).send().await.unwrap()).await
    }

    async fn read(response: reqwest::Response) -> (u16, Value) {
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn data(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body["data"].clone()
    }
}

async fn started(epoch: u64) -> (Chain, Node, Client) {
    let chain = Chain::start(&ChainConfig::default()).unwrap();
    chain.advance_to(Epoch(epoch)).await.unwrap();
    let node = chain.node("one").await.unwrap();
    let client = Client::of(&node);
    (chain, node, client)
}

fn exit(chain: &Chain, index: u64, epoch: u64) -> SignedVoluntaryExit {
    let message = VoluntaryExit { epoch: Epoch(epoch), validator_index: ValidatorIndex(index) };
    let root = message.signing_root(&chain.spec().forks, chain.view().epoch());
    SignedVoluntaryExit { message, signature: interop::secret_key(index).unwrap().sign(root) }
}

const VALIDATORS: &str = "/eth/v1/beacon/states/head/validators";
const BLOCKS: &str = "/eth/v2/beacon/blocks";
const EXITS: &str = "/eth/v1/beacon/pool/voluntary_exits";

fn indices(answer: &Value) -> Vec<&str> {
    answer.as_array().unwrap().iter().map(|v| v["index"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_a_client_asks_first() {
    let (chain, _node, client) = started(1).await;
    assert_eq!(client.get("/eth/v1/node/health").await.0, 200);
    assert_eq!(
        client.data("/eth/v1/node/syncing").await,
        json!({ "head_slot": "8", "sync_distance": "0", "is_syncing": false, "is_optimistic": false,
                "el_offline": false })
    );
    assert!(
        client.data("/eth/v1/node/version").await["version"]
            .as_str()
            .unwrap()
            .starts_with("guardian-devnet/")
    );
    let spec = chain.spec();
    assert_eq!(
        client.data("/eth/v1/beacon/genesis").await,
        json!({ "genesis_time": "1700000000", "genesis_fork_version": "0x00646576",
                "genesis_validators_root": spec.forks.genesis_validators_root() })
    );
    let constants = client.data("/eth/v1/config/spec").await;
    assert_eq!(constants["SECONDS_PER_SLOT"], "1");
    assert_eq!(constants["SLOTS_PER_EPOCH"], "8");
    assert_eq!(constants["SHARD_COMMITTEE_PERIOD"], "0");
    assert_eq!(constants["CAPELLA_FORK_VERSION"], "0x03646576");
    assert_eq!(constants["ELECTRA_FORK_EPOCH"], "2");
    assert_eq!(constants["FULU_FORK_EPOCH"], "18446744073709551615");
    assert!(constants.as_object().unwrap().values().all(Value::is_string));
    let forks = client.data("/eth/v1/config/fork_schedule").await;
    assert_eq!(forks.as_array().unwrap().len(), 6);
    assert_eq!(
        forks[4],
        json!({ "previous_version": "0x03646576", "current_version": "0x04646576", "epoch": "1" })
    );
    assert_eq!(client.data("/eth/v1/beacon/states/head/fork").await, forks[4]);
}

#[tokio::test]
async fn states_by_every_kind_of_id() {
    let (chain, _node, client) = started(5).await;
    let view = chain.view();
    let checkpoints = client.data("/eth/v1/beacon/states/head/finality_checkpoints").await;
    assert_eq!(checkpoints["finalized"], json!({ "epoch": "3", "root": view.finalized().root }));
    assert_eq!(checkpoints["current_justified"]["epoch"], "4");
    assert_eq!(checkpoints["previous_justified"]["epoch"], "3");
    let (_, finalized) = client.get("/eth/v1/beacon/states/finalized/root").await;
    let (_, by_slot) = client.get("/eth/v1/beacon/states/24/root").await;
    assert_eq!(finalized, by_slot);
    assert_eq!(finalized["finalized"], true);
    assert_eq!(finalized["execution_optimistic"], false);
    let root = finalized["data"]["root"].as_str().unwrap();
    assert_eq!(client.get(&format!("/eth/v1/beacon/states/{root}/root")).await.1, finalized);
    assert_eq!(client.get("/eth/v1/beacon/states/head/root").await.1["finalized"], false);
    assert_eq!(client.get("/eth/v1/beacon/states/justified/root").await.0, 200);
    for (id, code) in
        [("41", 404), ("nonsense", 400), ("0x12", 400), (&format!("0x{}", "11".repeat(32)), 404)]
    {
        let (status, body) = client.get(&format!("/eth/v1/beacon/states/{id}/root")).await;
        assert_eq!(status, code, "{id}");
        assert_eq!(body["code"], code, "{id}");
        assert!(body["message"].is_string(), "{id}");
    }
    let header = client.data("/eth/v1/beacon/headers/head").await;
    assert_eq!(header["header"]["message"]["slot"], "40");
    assert_eq!(header["root"], json!(view.head_root()));
    let by_root = client.data(&format!("/eth/v1/beacon/headers/{}", view.head_root())).await;
    assert_eq!(by_root, header);
}

#[tokio::test]
async fn blocks_by_every_kind_of_id_with_their_exits() {
    let (chain, node, client) = started(4).await;
    let signed = exit(&chain, 3, 4);
    chain.submit_exit("one", signed).await.unwrap().unwrap();
    let slot = chain.advance_slot().await.unwrap();
    chain.advance_to(Epoch(7)).await.unwrap();
    let view = chain.view();

    let (status, block) = client.get(&format!("{BLOCKS}/{slot}")).await;
    assert_eq!(status, 200);
    assert_eq!(block["version"], "electra");
    assert_eq!((&block["execution_optimistic"], &block["finalized"]), (&json!(false), &json!(true)));
    let message = &block["data"]["message"];
    assert_eq!(message["slot"], slot.to_string());
    assert_eq!(message["body"]["voluntary_exits"], json!([signed]));
    assert_eq!(
        message["body"]["voluntary_exits"][0]["message"],
        json!({ "epoch": "4", "validator_index": "3" })
    );
    assert!(block["data"]["signature"].is_string());
    let header = client.data(&format!("/eth/v1/beacon/headers/{slot}")).await;
    for field in ["slot", "proposer_index", "parent_root", "state_root"] {
        assert_eq!(message[field], header["header"]["message"][field], "{field}");
    }
    assert_eq!(client.get(&format!("{BLOCKS}/{}", header["root"].as_str().unwrap())).await.1, block);

    // In no other block, and one after the other.
    for other in (1..=view.head().slot.0).filter(|other| *other != slot.0) {
        let message = client.data(&format!("{BLOCKS}/{other}")).await["message"].clone();
        assert_eq!(message["body"]["voluntary_exits"], json!([]), "{other}");
        let parent = client.data(&format!("/eth/v1/beacon/headers/{}", other - 1)).await;
        assert_eq!(message["parent_root"], parent["root"], "{other}");
    }
    let (_, head) = client.get(&format!("{BLOCKS}/head")).await;
    assert_eq!((&head["data"]["message"]["slot"], &head["finalized"]), (&json!("56"), &json!(false)));
    assert_eq!(client.data(&format!("{BLOCKS}/finalized")).await["message"]["slot"], "40");
    assert_eq!(client.data(&format!("{BLOCKS}/genesis")).await["message"]["slot"], "0");
    assert_eq!(client.get(&format!("{BLOCKS}/8")).await.1["version"], "deneb");
    for (id, code) in
        [("57", 404), ("nonsense", 400), ("0x12", 400), (&format!("0x{}", "11".repeat(32)), 404)]
    {
        let (status, body) = client.get(&format!("{BLOCKS}/{id}")).await;
        assert_eq!((status, &body["code"]), (code, &json!(code)), "{id}");
    }
    let response = client.http.get(format!("{}{BLOCKS}/head", client.url)).send().await.unwrap();
    assert_eq!(response.headers()["eth-consensus-version"], "electra");
    // A node that is behind has not seen it.
    node.set(Behaviour { lag: 1, ..Behaviour::default() });
    assert_eq!(client.get(&format!("{BLOCKS}/56")).await.0, 404);
    assert_eq!(client.data(&format!("{BLOCKS}/head")).await["message"]["slot"], "55");
}

#[tokio::test]
async fn validators_by_every_kind_of_question() {
    let (chain, _node, client) = started(1).await;
    let key = |index: usize| chain.view().head().validators[index].pubkey.to_string();
    assert_eq!(client.data(VALIDATORS).await.as_array().unwrap().len(), 16);
    for query in ["id=3&id=5", "id=3,5", "id=5,3&id=3", &format!("id={}&id=5", key(3)), "id=3&id=5&id=99"] {
        assert_eq!(indices(&client.data(&format!("{VALIDATORS}?{query}")).await), ["3", "5"], "{query}");
    }
    let unknown = format!("{VALIDATORS}?id=0x{}", "22".repeat(48));
    assert_eq!(client.data(&unknown).await, json!([]));
    assert_eq!(client.data(&format!("{VALIDATORS}?status=pending,exited")).await, json!([]));
    let active = client.data(&format!("{VALIDATORS}?status=active_ongoing&status=exited&id=7")).await;
    assert_eq!(indices(&active), ["7"]);
    let (status, posted) =
        client.post(VALIDATORS, &json!({ "ids": [key(3), "5"], "statuses": ["active"] })).await;
    assert_eq!(status, 200);
    assert_eq!(indices(&posted["data"]), ["3", "5"]);
    assert_eq!(
        client.post(VALIDATORS, &json!({ "ids": null })).await.1["data"].as_array().unwrap().len(),
        16
    );

    let single = client.data(&format!("{VALIDATORS}/{}", key(3))).await;
    assert_eq!(single, client.data(&format!("{VALIDATORS}/3")).await);
    assert_eq!(single["status"], "active_ongoing");
    assert_eq!(single["validator"]["exit_epoch"], "18446744073709551615");
    assert_eq!(single["validator"]["effective_balance"], "32000000000");
    assert_eq!(single["validator"]["slashed"], false);

    assert_eq!(client.get(&format!("{VALIDATORS}/99")).await.0, 404);
    for path in
        [format!("{VALIDATORS}?id=bad"), format!("{VALIDATORS}?status=bad"), format!("{VALIDATORS}/0x1")]
    {
        assert_eq!(client.get(&path).await.0, 400, "{path}");
    }
    assert_eq!(client.post(VALIDATORS, &json!({ "ids": [5] })).await.0, 400);
    assert_eq!(
        client.get("/eth/v1/beacon/nothing").await,
        (404, json!({ "code": 404, "message": "no such endpoint" }))
    );
}

#[tokio::test]
async fn exits_are_posted_pooled_included_and_refused() {
    let (chain, _node, client) = started(4).await;
    let signed = exit(&chain, 3, 4);
    assert_eq!(client.post(EXITS, &json!(signed)).await.0, 200);
    assert_eq!(client.data(EXITS).await, json!([signed]));
    assert_eq!(client.post(EXITS, &json!(signed)).await.0, 200);
    let (status, body) = client.post(EXITS, &json!(exit(&chain, 3, 3))).await;
    assert_eq!((status, body["message"].as_str().unwrap().contains("already exists")), (400, true), "{body}");
    let future = client.post(EXITS, &json!(exit(&chain, 4, 9))).await;
    assert_eq!(future.0, 400);
    assert!(future.1["message"].as_str().unwrap().contains("future"), "{}", future.1);
    let mut forged = exit(&chain, 4, 4);
    forged.signature = signed.signature;
    let forged = client.post(EXITS, &json!(forged)).await;
    assert_eq!(forged.0, 400);
    assert!(forged.1["message"].as_str().unwrap().contains("signature"), "{}", forged.1);
    assert_eq!(client.post(EXITS, &json!({ "message": {} })).await.0, 400);

    chain.advance_slot().await.unwrap();
    assert_eq!(client.data(EXITS).await, json!([]));
    let validator = client.data(&format!("{VALIDATORS}/3")).await;
    assert_eq!(validator["status"], "active_exiting");
    assert_eq!(validator["validator"]["exit_epoch"], "9");
    assert_eq!(indices(&client.data(&format!("{VALIDATORS}?status=active_exiting")).await), ["3"]);
    let again = client.post(EXITS, &json!(exit(&chain, 3, 3))).await;
    assert_eq!(again.0, 400);
    assert!(again.1["message"].as_str().unwrap().contains("already exiting"), "{}", again.1);
    chain.advance_to(Epoch(9)).await.unwrap();
    assert_eq!(client.data(&format!("{VALIDATORS}/3")).await["status"], "exited_unslashed");
}

#[tokio::test]
async fn liveness_of_recent_epochs_only() {
    let (chain, _node, client) = started(4).await;
    chain.set_dark([ValidatorIndex(5)]).await.unwrap();
    chain.advance_to(Epoch(6)).await.unwrap();
    let ask = async |epoch: u64| {
        client.post(&format!("/eth/v1/validator/liveness/{epoch}"), &json!(["4", "5"])).await
    };
    let live = |four: bool, five: bool| json!({ "data": [{ "index": "4", "is_live": four }, { "index": "5", "is_live": five }] });
    assert_eq!(ask(5).await, (200, live(true, false)));
    assert_eq!(ask(7).await, (200, live(false, false)));
    assert_eq!(ask(4).await.0, 400);
    assert_eq!(ask(8).await.0, 400);
    for _ in 0..7 {
        chain.advance_slot().await.unwrap();
    }
    chain.set_dark([]).await.unwrap();
    chain.advance_to(Epoch(7)).await.unwrap();
    // In epoch 6 it attests in slot 3, when it was still dark.
    assert_eq!(ask(6).await.1, live(true, false));
    chain.advance_to(Epoch(8)).await.unwrap();
    assert_eq!(ask(7).await.1, live(true, true));
    let bad = client.post("/eth/v1/validator/liveness/8", &json!([4])).await;
    assert_eq!(bad.0, 400);
}

#[tokio::test]
async fn events_tell_of_heads_finality_and_exits() {
    let (chain, _node, client) = started(4).await;
    let url = format!("{}/eth/v1/events?topics=head,finalized_checkpoint&topics=voluntary_exit", client.url);
    let mut events = client.http.get(url).send().await.unwrap().bytes_stream().eventsource();
    let signed = exit(&chain, 3, 4);
    chain.submit_exit("one", signed).await.unwrap().unwrap();
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(event.event, "voluntary_exit");
    assert_eq!(serde_json::from_str::<Value>(&event.data).unwrap(), json!(signed));
    chain.advance_to(Epoch(5)).await.unwrap();
    for slot in 33..=40 {
        let event = events.next().await.unwrap().unwrap();
        assert_eq!(event.event, "head");
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["slot"], slot.to_string());
        assert_eq!(data["epoch_transition"], slot == 40);
    }
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(event.event, "finalized_checkpoint");
    let data: Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(data["epoch"], "3");
    assert_eq!(data["block"], json!(chain.view().finalized().root));
    assert_eq!(client.get("/eth/v1/events?topics=nonsense").await.0, 400);
}

#[tokio::test]
async fn a_node_stops_and_comes_back_where_it_was() {
    let (chain, mut node, client) = started(1).await;
    let url = format!("{}/eth/v1/events?topics=head", client.url);
    let mut events = client.http.get(url).send().await.unwrap().bytes_stream().eventsource();
    node.stop().await;
    assert!(events.next().await.is_none_or(|event| event.is_err()));
    assert!(
        client.http.get(format!("{}/eth/v1/node/health", client.url)).send().await.unwrap_err().is_connect()
    );
    chain.advance_slot().await.unwrap();
    node.restart().await.unwrap();
    assert_eq!(node.url(), client.url);
    assert_eq!(client.data("/eth/v1/node/syncing").await["head_slot"], "9");
}

#[tokio::test]
async fn a_node_misbehaves_as_told_and_alone() {
    let (chain, node, client) = started(5).await;
    let honest = chain.node("two").await.unwrap();
    let other = Client::of(&honest);
    node.set(Behaviour { syncing: true, lag: 9, ..Behaviour::default() });
    assert_eq!(client.get("/eth/v1/node/health").await.0, 206);
    let syncing = client.data("/eth/v1/node/syncing").await;
    assert_eq!((&syncing["head_slot"], &syncing["sync_distance"]), (&json!("31"), &json!("9")));
    assert_eq!(syncing["is_syncing"], true);
    let checkpoints = "/eth/v1/beacon/states/head/finality_checkpoints";
    assert_eq!(client.data(checkpoints).await["finalized"]["epoch"], "0");
    assert_eq!(client.get("/eth/v1/beacon/states/40/root").await.0, 404);

    node.set(Behaviour { finality: Finality::OtherRoot, ..Behaviour::default() });
    let told = client.data(checkpoints).await["finalized"].clone();
    assert_eq!(told["epoch"], "3");
    assert_ne!(told["root"], json!(chain.view().finalized().root));
    node.set(Behaviour { finality: Finality::Ahead(2), ..Behaviour::default() });
    assert_eq!(client.data(checkpoints).await["finalized"]["epoch"], "5");

    node.set(Behaviour { refuse_exits: Some("not today".into()), ..Behaviour::default() });
    let refused = client.post(EXITS, &json!(exit(&chain, 3, 4))).await;
    assert_eq!(refused, (400, json!({ "code": 400, "message": "not today" })));

    assert_eq!(other.get("/eth/v1/node/health").await.0, 200);
    assert_eq!(
        other.data(checkpoints).await["finalized"],
        json!({ "epoch": "3", "root": chain.view().finalized().root })
    );
}

#[tokio::test]
async fn an_old_lodestar_is_imitated() {
    let (chain, node, client) = started(4).await;
    node.set(Behaviour { dialect: Dialect::Lodestar15, ..Behaviour::default() });
    assert_eq!(client.post(VALIDATORS, &json!({ "ids": ["3"] })).await.0, 404);
    assert_eq!(client.data(&format!("{VALIDATORS}?id=3,5")).await, json!([]));
    assert_eq!(indices(&client.data(&format!("{VALIDATORS}?id=3&id=5")).await), ["3", "5"]);
    assert_eq!(client.post("/eth/v1/validator/liveness/3", &json!(["3"])).await.0, 404);
    let live = client.data("/eth/v1/validator/liveness?epoch=3&indices=3&indices=4").await;
    assert_eq!(live[0], json!({ "index": "3", "epoch": "3", "is_live": true }));
    let (status, body) = client.post(EXITS, &json!(exit(&chain, 3, 9))).await;
    assert_eq!((status, &body["message"]), (500, &json!("VOLUNTARY_EXIT_ERROR_INVALID")));
}
