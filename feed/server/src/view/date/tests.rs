use super::*;

#[test]
fn dates_that_everybody_knows() {
    for (unix, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_800, "2000-03-01T00:00:00Z"),
        (1_606_824_023, "2020-12-01T12:00:23Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (u64::MAX, "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(Date::of(unix).to_string(), text);
    }
    assert_eq!(Date::of(1_606_824_023).compact(), "20201201T120023Z");
}

#[test]
fn days_follow_one_another() {
    let mut last = Date::of(0).to_string();
    for day in 1..60_000 {
        let date = Date::of(day * 86_400).to_string();
        assert!(date > last, "{date}");
        last = date;
    }
}
