//! One proposal: why the validator is forced out, who agreed, what happened when, and what proves it.

use super::layout::{Tab, document};
use super::parts::{Tone, count, empty, fact, link, mark, plate, plural, trust, whole};
use super::{Edition, exits, story, words};
use crate::view::proposal::PartialView;
use crate::view::{ProposalView, VoteView};
use guardian_core::proposal::{RuleKind, State};
use maud::{Markup, html};

pub(crate) fn page(edition: &Edition<'_>, proposal: &ProposalView) -> Markup {
    let body = html! {
        (lead(edition, proposal))
        (exits::steps(proposal))
        @if let Some(hold) = &proposal.hold {
            div.note-box.wait {
                p { (mark(Tone::Wait, "Held back")) " " b { (words::capital(words::hold(hold.code))) "." }
                    @if let Some(since) = hold.since { " Since " (edition.clock.when(since.at)) "." } }
                p { (words::hold_sentence(hold.code)) }
            }
        }
        div.pair { (why(edition, proposal)) (said(edition, proposal)) }
        section aria-labelledby="story" {
            h2 id="story" { "What happened, and when" }
            div.sheet { (story::of(edition, proposal)) }
        }
        (proof(&edition.snapshot.network().id.to_string(), proposal))
        (facts(edition, proposal))
    };
    document(edition, Some(Tab::Proposals), &format!("Exit of validator {}", proposal.index), &body)
}

fn answer(proposal: &ProposalView) -> String {
    let index = proposal.index;
    match proposal.state {
        State::Open => format!("Guardians vote on whether validator {index} must leave."),
        State::Certified | State::Signed => {
            format!("Validator {index} must leave: enough guardians approved.")
        }
        State::Submitted => format!("Validator {index} must leave: its exit was sent to the chain."),
        State::Included | State::Finalized => format!("Validator {index} was forced out."),
        State::Rejected => format!("Validator {index} stays: too many guardians refused."),
        State::Expired => format!("Validator {index} stays: too few guardians approved in time."),
        State::Moot => format!("The exit of validator {index} is no longer needed."),
    }
}

fn lead(edition: &Edition<'_>, proposal: &ProposalView) -> Markup {
    let (tone, state) = words::state(proposal.state);
    let id = proposal.id.to_string();
    html! {
        div.lead {
            p.over { (plate(tone, state)) span { (words::rule(proposal.rule)) } }
            h1 { (answer(proposal)) }
            p { (words::state_sentence(proposal.state)) }
            p.small { "Proposal " (whole("the proposal's id", &id)) }
            p.small.soft { "Opened " (edition.clock.when(proposal.opened.at)) }
        }
    }
}

/// Why, for somebody who has never heard of any of this.
fn why(edition: &Edition<'_>, proposal: &ProposalView) -> Markup {
    let policy = &edition.snapshot.definition().policy;
    let title = match proposal.state {
        State::Included | State::Finalized => "Why it was forced out",
        State::Rejected | State::Expired | State::Moot => "What was claimed",
        State::Open | State::Certified | State::Signed | State::Submitted => "Why it should leave",
    };
    html! {
        section aria-labelledby="why" {
            h2 id="why" { (title) }
            div.sheet {
                @match proposal.rule {
                    RuleKind::Offline => {
                        p { "A validator is paid to say every few minutes what it sees of the chain. This one was silent in every epoch "
                            @if let Some(from) = proposal.cause_from { "from " b { (count(from.epoch.0)) } " to " b { (count(proposal.due.epoch.0)) } }
                            @else { "up to " b { (count(proposal.due.epoch.0)) } }
                            ": " b { (plural(policy.offline.epochs, "epoch", "epochs")) " in a row" } "."
                        }
                        @if let Some(from) = proposal.cause_from { p.small.soft { "That is from " (super::moment::minute(from.at)) " to " (super::moment::minute(proposal.due.at)) "." } }
                        p { "While it is silent it loses money that belongs to stakers. The network's rule is that a validator silent for so long must leave." }
                    }
                    RuleKind::Tickets => {
                        p { "Its operator pays for each day of each validator with a ticket. "
                            @if let Some(operator) = proposal.operator { "The operator " (link("the operator", &operator.to_string(), &format!("/operators/{operator}"))) " has had too few since epoch " b { (count(proposal.due.epoch.0)) } "." }
                        }
                        p.small.soft { "That epoch began " (super::moment::minute(proposal.due.at)) "." }
                        p { "The time of grace to buy more is over. The network's rule is that validators nobody pays for must leave." }
                    }
                    RuleKind::Balance => {
                        p { "Its stake fell below " b { (super::parts::eth(policy.balance.ejection_threshold.0.into())) } ", as the chain itself finalized in epoch "
                            b { (count(proposal.due.epoch.0)) } "." }
                        p { "What is missing is made good by its operator's bond, and the bond is not endless. The network's rule is that such a validator must leave." }
                    }
                    RuleKind::Emergency => {
                        p { "No rule asks for it: people did. Enough guardians' operators approved an emergency that names this validator." }
                        @if let Some(id) = proposal.emergency { p { "Who asked, and why: " (link("the emergency's id", &id.to_string(), &format!("/emergencies/{id}"))) } }
                    }
                }
                p.small.soft { "Each guardian recomputed this from its own nodes before it voted. None took another's word for it." }
            }
        }
    }
}

fn said(edition: &Edition<'_>, proposal: &ProposalView) -> Markup {
    html! {
        section aria-labelledby="said" {
            h2 id="said" { @if proposal.votes.iter().all(|vote| vote.reason.is_none()) { "Who agreed" } @else { "Who agreed, and who did not" } }
            div.sheet.flush {
                div.sheet-head {
                    p {
                        b { (plural(proposal.approvals.into(), "approval", "approvals")) } ", " (proposal.needed) " needed "
                        @if proposal.approvals >= proposal.needed { (mark(Tone::Good, "enough")) }
                    }
                }
                (votes(edition, &proposal.votes, Some(&proposal.partials)))
            }
        }
    }
}

/// What every guardian said; with partials, also whose signature is here.
pub(crate) fn votes(edition: &Edition<'_>, votes: &[VoteView], partials: Option<&[PartialView]>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Votes by guardian" {
            table.table {
                caption.unseen { "Votes by guardian" }
                thead { tr {
                    th scope="col" { "Guardian" } th scope="col" { "Vote that stands" } th scope="col" { "When" }
                    @if partials.is_some() { th scope="col" { "Signature share" } }
                } }
                tbody {
                    @for guardian in edition.snapshot.guardians() {
                        @let vote = votes.iter().find(|vote| vote.guardian == guardian.index);
                        tr {
                            th scope="row" { (guardian.index.0) " " (guardian.name) }
                            td {
                                @match vote {
                                    Some(vote) => {
                                        (mark(words::decision(vote.decision).0, words::decision(vote.decision).1))
                                        @if let Some(reason) = vote.reason { span.small.soft { (words::reason(reason)) } }
                                    }
                                    None => (mark(Tone::None, "nothing heard")),
                                }
                            }
                            td { @match vote { Some(vote) => (edition.clock.ago(vote.at.at)), None => span.soft { "–" } } }
                            @if let Some(partials) = partials {
                                td {
                                    @match partials.iter().find(|partial| partial.guardian == guardian.index) {
                                        Some(partial) => { (mark(Tone::Good, "here")) " " span.small { (edition.clock.ago(partial.at.at)) } }
                                        None => (mark(Tone::None, "not here")),
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn proof(id: &str, proposal: &ProposalView) -> Markup {
    let path = format!("/v1/proposals/{}/dossier", proposal.id);
    html! {
        section aria-labelledby="proof" {
            h2 id="proof" { "What proves it" }
            div.sheet {
                p {
                    "The dossier holds the rule, what the guardian saw, every sealed vote, the signature and the block, in one file. Whoever has it and \
                     the network id can check it without this server."
                }
                (trust(id))
                div.row {
                    a.button href=(path) download={ "dossier-" (proposal.index) ".json" } { "Download the dossier" }
                    button.button.first.scripted-only type="button" data-verify="dossier" data-of=(path) { "Verify in this browser" }
                    a.button.quiet href="/log#verify" { "How to verify elsewhere" }
                }
                pre tabindex="0" { code { "guardian feed verify --dossier dossier-" (proposal.index) ".json \\\n  --network-id " (id) } }
                div data-verdict data-own {}
            }
        }
    }
}

fn facts(edition: &Edition<'_>, proposal: &ProposalView) -> Markup {
    let key = proposal.pubkey.to_string();
    html! {
        section aria-labelledby="facts" {
            h2 id="facts" { "The exact message" }
            div.sheet {
                dl.facts {
                    (fact("Validator", html! { (proposal.index) " " (link("the key", &key, &format!("/validators/{key}"))) }))
                    @if let Some(operator) = proposal.operator {
                        (fact("Operator", link("the operator", &operator.to_string(), &format!("/operators/{operator}"))))
                    }
                    (fact("Exit message", html! { "epoch " (proposal.exit_message_epoch) ", validator index " (proposal.index) }))
                    (fact("Cause", html! { (words::capital(&proposal.claim)) }))
                    (fact("Votes taken", html! { "until " (edition.clock.when(proposal.expires.at)) }))
                    (fact("Signature shares here", html! {
                        (proposal.partials.len()) " of " (proposal.needed) " needed"
                        @if proposal.combined { ", joined " (mark(Tone::Good, "into one signature")) }
                        @if !proposal.culprits.is_empty() { " " (mark(Tone::Bad, &format!("false: share {:?}", proposal.culprits))) }
                    }))
                    (fact("Handed to nodes", html! { (submission(proposal)) }))
                    @if let Some(epoch) = proposal.exit_epoch {
                        (fact("Off duty", html! { "from epoch " (count(epoch.epoch.0)) ", " (edition.clock.when(epoch.at)) }))
                    }
                }
                @if proposal.votes.is_empty() { (empty("No vote has been heard.")) }
            }
        }
    }
}

fn submission(proposal: &ProposalView) -> Markup {
    let sent = &proposal.submission;
    let parts: Vec<String> = [
        (sent.accepted, "took it"),
        (sent.known, "had it"),
        (sent.refused, "refused it"),
        (sent.unreachable, "did not answer"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{} {what}", count(number)))
    .collect();
    html! { @if parts.is_empty() { span.soft { "not by this guardian" } } @else { (parts.join(", ")) } }
}
