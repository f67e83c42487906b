use super::*;

#[test]
fn a_burst_passes_and_then_the_rate() {
    let start = Instant::now();
    let mut bucket = Bucket::per_second(3, 2, start);
    let passed = (0..10).filter(|_| bucket.take(start)).count();
    assert_eq!(passed, 3);
    assert!(!bucket.take(start + Duration::from_millis(400)));
    assert!(bucket.take(start + Duration::from_millis(500)));
    assert!(!bucket.take(start + Duration::from_millis(900)));
    assert!(bucket.take(start + Duration::from_millis(1000)));
}

#[test]
fn quiet_time_fills_no_more_than_the_burst() {
    let start = Instant::now();
    let mut bucket = Bucket::new(2, Duration::from_secs(5), start);
    let later = start + Duration::from_secs(3600);
    assert_eq!((0..10).filter(|_| bucket.take(later)).count(), 2);
}

#[test]
fn a_clock_that_steps_back_gives_nothing() {
    let start = Instant::now() + Duration::from_secs(60);
    let mut bucket = Bucket::new(1, Duration::from_secs(1), start);
    assert!(bucket.take(start));
    assert!(!bucket.take(start - Duration::from_secs(30)));
    assert!(!bucket.take(start));
    assert!(bucket.take(start + Duration::from_secs(1)));
}
