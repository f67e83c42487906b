use super::{command, event, moved, subscriber};
use crate::config::{Log, LogFormat};
use guardian_core::event::PostOutcome;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Decision, RejectReason, Vote};
use guardian_core::proposal::ProposalId;
use guardian_core::record::Record;
use guardian_core::{Command, Event};
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// Keeps what is written.
#[derive(Clone, Default)]
pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    /// What writes lines of JSON to it.
    pub(crate) fn subscriber(&self, filter: &str) -> Box<dyn tracing::Subscriber + Send + Sync> {
        let log = Log { format: LogFormat::Json, filter: filter.to_owned() };
        subscriber(&log, self.clone(), false).unwrap()
    }

    /// What was written.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Page;
    fn make_writer(&'a self) -> Page {
        self.clone()
    }
}

fn logged(format: LogFormat, filter: &str, work: impl FnOnce()) -> String {
    let page = Page::default();
    let log = Log { format, filter: filter.to_owned() };
    tracing::subscriber::with_default(subscriber(&log, page.clone(), false).unwrap(), work);
    page.text()
}

fn vote() -> Vote {
    Vote { proposal: ProposalId([9; 32]), revision: 0, decision: Decision::Reject(RejectReason::Attesting) }
}

#[test]
fn every_json_line_is_one_object_with_stable_fields_whatever_a_node_says() {
    let text = logged(LogFormat::Json, "debug", || {
        event(&Event::SlotStarted(crypto::spec::Slot(5)));
        command(&Command::RequestCatchUp(GuardianIndex(3)));
        moved(&Record::VoteCast(vote()), GuardianIndex(1));
        let words = "no\n{\"level\":\"INFO\"}\u{1b}[31m\"".to_owned();
        let outcomes = vec![("lodestar-1".to_owned(), PostOutcome::Rejected(words))];
        let at = crypto::spec::Slot(6);
        moved(&Record::Submitted { proposal: ProposalId([9; 32]), at, outcomes }, GuardianIndex(1));
    });
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(lines[0]["event"], "slot_started");
    assert_eq!(lines[0]["slot"], "5");
    assert_eq!(lines[1]["guardian"], 3);
    assert_eq!(lines[2]["level"], "INFO");
    assert_eq!(lines[2]["proposal"], ProposalId([9; 32]).to_string());
    assert_eq!(lines[3]["node"], "lodestar-1");
}

#[test]
fn human_lines_stay_lines() {
    let text = logged(LogFormat::Human, "info", || {
        let words = "no\nINFO forged line\u{1b}[31m".to_owned();
        let outcomes = vec![("lodestar-1".to_owned(), PostOutcome::Rejected(words))];
        let at = crypto::spec::Slot(6);
        moved(&Record::Submitted { proposal: ProposalId([9; 32]), at, outcomes }, GuardianIndex(1));
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn at_info_only_moves_are_told() {
    let text = logged(LogFormat::Human, "info", || {
        event(&Event::SlotStarted(crypto::spec::Slot(5)));
        moved(&Record::VoteCast(vote()), GuardianIndex(1));
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("voted to reject"), "{text}");
}
