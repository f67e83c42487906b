use super::*;
use proptest::prelude::*;

fn path(level: Option<u8>, number: u64, width: u16) -> TilePath {
    TilePath { level, number, width }
}

#[test]
fn paths_are_those_of_the_specification() {
    let expected = [
        (path(Some(0), 0, 256), "tile/0/000"),
        (path(Some(0), 0, 1), "tile/0/000.p/1"),
        (path(Some(2), 1_234_067, 255), "tile/2/x001/x234/067.p/255"),
        (path(None, 999, 256), "tile/entries/999"),
        (path(None, 1_000, 7), "tile/entries/x001/000.p/7"),
    ];
    for (path, text) in expected {
        assert_eq!(path.to_string(), text);
        assert_eq!(text.parse(), Ok(path));
    }
}

#[test]
fn a_tile_has_one_path() {
    let wrong = [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/001/000",
        "tile/0/x000/000",
        "tile/0/x001/x000",
        "tile/0/xx01/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/1/",
        "tile/00/000",
        "tile/6/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/8/0/000",
        "tile/0/x999/x999/x999/x999/x999/999",
        "tile/0/../000",
        "/tile/0/000",
    ];
    for wrong in wrong {
        assert!(wrong.parse::<TilePath>().is_err(), "{wrong}");
    }
    assert!("1".repeat(10_000).parse::<TilePath>().is_err());
}

#[test]
fn an_entry_is_in_the_bundle_that_its_log_has() {
    assert_eq!(TilePath::of_entry(0, 0), None);
    assert_eq!(TilePath::of_entry(5, 5), None);
    assert_eq!(TilePath::of_entry(4, 5), Some(path(None, 0, 5)));
    assert_eq!(TilePath::of_entry(4, 256), Some(path(None, 0, 256)));
    assert_eq!(TilePath::of_entry(256, 257), Some(path(None, 1, 1)));
    assert_eq!(TilePath::of_entry(4, 1_000_000), Some(path(None, 0, 256)));
}

#[test]
fn a_log_has_the_tiles_of_its_size() {
    for (path, size, has) in [
        (path(None, 0, 5), 4, false),
        (path(None, 0, 5), 5, true),
        (path(Some(0), 1, 1), 256, false),
        (path(Some(0), 1, 1), 257, true),
        (path(Some(1), 0, 1), 255, false),
        (path(Some(1), 0, 1), 256, true),
        (path(Some(1), 0, 2), 511, false),
        (path(Some(5), 0, 1), 1 << 40, true),
    ] {
        assert_eq!(path.is_in(size), has, "{path} {size}");
    }
}

#[test]
fn bundles_are_their_entries_with_lengths() {
    let entries: [&[u8]; 3] = [b"a", b"", &[7; 300]];
    let bytes = bundle(entries).unwrap();
    assert_eq!(bytes[..5], [0, 1, b'a', 0, 0]);
    assert_eq!(bytes[5..7], [1, 44]);
    assert_eq!(unbundle(&bytes, 3).unwrap(), entries);
    for wrong in [2, 4, 256] {
        assert!(unbundle(&bytes, wrong).is_err());
    }
    for length in 0..bytes.len() {
        assert!(unbundle(&bytes[..length], 3).is_err(), "{length}");
    }
    assert!(bundle([vec![0; MAX_ENTRY + 1].as_slice()]).is_err());
    assert_eq!(bundle([vec![0; MAX_ENTRY].as_slice()]).unwrap().len(), MAX_ENTRY + 2);
}

proptest! {
    #[test]
    fn any_path_reads_back(level in prop::option::of(0u8..=5), number in 0..=MAX_NUMBER, width in 1..=WIDTH) {
        let path = TilePath { level, number, width };
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn reading_never_panics(text in "\\PC{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..400), width in 0u16..300) {
        let _ = text.parse::<TilePath>();
        if let Ok(entries) = unbundle(&bytes, width) {
            prop_assert_eq!(bundle(entries).unwrap(), bytes);
        }
    }
}
