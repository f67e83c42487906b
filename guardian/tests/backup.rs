//! The real program: a guardian backed up, its machine lost, restored elsewhere, and started there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use crypto::keys::SecretKey;
use crypto::keystore::{self, Kdf};
use crypto::password::{Password, ScryptCost};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn succeed(arguments: &[&str]) -> String {
    let output = guardian(arguments);
    assert!(output.status.success(), "{arguments:?}\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeed(arguments)).unwrap()
}

fn fail(arguments: &[&str]) -> String {
    let output = guardian(arguments);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{}\n{err}", text(&output.stdout));
    assert!(err.starts_with("error: ") && !err.contains("panicked"), "{err}");
    err
}

/// A network of one guardian that holds one share.
struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        world.write("password", "right\n");
        world.write("chain.toml", CHAIN);
        let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let at = |name: &str| world.path(name);
        let (home, password) = (at("alice"), at("password"));
        let init =
            ["init", "--dir", &home, "--name", "alice", "--beacon", "http://127.0.0.1:1", "--kdf", "light"];
        let more = ["--p2p-listen", "/ip4/127.0.0.1/tcp/9441", "--password-file", &password];
        succeed(&[&init[..], &more, &["--http-listen", &http]].concat());
        let (member, chain, network) = (at("alice/member.toml"), at("chain.toml"), at("alice/network.toml"));
        let create = ["network", "create", "--name", "n", "--threshold", "1", "--member", &member];
        succeed(&[&create[..], &["--chain", &chain, "--out", &network]].concat());
        let rng = &mut rand::rng();
        let kdf = Kdf::Scrypt(ScryptCost::LIGHT);
        let key = SecretKey::generate(rng);
        let keystore = keystore::encrypt(&key, &Password::new("right"), kdf, rng).unwrap();
        world.write("keystore.json", &text(&keystore));
        let (keystore, shares) = (at("keystore.json"), at("shares.json"));
        let split = ["custody", "split", "--keystore", &keystore, "--password-file", &password];
        succeed(&[&split[..], &["--network", &network, "--out", &shares]].concat());
        let config = at("alice/guardian.toml");
        succeed(&["custody", "import", "--config", &config, &shares, "--kdf", "light"]);
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.at(name), content).unwrap();
        std::fs::set_permissions(self.at(name), PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn run(&self, config: &str) -> std::process::Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guardian"));
        command.args(["run", "--config", config]).stderr(Stdio::null()).stdout(Stdio::null());
        command.spawn().unwrap()
    }
}

#[test]
fn a_guardian_is_restored_on_an_empty_directory_and_starts_there() {
    let world = World::new();
    let (config, backup, password) =
        (world.path("alice/guardian.toml"), world.path("alice.guardian"), world.path("password"));
    let said = succeed(&["backup", "--config", &config, "--to", &backup]);
    assert!(said.contains("data/store: 0 records") && said.contains("; 1 shares"), "{said}");
    assert!(said.contains("Next, now and then: guardian backup --check"), "{said}");
    assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fail(&["backup", "--config", &config, "--to", &backup]).contains("already exists"));
    succeed(&["backup", "--config", &config, "--to", &backup, "--force"]);
    let check = ["backup", "--check", &backup, "--password-file", &password];
    assert!(succeed(&check).contains("is whole: "));
    let held = json(&[&check[..], &["--json"]].concat());
    assert_eq!((&held["guardian"], &held["stores"][0]["shares"]), (&1.into(), &1.into()));
    world.write("wrong", "wrong\n");
    let wrong = world.path("wrong");
    assert!(fail(&["backup", "--check", &backup, "--password-file", &wrong]).contains("wrong password"));

    std::fs::remove_dir_all(world.at("alice")).unwrap();
    let to = world.path("machine/alice");
    let restore = ["restore", "--from", &backup, "--to", &to, "--password-file"];
    assert!(fail(&[&restore[..], &[&wrong]].concat()).contains("wrong password"));
    assert!(!world.at("machine/alice").exists());
    let said = succeed(&[&restore[..], &[&password]].concat());
    assert!(said.contains("1 shares, all of which open") && said.contains("caps are closed"), "{said}");
    assert!(fail(&[&restore[..], &[&password]].concat()).contains("is not empty"));

    // Its journal begins with the lapse that closes its caps, and its share is its share.
    let config = world.path("machine/alice/guardian.toml");
    let told = json(&["audit", "--config", &config, "--from", "0", "--json"]);
    assert_eq!(told["entries"][0]["kind"], "lapsed", "{told}");
    let shares = world.path("shares.json");
    let again = json(&["custody", "import", "--config", &config, &shares, "--json"]);
    assert_eq!((&again["known"], &again["added"]), (&1.into(), &0.into()));

    let mut running = world.run(&config);
    let deadline = Instant::now() + Duration::from_secs(60);
    let starting = || text(&guardian(&["status", "--config", &config]).stderr).contains("is starting");
    while !starting() {
        assert!(running.try_wait().unwrap().is_none(), "it stopped by itself");
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(50));
    }
    // It waits for its beacon node, and answers nobody yet.
    let other = world.path("other.guardian");
    let refused = fail(&["backup", "--config", &config, "--to", &other]);
    assert!(
        refused.contains("waiting for its beacon nodes") && !world.at("other.guardian").exists(),
        "{refused}"
    );
    assert!(Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(0));
    succeed(&["backup", "--config", &config, "--to", &other]);
}

#[test]
fn what_a_backup_is_asked_for_is_one_thing() {
    for wrong in [
        &["backup"][..],
        &["backup", "--to", "a", "--check", "b"],
        &["backup", "--check", "b", "--force"],
        &["backup", "--to", "a", "--password-file", "p"],
        &["restore", "--from", "a"],
    ] {
        assert_eq!(guardian(wrong).status.code(), Some(2), "{wrong:?}");
    }
    for command in ["backup", "restore"] {
        let help = succeed(&[command, "--help"]);
        assert!(help.contains("Examples:") && help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
}
