use super::*;

fn client(peer: &str, forwarded: &[&str]) -> String {
    let settings = Settings {
        trusted_proxies: vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()],
        ..Settings::default()
    };
    let mut extensions = Extensions::new();
    extensions.insert(Peer(peer.parse().unwrap()));
    let mut headers = HeaderMap::new();
    for line in forwarded {
        headers.append("x-forwarded-for", line.parse().unwrap());
    }
    Client::of(&extensions, &headers, &settings).0.to_string()
}

#[test]
fn a_stranger_cannot_name_another() {
    assert_eq!(client("192.0.2.7", &["203.0.113.1"]), "192.0.2.7");
}

#[test]
fn a_trusted_proxy_is_believed_up_to_the_first_stranger() {
    assert_eq!(client("10.0.0.1", &["203.0.113.1"]), "203.0.113.1");
    assert_eq!(client("10.0.0.1", &["198.51.100.9, 203.0.113.1, 10.0.0.2"]), "203.0.113.1");
    assert_eq!(client("10.0.0.1", &["198.51.100.9", "203.0.113.1"]), "203.0.113.1");
    assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.1"]), "203.0.113.1");
    assert_eq!(client("10.0.0.1", &["garbage"]), "10.0.0.1");
    assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
}

#[test]
fn connections_of_proxies_are_not_counted() {
    let settings = Settings { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..Settings::default() };
    let of = |peer: &str| Client::of_peer(peer.parse().unwrap(), &settings);
    assert_eq!(of("::ffff:10.0.0.1"), None);
    assert_eq!(of("10.0.0.2"), Some(Client("10.0.0.2".parse().unwrap())));
    assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
}

#[test]
fn ipv6_counts_by_its_first_half() {
    assert_eq!(client("2001:db8:1:2:3:4:5:6", &[]), client("2001:db8:1:2::9", &[]));
    assert_ne!(client("2001:db8:1:2::9", &[]), client("2001:db8:1:3::9", &[]));
    assert_eq!(client("::ffff:192.0.2.7", &[]), "192.0.2.7");
}
