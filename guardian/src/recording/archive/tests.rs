use super::*;
use crypto::execution::{Address, Block, BlockHash, BlockNumber, Tickets};
use guardian_core::registration::{JudgedEvent, JudgedLog, ScanReport};

fn report(from: u64, to: u64) -> ScanReport {
    let event = JudgedEvent::TicketsDeposited { operator: Address([1; 20]), amount: Tickets(from.into()) };
    ScanReport {
        from: BlockNumber(from),
        to: Block { number: BlockNumber(to), hash: BlockHash([to as u8; 32]), timestamp: to * 12 },
        logs: vec![JudgedLog { block: BlockNumber(from), index: 0, timestamp: from * 12, event }],
    }
}

#[test]
fn the_history_is_whole_and_gives_any_stretch() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(History::read(directory.path()).unwrap(), History::default());
    let mut history = History::default();
    for (from, to) in [(3, 9), (10, 19), (15, 30), (20, 29)] {
        history.extend(&report(from, to));
    }
    history.write(directory.path()).unwrap();
    let history = History::read(directory.path()).unwrap();
    assert_eq!(history.until(), Some(report(20, 29).to));
    let stretch = |scanned: Option<u64>, until: u64| {
        let until = report(until, until).to;
        let report = history.between(scanned.map(BlockNumber), until)?;
        assert_eq!(report.to, until);
        Some((report.from.0, report.logs.len()))
    };
    assert_eq!(stretch(None, 29), Some((3, 3)));
    assert_eq!(stretch(None, 19), Some((3, 2)));
    assert_eq!(stretch(Some(9), 19), Some((10, 1)));
    assert_eq!(stretch(Some(19), 19), None, "nothing between");
    assert_eq!(stretch(Some(9), 30), None, "not scanned so far");

    let path = directory.path().join("history");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let refused = History::read(directory.path()).unwrap_err().to_string();
    assert!(refused.contains("is damaged"), "{refused}");
}

#[test]
fn nothing_recorded_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let owner = Owner { network: NetworkId([1; 32]), guardian: GuardianIndex(1) };
    for at in [directory.path(), &directory.path().join("nowhere")] {
        let refused = frames(at, owner, Epoch(0)).unwrap_err().to_string();
        assert!(
            refused.contains("holds no recording") && refused.contains("recording.keep_epochs"),
            "{refused}"
        );
    }
    std::fs::write(directory.path().join("0000000001-000.frames"), b"grd").unwrap();
    let refused = reach(directory.path(), owner).unwrap_err().to_string();
    assert!(refused.contains("no whole epoch yet"), "{refused}");
    std::fs::write(directory.path().join("0000000001-000.frames"), [b'x'; 100]).unwrap();
    let refused = reach(directory.path(), owner).unwrap_err().to_string();
    assert!(refused.contains("is no segment of a recording"), "{refused}");
}
