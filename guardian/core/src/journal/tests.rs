use super::*;
use crate::record::Record;
use crypto::spec::Slot;

/// The links of records 0, 1 and 2 below, as Python's `hashlib` makes them.
const GOLDEN: [&str; 3] = [
    "b93af364923f0be4f7ca195d3b495b29df4d7ea3506afce8242a72cc1ab95404",
    "c4b219ecfdb40d2d012d1d1f5ded3df2751d8ac97cb6bd87b7928be90f7f305f",
    "0f8ea4e18f7eef1ede008f666207461cc65835aa9c911cfa7f2d504c44458aad",
];

#[test]
fn links_are_golden() {
    let mut head = JournalHead::default();
    assert_eq!((head.length, head.link), (0, [0; 32]));
    for (place, record) in [b"" as &[u8], b"one", b"two"].into_iter().enumerate() {
        head = head.follow(record);
        assert_eq!(hex::encode(head.link), GOLDEN[place], "record {place}");
    }
    assert_eq!(head.length, 3);
    let shown = format!("3 records, head 0x{}", GOLDEN[2]);
    assert_eq!(head.to_string(), shown);
    let json = format!(r#"{{"length":3,"link":"0x{}"}}"#, GOLDEN[2]);
    assert_eq!(serde_json::to_string(&head).unwrap(), json);
    assert_eq!(serde_json::from_str::<JournalHead>(&json).unwrap(), head);
    assert_eq!(hex::encode(crate::message::canonical(&head)), format!("0300000000000000{}", GOLDEN[2]));
}

#[test]
fn the_same_record_elsewhere_has_another_link() {
    let empty = JournalHead::default();
    let (a, b) = (b"a" as &[u8], b"b" as &[u8]);
    assert_ne!(empty.follow(a).follow(b), empty.follow(b).follow(a));
    assert_ne!(empty.follow(a).follow(a).link, empty.follow(a).link);
    // The count is in the link too: a head cannot claim another length.
    let later = JournalHead { length: 7, ..empty };
    assert_ne!(later.follow(a).link, empty.follow(a).link);
}

/// What was persisted, live and restored alike, is what the head covers.
#[test]
fn a_guardians_head_is_that_of_its_records() {
    let (mut scene, _) = crate::scene::Scene::combined();
    let of = |records: &[Record]| {
        records.iter().fold(JournalHead::default(), |head, record| head.follow(&record.encode()))
    };
    let head = scene.guardian.journal_head();
    assert!(head.length > 10);
    assert_eq!(head, of(&scene.journal));
    assert_eq!(scene.guardian.status().journal, head);
    // A record that contradicts what is known is not written, and the head stays.
    let mut out = Vec::new();
    let unknown = crate::proposal::ProposalId([0xee; 32]);
    assert!(!scene.guardian.persist(Record::Released { proposal: unknown, at: Slot(1) }, &mut out));
    assert_eq!(scene.guardian.journal_head(), head);

    scene.restart(crate::scene::DUE_SLOT);
    assert_eq!(scene.guardian.journal_head(), of(&scene.journal));
}
