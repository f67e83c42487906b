use super::*;
use crate::checkpoint::Checkpoint;
use crate::scene::log::{Stored, log};
use crate::scene::records;
use crate::tile::bundle;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};

fn verified(log: &Stored, guardian: u16, life: u64, cosigned: &[u16]) -> Verified {
    let origin = Origin { network: NetworkId([1; 32]), guardian: GuardianIndex(guardian), life: Slot(life) };
    let checkpoint = Checkpoint { origin, size: log.size(), root: log.root() };
    let cosigned = cosigned.iter().map(|guardian| (GuardianIndex(*guardian), 1)).collect();
    Verified { checkpoint, cosigned, group: false }
}

fn served(log: &Stored) -> impl Fn(&TilePath) -> Result<Vec<u8>, String> {
    move |path| {
        if path.level.is_some() {
            return log.tile(path);
        }
        let first = usize::try_from(path.number).unwrap() * 256;
        let entries = log.entries[first..first + usize::from(path.width)].iter().map(Vec::as_slice);
        bundle(entries).map_err(|e| e.to_string())
    }
}

fn visit(last: &Stored, now: &Stored) -> Finding {
    let visited = Visited::from(&verified(last, 1, 0, &[]));
    revisit(Some(&visited), &verified(now, 1, 0, &[]), served(now)).unwrap()
}

#[test]
fn a_log_is_as_it_was_or_has_grown() {
    assert_eq!(revisit(None, &verified(&log(3), 1, 0, &[]), served(&log(3))), Ok(Finding::First));
    assert_eq!(visit(&log(300), &log(300)), Finding::Unchanged);
    for (old, new) in [(0, 5), (1, 2), (255, 257), (256, 700), (699, 700)] {
        assert_eq!(visit(&log(old), &log(new)), Finding::Grown { by: new - old });
    }
    assert_eq!(visit(&log(5), &log(4)), Finding::Older);
}

#[test]
fn a_rewritten_history_is_a_fork() {
    let mut other = log(299);
    other.push(b"rewritten".to_vec());
    assert_eq!(visit(&other, &log(300)), Finding::Forked);
    assert_eq!(visit(&other, &log(301)), Finding::Forked);
    assert_eq!(visit(&log(300), &other), Finding::Forked);
}

#[test]
fn tiles_that_cannot_be_trusted_tell_nothing() {
    let (old, new) = (log(300), log(700));
    let visited = Visited::from(&verified(&old, 1, 0, &[]));
    let now = verified(&new, 1, 0, &[]);
    let lost = revisit(Some(&visited), &now, |_: &TilePath| Err("not found".to_owned()));
    assert_eq!(lost, Err(Error::Tiles("not found".to_owned())));
    let wrong = revisit(Some(&visited), &now, |path: &TilePath| Ok(vec![0; usize::from(path.width) * 32]));
    assert!(matches!(wrong, Err(Error::Tiles(_))));
}

#[test]
fn another_life_is_another_log() {
    let visited = Visited::from(&verified(&log(9), 1, 5, &[]));
    let again = |life| revisit(Some(&visited), &verified(&log(2), 1, life, &[]), served(&log(2)));
    assert_eq!(again(6), Ok(Finding::Another { before: Slot(5) }));
    assert_eq!(again(4), Ok(Finding::Older));
    let good = [Finding::First, Finding::Unchanged, Finding::Grown { by: 1 }];
    assert!(good.iter().all(Finding::is_good) && !Finding::Older.is_good() && !Finding::Forked.is_good());
}

#[test]
fn a_visit_survives_being_written_down() {
    let visited = Visited::from(&verified(&log(9), 1, 5, &[]));
    let text = serde_json::to_string(&visited).unwrap();
    assert_eq!(serde_json::from_str::<Visited>(&text).unwrap(), visited);
    assert!(serde_json::from_str::<Visited>(&text.replace("guardian-network", "x")).is_err());
}

#[test]
fn entries_are_proven_as_they_are_read() {
    let log = log(600);
    let now = verified(&log, 1, 0, &[]);
    for index in [0, 255, 256, 599] {
        let read = entry(&now, index, served(&log)).unwrap();
        assert_eq!(read, format!("entry {index}").into_bytes());
    }
    assert!(matches!(entry(&now, 600, served(&log)), Err(Error::Bounds { limit: 599, .. })));
    let changed = |path: &TilePath| {
        let mut bytes = served(&log)(path)?;
        if path.level.is_none() {
            bytes[2] ^= 1;
        }
        Ok(bytes)
    };
    assert_eq!(entry(&now, 0, changed), Err(Error::Proof { what: "inclusion" }));
    assert!(entry(&now, 1, changed).is_ok(), "another entry of the same bundle");
}

fn entries() -> Vec<Entry> {
    (0u64..).zip(&records::samples()).filter_map(|(number, record)| Entry::of(number, record)).collect()
}

#[test]
fn two_logs_tell_the_same_things_alike() {
    let entries = entries();
    let same = compare(&entries, &entries);
    assert!(same.alike >= 8 && same.different.is_empty(), "{same:?}");
    assert_eq!((same.only_first, same.only_second), (0, 0));
    let fewer = compare(&entries[..entries.len() / 2], &entries);
    assert!(fewer.different.is_empty() && fewer.only_first == 0 && fewer.only_second > 0);
}

#[test]
fn a_vote_told_in_two_ways_is_found() {
    let one = entries();
    let mut other = entries();
    let told = other.iter_mut().find_map(|entry| match &mut entry.fact {
        Fact::Vote { decision, guardian: GuardianIndex(4), .. } => Some(decision),
        _ => None,
    });
    *told.unwrap() = guardian_core::message::Decision::Approve;
    let found = compare(&one, &other);
    assert_eq!(found.different.len(), 1);
    assert!(found.different[0].starts_with("vote 0 of guardian 4"), "{:?}", found.different);
}

#[test]
fn a_log_that_contradicts_itself_is_found() {
    let one = entries();
    let mut twice = entries();
    let is_vote = |entry: &&Entry| matches!(entry.fact, Fact::Vote { guardian: GuardianIndex(4), .. });
    let mut lie = one.iter().find(is_vote).unwrap().clone();
    if let Fact::Vote { decision, .. } = &mut lie.fact {
        *decision = guardian_core::message::Decision::Approve;
    }
    // Before the truth: the last telling alone would be like the other log's.
    twice.insert(0, lie);
    for (first, second, who) in [(&twice, &one, "first"), (&one, &twice, "second")] {
        let found = compare(first, second);
        assert_eq!(found.different.len(), 1, "{found:?}");
        assert!(found.different[0].contains(who), "{:?}", found.different);
        assert_eq!((found.only_first, found.only_second), (0, 0));
    }
    assert_eq!(compare(&[], &twice).different.len(), 1);
}

#[test]
fn logs_are_witnessed_by_each_other_or_not() {
    let log = log(3);
    let (alice, bob) = (verified(&log, 1, 0, &[2, 3]), verified(&log, 2, 0, &[3]));
    assert_eq!(witnessed(&alice, &bob), (true, false));
    assert_eq!(witnessed(&bob, &alice), (false, true));
}
