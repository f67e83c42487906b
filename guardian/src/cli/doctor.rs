//! `guardian doctor`: is everything there that this guardian needs, and if not, what to do.

use super::{Output, print, print_json};
use crate::doctor::{self, Area, Finding, Health};
use crate::password;
use anyhow::{Context, bail};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  guardian doctor --config alice/guardian.toml
  guardian doctor --config alice/guardian.toml --json

It may run beside the guardian. When the guardian is stopped, the doctor also opens the store, proves every
share, and joins the network for a few seconds to see who answers: do not start it meanwhile, and do
not run the doctor here while the guardian runs on another machine.

Exit code 0 when nothing is faulty, 1 otherwise. Each finding has a stable code in --json.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Doctor {
    /// Configuration file
    #[arg(long, value_name = "FILE", default_value = "guardian.toml")]
    config: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl Doctor {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        let json = self.output.json;
        let mut findings: Vec<Finding> = Vec::new();
        let mut area: Option<Area> = None;
        let mut tell = |finding: Finding| {
            if !json {
                if area != Some(finding.area) {
                    area = Some(finding.area);
                    // A reader that has gone away does not end the examination.
                    let _ = print(title(finding.area));
                }
                let _ = print(&line(&finding));
            }
            findings.push(finding);
        };
        let obtain = |config: &crate::Config| {
            password::obtain(config.keys.password_file.as_deref(), "this guardian's keys")
        };
        runtime.block_on(doctor::examine(&self.config, obtain, &mut tell));
        let count = |health| findings.iter().filter(|finding| finding.health == health).count();
        let (faulty, weak, unknown) = (count(Health::Faulty), count(Health::Weak), count(Health::Unknown));
        if json {
            print_json(&serde_json::json!({
                "healthy": faulty == 0, "faulty": faulty, "weak": weak, "unknown": unknown, "findings": findings,
            }))?;
        } else if faulty == 0 {
            print(&format!("\nNothing is faulty; {weak} weak, {unknown} not examined."))?;
        }
        if faulty > 0 {
            bail!("{faulty} faulty, {weak} weak, {unknown} not examined; what to do is said above");
        }
        Ok(())
    }
}

fn title(area: Area) -> &'static str {
    match area {
        Area::Configuration => "Configuration",
        Area::Definition => "Network definition",
        Area::Keys => "Keys",
        Area::Shares => "Shares",
        Area::Beacon => "Beacon nodes",
        Area::Execution => "Execution nodes and contracts",
        Area::Clock => "Clock",
        Area::Disk => "Disk",
        Area::Peers => "Other guardians",
        Area::Guardian => "This guardian",
    }
}

fn line(finding: &Finding) -> String {
    let mark = match finding.health {
        Health::Sound => "ok    ",
        Health::Unknown => "?     ",
        Health::Weak => "weak  ",
        Health::Faulty => "FAULTY",
    };
    let mut text = format!("  {mark} {}", finding.says);
    if !finding.fix.is_empty() {
        text.push_str(&format!("\n         {}: {}", finding.code, finding.fix));
    }
    text
}
