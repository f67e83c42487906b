use super::*;
use crypto::execution::BlockNumber;
use guardian_core::registration::{JudgedEvent, JudgedLog};

fn sample() -> Frame {
    let block = Block { number: BlockNumber(7), hash: BlockHash([7; 32]), timestamp: 99 };
    let event = JudgedEvent::TicketsDeposited { operator: Address([1; 20]), amount: Tickets(5) };
    let report = ScanReport {
        from: BlockNumber(6),
        to: block,
        logs: vec![JudgedLog { block: BlockNumber(6), index: 1, timestamp: 98, event }],
    };
    let fields =
        Fields { index: Some(Short(300)), epochs: Some([Short(5), Short(0), Short(0)]), ..Fields::default() };
    Frame {
        epoch: Epoch(450),
        base: Some(vec![Sight::ScannedUntil(block)]),
        sights: vec![
            Sight::Held { keys: vec![BlsPubkey([9; 48])], named: Places::All },
            Sight::Slot(Short::step(0, 14_400)),
            Sight::HeadMoved(Short::step(14_400, 14_399)),
            Sight::Head {
                slot: Short(0),
                named: Places::All,
                changes: vec![Change::Known(Short(0), fields)],
            },
            Sight::Liveness {
                epoch: Short(2),
                enrolled: vec![Short(600)],
                live: Places::All,
                dark: Places::Runs(Vec::new()),
            },
            Sight::Nodes { total: 2, healthy: 1, disagree: false },
            Sight::Scanned(report),
        ],
    }
}

/// What is on a disk today is read tomorrow: changing these bytes is a new version.
#[test]
fn a_frame_has_these_bytes() {
    let bytes = sample().encode();
    let expected = concat!(
        "01c201000000000000",
        "0101000000",
        "090700000000000000",
        "0707070707070707070707070707070707070707070707070707070707070707",
        "6300000000000000",
        "07000000",
        "0101000000",
        "090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909",
        "00",
        "0080e101",
        "0201",
        "0300000100000001",
        "0001ac0200000000010500",
        "00",
        "050201000000d804000100000000",
        "060200010000",
        "080600000000000000",
        "0700000000000000",
        "0707070707070707070707070707070707070707070707070707070707070707",
        "6300000000000000",
        "01000000",
        "060000000000000001000000000000006200000000000000",
        "04",
        "0101010101010101010101010101010101010101",
        "05000000000000000000000000000000",
    );
    assert_eq!(hex::encode(&bytes), expected);
    assert_eq!(Frame::decode(&bytes).unwrap(), sample());
}

#[test]
fn cut_long_and_newer_frames_are_refused() {
    let bytes = sample().encode();
    for length in 0..bytes.len() {
        assert_eq!(Frame::decode(&bytes[..length]), None, "{length}");
    }
    let mut long = bytes.clone();
    long.push(0);
    assert_eq!(Frame::decode(&long), None);
    let mut newer = bytes;
    newer[0] = 2;
    assert_eq!(Frame::decode(&newer), None);
}

#[test]
fn a_balance_is_told_when_it_moved_by_a_hundredth_of_an_eth() {
    let before = typical(BlsPubkey([1; 48]));
    for (moved, told) in [(1, false), (GRAIN - 1, false), (GRAIN, true)] {
        for balance in [before.balance.0 + moved, before.balance.0 - moved] {
            let now = Validator { balance: Gwei(balance), ..before };
            let fields = Fields::between(&before, &now);
            assert_eq!(!fields.is_empty(), told, "{balance}");
            assert_eq!(fields.onto(before).balance.0, if told { balance } else { before.balance.0 });
        }
    }
    let gone = Validator {
        status: ValidatorStatus::WithdrawalDone,
        balance: Gwei(0),
        effective_balance: Gwei(0),
        slashed: true,
        index: ValidatorIndex(3),
        activation_epoch: FAR_FUTURE_EPOCH,
        exit_epoch: Epoch(0),
        withdrawable_epoch: Epoch(u64::MAX - 1),
        ..before
    };
    assert_eq!(Fields::between(&before, &gone).onto(before), gone);
}
