//! The page's memory of visits, run by Node: `visits.mjs`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::Command;

const CHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/visits.mjs");

#[test]
fn a_new_life_is_no_first_visit_and_an_old_one_is_an_older_copy() {
    let output = Command::new("node").arg(CHECK).output().expect("node runs: install Node.js 20 or later");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
