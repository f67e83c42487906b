use super::*;
use crate::world::{NOW, World};
use std::sync::Arc;

fn views() -> Vec<ProposalView> {
    let world = World::new(600);
    let snapshot = Snapshot::new(Arc::new(world.status(NOW)), Arc::new(world.definition));
    snapshot.status().proposals.iter().map(|status| ProposalView::of(&snapshot, status)).collect()
}

fn codes(view: &ProposalView) -> Vec<String> {
    let code = |one: &HappeningView| match &one.name {
        Some(name) => format!("{} {name}", one.what),
        None => one.what.clone(),
    };
    view.timeline.iter().map(code).collect()
}

#[test]
fn who_voted_and_signed_is_told_among_the_steps() {
    let views = views();
    let final_ones = views.iter().filter(|view| view.state == State::Finalized && view.exit.is_some());
    let beginning = [
        "due",
        "opened",
        "voted north",
        "proposed",
        "voted east",
        "voted south",
        "voted west",
        "voted harbour",
        "certified",
        "voted meadow",
        "released",
        "signed north",
        "signed east",
        "signed south",
        "signed west",
        "signed harbour",
        "combined",
        "accepted",
    ];
    let mut told = 0;
    for view in final_ones {
        let codes = codes(view);
        assert!(codes.len() > beginning.len());
        told += usize::from(codes[..beginning.len()] == beginning);
    }
    assert!(told > 0, "{:#?}", views.iter().map(codes).collect::<Vec<_>>());
}

#[test]
fn a_timeline_tells_each_vote_and_each_partial_once_in_order() {
    let mut refusals = 0;
    for view in views() {
        assert!(view.timeline.is_sorted_by_key(|one| one.moment.slot), "{:#?}", view.timeline);
        let told = |what: &'static str| view.timeline.iter().filter(move |one| one.what == what);
        let voted: Vec<_> = told("voted").map(|one| (one.guardian.unwrap(), one.moment)).collect();
        assert_eq!(voted, view.votes.iter().map(|vote| (vote.guardian, vote.at)).collect::<Vec<_>>());
        let signed: Vec<_> = told("signed").map(|one| (one.guardian.unwrap(), one.moment)).collect();
        let held = view.partials.iter().map(|partial| (partial.guardian, partial.at));
        assert_eq!(signed, held.collect::<Vec<_>>());
        for (one, vote) in told("voted").zip(&view.votes) {
            assert_eq!((one.decision, one.reason), (Some(vote.decision), vote.reason));
            refusals += usize::from(vote.decision == DecisionCode::Reject);
        }
    }
    assert!(refusals > 0);
}
