//! `guardian repair`: one guardian's shares, rebuilt by others.

use super::Misused;
use super::ceremony::{Course, Opening, Verb};
use guardian_core::ceremony::Kind;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::status::StatusSnapshot;

const EXAMPLES: &str = "\
Examples:
  guardian repair dave
  guardian repair 4 --helpers 1,2,bob
  guardian repair --join 0x5f1d09c2

For a guardian that lost its store but has its keys: start it again with an empty data_dir and the
definition in force, then run this on another one. Each helper's operator runs the --join line; so
does that of the guardian that lost its shares, to follow. Nobody learns a share that is not its
own. Codes as `guardian reshare`.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Repair {
    /// Whose shares, by name or number
    #[arg(value_name = "GUARDIAN", required_unless_present = "join", conflicts_with = "join")]
    lost: Option<String>,
    /// Who helps, by name or number: t guardians or more [default: this one and all others connected to it]
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "join")]
    helpers: Vec<String>,
    #[command(flatten)]
    course: Course,
}

impl Repair {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self { lost, helpers, course } = self;
        course.conduct(Verb::Repair, |_, status, lifetime| {
            let lost = resolve(status, "GUARDIAN", &lost.unwrap_or_default())?;
            let helpers = choose(status, lost, &helpers)?;
            let named: Vec<_> = helpers.iter().map(|index| name(status, *index)).collect();
            let change =
                format!("rebuilds the shares of {}, helped by {}", name(status, lost), named.join(", "));
            Ok(Opening::of(Kind::Repair { lost, helpers }, lifetime, vec![change]))
        })
    }
}

/// All guardians of the set in force, by number.
fn members(status: &StatusSnapshot) -> Vec<(GuardianIndex, &str)> {
    let peers = status.peers.iter().map(|peer| (peer.guardian, peer.name.as_str()));
    let mut members: Vec<_> = peers.chain([(status.guardian, status.name.as_str())]).collect();
    members.sort_unstable();
    members
}

fn name(status: &StatusSnapshot, index: GuardianIndex) -> String {
    let member = members(status).into_iter().find(|(other, _)| *other == index);
    member.map_or_else(|| index.0.to_string(), |(_, name)| name.to_owned())
}

/// The guardian of this name or number.
fn resolve(status: &StatusSnapshot, field: &str, text: &str) -> anyhow::Result<GuardianIndex> {
    let members = members(status);
    let text = text.trim();
    // A name may be all digits; it is meant before a number is.
    let named = members.iter().find(|(_, name)| *name == text);
    let found = named.or_else(|| members.iter().find(|(index, _)| index.0.to_string() == text));
    let known = || members.iter().map(|(index, name)| format!("{} {name}", index.0)).collect::<Vec<_>>();
    found.map(|(index, _)| *index).ok_or_else(|| {
        let problem = format!(
            "{field}: no guardian is called `{text}`; name one of {} by number or name",
            known().join(", ")
        );
        Misused(problem).into()
    })
}

/// Who helps, ascending.
fn choose(
    status: &StatusSnapshot,
    lost: GuardianIndex,
    wanted: &[String],
) -> anyhow::Result<Vec<GuardianIndex>> {
    let whom = name(status, lost);
    if lost == status.guardian {
        let problem = format!(
            "GUARDIAN: {whom} is this guardian, and one that lost its shares cannot tell which keys there are; let another \
             operator run: guardian repair {whom}"
        );
        return Err(Misused(problem).into());
    }
    let mut helpers = Vec::new();
    if wanted.is_empty() {
        let connected = status.peers.iter().filter(|peer| peer.connected && peer.guardian != lost);
        helpers.extend(connected.map(|peer| peer.guardian).chain([status.guardian]));
    }
    for text in wanted {
        let helper = resolve(status, "--helpers", text)?;
        if helper == lost || helpers.contains(&helper) {
            let why = if helper == lost { "cannot help itself" } else { "is there twice" };
            return Err(Misused(format!("--helpers: {} {why}", name(status, helper))).into());
        }
        helpers.push(helper);
    }
    helpers.sort_unstable();
    let t = status.threshold.t();
    if helpers.len() >= usize::from(t) {
        return Ok(helpers);
    }
    let mut problem = format!("--helpers: {} of {t} that are needed", helpers.len());
    if wanted.is_empty() {
        let away = status.peers.iter().filter(|peer| !peer.connected && peer.guardian != lost);
        let away: Vec<_> = away.map(|peer| peer.name.as_str()).collect();
        problem.push_str(&format!(
            " are connected; not connected: {}. See that they run, or name them: they are waited for",
            away.join(", ")
        ));
    } else {
        problem.push_str(" are named; name more");
    }
    Err(Misused(problem).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ceremony::tests::snapshot;

    fn chosen(status: &StatusSnapshot, lost: u16, wanted: &[&str]) -> Result<Vec<u16>, String> {
        let wanted: Vec<_> = wanted.iter().map(|text| (*text).to_owned()).collect();
        let chosen = choose(status, GuardianIndex(lost), &wanted).map_err(|error| error.to_string())?;
        Ok(chosen.into_iter().map(|index| index.0).collect())
    }

    #[test]
    fn helpers_are_all_connected_or_those_named() {
        let mut status = snapshot(&[]);
        assert_eq!(chosen(&status, 4, &[]), Ok(vec![1, 2, 3]));
        assert_eq!(chosen(&status, 4, &["3", " bob", "alice"]), Ok(vec![1, 2, 3]));
        for (wanted, expected) in [
            (&["1", "2"][..], "--helpers: 2 of 3 that are needed are named; name more"),
            (&["1", "2", "dave"], "--helpers: dave cannot help itself"),
            (&["1", "alice", "2"], "--helpers: alice is there twice"),
            (
                &["1", "eve"],
                "--helpers: no guardian is called `eve`; name one of 1 alice, 2 bob, 3 carol, 4 dave by",
            ),
        ] {
            let refused = chosen(&status, 4, wanted).unwrap_err();
            assert!(refused.starts_with(expected), "{refused}");
        }
        status.peers[1].connected = false;
        let refused = chosen(&status, 4, &[]).unwrap_err();
        assert!(refused.contains("2 of 3 that are needed are connected; not connected: carol"), "{refused}");
        let own = chosen(&status, 1, &[]).unwrap_err();
        assert!(own.contains("let another operator run: guardian repair alice"), "{own}");
    }

    #[test]
    fn guardians_are_found_by_name_and_number() {
        let status = snapshot(&[]);
        let found = |text| resolve(&status, "GUARDIAN", text).map(|index| index.0).map_err(|e| e.to_string());
        assert_eq!((found("4"), found("dave"), found("1")), (Ok(4), Ok(4), Ok(1)));
        for wrong in ["", "0", "5", "Dave", "+4", "04"] {
            assert!(found(wrong).unwrap_err().contains("GUARDIAN: no guardian is called"), "{wrong}");
        }
    }
}
