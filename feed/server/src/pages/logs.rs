//! The transparency log: its checkpoint, who cosigned it, its entries, and how to verify all of it.

use super::layout::{Tab, document};
use super::note::Note;
use super::parts::{Tone, count, empty, fact, hex, mark, plural, trust, whole};
use super::{Edition, words};
use crate::assets;
use crate::log::{Log, Shelf};
use bytes::Bytes;
use crypto::spec::Slot;
use feed::tile::{TilePath, WIDTH, unbundle};
use guardian_core::guardian_set::GuardianIndex;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Entries on a page.
const PAGE: u64 = 25;

/// The entries of one page, read before the page is made: reading waits for a disk.
#[derive(Debug, Default)]
pub(crate) struct Extract {
    log: Option<Log>,
    size: u64,
    /// By number, the newest first.
    entries: Vec<(u64, Option<Bytes>)>,
    /// The one that was asked for by itself.
    open: Option<u64>,
    /// Whether a log was asked for that is not here.
    pub(crate) is_absent: bool,
}

impl Extract {
    /// Reads what is wanted. Waits for the disk.
    pub(crate) fn read(shelf: &Shelf, wanted: &Wanted) -> Self {
        let named = shelf.get(&wanted.log);
        if named.is_none() && !wanted.log.is_empty() {
            return Self { is_absent: true, ..Self::default() };
        }
        let Some(log) = named.or_else(|| shelf.current()) else { return Self::default() };
        let size = log.size();
        let Some(last) = size.checked_sub(1) else {
            return Self { log: Some(log.clone()), ..Self::default() };
        };
        let from = wanted.entry.or(wanted.from).unwrap_or(last).min(last);
        let first = from.saturating_sub(PAGE.saturating_sub(1));
        let mut bundles: BTreeMap<u64, Vec<Bytes>> = BTreeMap::new();
        let mut entry = |number: u64| {
            let path = TilePath::of_entry(number, size)?;
            let bundle = bundles.entry(path.number).or_insert_with(|| bundle(log, &path).unwrap_or_default());
            bundle.get(usize::try_from(number % u64::from(WIDTH)).ok()?).cloned()
        };
        let entries = (first..=from).rev().map(|number| (number, entry(number))).collect();
        Self { log: Some(log.clone()), size, entries, open: wanted.entry, is_absent: false }
    }
}

fn bundle(log: &Log, path: &TilePath) -> Option<Vec<Bytes>> {
    let bytes = log.tile(path).ok()??;
    let entries = unbundle(&bytes, path.width).ok()?;
    Some(entries.iter().map(|entry| bytes.slice_ref(entry)).collect())
}

/// What a reader asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    log: String,
    from: Option<u64>,
    /// One entry, which is shown open, and those before it.
    entry: Option<u64>,
}

/// The newest checkpoint on the first page.
pub(crate) fn card(edition: &Edition<'_>) -> Markup {
    let log = edition.shelf.logs.last();
    html! {
        section aria-labelledby="log" {
            div.heading { h2 id="log" { "The public record" } a.small href="/log" { "Entries, and how to verify" } }
            div.sheet {
                p { "Every vote, certificate, hold, signature and exit is an entry in a log that cannot be rewritten unnoticed: the other guardians sign how it grows." }
                @match log.and_then(|log| Some((log, Note::of(log, &edition.site.keys())?))) {
                    Some((_, note)) => { (checkpoint(edition, &note)) }
                    None => (empty("No checkpoint has been signed yet.")),
                }
            }
        }
    }
}

fn checkpoint(edition: &Edition<'_>, note: &Note) -> Markup {
    let needed = edition.snapshot.network().threshold;
    html! {
        dl.facts {
            (fact("Entries", html! { b { (count(note.size)) } }))
            (fact("Root", hex("the root", &note.root)))
            (fact("Cosigned by", html! {
                @if note.witnesses.is_empty() { (mark(Tone::None, "nobody whose key is known here")) }
                @else {
                    @for (place, (index, at)) in note.witnesses.iter().enumerate() {
                        @if place > 0 { ", " }
                        (edition.snapshot.name_of(*index))
                        " " (edition.clock.ago(*at))
                    }
                }
            }))
            (fact("Network's own key", html! {
                @if note.group { (mark(Tone::Good, &format!("signed by {needed} guardians together"))) } @else { (mark(Tone::None, "not on this one")) }
            }))
        }
    }
}

pub(crate) fn page(edition: &Edition<'_>, extract: &Extract) -> Markup {
    let log = extract.log.as_ref();
    let note = log.and_then(|log| Note::of(log, &edition.site.keys()));
    let body = html! {
        div.lead {
            h1 {
                @match &note {
                    Some(note) => { "The record has " (plural(note.size, "entry", "entries")) ", signed" (cosigned(note)) "." }
                    None => "The record has no checkpoint yet.",
                }
            }
            p { "Each guardian writes a log of everything public it did and saw. It can only grow: whoever kept an old checkpoint can prove it, and the other \
                 guardians sign what they saw of it." }
        }
        @if let Some(log) = log {
            div.pair { (newest(edition, log, note.as_ref())) div.stack { (shelf(edition, log)) (others(edition)) } }
            (verify(edition, log))
            (entries(edition, log, extract))
        } @else {
            div.sheet { (empty("This server keeps no log.")) }
        }
    };
    document(edition, Some(Tab::Log), "Log", &body)
}

fn cosigned(note: &Note) -> String {
    match u64::try_from(note.witnesses.len()).unwrap_or(u64::MAX) {
        0 => String::new(),
        number => format!(" and cosigned by {}", plural(number, "guardian", "guardians")),
    }
}

fn newest(edition: &Edition<'_>, log: &Log, note: Option<&Note>) -> Markup {
    html! {
        section aria-labelledby="checkpoint" {
            h2 id="checkpoint" { "Newest checkpoint" }
            div.sheet {
                @match note {
                    Some(note) => {
                        (checkpoint(edition, note))
                        details { summary { "The signed note itself" } pre tabindex="0" { code { (note.text) } } }
                        p.small { a href={ "/log/" (log.id()) "/checkpoint" } { "As a file" } }
                    }
                    None => (empty("None has been signed.")),
                }
            }
        }
    }
}

fn shelf(edition: &Edition<'_>, shown: &Log) -> Markup {
    html! {
        section aria-labelledby="shelf" {
            h2 id="shelf" { "All logs of this guardian" }
            div.sheet.flush {
                ul.list {
                    @for log in edition.shelf.logs.iter().rev() {
                        li {
                            div.row {
                                a href={ "/log?log=" (log.id()) } aria-current=[(log.id() == shown.id()).then_some("true")] { b { (log.id()) } }
                                span { (plural(log.size(), "entry", "entries")) }
                            }
                            code.small.soft { (log.origin()) }
                        }
                    }
                }
            }
            p.small.soft { "A new log begins with each set of guardians, and when a guardian's journal was found to lack something." }
        }
    }
}

/// The other guardians' logs, as far as this one checked them.
fn others(edition: &Edition<'_>) -> Markup {
    let heads = &edition.snapshot.status().logs;
    html! {
        @if !heads.is_empty() {
            section aria-labelledby="others" {
                h2 id="others" { "Other guardians' logs, as checked here" }
                div.sheet.flush {
                    ul.list {
                        @for head in heads {
                            li { div.row {
                                b { (edition.snapshot.name_of(head.guardian)) } span { (plural(head.size, "entry", "entries")) }
                                span.small { (hex("the root", &head.root.to_string())) }
                            } }
                        }
                    }
                }
            }
        }
    }
}

fn verify(edition: &Edition<'_>, log: &Log) -> Markup {
    let id = edition.snapshot.network().id.to_string();
    html! {
        section id="verify" aria-labelledby="how" {
            h2 id="how" { "Verify it" }
            div.pair {
                div.sheet {
                    h3 { "In this browser" }
                    p { "Fetches the checkpoint, the definition and tiles from this server and checks the signatures, and that the log only grew since your last visit, with the code \
                         of the command line built for browsers. Each entry below can be proven too." }
                    (trust(&id))
                    @if !is_of_network(edition, log) { (of_another_set()) }
                    div.row.scripted-only {
                        @if is_of_network(edition, log) {
                            button.button.first type="button" data-verify="log" data-of={ "/log/" (log.id()) } data-origin=(log.origin()) { "Verify this log" }
                        }
                        label.button.file { "A dossier from your disk" input type="file" accept="application/json,.json" data-verify-file; }
                    }
                    noscript { p { (mark(Tone::None, "Needs scripts; the command line does not.")) } }
                    div data-verdict data-own data-key={ "verdict " (log.origin()) } {}
                    div.note-box.warn {
                        p { b { "Code from a server cannot prove that server honest." } " Whoever lies about the log could serve a verifier that nods. Compare the two values below with \
                            another guardian's page, or with what the network published; or verify on your own machine." }
                    }
                    dl.facts {
                        (fact("Network id", whole("the network id", &id)))
                        (fact("Scripts' hash", whole("the hash of the scripts", assets::digest())))
                    }
                }
                div.sheet {
                    h3 { "On the command line" }
                    p { "Checks signatures, that the log only grew since your last visit, and that an entry is in it." }
                    pre tabindex="0" { code { "guardian feed verify https://this-server \\\n  --network-id " (id) " \\\n  --state visits.json" } }
                    p { "Two guardians' views against each other:" }
                    pre tabindex="0" { code { "guardian feed verify https://one --against https://another \\\n  --network-id " (id) } }
                    p { "The tiles are in the C2SP tlog-tiles format, so other tools read them too: " }
                    ul {
                        li { a href={ "/log/" (log.id()) "/checkpoint" } { "checkpoint" } }
                        li { code { "/log/" (log.id()) "/tile/<level>/<number>" } }
                        li { code { "/log/" (log.id()) "/tile/entries/<number>" } }
                        li { a href="/v1/key" { "the definition and the log's key" } }
                    }
                }
            }
        }
    }
}

fn entries(edition: &Edition<'_>, log: &Log, extract: &Extract) -> Markup {
    let size = extract.size;
    let from = extract.entries.first().map_or(0, |(number, _)| *number);
    let first = extract.entries.last().map_or(0, |(number, _)| *number);
    let at = |from: u64| format!("/log?log={}&from={from}#entries", log.id());
    html! {
        section aria-labelledby="entries" {
            h2 id="entries" { "Entries" }
            form.filters method="get" action="/log" {
                input type="hidden" name="log" value=(log.id());
                label.field { span { "From entry" } input type="number" name="from" min="0" value=(from) inputmode="numeric"; }
                button.button type="submit" { "Show" }
            }
            div.sheet.flush {
                @if size == 0 { (empty("It is empty.")) }
                @else { ul.list { @for (number, bytes) in &extract.entries { (entry(edition, log, *number, bytes.as_deref(), extract.open == Some(*number))) } } }
            }
            nav.pager aria-label="Pages of the entries" {
                span.soft { "Newest first" }
                span.row {
                    @if from.saturating_add(1) < size { a.button rel="prev" href=(at(from.saturating_add(PAGE).min(size.saturating_sub(1)))) { "Newer" } }
                    @if first > 0 { a.button rel="next" href=(at(first.saturating_sub(1))) { "Older" } }
                }
            }
        }
    }
}

fn entry(edition: &Edition<'_>, log: &Log, number: u64, bytes: Option<&[u8]>, is_open: bool) -> Markup {
    let value: Option<Value> = bytes.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let field = |name: &str| value.as_ref().and_then(|value| value.get(name));
    let kind = field("kind").and_then(Value::as_str).unwrap_or("unreadable");
    let at = field("slot").and_then(Value::as_u64).map(|slot| edition.snapshot.calendar().at(Slot(slot)));
    let proposal = field("proposal").and_then(Value::as_str);
    let text = value.as_ref().and_then(|value| serde_json::to_string_pretty(value).ok());
    html! {
        li id={ "entry-" (number) } data-entry data-key={ (log.origin()) " " (number) } {
            details open[is_open] {
                summary {
                    span.number { (count(number)) } " " b { (words::entry(kind)) }
                    @if let Some(gist) = value.as_ref().and_then(|value| gist(edition, value)) { " " span.soft { (gist) } }
                    @if let Some(at) = at { " " span.small { (edition.clock.ago(at)) } }
                }
                @if let Some(id) = proposal { p.small { a href={ "/proposals/" (id) } { "The proposal it is about" } } }
                @match text {
                    Some(text) => pre tabindex="0" { code { (text) } },
                    None => p.small.soft { "It cannot be read here." },
                }
                div.row {
                    @if is_of_network(edition, log) {
                        button.button.scripted-only type="button" data-verify="entry" data-of={ "/log/" (log.id()) } data-origin=(log.origin()) data-index=(number) {
                            "Prove this entry" span.unseen { ", number " (count(number)) }
                        }
                    }
                    a.small href={ "/log?log=" (log.id()) "&entry=" (number) "#entry-" (number) } {
                        "Link to this entry" span.unseen { ", number " (count(number)) }
                    }
                }
                div data-verdict data-own {}
            }
        }
    }
}

/// Whether the definition in force names who wrote it: that of an earlier set is verified by that set's network id.
fn is_of_network(edition: &Edition<'_>, log: &Log) -> bool {
    log.origin().network == edition.snapshot.network().id
}

fn of_another_set() -> Markup {
    html! {
        p { (mark(Tone::None, "Of another set of guardians")) " This log has another network id, which its second line here and its checkpoint name. Verify it with that id on the command line." }
    }
}

/// What an entry comes down to, in a few words.
fn gist(edition: &Edition<'_>, entry: &Value) -> Option<String> {
    let guardian = entry.get("guardian").and_then(Value::as_u64).and_then(|index| u16::try_from(index).ok());
    let guardian = guardian.map(|index| edition.snapshot.name_of(GuardianIndex(index)));
    // A code, or a code with more inside: the outermost says it.
    let code = |name: &str| match entry.get(name)? {
        Value::String(code) => Some(code.replace('_', " ")),
        Value::Object(inside) => inside.keys().next().map(|code| code.replace('_', " ")),
        _ => None,
    };
    let what = ["decision", "state", "hold", "step", "fault"].into_iter().find_map(code);
    let parts: Vec<String> = guardian.into_iter().chain(what).collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}
