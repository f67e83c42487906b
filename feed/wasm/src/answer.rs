//! Questions and answers, both JSON. Every answer has `ok`; one that is not ok has `error` in words, or the checks that
//! failed.

use crypto::group_key::GroupPublicKey;
use feed::dossier::{Bound, Dossier};
use feed::note::{Keys, Verified, verify_note};
use feed::roots::Word;
use feed::tree::{check_inclusion, leaf_hash};
use feed::visit::{Visited, entry, revisit};
use feed::{Entry, Error, TilePath};
use guardian_core::guardian_set::{NetworkDefinition, NetworkId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A note, and by what it is verified.
#[derive(Deserialize)]
struct NoteQuestion {
    /// The id that the reader trusts.
    network: NetworkId,
    definition: NetworkDefinition,
    keys: Vec<Bound>,
    #[serde(default)]
    group_key: Option<GroupPublicKey>,
    note: String,
}

/// `{network, definition, keys: [{guardian, binding}], group_key?, note}`: verifies a checkpoint. Answers
/// `{ok, origin, guardian, life, size, root, cosigned: [{guardian, time}], group}`.
pub fn answer_note(question: &[u8]) -> Vec<u8> {
    answered(question, |question: NoteQuestion| {
        let verified = question.verify().map_err(|e| e.to_string())?;
        let checkpoint = verified.checkpoint;
        let cosigned = verified.cosigned.iter();
        let cosigned: Vec<_> =
            cosigned.map(|(guardian, time)| json!({ "guardian": guardian, "time": time })).collect();
        Ok(json!({
            "ok": true,
            "origin": checkpoint.origin.to_string(),
            "guardian": checkpoint.origin.guardian,
            "life": checkpoint.origin.life,
            "size": checkpoint.size,
            "root": Word(checkpoint.root),
            "cosigned": cosigned,
            "group": verified.group,
        }))
    })
}

impl NoteQuestion {
    fn verify(&self) -> Result<Verified, Error> {
        let found = self.definition.id();
        if found != self.network {
            return Err(Error::Network { what: "the definition", found, expected: self.network });
        }
        let pairs = self.keys.iter().map(|bound| (bound.guardian, &bound.binding));
        let keys = Keys::bound(&self.definition, pairs, self.group_key)?;
        verify_note(self.note.as_bytes(), &keys)
    }
}

#[derive(Deserialize)]
struct InclusionQuestion {
    size: u64,
    root: Word,
    index: u64,
    entry: String,
    proof: Vec<Word>,
}

/// `{size, root, index, entry, proof: [hash]}`: whether a log has this entry, as text, in this place. Answers `{ok}`.
pub fn answer_inclusion(question: &[u8]) -> Vec<u8> {
    answered(question, |question: InclusionQuestion| {
        let proof: Vec<_> = question.proof.iter().map(|word| word.0).collect();
        let leaf = leaf_hash(question.entry.as_bytes());
        check_inclusion(&proof, question.size, question.root.0, question.index, leaf)
            .map(|()| json!({ "ok": true }))
            .map_err(|e| e.to_string())
    })
}

/// Tiles and bundles by path, as they were served. None of them is believed.
#[derive(Deserialize)]
#[serde(transparent)]
struct Tiles(BTreeMap<String, Tile>);

#[derive(Deserialize)]
#[serde(transparent)]
struct Tile(#[serde(with = "feed::base64_text")] Vec<u8>);

/// Gives a tile by its path, or says that it is missing.
type Fetch<'a> = &'a dyn Fn(&TilePath) -> Result<Vec<u8>, String>;

impl Tiles {
    /// What `work` makes of the tiles; or `{ok: false, need: [path]}`, with those that have to be brought as well.
    fn answer(&self, work: impl FnOnce(Fetch<'_>) -> Result<Value, Error>) -> Result<Value, String> {
        let need = RefCell::new(Vec::new());
        let told = work(&|path| match self.0.get(&path.to_string()) {
            Some(tile) => Ok(tile.0.clone()),
            None => {
                need.borrow_mut().push(path.to_string());
                Err(format!("{path} is missing"))
            }
        });
        let need = need.into_inner();
        if need.is_empty() {
            told.map_err(|e| e.to_string())
        } else {
            Ok(json!({ "ok": false, "need": need }))
        }
    }
}

#[derive(Deserialize)]
struct ConsistencyQuestion {
    #[serde(flatten)]
    now: NoteQuestion,
    last: Visited,
    tiles: Tiles,
}

/// As for [`answer_note`], and `last: {origin, size, root}` of the visit before, and `tiles: {path: base64}`: whether the log
/// extends what it was. Answers `{ok, finding, ..}`, or `{ok: false, need: [path]}` with the tiles that have to be brought
/// as well.
pub fn answer_consistency(question: &[u8]) -> Vec<u8> {
    answered(question, |question: ConsistencyQuestion| {
        let verified = question.now.verify().map_err(|e| e.to_string())?;
        question.tiles.answer(|fetch| {
            let finding = revisit(Some(&question.last), &verified, fetch)?;
            let mut told = json!({ "ok": finding.is_good() });
            if let (Some(told), Ok(Value::Object(words))) =
                (told.as_object_mut(), serde_json::to_value(finding))
            {
                told.extend(words);
            }
            Ok(told)
        })
    })
}

#[derive(Deserialize)]
struct EntryQuestion {
    #[serde(flatten)]
    now: NoteQuestion,
    index: u64,
    tiles: Tiles,
}

/// As for [`answer_note`], and the `index` of an entry, from 0, and `tiles: {path: base64}` with the bundle that has it:
/// whether its bytes are in this place of the tree that is signed. Answers `{ok, index, size, root, bytes, kind, text}`,
/// `text` being the entry for people and `kind` null when no guardian of this version wrote it so; or `{ok: false, need: [path]}`.
pub fn answer_entry(question: &[u8]) -> Vec<u8> {
    answered(question, |question: EntryQuestion| {
        let verified = question.now.verify().map_err(|e| e.to_string())?;
        question.tiles.answer(|fetch| {
            let bytes = entry(&verified, question.index, fetch)?;
            // Only what is in the one form that guardians write is shown as more than its bytes.
            let known = Entry::decode(&bytes).ok();
            let value: Option<Value> = known.as_ref().and_then(|_| serde_json::from_slice(&bytes).ok());
            let text = value.as_ref().and_then(|value| serde_json::to_string_pretty(value).ok());
            Ok(json!({
                "ok": true,
                "index": question.index,
                "size": verified.checkpoint.size,
                "root": Word(verified.checkpoint.root),
                "bytes": bytes.len(),
                "kind": known.as_ref().map(Entry::kind),
                "text": text.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned()),
            }))
        })
    })
}

#[derive(Deserialize)]
struct DossierQuestion {
    network: NetworkId,
    /// As text: numbers of a parsed document would not survive the page's own.
    dossier: String,
}

/// `{network, dossier}`, the dossier as the text that it came in: verifies it. Answers its report:
/// `{ok, network, guardian, proposal, proven_exit, included, checks: [{code, ok, words}]}`.
pub fn answer_dossier(question: &[u8]) -> Vec<u8> {
    answered(question, |question: DossierQuestion| {
        let report = Dossier::decode(question.dossier.as_bytes())
            .and_then(|dossier| dossier.verify(question.network))
            .map_err(|e| e.to_string())?;
        serde_json::to_value(report).map_err(|e| e.to_string())
    })
}

fn answered<Q: for<'de> Deserialize<'de>>(
    question: &[u8],
    answer: impl FnOnce(Q) -> Result<Value, String>,
) -> Vec<u8> {
    let question = serde_json::from_slice(question).map_err(|e| format!("the question cannot be read: {e}"));
    let told = question.and_then(answer).unwrap_or_else(|error| json!({ "ok": false, "error": error }));
    told.to_string().into_bytes()
}
