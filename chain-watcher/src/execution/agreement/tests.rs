use super::*;

fn block(number: u64, hash: u8) -> Block {
    Block { number: BlockNumber(number), hash: BlockHash([hash; 32]), timestamp: number }
}

/// Statements as (node, number, hash).
fn said(statements: &[(usize, u64, u8)]) -> Statements {
    let mut said = Statements::new();
    for (node, number, hash) in statements {
        said.entry(BlockNumber(*number)).or_default().insert(*node, block(*number, *hash));
    }
    said
}

fn weighed(statements: &[(usize, u64, u8)], total: usize, target: u64, scanned: Option<Block>) -> Agreement {
    weigh(&said(statements), total, BlockNumber(target), scanned, &mut None)
}

#[test]
fn more_than_half_have_reached_the_target() {
    let reached_of = |numbers: &[u64], total: usize| {
        let numbers: Vec<_> = numbers.iter().copied().map(BlockNumber).collect();
        super::reached(&numbers, total).map(|number| number.0)
    };
    let reached = |numbers: &[u64]| reached_of(numbers, numbers.len());
    assert_eq!(reached(&[]), None);
    assert_eq!(reached(&[7]), Some(7));
    assert_eq!(reached(&[9, 7]), Some(7), "both");
    assert_eq!(reached(&[1, 9, 7]), Some(7));
    assert_eq!(reached(&[9, 9, 7, 1]), Some(7), "three of four");
    assert_eq!(reached(&[u64::MAX, 5, 5, 5, 1]), Some(5));
    assert_eq!(reached_of(&[7], 2), None, "the other one is away");
    assert_eq!(reached_of(&[7, 9], 3), Some(7), "one of three may be away");
    assert_eq!(reached_of(&[7, 9], 4), None, "two of four may not");
}

#[test]
fn a_majority_must_confirm() {
    assert_eq!(weighed(&[(0, 10, 1)], 1, 10, None), Agreement::Shared(block(10, 1)));
    assert_eq!(weighed(&[(0, 10, 1)], 2, 10, None), Agreement::None, "half is not more than half");
    assert_eq!(weighed(&[(0, 10, 1), (1, 10, 1), (2, 5, 9)], 3, 10, None), Agreement::Shared(block(10, 1)));
    assert_eq!(weighed(&[(0, 12, 3)], 3, 10, None), Agreement::None, "nobody answered");
}

#[test]
fn one_contradiction_is_enough() {
    let statements = [(0, 10, 1), (1, 10, 1), (2, 10, 2)];
    assert_eq!(weighed(&statements, 3, 10, None), Agreement::Disagree(BlockNumber(10)));
    let lagging = [(0, 10, 1), (1, 10, 1), (0, 5, 1), (2, 5, 2)];
    assert_eq!(weighed(&lagging, 3, 10, None), Agreement::Disagree(BlockNumber(5)));
}

#[test]
fn another_block_where_the_scan_ended_is_a_divergence_if_most_have_it() {
    let scanned = Some(block(5, 1));
    let with = |hash| [(0, 10, 1), (1, 10, 1), (0, 5, hash), (1, 5, hash)];
    assert_eq!(weighed(&with(1), 2, 10, scanned), Agreement::Shared(block(10, 1)));
    assert_eq!(weighed(&with(2), 2, 10, scanned), Agreement::Diverged(BlockHash([2; 32])));
    let one = [(0, 10, 1), (1, 10, 1), (0, 5, 2)];
    assert_eq!(weighed(&one, 3, 10, scanned), Agreement::Shared(block(10, 1)), "one is not most");
    let disputed = [(0, 10, 1), (1, 10, 1), (0, 5, 2), (1, 5, 1)];
    assert_eq!(weighed(&disputed, 2, 10, scanned), Agreement::Disagree(BlockNumber(5)));
}

#[test]
fn a_dispute_is_over_when_all_parties_say_the_same() {
    let mut dispute = None;
    let mut weigh =
        |statements: &[(usize, u64, u8)]| weigh(&said(statements), 2, BlockNumber(20), None, &mut dispute);
    let open = Agreement::Disagree(BlockNumber(10));
    assert_eq!(weigh(&[(0, 10, 1), (1, 10, 2)]), open);
    assert_eq!(weigh(&[(0, 20, 1)]), open, "neither spoke of it");
    assert_eq!(weigh(&[(0, 20, 1), (0, 10, 1)]), open, "the other is away");
    assert_eq!(weigh(&[(0, 20, 1), (1, 20, 1), (0, 10, 1), (1, 10, 1)]), Agreement::Shared(block(20, 1)));
    assert_eq!(weigh(&[(0, 20, 1), (1, 20, 1)]), Agreement::Shared(block(20, 1)));
}
