//! `Query`: parameters read strictly, so that a typing error is a refusal and not an answer to something else.

use super::answer::Refusal;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use utoipa::IntoParams;

/// Longest value of a parameter, bytes.
const MAX_VALUE: usize = 128;

/// Rows of a page that asks for no number.
const PAGE: u64 = 100;

/// Most rows of a page.
pub const MAX_PAGE: u64 = 1_000;

/// Furthest offset.
const MAX_OFFSET: u64 = 10_000_000;

/// Parameters by name, each at most once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

/// Which part of a list, as it is asked for.
#[derive(Debug, Clone, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Most rows; 100 if not said.
    #[param(minimum = 1, maximum = 1_000)]
    pub limit: Option<u64>,
    /// How many rows are left out before it.
    #[param(minimum = 0, maximum = 10_000_000)]
    pub offset: Option<u64>,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many are left out before it.
    pub offset: u64,
    /// How many it has at most.
    pub limit: u64,
}

impl Page {
    /// The offset of what follows.
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.limit)
    }

    /// This page of some items.
    pub fn of<T>(self, items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        items.skip(number(self.offset)).take(number(self.limit))
    }
}

impl Query {
    /// Reads a query string.
    ///
    /// # Errors
    /// A parameter that is not allowed, is there twice or is too long.
    pub fn read(text: &str, allowed: &[&str]) -> Result<Self, Refusal> {
        let mut read = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if !allowed.contains(&name.as_ref()) {
                let name: String = name.chars().take(40).collect();
                let allowed = match allowed {
                    [] => "there are none here".to_owned(),
                    allowed => format!("there are {}", allowed.join(", ")),
                };
                return Err(Refusal::query(format!("`{name}` is no parameter; {allowed}")));
            }
            if value.len() > MAX_VALUE {
                return Err(Refusal::query(format!("{name} is longer than {MAX_VALUE} bytes")));
            }
            if read.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::query(format!("{name} is there twice; say it once")));
            }
            read.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(read))
    }

    /// A parameter as it is.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is parsed.
    ///
    /// # Errors
    /// What its type says.
    pub fn parsed<T>(&self, name: &str) -> Result<Option<T>, Refusal>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|problem| Refusal::query(format!("{name}: {problem}")))
    }

    /// A parameter that is a number within a range, in decimal digits alone.
    ///
    /// # Errors
    /// The range.
    pub fn number(&self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && range.contains(number));
        number.map(Some).ok_or_else(|| {
            Refusal::query(format!("{name} is no number from {} to {}", range.start(), range.end()))
        })
    }

    /// A parameter that is one of some codes.
    ///
    /// # Errors
    /// All codes there are.
    pub fn code<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        code: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = all.iter().copied().find(|one| code(*one) == text);
        found.map(Some).ok_or_else(|| {
            let codes: Vec<&str> = all.iter().map(|one| code(*one)).collect();
            Refusal::query(format!("{name} is none of {}", codes.join(", ")))
        })
    }

    /// A parameter that is `true` or `false`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.code(name, &[true, false], |flag| if flag { "true" } else { "false" })
    }

    /// `limit` and `offset`.
    ///
    /// # Errors
    /// When one is no number or out of range.
    pub fn page(&self) -> Result<Page, Refusal> {
        let limit = self.number("limit", 1..=MAX_PAGE)?.unwrap_or(PAGE);
        let offset = self.number("offset", 0..=MAX_OFFSET)?.unwrap_or(0);
        Ok(Page { offset, limit })
    }
}

#[cfg(test)]
mod tests;
