//! One entry of a log, proven by the committed `verify.wasm` run by Node and by this code: what is in its place holds, and
//! nothing else does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod module;

use feed::dossier::Dossier;
use feed::tile::bundle;
use feed::tree::{self, Hash, HashReader, ReadError};
use feed::{Checkpoint, FeedKey, TilePath};
use feed_wasm::answer_entry;
use guardian_core::guardian_set::GuardianIndex;
use module::{Asked, answers, ask};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const DOSSIER: &str = include_str!("../../tests/golden/dossier.json");

/// Entries: a full tile, and a part of another.
const SIZE: u64 = 300;

/// The entry that is proven.
const INDEX: u64 = 259;

/// Hashes of a log, as they are stored.
#[derive(Default)]
struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, ReadError> {
        let read = |index: &u64| self.0.get(usize::try_from(*index).ok()?).copied();
        indexes.iter().map(read).collect::<Option<_>>().ok_or(ReadError::IndexesNotInTree)
    }
}

/// What a guardian serves.
struct Served {
    question: Value,
    tiles: BTreeMap<String, Vec<u8>>,
}

fn entry(number: u64) -> Vec<u8> {
    let fact = feed::Fact::NotFinalizing { epoch: crypto::spec::Epoch(1) };
    feed::Entry { record: Some(number), slot: Some(crypto::spec::Slot(number)), fact }.encode()
}

fn served() -> Served {
    served_with(entry)
}

fn served_with(entry: impl Fn(u64) -> Vec<u8>) -> Served {
    let whole: Value = serde_json::from_str(DOSSIER).unwrap();
    let dossier = Dossier::decode(DOSSIER.as_bytes()).unwrap();
    let origin = feed::note::peek(dossier.note.as_bytes()).unwrap().origin;
    let entries: Vec<Vec<u8>> = (0..SIZE).map(entry).collect();
    let mut stored = Stored::default();
    for (number, entry) in (0..).zip(&entries) {
        let more = tree::stored_hashes(number, entry, &stored).unwrap();
        stored.0.extend(more);
    }
    // The key that the dossier's binding is of.
    let key = |guardian: u8| FeedKey::from_seed([guardian; 32]);
    let checkpoint = Checkpoint { origin, size: SIZE, root: tree::root(SIZE, &stored).unwrap() };
    let note = feed::sign(&checkpoint, &key(1));
    let note =
        feed::with_lines(&note, &[feed::cosign(&checkpoint, &key(2), GuardianIndex(2), 1_700_000_000)]);
    let leaves: Vec<[u8; 32]> = entries.iter().map(|entry| tree::leaf_hash(entry)).collect();
    let all = |part: &[Vec<u8>]| bundle(part.iter().map(Vec::as_slice)).unwrap();
    let tiles = [
        ("tile/0/000", leaves[..256].concat()),
        ("tile/0/001.p/44", leaves[256..].concat()),
        ("tile/1/000.p/1", tree::root(256, &stored).unwrap().to_vec()),
        ("tile/entries/000", all(&entries[..256])),
        ("tile/entries/001.p/44", all(&entries[256..])),
    ];
    let question = json!({
        "network": whole["network"], "definition": whole["definition"], "keys": whole["keys"],
        "note": String::from_utf8(note.unwrap()).unwrap(),
    });
    Served { question, tiles: tiles.map(|(path, bytes)| (path.to_owned(), bytes)).into() }
}

impl Served {
    /// As a page asks: whatever is missing is brought.
    fn ask(&self, index: u64) -> Asked {
        let mut brought = Map::new();
        loop {
            let mut question = self.question.clone();
            question["index"] = json!(index);
            question["tiles"] = Value::Object(brought.clone());
            let asked = ask("verify_entry", answer_entry, &question);
            let Some(need) = asked.expected["need"].as_array() else { return asked };
            for path in need {
                let path = path.as_str().unwrap();
                assert!(path.parse::<TilePath>().is_ok() && !brought.contains_key(path), "{path}");
                brought.insert(path.to_owned(), base64(&self.tiles[path]));
            }
        }
    }

    fn change(&mut self, path: &str, place: usize) {
        self.tiles.get_mut(path).unwrap()[place] ^= 1;
    }
}

/// As a binding is written, and nothing else of ours has to be.
fn base64(bytes: &[u8]) -> Value {
    serde_json::to_value(feed::KeyBinding(bytes.to_vec())).unwrap()
}

#[test]
fn an_entry_is_proven_in_its_place_and_nowhere_else() {
    let good = [served().ask(INDEX), served().ask(0), served().ask(SIZE - 1)];
    for (given, (asked, index)) in answers(&good).iter().zip(good.iter().zip([INDEX, 0, SIZE - 1])) {
        assert_eq!(given, &asked.expected);
        assert_eq!(
            (&given["ok"], &given["index"], &given["size"]),
            (&json!(true), &json!(index), &json!(SIZE))
        );
        assert_eq!((&given["kind"], &given["bytes"]), (&json!("not_finalizing"), &json!(entry(index).len())));
        assert!(given["text"].as_str().unwrap().contains(&format!("\"record\": {index}")));
    }

    let lie = |change: &dyn Fn(&mut Served)| {
        let mut served = served();
        change(&mut served);
        served.ask(INDEX)
    };
    let swapped = |served: &mut Served| {
        let mut entries: Vec<Vec<u8>> = (256..SIZE).map(entry).collect();
        entries.swap(3, 4);
        let bundle = bundle(entries.iter().map(Vec::as_slice)).unwrap();
        served.tiles.insert("tile/entries/001.p/44".to_owned(), bundle);
    };
    let bad = [
        // The bytes of the entry; another entry in its place; a hash beside it; the hash of the full tile; a shorter bundle.
        lie(&|served| served.change("tile/entries/001.p/44", 200)),
        lie(&swapped),
        lie(&|served| served.change("tile/0/001.p/44", 0)),
        lie(&|served| served.change("tile/1/000.p/1", 0)),
        lie(&|served| {
            served.tiles.get_mut("tile/entries/001.p/44").unwrap().pop();
        }),
        // A note that nobody signed, a network that the reader does not mean, a key that nobody bound.
        lie(&|served| {
            served.question["note"] =
                json!(served.question["note"].as_str().unwrap().replacen("300", "301", 1))
        }),
        lie(&|served| served.question["network"] = json!(format!("0x{}", "00".repeat(32)))),
        lie(&|served| served.question["keys"][0]["binding"] = served.question["keys"][1]["binding"].clone()),
        served().ask(SIZE),
    ];
    for (number, (asked, given)) in bad.iter().zip(answers(&bad)).enumerate() {
        assert_eq!(given, asked.expected, "{number}");
        assert_eq!(given["ok"], false, "{number}: {given:#}");
        assert!(given["error"].is_string(), "{number}: {given:#}");
    }
}

/// What the log's own reader refuses is shown as bytes, and is of no kind: here a field that is there twice.
#[test]
fn what_no_guardian_writes_is_of_no_kind() {
    let strange = br#"{"kind":"not_finalizing","epoch":1,"epoch":2}"#.to_vec();
    let served = served_with(|number| if number == INDEX { strange.clone() } else { entry(number) });
    let asked = [served.ask(INDEX)];
    let given = answers(&asked).remove(0);
    assert_eq!(given, asked[0].expected);
    assert_eq!((&given["ok"], &given["kind"]), (&json!(true), &Value::Null));
    assert_eq!(given["text"], String::from_utf8(strange).unwrap());
}
