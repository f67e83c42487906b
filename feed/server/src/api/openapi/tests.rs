use super::*;

/// Run with `FEED_WRITE_OPENAPI=1` to write the document anew.
#[test]
fn the_committed_document_is_the_one_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let fresh = format!("{}\n", text());
    if std::env::var_os("FEED_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == fresh, "openapi.json is not what the code says; run with FEED_WRITE_OPENAPI=1");
}

#[test]
fn every_route_says_what_it_refuses() {
    let document: serde_json::Value = serde_json::from_str(&text()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 20);
    for (path, item) in paths {
        let operation = &item["get"];
        assert!(operation["summary"].is_string(), "{path} says nothing of itself");
        for status in ["200", "400", "429"] {
            assert!(operation["responses"][status].is_object(), "{path} does not tell of {status}");
        }
    }
}
