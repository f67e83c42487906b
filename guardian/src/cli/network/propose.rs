//! `guardian network propose`: opens a succession to another definition, or only shows what it would change.

use crate::cli::ceremony::{Opening, convene, refuse_second};
use crate::cli::desk::{Desk, DeskFlags};
use crate::cli::life::{self, Life};
use crate::cli::{print, print_json};
use crate::definition;
use anyhow::Context;
use guardian_core::ceremony::Kind;
use guardian_core::guardian_set::NetworkDefinition;
use serde_json::json;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  guardian network propose --next next.toml --dry-run
  guardian network propose --next next.toml --lifetime 3d

next.toml is network.toml with `epoch` in [guardian_set] raised by one, and members, threshold or
rules as they shall be. Every key is shared anew among its members; public keys stay as they are.
Once enough operators of the set in force agreed (`guardian network accept`), the rest goes by
itself. `guardian reshare --next next.toml` does the same and follows it.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Propose {
    /// The definition that shall be in force
    #[arg(long, value_name = "FILE")]
    next: PathBuf,
    /// How long it may take, agreement included: 2d, 36h, 90m or 600slots [default: 2d]
    #[arg(long, value_name = "TIME", value_parser = Life::read)]
    lifetime: Option<Life>,
    /// Only check it and show what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    desk: DeskFlags,
}

/// A definition that may follow the one in force.
pub(in crate::cli) struct Succession {
    current: NetworkDefinition,
    next: NetworkDefinition,
}

impl Succession {
    /// What opens it.
    pub(in crate::cli) fn opening(self, lifetime: u64) -> Opening {
        let changes = self.changes();
        Opening::of(Kind::Succession { next: Box::new(self.next) }, lifetime, changes)
    }

    fn changes(&self) -> Vec<String> {
        guardian_core::succession::changes(&self.current, &self.next)
    }
}

/// Reads the definition that shall be in force and checks it against the one that is, as the running guardian says.
///
/// # Errors
/// What is wrong with the file, naming the field; and when the guardian cannot be asked.
pub(in crate::cli) fn succession(desk: &Desk, path: &Path) -> anyhow::Result<Succession> {
    let next = definition::load(path)?;
    let current = desk.in_force()?;
    judge(current, next, path)
}

fn judge(current: NetworkDefinition, next: NetworkDefinition, path: &Path) -> anyhow::Result<Succession> {
    let (old, new) = (current.guardian_set.epoch.0, next.guardian_set.epoch.0);
    let hint = if new <= old {
        format!("; in {}, [guardian_set], write: epoch = {}", path.display(), old.saturating_add(1))
    } else {
        String::new()
    };
    guardian_core::succession::check(&current, &next)
        .map_err(|error| anyhow::anyhow!("{error}{hint}"))
        .with_context(|| format!("{} cannot follow the definition in force (set {old})", path.display()))?;
    Ok(Succession { current, next })
}

impl Propose {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let desk = self.desk.open()?;
        let lifetime = life::ceremony_slots(self.lifetime, &desk.definition)?;
        let succession = succession(&desk, &self.next)?;
        if self.dry_run {
            return show(&desk, &succession);
        }
        refuse_second(&desk.status()?, |kind| kind == "succession", None)?;
        convene(&desk, &succession.opening(lifetime), lifetime, None, true)?;
        Ok(())
    }
}

fn show(desk: &Desk, succession: &Succession) -> anyhow::Result<()> {
    let (changes, set) = (succession.changes(), &succession.next.guardian_set);
    if desk.json {
        return print_json(&json!({ "next": succession.next.id(), "changes": changes }));
    }
    print(&format!(
        "Next        {} (set {}, {} of {})\nChanges     {}\nNothing was opened: this was a dry run. Next: the same \
         without --dry-run, or `guardian reshare --next`, which follows it.",
        succession.next.id(),
        set.epoch.0,
        set.threshold.t(),
        set.threshold.n(),
        changes.join("\n            ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::tests::network;

    #[test]
    fn what_cannot_follow_names_the_field_and_what_to_write() {
        let (current, _) = network(3, 4, 1);
        let judge = |next: &NetworkDefinition| {
            let judged = judge(current.clone(), next.clone(), Path::new("next.toml"));
            judged.map(|one| one.changes()).map_err(|error| format!("{error:#}"))
        };
        let same = judge(&current).unwrap_err();
        assert!(
            same.starts_with("next.toml cannot follow the definition in force (set 1)")
                && same.contains("`next.guardian_set.epoch` is 1")
                && same.ends_with("in next.toml, [guardian_set], write: epoch = 2"),
            "{same}"
        );
        let mut next = guardian_core::succession::refreshed(&current);
        assert_eq!(judge(&next).unwrap(), ["epoch 1 -> 2", "refresh: the same members, new shares"]);
        next.name = "other".to_owned();
        let renamed = judge(&next).unwrap_err();
        assert!(renamed.contains("`next.name` differs") && !renamed.contains("write: epoch"), "{renamed}");
    }
}
