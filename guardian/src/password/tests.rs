use super::*;
use std::os::unix::fs::PermissionsExt;

fn file(content: &[u8], mode: u32) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    file
}

/// Passwords do not show themselves: whether two are the same is seen by what they open.
fn same(a: &Password, b: &str) -> bool {
    let mut rng = rand::rng();
    let key = crypto::vault::DataKey::generate(&mut rng);
    let wrapped = key.wrap(a, crypto::password::ScryptCost::LIGHT, &mut rng).unwrap();
    wrapped.unwrap(&Password::new(b)).is_ok()
}

#[test]
fn the_first_line_counts() {
    for content in ["correct horse", "correct horse\n", "correct horse\r\n", "correct horse\nanother line\n"]
    {
        let file = file(content.as_bytes(), 0o600);
        assert!(same(&from_file(file.path()).unwrap(), "correct horse"), "{content:?}");
    }
    let spaced = file(b" correct horse ", 0o400);
    assert!(same(&from_file(spaced.path()).unwrap(), " correct horse "));
    assert!(!same(&from_file(spaced.path()).unwrap(), "correct horse"));
}

#[test]
fn unfit_files_are_refused() {
    let cases: [(&[u8], u32, &str); 5] = [
        (b"secret", 0o644, "chmod 600"),
        (b"\nsecret", 0o600, "empty first line"),
        (b"", 0o600, "empty first line"),
        (&[0xff, 0xfe], 0o600, "not UTF-8"),
        (&[b'x'; 5000], 0o600, "too large to be a password file"),
    ];
    for (content, mode, expected) in cases {
        let refused = from_file(file(content, mode).path()).err().unwrap().to_string();
        assert!(refused.contains(expected), "{refused}");
        assert!(!refused.contains("secret"), "{refused}");
    }
}
