//! The small parts all pages are made of: marks, keys, figures, seats.

use maud::{Markup, html};

/// How something stands. Each has its own shape besides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Somebody should look.
    Warn,
    /// It is wrong, or it ends badly.
    Bad,
    /// Something waits.
    Wait,
    /// Nothing is known or expected.
    None,
    /// It is over.
    Done,
}

impl Tone {
    /// The class that styles it.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Wait => "wait",
            Self::None => "none",
            Self::Done => "done",
        }
    }
}

/// A word with a shape before it.
pub(crate) fn mark(tone: Tone, text: &str) -> Markup {
    html! { span.mark.(tone.class()) { (text) } }
}

/// As [`mark`], on a plate: for the one that matters on a page.
pub(crate) fn plate(tone: Tone, text: &str) -> Markup {
    html! { span.mark.plate.(tone.class()) { (text) } }
}

/// The first and last digits of a long hex value: `0x8f31…b2c4`.
pub(crate) fn short(full: &str) -> String {
    let digits = full.chars().count();
    if digits <= 14 {
        return full.to_owned();
    }
    let head: String = full.chars().take(6).collect();
    let tail: String = full.chars().skip(digits.saturating_sub(4)).collect();
    format!("{head}…{tail}")
}

/// A long hex value, shortened, with the whole value at hand. `what` names it for who does not see it.
pub(crate) fn hex(what: &str, full: &str) -> Markup {
    html! { span.hex { code title=(full) { (short(full)) } (copy(what, full)) } }
}

/// A long hex value in full.
pub(crate) fn whole(what: &str, full: &str) -> Markup {
    html! { span.hex.whole { code { (full) } (copy(what, full)) } }
}

/// A long hex value, shortened, that leads somewhere.
pub(crate) fn link(what: &str, full: &str, to: &str) -> Markup {
    html! { span.hex { a href=(to) title=(full) { code { (short(full)) } } (copy(what, full)) } }
}

/// Shown only where scripts run.
fn copy(what: &str, full: &str) -> Markup {
    html! {
        button.copy type="button" data-copy=(full) aria-label={ "Copy " (what) } title={ "Copy " (what) } {
            svg.sheets viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5" {
                rect x="5.5" y="5.5" width="8" height="8" rx="1.5" {}
                path d="M10.5 3.5v-1h-8v8h1" {}
            }
            svg.tick viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" {
                path d="M3 8.5l3.5 3.5L13 4.5" {}
            }
        }
    }
}

/// One figure of a row of figures.
pub(crate) fn figure(label: &str, value: Markup, note: Markup) -> Markup {
    html! { div { dt { (label) } dd.big { (value) } dd.note { (note) } } }
}

/// One line of a list of facts.
pub(crate) fn fact(label: &str, value: Markup) -> Markup {
    fact_of(html! { (label) }, value)
}

/// As [`fact`], with more than words before it.
pub(crate) fn fact_of(label: Markup, value: Markup) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}

/// A sentence where a list would be.
pub(crate) fn empty(text: &str) -> Markup {
    html! { p.empty { (text) } }
}

/// A number with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 guardian`, `2 guardians`.
pub(crate) fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// An amount in units of 10^`decimals`, with up to `places` digits after the point, cut and not rounded.
pub(crate) fn decimal(amount: u128, decimals: u32, places: usize) -> String {
    let unit = 10u128.checked_pow(decimals).unwrap_or(u128::MAX);
    let (whole, rest) = (amount / unit, amount % unit);
    let digits = format!("{rest:0width$}", width = usize::try_from(decimals).unwrap_or(0));
    let shown = digits.get(..places).unwrap_or(&digits);
    let shown = if places > 2 { shown.trim_end_matches('0') } else { shown };
    let whole = count(u64::try_from(whole).unwrap_or(u64::MAX));
    if shown.is_empty() { whole } else { format!("{whole}.{shown}") }
}

/// Gwei as ETH, the unit small: for a figure.
pub(crate) fn eth_figure(gwei: u128) -> Markup {
    html! { (decimal(gwei, 9, 4)) small { " ETH" } }
}

/// Gwei as ETH.
pub(crate) fn eth(gwei: u128) -> String {
    format!("{} ETH", decimal(gwei, 9, 4))
}

/// Wei of ticket as tickets.
pub(crate) fn tickets(wei: u128) -> String {
    decimal(wei, 18, 2)
}

/// Where a reader says which network it trusts. `id` is the one that this server says it is.
pub(crate) fn trust(id: &str) -> Markup {
    html! {
        label.field.scripted-only data-network=(id) {
            span { "Network id that you know from elsewhere, if you do" }
            input type="text" data-trusted autocomplete="off" spellcheck="false" placeholder=(short(id)) maxlength="66";
        }
    }
}

/// A date for a chart, Unix seconds.
pub(crate) fn float(at: u64) -> f64 {
    u32::try_from(at).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests;
