use super::*;
use std::net::IpAddr;

#[test]
fn a_burst_passes_and_what_follows_waits_while_others_pass() {
    let settings = Settings { requests_per_second: 1, burst: 5, ..Settings::default() };
    let gate = Gate::new(&settings);
    let client = |last: u8| Client(IpAddr::from([192, 0, 2, last]));
    for _ in 0..5 {
        assert_eq!(gate.check(&client(1), 1), Ok(()));
    }
    assert!(gate.check(&client(1), 1).is_err_and(|seconds| seconds >= 1));
    // Two of 65,536 buckets are hardly ever the same; nine in a row never are.
    assert!((2..11).any(|last| gate.check(&client(last), 1) == Ok(())));
}

#[test]
fn what_is_large_counts_as_several_and_never_as_more_than_a_burst() {
    let of = |path: &str| cost(&path.parse().unwrap());
    assert_eq!(of("/v1/snapshot"), WHOLE);
    assert_eq!(of("/v1/validators?limit=5&sort=balance"), SORTED);
    assert_eq!(of("/v1/validators?%71=12"), SORTED);
    assert_eq!(of("/v1/validators?limit=5"), 1);
    let client = Client(IpAddr::from([192, 0, 2, 1]));
    let gate = |burst| Gate::new(&Settings { requests_per_second: 1, burst, ..Settings::default() });
    let small = gate(5);
    assert_eq!(small.check(&client, WHOLE), Ok(()));
    assert!(small.check(&client, 1).is_err());
    let large = gate(WHOLE * 2 - 1);
    assert_eq!(large.check(&client, WHOLE), Ok(()));
    assert!(large.check(&client, WHOLE).is_err_and(|seconds| seconds >= 1));
}
