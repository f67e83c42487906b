use super::*;

#[test]
fn numbers_are_grouped() {
    assert_eq!(count(0), "0");
    assert_eq!(count(999), "999");
    assert_eq!(count(1_000), "1,000");
    assert_eq!(count(9_876_543), "9,876,543");
    assert_eq!(plural(1, "guardian", "guardians"), "1 guardian");
    assert_eq!(plural(0, "guardian", "guardians"), "0 guardians");
}

#[test]
fn amounts_are_cut_and_not_rounded() {
    assert_eq!(eth(32_000_000_000), "32 ETH");
    assert_eq!(eth(31_999_999_999), "31.9999 ETH");
    assert_eq!(tickets(28_995_000_000_000_000_000), "28.99");
    assert_eq!(tickets(0), "0.00");
}

#[test]
fn long_values_are_shortened_and_kept_whole() {
    let full = format!("0x{}", "ab".repeat(48));
    assert_eq!(short(&full), "0xabab…abab");
    let shown = hex("the key", &full).into_string();
    assert!(shown.contains(&format!("title=\"{full}\"")) && shown.contains(&format!("data-copy=\"{full}\"")));
    assert_eq!(short("0x12"), "0x12");
}

#[test]
fn what_others_named_is_text() {
    let shown = mark(Tone::Bad, "<script>alert(1)</script>").into_string();
    assert!(!shown.contains("<script>"));
}
