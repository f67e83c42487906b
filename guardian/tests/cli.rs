//! The real program, from nothing to shares in the store, and what it says when something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use crypto::keys::SecretKey;
use crypto::keystore::{self, Kdf};
use crypto::password::{Password, ScryptCost};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

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

/// Runs a command that must succeed and gives its standard output.
fn succeed(arguments: &[&str]) -> String {
    let output = guardian(arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}\n{out}\n{err}");
    out
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeed(arguments)).unwrap()
}

/// Runs a command that must fail with code 1 and gives its standard error.
fn fail(arguments: &[&str]) -> String {
    let output = guardian(arguments);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{}\n{err}", text(&output.stdout));
    assert!(err.starts_with("error: "), "{err}");
    assert!(!err.contains("panicked"), "{err}");
    err
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every file below a directory with its content.
fn tree(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

/// A directory in which a network is made.
struct World(tempfile::TempDir);

impl World {
    /// Four guardians, one definition at 3 of 4, and the password file of all.
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        world.write("password", "right\n", 0o600);
        world.write("chain.toml", CHAIN, 0o644);
        for (name, port) in [("alice", 9441), ("bob", 9442), ("carol", 9443), ("dave", 9444)] {
            world.init(name, port);
        }
        world.create("network.toml", "testnet");
        for name in ["alice", "bob", "carol", "dave"] {
            std::fs::copy(world.at("network.toml"), world.at(name).join("network.toml")).unwrap();
        }
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str, mode: u32) {
        std::fs::write(self.at(name), content).unwrap();
        std::fs::set_permissions(self.at(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn init(&self, name: &str, port: u16) -> Value {
        json(&[
            "init",
            "--dir",
            &self.path(name),
            "--name",
            name,
            "--beacon",
            "http://127.0.0.1:1",
            "--p2p-listen",
            &format!("/ip4/127.0.0.1/tcp/{port}"),
            "--password-file",
            &self.path("password"),
            "--kdf",
            "light",
            "--json",
        ])
    }

    fn create(&self, out: &str, name: &str) -> Value {
        let members = ["alice", "bob", "carol", "dave"].map(|name| self.path(&format!("{name}/member.toml")));
        let (chain, out) = (self.path("chain.toml"), self.path(out));
        let mut arguments = vec![
            "network",
            "create",
            "--name",
            name,
            "--threshold",
            "3",
            "--chain",
            &chain,
            "--out",
            &out,
            "--json",
        ];
        for member in &members {
            arguments.extend(["--member", member]);
        }
        json(&arguments)
    }

    /// A validator key in a keystore, under its own password.
    fn keystore(&self, name: &str) -> SecretKey {
        let mut rng = rand::rng();
        let secret = SecretKey::generate(&mut rng);
        let kdf = Kdf::Scrypt(ScryptCost::LIGHT);
        let json = keystore::encrypt(&secret, &Password::new("operator"), kdf, &mut rng).unwrap();
        self.write(name, &text(&json), 0o600);
        self.write("keystore.password", "operator", 0o600);
        secret
    }

    fn split<'a>(&self, keystore: &str, out: &str, run: impl Fn(&[&str]) -> String + 'a) -> String {
        let (keystore, password) = (self.path(keystore), self.path("keystore.password"));
        run(&[
            "custody",
            "split",
            "--keystore",
            &keystore,
            "--password-file",
            &password,
            "--network",
            &self.path("network.toml"),
            "--out",
            &self.path(out),
        ])
    }

    fn import(&self, name: &str, file: &str) -> Value {
        json(&[
            "custody",
            "import",
            "--config",
            &self.config(name),
            &self.path(file),
            "--kdf",
            "light",
            "--json",
        ])
    }

    /// An import that must fail, and must not change a byte of the guardian's directory.
    fn import_fails(&self, name: &str, files: &[&str]) -> String {
        let config = self.config(name);
        let files: Vec<String> = files.iter().map(|file| self.path(file)).collect();
        let mut arguments = vec!["custody", "import", "--config", &config, "--kdf", "light"];
        arguments.extend(files.iter().map(String::as_str));
        fail(&arguments)
    }

    fn config(&self, name: &str) -> String {
        self.path(&format!("{name}/guardian.toml"))
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let content = std::fs::read_to_string(self.at(file)).unwrap();
        assert!(content.contains(from), "{from} not in {content}");
        std::fs::write(self.at(file), content.replacen(from, to, 1)).unwrap();
    }
}

#[test]
fn from_nothing_to_shares_in_the_store() {
    let world = World::new();
    for (file, mode) in
        [("identity.json", 0o600), ("custody.json", 0o600), ("guardian.toml", 0o600), ("member.toml", 0o644)]
    {
        let metadata = std::fs::metadata(world.at("alice").join(file)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{file}");
    }
    let network = json(&["network", "inspect", &world.path("network.toml"), "--json"]);
    let id = network["network_id"].as_str().unwrap();
    assert_eq!(network["definition"]["guardian_set"]["members"][2]["name"], "carol");
    let shown = succeed(&["network", "inspect", &world.path("network.toml")]);
    assert!(shown.contains(id) && shown.contains("3 of 4") && shown.contains("carol"), "{shown}");

    let secret = world.keystore("keystore.json");
    let told = world.split("keystore.json", "shares.json", succeed);
    let pubkey = secret.public_key().to_bytes();
    assert!(told.contains(&pubkey.to_string()), "{told}");
    let shares = std::fs::read_to_string(world.at("shares.json")).unwrap();
    assert!(!shares.contains(&hex::encode(*secret.to_bytes())));
    let package: Value = serde_json::from_str(&shares).unwrap();
    assert_eq!(package["network_id"], id);
    assert_eq!(package["pubkey"], pubkey.to_string());
    assert_eq!(package["envelopes"].as_array().unwrap().len(), 4);

    for (number, name) in (1..).zip(["alice", "bob", "carol", "dave"]) {
        let imported = world.import(name, "shares.json");
        assert_eq!(imported["guardian"], number);
        assert_eq!(
            (&imported["added"], &imported["known"], &imported["held"]),
            (&1.into(), &0.into(), &1.into())
        );
    }
    let again = world.import("alice", "shares.json");
    assert_eq!((&again["added"], &again["known"]), (&0.into(), &1.into()));

    // Another split of the same key must not slip in beside the first.
    world.split("keystore.json", "other.json", succeed);
    let refused = world.import_fails("alice", &["other.json"]);
    assert!(refused.contains("another share of this validator is held already"), "{refused}");
}

#[test]
fn several_keystores_make_a_directory_and_import_together() {
    let world = World::new();
    let secrets = ["a.json", "b.json", "c.json"].map(|name| world.keystore(name));
    let out = world.path("shares");
    let (network, password) = (world.path("network.toml"), world.path("keystore.password"));
    let keystores = ["a.json", "b.json", "c.json"].map(|name| world.path(name));
    let mut arguments = vec![
        "custody",
        "split",
        "--network",
        &network,
        "--password-file",
        &password,
        "--out",
        &out,
        "--json",
    ];
    for keystore in &keystores {
        arguments.extend(["--keystore", keystore]);
    }
    let split = json(&arguments);
    assert_eq!(split["packages"].as_array().unwrap().len(), 3);
    let files: Vec<String> =
        secrets.iter().map(|secret| format!("{out}/{}.json", secret.public_key().to_bytes())).collect();
    let config = world.config("bob");
    let mut arguments = vec!["custody", "import", "--config", &config, "--kdf", "light", "--json"];
    arguments.extend(files.iter().map(String::as_str));
    assert_eq!(json(&arguments)["added"], 3);

    // One bad file among good ones: nothing of the others is taken.
    let config = world.config("carol");
    std::fs::write(&files[1], "{").unwrap();
    let mut arguments = vec!["custody", "import", "--config", &config, "--kdf", "light"];
    arguments.extend(files.iter().map(String::as_str));
    let refused = fail(&arguments);
    assert!(refused.contains("nothing was imported") && refused.contains(&files[1]), "{refused}");
    arguments.remove(7);
    arguments.push("--json");
    assert_eq!(json(&arguments)["added"], 2, "carol held nothing before");
}

#[test]
fn nothing_is_overwritten() {
    let world = World::new();
    world.keystore("keystore.json");
    world.split("keystore.json", "shares.json", succeed);
    let before = tree(world.0.path());
    let (alice, password) = (world.path("alice"), world.path("password"));
    let refused = fail(&[
        "init",
        "--dir",
        &alice,
        "--name",
        "alice",
        "--beacon",
        "http://127.0.0.1:1",
        "--p2p-listen",
        "/ip4/127.0.0.1/tcp/9441",
        "--password-file",
        &password,
    ]);
    assert!(refused.contains("identity.json already exists"), "{refused}");
    let refused = world.split("keystore.json", "shares.json", fail);
    assert!(refused.contains("shares.json already exists"), "{refused}");
    let (member, chain, out) =
        (world.path("alice/member.toml"), world.path("chain.toml"), world.path("network.toml"));
    let refused = fail(&[
        "network",
        "create",
        "--name",
        "n",
        "--threshold",
        "1",
        "--member",
        &member,
        "--chain",
        &chain,
        "--out",
        &out,
    ]);
    assert!(refused.contains("network.toml already exists"), "{refused}");
    assert!(tree(world.0.path()) == before, "something was written");
}

#[test]
fn wrong_passwords_and_open_password_files_are_refused() {
    let world = World::new();
    world.keystore("keystore.json");
    world.split("keystore.json", "shares.json", succeed);
    let before = tree(world.0.path());

    world.write("password", "wrong", 0o600);
    let refused = world.import_fails("alice", &["shares.json"]);
    assert!(refused.contains("wrong password for") && refused.contains("custody.json"), "{refused}");
    let refused = fail(&["run", "--config", &world.config("alice")]);
    assert!(refused.contains("wrong password for") && refused.contains("identity.json"), "{refused}");

    world.write("password", "right\n", 0o644);
    let refused = world.import_fails("alice", &["shares.json"]);
    assert!(refused.contains(&format!("chmod 600 {}", world.path("password"))), "{refused}");
    world.write("password", "right\n", 0o600);

    world.write("keystore.password", "wrong", 0o600);
    let refused = world.split("keystore.json", "more.json", fail);
    assert!(refused.contains("wrong password for") && refused.contains("nothing was written"), "{refused}");
    world.write("keystore.password", "operator", 0o600);
    assert!(tree(world.0.path()) == before, "something was written");

    // No file and no terminal: an answer, not a hang.
    world.edit("alice/guardian.toml", "password_file = ", "# password_file = ");
    let refused = world.import_fails("alice", &["shares.json"]);
    assert!(refused.contains("there is no terminal to ask on"), "{refused}");
}

#[test]
fn the_wrong_network_and_the_wrong_guardian_are_refused() {
    let world = World::new();
    world.keystore("keystore.json");
    world.split("keystore.json", "shares.json", succeed);
    world.import("alice", "shares.json");

    // Shares of another network.
    world.create("other.toml", "othernet");
    std::fs::copy(world.at("other.toml"), world.at("bob/network.toml")).unwrap();
    let refused = world.import_fails("bob", &["shares.json"]);
    assert!(refused.contains("it is for network 0x"), "{refused}");
    std::fs::copy(world.at("network.toml"), world.at("bob/network.toml")).unwrap();

    // The store of another network.
    std::fs::copy(world.at("other.toml"), world.at("alice/network.toml")).unwrap();
    let refused = fail(&["run", "--config", &world.config("alice")]);
    assert!(refused.contains("is not the store of this guardian: it belongs to network 0x"), "{refused}");
    std::fs::copy(world.at("network.toml"), world.at("alice/network.toml")).unwrap();

    // Another guardian's keys: both, so that only the store knows better; then one.
    let dave = tree(&world.at("dave"));
    std::fs::copy(world.at("alice/custody.json"), world.at("dave/custody.json")).unwrap();
    let refused = world.import_fails("dave", &["shares.json"]);
    assert!(refused.contains("the custody key is guardian 1's, the identity key"), "{refused}");
    std::fs::copy(world.at("alice/identity.json"), world.at("dave/identity.json")).unwrap();
    world.edit("dave/guardian.toml", "data_dir = \"data\"", "data_dir = \"../bob/data\"");
    world.import("bob", "shares.json");
    let refused = world.import_fails("dave", &["shares.json"]);
    assert!(
        refused.contains("it belongs to guardian 2, the configured identity key is guardian 1's"),
        "{refused}"
    );
    for (path, content) in dave {
        std::fs::write(path, content).unwrap();
    }

    // Dave's envelope under Carol's number.
    let mut package: Value =
        serde_json::from_slice(&std::fs::read(world.at("shares.json")).unwrap()).unwrap();
    package["envelopes"][2]["envelope"] = package["envelopes"][3]["envelope"].clone();
    world.write("forged.json", &package.to_string(), 0o644);
    let before = tree(&world.at("carol"));
    let refused = world.import_fails("carol", &["forged.json"]);
    assert!(refused.contains("does not open with this custody key"), "{refused}");
    assert!(tree(&world.at("carol")) == before, "something was written");
    assert_eq!(world.import("carol", "shares.json")["added"], 1);
}

#[test]
fn truncated_oversize_and_mistyped_files_are_refused() {
    let world = World::new();
    world.keystore("keystore.json");
    world.split("keystore.json", "shares.json", succeed);
    let spoil = |file: &str, how: &dyn Fn(&mut Vec<u8>), command: &dyn Fn() -> String, expected: &[&str]| {
        let whole = std::fs::read(world.at(file)).unwrap();
        let mut spoiled = whole.clone();
        how(&mut spoiled);
        std::fs::write(world.at(file), &spoiled).unwrap();
        let before = tree(world.0.path());
        let refused = command();
        for part in expected {
            assert!(refused.contains(part), "{file}: expected {part:?} in {refused}");
        }
        assert!(tree(world.0.path()) == before, "{file}: something was written");
        std::fs::write(world.at(file), whole).unwrap();
    };
    let half = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    let huge = |bytes: &mut Vec<u8>| bytes.resize(2 << 20, b' ');
    let import = || world.import_fails("alice", &["shares.json"]);
    let split = || world.split("keystore.json", "more.json", fail);
    let inspect = || fail(&["network", "inspect", &world.path("network.toml")]);

    spoil(
        "shares.json",
        &half,
        &import,
        &["nothing was imported", "no custody package", "ask the node operator"],
    );
    spoil("shares.json", &huge, &import, &["too large to be a custody package"]);
    spoil("alice/custody.json", &half, &import, &["custody.json", "is no key file, or a truncated one"]);
    spoil("alice/custody.json", &huge, &import, &["too large to be a key file"]);
    spoil("alice/network.toml", &half, &import, &["network.toml"]);
    spoil("keystore.json", &half, &split, &["keystore.json", "nothing was written"]);
    spoil("keystore.json", &huge, &split, &["too large to be a keystore"]);
    spoil("network.toml", &huge, &inspect, &["too large to be a network definition"]);
    let mistyped = |bytes: &mut Vec<u8>| {
        *bytes = text(bytes).replace("data_dir = ", "datadir = ").into_bytes();
    };
    spoil(
        "alice/guardian.toml",
        &mistyped,
        &import,
        &["guardian.toml:", "unknown key `datadir`", "did you mean `data_dir`?"],
    );
    let mistyped = |bytes: &mut Vec<u8>| {
        *bytes = text(bytes).replace("threshold", "treshold").into_bytes();
    };
    spoil("network.toml", &mistyped, &inspect, &["network.toml:", "did you mean `threshold`?"]);
}

#[test]
fn usage_is_explained_and_wrong_usage_is_code_2() {
    let commands: &[&[&str]] = &[
        &[],
        &["init"],
        &["network", "create"],
        &["network", "inspect"],
        &["custody", "split"],
        &["custody", "import"],
        &["run"],
        &["status"],
        &["validators"],
        &["audit"],
        &["backup"],
        &["restore"],
        &["verify"],
        &["verify", "group"],
        &["verify", "exit"],
        &["verify", "deposit"],
    ];
    for command in commands {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let help = succeed(&arguments);
        assert!(
            help.contains("guardian ") && (help.contains("Example") || help.contains("from nothing")),
            "{help}"
        );
        // clap wraps its own text at the terminal's width, 100 columns where there is none; examples are ours.
        let wide = help.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{command:?}");
    }
    let wrong: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["init", "--dir", "x"],
        &[
            "init",
            "--dir",
            "x",
            "--name",
            "A B",
            "--beacon",
            "http://x",
            "--p2p-listen",
            "/ip4/1.2.3.4/tcp/1",
        ],
        &["init", "--dir", "x", "--name", "a", "--beacon", "http://x", "--p2p-listen", "1.2.3.4:9440"],
        &["network", "create", "--name", "n", "--threshold", "1", "--member", "m", "--out", "o"],
        &["custody", "import"],
        &["init", "--dir", "x", "--name", "a", "--beacon", "http://x", "--p2p-listen", "/dns4/a.b/tcp/1"],
        &[
            "init",
            "--dir",
            "x",
            "--name",
            "a",
            "--beacon",
            "http://x",
            "--p2p-listen",
            "/ip4/1.2.3.4/tcp/1",
            "--account",
            "0x12",
        ],
        &["validators", "--verdict", "fine"],
        &["validators", "--operator", "bob"],
        &["audit", "--proposal", "0xnothex"],
        &["audit", "--validator", "bob"],
        &["audit", "--export", "a", "--verify-export", "b"],
        &["audit", "--export", "a", "--proposal", "0x12"],
    ];
    for arguments in wrong {
        let output = guardian(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
    }
    assert!(succeed(&["--version"]).starts_with("guardian "));
}

#[test]
fn impossible_networks_are_refused_before_anything_is_written() {
    let world = World::new();
    let (alice, bob) = (world.path("alice/member.toml"), world.path("bob/member.toml"));
    let (chain, out) = (world.path("chain.toml"), world.path("new.toml"));
    let create = |extra: &[&str]| {
        let mut arguments = vec!["network", "create", "--name", "n", "--chain", &chain, "--out", &out];
        arguments.extend(extra);
        let refused = fail(&arguments);
        assert!(!world.at("new.toml").exists(), "{extra:?}");
        refused
    };
    let refused = create(&["--threshold", "3", "--member", &alice, "--member", &bob]);
    assert!(
        refused.contains("--threshold") && refused.contains("threshold 3 of 2 is impossible"),
        "{refused}"
    );
    let refused = create(&["--threshold", "1", "--member", &alice, "--member", &alice]);
    assert!(refused.contains("is the same as an earlier member's"), "{refused}");
    let refused = create(&["--threshold", "1", "--member", &alice, "--offline-epochs", "0"]);
    assert!(refused.contains("policy.offline.epochs"), "{refused}");
    let refused = create(&["--threshold", "1", "--member", &world.path("chain.toml")]);
    assert!(refused.contains("chain.toml:"), "{refused}");

    let carol = &world.path("carol2");
    let refused = fail(&[
        "init",
        "--dir",
        carol,
        "--name",
        "carol",
        "--beacon",
        "http://127.0.0.1:1",
        "--p2p-listen",
        "/ip4/0.0.0.0/tcp/9440",
        "--password-file",
        &world.path("password"),
    ]);
    assert!(refused.contains("--p2p-announce"), "{refused}");
    assert!(!Path::new(carol).exists());
}

/// A beacon node that is away is waited for; meanwhile the store is taken, the status says so, and SIGTERM ends it well.
#[test]
fn a_running_guardian_holds_its_store_and_stops_when_told() {
    let world = World::new();
    world.keystore("keystore.json");
    world.split("keystore.json", "shares.json", succeed);
    world.import("alice", "shares.json");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    world.edit("alice/guardian.toml", "127.0.0.1:8440", &format!("127.0.0.1:{port}"));
    let status = || guardian(&["status", "--config", &world.config("alice")]);
    let before = status();
    assert_eq!(before.status.code(), Some(1));
    assert!(
        text(&before.stderr).contains("cannot reach a guardian at http://127.0.0.1"),
        "{}",
        text(&before.stderr)
    );

    let mut running = Command::new(env!("CARGO_BIN_EXE_guardian"))
        .args(["run", "--config", &world.config("alice")])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let answer = loop {
        let answer = text(&status().stderr);
        if !answer.contains("cannot reach") {
            break answer;
        }
        assert!(running.try_wait().unwrap().is_none(), "it stopped by itself");
        assert!(Instant::now() < deadline, "{answer}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(answer.contains("is starting"), "{answer}");

    let refused = world.import_fails("alice", &["shares.json"]);
    assert!(refused.contains("is in use by another process; stop that guardian first"), "{refused}");

    assert!(Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(0));
    assert_eq!(world.import("alice", "shares.json")["known"], 1);
}

/// The log daemon restarts, the pipe to it breaks: the guardian goes on.
#[test]
fn a_closed_log_does_not_end_a_running_guardian() {
    let world = World::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    world.edit("alice/guardian.toml", "127.0.0.1:8440", &format!("127.0.0.1:{port}"));
    let mut running = Command::new(env!("CARGO_BIN_EXE_guardian"))
        .args(["run", "--config", &world.config("alice")])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Closed at once: every line of the log is lost, the first one too.
    drop(running.stderr.take());
    let deadline = Instant::now() + Duration::from_secs(60);
    // Shown after the first attempt to reach its beacon node, which is logged before.
    let attempted = || {
        let status = guardian(&["status", "--config", &world.config("alice")]);
        text(&status.stderr).contains("does not answer")
    };
    while !attempted() {
        assert!(running.try_wait().unwrap().is_none(), "it ended with its log");
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(0));
}

const PROTOCOL: &str = "0x00000000000000000000000000000000000000a1";
const GUARDIAN_MODULE: &str = "0x00000000000000000000000000000000000000a2";
const EXIT_PROPOSALS: &str = "0x00000000000000000000000000000000000000a3";

/// Accounts in the cards, contracts and rules in the definition, execution nodes in the configuration; and what is said
/// when one of them is missing.
#[test]
fn a_network_on_contracts_from_the_command_line() {
    let world = World::new();
    let (chain, member, out) =
        (world.path("chain.toml"), world.path("erin/member.toml"), world.path("contracts.toml"));
    let init = |name: &str, more: &[&str]| {
        let (dir, password) = (world.path(name), world.path("password"));
        let mut arguments = vec!["init", "--dir", &dir, "--name", name, "--beacon", "http://127.0.0.1:1"];
        arguments.extend(["--p2p-listen", "/ip4/127.0.0.1/tcp/9445", "--password-file", &password]);
        arguments.extend(["--kdf", "light"]);
        arguments.extend(more);
        succeed(&arguments);
    };
    let account = "0x00000000000000000000000000000000000000e1";
    init("erin", &["--account", account, "--execution", "ws://user:hidden@127.0.0.1:1/key"]);
    let card = std::fs::read_to_string(&member).unwrap();
    assert!(card.contains(&format!("account = \"{account}\"")), "{card}");

    let create = |more: &[&'static str], card: &str| {
        let mut arguments = vec!["network", "create", "--name", "n", "--threshold", "1", "--chain", &chain];
        arguments.extend(["--out", &out, "--member", card]);
        arguments.extend(more);
        guardian(&arguments)
    };
    let contracts =
        ["--protocol", PROTOCOL, "--guardian-module", GUARDIAN_MODULE, "--deployed-at-block", "3"];
    let with = |more: &[&'static str]| [&contracts[..], more].concat();
    let refused = |more: &[&'static str], card: &str, code: i32, expected: &str| {
        let output = create(more, card);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{err}");
        assert!(err.contains(expected), "expected {expected:?} in {err}");
        assert!(!world.at("contracts.toml").exists());
    };
    refused(&["--protocol", PROTOCOL], &member, 2, "--guardian-module");
    refused(&with(&[]), &member, 1, "give --execution or --execution-chain-id");
    let with_id = with(&["--execution-chain-id", "31337"]);
    refused(&with_id, &world.path("alice/member.toml"), 1, "member 1 (alice): `account` is missing");
    refused(&with(&["--execution", "http://127.0.0.1:1"]), &member, 1, "cannot read the chain id");
    refused(
        &[&with_id[..], &["--slashed-rule", "enforce"]].concat(),
        &member,
        1,
        "policy.slashed.enforcement",
    );
    refused(
        &[&with_id[..], &["--ejection-balance", "32"]].concat(),
        &member,
        1,
        "policy.balance.ejection_threshold",
    );
    refused(&[&with_id[..], &["--ticket-floor", "0"]].concat(), &member, 1, "policy.tickets.floor");
    refused(&[&with_id[..], &["--ticket-floor", "five"]].concat(), &member, 2, "not a number of tickets");
    refused(&["--tickets-rule", "enforce"], &member, 1, "policy.tickets.enforcement");

    refused(&["--exit-proposals", EXIT_PROPOSALS], &member, 2, "--protocol");
    let with_exits = |address: &'static str| [&with_id[..], &["--exit-proposals", address]].concat();
    refused(&with_exits(PROTOCOL), &member, 1, "contracts.exit_proposals");
    refused(&with_exits("0x12"), &member, 2, "--exit-proposals");

    let output = create(&with_exits(EXIT_PROPOSALS), &member);
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(shown.contains(&format!("exit proposals {EXIT_PROPOSALS}")), "{shown}");
    assert_eq!(succeed(&["network", "inspect", &out]), shown);
    std::fs::remove_file(world.at("contracts.toml")).unwrap();

    let output = create(&with_id, &member);
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for part in [
        "profile V1 on execution chain 31337, read from block 3",
        PROTOCOL,
        GUARDIAN_MODULE,
        "exit proposals none",
        account,
        "Tickets     Enforce: below 5 for each active validator for 25 slots",
        "Balance     Enforce: below 31.75 ETH",
        "Slashed     Warn",
    ] {
        assert!(shown.contains(part), "{part:?} not in {shown}");
    }
    assert_eq!(succeed(&["network", "inspect", &out]), shown);

    // The definition needs execution nodes, and one without contracts refuses them; the key in the URL stays hidden.
    let run = |name: &str| fail(&["run", "--config", &world.config(name)]);
    std::fs::copy(world.at("contracts.toml"), world.at("alice/network.toml")).unwrap();
    assert!(run("alice").contains("add an [[execution]] table"));
    std::fs::copy(world.at("network.toml"), world.at("erin/network.toml")).unwrap();
    let refused = run("erin");
    assert!(refused.contains("remove [[execution]]") && !refused.contains("hidden"), "{refused}");
    assert!(!world.at("erin/data").exists() && !world.at("alice/data").exists());
}
