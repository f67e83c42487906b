//! `guardian backup`: everything one guardian needs, in one file; or what such a file holds.

use super::desk::{operator, own_name};
use super::{Output, print, print_json};
use crate::backup::{self, Contents, Order};
use crate::{Config, Error, password};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  guardian backup --config alice/guardian.toml --to /backups/alice-2026-11-27.guardian
  guardian backup --config alice/guardian.toml --to /backups/alice.guardian --force
  guardian backup --check /backups/alice.guardian --password-file alice.password
  guardian restore --from /backups/alice.guardian --to alice

It holds the configuration, the network definition, both keys, and of data_dir everything but the
recording: journals, sealed shares, their data key, ceremonies. All of it is encrypted under the
password of the guardian's keys, which it does not hold: keep that elsewhere. A running guardian is
asked through its admin socket and goes on with its work; a stopped one's store is opened.

An old backup is safe to restore, but stale: shares that came in files or in a ceremony since are not in
it. Make one after each, and regularly.

Exit code 0 when it was made or is whole, 1 when not.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["to", "check"])))]
pub(super) struct Backup {
    /// Configuration of the guardian
    #[arg(long, value_name = "FILE", default_value = "guardian.toml", conflicts_with = "check")]
    config: PathBuf,
    /// Write a backup to this new file, mode 0600
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, conflicts_with = "check")]
    force: bool,
    /// Open this backup and verify all of it, writing nothing
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// File with the password on its first line, mode 0600, for --check; asked on the terminal when absent
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    password_file: Option<PathBuf>,
    /// Your name, for the running guardian's log [default: $USER, or else the number of your user]
    #[arg(long, value_name = "NAME", value_parser = operator, conflicts_with = "check")]
    operator: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let json = self.output.json;
        if let Some(path) = &self.check {
            let password = password::obtain(self.password_file.as_deref(), "the backup")?;
            let bar = bar("verifying", true);
            let contents = backup::check(path, &password, &|done, of| show(&bar, done, of));
            bar.finish_and_clear();
            return tell(&format!("{} is whole", path.display()), &contents?, json);
        }
        // The group has one of the two.
        let Some(to) = &self.to else { return Ok(()) };
        let config = Config::load(&self.config)?;
        let operator = self.operator.map_or_else(own_name, Ok)?;
        let password = password::obtain(config.keys.password_file.as_deref(), "this guardian's keys")?;
        let bar = bar("reading the journal", false);
        let order = Order {
            config_path: &self.config,
            config: &config,
            to,
            force: self.force,
            operator: &operator,
            password: &password,
        };
        let made = backup::make(&order, &|done, of| show(&bar, done, of));
        bar.finish_and_clear();
        let contents = match made {
            Err(error @ Error::StoreLocked { .. }) => {
                return Err(error).context(
                    "the guardian is running and does not answer at its admin socket: it is starting, waiting for its \
                     beacon nodes, or stopping. Try again in a moment, or stop it",
                );
            }
            other => other?,
        };
        tell(&format!("Written to {}", to.display()), &contents, json)?;
        if !json {
            let path = to.display();
            print(&format!("Next, now and then: guardian backup --check {path}"))?;
        }
        Ok(())
    }
}

/// Says what a backup holds.
fn tell(first: &str, contents: &Contents, json: bool) -> anyhow::Result<()> {
    if json { print_json(contents) } else { print(&render(first, contents)) }
}

fn render(first: &str, contents: &Contents) -> String {
    let Contents { created, program, network, network_id, guardian, bytes, files, stores } = contents;
    let mut text = format!(
        "{first}: {bytes} bytes.\nGuardian {} of network `{network}` ({network_id}), made at Unix time {created} by \
         version {program}.",
        guardian.0
    );
    for held in stores {
        text.push_str(&format!("\n  {}/store: {}; {} shares", held.directory, held.journal, held.shares));
    }
    for held in files {
        text.push_str(&format!("\n  {}: {} bytes", held.path, held.bytes));
    }
    text
}

/// A bar on standard error; hidden where that is no terminal.
pub(super) fn bar(what: &'static str, is_bytes: bool) -> ProgressBar {
    let template = match is_bytes {
        true => "{msg} {wide_bar} {bytes}/{total_bytes}, {eta} left",
        false => "{msg} {wide_bar} {pos}/{len} records, {eta} left",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(what)
}

/// Moves it.
pub(super) fn show(bar: &ProgressBar, done: u64, of: u64) {
    bar.set_length(of);
    bar.set_position(done);
}
