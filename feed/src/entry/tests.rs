use super::*;
use crate::scene::records::{SECRETS, samples};
use crate::scene::{binding, definition};
use guardian_core::guardian_set::NetworkId;
use std::collections::BTreeSet;

/// What each sample becomes, a line each.
const GOLDEN: &str = include_str!("../../tests/golden/entries.jsonl");

fn entries() -> Vec<Entry> {
    let numbered = (0u64..).zip(samples());
    let of_records = numbered.filter_map(|(number, record)| Entry::of(number, &record));
    let first =
        [Entry::definition(&definition()), Entry::key(&definition(), GuardianIndex(1), &binding(1)).unwrap()];
    first.into_iter().chain(of_records).collect()
}

/// A record's place in the enum. A new kind of record has no place here, and does not compile.
fn place(record: &Record) -> usize {
    match record {
        Record::Liveness(_) => 0,
        Record::Finalized(_) => 1,
        Record::Proposed { .. } => 2,
        Record::VoteCast(_) => 3,
        Record::VoteSeen { .. } => 4,
        Record::Certified { .. } => 5,
        Record::Released { .. } => 6,
        Record::PartialHeld { .. } => 7,
        Record::Combined { .. } => 8,
        Record::Submitted { .. } => 9,
        Record::Moved { .. } => 10,
        Record::Faulted { .. } => 11,
        Record::NotFinalizing(_) => 12,
        Record::Scanned(_) => 13,
        Record::Asked { .. } => 14,
        Record::Raised { .. } => 15,
        Record::EmergencyCertified { .. } => 16,
        Record::EmergencyMoved { .. } => 17,
        Record::Cancelled { .. } => 18,
        Record::Adopted { .. } => 19,
        Record::Observed { .. } => 20,
        Record::Held { .. } => 21,
        Record::Reached { .. } => 22,
        Record::WishCast { .. } => 23,
        Record::WishSeen { .. } => 24,
        Record::Lapsed(_) => 25,
        Record::Spared { .. } => 26,
        Record::Preceded { .. } => 27,
        Record::Opened { .. } => 28,
        Record::Ceremony { .. } => 29,
        Record::GroupSigned { .. } => 30,
        Record::Inherited { .. } => 31,
    }
}

/// Every kind of record is among the samples, so that nothing below is proven of some kinds only.
#[test]
fn the_samples_are_all_kinds_of_records() {
    let places: BTreeSet<_> = samples().iter().map(place).collect();
    assert_eq!(places, (0..32).collect());
}

#[test]
fn the_bytes_are_these() {
    let lines: Vec<_> = entries().iter().map(|entry| String::from_utf8(entry.encode()).unwrap()).collect();
    for (line, golden) in lines.iter().zip(GOLDEN.lines()) {
        assert_eq!(line, golden);
    }
    assert_eq!(lines.len(), GOLDEN.lines().count());
}

/// All kinds but the one of entries that are too long.
#[test]
fn the_golden_entries_are_of_all_kinds() {
    let kinds: BTreeSet<_> = entries().iter().map(Entry::kind).collect();
    assert_eq!(kinds.len(), 27, "{kinds:?}");
    for entry in entries() {
        let value: serde_json::Value = serde_json::from_slice(&entry.encode()).unwrap();
        assert_eq!(value["kind"], entry.kind());
        assert_eq!(value["record"].as_u64(), entry.record());
        assert_eq!(value["slot"].as_u64(), entry.slot().map(|slot| slot.0));
    }
}

#[test]
fn what_was_written_reads_back_and_nothing_else() {
    for entry in entries() {
        let bytes = entry.encode();
        assert_eq!(Entry::decode(&bytes), Ok(entry));
        let text = String::from_utf8(bytes).unwrap();
        let wrong = [
            format!("{text} "),
            format!("{text}\n"),
            text.replacen('{', "{ ", 1),
            text.replacen('{', "{\"more\":1,", 1),
            text.replacen("\"kind\":\"", "\"kind\":\"x", 1),
        ];
        for wrong in wrong {
            assert!(matches!(Entry::decode(wrong.as_bytes()), Err(Error::Entry(_))), "{wrong}");
        }
    }
}

/// What operators ask, write and call their nodes, and the bytes of partial signatures.
#[test]
fn nothing_private_is_published() {
    let told: String = entries().iter().map(|entry| String::from_utf8(entry.encode()).unwrap()).collect();
    for secret in SECRETS {
        let in_records = samples().iter().any(|record| {
            let bytes = record.encode();
            bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
        });
        assert!(in_records, "{secret} is in no sample: this proves nothing");
        let forms =
            [(*secret).to_owned(), hex::encode(secret), crate::base64_text::encode(secret.as_bytes())];
        for form in forms {
            assert!(!told.contains(form.trim_end_matches('=')), "{form}");
        }
    }
}

#[test]
fn a_long_entry_says_what_it_was() {
    let mut entry = Entry::definition(&definition());
    let Fact::Definition { definition, .. } = &mut entry.fact else { panic!() };
    definition.name = "x".repeat(MAX_ENTRY);
    let whole = entry.written();
    let bytes = entry.encode();
    let short = Entry::decode(&bytes).unwrap();
    let expected = Fact::Oversized {
        of: "definition".to_owned(),
        bytes: whole.len().try_into().unwrap(),
        sha256: hex::encode(Sha256::digest(&whole)),
    };
    assert_eq!(short.fact, expected);
    assert!(Entry::decode(&whole).is_err());
}

#[test]
fn a_key_entry_is_of_a_binding_that_holds() {
    assert!(Entry::key(&definition(), GuardianIndex(2), &binding(1)).is_err());
}

#[test]
fn the_definition_is_told_whole() {
    let Fact::Definition { id, definition: told } = Entry::definition(&definition()).fact else { panic!() };
    assert_eq!(*told, definition());
    assert_eq!(told.id(), id);
    assert_ne!(id, NetworkId([0; 32]));
}

proptest::proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let _ = Entry::decode(&bytes);
    }
}
