//! One node's HTTP address: requests with timeouts, answers with a size cap, credentials never shown.

use crate::config::{NodeConfig, Timeouts, redacted};
use crate::error::Error;
use futures::StreamExt;
use reqwest::{Client, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime};
use url::Url;

/// Largest answer to anything but a validators query, in bytes.
pub(crate) const SMALL_BODY: usize = 1 << 20;
/// Largest error answer read, in bytes.
const ERROR_BODY: usize = 16 << 10;
/// Most characters kept of a node's own words.
const TEXT: usize = 256;

/// Where a node is and how to reach it. Cheap to clone: clones share one connection pool.
#[derive(Clone)]
pub(crate) struct Endpoint {
    name: String,
    base: Url,
    client: Client,
    timeouts: Timeouts,
}

impl Endpoint {
    pub(crate) fn new(config: &NodeConfig, timeouts: Timeouts) -> Result<Self, Error> {
        let mut builder = Client::builder()
            .connect_timeout(timeouts.connect)
            .tcp_keepalive(Duration::from_secs(15))
            .pool_max_idle_per_host(4)
            // Shorter than the 5 s after which some servers close, so that no request meets a closing connection.
            .pool_idle_timeout(Duration::from_secs(4))
            // A node is asked at the address its operator gave, not where an environment variable or the node says.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("guardian");
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Losing the race to another caller is as good as winning it.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        if config.url.scheme() == "http" {
            // Nothing to verify: do not fail on a machine without certificates.
            builder = builder.tls_certs_only([]);
        }
        let client = builder
            .build()
            .map_err(|e| Error::Client { node: config.name.clone(), problem: chain(&e.without_url()) })?;
        Ok(Self { name: config.name.clone(), base: config.url.clone(), client, timeouts })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Scheme, host and port, for logs.
    pub(crate) fn address(&self) -> String {
        redacted(&self.base)
    }

    /// How long a whole answer may take.
    pub(crate) fn patience(&self) -> Duration {
        self.timeouts.request
    }

    /// How long a node that failed last time may take.
    pub(crate) fn probe_patience(&self) -> Duration {
        self.timeouts.probe
    }

    /// The address of `path` with `query` added to what the operator configured.
    fn url(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// `GET path`, JSON of at most [`SMALL_BODY`] bytes.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.get_within(path, &[], self.timeouts.request, SMALL_BODY).await
    }

    /// `GET path?query` within `patience`, JSON of at most `cap` bytes.
    pub(crate) async fn get_within<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        patience: Duration,
        cap: usize,
    ) -> Result<T, Error> {
        self.json(path, self.client.get(self.url(path, query)).timeout(patience), cap).await
    }

    /// `POST path` with a JSON body, JSON of at most `cap` bytes back.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
        cap: usize,
    ) -> Result<T, Error> {
        let request = self.client.post(self.url(path, &[])).timeout(self.timeouts.request).json(body);
        self.json(path, request, cap).await
    }

    /// `POST path` with a JSON body where only the status counts.
    pub(crate) async fn submit(&self, path: &str, body: &impl serde::Serialize) -> Result<(), Error> {
        let request = self.client.post(self.url(path, &[])).timeout(self.timeouts.request).json(body);
        self.send(path, request).await.map(drop)
    }

    /// The time of an answer to `GET path` by the node's own clock: its `Date` header, exact to a second.
    pub(crate) async fn date(&self, path: &str) -> Option<SystemTime> {
        let request = self.client.get(self.url(path, &[])).timeout(self.timeouts.request);
        let response = self.send(path, request).await.ok()?;
        httpdate::parse_http_date(response.headers().get("date")?.to_str().ok()?).ok()
    }

    /// `GET path` as a stream that may stay silent for long: no timeout here, the caller watches it.
    pub(crate) async fn stream(&self, path: &str, query: &[(&str, String)]) -> Result<Response, Error> {
        let request = self.client.get(self.url(path, query)).header("accept", "text/event-stream");
        self.send(path, request).await
    }

    async fn json<T: DeserializeOwned>(
        &self,
        path: &str,
        request: RequestBuilder,
        cap: usize,
    ) -> Result<T, Error> {
        let response = self.send(path, request.header("accept", "application/json")).await?;
        let body = self.body(path, response, cap).await?;
        serde_json::from_slice(&body).map_err(|e| self.malformed(path, e.to_string()))
    }

    /// Sends; any status but 2xx becomes [`Error::Refused`] with the node's words.
    async fn send(&self, path: &str, request: RequestBuilder) -> Result<Response, Error> {
        let response = request.send().await.map_err(|e| self.unreachable(path, e))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(Error::Refused {
            node: self.name.clone(),
            endpoint: path.to_owned(),
            status: status.as_u16(),
            text: refusal_text(&opening(response).await),
        })
    }

    async fn body(&self, path: &str, response: Response, cap: usize) -> Result<Vec<u8>, Error> {
        let too_large = || self.malformed(path, format!("the answer is larger than {cap} bytes"));
        if response.content_length().is_some_and(|length| length > cap as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|e| self.unreachable(path, e))?;
            if body.len() + chunk.len() > cap {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    pub(crate) fn malformed(&self, path: &str, problem: impl Into<String>) -> Error {
        Error::Malformed {
            node: self.name.clone(),
            endpoint: path.to_owned(),
            problem: capped(&problem.into()),
        }
    }

    pub(crate) fn unreachable(&self, path: &str, error: reqwest::Error) -> Error {
        Error::Unreachable {
            node: self.name.clone(),
            endpoint: path.to_owned(),
            problem: capped(&chain(&error.without_url())),
        }
    }
}

/// The first [`ERROR_BODY`] bytes of a refusal, or what of them came: without words the status still says enough.
async fn opening(response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        body.extend(chunk.iter().take(ERROR_BODY - body.len()));
        if body.len() == ERROR_BODY {
            break;
        }
    }
    body
}

/// An error and its causes in one line: reqwest's own text hides why.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// At most [`TEXT`] characters, without control characters: it goes to logs and terminals.
pub(crate) fn capped(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT).collect()
}

/// A node's words: the Beacon API's `message` with its `failures`, or else whatever the body says.
fn refusal_text(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Failure {
        #[serde(default)]
        message: String,
    }
    #[derive(serde::Deserialize)]
    struct Refusal {
        message: String,
        #[serde(default)]
        failures: Vec<Failure>,
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => {
            let mut text = refusal.message;
            for failure in refusal.failures {
                text.push_str("; ");
                text.push_str(&failure.message);
            }
            capped(&text)
        }
        Err(_) => capped(&String::from_utf8_lossy(body)),
    }
}

#[cfg(test)]
mod tests;
