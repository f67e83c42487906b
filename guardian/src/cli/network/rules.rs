//! The policy on the command line. What is not given is Puffer's published rule.

use crate::cli::amount;
use clap::ValueEnum;
use crypto::execution::Tickets;
use crypto::spec::Gwei;
use guardian_core::policy::{BalanceRule, Enforcement, OfflineRule, Policy, SlashedRule, TicketsRule};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct Rules {
    /// A validator must leave after so many consecutive finalized epochs without an attestation (225 are a day)
    #[arg(long, value_name = "K", default_value_t = 225)]
    offline_epochs: u64,
    /// How many epochs two guardians' due epochs may differ
    #[arg(long, value_name = "EPOCHS", default_value_t = 2)]
    tolerance: u64,
    /// How far the offline rule goes
    #[arg(long, alias = "enforcement", value_enum, default_value = "enforce")]
    offline_rule: Stage,
    /// How far the tickets rule goes [default: enforce with --protocol, observe without]
    #[arg(long, value_enum)]
    tickets_rule: Option<Stage>,
    /// Tickets an operator must have for each active validator, such as 5 or 2.5
    #[arg(long, value_name = "TICKETS", value_parser = amount::tickets, default_value = "5")]
    ticket_floor: Tickets,
    /// How long an operator may be short of tickets before its validators must leave (25 slots are 5 minutes)
    #[arg(long, value_name = "SLOTS", default_value_t = 25)]
    ticket_grace: u64,
    /// How far the balance rule goes
    #[arg(long, value_enum, default_value = "enforce")]
    balance_rule: Stage,
    /// A validator below this balance must leave: ETH, such as 31.75, or 31750000000gwei
    #[arg(long, value_name = "AMOUNT", value_parser = amount::gwei, default_value = "31.75")]
    ejection_balance: Gwei,
    /// How far the slashed rule goes: observe or warn
    #[arg(long, value_enum, default_value = "warn")]
    slashed_rule: Stage,
    /// How long votes are taken
    #[arg(long, value_name = "SLOTS", default_value_t = 64)]
    vote_window: u64,
}

/// [`Enforcement`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Stage {
    /// Show it in the status
    Observe,
    /// Show it and raise an alert
    Warn,
    /// Propose and vote exits
    Enforce,
}

impl From<Stage> for Enforcement {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Observe => Self::Observe,
            Stage::Warn => Self::Warn,
            Stage::Enforce => Self::Enforce,
        }
    }
}

impl Rules {
    /// The policy for a network that acts on contracts, or on none. Its numbers are checked with the definition.
    pub(super) fn policy(&self, has_contracts: bool) -> Policy {
        let unless_told = if has_contracts { Stage::Enforce } else { Stage::Observe };
        Policy {
            vote_window: self.vote_window,
            offline: OfflineRule {
                enforcement: self.offline_rule.into(),
                epochs: self.offline_epochs,
                tolerance: self.tolerance,
            },
            tickets: TicketsRule {
                enforcement: self.tickets_rule.unwrap_or(unless_told).into(),
                floor: self.ticket_floor,
                grace: self.ticket_grace,
                tolerance: self.tolerance,
            },
            balance: BalanceRule {
                enforcement: self.balance_rule.into(),
                ejection_threshold: self.ejection_balance,
            },
            slashed: SlashedRule { enforcement: self.slashed_rule.into() },
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
        rules: Rules,
    }

    fn rules(flags: &[&str]) -> Rules {
        Line::try_parse_from(std::iter::once("test").chain(flags.iter().copied())).unwrap().rules
    }

    #[test]
    fn what_is_not_given_is_puffers_published_rule() {
        assert_eq!(rules(&[]).policy(true), Policy::puffer());
        let without = rules(&[]).policy(false);
        assert_eq!(without.tickets.enforcement, Enforcement::Observe);
        assert_eq!(without.balance, Policy::puffer().balance);
    }

    #[test]
    fn every_rule_can_be_told() {
        let flags = "--offline-rule warn --tickets-rule observe --ticket-floor 2.5 --ticket-grace 7 \
                     --balance-rule warn --ejection-balance 31000000000gwei --slashed-rule observe";
        let policy = rules(&flags.split_whitespace().collect::<Vec<_>>()).policy(true);
        assert_eq!(policy.offline.enforcement, Enforcement::Warn);
        assert_eq!(policy.tickets.enforcement, Enforcement::Observe);
        assert_eq!((policy.tickets.floor.0, policy.tickets.grace), (2_500_000_000_000_000_000, 7));
        assert_eq!(policy.balance.enforcement, Enforcement::Warn);
        assert_eq!(policy.balance.ejection_threshold, Gwei(31_000_000_000));
        assert_eq!(policy.slashed.enforcement, Enforcement::Observe);
        assert_eq!(
            rules(&["--enforcement", "observe"]).policy(false).offline.enforcement,
            Enforcement::Observe
        );
    }
}
