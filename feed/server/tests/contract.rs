//! The API keeps to its own OpenAPI document: schemathesis asks everything that the document allows, and much that it does
//! not, and no answer is a server's error or another one than the document says.
//!
//! `tests/peers/contract.sh install` makes what it needs, once.

#![allow(clippy::unwrap_used, reason = "tests")]

mod logbook;
mod served;
mod world;

use served::{Served, generous};
use std::path::{Path, PathBuf};
use std::process::Command;

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers")
}

/// Asks with parameters that exist, or with whatever comes to mind.
fn keeps_to_it(config: &str) {
    let environment = peers().join("contract_env/.installed");
    assert!(environment.exists(), "run tests/peers/contract.sh install first");
    let served = Served::start(300, generous());
    let file = served.directory.path().join("schemathesis.toml");
    std::fs::write(&file, config).unwrap();
    let url = format!("http://{}", served.address);
    let script = peers().join("contract.sh");
    let asked = Command::new(script).args(["run", &url]).arg(&file).output().unwrap();
    let told = String::from_utf8_lossy(&asked.stdout);
    assert!(asked.status.success(), "{told}\n{}", String::from_utf8_lossy(&asked.stderr));
    assert!(told.contains("API Operations"), "{told}");
    assert_eq!(served.get("/healthz").status, 200);
}

#[test]
fn whatever_is_asked() {
    keeps_to_it("");
}

#[test]
fn what_exists() {
    let world = world::World::new(300);
    let proposal = world.status(world::NOW).proposals[0].id;
    let config = format!(
        r#"
[parameters]
"path.pubkey" = "{}"
"path.address" = "{operator}"
"path.node" = "{operator}"
"path.index" = 1

[[operations]]
include-path = "/v1/proposals/{{id}}"
[operations.parameters]
"path.id" = "{proposal}"
"#,
        world::pubkey(7),
        operator = world::operator(0),
    );
    keeps_to_it(&config);
}
