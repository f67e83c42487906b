use super::*;
use crate::checkpoint::{Checkpoint, checkpoint_digest, cosign, group_line, sign};
use crate::entry::Entry;
use crate::note::with_lines;
use crate::origin::Origin;
use crate::scene::log::Stored;
use crate::scene::{self, binding, definition, feed_key, group_key, group_signature, records};
use crate::tree::prove_inclusion;
use crypto::spec::Slot;
use crypto::typed_data::AccountSignature;
use guardian_core::emergency::{Cancellation, Proof};
use guardian_core::lifecycle::Step;
use guardian_core::proposal::{ProposalId, State};
use guardian_core::record::Record;
use serde_json::Value;

const ALICE: GuardianIndex = GuardianIndex(1);

/// The dossiers that the browser's and other readers' tests verify as well.
const GOLDEN: &str = include_str!("../../tests/golden/dossier.json");
const GOLDEN_EMERGENCY: &str = include_str!("../../tests/golden/emergency.json");

/// A log of these records, after its first entries.
fn log(records: &[Record]) -> Stored {
    let first = [Entry::definition(&definition()), Entry::key(&definition(), ALICE, &binding(1)).unwrap()];
    let told = (0u64..).zip(records).filter_map(|(number, record)| Entry::of(number, record));
    Stored::of(first.into_iter().chain(told).map(|entry| entry.encode()))
}

fn note(log: &Stored) -> Vec<u8> {
    let origin = Origin { network: definition().id(), guardian: ALICE, life: Slot(0) };
    let checkpoint = Checkpoint { origin, size: log.size(), root: log.root() };
    let lines = [
        cosign(&checkpoint, &feed_key(2), GuardianIndex(2), scene::NOW + 1),
        cosign(&checkpoint, &feed_key(3), GuardianIndex(3), scene::NOW + 2),
        group_line(&checkpoint, Slot(90), &group_key(), &group_signature(checkpoint_digest(&checkpoint))),
    ];
    with_lines(&sign(&checkpoint, &feed_key(1)), &lines).unwrap()
}

fn assemble(log: &Stored, proposal: ProposalId) -> Result<Dossier, Error> {
    let bindings: Vec<_> = (1..=4).map(|n| (GuardianIndex(n), binding(n))).collect();
    let (definition, roots, note) = (definition(), scene::roots::roots(), note(log));
    let sources = Sources {
        definition: &definition,
        guardian: ALICE,
        bindings: &bindings,
        group_key: Some(group_key()),
        note: &note,
        roots: Some(&roots),
    };
    let entries = (0u64..).zip(&log.entries);
    Dossier::assemble(proposal, sources, entries, |size, index| prove_inclusion(size, index, log))
}

fn dossier() -> Dossier {
    assemble(&log(&records::samples()), records::proposal().id()).unwrap()
}

fn emergency() -> Dossier {
    let records = records::emergency_story();
    let adopted = records.iter().find_map(|record| match record {
        Record::Adopted { proposal, .. } => Some(proposal.id()),
        _ => None,
    });
    let mut dossier = assemble(&log(&records), adopted.unwrap()).unwrap();
    dossier.roots = None;
    dossier
}

/// Whether everything is verified; a document that cannot be read is not.
fn holds(bytes: &[u8]) -> bool {
    let report = Dossier::decode(bytes).and_then(|dossier| dossier.verify(definition().id()));
    report.is_ok_and(|report| report.ok)
}

#[test]
fn a_whole_dossier_holds() {
    let report = dossier().verify(definition().id()).unwrap();
    assert!(report.ok, "{report:#?}");
    let codes: Vec<_> = report.checks.iter().map(|check| check.code).collect();
    let expected = [
        "definition",
        "keys",
        "checkpoint",
        "inclusion",
        "entries",
        "story",
        "proposal",
        "votes",
        "certificate",
        "partials",
        "exit",
        "roots",
    ];
    assert_eq!(codes, expected);
    assert_eq!(report.included, Some(Slot(39)));
    let dossier = dossier();
    assert_eq!(Dossier::decode(&dossier.encode()), Ok(dossier.clone()));
    assert_eq!(dossier.story.partials, 3);
    assert_eq!(dossier.story.votes.len(), 4);
    assert_eq!(dossier.keys.len(), 3, "the log's own and those that cosigned");
}

#[test]
fn one_of_an_emergency_holds() {
    let report = emergency().verify(definition().id()).unwrap();
    assert!(report.ok, "{report:#?}");
    assert!(report.check("emergency").unwrap().words.contains("keys were stolen"));
    assert!(report.check("certificate").unwrap().words.contains("guardians 1, 2, 3 approve"));
}

#[test]
fn an_exit_still_in_the_making_holds_too() {
    let records = records::story();
    for length in 1..records.len() {
        let dossier = assemble(&log(&records[..length]), records::proposal().id()).unwrap();
        // The roots are of blocks that are named by evidence only.
        let dossier = Dossier { roots: dossier.roots.filter(|_| length > 1), ..dossier };
        let report = dossier.verify(definition().id()).unwrap();
        let is_signed_by_few = dossier.story.signed.is_some() && dossier.story.partials < 3;
        assert!(report.ok && !is_signed_by_few, "{length}: {report:#?}");
    }
}

/// What one guardian can log of a proposal without anybody else: it must not pass for an exit.
#[test]
fn a_guardians_word_alone_is_no_exit() {
    let id = records::proposal().id();
    let pubkey = records::proposal().pubkey;
    let proposed = records::story()[0].clone();
    let reached = |step| Record::Reached { pubkey, step, at: Slot(39) };
    let moved = |to| Record::Moved { proposal: id, to, at: Slot(40) };
    let partial = records::story().into_iter().find(|record| matches!(record, Record::PartialHeld { .. }));
    let lies = [
        vec![reached(Step::Included)],
        vec![reached(Step::Included), moved(State::Included), moved(State::Finalized)],
        vec![reached(Step::Certified)],
        vec![reached(Step::Withdrawn)],
        vec![moved(State::Certified)],
        vec![moved(State::Finalized)],
        vec![Record::Released { proposal: id, at: Slot(36) }],
        vec![partial.unwrap()],
        vec![Record::Submitted { proposal: id, at: Slot(37), outcomes: Vec::new() }],
    ];
    for lie in lies {
        let told = [vec![proposed.clone()], lie.clone()].concat();
        let dossier = Dossier { roots: None, ..assemble(&log(&told), id).unwrap() };
        let report = dossier.verify(definition().id()).unwrap();
        assert!(!report.ok && !report.proven_exit, "{lie:?}");
        let certificate = report.check("certificate").unwrap();
        assert!(!certificate.ok && certificate.words.contains("this guardian's word"), "{report:#?}");
    }
    let mut certified: Vec<_> = records::story().into_iter().take(8).collect();
    assert!(matches!(certified.last(), Some(Record::Certified { .. })));
    certified.push(reached(Step::Included));
    let report = assemble(&log(&certified), id).unwrap().verify(definition().id()).unwrap();
    assert!(!report.ok && report.check("certificate").unwrap().ok && !report.check("exit").unwrap().ok);
}

#[test]
fn only_a_verified_exit_is_proven() {
    let id = records::proposal().id();
    let records = records::story();
    let signed = records.iter().position(|record| matches!(record, Record::Combined { .. })).unwrap();
    for (length, is_proven) in [(1, false), (signed, false), (signed + 1, true), (records.len(), true)] {
        let dossier = assemble(&log(&records[..length]), id).unwrap();
        let dossier = Dossier { roots: dossier.roots.filter(|_| length > 1), ..dossier };
        let report = dossier.verify(definition().id()).unwrap();
        assert_eq!((report.ok, report.proven_exit), (true, is_proven), "{length}: {report:#?}");
    }
    assert!(emergency().verify(definition().id()).unwrap().proven_exit);
    let report = dossier().verify(definition().id()).unwrap();
    assert!(report.check("exit").unwrap().words.contains("slot 39 has it is this guardian's word"));
}

/// The dossier of an emergency's exit, of records changed on the way.
fn told_emergency(change: impl FnOnce(&mut Vec<Record>)) -> Report {
    let mut records = records::emergency_story();
    change(&mut records);
    let adopted = records.iter().find_map(|record| match record {
        Record::Adopted { proposal, .. } => Some(proposal.id()),
        _ => None,
    });
    let dossier = assemble(&log(&records), adopted.unwrap()).unwrap();
    Dossier { roots: None, ..dossier }.verify(definition().id()).unwrap()
}

#[test]
fn an_emergencys_exit_needs_the_emergency_and_its_approvals() {
    let lost = told_emergency(|records| records.retain(|record| !matches!(record, Record::Raised { .. })));
    assert!(!lost.ok && !lost.check("emergency").unwrap().ok && !lost.check("certificate").unwrap().ok);
    let bare = told_emergency(|records| {
        records.retain(|record| !matches!(record, Record::EmergencyCertified { .. }));
    });
    assert!(!bare.check("emergency").unwrap().ok && !bare.check("certificate").unwrap().ok);
}

#[test]
fn what_proves_an_emergency_is_of_its_raisers_kind() {
    let of_raised = |proof| {
        told_emergency(|records| {
            for record in records {
                if let Record::Raised { raised, .. } = record {
                    raised.proof = proof;
                }
            }
        })
    };
    assert!(of_raised(Proof::Sealed).ok);
    let logged = of_raised(Proof::Logged);
    assert!(!logged.ok && !logged.check("emergency").unwrap().ok, "its raiser is a guardian: {logged:#?}");
    let taken_back = |proof| {
        told_emergency(|records| {
            let cancellation = Cancellation { emergency: records::raised().emergency.id(), proof };
            records.push(Record::Cancelled { cancellation, at: Slot(81) });
        })
    };
    let sealed = taken_back(Proof::Sealed);
    assert!(sealed.ok && sealed.check("emergency").unwrap().words.contains("as this guardian says it read"));
    let signature = AccountSignature::try_from([[1; 32].as_slice(), &[2; 32], &[27]].concat().as_slice());
    for proof in [Proof::Logged, Proof::Signature(signature.unwrap())] {
        assert!(!taken_back(proof).check("emergency").unwrap().ok, "{proof:?}");
    }
}

#[test]
fn roots_are_not_walked_for_a_document_without_ground() {
    let report = dossier().verify(NetworkId([9; 32])).unwrap();
    assert!(report.check("roots").unwrap().words.contains("not looked at"));
    let mut unsigned = dossier();
    unsigned.note = unsigned.note.replacen("guardian-network", "another-network", 1);
    let report = unsigned.verify(definition().id()).unwrap();
    assert!(report.check("roots").unwrap().words.contains("not looked at"));
}

#[test]
fn the_documents_are_these() {
    assert_eq!(String::from_utf8(dossier().encode()).unwrap(), GOLDEN.trim_end());
    assert_eq!(String::from_utf8(emergency().encode()).unwrap(), GOLDEN_EMERGENCY.trim_end());
}

#[test]
fn another_network_is_refused() {
    let report = dossier().verify(NetworkId([9; 32])).unwrap();
    assert!(!report.ok && !report.check("definition").unwrap().ok);
}

#[test]
fn what_is_not_in_the_log_has_no_dossier() {
    let unknown = assemble(&log(&records::samples()), ProposalId([9; 32]));
    assert!(matches!(unknown, Err(Error::Dossier { field, .. }) if field == "proposal"));
    let mut wrong = dossier();
    wrong.version = 2;
    assert!(
        matches!(wrong.verify(definition().id()), Err(Error::Dossier { field, .. }) if field == "version")
    );
}

/// Every place of the document with the value there.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (place, value) in items.iter().enumerate() {
                leaves(value, &format!("{path}/{place}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(path.to_owned()),
    }
}

/// Other values for a place.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![Value::from(0), Value::from("x")],
        Value::Bool(value) => vec![Value::from(!value)],
        Value::Number(number) => match number.as_u64() {
            Some(number) => vec![Value::from(number.wrapping_add(1)), Value::from(number ^ 64)],
            None => vec![Value::Null],
        },
        Value::String(text) => {
            let swap = |at: usize| {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = if bytes[at] == b'5' { b'6' } else { b'5' };
                String::from_utf8(bytes).ok()
            };
            let last = text.len().saturating_sub(1);
            let places = if text.is_empty() { Vec::new() } else { vec![last / 3, last] };
            let changed = places.into_iter().filter_map(swap).chain([format!("{text} ")]);
            changed.filter(|changed| changed != text).map(Value::from).collect()
        }
        Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

fn no_changed_value_holds(dossier: &Dossier) {
    let whole: Value = serde_json::from_slice(&dossier.encode()).unwrap();
    let mut places = Vec::new();
    leaves(&whole, "", &mut places);
    assert!(places.len() > 300, "{}", places.len());
    for place in places {
        for other in others(whole.pointer(&place).unwrap()) {
            let mut changed = whole.clone();
            *changed.pointer_mut(&place).unwrap() = other.clone();
            assert!(!holds(&serde_json::to_vec(&changed).unwrap()), "{place} = {other}");
        }
    }
}

#[test]
fn no_changed_value_of_a_dossier_holds() {
    no_changed_value_holds(&dossier());
}

#[test]
fn no_changed_value_of_an_emergencys_dossier_holds() {
    no_changed_value_holds(&emergency());
}

/// Items of lists taken out, doubled and swapped; fields taken out or added.
#[test]
fn no_changed_shape_holds() {
    fn shapes(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(fields) => {
                for (name, inner) in fields {
                    let mut fewer = fields.clone();
                    fewer.remove(name);
                    found.push((path.to_owned(), Value::Object(fewer)));
                    shapes(inner, &format!("{path}/{name}"), found);
                }
                let mut more = fields.clone();
                more.insert("more".to_owned(), Value::from(1));
                found.push((path.to_owned(), Value::Object(more)));
            }
            Value::Array(items) => {
                for (place, inner) in items.iter().enumerate() {
                    let mut fewer = items.clone();
                    fewer.remove(place);
                    found.push((path.to_owned(), Value::Array(fewer)));
                    let mut twice = items.clone();
                    twice.insert(place, inner.clone());
                    found.push((path.to_owned(), Value::Array(twice)));
                    shapes(inner, &format!("{path}/{place}"), found);
                }
                let mut swapped = items.clone();
                swapped.reverse();
                if swapped != *items {
                    found.push((path.to_owned(), Value::Array(swapped)));
                }
            }
            _ => {}
        }
    }
    let whole: Value = serde_json::from_slice(&dossier().encode()).unwrap();
    let mut changes = Vec::new();
    shapes(&whole, "", &mut changes);
    assert!(changes.len() > 400, "{}", changes.len());
    let mut passed = Vec::new();
    for (place, other) in changes {
        let mut changed = whole.clone();
        if place.is_empty() {
            changed = other
        } else {
            *changed.pointer_mut(&place).unwrap() = other
        }
        if holds(&serde_json::to_vec(&changed).unwrap()) {
            passed.push(place);
        }
    }
    // What nodes served is given or not, in parts; each part that is given has to hold.
    let strict: Vec<_> = passed.iter().filter(|place| !place.starts_with("/roots/accounts")).collect();
    assert!(strict.is_empty(), "{strict:#?}");
}
