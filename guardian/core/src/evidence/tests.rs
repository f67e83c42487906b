use super::*;
use crate::command::Command;
use crate::message::{Decision, Message};
use crate::record::Record;
use crate::scene::operators::{EJECT_SLOT, READ_SLOT, SHORT_SINCE, ejection};
use crate::scene::{BOB, DUE_SLOT, Scene, block, validator};

fn observed(scene: &Scene) -> Vec<&Evidence> {
    let observed = scene.journal.iter().filter_map(|record| match record {
        Record::Observed { evidence, .. } => Some(evidence),
        _ => None,
    });
    observed.collect()
}

#[test]
fn every_vote_is_written_with_what_was_seen() {
    let (mut scene, id) = Scene::voted();
    scene.liveness(9, true);
    assert!(matches!(scene.own(id), Some(Decision::Withdraw(_))));
    let mut votes = 0;
    for command in scene.take() {
        let Command::Persist(records) = command else { continue };
        for (place, record) in records.iter().enumerate() {
            if let Record::VoteCast(vote) = record {
                let before = &records[place - 1];
                assert!(matches!(before, Record::Observed { proposal, .. } if *proposal == vote.proposal));
                votes += 1;
            }
        }
    }
    assert_eq!(votes, 2);
    let [first, second] = observed(&scene)[..] else { panic!("two observations") };
    assert_eq!((first.last_live, first.last_dark), (Some(Epoch(3)), Some(Epoch(8))));
    assert_eq!((second.last_live, second.last_dark), (Some(Epoch(9)), Some(Epoch(8))));
    assert_eq!((first.at_finalized, first.at_head), (Some(validator(0)), Some(validator(0))));
    assert_eq!((first.head, first.finalized.map(|f| f.epoch)), (Some(DUE_SLOT), Some(Epoch(7))));
    assert_eq!((first.nodes.healthy, &first.account, first.confirmed), (1, &None, None));
}

#[test]
fn a_shortage_is_written_with_the_account() {
    let mut scene = Scene::short();
    scene.slot(EJECT_SLOT.0);
    let proposal = ejection(0, SHORT_SINCE, EJECT_SLOT.0);
    scene.hear(BOB, Message::Proposal(proposal.clone()));
    assert_eq!(scene.own(proposal.id()), Some(Decision::Approve));
    let account = observed(&scene)[0].account.as_ref().unwrap();
    assert_eq!((account.read, account.due), (Some(block(READ_SLOT)), Some(SHORT_SINCE)));
    assert!(
        account.present.is_some_and(|present| present < crypto::execution::Tickets::ONE.saturating_mul(20))
    );
    assert_eq!(account.nodes.healthy, 1);
}
