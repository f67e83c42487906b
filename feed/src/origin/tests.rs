use super::*;

const NETWORK: NetworkId = NetworkId([0xab; 32]);

fn origin() -> Origin {
    Origin { network: NETWORK, guardian: GuardianIndex(3), life: Slot(17) }
}

#[test]
fn names_are_these() {
    let hex = "ab".repeat(32);
    assert_eq!(origin().to_string(), format!("guardian-network/{hex}/3/17"));
    assert_eq!(Origin::witness_name(NETWORK, GuardianIndex(2)), format!("guardian-network/{hex}/2"));
    assert_eq!(Origin::group_name(NETWORK), format!("guardian-network/{hex}/group"));
}

#[test]
fn a_log_has_one_name() {
    let text = origin().to_string();
    assert_eq!(text.parse(), Ok(origin()));
    let wrong = [
        String::new(),
        text.replace("guardian-network", "guardian-networks"),
        text.replace("/3/", "/03/"),
        text.replace("/3/", "/0/"),
        text.replace("/3/", "/65536/"),
        text.replace("/17", "/+17"),
        text.replace("/17", "/017"),
        text.replace("/17", ""),
        text.replace("/17", "/18446744073709551616"),
        text.replace("abab", "ABAB"),
        text.replace("/abab", "/0xab"),
        format!("{text}/"),
        format!("{text} "),
    ];
    for wrong in wrong {
        assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
    }
}
