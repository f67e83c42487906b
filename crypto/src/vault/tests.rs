use super::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn rng() -> StdRng {
    StdRng::seed_from_u64(41)
}

#[test]
fn what_is_sealed_opens_in_its_place_only() {
    let key = DataKey::generate(&mut rng());
    let sealed = key.seal(b"share/1", b"secret", &mut rng()).unwrap();
    assert_eq!(sealed.len(), 6 + 29);
    assert_eq!(*key.open(b"share/1", &sealed).unwrap(), b"secret");
    assert_eq!(key.open(b"share/2", &sealed), Err(Error::Sealed));
    assert_eq!(
        DataKey::generate(&mut StdRng::seed_from_u64(42)).open(b"share/1", &sealed),
        Err(Error::Sealed)
    );
    assert_eq!(*key.open(b"", &key.seal(b"", b"", &mut rng()).unwrap()).unwrap(), b"");
}

#[test]
fn a_cut_or_a_changed_bit_is_noticed() {
    let key = DataKey::generate(&mut rng());
    let sealed = key.seal(b"aad", b"secret", &mut rng()).unwrap();
    for length in 0..sealed.len() {
        assert_eq!(key.open(b"aad", &sealed[..length]), Err(Error::Sealed));
    }
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert_eq!(key.open(b"aad", &changed), Err(Error::Sealed), "byte {place}");
    }
}

#[test]
fn the_password_and_only_the_password_unwraps() {
    let key = DataKey::generate(&mut rng());
    let wrapped = key.wrap(&Password::new("right"), ScryptCost::LIGHT, &mut rng()).unwrap();
    let json = serde_json::to_string(&wrapped).unwrap();
    let read: WrappedKey = serde_json::from_str(&json).unwrap();
    assert_eq!(read, wrapped);
    assert_eq!(*read.unwrap(&Password::new("right\n")).unwrap().0, *key.0);
    assert_eq!(read.unwrap(&Password::new("wrong")).err(), Some(Error::WrongPassword));
}

#[test]
fn a_damaged_or_hostile_file_is_refused() {
    let key = DataKey::generate(&mut rng());
    let good = key.wrap(&Password::new("pw"), ScryptCost::LIGHT, &mut rng()).unwrap();
    let attempt = |wrapped: WrappedKey| wrapped.unwrap(&Password::new("pw")).err();
    let scrypt = ScryptCost { log_n: 40, r: 8, p: 1 };
    assert_eq!(attempt(WrappedKey { scrypt, ..good.clone() }), Some(Error::WorkFactor { kdf: "scrypt" }));
    let version = WrappedKey { version: 9, ..good.clone() };
    assert!(matches!(attempt(version), Some(Error::Version { got: 9, .. })));
    assert_eq!(
        attempt(WrappedKey { sealed: good.sealed[..40].to_vec(), ..good }),
        Some(Error::WrongPassword)
    );
    assert!(serde_json::from_str::<WrappedKey>(r#"{"version":1,"extra":0}"#).is_err());
}

/// Files written by the first release open for ever.
#[test]
fn golden_bytes() {
    let key = DataKey(Zeroizing::new([0x11; 32]));
    let sealed = hex::decode(GOLDEN_SEALED).unwrap();
    assert_eq!(*key.open(b"share/1", &sealed).unwrap(), b"secret");
    let wrapped: WrappedKey = serde_json::from_str(GOLDEN_WRAPPED).unwrap();
    assert_eq!(*wrapped.unwrap(&Password::new("correct horse")).unwrap().0, [0x11; 32]);
    assert_eq!(serde_json::to_string(&wrapped).unwrap(), GOLDEN_WRAPPED);
}

const GOLDEN_SEALED: &str = "01b535a6408ee3fd4e22b4614eb56df7a0d917f45bb51a7fb98d0cf75dac08d9e5365c";
const GOLDEN_WRAPPED: &str = concat!(
    r#"{"version":1,"scrypt":{"log_n":4,"r":8,"p":1},"#,
    r#""salt":"b535a6408ee3fd4e22b4614e9dcbc0df862d184944c1a146fcddd87b1d5a3477","#,
    r#""sealed":"01030766fe09735cdd9bd8bec1cbf6af12d48892cb4acd42db6f091ee32b8dfea0e495cdca1c97ba0a41dbb2a6"#,
    r#"d50df18319dfa067cd929300722de098"}"#,
);
