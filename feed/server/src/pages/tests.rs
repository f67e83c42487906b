use super::*;
use maud::html;

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
