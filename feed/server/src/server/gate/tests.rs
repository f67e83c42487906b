use super::*;
use std::net::IpAddr;

#[test]
fn a_burst_passes_and_what_follows_waits_while_others_pass() {
    let settings = Settings { requests_per_second: 1, burst: 5, ..Settings::default() };
    let gate = Gate::new(&settings);
    let client = |last: u8| Client(IpAddr::from([192, 0, 2, last]));
    for _ in 0..5 {
        assert_eq!(gate.check(&client(1)), Ok(()));
    }
    assert!(gate.check(&client(1)).is_err_and(|seconds| seconds >= 1));
    // Two of 65,536 buckets are hardly ever the same; nine in a row never are.
    assert!((2..11).any(|last| gate.check(&client(last)) == Ok(())));
}
