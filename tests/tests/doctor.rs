//! `guardian doctor` on a network of real processes: green when all is well, and red with the right words for each of a
//! row of injected faults.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use devnet::chain::Chain;
use devnet::chain::config::{ChainConfig, Clock};
use devnet::chain::node::Behaviour;
use devnet::execution::ExecutionChain;
use devnet::execution::config::ExecutionConfig;
use devnet::processes::ports::Port;
use devnet::protocol::{Account, Parameters, Protocol};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tests::processes::program;
use tokio::process::{Child, Command};

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// Two chains, the contracts, and three guardians of which the last two run. The first is the patient.
struct Ward {
    dir: tempfile::TempDir,
    chain: Chain,
    beacon: devnet::chain::node::Node,
    execution: devnet::execution::node::ExecutionNode,
    protocol: Protocol,
    _others: Vec<Child>,
}

/// The addresses a definition names.
#[derive(Clone)]
struct Contracts {
    protocol: String,
    guardian_module: String,
    exit_proposals: String,
}

impl Contracts {
    /// The right ones.
    fn of(protocol: &Protocol) -> Self {
        let addresses = protocol.addresses();
        Self {
            protocol: addresses.registry.to_string(),
            guardian_module: addresses.guardian_module.to_string(),
            exit_proposals: addresses.exit_proposals.to_string(),
        }
    }
}

async fn guardian(arguments: &[&str]) -> std::process::Output {
    Command::new(program().unwrap()).args(arguments).stdin(Stdio::null()).output().await.unwrap()
}

async fn succeed(arguments: &[&str]) {
    let output = guardian(arguments).await;
    assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Ward {
    async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let config = ChainConfig { clock: Clock::Wall { head_start: 4 }, ..ChainConfig::default() };
        let chain = Chain::start(&config).unwrap();
        let beacon = chain.node("beacon").await.unwrap();
        let execution = ExecutionChain::start(&ExecutionConfig::default(), Some(chain.subscribe())).unwrap();
        let execution = execution.node("execution").await.unwrap();
        let password = dir.path().join("password");
        std::fs::write(&password, "correct horse battery\n").unwrap();
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut guardians = Vec::new();
        for (number, name) in (1u8..).zip(NAMES) {
            init(dir.path(), name, number, &beacon.url(), &execution.url()).await;
            let card: toml::Table =
                std::fs::read_to_string(dir.path().join(name).join("member.toml")).unwrap().parse().unwrap();
            guardians.push(devnet::protocol::Guardian {
                account: Account::new(number).address(),
                custody_key: Some(card["custody_key"].as_str().unwrap().parse().unwrap()),
            });
        }
        let genesis_fork = chain.spec().forks.forks()[0].version;
        let parameters = Parameters { guardians, threshold: 2, genesis_fork, module_limit: 100 };
        let protocol = Protocol::deploy(&execution.url(), parameters).await.unwrap();
        let mut ward = Self { dir, chain, beacon, execution, protocol, _others: Vec::new() };
        ward.define("network.toml", &Contracts::of(&ward.protocol)).await;
        for name in NAMES {
            std::fs::copy(ward.dir.path().join("network.toml"), ward.home(name).join("network.toml"))
                .unwrap();
        }
        for name in ["bob", "carol"] {
            let other = ward.run(name);
            ward._others.push(other);
        }
        ward
    }

    fn home(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn define(&self, file: &str, contracts: &Contracts) {
        let out = self.dir.path().join(file);
        let cards = NAMES.map(|name| self.home(name).join("member.toml"));
        let (deployed, id) =
            (self.protocol.addresses().deployed.to_string(), self.protocol.chain_id().to_string());
        let (beacon, mut arguments) =
            (self.beacon.url(), vec!["network", "create", "--name", "ward", "--threshold", "2"]);
        for card in &cards {
            arguments.extend(["--member", text(card)]);
        }
        arguments.extend(["--beacon", &beacon, "--protocol", &contracts.protocol]);
        arguments.extend(["--guardian-module", &contracts.guardian_module]);
        arguments.extend(["--exit-proposals", &contracts.exit_proposals]);
        arguments.extend([
            "--deployed-at-block",
            &deployed,
            "--execution-chain-id",
            &id,
            "--out",
            text(&out),
        ]);
        succeed(&arguments).await;
    }

    /// Starts a guardian; it dies with its handle.
    fn run(&self, name: &str) -> Child {
        let log = std::fs::File::create(self.home(name).join("log")).unwrap();
        Command::new(program().unwrap())
            .args(["run", "--config", text(&self.home(name).join("guardian.toml"))])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// A copy of the patient, to do something to.
    fn patient(&self, name: &str) -> Patient {
        let home = self.dir.path().join(format!("patient-{name}"));
        copy(&self.home("alice"), &home);
        Patient(home)
    }

    /// Waits until the patient reaches the others.
    async fn settled(&self) -> Value {
        let started = Instant::now();
        loop {
            let report = Patient(self.home("alice")).examine().await;
            if report["healthy"] == true {
                return report;
            }
            assert!(started.elapsed() < Duration::from_secs(90), "{report:#}");
        }
    }
}

struct Patient(PathBuf);

impl Patient {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn edit(&self, name: &str, change: impl FnOnce(String) -> String) -> &Self {
        let before = std::fs::read_to_string(self.file(name)).unwrap();
        let after = change(before.clone());
        assert_ne!(before, after, "nothing was changed in {name}");
        std::fs::write(self.file(name), after).unwrap();
        self
    }

    /// What the doctor says, with the exit code checked against it.
    async fn examine(&self) -> Value {
        let output = guardian(&["doctor", "--json", "--config", text(&self.file("guardian.toml"))]).await;
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(output.status.code(), Some(if report["healthy"] == true { 0 } else { 1 }));
        report
    }

    /// The doctor must find this fault, say these words of it, and tell what to do.
    async fn suffers(&self, code: &str, words: &[&str]) {
        let report = self.examine().await;
        let findings = report["findings"].as_array().unwrap();
        let finding = findings
            .iter()
            .find(|finding| finding["code"] == code)
            .unwrap_or_else(|| panic!("no {code} in {report:#}"));
        assert_eq!(finding["health"], "faulty", "{finding:#}");
        let says = finding["says"].as_str().unwrap();
        assert!(words.iter().all(|word| says.contains(word)), "{words:?} in {finding:#}");
        assert!(!finding["fix"].as_str().unwrap().is_empty(), "{finding:#}");
    }
}

async fn init(dir: &Path, name: &str, account: u8, beacon: &str, execution: &str) {
    let (home, password) = (dir.join(name), dir.join("password"));
    let p2p = format!("/ip4/127.0.0.1/tcp/{}", Port::free().unwrap().number());
    let http = format!("127.0.0.1:{}", Port::free().unwrap().number());
    let account = Account::new(account).address().to_string();
    let mut arguments =
        vec!["init", "--dir", text(&home), "--name", name, "--kdf", "light", "--beacon", beacon];
    arguments.extend(["--execution", execution, "--account", &account, "--p2p-listen", &p2p]);
    arguments.extend(["--http-listen", &http, "--password-file", text(&password)]);
    succeed(&arguments).await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &there);
        } else if entry.file_type().unwrap().is_file() {
            // Not the admin socket of the guardian that runs there.
            // Permissions come along.
            std::fs::copy(entry.path(), there).unwrap();
        }
    }
}

/// Everything after `key = ` up to the end of the line that follows the first line `after`.
fn with(text: &str, after: &str, key: &str, value: &str) -> String {
    let from = text.find(after).unwrap_or_else(|| panic!("no {after} in {text}"));
    let at = from + text[from..].find(&format!("\n{key} = ")).unwrap() + 1;
    let end = at + text[at..].find('\n').unwrap();
    format!("{}{key} = {value}{}", &text[..at], &text[end..])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_what_is_wrong_and_says_what_to_do() {
    let ward = Ward::open().await;

    // All is well: a guardian that never ran yet has no store, which is no fault.
    let report = ward.settled().await;
    let findings = report["findings"].as_array().unwrap();
    for code in [
        "configuration",
        "definition",
        "identity_key",
        "custody_key",
        "beacon",
        "execution",
        "exit_proposals",
        "clock",
        "peers",
    ] {
        assert!(
            findings.iter().any(|finding| finding["code"] == code && finding["health"] == "sound"),
            "{code}: {report:#}"
        );
    }

    // Its files.
    ward.patient("key")
        .edit("guardian.toml", |text| format!("passwort = 1\n{text}"))
        .suffers("configuration_unusable", &["passwort"])
        .await;
    ward.patient("definition")
        .edit("network.toml", |text| text.replacen("t = 2", "t = 9", 1))
        .suffers("definition_unusable", &["network.toml"])
        .await;
    let password = ward.dir.path().join("wrong-password");
    std::fs::write(&password, "incorrect horse\n").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    ward.patient("password")
        .edit("guardian.toml", |text| {
            with(&text, "[keys]", "password_file", &format!("{:?}", text_of(&password)))
        })
        .suffers("wrong_password", &["identity"])
        .await;
    let patient = ward.patient("mode");
    std::fs::set_permissions(patient.file("custody.json"), std::fs::Permissions::from_mode(0o644)).unwrap();
    patient.suffers("key_readable_by_others", &["custody", "644"]).await;
    let patient = ward.patient("custody");
    std::fs::copy(ward.home("bob").join("custody.json"), patient.file("custody.json")).unwrap();
    patient.suffers("custody_key_differs", &["the definition names another"]).await;
    init(ward.dir.path(), "stranger", 9, &ward.beacon.url(), &ward.execution.url()).await;
    let patient = ward.patient("identity");
    std::fs::copy(ward.home("stranger").join("identity.json"), patient.file("identity.json")).unwrap();
    patient.suffers("not_a_member", &["no member of network `ward`"]).await;

    // Its nodes.
    let nobody = format!("\"http://127.0.0.1:{}\"", Port::free().unwrap().number());
    ward.patient("beacon")
        .edit("guardian.toml", |text| with(&text, "[[beacon]]", "url", &nobody))
        .suffers("beacon_unreachable", &["beacon-1"])
        .await;
    let foreign = Chain::start(&ChainConfig { clock: Clock::Manual, ..ChainConfig::default() }).unwrap();
    let foreign = foreign.node("foreign").await.unwrap();
    ward.patient("chain")
        .edit("guardian.toml", |text| with(&text, "[[beacon]]", "url", &format!("{:?}", foreign.url())))
        .suffers("beacon_wrong_chain", &["genesis"])
        .await;
    let syncing = ward.chain.node("syncing").await.unwrap();
    syncing.set(Behaviour { syncing: true, ..Behaviour::default() });
    ward.patient("syncing")
        .edit("guardian.toml", |text| with(&text, "[[beacon]]", "url", &format!("{:?}", syncing.url())))
        .suffers("beacon_syncing", &["not synced"])
        .await;
    ward.patient("execution")
        .edit("guardian.toml", |text| with(&text, "[[execution]]", "url", &nobody))
        .suffers("execution_unreachable", &["does not answer"])
        .await;
    let other =
        ExecutionChain::start(&ExecutionConfig { chain_id: 5, ..ExecutionConfig::default() }, None).unwrap();
    let other = other.node("other").await.unwrap();
    ward.patient("other")
        .edit("guardian.toml", |text| with(&text, "[[execution]]", "url", &format!("{:?}", other.url())))
        .suffers("execution_wrong_chain", &["chain 5", "chain 1337"])
        .await;

    // The contracts.
    let contracts = Contracts::of(&ward.protocol);
    let nowhere = "0x00000000000000000000000000000000000000aa";
    ward.define("nowhere.toml", &Contracts { protocol: nowhere.to_owned(), ..contracts.clone() }).await;
    let patient = ward.patient("nowhere");
    std::fs::copy(ward.dir.path().join("nowhere.toml"), patient.file("network.toml")).unwrap();
    patient.suffers("contract_not_deployed", &[nowhere, "contracts.protocol"]).await;
    // Guardians of another definition are strangers to each other.
    patient.suffers("below_threshold", &["2 are needed"]).await;
    let forwarder = ward.protocol.addresses().forwarder.to_string();
    let other = Contracts { guardian_module: forwarder.clone(), ..contracts.clone() };
    ward.define("profile.toml", &other).await;
    let patient = ward.patient("profile");
    std::fs::copy(ward.dir.path().join("profile.toml"), patient.file("network.toml")).unwrap();
    patient.suffers("wrong_profile", &["profile v1", "missing"]).await;
    for (file, address) in [("no-exits.toml", nowhere), ("other-exits.toml", &forwarder)] {
        let other = Contracts { exit_proposals: address.to_owned(), ..contracts.clone() };
        ward.define(file, &other).await;
        let patient = ward.patient(file);
        std::fs::copy(ward.dir.path().join(file), patient.file("network.toml")).unwrap();
        patient.suffers("exit_proposals_unanswered", &[address, "contracts.exit_proposals"]).await;
    }

    // Its machine. Somebody else has the port; somebody else has the store; the store is damaged.
    let listening = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("[\"/ip4/127.0.0.1/tcp/{}\"]", listening.local_addr().unwrap().port());
    ward.patient("port")
        .edit("guardian.toml", |text| with(&text, "[p2p]", "listen", &taken))
        .suffers("cannot_listen", &["in use"])
        .await;
    let mut alice = ward.run("alice");
    let store = ward.home("alice").join("data/store/acknowledged");
    let started = Instant::now();
    while !store.exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "the guardian made no store");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // It listens on the same HTTP address as its copies would ask, so this one asks elsewhere.
    let elsewhere = format!("\"127.0.0.1:{}\"", Port::free().unwrap().number());
    let patient = ward.patient("locked");
    let held = format!("{:?}", text_of(&ward.home("alice").join("data")));
    patient.edit("guardian.toml", |text| {
        with(&with(&text, "[http]", "listen", &elsewhere), "network =", "data_dir", &held)
    });
    patient.suffers("store_locked", &["in use by another process"]).await;
    alice.kill().await.unwrap();
    let patient = ward.patient("damaged");
    std::fs::write(patient.file("data/store/acknowledged"), b"nothing").unwrap();
    patient.suffers("shares_damaged", &["damaged"]).await;
}

fn text_of(path: &Path) -> String {
    text(path).to_owned()
}
