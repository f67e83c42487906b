//! Asks a feed, with bounds on time and size.

use super::turn::Turn;
use crate::error::Error;
use flate2::read::GzDecoder;
use futures::StreamExt;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, IF_NONE_MATCH};
use reqwest::{Response, StatusCode};
use std::io::Read;
use std::time::Duration;
use url::Url;

/// Longest time for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most bytes of an answer as it comes, packed or not. Every source may have one here at the same time.
const MAX_BODY: usize = 64 << 20;

/// Asks one feed.
#[derive(Debug, Clone)]
pub(super) struct Client {
    base: Url,
    http: reqwest::Client,
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    is_packed: bool,
    /// Its tag.
    pub(super) tag: Option<String>,
}

impl Body {
    /// The answer to this path, unpacked, at most so many bytes. It may take a while: call it where that keeps nobody waiting.
    pub(super) fn unpack(self, path: &str, most: usize) -> Result<Vec<u8>, Error> {
        if self.is_packed { unpack(path, &self.bytes, most) } else { Ok(self.bytes) }
    }
}

impl Client {
    pub(super) fn new(url: &Url) -> Result<Self, Error> {
        let refuse = |problem: &str| Error::Address { url: url.to_string(), problem: problem.to_owned() };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(refuse("it is no http(s) address"));
        }
        if !url.username().is_empty() || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has more than host and path"));
        }
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Losing the race to another caller is as good as winning it.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let mut builder = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(PATIENCE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("guardian-mirror");
        if url.scheme() == "http" {
            // Nothing to verify: do not fail on a machine without certificates.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(|problem| Error::Client(problem.to_string()))?;
        Ok(Self { base: url.clone(), http })
    }

    /// The address.
    pub(super) fn url(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// The body of an answer, at most so many bytes, unpacked.
    pub(super) async fn get(&self, turn: &Turn, path: &str, most: usize) -> Result<Vec<u8>, Error> {
        let fetched = self.get_new(turn, path, None, most).await?;
        let body = fetched.ok_or_else(|| failed(path, "it was not asked whether it is new"))?;
        if !body.is_packed {
            return Ok(body.bytes);
        }
        let name = path.to_owned();
        let unpacked = tokio::task::spawn_blocking(move || body.unpack(&name, most)).await;
        unpacked.map_err(|problem| failed(path, problem))?
    }

    /// The body of an answer, at most so many bytes as it comes. None when its tag is known: what is known is the newest.
    pub(super) async fn get_new(
        &self,
        turn: &Turn,
        path: &str,
        tag: Option<&str>,
        most: usize,
    ) -> Result<Option<Body>, Error> {
        turn.wait(path, self.fetch(path, tag, most)).await
    }

    async fn fetch(&self, path: &str, tag: Option<&str>, most: usize) -> Result<Option<Body>, Error> {
        let mut request = self.http.get(format!("{}{path}", self.url())).header(ACCEPT_ENCODING, "gzip");
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let response = request.send().await.map_err(|problem| failed(path, problem.without_url()))?;
        match response.status() {
            StatusCode::NOT_MODIFIED if tag.is_some() => return Ok(None),
            StatusCode::OK => {}
            status => return Err(failed(path, format!("it answers {status}"))),
        }
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let is_packed = text(CONTENT_ENCODING) == Some("gzip");
        let tag = text(ETAG).map(str::to_owned);
        let bytes = read(path, response, most.min(MAX_BODY)).await?;
        Ok(Some(Body { bytes, is_packed, tag }))
    }
}

async fn read(path: &str, response: Response, most: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|problem| failed(path, problem.without_url()))?;
        if body.len().saturating_add(piece.len()) > most {
            return Err(failed(path, format!("the answer is longer than {most} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn unpack(path: &str, packed: &[u8], most: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    GzDecoder::new(packed).take(limit).read_to_end(&mut body).map_err(|problem| failed(path, problem))?;
    if body.len() > most {
        return Err(failed(path, format!("the answer unpacks to more than {most} bytes")));
    }
    Ok(body)
}

pub(super) fn failed(what: &str, problem: impl std::fmt::Display) -> Error {
    Error::Fetch { what: what.to_owned(), problem: problem.to_string() }
}

#[cfg(test)]
mod tests;
