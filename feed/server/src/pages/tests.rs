use super::*;
use crate::world::{NOW, World};
use maud::html;
use std::sync::Arc;

#[test]
fn a_page_that_is_known_is_not_sent_again() {
    let page = || html! { p { "as it is" } };
    let first = send(StatusCode::OK, &HeaderMap::new(), page());
    let tag = first.headers()[header::ETAG].clone();
    let asked = HeaderMap::from_iter([(header::IF_NONE_MATCH, tag.clone())]);
    let again = send(StatusCode::OK, &asked, page());
    assert_eq!((again.status(), &again.headers()[header::ETAG]), (StatusCode::NOT_MODIFIED, &tag));
    assert_eq!(send(StatusCode::OK, &asked, html! { p { "changed" } }).status(), StatusCode::OK);
    assert_eq!(send(StatusCode::NOT_FOUND, &asked, page()).status(), StatusCode::NOT_FOUND);
}

#[test]
fn every_page_has_a_strict_policy() {
    for status in [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE] {
        let response = send(status, &HeaderMap::new(), html! {});
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_for_which_there_is_no_place_says_when_to_come_again() {
    let world = World::new(3);
    let site = Site::still(Snapshot::new(Arc::new(world.status(NOW)), Arc::new(world.definition)));
    let ask = || log_page(State(site.clone()), Query(logs::Wanted::default()), HeaderMap::new());
    let all = site.pool().fill().await;
    let refused = ask().await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let headers = refused.headers();
    assert_eq!(
        (&headers[header::RETRY_AFTER], &headers[header::CACHE_CONTROL]),
        (&"5".parse().unwrap(), &"no-store".parse().unwrap())
    );
    assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let body = axum::body::to_bytes(refused.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(
        text.contains("<h1>The entries cannot be shown now</h1>") && text.contains("Too much is asked"),
        "{text}"
    );
    drop(all);
    assert_eq!(ask().await.status(), StatusCode::OK);
}
