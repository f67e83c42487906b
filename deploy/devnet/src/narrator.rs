//! Tells the story as it happens: for people, with colours and a spinner where there is a terminal; or for programs,
//! one JSON object a line.

use crate::story::fact::{Act, Fact};
use crate::story::{Stage, Stories};
use console::{Style, Term};
use crypto::spec::Slot;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Columns of the names: four of them fit.
const NAMES: usize = 23;

/// Who a fact is about when it is no guardian.
pub(crate) const CHAIN: &str = "chain";
/// See [`CHAIN`].
pub(crate) const OPERATOR: &str = "node operator";
/// Owns the contracts.
pub(crate) const GOVERNANCE: &str = "governance";
/// Nobody that the contracts allow anything.
pub(crate) const STRANGER: &str = "a stranger";
/// Hands to the contracts what the guardians decided.
pub(crate) const PAYMASTER: &str = "paymaster";

/// Where the story goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines for people on standard output.
    Human,
    /// JSON lines on standard output: `elapsed` (seconds), `slot`, `who`, `event` and its fields, `text`.
    Json,
    /// Nowhere.
    Silent,
}

/// Tells it.
pub struct Narrator {
    form: Form,
    started: Instant,
    act: Option<Act>,
    spinner: ProgressBar,
}

impl Narrator {
    /// The clock of the story starts here.
    pub fn new(form: Form) -> Self {
        let spinner = if form == Form::Human && Term::stdout().is_term() {
            let style = ProgressStyle::with_template("  {spinner:.cyan} {wide_msg:.dim}");
            let bar = ProgressBar::new_spinner()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        } else {
            ProgressBar::hidden()
        };
        Self { form, started: Instant::now(), act: None, spinner }
    }

    /// Time since the story began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The first lines, for people.
    pub fn introduce(&self, stories: Stories) {
        let title = Style::new().bold().apply_to("guardian network, on this machine");
        self.say(&format!("{title}\nFour guardians, each with one share of every validator's key, can make a validator leave the chain."));
        if stories.has_offline() {
            self.say("A validator will stop attesting.");
        }
        if stories.has_tickets() {
            self.say("Two node operators will run out of tickets; one will top up in time.");
        }
        if stories.has_emergency() {
            self.say("Governance will ask for two exits, and the guardians' operators will decide.");
        }
    }

    /// What can be done while everything stays up, for people.
    pub fn linger(&self, stage: &Stage) {
        self.say("\nStill running. Look around, and end it with Ctrl-C:");
        for index in 0..stage.guardians.len() {
            let (name, url) = (stage.guardians.name(index), stage.guardians.status_url(index));
            self.say(&format!("  {name:<26} {url}"));
        }
        for (name, url) in stage.world.nodes() {
            self.say(&format!("  {name:<26} {url}"));
        }
    }

    /// Tells a fact about `who`, at a slot of the chain.
    pub(crate) fn tell(&mut self, slot: Slot, who: &[&str], fact: &Fact) {
        let text = fact.text();
        let elapsed = self.elapsed().as_secs_f64();
        match self.form {
            Form::Silent => {}
            Form::Json => {
                let mut line = json!({ "elapsed": (elapsed * 1e3).round() / 1e3, "slot": slot, "who": who, "text": text });
                if let (Some(line), Ok(Value::Object(fields))) =
                    (line.as_object_mut(), serde_json::to_value(fact))
                {
                    line.extend(fields);
                }
                self.print(&line.to_string());
            }
            Form::Human => {
                self.open(fact);
                let names = format!("{:<NAMES$}", who.join(", "));
                let names = match who {
                    [CHAIN] => Style::new().cyan().apply_to(names),
                    [who] if is_actor(who) => Style::new().yellow().apply_to(names),
                    _ => Style::new().magenta().apply_to(names),
                };
                let time = Style::new().dim().apply_to(format!("{elapsed:>5.1} s  slot {:<4}", slot.0));
                let text =
                    if fact.is_turning_point() { Style::new().bold() } else { Style::new() }.apply_to(text);
                self.print(&format!("  {time} {names}  {text}"));
            }
        }
    }

    /// What the story waits for at the moment.
    pub(crate) fn waiting(&self, text: String) {
        self.spinner.set_message(text);
    }

    /// A line for people outside the story; nothing in the other forms.
    pub(crate) fn say(&self, text: &str) {
        if self.form == Form::Human {
            self.print(text);
        }
    }

    /// The last line of a story that came to its end.
    pub(crate) fn succeed(&self, text: &str, outcome: &Value) {
        self.spinner.finish_and_clear();
        match self.form {
            Form::Silent => {}
            Form::Json => {
                self.print(&json!({ "event": "succeeded", "text": text, "outcome": outcome }).to_string())
            }
            Form::Human => {
                let mark = Style::new().green().bold().apply_to("SUCCESS");
                self.print(&format!("\n{mark}  {text}"));
            }
        }
    }

    /// The last lines of a story that did not.
    pub(crate) fn fail(&self, text: &str, diagnosis: &str) {
        self.spinner.finish_and_clear();
        match self.form {
            Form::Silent => {}
            Form::Json => {
                self.print(&json!({ "event": "failed", "text": text, "diagnosis": diagnosis }).to_string())
            }
            Form::Human => {
                let mark = Style::new().red().bold().apply_to("FAILED");
                self.print(&format!("\n{mark}  {text}\n\n{diagnosis}"));
            }
        }
    }

    fn open(&mut self, fact: &Fact) {
        if let Some(act) = fact.opens().filter(|&act| self.act.is_none_or(|current| current < act)) {
            self.act = Some(act);
            self.print(&format!("\n{}", Style::new().bold().underlined().apply_to(act.title())));
        }
    }

    fn print(&self, line: &str) {
        self.spinner.suspend(|| {
            // A reader that has gone away does not stop the story.
            let _ = Term::stdout().write_line(line);
        });
    }
}

/// Whether somebody acts in the story who is neither a chain nor a guardian.
fn is_actor(who: &str) -> bool {
    [OPERATOR, GOVERNANCE, PAYMASTER, STRANGER].contains(&who) || who.starts_with("operator ")
}
