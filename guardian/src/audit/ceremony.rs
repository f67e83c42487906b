//! What records of ceremonies tell: who said what of the keys, and how it ended.

use super::entry::{Told, list, sealed};
use guardian_core::ceremony::{Entry, Kind, Order, Outcome};
use guardian_core::record::Record;
use guardian_core::statement::Statement;
use serde_json::{Value, json};

fn order(order: &Order) -> String {
    let what = match &order.kind {
        Kind::GroupKey => "generate the network's own key".to_owned(),
        Kind::ValidatorKeys { count, .. } => format!("generate {count} validators' keys"),
        Kind::Succession { next } => {
            let set = &next.guardian_set;
            let (t, n) = (set.threshold.t(), set.threshold.n());
            format!("hand {} keys over to guardian set {}, {t} of {n}", order.keys.len(), set.epoch.0)
        }
        Kind::Repair { lost, helpers } => {
            let helpers = list(helpers.iter().map(|helper| helper.0));
            format!("rebuild the shares of guardian {} with help of {helpers}", lost.0)
        }
    };
    format!("guardian {} opened a ceremony: {what}", order.raiser.0)
}

/// What a statement says, and what of it is worth keeping in an export beside its seal.
fn said(statement: &Statement) -> (String, Value) {
    match statement {
        Statement::Open(_) => ("opens it".to_owned(), json!({})),
        Statement::Accept => ("its operator agrees".to_owned(), json!({})),
        Statement::Reject => ("its operator rejects it".to_owned(), json!({})),
        Statement::Withdraw => ("its operator leaves it".to_owned(), json!({})),
        Statement::Dealt { digest } => ("has dealt".to_owned(), json!({ "digest": digest })),
        Statement::Held { dealer, digest } => {
            (format!("holds the dealing of guardian {}", dealer.0), json!({ "digest": digest }))
        }
        Statement::Accuse { dealer, batch, .. } => {
            (format!("accuses guardian {} of a false dealing", dealer.0), json!({ "batch": batch }))
        }
        Statement::Choose { view, choice } => {
            let dealers = list(choice.0.iter().map(|(dealer, _)| dealer.0));
            (
                format!("chooses the dealings of guardians {dealers}"),
                json!({ "view": view, "choice": choice }),
            )
        }
        Statement::Commit { view, choice } => {
            ("commits to a choice".to_owned(), json!({ "view": view, "choice": choice }))
        }
        Statement::Proven { result, .. } => {
            ("proves that it holds every share".to_owned(), json!({ "result": result }))
        }
        Statement::Endorse { result } => ("endorses the result".to_owned(), json!({ "result": result })),
        Statement::Destroyed => ("destroyed its old shares".to_owned(), json!({})),
        Statement::Signed { result, signature } => {
            ("brings the network's signature".to_owned(), json!({ "result": result, "signature": signature }))
        }
    }
}

fn entry(entry: &Entry) -> (String, Value) {
    match entry {
        Entry::Saying(statement) => {
            let (text, detail) = said(statement);
            (format!("we say: {text}"), json!({ "statement": statement.code(), "detail": detail }))
        }
        Entry::Stated { from, statement, envelope } => {
            let (text, detail) = said(statement);
            let record = json!({
                "from": from, "statement": statement.code(), "detail": detail, "envelope": sealed(envelope),
            });
            (format!("{from}: {text}"), record)
        }
        Entry::Collected { dealer, digest } => (
            format!("the dealing of guardian {} is here, whole and checked", dealer.0),
            json!({ "dealer": dealer, "digest": digest }),
        ),
        Entry::Concluded { choice, result } => {
            let text = "the result is computed and durable".to_owned();
            (text, json!({ "choice": choice, "result": result }))
        }
        Entry::Checked { holder, result, valid } => {
            let how = if *valid { "holds" } else { "does not hold" };
            let text = format!("the proof of guardian {} of the next set {how}", holder.0);
            (text, json!({ "holder": holder, "result": result, "valid": valid }))
        }
        Entry::Blamed { peer, blame } => {
            (format!("{peer} at fault: {}", blame.code()), json!({ "peer": peer, "blame": blame }))
        }
        Entry::Adopted => ("the result is in force here".to_owned(), json!({})),
        Entry::Ended(outcome) => {
            let text = match outcome {
                Outcome::Done { .. } => "done: the result is in force".to_owned(),
                Outcome::Aborted { reason, absent } if absent.is_empty() => {
                    format!("over without a result: {}", reason.code())
                }
                Outcome::Aborted { reason, absent } => {
                    format!("over without a result: {}; waited for {}", reason.code(), list(absent))
                }
            };
            (text, json!(outcome))
        }
    }
}

/// The entries of these records, with the rest of [`super::entry::tell`].
pub(super) fn tell(record: &Record) -> Option<Told> {
    let told = |kind, slot, text, record| Some(Told { kind, slot, text, record });
    match record {
        Record::Preceded { definition } => {
            let set = definition.guardian_set.epoch.0;
            let text = format!("this journal's epoch follows guardian set {set}");
            told("preceded", None, text, json!({ "network": definition.id(), "definition": definition }))
        }
        Record::Opened { order: what, at } => {
            let record = json!({ "id": what.id(), "order": what, "at": at });
            told("ceremony_opened", Some(*at), order(what), record)
        }
        Record::Ceremony { ceremony, entry: what, at } => {
            let (text, detail) = entry(what);
            let record = json!({ "ceremony": ceremony, "entry": detail, "at": at });
            told("ceremony", Some(*at), text, record)
        }
        Record::Inherited { releases, at } => {
            let text = format!("{} released exits of the epoch before still count", releases.len());
            let releases: Vec<_> = releases
                .iter()
                .map(|release| json!({ "exit": release.exit, "at": release.at, "pubkey": release.pubkey }))
                .collect();
            told("inherited", Some(*at), text, json!({ "releases": releases, "at": at }))
        }
        Record::GroupSigned { matter, signature, at } => {
            let record = json!({ "id": matter.id(), "matter": matter, "signature": signature, "at": at });
            told("group_signed", Some(*at), "the network's own key signed".to_owned(), record)
        }
        _ => None,
    }
}
