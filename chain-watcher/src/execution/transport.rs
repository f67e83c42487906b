//! JSON-RPC over HTTP with limits: alloy's own transport reads answers of any size and names the whole URL, which may
//! hold a key, in its spans.

use super::failure::TooLarge;
use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket};
use alloy::transports::{TransportError, TransportErrorKind, TransportFut};
use futures::StreamExt;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response};
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;
use url::Url;

/// Largest answer, in bytes: some ten thousand logs.
pub(crate) const MAX_ANSWER: usize = 32 << 20;
/// Largest error answer read, in bytes.
const MAX_REFUSAL: usize = 16 << 10;

/// One node's address and the connections to it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct BoundedHttp {
    client: Client,
    url: Url,
}

impl BoundedHttp {
    /// To `url`, connecting within `connect`.
    pub(crate) fn new(url: Url, connect: Duration) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .connect_timeout(connect)
            .tcp_keepalive(Duration::from_secs(15))
            .pool_max_idle_per_host(8)
            // Shorter than the 5 s after which some servers close, so that no request meets a closing connection.
            .pool_idle_timeout(Duration::from_secs(4))
            // A node is asked at the address its operator gave, not where an environment variable or the node says.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("guardian");
        if url.scheme() == "http" {
            // Nothing to verify: do not fail on a machine without certificates.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self { client: builder.build()?, url })
    }

    async fn exchange(self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let silent = |error: reqwest::Error| {
            TransportErrorKind::custom_str(&crate::endpoint::chain(&error.without_url()))
        };
        let response = self.client.post(self.url).json(&request).send().await.map_err(silent)?;
        let status = response.status();
        let rest = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let cap = if status.is_success() { MAX_ANSWER } else { MAX_REFUSAL };
        let body = body(response, cap).await.map_err(|problem| match problem {
            Some(error) => silent(error),
            None if status.is_success() => TransportErrorKind::custom(TooLarge(cap)),
            None => TransportErrorKind::http_error(status.as_u16(), "an endless answer".to_owned()),
        })?;
        let answer = serde_json::from_slice::<ResponsePacket>(&body);
        match answer {
            // One refusal of a whole batch names no request of it.
            Ok(ResponsePacket::Single(single)) if matches!(request, RequestPacket::Batch(_)) => {
                match single.payload.try_into_success() {
                    Ok(_) => Err(TransportErrorKind::custom_str("one answer to a batch")),
                    Err(payload) => Err(TransportError::ErrorResp(payload)),
                }
            }
            Ok(answer) if status.is_success() || answer.is_error() => Ok(answer),
            Err(error) if status.is_success() => Err(TransportError::deser_err(error, String::new())),
            _ => Err(TransportErrorKind::http_error_with_retry_after(
                status.as_u16(),
                String::from_utf8_lossy(&body).into_owned(),
                rest,
            )),
        }
    }
}

/// At most `cap` bytes; `Err(None)` when there are more.
async fn body(response: Response, cap: usize) -> Result<Vec<u8>, Option<reqwest::Error>> {
    if response.content_length().is_some_and(|length| length > cap as u64) {
        return Err(None);
    }
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(Some)?;
        if body.len() + chunk.len() > cap {
            return Err(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Service<RequestPacket> for BoundedHttp {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        Box::pin(self.clone().exchange(request))
    }
}
