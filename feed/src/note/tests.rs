use super::*;
use crate::checkpoint::{cosign, group_line, sign};
use crate::scene::{feed_key, group_key, group_signature, keys};
use crypto::spec::Slot;

const ALICE: GuardianIndex = GuardianIndex(1);
const BOB: GuardianIndex = GuardianIndex(2);
const CAROL: GuardianIndex = GuardianIndex(3);

fn checkpoint() -> Checkpoint {
    let origin = Origin { network: keys().network, guardian: ALICE, life: Slot(0) };
    Checkpoint { origin, size: 300, root: [0x5a; 32] }
}

fn with_group() -> Keys {
    Keys { group: Some(group_key()), ..keys() }
}

/// Signed by alice's log, cosigned by bob and carol, and signed by the network.
fn note() -> Vec<u8> {
    let lines = [
        cosign(&checkpoint(), &feed_key(3), CAROL, 20),
        cosign(&checkpoint(), &feed_key(2), BOB, 10),
        group_line(&checkpoint(), Slot(7), &group_key(), &group_signature(checkpoint_digest(&checkpoint()))),
    ];
    with_lines(&sign(&checkpoint(), &feed_key(1)), &lines).unwrap()
}

#[test]
fn a_note_tells_who_signed() {
    let verified = verify_note(&note(), &with_group()).unwrap();
    let expected = Verified { checkpoint: checkpoint(), cosigned: vec![(BOB, 10), (CAROL, 20)], group: true };
    assert_eq!(verified, expected);
    assert_eq!(peek(&note()), Ok(checkpoint()));
    let bare = verify_note(&sign(&checkpoint(), &feed_key(1)), &with_group()).unwrap();
    assert_eq!(bare, Verified { checkpoint: checkpoint(), cosigned: Vec::new(), group: false });
}

#[test]
fn lines_of_unknown_keys_are_passed_over() {
    let verified = verify_note(&note(), &keys()).unwrap();
    assert!(!verified.group, "the network's key is not known");
    let mut few = keys();
    few.logs.remove(&CAROL);
    assert_eq!(verify_note(&note(), &few).unwrap().cosigned, [(BOB, 10)]);
    let mut none = keys();
    none.logs.remove(&ALICE);
    assert!(matches!(verify_note(&note(), &none), Err(Error::Guardian { guardian: ALICE, .. })));
}

#[test]
fn a_log_is_signed_by_its_own_key_and_is_no_witness_of_its_own() {
    let unsigned = sign(&checkpoint(), &feed_key(4));
    assert!(matches!(verify_note(&unsigned, &keys()), Err(Error::Signature { .. })));
    // Cosigned by a good witness, but not signed by the log.
    let cosigned = with_lines(&unsigned, &[cosign(&checkpoint(), &feed_key(2), BOB, 10)]).unwrap();
    assert!(matches!(verify_note(&cosigned, &keys()), Err(Error::Signature { .. })));
    let own = cosign(&checkpoint(), &feed_key(1), ALICE, 10);
    let own = with_lines(&sign(&checkpoint(), &feed_key(1)), &[own]).unwrap();
    assert_eq!(verify_note(&own, &keys()).unwrap().cosigned, []);
}

#[test]
fn a_signature_of_another_checkpoint_or_time_is_refused() {
    let mut other = checkpoint();
    other.size += 1;
    let good = cosign(&checkpoint(), &feed_key(2), BOB, 10);
    let (name, text) = good.trim_end().rsplit_once(' ').unwrap();
    let mut bytes = crate::base64_text::decode(text).unwrap();
    bytes[11] += 1;
    let later = format!("{name} {}", crate::base64_text::encode(&bytes));
    for line in [
        cosign(&other, &feed_key(2), BOB, 10),
        later,
        group_line(&checkpoint(), Slot(7), &group_key(), &group_signature(checkpoint_digest(&other))),
    ] {
        let note = with_lines(&sign(&checkpoint(), &feed_key(1)), &[line]).unwrap();
        assert!(matches!(verify_note(&note, &with_group()), Err(Error::Signature { .. })));
    }
}

#[test]
fn another_network_is_refused() {
    let mut elsewhere = keys();
    elsewhere.network = NetworkId([9; 32]);
    assert!(matches!(verify_note(&note(), &elsewhere), Err(Error::Network { what: "the checkpoint", .. })));
}

/// Whatever is changed, the note is refused, or the changed line names a key that nobody knows: never is a line believed
/// that was not signed. Only when the network's signature was asked for is not covered by it.
#[test]
fn no_changed_byte_adds_or_alters_what_is_proven() {
    let (note, keys) = (note(), with_group());
    let whole = verify_note(&note, &keys).unwrap();
    // Characters 5 to 15 of base64 hold bytes 4 to 11.
    let group = String::from_utf8(note.clone()).unwrap().find("/group ").unwrap() + "/group ".len();
    let slot = group + 5..group + 16;
    for at in 0..note.len() {
        let mut changed = note.clone();
        changed[at] ^= 1;
        let Ok(verified) = verify_note(&changed, &keys) else { continue };
        assert_eq!(verified.checkpoint, whole.checkpoint, "byte {at}");
        assert!(verified.cosigned.iter().all(|line| whole.cosigned.contains(line)), "byte {at}");
        let lost = (whole.cosigned.len() - verified.cosigned.len()) + usize::from(!verified.group);
        assert!(lost == 1 || lost == 0 && slot.contains(&at), "byte {at} lost {lost} lines");
    }
    for length in 0..note.len() {
        if let Ok(verified) = verify_note(&note[..length], &keys) {
            assert!(note[..length].ends_with(b"\n") && verified.checkpoint == whole.checkpoint);
        }
    }
}

#[test]
fn lines_are_added_once_and_bounded() {
    let bare = sign(&checkpoint(), &feed_key(1));
    let line = cosign(&checkpoint(), &feed_key(2), BOB, 10);
    let once = with_lines(&bare, std::slice::from_ref(&line)).unwrap();
    assert_eq!(once, [bare.clone(), line.clone().into_bytes()].concat());
    assert_eq!(with_lines(&once, &[line.clone(), line.clone()]).unwrap(), once);
    let later = cosign(&checkpoint(), &feed_key(2), BOB, 11);
    assert_eq!(with_lines(&once, &[later]).unwrap(), once, "one line a key");
    let own = String::from_utf8(bare.clone()).unwrap();
    let own = own.split_once("\n\n").unwrap().1.to_owned();
    assert_eq!(with_lines(&bare, &[own]).unwrap(), bare);

    let witness = |n: u16| cosign(&checkpoint(), &feed_key(2), GuardianIndex(n), 10);
    let lines: Vec<_> = (1..=99).map(witness).collect();
    assert!(with_lines(&bare, &lines).is_ok());
    let lines: Vec<_> = (1..=100).map(witness).collect();
    assert!(matches!(with_lines(&bare, &lines), Err(Error::Note("it has too many signatures"))));
    for wrong in ["", "— name", "name AAAA", "— a+b AAAAAAA=", "— x AAAAAAA=\n— y AAAAAAA="] {
        assert!(matches!(with_lines(&bare, &[wrong.to_owned()]), Err(Error::Note(_))), "{wrong}");
    }
    assert!(with_lines(b"no note", &[line]).is_err());
    assert!(peek(&vec![b'x'; MAX_NOTE + 1]).is_err());
}
