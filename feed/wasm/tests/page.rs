//! The committed `verify.wasm`, run by Node, answers as this code does: on what is whole and on what was tampered with.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod module;

use feed::dossier::Dossier;
use feed_wasm::{answer_consistency, answer_dossier, answer_inclusion, answer_note};
use module::{Asked, answers, ask};
use serde_json::{Value, json};

const DOSSIER: &str = include_str!("../../tests/golden/dossier.json");
const EMERGENCY: &str = include_str!("../../tests/golden/emergency.json");

fn dossier(text: &str) -> Asked {
    let network = Dossier::decode(DOSSIER.as_bytes()).unwrap().network;
    ask("verify_dossier", answer_dossier, &json!({ "network": network, "dossier": text }))
}

#[test]
fn the_module_verifies_what_is_whole_and_refuses_what_is_not() {
    let whole: Value = serde_json::from_str(DOSSIER).unwrap();
    let change = |pointer: &str, value: Value| {
        let mut changed = whole.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        dossier(&changed.to_string())
    };
    let note = |network: &Value, note: &str| {
        json!({
            "network": network, "definition": whole["definition"], "keys": whole["keys"],
            "group_key": whole["group_key"], "note": note,
        })
    };
    let (network, text) = (&whole["network"], whole["note"].as_str().unwrap());
    let mut lines = text.lines();
    let (origin, size, root) = (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap());
    let verified: Value =
        serde_json::from_slice(&answer_note(note(network, text).to_string().as_bytes())).unwrap();
    let inclusion = |entry: &str| {
        let logged = &whole["entries"][3];
        json!({
            "size": verified["size"], "root": verified["root"], "index": logged["index"],
            "entry": entry, "proof": logged["proof"],
        })
    };
    let entry = whole["entries"][3]["entry"].as_str().unwrap();
    let visit = |size: u64, root: &Value| {
        let mut question = note(network, text);
        question["last"] = json!({ "origin": origin, "size": size, "root": root });
        question["tiles"] = json!({});
        question
    };
    let good = [
        dossier(DOSSIER),
        dossier(EMERGENCY),
        ask("verify_note", answer_note, &note(network, text)),
        ask("verify_inclusion", answer_inclusion, &inclusion(entry)),
        ask("verify_consistency", answer_consistency, &visit(size.parse().unwrap(), &verified["root"])),
    ];
    let zero = json!(format!("0x{}", "00".repeat(32)));
    let bad = [
        dossier(&DOSSIER.replacen("offline", "balance", 1)),
        dossier(&DOSSIER[1..]),
        change("/network", zero.clone()),
        change("/story/included", json!(40)),
        change("/story/signed/exit/message/epoch", json!("6")),
        change("/entries/5/proof/0", zero.clone()),
        change("/entries/5/index", json!(63)),
        change("/keys/0/binding", whole["keys"][1]["binding"].clone()),
        change("/roots/beacon/slot", json!(23)),
        change("/note", json!(text.replacen(root, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1))),
        ask("verify_note", answer_note, &note(&zero, text)),
        ask("verify_note", answer_note, &note(network, &text.replacen(size, "65", 1))),
        ask("verify_note", answer_note, &json!({})),
        ask("verify_inclusion", answer_inclusion, &inclusion("another")),
        ask("verify_consistency", answer_consistency, &visit(size.parse().unwrap(), &zero)),
        ask("verify_consistency", answer_consistency, &visit(5, &zero)),
    ];
    let given = answers(&good);
    for (asked, given) in good.iter().zip(&given) {
        assert_eq!(given, &asked.expected, "{}", asked.name);
        assert_eq!(given["ok"], true, "{}: {given:#}", asked.name);
    }
    assert_eq!(given.len(), good.len());
    let given = answers(&bad);
    for (number, (asked, given)) in bad.iter().zip(&given).enumerate() {
        assert_eq!(given, &asked.expected, "{}", asked.name);
        assert_eq!(given["ok"], false, "{number} {}: {given:#}", asked.name);
    }
    assert_eq!(given.len(), bad.len());
    let need = given.last().unwrap()["need"].clone();
    assert_eq!(need, json!([format!("tile/0/000.p/{size}")]), "what a page has to fetch first");
}
