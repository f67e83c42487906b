//! What operators ask with the real program: lists that cannot be, a guardian that is away, and a guardian whose part is
//! played here, at the other end of a real socket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

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

const PROPOSER: &str = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

/// A guardian's files, and no guardian.
struct World {
    directory: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { directory: tempfile::tempdir().unwrap() };
        let (chain, password) = (world.path("chain.toml"), world.path("password"));
        std::fs::write(&chain, CHAIN).unwrap();
        std::fs::write(&password, "right\n").unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&password, private).unwrap();
        let out = world.run(&[
            "init",
            "--dir",
            &world.path("a"),
            "--name",
            "alice",
            "--beacon",
            "http://127.0.0.1:1",
            "--http-listen",
            "127.0.0.1:1",
            "--p2p-listen",
            "/ip4/127.0.0.1/tcp/9441",
            "--password-file",
            &password,
            "--kdf",
            "light",
        ]);
        assert!(out.status.success(), "{}", text(&out.stderr));
        let proposer = format!("safe={PROPOSER}:16");
        let out = world.run(&[
            "network",
            "create",
            "--name",
            "testnet",
            "--threshold",
            "1",
            "--chain",
            &chain,
            "--member",
            &world.path("a/member.toml"),
            "--emergency-proposer",
            &proposer,
            "--out",
            &world.path("a/network.toml"),
        ]);
        assert!(out.status.success(), "{}", text(&out.stderr));
        world
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guardian"));
        command.current_dir(self.directory.path()).env("USER", "alice").env_remove("RUST_BACKTRACE");
        command.args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a command about this guardian.
    fn ask(&self, arguments: &[&str]) -> Output {
        self.run(&[arguments, &["--config", "a/guardian.toml"]].concat())
    }

    /// Runs a command that must end with this code, and gives what it says on standard error.
    fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{}\n{err}", text(&output.stdout));
        assert!(!err.contains("panicked"), "{err}");
        assert!(err.len() < 4_000, "{} bytes: {}", err.len(), &err[..400]);
        err
    }

    /// Plays the guardian for as many requests as there are answers; what came is handed on.
    fn played(&self, answers: Vec<Value>) -> Receiver<Value> {
        let path: PathBuf = self.path("a/data/admin.sock").into();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(path).unwrap();
        let (came, received) = sync_channel(answers.len());
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                came.send(serde_json::from_str(&line).unwrap()).unwrap();
                stream.write_all(answer.to_string().as_bytes()).unwrap();
            }
        });
        received
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn next(received: &Receiver<Value>) -> Value {
    received.recv_timeout(Duration::from_secs(30)).unwrap()
}

fn id(byte: &str) -> String {
    format!("0x{}", byte.repeat(32))
}

fn forecast() -> Value {
    json!({
        "emergency": id("5f"), "severity": "normal", "certifiable_from": 100, "expires": 2000,
        "targets": [
            { "index": 7, "pubkey": null, "operator": null, "balance": 32000000000u64, "problem": null, "proposal": null },
            { "index": 9, "pubkey": null, "operator": null, "balance": null, "problem": "unknown_validator", "proposal": null },
        ],
        "leaving": 1, "stake": 32000000000u64, "tickets": "0", "bond": 0, "last_release": 5, "fits": true,
        "last_exit": 9, "bounds": [],
    })
}

fn inspection(byte: &str) -> Value {
    json!({
        "status": {
            "id": id(byte),
            "emergency": {
                "guardian_set_epoch": 1, "raiser": { "kind": "guardian", "guardian": 1 }, "validators": [7, 9],
                "severity": "normal", "reason": "keys leaked", "opened": 90, "expires": 2000,
            },
            "state": "open", "raised": 90, "certifiable_from": 100, "votes": [{ "guardian": 1, "decision": "approve", "at": 92 }], "own": null,
            "note": null, "certified": null, "exits": {},
        },
        "authority": "sealed by guardian 1", "nodes": { "total": 1, "healthy": 1, "disagree": false },
        "forecast": forecast(),
    })
}

/// Nobody runs here: what is refused below is refused before anybody is asked.
#[test]
fn lists_that_cannot_be_are_refused_before_anything_is_sent() {
    let world = World::new();
    let propose = |list: &str| world.refused(2, &["propose", "--reason", "x", "--validators", list]);
    for (list, expected) in [
        ("1,two", "entry 2: `two` is neither an index"),
        ("5,5", "validator 5 is there twice, first in --validators, entry 1"),
        ("1-4,3", "entry 2: validator 3 is there twice"),
        ("0-1024", "makes more than 1024 validators"),
        ("7,0x1234", "`0x1234` is no public key"),
    ] {
        let said = propose(list);
        assert!(said.contains(expected), "{list}: {said}");
    }
    let file = |content: &str| {
        std::fs::write(world.path("list.txt"), content).unwrap();
        world.refused(2, &["propose", "--reason", "x", "--validators-file", "list.txt"])
    };
    assert!(file("1\n# none\n\nx # what\n").contains("list.txt:4: `x` is neither"));
    assert!(file("1\n2\n1\n").contains("list.txt:3: validator 1 is there twice, first in list.txt:1"));
    assert!(file("# nothing\n").contains("list.txt names no validator"));
    let many: String = (0..100_000).map(|index| format!("{index}\n")).collect();
    assert!(file(&many).contains("list.txt:1025: validator 1024 is one too many"));
    std::fs::write(world.path("list.txt"), "9".repeat(2 << 20)).unwrap();
    let said = world.refused(1, &["propose", "--reason", "x", "--validators-file", "list.txt"]);
    assert!(said.contains("too large to be a list of validators"), "{said}");
    let said = world.refused(1, &["propose", "--reason", "x", "--validators-file", "absent.txt"]);
    assert!(said.contains("cannot read absent.txt"), "{said}");
}

#[test]
fn flags_that_cannot_be_are_wrong_usage() {
    let world = World::new();
    let long = "x".repeat(281);
    for (arguments, expected) in [
        (vec!["propose", "--validators", "1"], "--reason"),
        (vec!["propose", "--reason", "x"], "--validators"),
        (vec!["propose", "--reason", "x", "--validators", "1", "--module", "M"], "cannot be used with"),
        (vec!["propose", "--reason", "", "--validators", "1"], "say why"),
        (vec!["propose", "--reason", "a\nb", "--validators", "1"], "must be one line"),
        (vec!["propose", "--reason", &long, "--validators", "1"], "has 281 bytes"),
        (vec!["propose", "--reason", "x", "--validators", "1", "--expires", "soon"], "write it like 6h"),
        (vec!["propose", "--reason", "x", "--validators", "1", "--expires", "0h"], "longer than nothing"),
        (
            vec!["propose", "--reason", "x", "--validators", "1", "--expires", "99d"],
            "network `testnet` allows",
        ),
        (vec!["propose", "--reason", "x", "--validators", "1", "--severity", "high"], "normal, urgent"),
        (vec!["propose", "--reason", "x", "--of-operator", "0x12"], "Address"),
        (vec!["propose", "--reason", "x", "--validators", "1", "--operator", "a\tb"], "printable ASCII"),
        (vec!["approve", "0x1234"], "first 8 to 64 hexadecimal digits"),
        (vec!["approve"], "<ID>"),
        (vec!["cancel", "0x12345678", "--signature", "0x12"], "130 hexadecimal digits"),
        (vec!["propose", "submit", "x.json", "--signature", "12"], "130 hexadecimal digits"),
        (vec!["completions", "tcsh"], "bash, zsh, fish"),
    ] {
        let said = match arguments[0] {
            "completions" => text(&world.run(&arguments).stderr),
            _ => world.refused(2, &arguments),
        };
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn a_guardian_that_is_away_is_told_as_such() {
    let world = World::new();
    for arguments in [
        vec!["propose", "--reason", "x", "--validators", "1"],
        vec!["pause"],
        vec!["approve", &id("5f")],
        vec!["approve", "0x5f5f5f5f"],
        vec!["proposals"],
    ] {
        let said = world.refused(1, &arguments);
        assert!(said.contains("no guardian answers at a/data/admin.sock; is it running"), "{said}");
    }
}

#[test]
fn what_is_asked_arrives_and_what_is_answered_reads_well() {
    let world = World::new();
    let received = world.played(vec![
        json!({ "answer": { "forecast": forecast() } }),
        json!({ "answer": { "raised": { "emergency": id("5f"), "known": false, "forecast": forecast() } } }),
        json!({ "answer": { "refused": { "problems": [
            { "code": "too_many", "detail": "3 emergencies of guardian 1 are open" },
            { "code": "unknown_validator", "detail": "validator 9" },
        ] } } }),
        json!({ "error": "the guardian is busy" }),
    ]);
    let wish = ["propose", "--validators", "9,7", "--reason", "keys leaked", "--expires", "30m"];
    let dry = world.ask(&[&wish[..], &["--dry-run"]].concat());
    let request = json!({ "propose": {
        "selection": { "validators": [{ "index": 9 }, { "index": 7 }] }, "severity": "normal",
        "reason": "keys leaked", "lifetime": 150, "dry_run": true,
    } });
    assert_eq!(next(&received), json!({ "version": 1, "operator": "alice", "request": request }));
    let said = text(&dry.stdout);
    assert!(dry.status.success() && said.contains("Nothing was raised: this was a dry run."), "{said}");
    assert!(said.contains("2 named, 1 would leave") && said.contains("unknown_validator"), "{said}");

    let raised = world.ask(&[&wish[..], &["--operator", "carol", "--severity", "urgent"]].concat());
    let line = next(&received);
    assert_eq!((&line["operator"], &line["request"]["propose"]["dry_run"]), (&json!("carol"), &json!(false)));
    let said = text(&raised.stdout);
    assert!(said.contains(&format!("Next: `guardian proposals {}`", id("5f"))), "{said}");

    let refused = world.ask(&[&wish[..], &["--json"]].concat());
    assert_eq!(refused.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(document["refused"]["problems"][0]["code"], "too_many");
    let said = text(&refused.stderr);
    assert!(
        said.contains("did nothing:\n  too_many: 3 emergencies of guardian 1 are open\n  unknown"),
        "{said}"
    );

    let busy = world.ask(&wish);
    assert_eq!(busy.status.code(), Some(1));
    assert_eq!(text(&busy.stderr), "error: the guardian is busy\n");
}

#[test]
fn decisions_name_the_emergency_by_its_beginning() {
    let world = World::new();
    let listed = json!({ "answer": { "inspection": [inspection("5f"), inspection("12")] } });
    let voted = json!({ "answer": { "voted": {
        "emergency": id("5f"), "state": "open", "approvals": 1, "threshold": 1, "certifiable_from": 100, "released": 2,
    } } });
    let received = world.played(vec![listed.clone(), voted, listed.clone(), listed]);
    let approved = world.ask(&["approve", "0x5f5f5f5f", "--reason", "seen"]);
    assert_eq!(next(&received)["request"], json!({ "inspect": { "emergency": null } }));
    assert_eq!(next(&received)["request"], json!({ "approve": { "emergency": id("5f"), "note": "seen" } }));
    let said = text(&approved.stdout);
    assert!(said.contains("1 of 1 approvals") && said.contains("2 of the exits already"), "{said}");

    let said = world.refused(1, &["reject", "0xffffffff"]);
    assert!(said.contains("knows no emergency whose id begins with 0xffffffff"), "{said}");
    let shown = text(&world.ask(&["proposals"]).stdout);
    assert!(
        shown.contains("0x5f5f5f5f5f5f…  alice      normal") && shown.contains("YOURS TO DECIDE"),
        "{shown}"
    );
}

#[test]
fn pauses_say_where_they_stand() {
    let world = World::new();
    let pauses = |local: Value, wished: Value| json!({ "answer": { "pauses": { "local": local, "wished_by": wished, "threshold": 1, "network": true } } });
    let local = json!({ "since": 90, "by": { "uid": 0, "name": "alice" }, "note": "odd" });
    let received = world.played(vec![pauses(local, json!([1])), pauses(Value::Null, json!([]))]);
    let said = text(&world.ask(&["pause", "--network", "--reason", "odd"]).stdout);
    assert_eq!(next(&received)["request"], json!({ "pause": { "scope": "network", "note": "odd" } }));
    assert!(said.contains("by alice: odd") && said.contains("PAUSED; 1 of 1 wish it: alice"), "{said}");
    world.ask(&["resume"]);
    assert_eq!(next(&received)["request"], json!({ "resume": { "scope": "local", "note": "" } }));
}

#[test]
fn a_draft_needs_no_running_guardian_and_is_never_overwritten() {
    let world = World::new();
    let draft = [
        "propose",
        "draft",
        "--validators",
        "9,7-8",
        "--reason",
        "keys leaked",
        "--out",
        "exit.json",
        "--proposer",
    ];
    let said = text(&world.ask(&[&draft[..], &[PROPOSER]].concat()).stdout);
    assert!(
        said.contains("3 validators, normal, 1800 slots") && said.contains("propose submit exit.json"),
        "{said}"
    );
    let document: Value = serde_json::from_slice(&std::fs::read(world.path("exit.json")).unwrap()).unwrap();
    assert_eq!(document["message"]["validators"], json!([7, 8, 9]), "in order, as guardians want it");
    assert_eq!(
        (&document["primaryType"], &document["network"]["name"]),
        (&json!("ExitsProposal"), &json!("testnet"))
    );

    assert!(world.refused(1, &[&draft[..], &[PROPOSER]].concat()).contains("already exists"));
    std::fs::remove_file(world.path("exit.json")).unwrap();
    let stranger = format!("0x{}", "08".repeat(20));
    assert!(world.refused(2, &[&draft[..], &[&stranger]].concat()).contains("not_authorised"));
    assert!(!PathBuf::from(world.path("exit.json")).exists());
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&world.run(&["completions", shell]).stdout);
        for word in
            ["propose", "withdraw", "validators-file", "completions", "reshare", "withdrawal-credentials"]
        {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    let out = world.run(&["man", "--out", "pages", "--json"]);
    let pages: Vec<String> = serde_json::from_slice(&out.stdout).unwrap();
    for name in [
        "guardian.1",
        "guardian-propose.1",
        "guardian-propose-submit.1",
        "guardian-network-create.1",
        "guardian-network-accept.1",
        "guardian-reshare.1",
        "guardian-dkg.1",
    ] {
        assert!(pages.contains(&format!("pages/{name}")), "{name} not in {pages:?}");
    }
    let page = std::fs::read_to_string(world.path("pages/guardian-propose.1")).unwrap();
    assert!(page.contains(".TH guardian\\-propose 1") || page.contains(".TH guardian-propose 1"), "{page}");
}

#[test]
fn a_definition_tells_who_may_ask_for_what() {
    let world = World::new();
    let shown = text(&world.run(&["network", "inspect", "a/network.toml"]).stdout);
    for line in [
        "Caps        4 exits an epoch, 16 a day: 16 of one operator's, 16 of one module's, 100 % of all",
        "            hold beyond 4 epochs to finality, 32 slots behind the clock, or 34 % dark",
        "Emergencies raised by guardians' operators and these accounts",
        "            at most 1024 validators for 14400 slots; a normal one can be taken back for 150 slots",
    ] {
        assert!(shown.lines().any(|found| found == line), "{line:?} not in\n{shown}");
    }
    assert!(shown.contains(&format!("safe {PROPOSER}: at most 16 validators of any")), "{shown}");
}
