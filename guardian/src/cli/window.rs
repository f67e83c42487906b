//! Asking a running guardian through its HTTP window.

use super::when::Times;
use crate::{Config, epochs};
use anyhow::{Context, bail};
use reqwest::StatusCode;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Longest time for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of one answer; 10,000 registered validators take about 10 MB.
const MAX_ANSWER: usize = 64 << 20;

/// Which guardian to ask.
#[derive(Debug, clap::Args)]
pub(super) struct Window {
    /// Configuration of the guardian to ask
    #[arg(long, value_name = "FILE", default_value = "guardian.toml", conflicts_with = "url")]
    config: PathBuf,
    /// Or where its HTTP window is
    #[arg(long)]
    url: Option<Url>,
}

impl Window {
    /// Asks for several pages, one after the other; all answers are JSON, whatever their code.
    ///
    /// # Errors
    /// When the guardian is not reached, or answers what no guardian does.
    pub(super) fn ask(&self, pages: &[&str]) -> anyhow::Result<Vec<(StatusCode, Value)>> {
        ask(&self.base()?, pages)
    }

    /// The chain's time, where the configuration says of which chain.
    ///
    /// # Errors
    /// When configuration or definition cannot be read.
    pub(super) fn times(&self) -> anyhow::Result<Option<Times>> {
        if self.url.is_some() {
            return Ok(None);
        }
        Ok(Some(Times::of(&epochs::in_force(&Config::load(&self.config)?)?.definition.chain)))
    }

    /// Where it is.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub(super) fn base(&self) -> anyhow::Result<Url> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        let listen = Config::load(&self.config)?.http.reached_at();
        Url::parse(&format!("http://{listen}")).context("http.listen makes no URL")
    }
}

/// As [`Window::ask`], of the guardian whose window is at `base`.
///
/// # Errors
/// When the guardian is not reached, or answers what no guardian does.
pub(super) fn ask(base: &Url, pages: &[&str]) -> anyhow::Result<Vec<(StatusCode, Value)>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        let mut answers = Vec::with_capacity(pages.len());
        for page in pages {
            answers.push(get(&client, base, page).await?);
        }
        Ok(answers)
    })
}

async fn get(client: &reqwest::Client, base: &Url, page: &str) -> anyhow::Result<(StatusCode, Value)> {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    let (path, query) = page.split_once('?').unwrap_or((page, ""));
    url.set_path(&format!("{prefix}/{path}"));
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    let unreachable =
        || format!("cannot reach a guardian at {base}; is it running, and is this its http.listen?");
    let mut answer = client.get(url.clone()).send().await.with_context(unreachable)?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.with_context(unreachable)? {
        body.extend_from_slice(&part);
        if body.len() > MAX_ANSWER {
            bail!("{url} answered more than {MAX_ANSWER} bytes; is it a guardian?");
        }
    }
    let value = serde_json::from_slice(&body)
        .with_context(|| format!("{url} did not answer JSON; is it a guardian?"))?;
    Ok((answer.status(), value))
}

/// What a list in an answer of `/readyz` says, for people; empty when it is.
pub(super) fn details(readiness: &Value, list: &str) -> String {
    let reasons = readiness.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = reasons.iter().filter_map(|reason| reason.get("detail")?.as_str()).collect();
    texts.join("; ")
}

/// Why the guardian is not ready.
pub(super) fn reasons(readiness: &Value) -> String {
    Some(details(readiness, "reasons")).filter(|text| !text.is_empty()).unwrap_or("no reason given".into())
}
