use super::*;
use crypto::execution::BlockHash;
use proptest::prelude::*;

fn block(number: u64) -> Block {
    Block { number: BlockNumber(number), hash: BlockHash([number as u8; 32]), timestamp: number }
}

fn scan(from: u64, to: u64) -> Step {
    Step::Scan { from: BlockNumber(from), to: BlockNumber(to) }
}

#[test]
fn it_begins_at_the_deployment_and_goes_on_after_the_last_block() {
    let mut cursor = Cursor::new(BlockNumber(100), None);
    assert_eq!(cursor.next(BlockNumber(99)), Step::CaughtUp, "not deployed yet");
    assert_eq!(cursor.next(BlockNumber(100)), scan(100, 100));
    assert_eq!(cursor.next(BlockNumber(1_000_000)), scan(100, 2099));
    cursor.advance(BlockNumber(100), block(500)).unwrap();
    assert_eq!(cursor.scanned(), Some(block(500)));
    assert_eq!(cursor.next(BlockNumber(500)), Step::CaughtUp);
    assert_eq!(cursor.next(BlockNumber(499)), Step::Behind);
    assert_eq!(cursor.next(BlockNumber(501)), scan(501, 501));

    let resumed = Cursor::new(BlockNumber(100), Some(block(700)));
    assert_eq!(resumed.next(BlockNumber(800)), scan(701, 800));
    assert_eq!(resumed.next(BlockNumber(5)), Step::Behind);
}

#[test]
fn a_scan_that_does_not_continue_the_last_is_a_gap() {
    let mut cursor = Cursor::new(BlockNumber(100), Some(block(200)));
    let gap = Err(Gap { expected: BlockNumber(201) });
    assert_eq!(cursor.advance(BlockNumber(200), block(300)), gap, "again");
    assert_eq!(cursor.advance(BlockNumber(202), block(300)), gap, "one left out");
    assert_eq!(cursor.advance(BlockNumber(201), block(200)), gap, "backwards");
    assert_eq!(cursor.scanned(), Some(block(200)));
}

#[test]
fn it_asks_for_more_while_that_goes_well_and_for_less_when_refused() {
    let mut cursor = Cursor::new(BlockNumber(0), None);
    let far = BlockNumber(u64::MAX);
    let advance = |cursor: &mut Cursor| {
        let Step::Scan { from, to } = cursor.next(far) else { panic!() };
        cursor.advance(from, block(to.0)).unwrap();
        to.0 - from.0 + 1
    };
    let sizes: Vec<_> = (0..8).map(|_| advance(&mut cursor)).collect();
    assert_eq!(sizes, [2000, 4000, 8000, 16_000, 32_000, 64_000, 65_536, 65_536]);
    assert!(cursor.refused(65_536));
    assert!(cursor.refused(32_768));
    let sizes: Vec<_> = (0..18).map(|_| advance(&mut cursor)).collect();
    assert_eq!(sizes[..17], [16_384; 17], "what was refused is not tried at once again");
    assert_eq!(sizes[17..], [32_768]);
    for _ in 0..20 {
        cursor.refused(cursor.chunk());
    }
    assert_eq!(cursor.chunk(), 1);
    assert!(!cursor.refused(1), "less than a block cannot be asked for");
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Whole,
    /// Cut after so many blocks.
    Part(u64),
    TooMuch,
    Nothing,
    /// The finalized block moves, also backwards.
    Finalized(u64),
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(Answer::Whole),
        2 => (1u64..5000).prop_map(Answer::Part),
        2 => Just(Answer::TooMuch),
        1 => Just(Answer::Nothing),
        3 => (0u64..100_000).prop_map(Answer::Finalized),
    ]
}

proptest! {
    /// Whatever the nodes answer: each block once, in order, none beyond what is finalized then.
    #[test]
    fn every_block_once_in_order(
        deployed in 0u64..1000,
        resumed in proptest::option::of(1000u64..5000),
        answers in proptest::collection::vec(answer(), 0..200),
    ) {
        let mut cursor = Cursor::new(BlockNumber(deployed), resumed.map(block));
        let mut expected = resumed.map_or(deployed, |resumed| resumed + 1);
        let mut finalized = 50_000;
        for answer in answers {
            let step = cursor.next(BlockNumber(finalized));
            if let Answer::Finalized(number) = answer {
                finalized = number;
                continue;
            }
            let Step::Scan { from, to } = step else {
                prop_assert!(expected > finalized);
                continue;
            };
            prop_assert_eq!(from.0, expected);
            prop_assert!(from <= to && to.0 <= finalized);
            let blocks = to.0 - from.0 + 1;
            prop_assert!(blocks <= MAX_CHUNK);
            match answer {
                Answer::Whole => {
                    cursor.advance(from, block(to.0)).unwrap();
                    expected = to.0 + 1;
                }
                Answer::Part(part) => {
                    let last = from.0 + part.min(blocks) - 1;
                    cursor.advance(from, block(last)).unwrap();
                    expected = last + 1;
                }
                Answer::TooMuch => {
                    prop_assert_eq!(cursor.refused(blocks), blocks > 1);
                    prop_assert!(blocks == 1 || cursor.chunk() <= blocks / 2);
                }
                Answer::Nothing | Answer::Finalized(_) => {}
            }
        }
    }
}
