//! `guardian audit` on a real store: what it verifies, tells, exports and refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use crypto::exit::VoluntaryExit;
use crypto::keys::KeySetId;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Root, Slot, ValidatorIndex};
use guardian::Store;
use guardian_core::JournalHead;
use guardian_core::event::Liveness;
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch};
use guardian_core::message::{Decision, Envelope, Vote};
use guardian_core::proposal::{ExitProposal, Origin, State};
use guardian_core::record::Record;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const CHAIN: &str = r#"
name = "minimal"
genesis_time = 1700000000
seconds_per_slot = 12
slots_per_epoch = 32
shard_committee_period = 256

[forks]
genesis_validators_root = "0x0303030303030303030303030303030303030303030303030303030303030303"

[[forks.forks]]
name = "phase0"
version = "0x00000001"
epoch = 0
"#;

fn guardian(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_guardian")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn succeed(arguments: &[&str]) -> String {
    let output = guardian(arguments);
    assert!(output.status.success(), "{arguments:?}\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Standard output and standard error of a command that ends with code 1.
fn fail(arguments: &[&str]) -> (String, String) {
    let output = guardian(arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{out}\n{err}");
    assert!(err.starts_with("error: ") && !err.contains("panicked"), "{err}");
    (out, err)
}

/// A network of one guardian that has been through one proposal.
struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        std::fs::write(world.at("password"), "right\n").unwrap();
        std::fs::set_permissions(world.at("password"), PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(world.at("chain.toml"), CHAIN).unwrap();
        let (home, password) = (world.path("alice"), world.path("password"));
        let init =
            ["init", "--dir", &home, "--name", "alice", "--beacon", "http://127.0.0.1:1", "--kdf", "light"];
        let more = ["--p2p-listen", "/ip4/127.0.0.1/tcp/9441", "--password-file", &password];
        succeed(&[&init[..], &more].concat());
        let (member, chain, out) =
            (world.path("alice/member.toml"), world.path("chain.toml"), world.path("alice/network.toml"));
        let create = ["network", "create", "--name", "n", "--threshold", "1", "--member", &member];
        succeed(&[&create[..], &["--chain", &chain, "--out", &out]].concat());
        // Nothing that follows needs it.
        std::fs::remove_file(world.at("password")).unwrap();
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn store(&self) -> Store {
        let definition = guardian::definition::load(&self.at("alice/network.toml")).unwrap();
        Store::open(&self.at("alice/data"), definition.id(), GuardianIndex(1)).unwrap()
    }

    /// `guardian audit` of this guardian.
    fn arguments<'a>(&self, config: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["audit", "--config", config], more].concat()
    }

    fn audit(&self, more: &[&str]) -> String {
        let config = self.path("alice/guardian.toml");
        succeed(&self.arguments(&config, more))
    }

    fn audit_fails(&self, more: &[&str]) -> String {
        let config = self.path("alice/guardian.toml");
        fail(&self.arguments(&config, more)).1
    }
}

fn proposal() -> ExitProposal {
    ExitProposal {
        guardian_set_epoch: GuardianSetEpoch(0),
        pubkey: BlsPubkey([0xaa; 48]),
        key_set: KeySetId([1; 32]),
        origin: Origin::Offline { dark_from: Epoch(5), dark_to: Epoch(7) },
        exit: VoluntaryExit { epoch: Epoch(7), validator_index: ValidatorIndex(17) },
        opened: Slot(320),
        expires: Slot(352),
    }
}

fn records() -> Vec<Record> {
    let id = proposal().id();
    let vote = Vote { proposal: id, revision: 0, decision: Decision::Approve };
    let envelope = Envelope(vec![0xab]);
    let liveness = |epoch, live: &[u64], dark: &[u64]| {
        let indices = |list: &[u64]| list.iter().copied().map(ValidatorIndex).collect();
        Record::Liveness(Liveness { epoch: Epoch(epoch), live: indices(live), dark: indices(dark) })
    };
    vec![
        liveness(2, &[17, 18], &[]),
        liveness(5, &[], &[17]),
        Record::Finalized(Checkpoint { epoch: Epoch(7), root: Root([6; 32]) }),
        Record::Proposed { proposal: proposal(), at: Slot(320) },
        Record::VoteCast(vote.clone()),
        Record::VoteSeen { from: GuardianIndex(1), vote, envelope: envelope.clone(), at: Slot(320) },
        Record::Certified { proposal: id, approvals: vec![(GuardianIndex(1), envelope)], at: Slot(321) },
        liveness(11, &[18], &[]),
        Record::Released { proposal: id, at: Slot(321) },
        Record::Moved { proposal: id, to: State::Included, at: Slot(330) },
    ]
}

fn head() -> JournalHead {
    records().iter().fold(JournalHead::default(), |head, record| head.follow(&record.encode()))
}

#[test]
fn a_guardian_that_never_ran_and_one_that_runs_are_told_apart() {
    let world = World::new();
    let refused = world.audit_fails(&[]);
    assert!(refused.contains("this guardian has not run yet"), "{refused}");
    assert!(!world.at("alice/data").exists(), "nothing is made by looking");
    let store = world.store();
    let refused = world.audit_fails(&[]);
    assert!(refused.contains("the guardian is running") && refused.contains("--verify-export"), "{refused}");
    drop(store);
    assert!(world.audit(&[]).contains("The chain is intact: 0 records"));
}

#[test]
fn the_story_of_a_proposal_is_read_from_the_store_and_from_an_export() {
    let world = World::new();
    world.store().append(&records()).unwrap();
    let intact = format!("The chain is intact: {}.", head());
    assert_eq!(world.audit(&[]), format!("{intact}\n"));

    let id = proposal().id().to_string();
    let told = world.audit(&["--proposal", &id[..14]]);
    assert!(told.starts_with(&format!("{intact}\nProposal {id}\n")), "{told}");
    for line in [
        "liveness   epoch 5: 0 attested, 1 dark",
        "finalized  epoch 7 is finalized",
        "proposed   exit of validator 17 proposed: dark from epoch 5 to 7; votes from slot 320 to 351",
        "vote_cast  our vote, revision 0: approve",
        "certified  certified by guardians 1",
        "released   our partial signature is released",
        "moved      moved to included",
    ] {
        assert!(told.lines().any(|shown| shown.ends_with(line)), "{line:?} not in\n{told}");
    }
    assert!(!told.contains("epoch 2:") && !told.contains("epoch 11:"), "{told}");

    let json: Value = serde_json::from_str(&world.audit(&["--validator", "17", "--json"])).unwrap();
    assert_eq!((&json["intact"], &json["head"]["length"]), (&true.into(), &10.into()));
    assert_eq!(json["head"]["link"], format!("0x{}", hex::encode(head().link)));
    let numbers: Vec<_> =
        json["entries"].as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 8, 9]);
    let json: Value = serde_json::from_str(&world.audit(&["--from", "7", "--to", "8", "--json"])).unwrap();
    assert_eq!(json["entries"][0]["record"]["live"][0], 18);
    assert_eq!(json["entries"][1]["kind"], "released");
    assert_eq!(json["entries"].as_array().unwrap().len(), 2);
    let refused = world.audit_fails(&["--proposal", "0x0000000000"]);
    assert!(refused.contains("no such proposal"), "{refused}");

    let file = world.path("journal.jsonl");
    assert!(world.audit(&["--export", &file]).starts_with(&intact));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 10);
    let refused = world.audit_fails(&["--export", &file]);
    assert!(refused.contains("journal.jsonl already exists"), "{refused}");
    // Anywhere else: no store, no configuration.
    std::fs::remove_dir_all(world.at("alice")).unwrap();
    assert_eq!(succeed(&["audit", "--verify-export", &file]), format!("{intact}\n"));
    assert_eq!(succeed(&["audit", "--verify-export", &file, "--proposal", &id]), told);
}

#[test]
fn an_export_that_was_altered_is_found_out() {
    let world = World::new();
    world.store().append(&records()).unwrap();
    let file = world.path("journal.jsonl");
    world.audit(&["--export", &file]);
    let whole = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let check = |altered: String, at: u64| {
        std::fs::write(&file, altered).unwrap();
        let (out, err) = fail(&["audit", "--verify-export", &file, "--json"]);
        assert!(err.contains(&format!("the chain BREAKS at record {at}:")), "{err}");
        let json: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&json["intact"], &json["broken"]["at"]), (&false.into(), &at.into()));
        assert_eq!(fail(&["audit", "--verify-export", &file]).0, "", "nothing is told from it");
    };
    // A vote turned around: the last byte of `bytes`.
    let vote = lines[4].replace("00\"}", "01\"}");
    assert_ne!(vote, lines[4]);
    check(whole.replace(lines[4], &vote), 4);
    check(whole.replace(&format!("{}\n", lines[6]), ""), 6);
    check([lines[1], lines[0]].join("\n") + "\n", 0);
    check(whole.replacen("\"number\":3,", "\"number\":4,", 1), 3);
    check(whole[..whole.len() - 2].to_owned(), 9);
}

#[test]
fn a_store_that_was_altered_is_found_out() {
    let world = World::new();
    world.store().append(&records()).unwrap();
    let intact = world.audit(&[]);
    // By somebody who knows the engine, and puts its checksum right.
    let db = sled::open(world.at("alice/data/store/engine")).unwrap();
    let journal = db.open_tree("journal").unwrap();
    let mut key = [0u8; 10];
    key[..8].copy_from_slice(&8u64.to_be_bytes());
    let value = journal.get(key).unwrap().unwrap();
    let mut payload = value[..value.len() - 8].to_vec();
    let last = payload.len() - 1;
    payload[last] ^= 1;
    let digest = {
        use sha2::{Digest, Sha256};
        Sha256::new().chain_update(key).chain_update(&payload).finalize()
    };
    let altered = [&payload[..], &digest[..8]].concat();
    journal.insert(key, altered).unwrap();
    db.flush().unwrap();
    drop((journal, db));
    let refused = world.audit_fails(&[]);
    assert!(refused.contains("the chain BREAKS at record 8"), "{refused}");
    assert!(refused.contains("What is intact before it: 8 records, head 0x"), "{refused}");
    let file = world.path("journal.jsonl");
    let refused = world.audit_fails(&["--export", &file]);
    assert!(refused.contains("nothing was exported") && !world.at("journal.jsonl").exists(), "{refused}");

    // Put back, everything is as it was: looking changed nothing.
    let db = sled::open(world.at("alice/data/store/engine")).unwrap();
    let journal = db.open_tree("journal").unwrap();
    journal.insert(key, value).unwrap();
    db.flush().unwrap();
    drop((journal, db));
    assert_eq!(world.audit(&[]), intact);
    assert_eq!(world.store().records().unwrap(), records());
}
