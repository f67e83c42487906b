//! Reading TOML so that a mistake is named with its line, its key and the nearest right one.

use crate::Error;
use serde::de::DeserializeOwned;
use std::path::Path;
use url::Url;

/// Reads `text`, the content of `path`, strictly.
///
/// # Errors
/// [`Error::Document`] with the line, what is wrong there and, for an unknown key, the nearest valid one.
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|e| {
        let start = e.span().map(|span| span.start);
        let line = start.map(|at| text.get(..at).unwrap_or("").matches('\n').count() + 1);
        let excerpt = line.and_then(|line| text.lines().nth(line - 1)).map(str::trim).unwrap_or("");
        let mut problem = describe(e.message());
        if !excerpt.is_empty() {
            problem = format!("{problem} (at `{}`)", shown(excerpt));
        }
        Error::Document { path: path.into(), line, problem }
    })
}

/// As much of a line as may be shown: a stranger's line may be endless, and a URL may hold a password or an access key.
fn shown(line: &str) -> String {
    let key = line.split('=').next().unwrap_or_default().trim();
    if key.contains("url") || line.contains("://") {
        // A table in one line may begin with other keys.
        let key = key.chars().take(40).collect::<String>();
        return if key == line { key } else { format!("{key} = …") };
    }
    line.chars().take(80).collect()
}

/// Says serde's "unknown field" in our words, with the nearest valid key.
fn describe(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else {
        // A value that is repeated there may be a URL with an access key.
        if message.starts_with("invalid ") && message.contains("://") {
            return "a value of a wrong kind or in a wrong place".to_owned();
        }
        return message.trim().replace('\n', "; ");
    };
    let mut names = rest.split('`').step_by(2);
    let unknown = names.next().unwrap_or_default();
    let valid: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let nearest = valid
        .iter()
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, name)) => format!("unknown key `{unknown}`; did you mean `{name}`?"),
        None => format!("unknown key `{unknown}`; valid here: {}", valid.join(", ")),
    }
}

/// Checks the base URL of an HTTP service.
pub(super) fn http_url(text: &str) -> Result<Url, String> {
    url(text, &["http", "https"], "http or https", "http://127.0.0.1:5052")
}

/// Checks the URL of a JSON-RPC service.
pub(super) fn rpc_url(text: &str) -> Result<Url, String> {
    url(text, &["http", "https", "ws", "wss"], "http, https, ws or wss", "http://127.0.0.1:8545")
}

/// Checks the URL that notices are sent to.
pub(super) fn hook_url(text: &str) -> Result<Url, String> {
    url(text, &["http", "https"], "http or https", "https://hooks.example/guardian")
}

fn url(text: &str, schemes: &[&str], named: &str, example: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|e| format!("not a URL ({e}); write it like {example}"))?;
    if !schemes.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err(format!("not an {named} URL; write it like {example}"));
    }
    Ok(url)
}

/// Checks an address of a guardian: what the link to the other guardians can listen on and dial.
pub fn multiaddr(text: &str) -> Result<(), String> {
    let example = "write it like /ip4/192.0.2.1/tcp/9440";
    if text.parse::<p2p::Multiaddr>().is_err() {
        return Err(format!("`{text}` is no multiaddr; {example}"));
    }
    let mut parts = text.split('/').skip(1);
    let (network, transport) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    if network.starts_with("dns") {
        return Err(format!(
            "`{text}` is a host name, guardians find each other by IP address only; {example}"
        ));
    }
    if !matches!(network, "ip4" | "ip6") || transport != "tcp" || parts.count() != 1 {
        return Err(format!("`{text}` is not an IP address with a TCP port; {example}"));
    }
    Ok(())
}
