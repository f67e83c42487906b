//! Who may ask for emergencies, on the command line.

use crypto::execution::Address;
use guardian_core::emergency::{EmergencyRules, Proposer};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Emergencies")]
pub(super) struct EmergencyFlags {
    /// An account that may ask for emergencies, by signature or contract, and for how many validators at most, such as
    /// timelock=0x7099...:64; may be given several times
    #[arg(long, value_name = "NAME=ADDRESS[:MAX]", value_parser = Entitled::read)]
    emergency_proposer: Vec<Entitled>,
    /// Guardians' operators may not raise emergencies
    #[arg(long)]
    no_guardian_emergencies: bool,
    /// Most validators of one emergency, 1 to 1024 [default: 1024]
    #[arg(long, value_name = "VALIDATORS")]
    emergency_max_validators: Option<u64>,
    /// Longest life of an emergency [default: 14400, two days of mainnet]
    #[arg(long, value_name = "SLOTS")]
    emergency_max_lifetime: Option<u64>,
    /// How long one of severity normal cannot be certified, so that it can be taken back [default: 150, half an hour of
    /// mainnet]
    #[arg(long, value_name = "SLOTS")]
    cancel_window: Option<u64>,
}

/// An account and how far it may go.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entitled {
    name: String,
    account: Address,
    most: Option<u64>,
}

impl Entitled {
    fn read(text: &str) -> Result<Self, String> {
        let how = || "write it like timelock=0x70997970C51812dc3A010C7d01b50e0d17dc79C8:64".to_owned();
        let (name, rest) = text.split_once('=').ok_or_else(how)?;
        let (account, most) = match rest.split_once(':') {
            Some((account, most)) => (account, Some(most.parse().map_err(|_| how())?)),
            None => (rest, None),
        };
        let account = account.parse().map_err(|problem| format!("{problem}; {}", how()))?;
        Ok(Self { name: name.to_owned(), account, most })
    }
}

impl EmergencyFlags {
    /// The rules. They are checked with the definition.
    pub(super) fn rules(&self) -> EmergencyRules {
        let usual = EmergencyRules::default();
        let max_validators = self.emergency_max_validators.unwrap_or(usual.max_validators);
        let proposer = |entitled: &Entitled| Proposer {
            name: entitled.name.clone(),
            account: entitled.account,
            max_validators: entitled.most.unwrap_or(max_validators),
            operators: Vec::new(),
            modules: Vec::new(),
        };
        EmergencyRules {
            guardians: !self.no_guardian_emergencies,
            max_validators,
            max_lifetime: self.emergency_max_lifetime.unwrap_or(usual.max_lifetime),
            cancel_window: self.cancel_window.unwrap_or(usual.cancel_window),
            proposers: self.emergency_proposer.iter().map(proposer).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        flags: EmergencyFlags,
    }

    fn rules(flags: &[&str]) -> Result<EmergencyRules, String> {
        let line = Line::try_parse_from(std::iter::once("test").chain(flags.iter().copied()));
        line.map(|line| line.flags.rules()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn what_is_not_given_is_the_usual() {
        assert_eq!(rules(&[]).unwrap(), EmergencyRules::default());
    }

    #[test]
    fn everything_can_be_told() {
        let account = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
        let (bounded, other) = (format!("timelock={account}:16"), format!("safe={}", Address([7; 20])));
        let rules = rules(&[
            "--emergency-proposer",
            &bounded,
            "--emergency-proposer",
            &other,
            "--no-guardian-emergencies",
            "--emergency-max-validators",
            "64",
            "--emergency-max-lifetime",
            "900",
            "--cancel-window",
            "5",
        ])
        .unwrap();
        assert_eq!((rules.guardians, rules.max_validators), (false, 64));
        assert_eq!((rules.max_lifetime, rules.cancel_window), (900, 5));
        let found: Vec<_> =
            rules.proposers.iter().map(|one| (one.name.as_str(), one.account, one.max_validators)).collect();
        assert_eq!(found, [("timelock", account.parse().unwrap(), 16), ("safe", Address([7; 20]), 64)]);
    }

    #[test]
    fn what_is_no_proposer_is_told_how_to_write_one() {
        for text in ["timelock", "a=0x12", "a=0x70997970C51812dc3A010C7d01b50e0d17dc79C8:many", "=", ""] {
            let refused = rules(&["--emergency-proposer", text]).unwrap_err();
            assert!(refused.contains("write it like timelock=0x"), "{text}: {refused}");
        }
    }
}
