//! Questions and answers, both JSON. Every answer has `ok`; one that is not ok has `error` in words, or the checks that
//! failed.

use crypto::group_key::GroupPublicKey;
use feed::dossier::{Bound, Dossier};
use feed::note::{Keys, verify_note};
use feed::roots::Word;
use feed::tree::{check_inclusion, leaf_hash};
use feed::visit::{Visited, revisit};
use feed::{Error, TilePath};
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
    answered(question, |question: NoteQuestion| note(&question).map_err(|e| e.to_string()))
}

fn note(question: &NoteQuestion) -> Result<Value, Error> {
    let found = question.definition.id();
    if found != question.network {
        return Err(Error::Network { what: "the definition", found, expected: question.network });
    }
    let pairs = question.keys.iter().map(|bound| (bound.guardian, &bound.binding));
    let keys = Keys::bound(&question.definition, pairs, question.group_key)?;
    let verified = verify_note(question.note.as_bytes(), &keys)?;
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

#[derive(Deserialize)]
struct ConsistencyQuestion {
    #[serde(flatten)]
    now: NoteQuestion,
    last: Visited,
    tiles: BTreeMap<String, Vec<Word>>,
}

/// As for [`answer_note`], and `last: {origin, size, root}` of the visit before, and `tiles: {path: [hash]}`: whether the log
/// extends what it was. Answers `{ok, finding, ..}`, or `{ok: false, need: [path]}` with the tiles that have to be brought
/// as well.
pub fn answer_consistency(question: &[u8]) -> Vec<u8> {
    answered(question, |question: ConsistencyQuestion| {
        note(&question.now).map_err(|e| e.to_string())?;
        let pairs = question.now.keys.iter().map(|bound| (bound.guardian, &bound.binding));
        let keys = Keys::bound(&question.now.definition, pairs, question.now.group_key);
        let verified = keys.and_then(|keys| verify_note(question.now.note.as_bytes(), &keys));
        let verified = verified.map_err(|e| e.to_string())?;
        let need = RefCell::new(Vec::new());
        let fetch = |path: &TilePath| match question.tiles.get(&path.to_string()) {
            Some(hashes) => Ok(hashes.iter().flat_map(|hash| hash.0).collect()),
            None => {
                need.borrow_mut().push(path.to_string());
                Err(format!("{path} is missing"))
            }
        };
        let finding = revisit(Some(&question.last), &verified, fetch);
        let need = need.into_inner();
        if !need.is_empty() {
            return Ok(json!({ "ok": false, "need": need }));
        }
        let finding = finding.map_err(|e| e.to_string())?;
        let mut told = json!({ "ok": finding.is_good() });
        if let (Some(told), Ok(Value::Object(words))) = (told.as_object_mut(), serde_json::to_value(finding))
        {
            told.extend(words);
        }
        Ok(told)
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
