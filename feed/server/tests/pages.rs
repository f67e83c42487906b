//! The pages as they are sent: whole, strict, and honest about what is not known.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where something is not as it should be"
)]

mod world;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use feed_server::{Site, Snapshot, pages};
use std::sync::Arc;
use tower_service::Service;
use world::{NOW, World};

/// A site that shows one moment for ever.
struct Still(Router);

impl Still {
    fn of(world: &World) -> Self {
        let status = Arc::new(world.status(NOW));
        let site = Site::still(Snapshot::new(status, Arc::new(world.definition.clone())));
        Self(pages::router().with_state(site))
    }

    async fn response(&self, path: &str) -> Response {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.0.clone().call(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.response(path).await;
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 16 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// The first link of a page that leads below `kind`.
    async fn first(&self, path: &str, kind: &str) -> String {
        let (_, page) = self.get(path).await;
        let start = format!("href=\"/{kind}/0x");
        let place = page.find(&start).unwrap_or_else(|| panic!("{path} leads to none of {kind}"));
        page[place + 6..].split('"').next().unwrap().to_owned()
    }

    /// One page of every kind.
    async fn every(&self) -> Vec<String> {
        let fixed = ["/", "/guardians", "/validators", "/proposals", "/exits", "/emergencies", "/log"];
        let mut all: Vec<String> = fixed.map(ToOwned::to_owned).to_vec();
        for (path, kind) in [
            ("/validators?health=danger", "validators"),
            ("/validators?health=leaving", "validators"),
            ("/validators?health=gone", "validators"),
            ("/validators?health=danger", "operators"),
            ("/proposals?held=true", "proposals"),
            ("/proposals?state=expired", "proposals"),
            ("/proposals?state=finalized", "proposals"),
            ("/proposals?state=rejected", "proposals"),
            ("/emergencies", "emergencies"),
        ] {
            all.push(self.first(path, kind).await);
        }
        all
    }
}

#[tokio::test]
async fn every_page_is_whole_and_strict() {
    let still = Still::of(&World::new(2_000));
    for path in still.every().await {
        let response = still.response(&path).await;
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        let (status, page) = still.get(&path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_eq!(page.matches("<h1").count(), 1, "{path}");
        assert_eq!(page.matches("<main").count(), 1, "{path}");
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\""), "{path}");
        for inline in [" style=", "<style", " onclick=", " onload=", "javascript:", "http://", "https://"] {
            let allowed = inline == "https://" && path == "/log";
            assert!(allowed || !page.contains(inline), "{path} has {inline}");
        }
        for script in page.split("<script").skip(1) {
            assert!(
                script.contains(" src=\"/assets/") && script.contains("></script>"),
                "{path} has a script inside"
            );
        }
        let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let once: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), once.len(), "{path} has an id twice");
    }
}

#[tokio::test]
async fn every_link_leads_somewhere() {
    let still = Still::of(&World::new(600));
    for path in still.every().await {
        let (_, page) = still.get(&path).await;
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).take(400) {
            let link = link.replace("&amp;", "&");
            let elsewhere = link.starts_with("/v1/")
                || link.starts_with("/log/")
                || link == "/healthz"
                || link.starts_with('#');
            if elsewhere {
                continue;
            }
            let (status, _) = still.get(link.split('#').next().unwrap()).await;
            assert_eq!(status, StatusCode::OK, "{path} leads to {link}");
        }
    }
}

#[tokio::test]
async fn what_is_not_known_is_said_on_a_page() {
    let still = Still::of(&World::new(200));
    for path in ["/validators/7", "/validators/0x12", "/proposals/none", "/operators/0x00", "/emergencies/x"]
    {
        let (status, page) = still.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.contains("<h1>Nothing here</h1>"), "{path}");
    }
}

#[tokio::test]
async fn words_of_others_are_text() {
    let still = Still::of(&World::new(200));
    let path = still.first("/emergencies", "emergencies").await;
    let (_, page) = still.get(&path).await;
    assert!(page.contains("&lt;and says so&gt; &amp; asks") && !page.contains("<and says so>"));
    let (_, page) = still.get("/validators?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!page.contains("<script>alert") && page.contains("&quot;&gt;&lt;script&gt;"));
}

#[tokio::test]
async fn a_moment_long_past_is_called_old() {
    // The chain of this world began years ago and its slot is of 2024: long past.
    let still = Still::of(&World::new(200));
    let (_, page) = still.get("/").await;
    assert!(
        page.contains("Whether the network is alive cannot be told"),
        "the answer must not be that it is"
    );
    assert!(!page.contains("role=\"alert\" hidden"), "the alarm must show");
}

#[tokio::test]
async fn the_list_is_paged_searched_and_sorted_by_the_server() {
    let still = Still::of(&World::new(600));
    let rows = |page: &str| page.split("<tbody>").nth(1).map_or(0, |body| body.matches("<tr>").count());
    let (_, first) = still.get("/validators").await;
    let (_, second) = still.get("/validators?offset=50").await;
    assert_eq!((rows(&first), rows(&second)), (50, 50));
    assert!(first.contains("rel=\"next\" href=\"/validators?offset=50\"") && second.contains("rel=\"prev\""));
    assert!(first.contains(">1000000<") && !second.contains(">1000000<") && second.contains(">1000050<"));
    let (_, found) = still.get("/validators?q=1000321").await;
    assert_eq!(rows(&found), 1);
    assert!(found.contains("1 validator matches."));
    let (_, none) = still.get("/validators?q=zzz").await;
    assert!(none.contains("0 validators match.") && none.contains("No validator matches"));
    let (_, last) = still.get("/validators?sort=index&order=desc").await;
    assert!(last.contains("aria-sort=\"descending\""));
}

/// A page without its marks.
fn text(page: &str) -> String {
    let parts = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<String>()
}

#[tokio::test]
async fn a_proposals_page_tells_who_voted_and_signed_when() {
    let still = Still::of(&World::new(2_000));
    let (_, page) = still.get(&still.first("/proposals?state=finalized", "proposals").await).await;
    assert!(page.contains("<th scope=\"col\">When</th>"));
    let told = text(&page);
    let line = |what: &str| {
        let place = told.find(what).unwrap_or_else(|| panic!("{what:?} is not told"));
        let rest = &told[place + what.len()..];
        let date = rest.find(", slot ").map(|slot| &rest[..slot]).unwrap();
        assert!(date.contains(" UTC ") && date.len() < 60, "{what:?} has no date: {date}");
        place
    };
    let order = [
        "north approved",
        "east and south approved",
        "west approved",
        "Enough guardians approved",
        "This guardian signed its part",
        "east’s and south’s parts of the signature were here",
        "west’s part of the signature was here",
        "harbour’s part of the signature was here",
        "A beacon node took the exit",
    ];
    assert!(order.map(line).is_sorted());
    assert!(!told.contains("north’s"), "it is told as what it signed itself");
    let (_, page) = still.get(&still.first("/proposals?state=rejected", "proposals").await).await;
    assert!(text(&page).contains("south refused: "));
    let (_, page) = still.get(&still.first("/emergencies", "emergencies").await).await;
    assert!(page.contains("<th scope=\"col\">When</th>") && text(&page).contains("approved"));
}
