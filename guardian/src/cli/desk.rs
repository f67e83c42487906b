//! Asking the running guardian through its admin socket: in whose name, where, and what a refusal looks like.

use super::when::Times;
use super::{Output, print, print_json, window};
use crate::admin::{self, protocol::check_operator};
use crate::id_prefix::IdPrefix;
use crate::{Config, epochs};
use anyhow::{Context, bail};
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::proposal::ProposalId;
use guardian_core::request::{Answer, Inspection, Problem, Request};
use guardian_core::status::StatusSnapshot;
use reqwest::StatusCode;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use url::Url;

/// Least digits of an id that is not written out.
const MIN_PREFIX: usize = 8;

/// Which guardian to ask, and in whose name.
#[derive(Debug, clap::Args)]
pub(super) struct DeskFlags {
    /// Configuration of the guardian to ask
    #[arg(long, value_name = "FILE", default_value = "guardian.toml")]
    config: PathBuf,
    /// Your name, for the guardian's journal [default: $USER, or else the number of your user]
    #[arg(long, value_name = "NAME", value_parser = operator)]
    operator: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// Checks the name of an operator.
pub(super) fn operator(text: &str) -> Result<String, String> {
    check_operator(text).map(|()| text.to_owned())
}

/// The line to one guardian.
pub(super) struct Desk {
    config: Config,
    /// The network it belongs to, by the definition in force as the guardian's directory has it.
    pub(super) definition: NetworkDefinition,
    operator: String,
    /// Whether programs read the answer.
    pub(super) json: bool,
    /// Whether each document for programs is one line, among others.
    pub(super) in_lines: bool,
}

impl DeskFlags {
    /// Reads configuration and definition.
    ///
    /// # Errors
    /// Whatever is wrong with them.
    pub(super) fn open(self) -> anyhow::Result<Desk> {
        let config = Config::load(&self.config)?;
        let definition = epochs::in_force(&config)?.definition;
        let operator = self.operator.map_or_else(own_name, Ok)?;
        Ok(Desk { config, definition, operator, json: self.output.json, in_lines: false })
    }
}

/// The name this user goes by.
///
/// # Errors
/// When the system does not say which user this is.
pub(super) fn own_name() -> anyhow::Result<String> {
    let name = std::env::var_os("USER").and_then(|name| name.into_string().ok());
    if let Some(name) = name.filter(|name| check_operator(name).is_ok()) {
        return Ok(name);
    }
    let own = std::fs::metadata("/proc/self").context("cannot tell which user this is; give --operator")?;
    Ok(own.uid().to_string())
}

impl Desk {
    /// Asks. A refusal is an error; for programs it is printed as well.
    ///
    /// # Errors
    /// When the guardian cannot be asked, and when it refuses.
    pub(super) fn ask(&self, request: &Request) -> anyhow::Result<Answer> {
        let answer = admin::ask(&self.config.admin_socket(), &self.operator, request)?;
        if let Answer::Refused { problems } = &answer {
            match (self.json, self.in_lines) {
                (false, _) => {}
                (true, false) => print_json(&answer)?,
                (true, true) => print(&serde_json::to_string(&answer)?)?,
            }
            bail!(refusal(problems));
        }
        Ok(answer)
    }

    /// The emergencies the guardian knows, or the one asked for, as it sees them.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub(super) fn inspect(&self, emergency: Option<ProposalId>) -> anyhow::Result<Vec<Inspection>> {
        match self.ask(&Request::Inspect { emergency })? {
            Answer::Inspection(list) => Ok(list),
            other => Err(unexpected(&other)),
        }
    }

    /// The one emergency whose id begins like this.
    ///
    /// # Errors
    /// When there is none, or more than one; when the guardian cannot be asked for the ids it knows.
    pub(super) fn resolve(&self, prefix: &IdPrefix) -> anyhow::Result<ProposalId> {
        if let Some(whole) = prefix.whole() {
            return Ok(whole);
        }
        find(prefix, self.inspect(None)?.iter().map(|one| one.status.id))
    }

    /// The guardian's public status, from its HTTP window.
    ///
    /// # Errors
    /// When it is not reached, or is starting.
    pub(super) fn status(&self) -> anyhow::Result<StatusSnapshot> {
        let base = Url::parse(&format!("http://{}", self.config.http.reached_at()))
            .context("http.listen makes no URL")?;
        let answers = window::ask(&base, &["v1/status"])?;
        let Some((code, body)) = answers.into_iter().next() else { bail!("an answer is missing") };
        if code == StatusCode::SERVICE_UNAVAILABLE {
            bail!("the guardian at {base} is starting; ask again in a moment");
        }
        serde_json::from_value(body).context("the answer is no status of a guardian of this version")
    }

    /// The definition in force, as the running guardian says.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub(super) fn in_force(&self) -> anyhow::Result<NetworkDefinition> {
        match self.ask(&Request::Definition {})? {
            Answer::Definition(definition) => Ok(*definition),
            other => Err(unexpected(&other)),
        }
    }

    /// The chain's time.
    pub(super) fn times(&self) -> Times {
        Times::of(&self.definition.chain)
    }
}

/// All that is wrong, a line each.
fn refusal(problems: &[Problem]) -> String {
    let mut text = "the guardian refused, and did nothing:".to_owned();
    for Problem { code, detail } in problems {
        text.push_str(&format!("\n  {code}: {detail}"));
    }
    if problems.is_empty() {
        text.push_str(" it does not say why");
    }
    text
}

/// An answer to another question.
pub(super) fn unexpected(answer: &Answer) -> anyhow::Error {
    anyhow::anyhow!("the guardian gave an answer to another question ({answer:?}); is it of this version?")
}

/// Reads the id of an emergency or how it begins: at least eight hexadecimal digits, `0x` optional.
///
/// # Errors
/// What they must be.
pub(super) fn id_prefix(text: &str) -> Result<IdPrefix, String> {
    read_prefix(text, "an emergency", "guardian proposals")
}

/// The same for a ceremony.
///
/// # Errors
/// What they must be.
pub(super) fn ceremony_prefix(text: &str) -> Result<IdPrefix, String> {
    read_prefix(text, "a ceremony", "guardian network status")
}

fn read_prefix(text: &str, what: &str, shown_by: &str) -> Result<IdPrefix, String> {
    let read = text.parse::<IdPrefix>().ok().filter(|prefix| prefix.digits() >= MIN_PREFIX);
    read.ok_or_else(|| {
        format!(
            "not the id of {what}: give its first {MIN_PREFIX} to {} hexadecimal digits, as `{shown_by}` shows them",
            2 * ProposalId::LEN
        )
    })
}

/// The one of these that begins like this.
///
/// # Errors
/// When none does, or more than one.
pub(super) fn find(prefix: &IdPrefix, known: impl Iterator<Item = ProposalId>) -> anyhow::Result<ProposalId> {
    let fitting: Vec<_> = known.filter(|id| prefix.begins(id)).collect();
    match fitting[..] {
        [id] => Ok(id),
        [] => bail!(
            "the guardian knows no emergency whose id begins with {prefix}; `guardian proposals` lists them"
        ),
        [one, other, ..] => bail!(
            "{prefix} is ambiguous: {} emergencies begin like it, such as {one} and {other}; give more digits",
            fitting.len()
        ),
    }
}

#[cfg(test)]
mod tests;
