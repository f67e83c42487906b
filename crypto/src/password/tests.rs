use super::*;

#[test]
fn is_prepared_as_eip_2335_says() {
    // The EIP's own example: styled letters to plain ones, then UTF-8.
    let password = Password::new("𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑");
    assert_eq!(hex::encode(password.0.as_bytes()), "7465737470617373776f7264f09f9491");
    assert_eq!(*Password::new("a\u{0}b\u{1f}c\u{7f}d\u{80}e\u{9f}f\r\n").0, "abcdef");
    assert!(Password::new("\n").is_empty());
}

#[test]
fn never_outgrows_its_first_allocation() {
    let worst = "\u{fdfa}".repeat(50);
    let password = Password::new(&worst);
    assert!(password.0.capacity() >= password.0.len());
    assert_eq!(password.0.capacity(), worst.len() * NFKD_GROWTH);
}

#[test]
fn work_is_bounded_before_it_is_done() {
    let password = Password::new("x");
    let refused = Err(Error::WorkFactor { kdf: "scrypt" });
    for (log_n, r, p) in [
        (30, 8, 1),
        (63, 8, 1),
        (64, 1, 1),
        (255, 1, 1),
        (18, u32::MAX, 1),
        (18, 8, 1000),
        (1, 1, 1 << 24),
        (0, 8, 1),
        (10, 0, 1),
        (10, 8, 0),
    ] {
        assert_eq!(password.scrypt(b"salt", ScryptCost { log_n, r, p }), refused, "{log_n} {r} {p}");
    }
    assert_eq!(ScryptCost::STANDARD.check(), Ok(()));
    for rounds in [0, u32::MAX] {
        assert_eq!(password.pbkdf2(b"salt", rounds), Err(Error::WorkFactor { kdf: "pbkdf2" }));
    }
}

/// RFC 7914, section 12, second vector (its first 32 bytes), and section 11 for PBKDF2 (its first 32 bytes).
#[test]
fn derives_the_keys_of_rfc_7914() {
    let key = Password::new("password").scrypt(b"NaCl", ScryptCost { log_n: 10, r: 8, p: 16 }).unwrap();
    assert_eq!(hex::encode(key), "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
    let key = Password::new("passwd").pbkdf2(b"salt", 1).unwrap();
    assert_eq!(hex::encode(key), "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
}
