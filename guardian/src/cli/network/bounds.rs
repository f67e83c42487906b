//! The caps on the command line: how many may be made to leave, and how fast, whatever the votes.

use guardian_core::policy::Caps;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Caps")]
pub(super) struct Bounds {
    /// Most exits released in one epoch
    #[arg(long, value_name = "EXITS", default_value_t = 4)]
    exits_per_epoch: u64,
    /// Most exits released in 225 epochs
    #[arg(long, value_name = "EXITS", default_value_t = 16)]
    exits_per_day: u64,
    /// Of these, most of one node operator's validators [default: as --exits-per-day]
    #[arg(long, value_name = "EXITS")]
    exits_per_operator_per_day: Option<u64>,
    /// Of these, most of one module's validators [default: as --exits-per-day]
    #[arg(long, value_name = "EXITS")]
    exits_per_module_per_day: Option<u64>,
    /// Most of the watched validators released in 225 epochs; one is always allowed
    #[arg(long, value_name = "PERCENT", default_value_t = 100)]
    max_share_percent_per_day: u8,
    /// Largest distance from head to finality at which exits are released
    #[arg(long, value_name = "EPOCHS", default_value_t = 4)]
    max_finality_distance: u64,
    /// Hold all exits when the head of a guardian's own nodes is further behind the clock
    #[arg(long, value_name = "SLOTS", default_value_t = 32)]
    max_head_lag: u64,
    /// Hold all exits when more than this share of the watched validators is dark at once
    #[arg(long, value_name = "PERCENT", default_value_t = 34)]
    max_dark_percent: u8,
}

impl Bounds {
    /// The caps. Their numbers are checked with the definition.
    pub(super) fn caps(&self) -> Caps {
        let usual = Caps::new(self.exits_per_epoch, self.exits_per_day);
        Caps {
            exits_per_operator_per_day: self
                .exits_per_operator_per_day
                .unwrap_or(usual.exits_per_operator_per_day),
            exits_per_module_per_day: self.exits_per_module_per_day.unwrap_or(usual.exits_per_module_per_day),
            max_share_percent_per_day: self.max_share_percent_per_day,
            max_finality_distance: self.max_finality_distance,
            max_head_lag: self.max_head_lag,
            max_dark_percent: self.max_dark_percent,
            ..usual
        }
    }
}
