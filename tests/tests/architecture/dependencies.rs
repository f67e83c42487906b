//! Dependencies point one way. Read from `cargo metadata`, so a new edge anywhere below is seen.

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use std::collections::{BTreeMap, BTreeSet};

/// This machine's target triple.
pub(crate) fn host() -> String {
    let rustc = std::process::Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(rustc.stdout).expect("rustc speaks UTF-8");
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

/// The resolved graph for this machine, with every feature of ours switched on.
fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(["--locked", "--filter-platform", &host()].map(String::from))
        .exec()
        .expect("cargo metadata answers")
}

/// Names of everything `root` needs to run (normal dependencies, transitively; not build scripts, not tests).
fn below(metadata: &Metadata, root: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<&PackageId, _> =
        metadata.resolve.iter().flat_map(|resolve| &resolve.nodes).map(|node| (&node.id, node)).collect();
    let names: BTreeMap<&PackageId, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let start = metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name == root)
        .unwrap_or_else(|| panic!("no crate {root} in the workspace"));
    let mut seen = BTreeSet::from([&start.id]);
    let mut queue = vec![&start.id];
    while let Some(id) = queue.pop() {
        for dependency in &nodes[id].deps {
            let runs = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if runs && seen.insert(&dependency.pkg) {
                queue.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().filter(|id| **id != start.id).map(|id| names[id].to_owned()).collect()
}

fn is_impure(name: &str) -> bool {
    let families =
        ["tokio", "async-", "libp2p", "hyper", "axum", "reqwest", "alloy-provider", "alloy-transport"];
    let single =
        ["alloy", "ethers", "futures-timer", "mio", "rustls", "sled", "socket2", "tracing-subscriber"];
    families.iter().any(|family| name.starts_with(family)) || single.contains(&name)
}

#[test]
fn nothing_below_the_core_and_crypto_touches_the_world() {
    let metadata = metadata();
    for pure in ["crypto", "guardian-core", "feed", "feed-wasm"] {
        let impure: Vec<_> = below(&metadata, pure).into_iter().filter(|name| is_impure(name)).collect();
        assert!(impure.is_empty(), "{pure} is pure, but depends on {impure:?}");
    }
    // The same walk must find what is known to be there, or it proves nothing.
    assert!(below(&metadata, "p2p").iter().any(|name| name == "libp2p-gossipsub"));
    assert!(below(&metadata, "guardian").iter().any(|name| name == "sled"));
    assert!(below(&metadata, "chain-watcher").iter().any(|name| is_impure(name)));
}

#[test]
fn our_crates_depend_on_each_other_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("crypto", &[] as &[_]),
        ("p2p", &["crypto"]),
        ("chain-watcher", &["crypto"]),
        ("guardian-core", &["crypto"]),
        ("feed", &["crypto", "guardian-core"]),
        ("feed-wasm", &["crypto", "guardian-core", "feed"]),
        ("feed-server", &["crypto", "guardian-core", "feed"]),
        ("guardian", &["crypto", "p2p", "chain-watcher", "guardian-core", "feed", "feed-server"]),
        ("devnet", &["crypto", "p2p", "chain-watcher", "guardian-core", "guardian"]),
        (
            "tests",
            &["crypto", "p2p", "chain-watcher", "guardian-core", "feed", "feed-server", "guardian", "devnet"],
        ),
    ]);
    let metadata = metadata();
    let ours: BTreeSet<&str> =
        metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    assert_eq!(
        ours,
        allowed.keys().copied().collect(),
        "a crate came or went: say here what it may depend on"
    );
    for package in metadata.workspace_packages() {
        let allowed = allowed[package.name.as_str()];
        for dependency in
            package.dependencies.iter().filter(|dependency| ours.contains(dependency.name.as_str()))
        {
            let test_only = dependency.kind == DependencyKind::Development;
            assert!(
                allowed.contains(&dependency.name.as_str())
                    && !(test_only && package.name == dependency.name),
                "{} must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
}

/// What only some crates may name. Their tests may hold it against something else.
#[test]
fn each_outside_library_has_one_home() {
    let homes: [(&str, &[&str]); 6] = [
        ("libp2p", &["p2p", "tests"]),
        ("sled", &["guardian"]),
        ("blst", &["crypto"]),
        ("k256", &["crypto"]),
        ("eventsource-stream", &["chain-watcher"]),
        ("axum", &["guardian", "feed-server", "chain-watcher", "devnet"]),
    ];
    let metadata = metadata();
    for (library, homes) in homes {
        let users: Vec<&str> = metadata
            .workspace_packages()
            .into_iter()
            .filter(|package| names(package, library))
            .map(|package| package.name.as_str())
            .collect();
        assert!(!users.is_empty(), "nobody uses {library} any more: take it off this list");
        let strangers: Vec<_> = users.iter().filter(|user| !homes.contains(user)).collect();
        assert!(strangers.is_empty(), "{library} belongs to {homes:?}, but is named by {strangers:?}");
    }
}

fn names(package: &Package, library: &str) -> bool {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .any(|dependency| dependency.name == library || dependency.name.starts_with(&format!("{library}-")))
}
