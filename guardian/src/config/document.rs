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
            // Bounded: a line of a stranger's file may be endless.
            problem = format!("{problem} (at `{}`)", excerpt.chars().take(80).collect::<String>());
        }
        Error::Document { path: path.into(), line, problem }
    })
}

/// Says serde's "unknown field" in our words, with the nearest valid key.
fn describe(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else {
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
    let example = "write it like http://127.0.0.1:5052";
    let url: Url = text.parse().map_err(|e| format!("not a URL ({e}); {example}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(format!("not an http or https URL; {example}"));
    }
    Ok(url)
}
