use super::*;
use proptest::prelude::*;

const NETWORK: [u8; 32] = [0x11; 32];
const NOW: u64 = 1_800_000_000;
const WINDOW: Window = Window { max_age: 120, max_ahead: 30 };

/// With the key of scalar `last`.
fn sealer(last: u8) -> Sealer {
    let mut scalar = [0; 32];
    scalar[31] = last;
    Sealer::new(&scalar).unwrap()
}

fn peer(last: u8) -> [u8; KEY] {
    sealer(last).public()
}

fn opener() -> Opener {
    let mut opener = Opener::new(NETWORK, 1000);
    opener.admit(peer(1)).unwrap();
    opener.admit(peer(2)).unwrap();
    opener
}

fn seal(last: u8, payload: &[u8], now: u64) -> Vec<u8> {
    sealer(last).seal(&NETWORK, payload, now)
}

#[test]
fn what_was_sealed_opens() {
    for payload in [&b""[..], b"hello", &[7; 1000]] {
        let sealed = seal(1, payload, NOW);
        assert_eq!(sealed.len(), payload.len() + OVERHEAD);
        let opened = opener().open_fresh(&sealed, NOW, WINDOW).unwrap();
        assert_eq!(opened, Opened { sender: peer(1), sent_at: NOW, payload: payload.to_vec() });
        assert_eq!(opener().open(&sealed), Ok(opened));
    }
}

/// The layout, byte by byte. OpenSSL makes the same signature over DOMAIN and the rest (its s is the high one).
#[test]
fn the_bytes_are_these() {
    let sealed = seal(1, b"hello", 0x0102_0304_0506_0708);
    let expected = [
        "01",
        "1111111111111111111111111111111111111111111111111111111111111111",
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "0807060504030201",
        "05000000",
        "68656c6c6f",
        "206d19148c304411fe8d998de7156c8c13f0395c0ea1403717b59ccaec79864d796204d0bafe95e12a926fe0b0acf0ba6517c94ca72f67af95a82922a719202b",
    ];
    assert_eq!(hex::encode(sealed), expected.concat());
}

#[test]
fn every_flipped_bit_is_refused() {
    let sealed = seal(1, b"attack at dawn", NOW);
    for bit in 0..sealed.len() * 8 {
        let mut forged = sealed.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        let refused = opener().open(&forged).unwrap_err();
        let expected: &[Flaw] = match bit / 8 {
            0 => &[Flaw::Version],
            1..33 => &[Flaw::WrongNetwork],
            33..66 => &[Flaw::UnknownSender],
            66..74 => &[Flaw::BadSignature],
            74..78 => &[Flaw::TooLarge, Flaw::Truncated, Flaw::TrailingBytes],
            _ => &[Flaw::BadSignature],
        };
        assert!(expected.contains(&refused), "bit {bit}: {refused}");
    }
}

#[test]
fn every_cut_is_refused_as_truncated() {
    let sealed = seal(1, b"attack at dawn", NOW);
    for length in 0..sealed.len() {
        assert_eq!(opener().open(&sealed[..length]), Err(Flaw::Truncated), "{length} bytes");
    }
}

#[test]
fn trailing_bytes_are_refused() {
    let mut sealed = seal(1, b"x", NOW);
    sealed.push(0);
    assert_eq!(opener().open(&sealed), Err(Flaw::TrailingBytes));
}

#[test]
fn sizes_are_refused_above_the_limit() {
    assert_eq!(opener().open(&seal(1, &[0; 1001], NOW)), Err(Flaw::TooLarge));
    assert_eq!(opener().open(&vec![1; 10_000_000]), Err(Flaw::TooLarge));
}

#[test]
fn another_network_or_sender_is_refused() {
    assert_eq!(opener().open(&sealer(1).seal(&[0x12; 32], b"x", NOW)), Err(Flaw::WrongNetwork));
    assert_eq!(opener().open(&seal(3, b"x", NOW)), Err(Flaw::UnknownSender));
}

#[test]
fn another_guardians_name_needs_its_key() {
    let mut sealed = seal(1, b"x", NOW);
    let victim = seal(2, b"x", NOW);
    sealed[33..66].copy_from_slice(&victim[33..66]);
    assert_eq!(opener().open(&sealed), Err(Flaw::BadSignature));
}

/// (r, n - s) verifies as well as (r, s) in plain ECDSA; here only the low one does.
#[test]
fn the_other_signature_of_the_pair_is_refused() {
    let sealed = seal(1, b"x", NOW);
    let (signed, signature) = sealed.split_at(sealed.len() - SIGNATURE);
    let low = Signature::from_slice(signature).unwrap();
    let high = Signature::from_scalars(low.r().to_bytes(), (-*low.s()).to_bytes()).unwrap();
    let forged = [signed, &high.to_bytes()].concat();
    assert_ne!(forged, sealed);
    assert_eq!(opener().open(&forged), Err(Flaw::BadSignature));
}

#[test]
fn freshness_is_a_closed_window_and_needs_no_overflow() {
    let open = |sent_at, now| opener().open_fresh(&seal(1, b"x", sent_at), now, WINDOW).map(|_| ());
    assert_eq!(open(NOW, NOW + 120), Ok(()));
    assert_eq!(open(NOW, NOW + 121), Err(Flaw::Stale));
    assert_eq!(open(NOW + 30, NOW), Ok(()));
    assert_eq!(open(NOW + 31, NOW), Err(Flaw::FromFuture));
    assert_eq!(open(u64::MAX, NOW), Err(Flaw::FromFuture));
    assert_eq!(open(0, u64::MAX), Err(Flaw::Stale));
    assert_eq!(open(u64::MAX, u64::MAX), Ok(()));
}

#[test]
fn staleness_is_told_before_the_signature_is_worth_checking() {
    let mut sealed = seal(1, b"x", NOW);
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    assert_eq!(opener().open_fresh(&sealed, NOW + 1000, WINDOW), Err(Flaw::Stale));
}

#[test]
fn a_key_that_is_no_point_is_refused() {
    for key in [[0; 33], [0xff; 33]] {
        let refused = opener().admit(key).unwrap_err();
        assert!(matches!(refused, Error::Secp256k1Point { what: "identity key" }));
    }
    assert!(Sealer::new(&[0; 32]).is_err() && Sealer::new(&[0xff; 32]).is_err());
}

proptest! {
    #[test]
    fn opening_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(opener().open(&bytes).is_err());
    }

    /// Past the header checks, where random bytes never come.
    #[test]
    fn opening_never_panics_behind_a_good_header(
        length in any::<u32>(), sent_at in any::<u64>(), now in any::<u64>(),
        tail in prop::collection::vec(any::<u8>(), 0..1500),
    ) {
        let mut bytes = seal(1, b"", sent_at)[..74].to_vec();
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&tail);
        prop_assert!(opener().open(&bytes).is_err());
        prop_assert!(opener().open_fresh(&bytes, now, WINDOW).is_err());
    }

    #[test]
    fn any_payload_opens(payload in prop::collection::vec(any::<u8>(), 0..=1000), sent_at in any::<u64>()) {
        let opened = opener().open(&seal(2, &payload, sent_at)).unwrap();
        prop_assert_eq!(opened, Opened { sender: peer(2), sent_at, payload });
    }
}

const CEREMONY: [u8; 32] = [0x22; 32];

/// As for a network, but for the domain and what goes before the signed bytes. OpenSSL makes the same signature.
#[test]
fn the_bytes_for_another_domain_are_these() {
    let sealed = sealer(1).seal_in(&CEREMONY, b"hello", 0x0102_0304_0506_0708);
    let expected = [
        "01",
        "2222222222222222222222222222222222222222222222222222222222222222",
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "0807060504030201",
        "05000000",
        "68656c6c6f",
        "5a93037719e18c7efa3226fb5e57f9e4de2e5d2af7c0e73d0afcb506002713f13d42be13e3b9eeeeddc80b42f36b14267098a641f2be423806a7b59c8ed0c09d",
    ];
    assert_eq!(hex::encode(sealed), expected.concat());
}

#[test]
fn what_was_sealed_for_a_domain_opens_there_whatever_its_age() {
    let sealed = sealer(1).seal_in(&CEREMONY, b"dealt", 1);
    let opened = Opened { sender: peer(1), sent_at: 1, payload: b"dealt".to_vec() };
    assert_eq!(open_in(CEREMONY, [peer(2), peer(1)], &sealed, 1000), Ok(opened.clone()));
    let mut opener = Opener::in_domain(CEREMONY, 1000);
    opener.admit(peer(1)).unwrap();
    assert_eq!(opener.open(&sealed), Ok(opened));

    assert_eq!(open_in(CEREMONY, [peer(2)], &sealed, 1000), Err(Flaw::UnknownSender));
    assert_eq!(open_in(CEREMONY, [[0; KEY]], &sealed, 1000), Err(Flaw::UnknownSender));
    assert_eq!(open_in(CEREMONY, [], &sealed, 1000), Err(Flaw::UnknownSender));
    assert_eq!(open_in([0x23; 32], [peer(1)], &sealed, 1000), Err(Flaw::WrongNetwork));
    assert_eq!(open_in(CEREMONY, [peer(1)], &sealed, 4), Err(Flaw::TooLarge));
    for length in 0..sealed.len() {
        assert!(open_in(CEREMONY, [peer(1)], &sealed[..length], 1000).is_err(), "{length}");
    }
    let mut altered = sealed;
    altered[HEADER] ^= 1;
    assert_eq!(open_in(CEREMONY, [peer(1)], &altered, 1000), Err(Flaw::BadSignature));
}

/// Whoever chooses a domain cannot make a guardian speak to its network, nor the other way round.
#[test]
fn a_domain_that_equals_a_network_id_is_still_another_domain() {
    let (inside, outside) = (seal(1, b"x", NOW), sealer(1).seal_in(&NETWORK, b"x", NOW));
    assert_eq!(opener().open(&outside), Err(Flaw::BadSignature));
    assert_eq!(open_in(NETWORK, [peer(1)], &inside, 1000), Err(Flaw::BadSignature));
    assert!(opener().open(&inside).is_ok() && open_in(NETWORK, [peer(1)], &outside, 1000).is_ok());
}
