use super::*;
use feed::tree::{check_consistency, check_inclusion, leaf_hash, prove_consistency, prove_inclusion, root};
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use std::cell::RefCell;

pub(crate) fn origin() -> Origin {
    Origin { network: NetworkId([7; 32]), guardian: GuardianIndex(2), life: crypto::spec::Slot(0) }
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index} {}", "x".repeat(usize::try_from(index % 90).unwrap())).into_bytes()
}

fn entries(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

fn open(directory: &Path) -> LogWriter {
    LogWriter::open(directory, "0-0", origin()).unwrap()
}

/// All hashes in memory, as the library stores them: what the files must agree with.
#[derive(Default)]
struct Reference(RefCell<Vec<tlog_tiles::Hash>>);

impl HashReader for Reference {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let all = self.0.borrow();
        Ok(indexes.iter().map(|index| all[usize::try_from(*index).unwrap()]).collect())
    }
}

impl Reference {
    fn of(size: u64) -> Self {
        let reference = Self::default();
        for index in 0..size {
            let more = tlog_tiles::stored_hashes(index, &entry(index), &reference).unwrap();
            reference.0.borrow_mut().extend(more);
        }
        reference
    }
}

fn check(log: &Log, size: u64) {
    assert_eq!(log.size(), size);
    let reference = Reference::of(size);
    assert_eq!(log.root().unwrap(), root(size, &reference).unwrap());
    for index in (0..size).step_by(usize::try_from(size / 23 + 1).unwrap()) {
        assert_eq!(log.entry(index).unwrap().unwrap(), entry(index));
        let proof = prove_inclusion(size, index, log).unwrap();
        check_inclusion(&proof, size, log.root().unwrap(), index, leaf_hash(&entry(index))).unwrap();
        let proof = prove_consistency(index, size, log).unwrap();
        let old = root(index, &reference).unwrap();
        check_consistency(&proof, index, old, size, log.root().unwrap()).unwrap();
    }
    assert_eq!(log.entry(size).unwrap(), None);
    for level in 0..3u8 {
        let hashes = size >> (8 * level);
        for number in 0..=hashes / 256 {
            let whole = (hashes - number * 256).min(256);
            for width in [1, whole / 2, whole].into_iter().filter(|width| (1..=whole).contains(width)) {
                let width = u16::try_from(width).unwrap();
                let path = TilePath { level: Some(level), number, width };
                let tile = log.tile(&path).unwrap().unwrap();
                let expected =
                    Tile::new(8, level, number, width.into(), false).read_data(&reference).unwrap();
                assert_eq!(tile, expected, "{path}");
                if level == 0 {
                    let path = TilePath { level: None, ..path };
                    let bundle = log.tile(&path).unwrap().unwrap();
                    let from = number * 256;
                    assert_eq!(unbundle(&bundle, width).unwrap(), entries(from..from + u64::from(width)));
                }
            }
        }
    }
    let beyond = TilePath { level: None, number: size / 256, width: u16::try_from(size % 256 + 1).unwrap() };
    assert_eq!(log.tile(&beyond).unwrap(), None);
}

#[test]
fn what_is_read_is_what_the_library_computes_before_and_after_opening_anew() {
    let directory = tempfile::tempdir().unwrap();
    let mut size = 0;
    for next in [1, 2, 255, 256, 257, 511, 900, 1024] {
        let mut writer = open(directory.path());
        check(&writer.log(), size);
        writer.append(&entries(size..next)).unwrap();
        size = next;
        check(&writer.log(), size);
    }
    let reader = open(directory.path()).log();
    check(&reader, size);
}

#[test]
fn a_level_above_is_made_of_sixty_five_thousand_entries() {
    let directory = tempfile::tempdir().unwrap();
    let size = 65_536 + 300;
    let mut writer = open(directory.path());
    writer.append(&entries(0..size)).unwrap();
    let reference = Reference::of(size);
    assert_eq!(writer.log().root().unwrap(), root(size, &reference).unwrap());
    drop(writer);
    // As if the power went before the tiles of hashes were written.
    for path in ["tile/1/000", "tile/0/256"] {
        std::fs::remove_file(directory.path().join(path)).unwrap();
    }
    let writer = open(directory.path());
    assert_eq!(writer.log().root().unwrap(), root(size, &reference).unwrap());
    assert!(directory.path().join("tile/1/000").exists() && directory.path().join("tile/0/256").exists());
}

#[test]
fn a_tail_that_was_cut_off_anywhere_is_whole_up_to_there() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).append(&entries(0..5)).unwrap();
    let tail = directory.path().join("tail");
    let whole = std::fs::read(&tail).unwrap();
    let ends: Vec<usize> = (0..5)
        .scan(0, |end, index| {
            *end += entry(index).len() + 20;
            Some(*end)
        })
        .collect();
    for cut in 0..whole.len() {
        std::fs::write(&tail, &whole[..cut]).unwrap();
        let kept = ends.iter().filter(|end| **end <= cut).count() as u64;
        check(&open(directory.path()).log(), kept);
    }
    // A flipped bit is no frame either.
    let mut flipped = whole.clone();
    flipped[ends[1] + 14] ^= 1;
    std::fs::write(&tail, &flipped).unwrap();
    let mut writer = open(directory.path());
    check(&writer.log(), 2);
    writer.append(&entries(2..4)).unwrap();
    drop(writer);
    check(&open(directory.path()).log(), 4);
}

#[test]
fn a_crash_between_a_bundle_and_its_tail_loses_and_doubles_nothing() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).append(&entries(0..250)).unwrap();
    let tail = directory.path().join("tail");
    // Appended and synced, the bundle written or not: the tail still has all of it.
    let before = std::fs::read(&tail).unwrap();
    open(directory.path()).append(&entries(250..530)).unwrap();
    let mut frames = Vec::new();
    frames.extend_from_slice(&before);
    let other = tempfile::tempdir().unwrap();
    // The frames of 250..530 as one tail: written by a log that never gets that far.
    let (mut whole, _) = super::tail::Tail::open(&other.path().join("tail")).unwrap();
    let more = entries(250..530);
    whole.append(250, more.iter().map(Vec::as_slice)).unwrap();
    frames.extend(std::fs::read(other.path().join("tail")).unwrap());
    for lost in [&["tile/entries/001", "tile/0/001"] as &[&str], &["tile/0/001"], &[]] {
        std::fs::write(&tail, &frames).unwrap();
        for path in lost {
            std::fs::remove_file(directory.path().join(path)).unwrap();
        }
        check(&open(directory.path()).log(), 530);
        check(&open(directory.path()).log(), 530);
    }
}

#[test]
fn a_log_has_one_writer_and_keeps_its_origin_and_its_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = open(directory.path());
    let busy = LogWriter::open(directory.path(), "0-0", origin()).unwrap_err();
    assert_eq!(busy.kind(), io::ErrorKind::WouldBlock, "{busy}");
    let mut grown = writer.log().grown();
    writer.set_checkpoint(b"note").unwrap();
    assert!(grown.has_changed().unwrap());
    assert_eq!(writer.log().checkpoint().unwrap(), "note");
    grown.mark_unchanged();
    let long = writer.append(&[vec![0; MAX_LONG]]).unwrap_err();
    assert_eq!(long.kind(), io::ErrorKind::InvalidInput, "{long}");
    assert!(!grown.has_changed().unwrap());
    writer.append(&[vec![1; MAX_LONG - 1]]).unwrap();
    drop(writer);
    assert_eq!(open(directory.path()).log().checkpoint().unwrap(), "note");
    let other = Origin { guardian: GuardianIndex(3), ..origin() };
    let refused = LogWriter::open(directory.path(), "0-0", other).unwrap_err();
    assert!(refused.to_string().contains("not guardian-network/"), "{refused}");
}

const MAX_LONG: usize = feed::tile::MAX_ENTRY + 1;
