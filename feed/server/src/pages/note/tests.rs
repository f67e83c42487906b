use super::*;
use feed::{Checkpoint, FeedKey, Origin, cosign, sign, with_lines};
use guardian_core::guardian_set::NetworkId;

fn checkpoint() -> Checkpoint {
    let origin =
        Origin { network: NetworkId([7; 32]), guardian: GuardianIndex(1), life: crypto::spec::Slot(0) };
    Checkpoint { origin, size: 80, root: [9; 32] }
}

#[test]
fn a_note_tells_who_cosigned_it_and_when() {
    let (own, other) = (FeedKey::from_seed([1; 32]), FeedKey::from_seed([2; 32]));
    let note = sign(&checkpoint(), &own);
    let alone = Note::read(&note).unwrap();
    assert_eq!((alone.size, alone.witnesses.as_slice(), alone.group), (80, &[][..], false));
    assert_eq!(alone.root, format!("0x{}", "09".repeat(32)));
    let line = cosign(&checkpoint(), &other, GuardianIndex(3), 1_700_000_000);
    let cosigned = Note::read(&with_lines(&note, &[line]).unwrap()).unwrap();
    assert_eq!(cosigned.witnesses, [(GuardianIndex(3), Some(1_700_000_000))]);
}

#[test]
fn what_is_no_note_is_none() {
    assert_eq!(Note::read(b"hello"), None);
    assert_eq!(Note::read(b""), None);
}
