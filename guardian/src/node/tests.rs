//! A whole node in this process, against a beacon node that only says which chain it serves.

use super::run;
use crate::config::{Admin, Beacon, Config, EnforcementLimits, Feed, Http, Keys, Log, P2p, Recording};
use crate::{Error, Store, definition, keyfile};
use axum::Json;
use axum::routing::get;
use chain_watcher::slot_clock::unix_now;
use crypto::password::{Password, ScryptCost};
use crypto::spec::{ChainSpec, Epoch, Fork, ForkName, ForkSchedule, ForkVersion, Root};
use crypto::threshold::Threshold;
use guardian_core::emergency::EmergencyRules;
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, Member, NetworkDefinition};
use guardian_core::policy::{Caps, Enforcement, OfflineRule, Policy};
use guardian_core::status::StatusSnapshot;
use p2p::identity::Keypair;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const PASSWORD: &str = "correct horse";

/// Long for this machine on a bad day; nothing waits for it unless it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A guardian's files, for a chain that began ten seconds ago.
struct Home {
    directory: tempfile::TempDir,
    definition: NetworkDefinition,
    config: Config,
}

impl Home {
    fn new(beacon: SocketAddr) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let keypair = Keypair::generate_secp256k1();
        keyfile::create_identity(
            &at("identity.json"),
            &keypair,
            &Password::new(PASSWORD),
            ScryptCost::LIGHT,
            &mut rand::rng(),
        )
        .unwrap();
        let custody = crypto::custody::CustodySecretKey::generate(&mut rand::rng());
        let definition = definition_of(
            Threshold::new(1, 1).unwrap(),
            vec![Member {
                index: GuardianIndex(1),
                name: "alice".to_owned(),
                peer_id: keypair.public().to_peer_id().to_string(),
                addresses: vec!["/ip4/127.0.0.1/tcp/9".to_owned()],
                custody_key: custody.public_key().to_string(),
                account: None,
            }],
        );
        let text = definition::render_definition(&definition, &at("network.toml")).unwrap();
        std::fs::write(at("network.toml"), text).unwrap();
        let config = Config {
            network: at("network.toml"),
            previous: None,
            data_dir: at("data"),
            keys: Keys { identity: at("identity.json"), custody: at("custody.json"), password_file: None },
            beacon: vec![Beacon {
                name: "fake".to_owned(),
                url: format!("http://{beacon}").parse().unwrap(),
                client: Some("lodestar".to_owned()),
            }],
            execution: Vec::new(),
            p2p: P2p { listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned()] },
            http: Http { listen: free_address() },
            feed: Feed { listen: Some(free_address()), ..Feed::default() },
            admin: Admin::default(),
            enforcement: EnforcementLimits::default(),
            standing: Vec::new(),
            webhook: None,
            log: Log::default(),
            recording: Recording::default(),
        };
        Self { directory, definition, config }
    }

    /// Starts the node; sending, or dropping, what is returned stops it.
    fn start(&self) -> (oneshot::Sender<()>, JoinHandle<Result<(), Error>>) {
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        (stop, tokio::spawn(run(self.config.clone(), Password::new(PASSWORD), shutdown)))
    }

    /// Asks over HTTP until the answer is as wanted.
    async fn until(&self, path: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
        let url = format!("http://{}{path}", self.config.http.listen);
        // The program installs it at its start; a second time is no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let asking = async {
            loop {
                if let Ok(answer) = client.get(&url).send().await {
                    let code = answer.status().as_u16();
                    if let Ok(body) = answer.json::<Value>().await
                        && wanted(code, &body)
                    {
                        return body;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("the node answers as wanted in time")
    }
}

/// A chain of one-second slots that began ten seconds ago.
/// A network of these members that acts on no contracts.
pub(crate) fn definition_of(threshold: Threshold, members: Vec<Member>) -> NetworkDefinition {
    NetworkDefinition {
        name: "one".to_owned(),
        chain: young_chain(),
        guardian_set: GuardianSet { epoch: GuardianSetEpoch(0), threshold, members },
        contracts: None,
        policy: Policy::offline_only(
            OfflineRule { enforcement: Enforcement::Enforce, epochs: 3, tolerance: 1 },
            64,
        ),
        caps: Caps { max_dark_percent: 100, ..Caps::new(4, 4) },
        emergency: EmergencyRules::default(),
    }
}

pub(crate) fn young_chain() -> ChainSpec {
    let phase0 = Fork { name: ForkName::Phase0, version: ForkVersion([1; 4]), epoch: Epoch(0) };
    ChainSpec {
        name: "test".to_owned(),
        genesis_time: unix_now().as_secs() - 10,
        seconds_per_slot: NonZeroU64::MIN,
        slots_per_epoch: NonZeroU64::new(8).unwrap(),
        shard_committee_period: 0,
        forks: ForkSchedule::new(Root([9; 32]), vec![phase0]).unwrap(),
    }
}

pub(crate) fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn has_reason(body: &Value, code: &str) -> bool {
    body["reasons"].as_array().is_some_and(|reasons| reasons.iter().any(|reason| reason["code"] == code))
}

/// A beacon node that knows its chain and nothing else.
pub(crate) async fn serve_chain(address: SocketAddr, chain: ChainSpec) {
    let genesis = json!({ "data": {
        "genesis_time": chain.genesis_time.to_string(),
        "genesis_validators_root": chain.forks.genesis_validators_root(),
        "genesis_fork_version": "0x01010101",
    }});
    let spec = json!({ "data": {
        "CONFIG_NAME": chain.name,
        "SECONDS_PER_SLOT": chain.seconds_per_slot.to_string(),
        "SLOTS_PER_EPOCH": chain.slots_per_epoch.to_string(),
        "SHARD_COMMITTEE_PERIOD": chain.shard_committee_period.to_string(),
        "GENESIS_FORK_VERSION": "0x01010101",
    }});
    let router = axum::Router::new()
        .route("/eth/v1/beacon/genesis", get(async move || Json(genesis.clone())))
        .route("/eth/v1/config/spec", get(async move || Json(spec.clone())));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
}

async fn ended(node: JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    tokio::time::timeout(PATIENCE, node).await.expect("the node ends in time").expect("it does not panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_its_beacon_node_runs_and_stops_in_order() {
    let beacon = free_address();
    let home = Home::new(beacon);
    let (stop, node) = home.start();
    let body = home.until("/readyz", |code, body| code == 503 && has_reason(body, "connecting")).await;
    assert!(body.to_string().contains("fake"), "the reason names the node: {body}");

    serve_chain(beacon, home.definition.chain.clone()).await;
    // It lives now, but a beacon node without a head makes nobody ready.
    home.until("/readyz", |code, body| {
        code == 503 && !has_reason(body, "connecting") && has_reason(body, "no_healthy_beacon_node")
    })
    .await;
    let status = home.until("/v1/status", |code, _| code == 200).await;
    let status: StatusSnapshot = serde_json::from_value(status).unwrap();
    assert_eq!((status.name.as_str(), status.nodes.healthy), ("alice", 0));
    assert!(status.slot.0 >= 10, "{}", status.slot);
    let socket = home.config.admin_socket();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&socket).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "its operator can ask it");

    stop.send(()).unwrap();
    ended(node).await.unwrap();
    assert!(!socket.exists());
    // Nothing is held any more: the store opens and the port is free.
    Store::open(&home.config.data_dir, home.definition.id(), GuardianIndex(1)).unwrap();
    std::net::TcpListener::bind(home.config.http.listen).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_while_it_still_waits_for_a_beacon_node() {
    let home = Home::new(free_address());
    let (stop, node) = home.start();
    home.until("/readyz", |_, body| has_reason(body, "connecting")).await;
    stop.send(()).unwrap();
    ended(node).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beacon_node_of_another_chain_is_refused() {
    let beacon = free_address();
    let home = Home::new(beacon);
    let mut elsewhere = home.definition.chain.clone();
    elsewhere.genesis_time += 1;
    serve_chain(beacon, elsewhere).await;
    let (_stop, node) = home.start();
    let problem = ended(node).await.unwrap_err().to_string();
    assert!(problem.contains("fake") && problem.contains("genesis_time"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_outside_the_network_or_a_wrong_password_starts_nothing() {
    let home = Home::new(free_address());
    let stranger = Keypair::generate_secp256k1();
    let path = home.directory.path().join("stranger.json");
    let password = Password::new(PASSWORD);
    keyfile::create_identity(&path, &stranger, &password, ScryptCost::LIGHT, &mut rand::rng()).unwrap();
    let mut config = home.config.clone();
    config.keys.identity = path;
    let problem = run(config, password, std::future::pending()).await.unwrap_err();
    assert!(matches!(problem, Error::Identity { .. }), "{problem}");

    let wrong = Password::new("wrong");
    let problem = run(home.config.clone(), wrong, std::future::pending()).await.unwrap_err();
    assert!(matches!(problem, Error::WrongPassword { .. }), "{problem}");
    assert!(!home.config.data_dir.exists(), "no store was made on the way");
}
