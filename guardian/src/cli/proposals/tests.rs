use super::*;
use crate::cli::propose::tests::forecast;
use crypto::spec::{Slot, ValidatorIndex};
use guardian_core::emergency::{Emergency, Raiser, Severity};
use guardian_core::event::NodeHealth;
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch};
use guardian_core::message::RejectReason;
use guardian_core::proposal::ProposalId;
use guardian_core::status::VoteStatus;

fn inspection() -> Inspection {
    let emergency = Emergency {
        guardian_set_epoch: GuardianSetEpoch(1),
        raiser: Raiser::Guardian { guardian: GuardianIndex(2) },
        validators: vec![ValidatorIndex(0), ValidatorIndex(1), ValidatorIndex(2)],
        severity: Severity::Normal,
        reason: "keys leaked".to_owned(),
        opened: Slot(100),
        expires: Slot(1_900),
    };
    let votes = vec![
        VoteStatus { guardian: GuardianIndex(2), decision: Decision::Approve, at: Slot(95) },
        VoteStatus {
            guardian: GuardianIndex(3),
            decision: Decision::Reject(RejectReason::Operator),
            at: Slot(100),
        },
    ];
    let status = EmergencyStatus {
        id: ProposalId([0x5f; 32]),
        emergency,
        state: EmergencyState::Open,
        raised: Slot(101),
        certifiable_from: Slot(250),
        votes,
        own: None,
        note: None,
        certified: None,
        exits: [("waiting".to_owned(), 3)].into(),
    };
    let nodes = NodeHealth { total: 2, healthy: 2, disagree: false };
    Inspection { status, authority: "sealed by guardian 2".to_owned(), nodes, forecast: forecast(3) }
}

#[test]
fn a_list_tells_what_is_to_be_decided() {
    let (definition, _) = crate::definition::tests::network(3, 4, 1);
    let times = Times::new(&definition.chain, Slot(100));
    let text = in_rows([&inspection().status].into_iter(), &definition, &times);
    let row = "  0x5f5f5f5f5f5f…  guardian-2  normal    3           open   1 of 3, 1 against  YOURS TO DECIDE  \
               in 6 h 0 min  keys leaked";
    assert!(text.lines().any(|line| line == row), "{text}");
    assert!(in_rows(std::iter::empty(), &definition, &times).starts_with("No emergencies"));
}

#[test]
fn one_in_full_tells_who_voted_how_and_what_comes_next() {
    let (definition, _) = crate::definition::tests::network(3, 4, 1);
    let text = in_full(&inspection(), &definition, &Times::new(&definition.chain, Slot(100)));
    let id = format!("0x{}", "5f".repeat(32));
    let (first, last) = (
        format!("Emergency   {id} (normal, open)"),
        format!("Next: guardian approve {id}, or guardian reject {id}"),
    );
    for line in [
        first.as_str(),
        "Reason      keys leaked",
        "Raised by   guardian-2, slot 101 (in 12 s)",
        "Authority   sealed by guardian 2",
        "Votes       1 of 3 approve, 1 against: guardian-2 approves at slot 95 (1 min 0 s ago), \
         guardian-3 rejects (operator) at slot 100 (now)",
        "This one    YOURS TO DECIDE",
        "Certified   not yet; not before slot 250 (in 30 min 0 s)",
        "Exits       3 waiting",
        "Found by    2 of 2 own beacon nodes",
        last.as_str(),
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
}

#[test]
fn raisers_go_by_the_names_of_the_definition_and_what_is_over_foresees_nothing() {
    let (mut definition, _) = crate::definition::tests::network(3, 4, 1);
    let proposer = crypto::execution::Address([7; 20]);
    let named =
        |definition: &NetworkDefinition| raiser(&Raiser::Contract { proposer, number: 4 }, definition);
    assert_eq!(named(&definition), "0x070707070707… by contract, number 4");
    definition.emergency.proposers.push(guardian_core::emergency::Proposer {
        name: "timelock".to_owned(),
        account: proposer,
        max_validators: 8,
        operators: Vec::new(),
        modules: Vec::new(),
    });
    assert_eq!(named(&definition), "`timelock` by contract, number 4");
    assert_eq!(raiser(&Raiser::Account { proposer }, &definition), "`timelock` by signature");

    let times = Times::new(&definition.chain, Slot(300));
    let mut one = inspection();
    let open = in_full(&one, &definition, &times);
    assert!(open.contains("Certified   not yet; at once when 3 approve\n"), "{open}");
    one.status.state = EmergencyState::Expired;
    let over = in_full(&one, &definition, &times);
    assert!(over.contains("Certified   never\n") && over.contains("Exits       none\n"), "{over}");
    assert!(!over.contains("Leaving") && !over.contains("Next:"), "{over}");
}
