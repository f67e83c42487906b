//! Logs: how they are written, and what is said of every event, command and journal record.
//!
//! The core logs nothing; the shell logs each [`Event`] and [`Command`] at `debug`, guardians that come and go at
//! `info` and `warn`, and each move that an operator cares for at `info`, when the journal holds it. Field names are stable: `proposal`, `validator`, `guardian`, `slot`,
//! `code`. Nothing here can see a secret: events and commands carry none.

mod ceremonies;
mod moves;
mod notices;

pub use moves::moved;
pub use notices::notice;

use crate::Error;
use crate::config::{Log, LogFormat};
use crate::progress::BesideBars;
use guardian_core::message::Message;
use guardian_core::request::{Answer, Request};
use guardian_core::{Command, Event};
use std::io::IsTerminal;
use tracing::{debug, info, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging to standard error for this process. A second start in one process changes nothing.
///
/// # Errors
/// [`Error::Identity`] when the filter cannot be parsed; reading the configuration has checked that already.
pub fn start(log: &Log) -> Result<(), Error> {
    let subscriber = if std::io::stderr().is_terminal() {
        subscriber(log, || BesideBars, true)?
    } else {
        subscriber(log, std::io::stderr, false)?
    };
    // Fails only when the process logs already, as with several nodes in one test.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// The subscriber for a configuration, writing to `writer`.
fn subscriber<W>(
    log: &Log,
    writer: W,
    colours: bool,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, Error>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|e| Error::Identity { problem: format!("log.filter is no filter ({e})") })?;
    // A log reader that has gone away (a closed pipe, a restarted log daemon) must not end the node: telling standard
    // error that standard error is gone would panic.
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).log_internal_errors(false);
    Ok(match log.format {
        LogFormat::Human => Box::new(builder.with_ansi(colours).finish()),
        LogFormat::Json => Box::new(
            builder.json().flatten_event(true).with_current_span(false).with_span_list(false).finish(),
        ),
    })
}

/// Logs an event at `debug`, in a line.
pub fn event(event: &Event) {
    match event {
        Event::SlotStarted(slot) => debug!(target: "guardian::event", event = "slot_started", %slot),
        Event::CustodyLoaded(custody) => {
            debug!(target: "guardian::event", event = "custody_loaded", shares = custody.len())
        }
        Event::HeadObserved { slot, validators } => {
            debug!(target: "guardian::event", event = "head_observed", %slot, validators = validators.len());
        }
        Event::FinalizedObserved { checkpoint, validators } => {
            debug!(target: "guardian::event", event = "finalized_observed", epoch = %checkpoint.epoch, root = %checkpoint.root, validators = validators.len());
        }
        Event::LivenessObserved(liveness) => {
            debug!(target: "guardian::event", event = "liveness_observed", epoch = %liveness.epoch, live = liveness.live.len(), dark = liveness.dark.len());
        }
        Event::ExitGossiped { validator_index, epoch } => {
            debug!(target: "guardian::event", event = "exit_gossiped", validator = %validator_index, %epoch);
        }
        Event::ExecutionObserved(health) => {
            // Sent when it changes, so each problem is said once.
            match &health.problem {
                Some(problem) => {
                    warn!(healthy = health.healthy, total = health.total, %problem, "execution nodes");
                }
                None => {
                    debug!(target: "guardian::event", event = "execution_observed", healthy = health.healthy, disagree = health.disagree);
                }
            }
        }
        Event::ContractsScanned(report) => {
            debug!(target: "guardian::event", event = "contracts_scanned", from = %report.from, to = %report.to.number, logs = report.logs.len());
        }
        Event::ScanProgressed { scanned, target } => {
            debug!(target: "guardian::event", event = "scan_progressed", %scanned, until = %target);
        }
        Event::ContractsObserved(state) => {
            debug!(target: "guardian::event", event = "contracts_observed", block = %state.block.number, operators = state.operators.len());
        }
        Event::OperatorsObserved { block, infos } => {
            debug!(target: "guardian::event", event = "operators_observed", block = %block.number, operators = infos.len());
        }
        Event::ContractsDiverged { scanned, found } => {
            debug!(target: "guardian::event", event = "contracts_diverged", block = %scanned.number, %found);
        }
        Event::NodesObserved(nodes) => {
            debug!(target: "guardian::event", event = "nodes_observed",
                total = nodes.total,
                healthy = nodes.healthy,
                disagree = nodes.disagree
            );
        }
        Event::MessageReceived { from, message, envelope } => {
            debug!(target: "guardian::event", event = "message_received",
                guardian = from.0,
                message = kind(message),
                bytes = envelope.0.len()
            );
        }
        Event::CertificateReceived { from, proposal, approvals, .. } => {
            debug!(target: "guardian::event", event = "certificate_received", guardian = from.0, proposal = %proposal.id(), approvals = approvals.len());
        }
        Event::EmergencyCertificateReceived { from, raised, approvals, .. } => {
            debug!(target: "guardian::event", event = "emergency_certificate_received", guardian = from.0, emergency = %raised.emergency.id(), approvals = approvals.len());
        }
        Event::SettingsLoaded(settings) => {
            info!(target: "guardian",
                offline = ?settings.offline, tickets = ?settings.tickets, balance = ?settings.balance,
                emergency = ?settings.emergency, standing = settings.standing.len(),
                "own settings: how far this guardian goes at most"
            );
        }
        Event::OperatorAsked { ask, by, request } => {
            debug!(target: "guardian::event", event = "operator_asked", ask = ask.0, uid = by.uid, operator = by.name, request = asked(request));
        }
        Event::InclusionFound { proposal, slot } => {
            debug!(target: "guardian::event", event = "inclusion_found", %proposal, included = slot.map(tracing::field::display));
        }
        Event::GroupKeyLoaded(_) => debug!(target: "guardian::event", event = "group_key_loaded"),
        Event::LogChecked(head) => {
            debug!(target: "guardian::event", event = "log_checked", guardian = head.guardian.0, size = head.size);
        }
        Event::LogForked { guardian, .. } => {
            debug!(target: "guardian::event", event = "log_forked", guardian = guardian.0);
        }
        Event::ReadinessProven { parts } => {
            debug!(target: "guardian::event", event = "readiness_proven", parts = parts.len());
        }
        Event::ReadinessChecked { from, day, valid, .. } => {
            debug!(target: "guardian::event", event = "readiness_checked", guardian = from.0, day, valid);
        }
        Event::NoncesCommitted { matter, attempt, .. } => {
            debug!(target: "guardian::event", event = "nonces_committed", %matter, attempt);
        }
        Event::GroupSigned { matter, attempt, .. } => {
            debug!(target: "guardian::event", event = "group_signed", %matter, attempt);
        }
        Event::StatementReceived { ceremony, from, statement, .. } => {
            debug!(target: "guardian::event", event = "statement_received", %ceremony, %from, statement = statement.code());
        }
        Event::CeremonyNews { ceremony, news } => {
            debug!(target: "guardian::event", event = "ceremony_news", %ceremony, news = news.code());
        }
        Event::GarbageReceived { from } => {
            debug!(target: "guardian::event", event = "garbage_received", guardian = from.0)
        }
        Event::PeerConnected(peer) => {
            info!(target: "guardian", guardian = peer.0, "guardian connected")
        }
        Event::PeerDisconnected(peer) => {
            warn!(target: "guardian", guardian = peer.0, "guardian lost; dialling it until it is back")
        }
        Event::CatchUpRequested { from, request } => {
            debug!(target: "guardian::event", event = "catch_up_requested", guardian = from.0, request = request.0);
        }
        Event::ExitSigned(partial) => {
            debug!(target: "guardian::event", event = "exit_signed", proposal = %partial.proposal, share = %partial.index);
        }
        Event::SigningFailed { proposal, problem } => {
            debug!(target: "guardian::event", event = "signing_failed", %proposal, %problem)
        }
        Event::ExitCombined { proposal, culprits, .. } => {
            debug!(target: "guardian::event", event = "exit_combined", %proposal, culprits = culprits.len());
        }
        Event::CombineFailed { proposal, culprits } => {
            debug!(target: "guardian::event", event = "combine_failed", %proposal, culprits = culprits.len());
        }
        Event::ExitSubmitted { proposal, outcomes } => {
            debug!(target: "guardian::event", event = "exit_submitted", %proposal, nodes = outcomes.len());
        }
    }
}

/// Logs a command at `debug`, in a line.
pub fn command(command: &Command) {
    match command {
        Command::Persist(records) => {
            debug!(target: "guardian::command", command = "persist", records = records.len())
        }
        Command::Broadcast(message) => {
            debug!(target: "guardian::command", command = "broadcast", message = kind(message))
        }
        Command::Reply { request, envelopes } => {
            debug!(target: "guardian::command", command = "reply", request = request.0, envelopes = envelopes.len());
        }
        Command::RequestCatchUp(peer) => {
            debug!(target: "guardian::command", command = "request_catch_up", guardian = peer.0)
        }
        Command::SignExit(order) => {
            debug!(target: "guardian::command", command = "sign_exit", proposal = %order.proposal(), validator = %order.exit().validator_index);
        }
        Command::CombineExit(order) => {
            debug!(target: "guardian::command", command = "combine_exit", proposal = %order.proposal, partials = order.partials.len());
        }
        Command::SubmitExit { proposal, exit } => {
            debug!(target: "guardian::command", command = "submit_exit", %proposal, validator = %exit.message.validator_index);
        }
        Command::FindInclusion { proposal, exit, from, to } => {
            debug!(target: "guardian::command", command = "find_inclusion", %proposal, validator = %exit.validator_index, %from, %to);
        }
        Command::ProveReadiness { day } => {
            debug!(target: "guardian::command", command = "prove_readiness", day);
        }
        Command::CheckReadiness { from, readiness } => {
            debug!(target: "guardian::command", command = "check_readiness", guardian = from.0, day = readiness.day);
        }
        Command::CommitNonces { matter, attempt } => {
            debug!(target: "guardian::command", command = "commit_nonces", %matter, attempt);
        }
        Command::SignGroup(order) => {
            debug!(target: "guardian::command", command = "sign_group", matter = %order.matter(), attempt = order.attempt());
        }
        Command::Ceremony { ceremony, errand } => {
            debug!(target: "guardian::command", command = "ceremony", %ceremony, errand = errand.code());
        }
        Command::Answer { ask, answer } => {
            debug!(target: "guardian::command", command = "answer", ask = ask.0, answer = answered(answer));
        }
        // Told in full where it is performed.
        Command::Notify(notice) => {
            debug!(target: "guardian::command", command = "notify", code = notice.code())
        }
        Command::WatchValidators(validators) => {
            debug!(target: "guardian::command", command = "watch_validators", validators = validators.len());
        }
        Command::WatchOperators(operators) => {
            debug!(target: "guardian::command", command = "watch_operators", operators = operators.len());
        }
        Command::ReportFault(fault) => {
            debug!(target: "guardian::command", command = "report_fault", guardian = fault.guardian.0, code = fault.kind.code());
        }
        Command::PublishStatus(status) => {
            debug!(target: "guardian::command", command = "publish_status", slot = %status.slot)
        }
    }
}

fn kind(message: &Message) -> &'static str {
    match message {
        Message::Heartbeat(_) => "heartbeat",
        Message::Proposal(_) => "proposal",
        Message::Vote(_) => "vote",
        Message::Certificate(_) => "certificate",
        Message::Partial(_) => "partial",
        Message::Emergency(_) => "emergency",
        Message::Cancellation(_) => "cancellation",
        Message::EmergencyCertificate(_) => "emergency_certificate",
        Message::Wish(_) => "wish",
        Message::Signing(_) => "signing",
        Message::Readiness(_) => "readiness",
    }
}

/// The stable code of a request.
fn asked(request: &Request) -> &'static str {
    match request {
        Request::Propose { .. } => "propose",
        Request::Submit { .. } => "submit",
        Request::Approve { .. } => "approve",
        Request::Reject { .. } => "reject",
        Request::Withdraw { .. } => "withdraw",
        Request::Cancel { .. } => "cancel",
        Request::Inspect { .. } => "inspect",
        Request::Definition {} => "definition",
        Request::Convene { .. } => "convene",
        Request::Refresh { .. } => "refresh",
        Request::AnswerCeremony { .. } => "answer_ceremony",
        Request::AbortCeremony { .. } => "abort_ceremony",
        Request::Attest { .. } => "attest",
        Request::Pause { .. } => "pause",
        Request::Resume { .. } => "resume",
    }
}

/// The stable code of an answer.
fn answered(answer: &Answer) -> &'static str {
    match answer {
        Answer::Refused { .. } => "refused",
        Answer::Forecast(_) => "forecast",
        Answer::Raised { .. } => "raised",
        Answer::Voted { .. } => "voted",
        Answer::Cancelled { .. } => "cancelled",
        Answer::Convened { .. } => "convened",
        Answer::Attesting { .. } => "attesting",
        Answer::Inspection(_) => "inspection",
        Answer::Pauses(_) => "pauses",
        Answer::Definition(_) => "definition",
    }
}

#[cfg(test)]
pub(crate) mod tests;
