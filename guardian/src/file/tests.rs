use super::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(directory: &Path) -> Vec<String> {
    std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn create_writes_whole_and_never_replaces() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.json");
    create(&path, b"first", Access::Private).unwrap();
    assert_eq!(mode(&path), 0o600);
    let refused = create(&path, b"second", Access::Private).unwrap_err();
    assert!(matches!(refused, Error::Exists { .. }), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), b"first");
    assert_eq!(names(directory.path()), ["key.json"], "no temporary file stays");
}

#[test]
fn replace_replaces() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("member.toml");
    create(&path, b"first", Access::Public).unwrap();
    replace(&path, b"second", Access::Public).unwrap();
    assert_eq!(mode(&path), 0o644);
    assert_eq!(std::fs::read(&path).unwrap(), b"second");
    assert_eq!(names(directory.path()), ["member.toml"]);
}

#[test]
fn reading_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("big");
    std::fs::write(&path, [7u8; 11]).unwrap();
    assert_eq!(read(&path, "thing", 11).unwrap().len(), 11);
    let refused = read(&path, "thing", 10).unwrap_err();
    assert!(matches!(refused, Error::TooLarge { limit: 10, .. }), "{refused}");
    // No length to be had from a device: the bound must hold while reading.
    let refused = read(Path::new("/dev/zero"), "thing", 10).unwrap_err();
    assert!(matches!(refused, Error::TooLarge { limit: 10, .. }), "{refused}");
}

#[test]
fn files_open_to_others_are_refused_with_the_fix() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    std::fs::write(&path, "x").unwrap();
    for (bits, shared) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o620, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits)).unwrap();
        match refuse_if_shared(&path) {
            Ok(()) => assert!(!shared, "{bits:o} accepted"),
            Err(e) => {
                assert!(shared, "{bits:o} refused");
                assert!(e.to_string().contains(&format!("chmod 600 {}", path.display())), "{e}");
            }
        }
    }
}

#[test]
fn directories_are_private() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b");
    create_directory(&path).unwrap();
    create_directory(&path).unwrap();
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}
