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
        "faults": [{ "guardian": 4, "kind": "invalid_partial", "proposal": null }],
    })
}

#[test]
fn everything_an_operator_asks_for_is_shown() {
    let status: StatusSnapshot = serde_json::from_value(snapshot()).unwrap();
    let readiness =
        serde_json::json!({ "ready": false, "reasons": [{ "code": "x", "detail": "head is old" }] });
    let text = render(&status, &readiness);
    for line in [
        "Guardian 2 `bob` of network `testnet` 0xabababababab… (3 of 4, set 1)",
        "Ready       NO: head is old",
        "Slot        812, head 811, finalized epoch 99",
        "Own nodes   1 of 2 healthy, and they DISAGREE about finality",
        "  1  alice  NO         -         -     -          -",
        "  0xcdcdcdcdcdcd…  17     active_ongoing  -              6",
        "Proposals: none",
        "  4         invalid_partial  -",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
    let ready = render(&status, &serde_json::json!({ "ready": true, "reasons": [] }));
    assert!(ready.lines().any(|line| line == "Ready       yes"), "{ready}");
    let thin =
        serde_json::json!({ "ready": true, "reasons": [], "degraded": [{ "detail": "a node is down" }] });
    let thin = render(&status, &thin);
    assert!(thin.lines().any(|line| line == "Ready       yes, but a node is down"), "{thin}");
}
