use super::*;
use std::path::PathBuf;

fn password(text: &str) -> Password {
    Password::new(text)
}

fn files() -> (tempfile::TempDir, PathBuf, PathBuf, identity::Keypair, CustodySecretKey) {
    let directory = tempfile::tempdir().unwrap();
    let (identity_at, custody_at) =
        (directory.path().join("identity.json"), directory.path().join("custody.json"));
    let mut rng = rand::rng();
    let identity = identity::Keypair::generate_secp256k1();
    let custody = CustodySecretKey::generate(&mut rng);
    let right = password("right");
    create_identity(&identity_at, &identity, &right, ScryptCost::LIGHT, &mut rng).unwrap();
    create_custody(&custody_at, &custody, &right, ScryptCost::LIGHT, &mut rng).unwrap();
    (directory, identity_at, custody_at, identity, custody)
}

#[test]
fn keys_come_back_under_their_password_alone() {
    let (_directory, identity_at, custody_at, identity, custody) = files();
    let again = open_identity(&identity_at, &password("right")).unwrap();
    assert_eq!(again.public(), identity.public());
    assert_eq!(peer_id(&identity_at).unwrap(), identity.public().to_peer_id().to_string());
    assert_eq!(open_custody(&custody_at, &password("right")).unwrap().to_bytes(), custody.to_bytes());
    for refused in [
        open_identity(&identity_at, &password("wrong")).err().unwrap(),
        open_custody(&custody_at, &password("wrong")).err().unwrap(),
    ] {
        assert!(matches!(refused, Error::WrongPassword { .. }), "{refused}");
    }
}

#[test]
fn the_secret_is_not_in_the_file() {
    let (_directory, identity_at, custody_at, identity, custody) = files();
    let text = std::fs::read_to_string(&custody_at).unwrap();
    assert!(!text.contains(&hex::encode(*custody.to_bytes())));
    let secret = identity.try_into_secp256k1().unwrap().secret().to_bytes();
    assert!(!std::fs::read_to_string(&identity_at).unwrap().contains(&hex::encode(secret)));
}

#[test]
fn nothing_is_overwritten() {
    let (_directory, identity_at, _, _, _) = files();
    let before = std::fs::read(&identity_at).unwrap();
    let refused = create_identity(
        &identity_at,
        &identity::Keypair::generate_secp256k1(),
        &password("right"),
        ScryptCost::LIGHT,
        &mut rand::rng(),
    )
    .unwrap_err();
    assert!(matches!(refused, Error::Exists { .. }), "{refused}");
    assert_eq!(std::fs::read(&identity_at).unwrap(), before);
}

#[test]
fn foreign_exchanged_truncated_and_altered_files_are_told_apart() {
    let (_directory, identity_at, custody_at, _, _) = files();
    let whole = std::fs::read_to_string(&custody_at).unwrap();
    let refuse = |text: &str| {
        std::fs::write(&custody_at, text).unwrap();
        open_custody(&custody_at, &password("right")).err().expect(text).to_string()
    };
    // Every length: none may be taken for a key.
    for length in 0..whole.len() - 2 {
        assert!(refuse(&whole[..length]).contains("truncated"), "{length}");
    }
    assert!(refuse(&whole.replace("guardian key", "keystore")).contains("is no key file"));
    assert!(
        refuse(&whole.replace("\"version\": 1,\n  \"kind\"", "\"version\": 2,\n  \"kind\""))
            .contains("version 2")
    );
    assert!(refuse(&whole.replace("\"public\"", "\"pubic\"")).contains("is no key file"));
    // The public key is bound to the secret.
    let start = whole.find("0x04").unwrap() + 10;
    let mut swapped = whole.clone();
    swapped.replace_range(start..=start, if &whole[start..=start] == "a" { "b" } else { "a" });
    assert!(!refuse(&swapped).is_empty());
    assert!(refuse(&" ".repeat(20_000)).contains("too large"));

    let refused = open_custody(&identity_at, &password("right")).err().unwrap().to_string();
    assert!(refused.contains("is a key file for the identity key, not the custody key"), "{refused}");
}

#[test]
fn a_key_file_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, identity_at, _, _, _) = files();
    assert_eq!(std::fs::metadata(&identity_at).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&identity_at, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = open_identity(&identity_at, &password("right")).err().unwrap();
    assert!(matches!(refused, Error::Permissions { mode: 0o640, .. }), "{refused}");
}
