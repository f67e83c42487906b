//! What an emergency would do, as text.

use crate::cli::amount::eth;
use crate::cli::status::or_none;
use crate::cli::table::{short, table};
use crate::cli::when::Times;
use guardian_core::emergency::Severity;
use guardian_core::forecast::{Forecast, Target};

/// Most validators shown one by one; `--json` shows all.
const MAX_SHOWN: usize = 64;

/// All of it.
pub(in crate::cli) fn render(forecast: &Forecast, times: &Times) -> String {
    let named = forecast.targets.len();
    let certifiable = match forecast.severity {
        Severity::Urgent => "at once".to_owned(),
        Severity::Normal => {
            format!("from {} on, until then it can be taken back", times.slot(forecast.certifiable_from))
        }
    };
    let fits = if forecast.fits { "" } else { ", AFTER it expires: it would have to be raised again" };
    let mut text = format!(
        "Emergency   {} ({})\n\
         Validators  {named} named, {} would leave\n\
         Stake       {} ETH would leave; bonds make good {} ETH; {} tickets burn\n\
         Certified   {certifiable}\n\
         Expires     {}\n\
         Queue       last release in {}{fits}\n\
         \x20           last one off duty in {}\n",
        forecast.emergency,
        forecast.severity.code(),
        forecast.leaving,
        eth(forecast.stake),
        eth(forecast.bond),
        forecast.tickets,
        times.slot(forecast.expires),
        times.epoch(forecast.last_release),
        times.epoch(forecast.last_exit),
    );
    text.push_str(&targets(forecast));
    text.push_str(&bounds(forecast));
    text.truncate(text.trim_end().len());
    text
}

/// The table of its validators. Those that cannot leave come first when not all are shown.
pub(in crate::cli) fn targets(forecast: &Forecast) -> String {
    let mut shown: Vec<&Target> = forecast.targets.iter().collect();
    if shown.len() > MAX_SHOWN {
        shown.sort_by_key(|target| (target.problem.is_none(), target.index));
    }
    let rows: Vec<_> = shown
        .iter()
        .take(MAX_SHOWN)
        .map(|target| {
            [
                target.index.to_string(),
                or_none(target.pubkey.map(|pubkey| short(&pubkey))),
                or_none(target.operator.map(|operator| short(&operator))),
                or_none(target.balance.map(eth)),
                target.problem.map_or("leaves", |problem| problem.code()).to_owned(),
                or_none(target.proposal.map(|proposal| short(&proposal))),
            ]
        })
        .collect();
    let mut text = table(["validator", "pubkey", "operator", "balance", "what", "exit proposal"], &rows);
    if shown.len() > MAX_SHOWN {
        text.push_str(&format!("\n  and {} more; --json shows all", shown.len() - MAX_SHOWN));
    }
    text + "\n"
}

/// The bounds it meets.
pub(in crate::cli) fn bounds(forecast: &Forecast) -> String {
    if forecast.bounds.is_empty() {
        return "Bounds: it meets none\n".to_owned();
    }
    let rows: Vec<_> = forecast
        .bounds
        .iter()
        .map(|bound| [bound.hold.code().to_owned(), bound.detail.clone(), bound.hold.ends().to_owned()])
        .collect();
    format!("Bounds it meets\n{}\n", table(["hold", "what", "until"], &rows))
}
