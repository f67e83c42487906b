//! What is committed is what the sources compile to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/contracts")
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn the_sources_compile_to_the_committed_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new("node")
        .arg(contracts().join("build.mjs"))
        .arg(dir.path())
        .output()
        .expect("node, which `make peers` installs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (built, committed) = (files(dir.path()), files(&contracts().join("out")));
    assert_eq!(
        built.keys().collect::<Vec<_>>(),
        [
            "ExitProposals.json",
            "Forwarder.json",
            "GroupKey.json",
            "GuardianModule.json",
            "LocalDepositContract.json",
            "ValidatorRegistry.json"
        ]
    );
    assert_eq!(built.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>());
    for (name, bytes) in built {
        assert!(bytes == committed[&name], "{name} is not what the sources compile to: node build.mjs");
    }
}

#[test]
fn every_source_says_that_it_is_for_local_networks_or_not_audited() {
    let sources = files(&contracts().join("src"));
    assert!(sources.len() >= 8);
    for (name, bytes) in sources {
        let text = String::from_utf8(bytes).unwrap();
        let head: String = text.lines().take(3).collect();
        assert!(head.contains("MIT OR Apache-2.0"), "{name}");
        if ["ExitProposals.sol", "GroupKey.sol"].contains(&name.as_str()) {
            assert!(head.contains("NOT AUDITED"), "{name}");
            continue;
        }
        assert!(head.contains("For local networks and tests only"), "{name}");
        assert!(head.contains("must never hold value"), "{name}");
    }
}
