use super::*;
use crate::scene::{definition, records};

fn entries(records: &[guardian_core::record::Record]) -> Vec<Entry> {
    (0u64..).zip(records).filter_map(|(number, record)| Entry::of(number, record)).collect()
}

#[test]
fn a_story_is_told_in_the_order_of_the_log() {
    let id = records::proposal().id();
    let story = Story::of(&definition(), id, &entries(&records::samples())).unwrap();
    assert_eq!(story.rule, RuleKind::Offline);
    assert_eq!(story.holds, [(Some(Hold::EpochCap), Some(Slot(35))), (None, Some(Slot(36)))]);
    let votes: Vec<_> =
        story.votes.iter().map(|ballot| (ballot.guardian.0, ballot.slot.unwrap().0)).collect();
    assert_eq!(votes, [(1, 33), (4, 34), (2, 34), (3, 35)], "each when it arrived");
    let held: Vec<_> = story.holders.iter().map(|held| (held.guardian.0, held.slot.unwrap().0)).collect();
    assert_eq!(held, [(1, 36), (2, 36), (3, 37)]);
    assert_eq!(story.released, Some(Slot(36)));
    assert_eq!(story.included, Some(Slot(39)));
    let steps: Vec<_> = story.steps.iter().map(|(step, _)| *step).collect();
    let once = [Step::Gossiped, Step::Included, Step::Withdrawable, Step::Withdrawn];
    assert_eq!(steps, [once, once].concat(), "of one validator, in two proposals");
    assert_eq!(
        story.moves.iter().map(|(state, _)| *state).collect::<Vec<_>>(),
        [State::Submitted, State::Included, State::Finalized]
    );
    assert_eq!(
        story.submissions,
        [Submission { slot: Some(Slot(37)), accepted: 1, known: 1, refused: 1, unreached: 1 }]
    );
    assert!(story.emergency.is_none());
    assert_eq!(Story::of(&definition(), ProposalId([9; 32]), &entries(&records::samples())), None);
}

#[test]
fn what_happens_once_is_told_by_its_first_entry() {
    let mut twice = records::story();
    twice.extend(records::story().into_iter().map(|record| match record {
        guardian_core::record::Record::Released { proposal, .. } => {
            guardian_core::record::Record::Released { proposal, at: Slot(99) }
        }
        other => other,
    }));
    let story = Story::of(&definition(), records::proposal().id(), &entries(&twice)).unwrap();
    assert_eq!(story.released, Some(Slot(36)));
    assert_eq!(story.partials, 3, "by different shares");
    assert_eq!(story.holders.len(), 6);
}

#[test]
fn an_emergencys_votes_and_certificate_are_told_with_its_exits() {
    let records = records::emergency_story();
    let entries = entries(&records);
    let id = entries.iter().find(|entry| entry.kind() == "adopted").and_then(Entry::proposal).unwrap();
    let story = Story::of(&definition(), id, &entries).unwrap();
    let call = story.emergency.unwrap();
    assert_eq!(call.id, records::raised().emergency.id());
    assert_eq!(call.certificate.unwrap().approvals.len(), 3);
    assert_eq!(call.moves, [(EmergencyState::Certified, Some(Slot(34)))]);
    assert_eq!((story.votes.len(), story.certificate), (3, None));
}

/// The hash is of the bytes that the network id covers too.
#[test]
fn a_policy_has_a_hash() {
    let policy = definition().policy;
    let bytes = borsh::to_vec(&policy).unwrap();
    assert_eq!(policy_hash(&policy), Digest(Sha256::digest(bytes).into()));
    let mut other = policy.clone();
    other.vote_window += 1;
    assert_ne!(policy_hash(&other), policy_hash(&policy));
}
