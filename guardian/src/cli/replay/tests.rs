use super::*;
use crate::replay::{Cause, Leave};
use crypto::execution::Address;
use crypto::spec::{BlsPubkey, Slot, ValidatorIndex};
use guardian_core::proposal::{Origin, RuleKind};
use guardian_core::status::Hold;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn an_outcome_reads_well() {
    let definition = crate::definition::tests::network(2, 3, 1).0;
    let leaving = Candidate {
        validator: BlsPubkey([0xab; 48]),
        index: ValidatorIndex(7),
        operator: Some(Address([0x11; 20])),
        rule: RuleKind::Balance,
        due: Epoch(40),
        origin: Origin::Balance { due: Epoch(40) },
        leaves: Some(Leave { slot: Slot(1376), epoch: Epoch(43) }),
        held_by: BTreeSet::from([Cause(Hold::EpochCap), Cause(Hold::NotFinalizing)]),
    };
    let staying = Candidate { leaves: None, operator: None, held_by: BTreeSet::new(), ..leaving.clone() };
    let coverage =
        Coverage { recorded: 95, in_part: 1, gaps: vec![(Epoch(50), Epoch(53)), (Epoch(60), Epoch(60))] };
    let mut outcome = Outcome {
        from: Epoch(1),
        to: Epoch(100),
        policy: definition.policy,
        caps: definition.caps,
        validators: 16,
        candidates: vec![leaving, staying],
        holds: BTreeMap::from([("epoch_cap", 2), ("not_finalizing", 1)]),
        coverage,
    };
    let text = render(&outcome);
    assert_eq!(
        text,
        "Epochs 1 to 100, 16 validators: 1 would have left, 1 were due and stayed.\n  \
           validator        index  operator         rule     due epoch  leaves in epoch  slot  held by\n  \
           0xabababababab…  7      0x111111111111…  balance  40         43               1376  not_finalizing, epoch_cap\n  \
           0xabababababab…  7      -                balance  40         stays            -     -\n\
         Proposals held: 2 epoch_cap, 1 not_finalizing.\n\
         Recorded: 95 of 100 epochs, 1 of them in part. Without recording: 50 to 53, 60; nothing is concluded over a gap."
    );
    outcome.candidates.clear();
    outcome.holds.clear();
    outcome.coverage = Coverage { recorded: 100, ..Coverage::default() };
    assert_eq!(
        render(&outcome),
        "Epochs 1 to 100, 16 validators: 0 would have left.\nProposals held: none.\nRecorded: 100 of 100 epochs."
    );
}
