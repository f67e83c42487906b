//! An operator at the desk of a real running guardian: a network of one, its beacon node faked here, and the real program
//! at both ends of the admin socket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use crypto::keys::SecretKey;
use crypto::keystore::{self, Kdf};
use crypto::password::{Password, ScryptCost};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Long for this machine on a bad day; nothing waits for it unless it fails.
const LONG: Duration = Duration::from_secs(90);

const SLOTS_PER_EPOCH: u64 = 8;
const GENESIS_ROOT: &str = "0x0303030303030303030303030303030303030303030303030303030303030303";

/// The validator's index.
const INDEX: u64 = 7;

/// A beacon node of a healthy chain of one-second slots with one validator, which always attests.
#[derive(Clone)]
struct Chain {
    genesis_time: u64,
    pubkey: String,
    exits: Arc<Mutex<Vec<Value>>>,
}

impl Chain {
    /// Serves it on a thread of its own, and says where.
    fn start(pubkey: String) -> (Self, String) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let chain = Self { genesis_time: now - 400, pubkey, exits: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(answer).with_state(chain.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        (chain, url)
    }

    fn slot(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        now - self.genesis_time
    }

    fn validators(&self) -> Value {
        json!([{
            "index": INDEX.to_string(), "balance": "32000000000", "status": "active_ongoing",
            "validator": {
                "pubkey": self.pubkey, "withdrawal_credentials": GENESIS_ROOT,
                "effective_balance": "32000000000", "slashed": false, "activation_eligibility_epoch": "0",
                "activation_epoch": "0", "exit_epoch": u64::MAX.to_string(),
                "withdrawable_epoch": u64::MAX.to_string(),
            },
        }])
    }

    fn posted(&self) -> Vec<Value> {
        self.exits.lock().unwrap().clone()
    }
}

async fn answer(State(chain): State<Chain>, method: Method, uri: Uri, body: Bytes) -> (StatusCode, String) {
    let epoch = chain.slot() / SLOTS_PER_EPOCH;
    let checkpoint = |epoch: u64| json!({ "epoch": epoch.to_string(), "root": GENESIS_ROOT });
    let data = match (method.as_str(), uri.path()) {
        ("GET", "/eth/v1/beacon/genesis") => json!({
            "genesis_time": chain.genesis_time.to_string(), "genesis_validators_root": GENESIS_ROOT,
            "genesis_fork_version": "0x00000001",
        }),
        ("GET", "/eth/v1/config/spec") => json!({
            "CONFIG_NAME": "minimal", "SECONDS_PER_SLOT": "1", "SLOTS_PER_EPOCH": SLOTS_PER_EPOCH.to_string(),
            "SHARD_COMMITTEE_PERIOD": "4", "GENESIS_FORK_VERSION": "0x00000001",
        }),
        ("GET", "/eth/v1/node/syncing") => json!({
            "head_slot": chain.slot().to_string(), "sync_distance": "0", "is_syncing": false,
            "is_optimistic": false, "el_offline": false,
        }),
        ("GET", "/eth/v1/beacon/states/head/finality_checkpoints") => json!({
            "previous_justified": checkpoint(epoch - 2), "current_justified": checkpoint(epoch - 1),
            "finalized": checkpoint(epoch - 2),
        }),
        ("POST", "/eth/v1/beacon/states/head/validators" | "/eth/v1/beacon/states/finalized/validators") => {
            chain.validators()
        }
        ("POST", path) if path.starts_with("/eth/v1/validator/liveness/") => {
            let indices: Vec<String> = serde_json::from_slice(&body).unwrap();
            indices.into_iter().map(|index| json!({ "index": index, "is_live": true })).collect()
        }
        ("POST", "/eth/v1/beacon/pool/voluntary_exits") => {
            chain.exits.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            Value::Null
        }
        _ => return (StatusCode::NOT_FOUND, json!({ "code": 404, "message": "no such route" }).to_string()),
    };
    (StatusCode::OK, json!({ "data": data, "execution_optimistic": false }).to_string())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A guardian that runs; one that is left over is killed.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A network of one guardian that holds the share of one validator.
struct World {
    directory: tempfile::TempDir,
    chain: Chain,
}

impl World {
    fn new() -> Self {
        let mut rng = rand::rng();
        let secret = SecretKey::generate(&mut rng);
        let (chain, beacon) = Chain::start(secret.public_key().to_bytes().to_string());
        let world = Self { directory: tempfile::tempdir().unwrap(), chain };
        let kdf = Kdf::Scrypt(ScryptCost::LIGHT);
        let sealed = keystore::encrypt(&secret, &Password::new("operator"), kdf, &mut rng).unwrap();
        world.write("keystore.json", &text(&sealed));
        world.write("keystore.password", "operator");
        world.write("password", "right\n");
        world.write(
            "chain.toml",
            &format!(
                "name = \"minimal\"\ngenesis_time = {}\nseconds_per_slot = 1\nslots_per_epoch = {SLOTS_PER_EPOCH}\n\
                 shard_committee_period = 4\n[forks]\ngenesis_validators_root = \"{GENESIS_ROOT}\"\n\
                 [[forks.forks]]\nname = \"phase0\"\nversion = \"0x00000001\"\nepoch = 0\n",
                world.chain.genesis_time
            ),
        );
        let (p2p, http) =
            (format!("/ip4/127.0.0.1/tcp/{}", free_port()), format!("127.0.0.1:{}", free_port()));
        world.succeed(&[
            &["init", "--dir", "a", "--name", "alice", "--beacon", &beacon, "--kdf", "light"][..],
            &["--p2p-listen", &p2p, "--http-listen", &http, "--password-file", "password"],
        ]);
        world.succeed(&[
            &["network", "create", "--name", "n", "--threshold", "1", "--chain", "chain.toml"][..],
            &["--member", "a/member.toml", "--out", "a/network.toml"],
        ]);
        world.succeed(&[
            &["custody", "split", "--keystore", "keystore.json", "--password-file", "keystore.password"][..],
            &["--network", "a/network.toml", "--out", "shares.json"],
        ]);
        world.succeed(&[&["custody", "import", "--kdf", "light", "shares.json"], CONFIG]);
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.at(name), content).unwrap();
        std::fs::set_permissions(self.at(name), PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn command(&self, arguments: &[&[&str]]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guardian"));
        command.current_dir(self.directory.path()).env("USER", "alice").env_remove("RUST_BACKTRACE");
        command.args(arguments.concat()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&[&str]]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn succeed(&self, arguments: &[&[&str]]) -> String {
        let output = self.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}\n{out}\n{err}");
        out
    }

    /// A command about this guardian that must succeed.
    fn ask(&self, arguments: &[&str]) -> String {
        self.succeed(&[arguments, CONFIG])
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.succeed(&[arguments, CONFIG, &["--json"]])).unwrap()
    }

    /// One that must end with code 1: what it says on standard error.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(&[arguments, CONFIG]);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{}\n{err}", text(&output.stdout));
        err
    }

    /// Starts the guardian; what it logs goes to a file.
    fn start(&self) -> Running {
        let log = std::fs::File::create(self.at("log")).unwrap();
        Running(self.command(&[&["run"], CONFIG]).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.at("log")).unwrap()
    }

    /// Asks until the answer is as wanted.
    fn until<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = ask() {
                return found;
            }
            assert!(began.elapsed() < LONG, "{what} did not come\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The kinds of the records that an audit tells of.
    fn kinds(&self, question: &[&str]) -> Vec<String> {
        let audit = self.json(&[&["audit"], question].concat());
        assert_eq!(audit["intact"], true, "{audit}");
        let kind = |entry: &Value| entry["kind"].as_str().unwrap().to_owned();
        audit["entries"].as_array().unwrap().iter().map(kind).collect()
    }
}

const CONFIG: &[&str] = &["--config", "a/guardian.toml"];

fn count(kinds: &[String], kind: &str) -> usize {
    kinds.iter().filter(|one| *one == kind).count()
}

#[test]
fn people_decide_and_the_running_guardian_answers() {
    let world = World::new();
    let away = world.refused(&["propose", "--validators", "7", "--reason", "x"]);
    assert!(away.contains("is it running"), "{away}");
    let mut guardian = world.start();

    // A dry run, as soon as the guardian sees enough.
    let wish = ["propose", "--validators", "7", "--reason", "keys leaked"];
    let dry = [&wish[..], &["--dry-run"], CONFIG].concat();
    let said = world.until("the forecast", || {
        let output = world.run(&[&dry]);
        output.status.success().then(|| text(&output.stdout))
    });
    assert!(said.contains("1 named, 1 would leave") && said.contains("Nothing was raised"), "{said}");

    // What is refused is all or nothing.
    let said = world.refused(&["propose", "--validators", "7,99", "--reason", "x"]);
    assert!(said.contains("did nothing:\n  unknown_validator: validator 99"), "{said}");
    let twice = format!("7,{}", world.chain.pubkey);
    let said = world.refused(&["propose", "--validators", &twice, "--reason", "x"]);
    assert!(said.contains("duplicate: validator"), "{said}");
    let kinds = world.kinds(&["--from", "0"]);
    assert!(count(&kinds, "asked") >= 3 && count(&kinds, "raised") == 0, "{kinds:?}");
    assert!(world.ask(&["proposals"]).contains("No emergencies"));

    // Raised and approved by this guardian, then rejected: with that it is over.
    let raised = world.json(&wish);
    let id = raised["raised"]["emergency"].as_str().unwrap().to_owned();
    assert_eq!(raised["raised"]["known"], false);
    let again = &world.json(&wish)["raised"];
    assert_eq!((&again["emergency"], &again["known"]), (&json!(id), &json!(true)));
    let shown = world.ask(&["proposals", &id[..10]]);
    assert!(shown.contains("(normal, open)") && shown.contains("1 of 1 approve"), "{shown}");
    let kinds = world.kinds(&["--proposal", &id[..10]]);
    assert_eq!((count(&kinds, "raised"), count(&kinds, "vote_cast")), (1, 1), "{kinds:?}");
    let said = world.ask(&["reject", &id[..10], "--reason", "false alarm"]);
    assert!(said.contains(&format!("This guardian rejects emergency {id}")), "{said}");
    let said = world.refused(&["approve", &id[..10]]);
    assert!(said.contains("is_over"), "{said}");
    let kinds = world.kinds(&["--proposal", &id]);
    assert_eq!((count(&kinds, "emergency_moved"), count(&kinds, "vote_cast")), (1, 2), "{kinds:?}");

    // Paused, a certified emergency waits; resumed, its exit is posted.
    let said = world.ask(&["pause", "--reason", "odd proposals"]);
    assert!(said.contains("by alice: odd proposals"), "{said}");
    let urgent = [&wish[..], &["--severity", "urgent"]].concat();
    let id = world.json(&urgent)["raised"]["emergency"].as_str().unwrap().to_owned();
    world.until("the certificate", || {
        let one = world.json(&["proposals", &id])[0]["status"].clone();
        (one["state"] == "certified" && one["exits"]["certified"] == 1).then_some(())
    });
    let status = world.until("the held exit", || {
        let status = world.ask(&["status"]);
        status.lines().any(|line| line.starts_with("Held")).then_some(status)
    });
    assert!(status.contains("PAUSED      since slot") && status.contains("paused"), "{status}");
    assert!(world.chain.posted().is_empty());
    assert!(world.ask(&["resume"]).contains("This guardian  not paused"));
    let exits = world.until("the exit", || Some(world.chain.posted()).filter(|exits| !exits.is_empty()));
    assert_eq!(exits[0]["message"]["validator_index"], INDEX.to_string());
    let kinds = world.kinds(&["--validator", "7"]);
    for kind in ["adopted", "held", "released", "combined"] {
        assert!(kinds.iter().any(|one| one == kind), "{kind} not in {kinds:?}");
    }

    // The same journal, running and stopped.
    let running = world.json(&["audit", "--proposal", &id]);
    let last = running["head"]["length"].as_u64().unwrap() - 1;
    let ranged = ["audit", "--from", "0", "--to", &last.to_string()];
    let told = world.json(&ranged);
    let said = world.ask(&["audit", "--export", "journal.jsonl"]);
    assert!(said.starts_with("The chain is intact: "), "{said}");
    let refused = world.refused(&["audit", "--proposal", "0xffffffffff"]);
    assert!(refused.contains("no such proposal"), "{refused}");
    let log = world.log();
    assert!(log.contains("the journal is read for the operator") && log.contains("alice"), "{log}");

    // A backup of it while it runs: the journal that it has, and its share.
    let backup = world.json(&["backup", "--to", "running.guardian"]);
    let journal = backup["stores"][0]["journal"]["length"].as_u64().unwrap();
    assert!(journal > last && backup["stores"][0]["shares"] == 1, "{backup}");
    assert!(world.log().contains("the store is read for a backup"));

    let pid = guardian.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let ended = world.until("the end", || guardian.0.try_wait().unwrap());
    assert!(ended.success(), "{}", world.log());
    assert!(!world.at("a/data/admin.sock").exists());
    let stopped = world.json(&ranged);
    assert_eq!(stopped["entries"], told["entries"]);
    assert_eq!(world.json(&["audit", "--proposal", &id])["proposals"], running["proposals"]);
    let exported = world.succeed(&[&["audit", "--verify-export", "journal.jsonl"]]);
    assert!(exported.starts_with("The chain is intact: "), "{exported}");
    let whole = world.ask(&["audit", "--export", "whole.jsonl"]);
    assert!(whole.starts_with("The chain is intact: "), "{whole}");
    let read = |name: &str| std::fs::read_to_string(world.at(name)).unwrap();
    assert!(read("whole.jsonl").starts_with(&read("journal.jsonl")), "one goes on where the other ended");
}
