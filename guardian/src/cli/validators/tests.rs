use super::*;

#[test]
fn every_kind_of_validator_is_shown() {
    let hex = |byte: &str, length: usize| format!("0x{}", byte.repeat(length));
    let module = format!("0x{}{}", hex::encode("PUFFER_MODULE_0"), "00".repeat(17));
    let registration = |index: u64, verdict: &str, life: &str| {
        serde_json::json!({
            "module": module, "index": index, "verdict": verdict, "life": life, "block": 12,
            "transaction": hex("aa", 32),
        })
    };
    let list = serde_json::json!([
        {
            "pubkey": hex("cd", 48), "operator": hex("07", 20), "registration": registration(7, "accepted", "active"),
            "beacon": {
                "index": 17, "status": "active_ongoing", "balance": 31_999_000_000u64, "effective_balance": 32_000_000_000u64,
                "slashed": false, "dark_epochs": 0, "last_live": 9,
            },
            "tickets": {
                "present": "1", "standing": "ok",
                "runway": { "warning": 100, "floor": 487, "empty": 900, "exit_by": 890 },
            },
        },
        {
            "pubkey": null, "operator": hex("07", 20), "registration": registration(8, "invalid_pubkey", "pending"),
            "beacon": null, "tickets": null,
        },
        { "pubkey": hex("ef", 48), "operator": null, "registration": null, "beacon": null, "tickets": null },
    ]);
    let list: Vec<ValidatorView> = serde_json::from_value(list).unwrap();
    let text = render(&list, Some(384));
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let accepted = "0xcdcdcdcdcdcd… 0x070707070707… PUFFER_MODULE_0/7 accepted active 17 active_ongoing 31.999 487 (2 d 3 h)";
    assert_eq!(lines[1].join(" "), accepted, "{text}");
    assert_eq!(lines[2].join(" "), "- 0x070707070707… PUFFER_MODULE_0/8 invalid_pubkey pending - - - -");
    assert_eq!(lines[3].join(" "), "0xefefefefefef… - - imported - - - - -");
    assert_eq!(lines[4].join(" "), "3 in all: 1 accepted, 1 imported, 1 invalid_pubkey");
    assert!(render(&[], None).starts_with("No validators"));
}

#[test]
fn module_names_are_text_where_they_are() {
    let mut name = [0u8; 32];
    assert!(module(&ModuleName(name)).starts_with("0x00"));
    name[..4].copy_from_slice(b"mod1");
    assert_eq!(module(&ModuleName(name)), "mod1");
    // Nothing that could forge a line of the table or reach the terminal.
    name[2] = b'\n';
    assert!(module(&ModuleName(name)).starts_with("0x"));
    assert!(module(&ModuleName([0xff; 32])).starts_with("0xff"));
}
