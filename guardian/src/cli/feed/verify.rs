//! `guardian feed verify`.

use super::checks::{Found, Notes, lines};
use super::log::{Log, name};
use super::site::Site;
use super::{Expected, Output, conclude, dossier, read};
use crate::cli::Misused;
use crate::file;
use crypto::group_key::GroupPublicKey;
use feed::visit::{Comparison, Finding, Visited, compare, witnessed};
use guardian_core::guardian_set::NetworkId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use url::Url;

/// Most bytes of a file of visits.
const MAX_STATE: u64 = 1 << 20;

/// Most logs in a file of visits.
const MAX_VISITS: usize = 1_024;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Verify {
    /// Where a guardian, or a mirror, serves its feed
    #[arg(value_name = "URL", required_unless_present = "dossier")]
    url: Option<Url>,
    #[command(flatten)]
    expected: Expected,
    /// Another guardian's feed: both must tell the same things alike, and have cosigned each other
    #[arg(long, value_name = "URL", requires = "url")]
    against: Option<Url>,
    /// An entry to prove and to print, from 0
    #[arg(long, value_name = "INDEX", requires = "url")]
    entry: Option<u64>,
    /// Where to keep what was seen: the log must extend what it was at the last visit. Made when missing
    #[arg(long, value_name = "FILE", requires = "url")]
    state: Option<PathBuf>,
    /// How many guardians must have signed the checkpoint; the threshold when not given
    #[arg(long, value_name = "NUMBER", requires = "url")]
    witnesses: Option<u16>,
    /// The network's own key, to verify its signature too
    #[arg(long, value_name = "KEY", requires = "url")]
    group_key: Option<GroupPublicKey>,
    /// A dossier to verify offline
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    dossier: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// What else there is to tell.
#[derive(Debug, Default, Serialize)]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Visited>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
}

/// What is kept between visits.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Visits {
    visits: Vec<Visited>,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let expected = self.expected.id()?;
        if let Some(path) = &self.dossier {
            return dossier::verify(path, expected, self.output);
        }
        let Some(url) = &self.url else {
            return Err(Misused("give the URL of a feed, or --dossier FILE".to_owned()).into());
        };
        let mut visits = self.state.as_deref().map(Visits::load).transpose()?.unwrap_or_default();
        let site = Site::new(url)?;
        let mut notes = Notes::default();
        let mut told = Told::default();
        if let Some(log) = Log::open(&site, expected, self.group_key, &mut notes)? {
            self.examine(&log, expected, &mut visits, &mut notes, &mut told)?;
        }
        let found = Found::new(notes.finish(), told);
        let mut text = lines(&found.checks);
        if let Some(entry) = &found.told.entry {
            text.push_str(&format!("\n{}\n", serde_json::to_string_pretty(entry)?));
        }
        if let (true, Some(path)) = (found.ok, &self.state) {
            visits.keep(path)?;
        }
        conclude(self.output, &found, &text)
    }

    fn examine(
        &self,
        log: &Log<'_>,
        expected: NetworkId,
        visits: &mut Visits,
        notes: &mut Notes,
        told: &mut Told,
    ) -> anyhow::Result<()> {
        log.check_witnesses(self.witnesses, notes);
        let now = Visited::from(&log.verified);
        told.finding = log.compare(visits.last(&now), notes);
        told.log = Some(now);
        if let Some(index) = self.entry
            && let Some(bytes) = log.entry(index, notes)
        {
            told.entry = serde_json::from_slice(&bytes).ok();
        }
        if let Some(other) = &self.against {
            let site = Site::new(other)?;
            if let Some(other) = Log::open(&site, expected, self.group_key, notes)? {
                told.comparison = side_by_side(log, &other, notes);
            }
        }
        if told.finding.is_some() {
            visits.note(now);
        }
        Ok(())
    }
}

/// Compares what two guardians' logs tell.
fn side_by_side(first: &Log<'_>, second: &Log<'_>, notes: &mut Notes) -> Option<Comparison> {
    let names = [name(&first.definition, first.guardian), name(&second.definition, second.guardian)];
    let both = match witnessed(&first.verified, &second.verified) {
        (true, true) => Ok(((), format!("{} and {} cosigned each other's log", names[0], names[1]))),
        (first, _) => {
            let silent = if first { &names[0] } else { &names[1] };
            Err(format!("{silent} did not cosign the other's log as it is now"))
        }
    };
    notes.take("each_other", both);
    let (mine, theirs) = (first.entries(notes)?, second.entries(notes)?);
    let comparison = compare(&mine, &theirs);
    let words = format!(
        "{} things told alike, {} told by {} only, {} by {} only",
        comparison.alike, comparison.only_first, names[0], comparison.only_second, names[1]
    );
    let outcome = if comparison.different.is_empty() {
        Ok(((), words))
    } else {
        Err(format!("told differently: {}", comparison.different.join(", ")))
    };
    notes.take("equality", outcome);
    Some(comparison)
}

impl Visits {
    /// Reads them; none where there is no file yet.
    ///
    /// # Errors
    /// Exit code 2.
    fn load(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = read(path, "file of visits", MAX_STATE)?;
        serde_json::from_slice(&bytes).map_err(|problem| {
            let words = format!(
                "{}: is no file of visits ({problem}); move it away to begin anew, but then an old fork is not seen",
                path.display()
            );
            Misused(words).into()
        })
    }

    /// What was seen last of this guardian's logs in this network.
    fn last(&self, now: &Visited) -> Option<&Visited> {
        let alike = |visit: &&Visited| {
            visit.origin.network == now.origin.network && visit.origin.guardian == now.origin.guardian
        };
        // The latest life: an earlier one that is served again is an old copy.
        self.visits.iter().filter(alike).max_by_key(|visit| (visit.origin.life, visit.size))
    }

    fn note(&mut self, now: Visited) {
        self.visits.retain(|visit| visit.origin != now.origin);
        self.visits.push(now);
        let extra = self.visits.len().saturating_sub(MAX_VISITS);
        self.visits.drain(..extra);
    }

    fn keep(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        file::replace(path, format!("{text}\n").as_bytes(), file::Access::Public)?;
        Ok(())
    }
}
