use super::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The EIP's test cases: one secret and password, both key derivations.
const EIP_SECRET: &str = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
const EIP_PASSWORD: &str = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑";
const EIP_SCRYPT: &str = include_str!("../../tests/vectors/eip2335_scrypt.json");
const EIP_PBKDF2: &str = include_str!("../../tests/vectors/eip2335_pbkdf2.json");

const LIGHT: Kdf = Kdf::Scrypt(ScryptCost::LIGHT);

fn rng() -> StdRng {
    StdRng::seed_from_u64(51)
}

/// A light keystore with one JSON value exchanged.
fn altered(pointer: &str, value: Value) -> Result<SecretKey, Error> {
    let secret = SecretKey::generate(&mut rng());
    let json = encrypt(&secret, &Password::new("pw"), LIGHT, &mut rng()).unwrap();
    let mut json: Value = serde_json::from_slice(&json).unwrap();
    *json.pointer_mut(pointer).unwrap() = value;
    decrypt(json.to_string().as_bytes(), &Password::new("pw"))
}

#[test]
fn opens_the_eips_own_keystores() {
    for json in [EIP_SCRYPT, EIP_PBKDF2] {
        let secret = decrypt(json.as_bytes(), &Password::new(EIP_PASSWORD)).unwrap();
        assert_eq!(hex::encode(secret.to_bytes()), EIP_SECRET);
        assert_eq!(decrypt(json.as_bytes(), &Password::new("wrong")).err(), Some(Error::WrongPassword));
    }
}

#[test]
fn what_is_written_reads_back_and_says_whose_it_is() {
    let secret = SecretKey::generate(&mut rng());
    let password = Password::new("correct horse");
    for kdf in [LIGHT, Kdf::Pbkdf2 { rounds: 1000 }] {
        let json = encrypt(&secret, &password, kdf, &mut rng()).unwrap();
        assert_eq!(*decrypt(&json, &password).unwrap().to_bytes(), *secret.to_bytes());
        assert_eq!(decrypt(&json, &Password::new("")).err(), Some(Error::WrongPassword));
        let json: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["version"], 4);
        assert_eq!(json["pubkey"], secret.public_key().to_bytes().to_string()[2..]);
        let uuid = json["uuid"].as_str().unwrap();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    }
}

#[test]
fn a_bad_field_is_named() {
    let field = |result: Result<SecretKey, Error>| match result.err() {
        Some(Error::Keystore { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(altered("/version", json!(3))), "version");
    assert_eq!(field(altered("/crypto/kdf/function", json!("argon2"))), "crypto.kdf.function");
    assert_eq!(field(altered("/crypto/kdf/params", json!({}))), "crypto.kdf.params");
    assert_eq!(field(altered("/crypto/kdf/params/dklen", json!(64))), "crypto.kdf.params.dklen");
    assert_eq!(field(altered("/crypto/kdf/params/n", json!(1000))), "crypto.kdf.params.n");
    assert_eq!(field(altered("/crypto/kdf/params/salt", json!("xyz"))), "crypto.kdf.params.salt");
    assert_eq!(field(altered("/crypto/kdf/params/salt", json!("00".repeat(300)))), "crypto.kdf.params.salt");
    assert_eq!(field(altered("/crypto/checksum/function", json!("md5"))), "crypto.checksum.function");
    assert_eq!(field(altered("/crypto/checksum/message", json!("00"))), "crypto.checksum.message");
    assert_eq!(field(altered("/crypto/cipher/function", json!("rc4"))), "crypto.cipher.function");
    assert_eq!(field(altered("/crypto/cipher/params/iv", json!("00"))), "crypto.cipher.params.iv");
    assert_eq!(field(altered("/crypto/cipher/message", json!("00"))), "crypto.cipher.message");
    assert_eq!(field(altered("/pubkey", json!("00".repeat(48)))), "pubkey");
    assert_eq!(field(decrypt(b"{\"crypto\":", &Password::new(""))), "file");
    assert_eq!(field(decrypt(&vec![b' '; MAX_KEYSTORE + 1], &Password::new(""))), "file");
    for cut in [0, 1, 100, 400] {
        assert_eq!(field(decrypt(&EIP_SCRYPT.as_bytes()[..cut], &Password::new(EIP_PASSWORD))), "file");
    }
}

#[test]
fn a_hostile_work_factor_is_refused_before_it_costs_anything() {
    let refused = |kdf| Some(Error::WorkFactor { kdf });
    assert_eq!(altered("/crypto/kdf/params/n", json!(1u64 << 33)).err(), refused("scrypt"));
    assert_eq!(altered("/crypto/kdf/params/n", json!(1u64 << 63)).err(), refused("scrypt"));
    assert_eq!(altered("/crypto/kdf/params/n", json!(1)).err(), refused("scrypt"));
    assert_eq!(altered("/crypto/kdf/params/r", json!(u32::MAX)).err(), refused("scrypt"));
    assert_eq!(altered("/crypto/kdf/params/p", json!(u32::MAX)).err(), refused("scrypt"));
    let rounds = EIP_PBKDF2.replace("262144", "4294967295");
    assert_eq!(decrypt(rounds.as_bytes(), &Password::new(EIP_PASSWORD)).err(), refused("pbkdf2"));
}

/// Files written by the first release open for ever.
#[test]
fn golden_bytes() {
    let secret = decrypt(GOLDEN.as_bytes(), &Password::new("correct horse")).unwrap();
    assert_eq!(*secret.to_bytes(), [0x11; 32]);
}

const GOLDEN: &str = r#"{
  "crypto": {
    "checksum": { "function": "sha256", "params": {},
      "message": "52c86b8c48236cec5c1c0a0f4f6fdca364d9c9555825123ac578208a424b1d21" },
    "cipher": { "function": "aes-128-ctr", "params": { "iv": "9c4912126e30e9578dc17a344a1ab444" },
      "message": "aa653d2a22e0097738b809f7c10ef9be32d18217780da7801bc48f3054c9664d" },
    "kdf": { "function": "scrypt", "message": "", "params": { "dklen": 32, "n": 16, "p": 1, "r": 8,
      "salt": "fc8519fa57c3f44c51fd4e30d8273b585254d62c4ff487e70f5e7a59ad2bd853" } }
  },
  "path": "",
  "pubkey": "97248533cef0908a5ebe52c3b487471301bf6369010e6167f63dd74feddac2dfb5336a59a331d38eb0e454d6f6fcb1a4",
  "uuid": "d2f5e10f-2cb2-4cf1-aa99-2ed8a4d29eb7",
  "version": 4
}"#;
