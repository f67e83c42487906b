//! Query parameters as the Beacon API writes them: lists by repetition (`id=1&id=2`) and by commas (`id=1,2`).

use super::answer::Refusal;
use crate::chain::node::Dialect;

/// All values of one parameter. An old Lodestar takes a comma list for one value, which matches nothing.
pub(super) fn list(query: Option<&str>, name: &str, dialect: Dialect) -> Vec<String> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .filter(|(key, _)| key == name)
        .flat_map(|(_, value)| match dialect {
            Dialect::Current => value.split(',').map(str::to_owned).collect::<Vec<_>>(),
            Dialect::Lodestar15 => vec![value.into_owned()],
        })
        .filter(|value| !value.is_empty())
        .collect()
}

/// The one value of a parameter that must be a number.
pub(super) fn number(query: Option<&str>, name: &str) -> Result<u64, Refusal> {
    match list(query, name, Dialect::Current).as_slice() {
        [value] => parse(value, name),
        _ => Err(Refusal::bad_request(format!("parameter `{name}` must be given once"))),
    }
}

/// A decimal number.
pub(super) fn parse(text: &str, name: &str) -> Result<u64, Refusal> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or_else(|| {
        Refusal::bad_request(format!(
            "{name}: `{}` is not a number",
            text.chars().take(128).collect::<String>()
        ))
    })
}
