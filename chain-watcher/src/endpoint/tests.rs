use super::*;
use crate::fake_node::{Dialect, FakeNode, dead_address, silent_socket};
use serde_json::Value;

fn endpoint(url: &Url) -> Endpoint {
    let timeouts = Timeouts { request: Duration::from_millis(500), ..Timeouts::default() };
    Endpoint::new(&NodeConfig { name: "mine".to_owned(), url: url.clone() }, timeouts).unwrap()
}

#[tokio::test]
async fn path_query_and_user_info_of_the_operator_are_kept() {
    let node = FakeNode::start(Dialect::Current).await;
    let mut url = node.url.clone();
    url.set_path("/key-in-path/");
    url.set_query(Some("apikey=k"));
    url.set_username("user").unwrap();
    url.set_password(Some("secret")).unwrap();
    let query = [("id", "a b".to_owned()), ("id", "c".to_owned())];
    let error = endpoint(&url)
        .get_within::<Value>("eth/v1/x", &query, Duration::from_secs(5), SMALL_BODY)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Refused { status: 404, .. }), "{error}");
    assert_eq!(node.script().requests, ["GET /key-in-path/eth/v1/x?apikey=k&id=a+b&id=c"]);
    assert_eq!(node.script().authorization.as_deref(), Some("Basic dXNlcjpzZWNyZXQ="));
}

#[tokio::test]
async fn credentials_are_never_shown() {
    let (mut url, _socket) = dead_address();
    url.set_path("/topsecret");
    url.set_query(Some("apikey=topsecret"));
    url.set_username("topsecret").unwrap();
    url.set_password(Some("topsecret")).unwrap();
    let error = endpoint(&url).get::<Value>("eth/v1/x").await.unwrap_err();
    let shown = format!(
        "{error} {error:?} {} {:?}",
        endpoint(&url).address(),
        NodeConfig { name: "mine".to_owned(), url: url.clone() }
    );
    assert!(!shown.contains("topsecret"), "{shown}");
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("onnection refused"), "the cause is named: {error}");
}

#[tokio::test]
async fn a_silent_socket_is_given_up() {
    let (url, _server) = silent_socket().await;
    let error = endpoint(&url).get::<Value>("eth/v1/x").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_too_large_is_refused() {
    let node = FakeNode::start(Dialect::Current).await;
    let mut body = b"\"".to_vec();
    body.resize(SMALL_BODY, b'x');
    body.push(b'"');
    node.script().broken.insert("/eth/v1/x".to_owned(), (200, body));
    let error = endpoint(&node.url).get::<Value>("eth/v1/x").await.unwrap_err();
    assert!(error.to_string().contains("larger than 1048576 bytes"), "{error}");
}

#[tokio::test]
async fn an_answer_that_grows_without_end_is_refused() {
    let app = axum::Router::new().fallback(async || {
        axum::body::Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(axum::body::Bytes::from_static(&[b' '; 4096]))
        }))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let patient = Timeouts { request: Duration::from_secs(60), ..Timeouts::default() };
    let endpoint = Endpoint::new(&NodeConfig { name: "mine".to_owned(), url }, patient).unwrap();
    let error = endpoint.get::<Value>("eth/v1/x").await.unwrap_err();
    assert!(error.to_string().contains("larger than 1048576 bytes"), "{error}");
    server.abort();
}

#[tokio::test]
async fn garbage_is_named_as_such() {
    let node = FakeNode::start(Dialect::Current).await;
    for garbage in [&b"<html>"[..], b"", b"{\"data\":", b"\xff\xfe"] {
        node.script().broken.insert("/eth/v1/x".to_owned(), (200, garbage.to_vec()));
        let error = endpoint(&node.url).get::<Value>("eth/v1/x").await.unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = FakeNode::start(Dialect::Current).await;
    let target = format!("{}eth/v1/node/syncing", elsewhere.url);
    let app = axum::Router::new().fallback(async move || axum::response::Redirect::permanent(&target));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let error = endpoint(&url).get::<Value>("eth/v1/node/syncing").await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 308, .. }), "{error}");
    assert!(elsewhere.script().requests.is_empty());
    server.abort();
}

#[test]
fn a_nodes_words_are_cut_and_made_harmless() {
    let long = capped(&"é\u{1b}[31m".repeat(200));
    assert_eq!(long.chars().count(), TEXT);
    assert!(!long.contains('\u{1b}'));
    let beacon =
        br#"{"code":400,"message":"bad","failures":[{"index":"0","message":"worse"}],"stacktraces":[]}"#;
    assert_eq!(refusal_text(beacon), "bad; worse");
    assert_eq!(refusal_text(b"plain words"), "plain words");
}
