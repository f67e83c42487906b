use super::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn rng() -> StdRng {
    StdRng::seed_from_u64(11)
}

fn threshold(t: u16, n: u16) -> Threshold {
    Threshold::new(t, n).unwrap()
}

#[test]
fn every_share_of_a_split_belongs_to_its_set_and_to_no_other() {
    for (t, n) in [(1, 1), (2, 3), (3, 4), (5, 7), (9, 13)] {
        let secret = SecretKey::generate(&mut rng());
        let (set, shares) = secret.split(threshold(t, n), &mut rng());
        let (other, _) = secret.split(threshold(t, n), &mut StdRng::seed_from_u64(12));
        assert_eq!(set.t(), t);
        assert_eq!(set.public_key(), secret.public_key().to_bytes());
        assert_eq!(
            shares.iter().map(|share| share.index().get()).collect::<Vec<_>>(),
            (1..=n).collect::<Vec<_>>()
        );
        for share in &shares {
            set.verify_share(share).unwrap();
            assert_eq!(set.public_share(share.index()), share.public_share());
            if t > 1 {
                let index = share.index().get();
                assert_eq!(other.verify_share(share), Err(Error::ForeignShare { index }));
            }
        }
    }
}

#[test]
fn secrets_of_zero_or_out_of_range_are_refused() {
    let order = crate::wire::parse_hex::<32>(
        "order",
        "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001",
    )
    .unwrap();
    let index = ShareIndex::new(1).unwrap();
    for bytes in [[0; 32], order, [0xff; 32]] {
        assert_eq!(SecretKey::from_bytes(&bytes).err(), Some(Error::SecretScalar { what: "secret key" }));
        assert_eq!(SecretKeyShare::new(index, &bytes).err(), Some(Error::SecretScalar { what: "key share" }));
    }
}

#[test]
fn public_key_sets_read_back_from_bytes_text_and_borsh() {
    let (set, _) = SecretKey::generate(&mut rng()).split(threshold(3, 4), &mut rng());
    assert_eq!(set.to_bytes().len(), 144);
    assert_eq!(PublicKeySet::from_bytes(&set.to_bytes()), Ok(set.clone()));
    let json = serde_json::to_string(&set).unwrap();
    assert_eq!(json.len(), 2 + 2 + 288);
    assert_eq!(serde_json::from_str::<PublicKeySet>(&json).unwrap(), set);
    let bytes = borsh::to_vec(&set).unwrap();
    assert_eq!((bytes.len(), bytes[0]), (145, 3));
    assert_eq!(borsh::from_slice::<PublicKeySet>(&bytes).unwrap(), set);
    assert!(borsh::from_slice::<PublicKeySet>(&bytes[..144]).is_err());
}

#[test]
fn public_key_sets_of_a_wrong_length_or_with_a_bad_point_are_refused() {
    let (set, _) = SecretKey::generate(&mut rng()).split(threshold(2, 3), &mut rng());
    let bytes = set.to_bytes();
    for got in [0, 47, 95] {
        assert_eq!(PublicKeySet::from_bytes(&bytes[..got]), Err(Error::PublicKeySetLength { got }));
    }
    let long = bytes[..48].repeat(101);
    assert_eq!(PublicKeySet::from_bytes(&long), Err(Error::PublicKeySetLength { got: 4848 }));
    let mut infinite = bytes.clone();
    infinite[48..].fill(0);
    infinite[48] = 0xc0;
    assert_eq!(PublicKeySet::from_bytes(&infinite), Err(Error::PublicKey));
    assert!(borsh::from_slice::<PublicKeySet>(&[0]).is_err());
}

/// Bytes on disk and on the wire stay what they are: key 5, polynomial 5 + 6x.
#[test]
fn golden_bytes() {
    let scalar = |last: u8| {
        let mut bytes = [0u8; 32];
        bytes[31] = last;
        bytes
    };
    let share = SecretKeyShare::new(ShareIndex::new(1).unwrap(), &scalar(11)).unwrap();
    let set = PublicKeySet::from_points(vec![
        Scalar::from_u64(5).public_point(),
        Scalar::from_u64(6).public_point(),
    ]);
    set.verify_share(&share).unwrap();
    assert_eq!(
        hex::encode(&borsh::to_vec(&set).unwrap()[..49]),
        "02b0e7791fb972fe014159aa33a98622da3cdc98ff707965e536d8636b5fcc5ac7a91a8c46e59a00dca575af0f18fb13dc"
    );
    let partial = share.sign(Root([7; 32]));
    let bytes = borsh::to_vec(&partial).unwrap();
    assert_eq!(bytes.len(), 2 + 192);
    assert_eq!(bytes[..2], [1, 0]);
    assert_eq!(hex::encode(sha2_of(&bytes)), GOLDEN_PARTIAL);
}

const GOLDEN_PARTIAL: &str = "7ae5ca52b957c528a14fc93af43aa0c26ed136e7c1a2f34b33a01a3bc5bd2bca";

fn sha2_of(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}
