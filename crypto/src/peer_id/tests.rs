use super::*;

/// The generator of secp256k1, and what libp2p calls the peer with that key.
const KEY_OF_ONE: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const PEER_OF_ONE: &str = "16Uiu2HAm";

fn key() -> [u8; KEY] {
    hex::decode(KEY_OF_ONE).unwrap().try_into().unwrap()
}

#[test]
fn there_and_back() {
    for filling in [0x00, 0x01, 0x7f, 0xff] {
        let key = [filling; KEY];
        assert_eq!(identity_key(&peer_id(&key)), Ok(key));
    }
    let text = peer_id(&key());
    assert!(text.starts_with(PEER_OF_ONE) && text.len() == 53, "{text}");
}

#[test]
fn anything_else_is_refused() {
    let good = peer_id(&key());
    // Ed25519 (RFC 8032, test 1), a hash of an RSA key, a wrong alphabet, too long, cut short, one more leading zero.
    let ed25519 = "12D3KooWQ2ULgg2rsCyGMHL5ZznF6FQfmHJEVUM16cb7FNDCUz8m";
    let rsa = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
    let long = "1".repeat(10_000);
    for text in ["", "0OIl", ed25519, rsa, &long, &good[..52], &format!("1{good}"), &format!("{good} ")] {
        assert!(
            matches!(identity_key(text), Err(Error::PeerId { text }) if text.len() <= MAX_TEXT),
            "{text}"
        );
    }
}
