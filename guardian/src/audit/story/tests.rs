use super::*;
use crate::audit::tests::{about, chain, finalized, liveness, offline, proposal, proposed};
use guardian_core::registration::JudgedLog;

fn prefix(text: &str) -> Question {
    Question { proposal: Some(text.parse().unwrap()), ..Question::default() }
}

#[test]
fn no_proposal_and_several_are_explained() {
    let proposals: Vec<ExitProposal> = (0..40).map(|index| proposal(index, offline())).collect();
    let records: Vec<Record> = proposals.iter().cloned().map(proposed).collect();
    let records = chain(&records);
    // Among forty, two begin alike.
    let digit = |one: &ExitProposal| hex::encode(one.id().0)[..1].to_owned();
    let first = proposals
        .iter()
        .map(digit)
        .find(|wanted| proposals.iter().filter(|one| digit(one) == *wanted).count() > 1)
        .unwrap();
    let refused = about(&records, &prefix(&first)).unwrap_err().to_string();
    assert!(refused.contains("give more digits: 0x"), "{refused}");
    let refused = about(&records, &prefix(&"0".repeat(64))).unwrap_err().to_string();
    assert!(refused.contains("no such proposal"), "{refused}");

    let many: Vec<Record> =
        (0..257).map(|due| proposed(proposal(3, Origin::Balance { due: Epoch(due) }))).collect();
    let asked = Question { validator: Some(ValidatorName::Index(ValidatorIndex(3))), ..Question::default() };
    let refused = about(&chain(&many), &asked).unwrap_err().to_string();
    assert!(refused.contains("more than 256 proposals"), "{refused}");
}

#[test]
fn each_rule_rests_on_what_it_looks_at() {
    let account = Address([9; 20]);
    let to = crypto::execution::Block {
        number: crypto::execution::BlockNumber(2),
        hash: crypto::execution::BlockHash([0; 32]),
        timestamp: 1,
    };
    let deposit = |operator| {
        let amount = crypto::execution::Tickets(1);
        let event = JudgedEvent::TicketsDeposited { operator, amount };
        let logs = vec![JudgedLog { block: to.number, index: 0, timestamp: 1, event }];
        Record::Scanned(ScanReport { from: to.number, to, logs })
    };
    let facts =
        [liveness(5, &[], &[3]), deposit(account), deposit(Address([8; 20])), finalized(6), finalized(7)];
    let due = Epoch(7);
    let cases = [
        (offline(), vec![0, 4, 5]),
        (Origin::Tickets { operator: account, due }, vec![1, 4, 5]),
        (Origin::Balance { due }, vec![4, 5]),
    ];
    for (origin, expected) in cases {
        let proposal = proposal(3, origin);
        let mut records = facts.to_vec();
        records.push(proposed(proposal.clone()));
        // Nobody votes on it: what came later is no cause.
        records.extend([finalized(8), liveness(8, &[], &[3])]);
        let audit = about(&chain(&records), &prefix(&proposal.id().to_string())).unwrap();
        let numbers: Vec<u64> = audit.entries.iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, expected, "{:?}", proposal.origin);
    }
}
