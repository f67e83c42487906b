use super::*;
use std::net::IpAddr;

#[test]
fn places_are_limited_and_given_back() {
    let seats = Seats::default();
    let client = |last: u8| Client(IpAddr::from([192, 0, 2, last]));
    let first = seats.take(client(1), 3, 2).unwrap();
    let _second = seats.take(client(1), 3, 2).unwrap();
    assert_eq!(seats.take(client(1), 3, 2).unwrap_err(), Full::Client);
    let _third = seats.take(client(2), 3, 2).unwrap();
    assert_eq!(seats.take(client(3), 3, 2).unwrap_err(), Full::All);
    drop(first);
    assert!(seats.take(client(1), 3, 2).is_ok());
    assert_eq!(seats.count(), 2);
}
