//! A feed as it is served: bounded answers, none of them believed.

use crate::Error;
use anyhow::{Context, bail};
use feed::tile::TilePath;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::runtime::Runtime;
use url::Url;

/// Longest time for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Most bytes of an answer that is JSON, or a note.
const MAX_DOCUMENT: usize = 4 << 20;

/// Most bytes of a bundle: 256 entries of 64 KiB.
const MAX_TILE: usize = 17 << 20;

/// Where a guardian, or a mirror, serves its feed.
pub(super) struct Site {
    base: Url,
    client: reqwest::Client,
    runtime: Runtime,
}

/// The form of every answer of the API.
#[derive(serde::Deserialize)]
struct Answer<T> {
    data: T,
}

impl Site {
    pub(super) fn new(base: &Url) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        Ok(Self { base: base.clone(), client, runtime })
    }

    /// Where it is.
    pub(super) fn url(&self) -> &Url {
        &self.base
    }

    /// The `data` of an answer of the API.
    ///
    /// # Errors
    /// When it is not reached or answers something else.
    pub(super) fn data<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let bytes = self.bytes(path, MAX_DOCUMENT)?;
        let answer: Answer<T> = serde_json::from_slice(&bytes)
            .with_context(|| format!("{}{path} did not answer as a feed does", self.base))?;
        Ok(answer.data)
    }

    /// A log's newest signed note.
    ///
    /// # Errors
    /// As [`Site::data`].
    pub(super) fn note(&self, log: &str, name: &str) -> anyhow::Result<Vec<u8>> {
        self.bytes(&format!("/log/{log}/{name}"), MAX_DOCUMENT)
    }

    /// A tile or a bundle of a log; the error is for people.
    pub(super) fn tile(&self, log: &str, path: &TilePath) -> Result<Vec<u8>, String> {
        self.bytes(&format!("/log/{log}/{path}"), MAX_TILE).map_err(|problem| format!("{problem:#}"))
    }

    fn bytes(&self, path: &str, limit: usize) -> anyhow::Result<Vec<u8>> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        self.runtime.block_on(async {
            let unreachable = || format!("cannot reach a feed at {}", self.base);
            let asked = self.client.get(url.clone()).header(reqwest::header::ACCEPT, "application/json");
            let mut answer = asked.send().await.with_context(unreachable)?;
            if !answer.status().is_success() {
                bail!("{url} answered {}; is it a feed?", answer.status());
            }
            let mut body = Vec::new();
            while let Some(part) = answer.chunk().await.with_context(unreachable)? {
                body.extend_from_slice(&part);
                if body.len() > limit {
                    return Err(Error::TooLarge {
                        what: "answer",
                        path: url.as_str().into(),
                        limit: u64::try_from(limit).unwrap_or(u64::MAX),
                    }
                    .into());
                }
            }
            Ok(body)
        })
    }
}
