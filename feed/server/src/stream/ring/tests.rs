use super::*;

fn frame(number: u64) -> Bytes {
    Bytes::from(format!("{number};"))
}

fn log() -> Arc<str> {
    "3-0".into()
}

#[test]
fn every_reader_gets_everything_in_order_whatever_its_pace() {
    let ring = Ring::default();
    let (mut slow, mut quick) = (ring.enter().cursor, ring.enter().cursor);
    let (mut slow_got, mut quick_got) = (String::new(), String::new());
    let take = |cursor: &mut u64, got: &mut String| {
        while let After::Events(bytes, next) = ring.after(*cursor) {
            got.push_str(std::str::from_utf8(&bytes).unwrap());
            *cursor = next;
        }
    };
    for number in 0..100 {
        ring.entries(&log(), number, vec![frame(number)]);
        take(&mut quick, &mut quick_got);
        if number % 7 == 0 {
            take(&mut slow, &mut slow_got);
        }
    }
    take(&mut slow, &mut slow_got);
    let all: String = (0..100).map(|number| format!("{number};")).collect();
    assert_eq!(quick_got, all);
    assert_eq!(slow_got, all);
    assert_eq!(ring.after(slow), After::Nothing);
}

#[test]
fn a_reader_that_is_too_slow_is_told_so_and_the_ring_stays_small() {
    let ring = Ring::default();
    let cursor = ring.enter().cursor;
    let count = u64::try_from(MAX_FRAMES).unwrap();
    ring.entries(&log(), 0, (0..count).map(frame).collect());
    assert!(matches!(ring.after(cursor), After::Events(..)));
    ring.remark(frame(0));
    assert_eq!(ring.after(cursor), After::Overtaken);
    for _ in 0..40 {
        ring.remark(Bytes::from(vec![b'x'; 1 << 20]));
    }
    assert!(ring.held().bytes <= MAX_BYTES);
}

#[test]
fn entries_since_an_index_are_given_only_if_all_are_held() {
    let ring = Ring::default();
    ring.begin(&log(), 10);
    ring.entries(&log(), 10, vec![frame(10), frame(11)]);
    ring.status(Bytes::from_static(b"status"));
    ring.entries(&log(), 12, vec![frame(12)]);
    let cursor = ring.enter().cursor;
    assert_eq!(ring.since(11, cursor).unwrap(), vec![frame(11), frame(12)]);
    assert_eq!(ring.since(9, cursor), None);
    ring.entries(&log(), 13, vec![frame(13)]);
    assert_eq!(
        ring.since(11, cursor).unwrap(),
        vec![frame(11), frame(12)],
        "later ones come through the cursor"
    );
    ring.begin(&"4-0".into(), 0);
    assert_eq!(ring.since(11, cursor), None, "indices of another log are others");
}

#[test]
fn whoever_comes_in_between_hears_the_newest_summary() {
    let ring = Ring::default();
    assert!(ring.enter().status.is_none());
    ring.status(Bytes::from_static(b"one"));
    ring.status(Bytes::from_static(b"two"));
    assert_eq!(ring.enter().status.unwrap(), "two");
}
