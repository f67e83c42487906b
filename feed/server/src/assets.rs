//! `Assets`: what the pages load from their own server, each under a name that holds the hash of its content.
//!
//! # Design decisions
//! - The files are part of the program: no directory to install, none to tamper with apart from the program.
//! - A name that holds the hash never means another content, so it is cached for ever. Modules name each other by plain
//!   names in the source; the plain names are replaced here, dependencies first.
//! - One hash over all of them is shown on the log page: who compares it between guardians sees whether one of them serves
//!   other scripts than the rest.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Hex digits of the hash in a name.
const DIGITS: usize = 16;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const WASM: &str = "application/wasm";
const SVG: &str = "image/svg+xml";

macro_rules! source {
    ($name:literal, $media:expr) => {
        Source { name: $name, media: $media, body: include_bytes!(concat!("../assets/", $name)) }
    };
}

/// Dependencies stand before what names them.
const SOURCES: &[Source] = &[
    source!("feed.css", CSS),
    source!("mark.svg", SVG),
    source!("verify.wasm", WASM),
    source!("theme.js", JS),
    source!("clock.js", JS),
    source!("morph.js", JS),
    source!("controls.js", JS),
    source!("live.js", JS),
    source!("store.js", JS),
    source!("row.js", JS),
    source!("list.js", JS),
    source!("source.js", JS),
    source!("verifier.js", JS),
    source!("verdict.js", JS),
    source!("visits.js", JS),
    source!("notes.js", JS),
    source!("verify.js", JS),
    source!("main.js", JS),
];

/// The modules that every page loads: named in its head, so that they are fetched at once and not one after the other.
pub(crate) const MODULES: [&str; 14] = [
    "clock.js",
    "morph.js",
    "controls.js",
    "live.js",
    "store.js",
    "row.js",
    "list.js",
    "source.js",
    "verifier.js",
    "verdict.js",
    "visits.js",
    "notes.js",
    "verify.js",
    "main.js",
];

static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets::of(SOURCES));

/// A file as it is in the source.
struct Source {
    name: &'static str,
    media: &'static str,
    body: &'static [u8],
}

/// All of them, as they are served.
struct Assets {
    /// By plain name: the path.
    paths: BTreeMap<&'static str, String>,
    /// By the last part of the path.
    served: BTreeMap<String, Served>,
    digest: String,
}

/// One as it is served.
#[derive(Clone)]
struct Served {
    media: &'static str,
    body: Bytes,
}

impl Assets {
    fn of(sources: &'static [Source]) -> Self {
        let mut paths = BTreeMap::new();
        let mut served: BTreeMap<String, Served> = BTreeMap::new();
        let mut names: Vec<(String, String)> = Vec::new();
        for source in sources {
            let body = if source.media == JS { renamed(source.body, &names) } else { source.body.to_vec() };
            let hash = hex::encode(Sha256::digest(&body));
            let (stem, extension) = source.name.rsplit_once('.').unwrap_or((source.name, "bin"));
            let file = format!("{stem}.{}.{extension}", hash.get(..DIGITS).unwrap_or(&hash));
            names.push((format!("\"./{}\"", source.name), format!("\"./{file}\"")));
            paths.insert(source.name, format!("/assets/{file}"));
            served.insert(file, Served { media: source.media, body: body.into() });
        }
        let all = served.iter().fold(Sha256::new(), |all, (file, one)| {
            all.chain_update(file).chain_update([0]).chain_update(Sha256::digest(&one.body))
        });
        Self { paths, served, digest: hex::encode(all.finalize()) }
    }
}

/// A script in which other files are called by the names they are served under.
fn renamed(body: &[u8], names: &[(String, String)]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body).into_owned();
    names.iter().fold(text, |text, (plain, hashed)| text.replace(plain, hashed)).into_bytes()
}

/// The path of a file, by its plain name.
pub(crate) fn path(name: &str) -> &'static str {
    ASSETS.paths.get(name).map_or("/assets/missing", String::as_str)
}

/// SHA-256 over all files and their names, hex.
pub(crate) fn digest() -> &'static str {
    &ASSETS.digest
}

/// Answers `/assets/{file}`.
pub(crate) async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.served.get(&file) else {
        return (StatusCode::NOT_FOUND, "no such file; reload the page to get the present ones\n")
            .into_response();
    };
    let cache = [
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    // The content of a name never changes: whoever has it has the right one.
    if headers.contains_key(header::IF_NONE_MATCH) {
        return (StatusCode::NOT_MODIFIED, cache).into_response();
    }
    let tag =
        HeaderValue::try_from(format!("\"{file}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(asset.media)), (header::ETAG, tag)];
    (cache, kind, asset.body.clone()).into_response()
}

#[cfg(test)]
mod tests;
