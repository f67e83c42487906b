use super::*;
use crate::audit::tests::{chain, finalized, liveness, offline, proposal, proposed, story};
use guardian_core::message::{RejectReason, Vote};
use guardian_core::proposal::{ProposalId, State};

fn told(record: Record) -> Entry {
    let linked = chain(std::slice::from_ref(&record)).remove(0);
    Entry::of(&linked, Some(&record))
}

#[test]
fn records_are_told_for_people_and_for_programs() {
    let one = proposal(3, offline());
    let entry = told(proposed(one.clone()));
    assert_eq!(
        (entry.number, &*entry.kind, entry.slot, entry.text.as_str()),
        (
            0,
            "proposed",
            Some(Slot(320)),
            "exit of validator 3 proposed: dark from epoch 5 to 7; votes from slot 320 to 351"
        )
    );
    assert_eq!(entry.record["id"], one.id().to_string());
    assert_eq!(entry.record["proposal"]["origin"]["offline"]["dark_to"], 7);

    let id = ProposalId([1; 32]);
    let vote = Vote { proposal: id, revision: 2, decision: Decision::Withdraw(RejectReason::Attesting) };
    let entry = told(Record::VoteCast(vote.clone()));
    assert_eq!(
        (&*entry.kind, entry.text.as_str()),
        ("vote_cast", "our vote, revision 2: withdraw, attesting")
    );
    let (from, envelope) = (GuardianIndex(2), Envelope(vec![0xab, 0xcd]));
    let entry = told(Record::VoteSeen { from, vote, envelope, at: Slot(9) });
    assert_eq!((entry.slot, &entry.record["at"]), (Some(Slot(9)), &serde_json::json!(9)));
    assert_eq!(entry.text, "guardian 2, revision 2: withdraw, attesting");
    assert_eq!(entry.record["envelope"], "0xabcd");

    let index = crypto::threshold::ShareIndex::new(2).unwrap();
    let signature = crypto::partial::SignatureShare([3; 192]);
    let partial = guardian_core::message::Partial { proposal: id, index, signature };
    let entry = told(Record::PartialHeld { from, partial, envelope: None, at: Slot(9) });
    assert_eq!((entry.slot, &entry.record["at"]), (Some(Slot(9)), &serde_json::json!(9)));

    let entry = told(Record::Moved { proposal: id, to: State::Included, at: Slot(9) });
    assert_eq!((entry.slot, entry.text.as_str()), (Some(Slot(9)), "moved to included"));
    let outcomes = vec![
        ("a".to_owned(), PostOutcome::Accepted),
        ("b".to_owned(), PostOutcome::Rejected("no".to_owned())),
    ];
    let entry = told(Record::Submitted { proposal: id, at: Slot(9), outcomes });
    assert_eq!(entry.text, "exit posted; a: accepted, b: rejected (no)");
    assert_eq!(entry.record["outcomes"][1]["result"]["detail"], "no");
    assert_eq!(told(liveness(5, &[1], &[2, 3])).text, "epoch 5: 1 attested, 2 dark");
    assert_eq!(told(finalized(5)).record["epoch"], 5);
    let scan = story().0.remove(0);
    let entry = told(scan);
    assert_eq!(entry.text, "contracts scanned, blocks 1 to 6: 1 logs, 1 registrations, 1 accepted");
    assert_eq!(entry.record["logs"][0]["event"], "registered");
    assert_eq!(entry.record["logs"][0]["detail"]["verdict"], "accepted");
    // What programs read.
    let json = serde_json::to_value(&entry).unwrap();
    let fields: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["kind", "link", "number", "record", "slot", "text"]);
}
