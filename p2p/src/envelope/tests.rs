use super::*;
use k256::ecdsa::Signature;
use libp2p::identity::{Keypair, secp256k1};
use proptest::prelude::*;

const NETWORK: [u8; 32] = [0x11; 32];
const NOW: u64 = 1_800_000_000;
const WINDOW: Window = Window { max_age: Duration::from_secs(120), max_ahead: Duration::from_secs(30) };

/// The key with scalar `last`.
fn keypair(last: u8) -> Keypair {
    let mut scalar = [0u8; 32];
    scalar[31] = last;
    secp256k1::Keypair::from(secp256k1::SecretKey::try_from_bytes(&mut scalar).unwrap()).into()
}

fn peer(last: u8) -> PeerId {
    keypair(last).public().to_peer_id()
}

fn sealer(last: u8) -> Sealer {
    Sealer::new(&keypair(last), NETWORK).unwrap()
}

fn opener() -> Opener {
    Opener::new(NETWORK, [peer(1), peer(2)], 1000).unwrap()
}

#[test]
fn what_was_sealed_opens() {
    for payload in [&b""[..], b"hello", &[7; 1000]] {
        let sealed = sealer(1).seal(payload, NOW);
        assert_eq!(sealed.len(), payload.len() + OVERHEAD);
        let opened = opener().open_fresh(&sealed, NOW, WINDOW).unwrap();
        assert_eq!(opened, Opened { sender: peer(1), sent_at: NOW, payload: payload.to_vec() });
        assert_eq!(opener().open(&sealed), Ok(opened));
    }
}

/// The layout, byte by byte. OpenSSL makes the same signature over DOMAIN and the rest (its s is the high one).
#[test]
fn the_bytes_are_these() {
    let sealed = sealer(1).seal(b"hello", 0x0102_0304_0506_0708);
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

/// The signature is an ordinary libp2p signature too: the identity's own code, not ours, verifies it.
#[test]
fn libp2p_verifies_the_signature() {
    let sealed = sealer(2).seal(b"payload", NOW);
    let (signed, signature) = sealed.split_at(sealed.len() - SIGNATURE);
    let der = Signature::from_slice(signature).unwrap().to_der();
    let message = [DOMAIN, signed].concat();
    assert!(keypair(2).public().verify(&message, der.as_bytes()));
    assert_eq!(keypair(2).sign(&message).unwrap(), der.as_bytes(), "nonces follow RFC 6979");
}

#[test]
fn every_flipped_bit_is_refused() {
    let sealed = sealer(1).seal(b"attack at dawn", NOW);
    for bit in 0..sealed.len() * 8 {
        let mut forged = sealed.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        let refused = opener().open(&forged).unwrap_err();
        let expected: &[Rejection] = match bit / 8 {
            0 => &[Rejection::Version],
            1..33 => &[Rejection::WrongNetwork],
            33..66 => &[Rejection::UnknownSender],
            66..74 => &[Rejection::BadSignature],
            74..78 => &[Rejection::TooLarge, Rejection::Truncated, Rejection::TrailingBytes],
            _ => &[Rejection::BadSignature],
        };
        assert!(expected.contains(&refused), "bit {bit}: {refused}");
    }
}

#[test]
fn every_cut_is_refused_as_truncated() {
    let sealed = sealer(1).seal(b"attack at dawn", NOW);
    for length in 0..sealed.len() {
        assert_eq!(opener().open(&sealed[..length]), Err(Rejection::Truncated), "{length} bytes");
    }
}

#[test]
fn trailing_bytes_are_refused() {
    let mut sealed = sealer(1).seal(b"x", NOW);
    sealed.push(0);
    assert_eq!(opener().open(&sealed), Err(Rejection::TrailingBytes));
}

#[test]
fn sizes_are_refused_above_the_limit() {
    assert_eq!(opener().open(&sealer(1).seal(&[0; 1001], NOW)), Err(Rejection::TooLarge));
    assert_eq!(opener().open(&vec![1; 10_000_000]), Err(Rejection::TooLarge));
}

#[test]
fn another_network_or_sender_is_refused() {
    let elsewhere = Sealer::new(&keypair(1), [0x12; 32]).unwrap();
    assert_eq!(opener().open(&elsewhere.seal(b"x", NOW)), Err(Rejection::WrongNetwork));
    assert_eq!(opener().open(&sealer(3).seal(b"x", NOW)), Err(Rejection::UnknownSender));
}

#[test]
fn another_guardians_name_needs_its_key() {
    let mut sealed = sealer(1).seal(b"x", NOW);
    let victim = sealer(2).seal(b"x", NOW);
    sealed[33..66].copy_from_slice(&victim[33..66]);
    assert_eq!(opener().open(&sealed), Err(Rejection::BadSignature));
}

/// (r, n - s) verifies as well as (r, s) in plain ECDSA; here only the low one does.
#[test]
fn the_other_signature_of_the_pair_is_refused() {
    let sealed = sealer(1).seal(b"x", NOW);
    let (signed, signature) = sealed.split_at(sealed.len() - SIGNATURE);
    let low = Signature::from_slice(signature).unwrap();
    let high = Signature::from_scalars(low.r().to_bytes(), (-*low.s()).to_bytes()).unwrap();
    let forged = [signed, &high.to_bytes()].concat();
    assert_ne!(forged, sealed);
    assert_eq!(opener().open(&forged), Err(Rejection::BadSignature));
}

#[test]
fn freshness_is_a_closed_window_and_needs_no_overflow() {
    let open = |sent_at, now| opener().open_fresh(&sealer(1).seal(b"x", sent_at), now, WINDOW).map(|_| ());
    assert_eq!(open(NOW, NOW + 120), Ok(()));
    assert_eq!(open(NOW, NOW + 121), Err(Rejection::Stale));
    assert_eq!(open(NOW + 30, NOW), Ok(()));
    assert_eq!(open(NOW + 31, NOW), Err(Rejection::FromFuture));
    assert_eq!(open(u64::MAX, NOW), Err(Rejection::FromFuture));
    assert_eq!(open(0, u64::MAX), Err(Rejection::Stale));
    assert_eq!(open(u64::MAX, u64::MAX), Ok(()));
}

#[test]
fn staleness_is_told_before_the_signature_is_worth_checking() {
    let mut sealed = sealer(1).seal(b"x", NOW);
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    assert_eq!(opener().open_fresh(&sealed, NOW + 1000, WINDOW), Err(Rejection::Stale));
}

#[test]
fn identities_of_another_kind_are_refused() {
    assert!(matches!(Opener::new(NETWORK, [PeerId::random()], 1), Err(Error::PeerKey { .. })));
    // The key of RFC 8032, test 1, behind the multihash and protobuf headers of a PeerId.
    let key = "002408011220d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let ed25519 = PeerId::from_bytes(&hex::decode(key).unwrap()).unwrap();
    assert!(matches!(Opener::new(NETWORK, [ed25519], 1), Err(Error::PeerKey { peer }) if peer == ed25519));
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
        let mut bytes = sealer(1).seal(b"", sent_at)[..74].to_vec();
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&tail);
        prop_assert!(opener().open(&bytes).is_err());
        prop_assert!(opener().open_fresh(&bytes, now, WINDOW).is_err());
    }

    #[test]
    fn any_payload_opens(payload in prop::collection::vec(any::<u8>(), 0..=1000), sent_at in any::<u64>()) {
        let opened = opener().open(&sealer(2).seal(&payload, sent_at)).unwrap();
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
    let opener = Opener::in_domain(CEREMONY, [peer(2), peer(1)], 1000).unwrap();
    assert_eq!(opener.open(&sealed), Ok(opened));

    assert_eq!(open_in(CEREMONY, [peer(2)], &sealed, 1000), Err(Rejection::UnknownSender));
    assert_eq!(open_in(CEREMONY, [PeerId::random()], &sealed, 1000), Err(Rejection::UnknownSender));
    assert_eq!(open_in(CEREMONY, [], &sealed, 1000), Err(Rejection::UnknownSender));
    assert_eq!(open_in([0x23; 32], [peer(1)], &sealed, 1000), Err(Rejection::WrongNetwork));
    assert_eq!(open_in(CEREMONY, [peer(1)], &sealed, 4), Err(Rejection::TooLarge));
    for length in 0..sealed.len() {
        assert!(open_in(CEREMONY, [peer(1)], &sealed[..length], 1000).is_err(), "{length}");
    }
    let mut altered = sealed;
    altered[HEADER] ^= 1;
    assert_eq!(open_in(CEREMONY, [peer(1)], &altered, 1000), Err(Rejection::BadSignature));
}

/// Whoever chooses a domain cannot make a guardian speak to its network, nor the other way round.
#[test]
fn a_domain_that_equals_a_network_id_is_still_another_domain() {
    let (inside, outside) = (sealer(1).seal(b"x", NOW), sealer(1).seal_in(&NETWORK, b"x", NOW));
    assert_eq!(opener().open(&outside), Err(Rejection::BadSignature));
    assert_eq!(open_in(NETWORK, [peer(1)], &inside, 1000), Err(Rejection::BadSignature));
    assert!(opener().open(&inside).is_ok() && open_in(NETWORK, [peer(1)], &outside, 1000).is_ok());
}

/// A reader without libp2p finds the same key behind the text of a PeerId, and the same text for a key.
#[test]
fn the_key_in_a_peer_ids_text_is_libp2ps() {
    for last in 1..=50 {
        let key = public_key(peer(last)).unwrap();
        assert_eq!(crypto::peer_id::identity_key(&peer(last).to_string()), Ok(key));
        assert_eq!(crypto::peer_id::peer_id(&key), peer(last).to_string());
    }
    let key = "002408011220d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let ed25519 = PeerId::from_bytes(&hex::decode(key).unwrap()).unwrap();
    assert!(crypto::peer_id::identity_key(&ed25519.to_string()).is_err());
    assert!(crypto::peer_id::identity_key(&PeerId::random().to_string()).is_err());
}

/// Every flaw keeps its code on its way through.
#[test]
fn a_flaw_is_a_rejection_of_the_same_code() {
    let all = [
        Flaw::Truncated,
        Flaw::TrailingBytes,
        Flaw::TooLarge,
        Flaw::Version,
        Flaw::WrongNetwork,
        Flaw::UnknownSender,
        Flaw::BadSignature,
        Flaw::Stale,
        Flaw::FromFuture,
    ];
    for flaw in all {
        assert_eq!(Rejection::from(flaw).code(), flaw.code());
    }
}
