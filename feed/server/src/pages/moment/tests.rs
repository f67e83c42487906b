use super::*;

#[test]
fn dates_are_those_of_the_gregorian_calendar() {
    assert_eq!(stamp(0), "1970-01-01T00:00:00Z");
    assert_eq!(stamp(951_782_399), "2000-02-28T23:59:59Z");
    assert_eq!(stamp(951_782_400), "2000-02-29T00:00:00Z");
    assert_eq!(stamp(1_606_824_023), "2020-12-01T12:00:23Z");
    assert_eq!(stamp(1_740_787_200), "2025-03-01T00:00:00Z");
    assert_eq!(stamp(4_107_542_399), "2100-02-28T23:59:59Z");
    assert_eq!(stamp(4_107_542_400), "2100-03-01T00:00:00Z");
    assert_eq!(second(1_606_824_023), "1 Dec 2020 12:00:23 UTC");
    assert_eq!(minute(1_606_824_023), "1 Dec 2020 12:00 UTC");
}

#[test]
fn every_day_follows_the_one_before() {
    let mut last = civil(0);
    for days in 1..50_000 {
        let next = civil(days);
        assert!(next > last && next.2 <= 31 && next.1 <= 12, "{last:?} {next:?}");
        last = next;
    }
}

#[test]
fn lengths_of_time_are_short() {
    assert_eq!(relative(100, 99), "now");
    assert_eq!(relative(100, 60), "40 s ago");
    assert_eq!(relative(0, 125), "in 2 min");
    assert_eq!(relative(0, 3_600), "in 1 h");
    assert_eq!(relative(0, 3_660), "in 1 h 1 min");
    assert_eq!(relative(200_000, 0), "2 d 7 h ago");
    assert_eq!(relative(0, 8 * 86_400 + 7_200), "in 8 d");
}
