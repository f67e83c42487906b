//! Readiness: for how many validators how many guardians could sign, and for which the fewest could.

use super::parts::{Tone, count, mark};
use super::{Edition, chart};
use crate::snapshot::{Order, Row, SortKey};
use crate::view::GuardianView;
use maud::{Markup, html};

/// Validators in the matrix: those that the fewest guardians could sign for.
const SHOWN: usize = 12;

/// How many validators how many guardians could sign for.
pub(crate) fn section(edition: &Edition<'_>, guardians: &[GuardianView]) -> Markup {
    let needed = usize::from(edition.snapshot.network().threshold);
    let spread = edition.readiness();
    let enough: u64 = spread.iter().filter(|(ready, _)| **ready >= needed).map(|(_, number)| *number).sum();
    let all: u64 = spread.values().sum();
    let few = all.saturating_sub(enough);
    let said = format!("{} validators with enough working shares, {} without", count(enough), count(few));
    html! {
        section aria-labelledby="readiness" {
            h2 id="readiness" { "What they could sign for" }
            div.sheet {
                p {
                    "Each guardian proves every day that its shares work. Enough of them (" (needed) ") did for "
                    b { (count(enough)) } " of " b { (count(all)) } " validators."
                }
                (chart::bar(&said, &[("a", enough), ("c", few)]))
                table.table {
                    caption { "Validators by how many of " (guardians.len()) " guardians proved their share" }
                    thead { tr {
                        th scope="col" { "Guardians ready" } th.number scope="col" { "Validators" }
                        th scope="col" { "Can be signed for" }
                    } }
                    tbody {
                        @for (ready, number) in spread.iter().rev() {
                            tr {
                                th scope="row" { (ready) " of " (guardians.len()) }
                                td.number { (count(*number)) }
                                td { @if *ready >= needed { (mark(Tone::Good, "yes")) } @else { (mark(Tone::Bad, "no")) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Who could sign for the validators that the fewest could sign for.
pub(crate) fn matrix(edition: &Edition<'_>, guardians: &[GuardianView]) -> Markup {
    let snapshot = edition.snapshot;
    let fewest = Order { by: SortKey::Ready, descending: false };
    let weakest = snapshot.rows(fewest).filter(|row| snapshot.watched(*row).is_some());
    let weakest: Vec<Row> = weakest.take(SHOWN).collect();
    html! {
        section aria-labelledby="matrix" {
            h2 id="matrix" { "Where the fewest are ready" }
            div.sheet.flush {
                div.scroll tabindex="0" role="region" aria-labelledby="matrix" {
                    table.table.matrix {
                        caption { "Which guardians proved a working share of the validators that the fewest proved one of" }
                        thead { tr {
                            th scope="col" { "Validator" }
                            @for guardian in guardians { th scope="col" { (guardian.name) } }
                            th scope="col" { "Ready" }
                        } }
                        tbody {
                            @for row in weakest {
                                @let validator = snapshot.validator(row);
                                tr {
                                    th scope="row" {
                                        a href={ "/validators/" (validator.pubkey) } {
                                            @match validator.index {
                                                Some(index) => (index),
                                                None => code { (super::parts::short(&validator.pubkey.to_string())) },
                                            }
                                        }
                                    }
                                    @for guardian in guardians {
                                        td {
                                            @if validator.ready.contains(&guardian.index) { (mark(Tone::Good, "yes")) }
                                            @else { (mark(Tone::None, "no")) }
                                        }
                                    }
                                    td { (validator.ready.len()) " of " (guardians.len()) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
