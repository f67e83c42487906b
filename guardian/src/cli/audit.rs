//! `guardian audit`: the journal's chain verified, and the story of a proposal or a validator told from it.

use super::desk::{operator, own_name};
use super::table::{short, table};
use super::{Output, print, print_json};
use crate::audit::{self, Audit as Answer, Linked, Question, export as lines, part};
use crate::file::{self, Access};
use crate::id_prefix::IdPrefix;
use crate::store::Journal;
use crate::{Config, Error, admin, definition, keyfile};
use anyhow::{Context, anyhow};
use guardian_core::JournalHead;
use guardian_core::request::ValidatorName;
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

A running guardian is asked through its admin socket: it tells its journal up to where it stood when
it was asked, one audit at a time, and goes on with its work. It logs who asked. A stopped one's store
is opened. No password is needed, for the journal is not encrypted. An export is verified anywhere,
without store and configuration.

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
    proposal: Option<IdPrefix>,
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
    /// Your name, for the running guardian's log [default: $USER, or else the number of your user]
    #[arg(long, value_name = "NAME", value_parser = operator, conflicts_with = "verify_export")]
    operator: Option<String>,
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
                Ok(lines::read(BufReader::new(file), path))
            };
            return show(&audit::ask(source, None, &question)?, &question, json);
        }
        let config = Config::load(&self.config)?;
        let operator = self.operator.map_or_else(own_name, Ok)?;
        match self.export {
            Some(path) => export(&config, &operator, &path, json),
            None => ask(&config, &operator, &question, json),
        }
    }
}

/// Asks the running guardian, or the journal of a stopped one.
fn ask(config: &Config, operator: &str, question: &Question, json: bool) -> anyhow::Result<()> {
    let answer = match admin::audit(&config.admin_socket(), operator, question) {
        Ok(parts) => part::gather(parts)?,
        Err(Error::NotRunning { .. }) => {
            let journal = open(config)?;
            audit::ask(|| Ok(journal.records()), Some(journal.acknowledged()), question)?
        }
        Err(problem) => return Err(problem.into()),
    };
    show(&answer, question, json)
}

/// The same for an export.
fn export(config: &Config, operator: &str, path: &Path, json: bool) -> anyhow::Result<()> {
    match admin::export(&config.admin_socket(), operator) {
        Ok(parts) => {
            let (head, records) = part::exported(parts)?;
            write(records, head, path, json)
        }
        Err(Error::NotRunning { .. }) => {
            let journal = open(config)?;
            write(journal.records(), journal.acknowledged(), path, json)
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Opens the journal of a stopped guardian.
fn open(config: &Config) -> anyhow::Result<Journal> {
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
                "the guardian is running, has its journal to itself, and does not answer at its admin socket: it is starting \
                 or stopping. Ask again in a moment, or audit an export with --verify-export",
            );
        }
        error
    })
}

/// Shows what was asked. A chain that breaks is an error.
fn show(answer: &Answer, question: &Question, json: bool) -> anyhow::Result<()> {
    let broken = answer.broken.as_ref().map(|found| {
        anyhow!(
            "the chain BREAKS at record {}: {}. What is intact before it: {}",
            found.at,
            found.problem,
            answer.head
        )
    });
    if json {
        let mut value = serde_json::to_value(answer)?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("intact".to_owned(), broken.is_none().into());
        }
        print_json(&value)?;
    } else if broken.is_none() {
        print(&render(answer, question))?;
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
                entry.kind.clone().into_owned(),
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
    let head = file::create_with(path, Access::Private, |out| {
        let head = lines::write(records, out, path)?;
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
