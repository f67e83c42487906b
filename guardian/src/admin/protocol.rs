//! What goes through the admin socket: one line of JSON in, one document of JSON out.
//!
//! In: `{"version":1,"operator":"alice","request":{"pause":{"scope":"local","note":"maintenance"}}}`, ended by a line
//! break or by the end of writing, at most [`MAX_LINE`] bytes. `request` is a [`Request`], or asks for the journal:
//! `{"audit":{...}}` with a [`Question`], `{"export":{}}`, or for the whole store, `{"backup":{}}`.
//! Out: `{"answer":{...}}` with an [`Answer`], or `{"error":"..."}` when there is none. From the journal, one document a
//! line: a [`crate::audit::Part`] each, of a backup a [`crate::store::Piece`], and an error where the rest cannot be told.

use crate::audit::Question;
use guardian_core::request::{Answer, MAX_OPERATOR, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of this protocol.
pub const VERSION: u64 = 1;

/// Longest request, bytes. One that names 1,024 validators by key has about 120 KiB.
pub const MAX_LINE: usize = 256 * 1024;

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminRequest {
    /// Something that the core answers.
    Core(Box<Request>),
    /// What the journal says to a question.
    Audit(Question),
    /// The whole journal.
    Export,
    /// The whole store, sealed as it is, for a backup.
    Backup,
}

/// Requests that are for the journal and not for the core, by their names.
const OF_JOURNAL: [&str; 3] = ["audit", "export", "backup"];

/// They.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum OfJournal {
    Audit(Question),
    Export {},
    Backup {},
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<R> {
    version: u64,
    operator: String,
    request: R,
}

/// One document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Document {
    /// What the core says.
    Answer(Box<Answer>),
    /// Why there is no answer.
    Error(String),
}

/// Writes a line, with its line break.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn write(operator: &str, request: &AdminRequest) -> Result<String, String> {
    let line = |request: serde_json::Result<Value>| {
        let line = Line { version: VERSION, operator: operator.to_owned(), request: request? };
        serde_json::to_string(&line)
    };
    let text = match request {
        AdminRequest::Core(request) => line(serde_json::to_value(request)),
        AdminRequest::Audit(question) => line(serde_json::to_value(OfJournal::Audit(question.clone()))),
        AdminRequest::Export => line(serde_json::to_value(OfJournal::Export {})),
        AdminRequest::Backup => line(serde_json::to_value(OfJournal::Backup {})),
    };
    let mut text = text.map_err(|problem| format!("the request cannot be written: {problem}"))?;
    text.push('\n');
    if text.len() > MAX_LINE {
        return Err(format!("the request has {} bytes, {MAX_LINE} are the most", text.len()));
    }
    Ok(text)
}

/// Reads a line: who says to ask, and what.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn read(line: &[u8]) -> Result<(String, AdminRequest), String> {
    if line.len() > MAX_LINE {
        return Err(format!("the request is longer than {MAX_LINE} bytes"));
    }
    if line.iter().all(u8::is_ascii_whitespace) {
        return Err("the request is empty; send one line of JSON".to_owned());
    }
    let value: Value =
        serde_json::from_slice(line).map_err(|problem| format!("the request is no JSON: {problem}"))?;
    // Before all else, so that a newer client learns the one thing that matters.
    match value.get("version") {
        Some(version) if version.as_u64() == Some(VERSION) => {}
        Some(version) => {
            return Err(format!(
                "the request has version {version}, this guardian speaks version {VERSION}: use the `guardian` \
                 command of the version that runs"
            ));
        }
        None => {
            return Err(format!("the request names no `version`; this guardian speaks version {VERSION}"));
        }
    }
    let strange = |problem| format!("the request cannot be understood: {problem}");
    let Line { operator, request, .. }: Line<Value> = serde_json::from_value(value).map_err(strange)?;
    check_operator(&operator)?;
    let name = request.as_object().and_then(|request| request.keys().next());
    let request = if name.is_some_and(|name| OF_JOURNAL.contains(&name.as_str())) {
        match serde_json::from_value(request).map_err(strange)? {
            OfJournal::Audit(question) => AdminRequest::Audit(question),
            OfJournal::Export {} => AdminRequest::Export,
            OfJournal::Backup {} => AdminRequest::Backup,
        }
    } else {
        AdminRequest::Core(Box::new(serde_json::from_value(request).map_err(strange)?))
    };
    Ok((operator, request))
}

/// Checks the name an operator gives itself: 1 to [`MAX_OPERATOR`] printable ASCII characters, no space at the ends.
///
/// # Errors
/// What it must be.
pub fn check_operator(name: &str) -> Result<(), String> {
    let printable = name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if name.is_empty() || name.len() > MAX_OPERATOR || !printable || name.trim() != name {
        return Err(format!("an operator's name has 1 to {MAX_OPERATOR} printable ASCII characters"));
    }
    Ok(())
}

/// The document with an answer.
pub(super) fn answer_document(answer: &Answer) -> String {
    match serde_json::to_string(&serde_json::json!({ "answer": answer })) {
        Ok(text) => text + "\n",
        Err(problem) => error_document(&format!("the answer cannot be written: {problem}")),
    }
}

/// The document without.
pub(super) fn error_document(problem: &str) -> String {
    format!("{}\n", serde_json::json!({ "error": problem }))
}
