//! `guardian restore`: a guardian from a backup, on an empty machine.

use super::backup::{bar, show};
use super::{Output, print, print_json};
use crate::backup::{self, Restoring};
use crate::password;
use chain_watcher::slot_clock::unix_now;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  guardian restore --from /backups/alice.guardian --to alice --password-file alice.password
  guardian doctor --config alice/guardian.toml
  guardian run --config alice/guardian.toml

Never run one guardian twice: make sure that the old machine is off for good. The directory appears
whole, with every journal verified and every share opened, or not at all.

What the guardian said or released after the backup was made it has forgotten. So its caps are closed
for a day: it votes, but releases nothing. Votes that it has forgotten it hears from the others within a
slot or two; one cast before that may differ from the forgotten one, which looks like equivocation and
harms no exit. To be sure, start it a voting window (`vote_window` in network.toml) after the old one
stopped. If the network went on to a new epoch since, the backup's shares are of the epoch before: have
its shares repaired.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Restore {
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The guardian's new directory: missing or empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// File with the password on its first line, mode 0600; asked on the terminal when absent. The restored
    /// configuration names it if it named one before
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let password = password::obtain(self.password_file.as_deref(), "the backup")?;
        let bar = bar("restoring", true);
        let order = Restoring {
            from: &self.from,
            to: &self.to,
            password: &password,
            password_file: self.password_file.as_deref(),
            now: unix_now(),
        };
        let restored = backup::restore(&order, &|done, of| show(&bar, done, of));
        bar.finish_and_clear();
        let restored = restored?;
        if self.output.json {
            return print_json(&restored);
        }
        let contents = &restored.contents;
        let shares: u64 = contents.stores.iter().map(|held| held.shares).sum();
        let mut text = format!(
            "Guardian {} of network `{}` is in {}: {} files, {} stores, {shares} shares, all of which open.\nIts caps are \
             closed for a day from slot {}: what it released since the backup, it does not know.",
            contents.guardian.0,
            contents.network,
            self.to.display(),
            contents.files.len(),
            contents.stores.len(),
            restored.lapsed
        );
        for note in &restored.notes {
            text.push_str(&format!("\nNote: {note}."));
        }
        let config = restored.config.display();
        text.push_str(&format!(
            "\nNext: make sure that the old machine is off for good; guardian doctor --config {config}; guardian run \
             --config {config}"
        ));
        print(&text)
    }
}
