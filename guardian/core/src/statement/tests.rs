use super::*;

#[test]
fn a_statement_is_read_as_it_was_written_and_nothing_longer_is_one() {
    let choice = Choice(vec![(GuardianIndex(1), Digest([1; 32])), (GuardianIndex(3), Digest([3; 32]))]);
    for statement in [
        Statement::Accept,
        Statement::Dealt { digest: Digest([7; 32]) },
        Statement::Choose { view: 2, choice: choice.clone() },
        Statement::Commit { view: 2, choice: choice.digest() },
        Statement::Proven { result: Digest([9; 32]), proof: vec![1, 2, 3] },
        Statement::Destroyed,
    ] {
        let bytes = statement.encode();
        assert_eq!(Statement::decode(&bytes), Some(statement.clone()));
        assert_eq!(Statement::decode(&[bytes.as_slice(), &[0]].concat()), None);
        assert_eq!(Statement::decode(&bytes[..bytes.len() - 1]), None);
    }
    assert_eq!(
        hex::encode(Statement::Dealt { digest: Digest([7; 32]) }.encode()),
        format!("0104{}", "07".repeat(32))
    );
}

#[test]
fn what_is_out_of_range_is_no_statement() {
    let pair = |index| (GuardianIndex(index), Digest([0; 32]));
    for choice in [vec![pair(2), pair(1)], vec![pair(1), pair(1)], (1..=101).map(pair).collect()] {
        let statement = Statement::Choose { view: 0, choice: Choice(choice) };
        assert_eq!(Statement::decode(&statement.encode()), None);
    }
    let long = Statement::Proven { result: Digest([0; 32]), proof: vec![0; MAX_PROOF + 1] };
    assert_eq!(Statement::decode(&long.encode()), None);
    let dealing = Envelope(vec![0; MAX_DEALING + 1]);
    let accuse = Statement::Accuse { dealer: GuardianIndex(1), batch: 0, dealing };
    assert_eq!(Statement::decode(&accuse.encode()), None);
    assert_eq!(Statement::decode(&[2, 1]), None, "another version");
}
