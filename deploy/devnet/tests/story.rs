//! The devnet program as a user runs it, and its pieces as other tests use them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by panicking what is wrong")]

use alloy::consensus::Transaction;
use alloy::primitives::Address;
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::{Filter, TransactionRequest};
use alloy::sol_types::{SolCall, SolEvent};
use crypto::spec::{FAR_FUTURE_EPOCH, ValidatorIndex};
use devnet::Error;
use devnet::chain::Chain;
use devnet::chain::config::{ChainConfig, Clock};
use devnet::narrator::{Form, Narrator};
use devnet::processes::{GuardianSpec, Guardians};
use devnet::protocol::abi::ValidatorRegistry;
use devnet::story::world::World;
use devnet::story::{self, Options, Stories};
use serde_json::Value;
use std::io::{BufRead, BufReader, Lines};
use std::net::TcpStream;
use std::num::NonZeroU64;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const DEVNET: &str = env!("CARGO_BIN_EXE_devnet");

/// A running devnet that tells its story in JSON.
struct Devnet {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Devnet {
    fn start(dir: &Path) -> Self {
        let dir = dir.to_str().unwrap();
        let mut child = Command::new(DEVNET)
            .args(["--json", "--story", "offline", "--dir", dir])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> Option<Value> {
        self.lines.next().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
    }

    /// Reads on until all four guardians run; answers the addresses of their HTTP servers and their process ids.
    fn running(&mut self) -> (Vec<String>, Vec<u64>) {
        let (mut addresses, mut pids) = (Vec::new(), Vec::new());
        while addresses.len() < 4 {
            let line = self.next().expect("the story has not ended");
            if line["event"] == "guardian_started" {
                let url = line["status"].as_str().unwrap();
                pids.push(line["pid"].as_u64().unwrap());
                addresses.push(url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned());
            }
        }
        assert!(addresses.iter().all(|address| TcpStream::connect(address).is_ok()));
        (addresses, pids)
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process that is gone does not listen; the system may take a moment to end it.
fn assert_gone(addresses: &[String]) {
    let started = Instant::now();
    for address in addresses {
        while TcpStream::connect(address).is_ok() {
            assert!(started.elapsed() < Duration::from_secs(20), "{address} still answers");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn a_dark_validator_leaves_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let mut devnet = Devnet::start(dir.path());
    let mut lines = Vec::new();
    while let Some(line) = devnet.next() {
        lines.push(line);
    }
    let status = devnet.child.wait().unwrap();
    let told = || lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    assert!(status.success(), "{}", told());

    let first = |event: &str| {
        let found = lines.iter().position(|line| line["event"] == event);
        found.unwrap_or_else(|| panic!("no {event} in\n{}", told()))
    };
    let order = [
        "chain_started",
        "network_defined",
        "keys_split",
        "guardian_started",
        "seen_live",
        "went_dark",
        "seen_dark",
        "proposed",
        "voted",
        "certified",
        "partial_released",
        "combined",
        "accepted",
        "included",
        "exit_finalized",
        "settled",
        "succeeded",
    ];
    let positions = order.map(first);
    assert!(positions.is_sorted(), "{}", told());
    assert!(first("connected") < first("went_dark"), "{}", told());
    // Told by the guardian, which hears of it after the chain has accepted.
    assert!(first("combined") < first("posted"), "{}", told());

    let outcome = &lines[first("succeeded")]["outcome"]["offline"];
    assert_eq!(outcome["validator"], 3);
    assert!(outcome["approvals"].as_array().unwrap().len() >= 3);
    assert!(outcome["partials"].as_array().unwrap().len() >= 3);
    assert!(!lines.iter().any(|line| line["event"] == "fault" || line["event"] == "failed"), "{}", told());
    let included = outcome["included"].as_u64().unwrap();
    assert!(included > lines[first("certified")]["slot"].as_u64().unwrap());
}

#[test]
fn nothing_is_left_of_a_devnet_that_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut devnet = Devnet::start(dir.path());
    let (addresses, _) = devnet.running();
    // SIGKILL: no chance to end anybody.
    devnet.child.kill().unwrap();
    assert_gone(&addresses);
}

#[test]
fn ctrl_c_ends_everything() {
    let dir = tempfile::tempdir().unwrap();
    let mut devnet = Devnet::start(dir.path());
    let (addresses, _) = devnet.running();
    let sent = Command::new("kill").args(["-INT", &devnet.child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(devnet.child.wait().unwrap().code(), Some(130));
    assert_gone(&addresses);
}

#[test]
fn a_guardian_that_dies_fails_the_story_with_a_diagnosis() {
    let dir = tempfile::tempdir().unwrap();
    let mut devnet = Devnet::start(dir.path());
    let (addresses, pids) = devnet.running();
    let sent = Command::new("kill").args(["-KILL", &pids[2].to_string()]).status().unwrap();
    assert!(sent.success());
    let mut last = Value::Null;
    while let Some(line) = devnet.next() {
        last = line;
    }
    assert_eq!(devnet.child.wait().unwrap().code(), Some(1));
    assert_eq!(last["event"], "failed");
    assert!(last["text"].as_str().unwrap().starts_with("guardian carol is not running (signal: 9"), "{last}");
    let diagnosis = last["diagnosis"].as_str().unwrap();
    assert!(diagnosis.contains("carol: does not answer") && diagnosis.contains("the end of "), "{diagnosis}");
    // Whatever the others said last: which lines those are is a matter of moments.
    assert!(diagnosis.matches("\"message\":").count() > 2, "{diagnosis}");
    assert_gone(&addresses);
}

#[test]
fn a_folder_in_use_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("precious"), "data").unwrap();
    let output = Command::new(DEVNET).arg("--dir").arg(dir.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("is not empty; choose another folder with --dir"), "{said}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn wrong_usage_is_code_2_and_help_has_examples() {
    let wrong =
        [["--validators", "3"], ["--slot-seconds", "0"], ["--slot-seconds", "61"], ["--story", "other"]];
    for arguments in wrong {
        let output = Command::new(DEVNET).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let help = Command::new(DEVNET).arg("--help").output().unwrap();
    assert!(String::from_utf8(help.stdout).unwrap().contains("devnet --keep"));
    let guardian = Command::new(DEVNET).args(["guardian", "--version"]).output().unwrap();
    assert!(String::from_utf8(guardian.stdout).unwrap().starts_with("guardian "));
}

#[tokio::test]
async fn a_program_that_fails_ends_the_story_with_its_words() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        program: "/bin/ls".into(),
        prefix_args: vec!["--no-such-flag".into()],
        dir: Some(dir.path().join("net")),
        validators: 16,
        seconds_per_slot: NonZeroU64::MIN,
        stories: Stories::Offline,
        real: false,
    };
    let error = story::run(options, &mut Narrator::new(Form::Silent)).await.unwrap_err();
    let Error::Command { command, output, .. } = &error else { panic!("{error}") };
    assert_eq!(command, "init --dir");
    assert!(output.contains("no-such-flag"), "{output}");
}

#[tokio::test]
async fn a_guardian_is_killed_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let chain = Chain::start(&ChainConfig { clock: Clock::Wall { head_start: 4 }, ..ChainConfig::default() })
        .unwrap();
    let node = chain.node("shared").await.unwrap();
    let mut guardians = Guardians::launch(GuardianSpec {
        program: DEVNET.into(),
        prefix_args: vec!["guardian".into()],
        dir: dir.path().to_owned(),
        network: "test".into(),
        beacon_urls_per_guardian: vec![vec![node.url()]; 3],
        execution_urls_per_guardian: Vec::new(),
        accounts: Vec::new(),
        newcomers: 0,
        threshold: 2,
        keystores: Vec::new(),
        keystore_password_file: "none".into(),
        policy: vec!["--offline-epochs".into(), "3".into()],
    })
    .await
    .unwrap();
    assert_eq!(guardians.len(), 3);
    let before = guardians.status(1).await.unwrap();
    assert_eq!((before.name.as_str(), before.threshold.t()), ("bob", 2));

    guardians.kill(1).await.unwrap();
    assert!(matches!(guardians.check(1), Err(Error::NotRunning { .. })));
    assert!(guardians.status(1).await.is_err());
    guardians.check(0).unwrap();
    guardians.restart(1).await.unwrap();
    let after = guardians.status(1).await.unwrap();
    assert_eq!(after.network_id, before.network_id);
    assert_eq!(after.guardian, before.guardian);
}

/// All stories in one run. What is asserted is read from the chains themselves: the operators' accounts in the contract,
/// receipts, and the beacon chain's finalized state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_top_up_saves_one_operator_and_the_other_is_ejected() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        program: DEVNET.into(),
        prefix_args: vec!["guardian".into()],
        dir: Some(dir.path().join("net")),
        validators: 16,
        seconds_per_slot: NonZeroU64::MIN,
        stories: Stories::All,
        real: false,
    };
    let (outcome, stage) = story::play(options, &mut Narrator::new(Form::Json)).await.unwrap();
    let told = outcome.tickets.unwrap();
    let World::Embedded(world) = &stage.world else { panic!("embedded was asked for") };

    // The contract: what each operator has, and that nothing was settled or given for nothing.
    let client = ProviderBuilder::new().connect_http(stage.world.execution_url(0).parse().unwrap());
    let registry = Address::from(told.registry.0);
    let info = async |operator: crypto::execution::Address| {
        let input = ValidatorRegistry::getNodeInfoCall { node: operator.0.into() }.abi_encode();
        let request = TransactionRequest::default().to(registry).input(input.into());
        let answer = client.call(request).await.unwrap();
        ValidatorRegistry::getNodeInfoCall::abi_decode_returns(&answer).unwrap()
    };
    let (north, south) = (info(told.spared).await, info(told.ejected).await);
    let (each, top_up) = (told.tickets_each.0, told.topped_up.0);
    assert_eq!((south.activeValidatorCount, south.vtBalance.to::<u128>()), (2, 2 * each));
    assert_eq!((north.activeValidatorCount, north.vtBalance.to::<u128>()), (2, 2 * each + top_up));

    // Each registration in a transaction of its operator, to the contract, with its shares in the input.
    let filter = Filter::new().address(registry).from_block(0);
    let filter = filter.event_signature(ValidatorRegistry::ValidatorKeyRegistered::SIGNATURE_HASH);
    let logs = client.get_logs(&filter).await.unwrap();
    let mut operators = Vec::new();
    for log in &logs {
        let hash = log.transaction_hash.unwrap();
        let receipt = client.get_transaction_receipt(hash).await.unwrap().unwrap();
        assert!(receipt.status() && receipt.to == Some(registry));
        let input = client.get_transaction_by_hash(hash).await.unwrap().unwrap();
        let call = ValidatorRegistry::registerValidatorKeyCall::abi_decode(input.input()).unwrap();
        assert_eq!(call.data.blsEncryptedPrivKeyShares.len(), 4);
        operators.push(receipt.from);
    }
    assert_eq!(
        operators,
        [told.spared, told.spared, told.ejected, told.ejected].map(|who| Address::from(who.0))
    );

    // The top-up lies in its block, and came after the floor was passed.
    let deposited = ValidatorRegistry::ValidatorTicketsDeposited::SIGNATURE_HASH;
    let filter = Filter::new().address(registry).event_signature(deposited);
    let top_ups = client.get_logs(&filter.from_block(told.topped_up_in.0)).await.unwrap();
    assert_eq!(top_ups.len(), 1);
    assert_eq!(top_ups[0].block_number, Some(told.topped_up_in.0));
    let spec = world.chain.spec();
    assert!(spec.start_slot(told.due).0 <= told.topped_up_in.0);

    // The beacon chain: at its finalized state, the dark one, the ejected ones and those that governance asked for leave,
    // and nobody else.
    let view = world.chain.view();
    let state = view.state_of(view.finalized()).unwrap();
    let leaving: Vec<u64> = (0..16)
        .filter(|&index| state.validator(ValidatorIndex(index)).unwrap().exit_epoch != FAR_FUTURE_EPOCH)
        .collect();
    assert_eq!(leaving, [1, 2, 3, 6, 7]);
    assert_eq!(outcome.emergency.unwrap().validators, [1, 2].map(ValidatorIndex));
    // Each by one exit, in the epoch its operator fell short, and not before the chain finalized that.
    for index in told.ejected_validators {
        let exits = view.exits().iter().filter(|exit| exit.signed.message.validator_index == index);
        let exits: Vec<_> = exits.filter(|exit| exit.included.is_some()).collect();
        assert_eq!(exits.len(), 1);
        assert_eq!(exits[0].signed.message.epoch, told.due);
        assert!(exits[0].included.unwrap() > spec.start_slot(told.due.saturating_add(1)));
    }
    // The guardians' shares of these came out of the calldata: no custody file names them.
    let files = std::fs::read_dir(stage.dir.join("custody")).unwrap();
    assert_eq!(files.count(), 4);
}
