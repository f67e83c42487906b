//! `guardian reshare|refresh`: new shares of every key, for a new guardian set or for the same members.

use super::ceremony::{Course, Opening, Verb};
use super::network::succession;
use guardian_core::request::Request;
use std::path::PathBuf;

const RESHARE_EXAMPLES: &str = "\
Examples:
  guardian reshare --next next.toml
  guardian reshare --join 0x5f1d09c2
  guardian reshare --next next.toml --lifetime 36h --detach

Opens a succession to the definition in next.toml and follows it to its end: code 0 when it is in
force, 1 when it was aborted, with whom it waited for. Ctrl-C only ends the following (code 130).
next.toml is network.toml with `epoch` raised by one and members, threshold or rules as they shall
be. Members of both sets run the --join line; new ones on their own guardian, in whose guardian.toml
`network` names next.toml and `previous` names network.toml. Public keys stay as they are.
`guardian network propose --next next.toml --dry-run` only shows what would change.";

const REFRESH_EXAMPLES: &str = "\
Examples:
  guardian refresh
  guardian refresh --join 0x5f1d09c2
  guardian refresh --lifetime 12h --json

New shares for the same members, so that old ones, stolen or lost, are worth nothing. Followed like
`guardian reshare`.";

#[derive(Debug, clap::Args)]
#[command(after_help = RESHARE_EXAMPLES)]
pub(super) struct Reshare {
    /// The definition that shall be in force
    #[arg(long, value_name = "FILE", required_unless_present = "join", conflicts_with = "join")]
    next: Option<PathBuf>,
    #[command(flatten)]
    course: Course,
}

impl Reshare {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let next = self.next;
        self.course.conduct(Verb::Reshare, |desk, _, lifetime| {
            // clap asks for it unless one is joined.
            let next = next.unwrap_or_default();
            Ok(succession(desk, &next)?.opening(lifetime))
        })
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = REFRESH_EXAMPLES)]
pub(super) struct Refresh {
    #[command(flatten)]
    course: Course,
}

impl Refresh {
    pub(super) fn run(self) -> anyhow::Result<()> {
        self.course.conduct(Verb::Refresh, |_, status, lifetime| {
            let epoch = status.guardian_set_epoch.0;
            Ok(Opening {
                request: Request::Refresh { lifetime },
                changes: vec![
                    format!("epoch {epoch} -> {}", epoch.saturating_add(1)),
                    "refresh: the same members, new shares".to_owned(),
                ],
            })
        })
    }
}
