use super::*;
use crate::world::{NOW, World};
use guardian_core::record::Record;

#[test]
fn a_story_has_its_own_entries_and_those_of_everybody() {
    let world = World::new(100);
    let status = world.status(NOW);
    let (one, other) = (&status.proposals[0].proposal, &status.proposals[1].proposal);
    let encoded = |entry: Option<Entry>| entry.unwrap().encode();
    let entries = [
        Entry::definition(&world.definition).encode(),
        encoded(Entry::of(0, &Record::Proposed { proposal: one.clone(), at: NOW })),
        encoded(Entry::of(1, &Record::Proposed { proposal: other.clone(), at: NOW })),
        b"{\"kind\":\"of a later version\"}".to_vec(),
        encoded(Entry::of(2, &Record::Released { proposal: one.id(), at: NOW })),
        encoded(Entry::of(3, &Record::Spared { pubkey: one.pubkey, at: NOW })),
    ];
    let mut index = Index::default();
    let marks: Vec<_> = entries.iter().map(|entry| Mark::of(entry)).collect();
    index.take(marks[..2].to_vec());
    index.take(marks[2..].to_vec());
    assert_eq!(index.next, 6);
    assert_eq!(index.story(&one.id()), Some(vec![0, 1, 4, 5]));
    assert_eq!(index.story(&other.id()), Some(vec![0, 2]));
    assert_eq!(index.story(&ProposalId([9; 32])), None);
}
