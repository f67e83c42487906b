//! What every page has: its head, the menu, how fresh the figures are, the footer.

use super::Edition;
use super::moment::second;
use super::parts::{count, whole};
use crate::assets;
use crate::role::SourceState;
use maud::{DOCTYPE, Markup, html};

/// Where a page belongs in the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    Guardians,
    Validators,
    Proposals,
    Exits,
    Emergencies,
    Log,
}

impl Tab {
    const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Overview, "/", "Overview"),
        (Self::Guardians, "/guardians", "Guardians"),
        (Self::Validators, "/validators", "Validators"),
        (Self::Proposals, "/proposals", "Proposals"),
        (Self::Exits, "/exits", "Exits"),
        (Self::Emergencies, "/emergencies", "Emergencies"),
        (Self::Log, "/log", "Log"),
    ];
}

/// A whole document. `title` is the page's own; `body` is what stands in its main part.
pub(crate) fn document(edition: &Edition<'_>, tab: Option<Tab>, title: &str, body: &Markup) -> Markup {
    let network = &edition.snapshot.network().name;
    html! {
        (DOCTYPE)
        html lang="en" data-assets=(assets::digest()) {
            (head(&format!("{title} · {network}")))
            body {
                a.skip href="#main" { "Skip to the content" }
                (masthead(network, tab))
                (freshness(edition))
                main id="main" tabindex="-1" { div.width { (body) } }
                (colophon(edition))
                p.unseen id="voice" role="status" aria-live="polite" data-own {}
            }
        }
    }
}

/// A document for when there is nothing to show, or not this.
pub(crate) fn notice(title: &str, text: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-assets=(assets::digest()) {
            (head(title))
            body {
                (masthead("Guardian network", None))
                main id="main" { div.width { div.lead { h1 { (title) } p { (text) } p { a href="/" { "To the overview" } } } } }
            }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) }
            link rel="icon" href=(assets::path("mark.svg")) type="image/svg+xml";
            link rel="stylesheet" href=(assets::path("feed.css"));
            link rel="alternate" type="application/atom+xml" title="Exits and alerts" href="/v1/feed.atom";
            script src=(assets::path("theme.js")) {}
            @for module in assets::MODULES { link rel="modulepreload" href=(assets::path(module)); }
            script type="module" src=(assets::path("main.js")) {}
        }
    }
}

fn masthead(network: &str, tab: Option<Tab>) -> Markup {
    html! {
        header.masthead {
            div.width {
                a.brand href="/" {
                    svg viewBox="0 0 28 28" aria-hidden="true" fill="currentColor" stroke="currentColor" stroke-width="2" {
                        circle cx="14" cy="4.5" r="3" {}
                        circle cx="23" cy="11" r="3" {}
                        circle cx="19.6" cy="21.7" r="3" {}
                        circle cx="8.4" cy="21.7" r="3" fill="none" {}
                        circle cx="5" cy="11" r="3" {}
                    }
                    span { b { (network) } small { "Guardians' public record" } }
                }
                nav.menu aria-label="Pages" {
                    ul {
                        @for (one, path, name) in Tab::ALL {
                            li { a href=(path) aria-current=[(tab == Some(one)).then_some("page")] { (name) } }
                        }
                    }
                }
                button.button.quiet.theme.scripted-only id="theme" type="button" aria-label="Theme: system" title="Theme: system" {
                    svg viewBox="0 0 16 16" aria-hidden="true" fill="currentColor" {
                        path d="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.6v10.8a5.4 5.4 0 0 1 0-10.8Z" {}
                    }
                    span { "System" }
                }
            }
        }
    }
}

/// How old the figures are, and who says them. Scripts count on.
fn freshness(edition: &Edition<'_>) -> Markup {
    html! {
        div id="fresh" {
            div.alarm id="alarm" role="alert" hidden[!edition.stale] data-stale-after=(edition.stale_after) {
                div.width {
                    p {
                        b { "These figures are old. " }
                        "They are of " (second(edition.as_of)) ", and nothing newer has come to this server. What happened since \
                         is not shown."
                    }
                }
            }
            @for source in edition.site.role().sources().iter().filter(|source| source.state == SourceState::Moved) {
                div.alarm data-key={ "source " (source.url) } {
                    div.width { p {
                        b { (source.url) } " says that the guardians changed, and that the network goes on under another id. Only it says so; nothing \
                        here verified it. Take the id from the protocol. " a href="/v1/sources" { "What it says" }
                    } }
                }
            }
            div.fresh data-key="moment" {
                div.width {
                    span.link-state.mark.none id="link" data-own title="Whether this page follows the network by itself" {
                        "Reload for newer figures"
                    }
                    span { "As of " b { (second(edition.as_of)) } " " (edition.clock.ago(edition.as_of)) }
                    span { "slot " b { (count(edition.snapshot.status().slot.0)) } }
                    span { "final epoch " b { (count(edition.snapshot.finalized_epoch().0)) } }
                    span { "told by " b { (edition.speaker()) } }
                }
            }
        }
    }
}

fn colophon(edition: &Edition<'_>) -> Markup {
    let id = edition.snapshot.network().id.to_string();
    html! {
        footer.colophon {
            div.width {
                dl {
                    div { dt { "Network id" } dd { (whole("the network id", &id)) } }
                    div { dt { "This page's scripts" } dd { (whole("the hash of the scripts", assets::digest())) } }
                }
                p {
                    "One guardian's view, and a server can lie. The network id is the only thing you need to know from \
                     elsewhere: with it " a href="/log#verify" { "everything here can be checked" } "."
                }
                nav aria-label="More" {
                    ul {
                        li { a href="/v1/openapi.json" { "API" } }
                        li { a href="/v1/feed.atom" { "Atom feed" } }
                        li { a href="/v1/key" { "Key of the log" } }
                        li { a href="/v1/faults" { "Faults" } }
                        li { a href="/healthz" { "Health" } }
                    }
                }
            }
        }
    }
}
