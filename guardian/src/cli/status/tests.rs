use super::*;

/// As a guardian of this version serves it.
fn snapshot() -> Value {
    serde_json::json!({
        "network": "testnet",
        "network_id": format!("0x{}", "ab".repeat(32)),
        "guardian_set_epoch": 1,
        "threshold": { "t": 3, "n": 4 },
        "guardian": 2,
        "name": "bob",
        "slot": 812,
        "head": 811,
        "finalized": { "epoch": 99, "root": format!("0x{}", "01".repeat(32)) },
        "nodes": { "total": 2, "healthy": 1, "disagree": true },
        "journal": { "length": 1234, "link": format!("0x{}", "0f".repeat(32)) },
        "peers": [{ "guardian": 1, "name": "alice", "connected": false, "heartbeat": null }],
        "validators": [{
            "pubkey": format!("0x{}", "cd".repeat(48)),
            "share": 2, "index": 17, "status": "active_ongoing", "last_live": null, "dark_epochs": 6,
            "operator": null, "balance": 31_999_000_000u64, "effective_balance": 32_000_000_000u64, "slashed": false,
        }],
        "execution": null,
        "operators": [],
        "registrations": [],
        "proposals": [],
        "emergencies": [],
        "lifecycles": [],
        "pauses": { "local": null, "wished_by": [], "threshold": 3, "network": false },
        "enforcement": {},
        "faults": [{ "guardian": 4, "kind": "invalid_partial", "proposal": null }],
    })
}

#[test]
fn everything_an_operator_asks_for_is_shown() {
    let status: StatusSnapshot = serde_json::from_value(snapshot()).unwrap();
    let readiness =
        serde_json::json!({ "ready": false, "reasons": [{ "code": "x", "detail": "head is old" }] });
    let text = render(&status, &readiness, Some(384));
    for line in [
        "Guardian 2 `bob` of network `testnet` 0xabababababab… (3 of 4, set 1)",
        "Ready       NO: head is old",
        "Slot        812, head 811, finalized epoch 99",
        "Own nodes   1 of 2 healthy, and they DISAGREE about finality",
        "Journal     1234 records, head 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
        "  1  alice  NO         -         -     -          -",
        "  0xcdcdcdcdcdcd…  17     active_ongoing  -              6            31.999",
        "Proposals: none",
        "  4         invalid_partial  -",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
    let ready = render(&status, &serde_json::json!({ "ready": true, "reasons": [] }), None);
    assert!(ready.lines().any(|line| line == "Ready       yes"), "{ready}");
    let thin =
        serde_json::json!({ "ready": true, "reasons": [], "degraded": [{ "detail": "a node is down" }] });
    let thin = render(&status, &thin, None);
    assert!(thin.lines().any(|line| line == "Ready       yes, but a node is down"), "{thin}");
}

#[test]
fn contracts_and_operators_are_shown_where_there_are_any() {
    let mut value = snapshot();
    let block = serde_json::json!({ "number": 90, "hash": format!("0x{}", "01".repeat(32)), "timestamp": 5 });
    value["execution"] = serde_json::json!({
        "health": { "total": 2, "healthy": 1, "disagree": false, "problem": "node b drops logs" },
        "scanned": block, "target": 120, "state": block,
        "mismatches": [{ "field": "guardian_set.threshold.t", "ours": "3", "theirs": "2" }],
        "diverged": false, "out_of_order": 0, "verdicts": { "accepted": 5, "needs_trace": 1 },
    });
    value["operators"] = serde_json::json!([{
        "operator": format!("0x{}", "07".repeat(20)), "deposited": "30000000000000000000",
        "present": "25500000000000000000", "overdrawn": false, "active": 2, "pending": 1,
        "standing": "ok", "due": null, "unexplained": null,
        "runway": { "warning": 100, "floor": 487, "empty": 900, "exit_by": 890 },
    }]);
    let mut status: StatusSnapshot = serde_json::from_value(value).unwrap();
    let ready = serde_json::json!({ "ready": true, "reasons": [] });
    let text = render(&status, &ready, Some(384));
    let operator =
        format!("  0x{}  ok        25.5          2       1        487 (2 d 3 h)    -", "07".repeat(20));
    for line in [
        "Execution   1 of 2 nodes healthy; node b drops logs",
        "Contracts   DIFFER from the definition; scanned to block 90 of 120",
        "            guardian_set.threshold.t: ours 3, the contracts' 2",
        "Registered  5 accepted, 1 needs_trace",
        operator.as_str(),
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
    // A crowd is left to `guardian validators`.
    let one = status.validators[0].clone();
    status.validators = vec![one; 33];
    let text = render(&status, &ready, None);
    let line = "Validators: 33 held, 33 dark now; `guardian validators` shows them";
    assert!(text.lines().any(|shown| shown == line), "{text}");
}

#[test]
fn what_asks_for_attention_is_shown_only_where_there_is_something() {
    let ready = serde_json::json!({ "ready": true, "reasons": [] });
    let quiet = render(&serde_json::from_value(snapshot()).unwrap(), &ready, None);
    for title in ["PAUSED", "Network ", "Enforcement", "Emergencies", "Held", "Late"] {
        assert!(!quiet.lines().any(|line| line.starts_with(title)), "{title} in\n{quiet}");
    }
    let mut value = snapshot();
    let id = format!("0x{}", "5f".repeat(32));
    value["pauses"] = serde_json::json!({
        "local": { "since": 800, "by": { "uid": 1, "name": "carol" }, "note": "odd proposals" },
        "wished_by": [2, 3], "threshold": 3, "network": false,
    });
    value["enforcement"] = serde_json::json!({
        "offline": { "definition": "enforce", "here": "warn", "enforcing": 3 },
        "balance": { "definition": "warn", "here": "warn", "enforcing": 0 },
    });
    value["emergencies"] = serde_json::json!([{
        "id": id,
        "emergency": {
            "guardian_set_epoch": 1, "raiser": { "kind": "guardian", "guardian": 1 }, "validators": [1, 2],
            "severity": "urgent", "reason": "keys leaked", "opened": 790, "expires": 2590,
        },
        "state": "open", "raised": 791, "certifiable_from": 790, "votes": [{ "guardian": 1, "decision": "approve", "at": 791 }], "own": null,
        "note": null, "certified": null, "exits": {},
    }]);
    value["proposals"] = serde_json::json!([{
        "id": id,
        "proposal": {
            "guardian_set_epoch": 1, "pubkey": format!("0x{}", "cd".repeat(48)),
            "key_set": format!("0x{}", "01".repeat(32)), "origin": { "balance": { "due": 9 } },
            "exit": { "epoch": "9", "validator_index": "17" }, "opened": 300, "expires": 364,
        },
        "state": "certified", "hold": "day_cap", "held_since": 805, "hold_ends": null, "votes": [],
        "certified": 800, "released": null, "partials": [], "culprits": [], "combined": false,
        "submissions": [], "exit_epoch": null,
    }]);
    value["lifecycles"] = serde_json::json!([{
        "pubkey": format!("0x{}", "cd".repeat(48)), "proposal": id, "steps": [["due", 700], ["proposed", 701]],
        "accepted_by": null, "included_in": null, "withdrawable": null, "late": ["certified", 765],
    }]);
    let text = render(&serde_json::from_value(value).unwrap(), &ready, None);
    for line in [
        "PAUSED      since slot 800 by carol: odd proposals",
        "Network     not paused: 2 of 3 guardians wish it (2, 3)",
        "Enforcement offline: warn here, enforce in the definition; 3 guardians enforce it",
        "  0x5f5f5f5f5f5f…  urgent    open   2           1/0             -    2590     -      keys leaked",
        "  0x5f5f5f5f5f5f…  17         day_cap  805         enough releases are more than a day ago",
        "  0xcdcdcdcdcdcd…  0x5f5f5f5f5f5f…  certified  765         proposed at slot 701",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
    assert!(!text.contains("balance: warn here"), "{text}");
}

#[test]
fn an_emergency_of_a_thousand_validators_is_counted() {
    let id = |number: u64| format!("0x{number:064x}");
    let pubkey = |number: u64| format!("0x{number:096x}");
    let emergency = id(0);
    let mut value = snapshot();
    let validators: Vec<u64> = (1..=1024).collect();
    value["emergencies"] = serde_json::json!([{
        "id": emergency,
        "emergency": {
            "guardian_set_epoch": 1, "raiser": { "kind": "guardian", "guardian": 1 }, "validators": validators,
            "severity": "urgent", "reason": "keys leaked", "opened": 790, "expires": 2590,
        },
        "state": "certified", "raised": 791, "certifiable_from": 790, "votes": [{ "guardian": 1, "decision": "approve", "at": 791 }], "own": "approve",
        "note": null, "certified": 792, "exits": { "certified": 900, "signed": 124 },
    }]);
    let exit = |number: u64, origin: Value, state: &str, hold: Option<&str>| {
        serde_json::json!({
            "id": id(number),
            "proposal": {
                "guardian_set_epoch": 1, "pubkey": pubkey(number), "key_set": format!("0x{}", "01".repeat(32)),
                "origin": origin, "exit": { "epoch": "9", "validator_index": number.to_string() },
                "opened": 300, "expires": 2590,
            },
            "state": state, "hold": hold, "held_since": hold.map(|_| 805), "hold_ends": null, "votes": [],
            "certified": 800, "released": null, "partials": [], "culprits": [], "combined": false,
            "submissions": [], "exit_epoch": null,
        })
    };
    let of_emergency = serde_json::json!({ "emergency": { "emergency": emergency, "due": 98 } });
    let mut proposals: Vec<Value> = (1..=900)
        .map(|number| exit(number, of_emergency.clone(), "certified", Some("day_cap")))
        .chain((901..=1024).map(|number| exit(number, of_emergency.clone(), "signed", None)))
        .collect();
    proposals.push(exit(2000, serde_json::json!({ "balance": { "due": 9 } }), "open", None));
    value["proposals"] = proposals.into();
    let late = |number: u64| {
        serde_json::json!({
            "pubkey": pubkey(number), "proposal": id(number), "steps": [["due", 700]], "accepted_by": null,
            "included_in": null, "withdrawable": null, "late": ["combined", 900],
        })
    };
    value["lifecycles"] = (901..=1024).map(late).collect();
    let ready = serde_json::json!({ "ready": true, "reasons": [] });
    let text = render(&serde_json::from_value(value).unwrap(), &ready, None);
    for line in [
        "Proposals: 1025 known, 900 certified, 124 signed, 1 open; `guardian proposals` shows emergencies, --json everything",
        "Newest proposals of rules",
        "  0x000000000000…  2000       open   -        0/0             0         -",
        "  0x000000000000…  urgent    certified  1024        1/0             approve  2590     900 certified, 124 signed  keys leaked",
        "Held: 900 exits, 900 day_cap",
        "Late: 124 validators wait for 124 combined",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
    assert!(text.lines().count() < 30, "{text}");
}
