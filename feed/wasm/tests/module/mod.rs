//! The committed `verify.wasm`, run by Node, beside the code that it was built of.

#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/assets/verify.wasm");
const CHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/check.mjs");

pub type Answer = fn(&[u8]) -> Vec<u8>;

/// A question by the name of its export, and what this code answers.
pub struct Asked {
    pub name: &'static str,
    pub question: String,
    pub expected: Value,
}

pub fn ask(name: &'static str, by: Answer, question: &Value) -> Asked {
    let question = question.to_string();
    let expected = serde_json::from_slice(&by(question.as_bytes())).unwrap();
    Asked { name, question, expected }
}

/// What the module answers, one by one.
pub fn answers(asked: &[Asked]) -> Vec<Value> {
    let mut node = Command::new("node")
        .args([CHECK, MODULE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs: install Node.js 20 or later");
    let mut input = node.stdin.take().unwrap();
    let lines: String = asked
        .iter()
        .map(|asked| json!({ "ask": asked.name, "question": asked.question }).to_string() + "\n")
        .collect();
    // Written while the answers are read, or both sides wait for each other with full pipes.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let answer = |line: &str| {
        let told: Value = serde_json::from_str(line).unwrap();
        serde_json::from_str(told["answer"].as_str().unwrap()).unwrap()
    };
    text.lines().map(answer).collect()
}
