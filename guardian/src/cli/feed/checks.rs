//! What was checked, one by one, and how it came out.

pub(super) use feed::report::Check;
use serde::Serialize;

/// All checks, and what else there is to tell.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Found<T> {
    /// Whether all of them hold.
    pub(super) ok: bool,
    pub(super) checks: Vec<Check>,
    #[serde(flatten)]
    pub(super) told: T,
}

impl<T> Found<T> {
    pub(super) fn new(checks: Vec<Check>, told: T) -> Self {
        Self { ok: checks.iter().all(|check| check.ok), checks, told }
    }

    /// The words of those that do not hold.
    pub(super) fn failed(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().filter(|check| !check.ok).map(|check| check.words.as_str())
    }
}

/// Notes checks as they are made.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Check>);

impl Notes {
    /// Notes a check; gives its value where it holds.
    pub(super) fn take<T>(&mut self, code: &'static str, outcome: Result<(T, String), String>) -> Option<T> {
        let (value, ok, words) = match outcome {
            Ok((value, words)) => (Some(value), true, words),
            Err(words) => (None, false, words),
        };
        self.0.push(Check { code, ok, words });
        value
    }

    pub(super) fn finish(self) -> Vec<Check> {
        self.0
    }
}

/// One line a check.
pub(super) fn lines(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.code.len()).max().unwrap_or(0);
    let line = |check: &Check| {
        let mark = if check.ok { "ok " } else { "BAD" };
        format!("{mark}  {:width$}  {}\n", check.code, check.words)
    };
    checks.iter().map(line).collect()
}
