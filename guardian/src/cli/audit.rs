//! `guardian audit`: the journal's chain verified, and the story of a proposal or a validator told from it.

use super::table::{short, table};
use super::{Output, print, print_json};
use crate::audit::{self, Audit as Answer, Linked, ProposalPrefix, Question, ValidatorName, export};
use crate::file::{self, Access};
use crate::store::Journal;
use crate::{Config, Error, definition, keyfile};
use anyhow::{Context, anyhow};
use guardian_core::JournalHead;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  guardian audit --config alice/guardian.toml
  guardian audit --config alice/guardian.toml --proposal 0x5f3a
  guardian audit --config alice/guardian.toml --validator 17 --json
  guardian audit --config alice/guardian.toml --from 100 --to 120
  guardian audit --config alice/guardian.toml --export journal.jsonl
  guardian audit --verify-export journal.jsonl --proposal 0x5f3a

The guardian must be stopped; no password is needed, for the journal is not encrypted. An export is
verified anywhere, without store and configuration.

The chain proves that no record was altered, moved, added or removed before its head. Whoever owns
the machine can write a whole chain anew, so compare the head with what others noted of it before:
`guardian status` shows it, and so does every export.

Exit code 0 when the chain is intact, 1 when it breaks or cannot be read.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Audit {
    /// Configuration of the guardian
    #[arg(long, value_name = "FILE", default_value = "guardian.toml", conflicts_with = "verify_export")]
    config: PathBuf,
    /// Tell the story of this proposal: its id, or enough of its beginning
    #[arg(long, value_name = "ID")]
    proposal: Option<ProposalPrefix>,
    /// Tell the story of this validator
    #[arg(long, value_name = "INDEX-OR-PUBKEY")]
    validator: Option<ValidatorName>,
    /// Only records from this number on, counted from 0
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    /// Only records up to this number
    #[arg(long, value_name = "N")]
    to: Option<u64>,
    /// Write the whole journal to this new file, one record a line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["proposal", "validator", "from", "to"])]
    export: Option<PathBuf>,
    /// Verify, and read, such a file instead of the guardian's journal
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    verify_export: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Audit {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let question =
            Question { proposal: self.proposal, validator: self.validator, from: self.from, to: self.to };
        let json = self.output.json;
        if let Some(path) = &self.verify_export {
            let source = || {
                let file = File::open(path).map_err(Error::file("read", path))?;
                Ok(export::read(BufReader::new(file), path))
            };
            return answer(source, None, &question, json);
        }
        let journal = open(&self.config)?;
        match &self.export {
            Some(path) => write(journal.records(), journal.acknowledged(), path, json),
            None => answer(|| Ok(journal.records()), Some(journal.acknowledged()), &question, json),
        }
    }
}

/// Opens the journal of a stopped guardian.
fn open(config: &Path) -> anyhow::Result<Journal> {
    let config = Config::load(config)?;
    let definition = definition::load(&config.network)?;
    let peer_id = keyfile::peer_id(&config.keys.identity)?;
    let peer_id = peer_id.parse().map_err(|_| Error::Document {
        path: config.keys.identity.clone(),
        line: None,
        problem: format!("`public` is no PeerId but `{peer_id}`; restore the file from a backup"),
    })?;
    let me = definition::member_by_peer_id(&definition, peer_id)?.index;
    Journal::open(&config.data_dir, definition.id(), me).map_err(|error| {
        let is_running = matches!(error, Error::StoreLocked { .. });
        let error = anyhow::Error::from(error);
        if is_running {
            return error.context(
                "the guardian is running and has its journal to itself; stop it, or audit an export with --verify-export",
            );
        }
        error
    })
}

/// Verifies what a source gives, and tells what was asked.
fn answer<I: Iterator<Item = Result<Linked, Error>>>(
    source: impl Fn() -> Result<I, Error>,
    acknowledged: Option<JournalHead>,
    question: &Question,
    json: bool,
) -> anyhow::Result<()> {
    let answer = audit::ask(source, acknowledged, question)?;
    let broken = answer.broken.as_ref().map(|found| {
        anyhow!(
            "the chain BREAKS at record {}: {}. What is intact before it: {}",
            found.at,
            found.problem,
            answer.head
        )
    });
    if json {
        let mut value = serde_json::to_value(&answer)?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("intact".to_owned(), broken.is_none().into());
        }
        print_json(&value)?;
    } else if broken.is_none() {
        print(&render(&answer, question))?;
    }
    broken.map_or(Ok(()), Err)
}

fn render(answer: &Answer, question: &Question) -> String {
    let mut text = format!("The chain is intact: {}.", answer.head);
    if question.is_empty() {
        return text;
    }
    for id in &answer.proposals {
        text.push_str(&format!("\nProposal {id}"));
    }
    if answer.entries.is_empty() {
        text.push_str("\nNo record is about what you asked for.");
        return text;
    }
    let rows: Vec<_> = answer
        .entries
        .iter()
        .map(|entry| {
            [
                entry.number.to_string(),
                entry.slot.map_or_else(|| "-".to_owned(), |slot| slot.to_string()),
                short(&entry.link),
                entry.kind.to_owned(),
                entry.text.clone(),
            ]
        })
        .collect();
    text.push('\n');
    text.push_str(&table(["#", "slot", "link", "kind", "what"], &rows));
    if let Some(next) = answer.more_from {
        text.push_str(&format!("\nThere is more: go on with --from {next}."));
    }
    text
}

/// Writes the whole journal to a new file, if its chain is intact.
fn write(
    records: impl Iterator<Item = Result<Linked, Error>>,
    acknowledged: JournalHead,
    path: &Path,
    json: bool,
) -> anyhow::Result<()> {
    let head = file::create_with(path, Access::Public, |out| {
        let head = export::write(records, out, path)?;
        if head != acknowledged {
            let problem = format!("the chain leads to {head}, but {acknowledged} was acknowledged");
            return Err(Error::Audit { problem });
        }
        Ok(head)
    })
    .context("nothing was exported")?;
    if json {
        return print_json(&serde_json::json!({ "intact": true, "head": head, "file": path }));
    }
    print(&format!(
        "The chain is intact: {head}.\n\
         Written to {}. Next, anywhere: guardian audit --verify-export {}",
        path.display(),
        path.display()
    ))
}
