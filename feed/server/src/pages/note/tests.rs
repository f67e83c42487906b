use super::*;
use feed::{Checkpoint, FeedKey, Origin, cosign, sign, with_lines};
use guardian_core::guardian_set::NetworkId;

fn checkpoint() -> Checkpoint {
    let origin =
        Origin { network: NetworkId([7; 32]), guardian: GuardianIndex(1), life: crypto::spec::Slot(0) };
    Checkpoint { origin, size: 80, root: [9; 32] }
}

fn key(guardian: u8) -> FeedKey {
    FeedKey::from_seed([guardian; 32])
}

/// The keys of these guardians.
fn keys(guardians: &[u8]) -> Keys {
    let logs = guardians.iter().map(|number| (GuardianIndex((*number).into()), key(*number).public()));
    Keys { network: checkpoint().origin.network, logs: logs.collect(), group: None }
}

#[test]
fn a_note_tells_who_cosigned_it_and_when() {
    let note = sign(&checkpoint(), &key(1));
    let alone = Note::read(&note, &keys(&[1, 3])).unwrap();
    assert_eq!((alone.size, alone.witnesses.as_slice(), alone.group), (80, &[][..], false));
    assert_eq!(alone.root, format!("0x{}", "09".repeat(32)));
    let line = cosign(&checkpoint(), &key(3), GuardianIndex(3), 1_700_000_000);
    let note = with_lines(&note, &[line]).unwrap();
    let cosigned = Note::read(&note, &keys(&[1, 3])).unwrap();
    assert_eq!(cosigned.witnesses, [(GuardianIndex(3), 1_700_000_000)]);
    let unknown = Note::read(&note, &keys(&[1])).unwrap();
    assert!(unknown.witnesses.is_empty(), "nobody here knows the key of guardian 3");
    assert_eq!(unknown.text, cosigned.text);
}

#[test]
fn names_and_keys_that_are_not_the_networks_are_not_told() {
    let checkpoint = checkpoint();
    let note = sign(&checkpoint, &key(1));
    // Another key under the name of guardian 3; its own key under the name of another network; names that end alike.
    let forged = cosign(&checkpoint, &key(9), GuardianIndex(3), 1);
    let origin = Origin { network: NetworkId([8; 32]), ..checkpoint.origin };
    let strange = cosign(&Checkpoint { origin, ..checkpoint }, &key(3), GuardianIndex(3), 1);
    let named = |name: &str| {
        let body = strange.trim_end().rsplit_once(' ').unwrap().1;
        format!("— {name} {body}\n")
    };
    let lines = [forged, strange.clone(), named("elsewhere/3"), named("elsewhere/group")];
    let read = Note::read(&with_lines(&note, &lines).unwrap(), &keys(&[1, 3])).unwrap();
    assert!(read.witnesses.is_empty() && !read.group, "{read:?}");
}

#[test]
fn what_is_no_note_is_none() {
    assert_eq!(Note::read(b"hello", &keys(&[1])), None);
    assert_eq!(Note::read(b"", &keys(&[1])), None);
}
