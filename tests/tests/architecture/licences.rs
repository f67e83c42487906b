//! Whose code we ship, and under what terms: every package of the graph against the allow-list of `deny.toml`.

use crate::dependencies::host;
use serde::Deserialize;
use spdx::{Expression, ParseMode};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

fn allowed() -> BTreeSet<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deny.toml"))
        .expect("deny.toml is there");
    toml::from_str::<Deny>(&text).expect("deny.toml has [licenses] allow").licenses.allow
}

/// Whether the terms can be met with allowed licences alone. Old manifests write `/` for `OR`.
fn acceptable(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let mode = ParseMode { allow_slash_as_or_operator: true, ..ParseMode::LAX };
    let parsed = Expression::parse_mode(expression, mode)
        .unwrap_or_else(|problem| panic!("licence `{expression}` cannot be read: {problem}"));
    parsed.evaluate(|requirement| allowed.contains(&requirement.to_string()))
}

/// Every package that can end up in a build of ours, tests included, with its licence: `cargo tree` leaves out what only
/// the lock file mentions.
fn packages() -> BTreeMap<String, String> {
    let tree = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--workspace",
            "--all-features",
            "--prefix",
            "none",
            "--format",
            "{p}|{l}|",
        ])
        .args(["--target", &host(), "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")])
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "cargo tree: {}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8(tree.stdout)
        .expect("cargo speaks UTF-8")
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('|');
            Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
        })
        .collect()
}

#[test]
fn every_dependency_comes_under_an_allowed_licence() {
    let allowed = allowed();
    let packages = packages();
    assert!(packages.len() > 200, "cargo tree named only {} packages", packages.len());
    let refused: Vec<_> =
        packages.iter().filter(|(_, licence)| licence.is_empty() || !acceptable(licence, &allowed)).collect();
    assert!(refused.is_empty(), "not allowed by deny.toml: {refused:#?}");
}

#[test]
fn the_allow_list_refuses_what_it_must() {
    let allowed = allowed();
    for expression in
        ["GPL-3.0-only", "AGPL-3.0-or-later", "BUSL-1.1", "LGPL-2.1-or-later", "MIT AND GPL-2.0-only"]
    {
        assert!(!acceptable(expression, &allowed), "{expression} must be refused");
    }
    for expression in
        ["MIT/Apache-2.0", "MIT OR Apache-2.0 OR LGPL-2.1-or-later", "ISC AND (Apache-2.0 OR ISC)"]
    {
        assert!(acceptable(expression, &allowed), "{expression} must be accepted");
    }
}
