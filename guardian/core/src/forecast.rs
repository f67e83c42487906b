//! `Forecast`: whom an emergency hits, what it costs and which bounds it meets, as this guardian sees it now. Changes
//! nothing.

use crate::emergency::{Emergency, Refusal, Severity};
use crate::governor::DAY_EPOCHS;
use crate::guardian::Guardian;
use crate::proposal::ProposalId;
use crate::scan::EXIT_QUEUE;
use crate::status::Hold;
use crate::tickets;
use crypto::execution::{Address, ModuleName, Tickets};
use crypto::spec::{BlsPubkey, Epoch, Gwei, Slot, ValidatorIndex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a validator is expected to have, Gwei: its operator's bond makes the rest good.
const FULL_BALANCE: Gwei = Gwei(32_000_000_000);

/// What an emergency would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Its id, if it were raised now.
    pub emergency: ProposalId,
    /// How urgent.
    pub severity: Severity,
    /// First slot at which it can be certified.
    pub certifiable_from: Slot,
    /// First slot after its life.
    pub expires: Slot,
    /// Whom it hits, in the order of their indices.
    pub targets: Vec<Target>,
    /// How many of them would leave.
    pub leaving: u64,
    /// Stake that would leave, Gwei.
    pub stake: Gwei,
    /// Tickets that the contracts would burn for them, as far as we know their operators' accounts.
    pub tickets: Tickets,
    /// What their bonds would have to make good because balances are below 32 ETH, Gwei.
    pub bond: Gwei,
    /// First epoch in which the last of them could be released under the caps, if everything else goes on as today.
    pub last_release: Epoch,
    /// Whether that is before it expires.
    pub fits: bool,
    /// Estimated first epoch in which the last of them is off duty; the withdrawal comes 256 epochs later.
    pub last_exit: Epoch,
    /// The bounds it meets, most pressing first.
    pub bounds: Vec<Bound>,
}

/// One validator of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Which.
    pub index: ValidatorIndex,
    /// Its key, if our nodes know it.
    pub pubkey: Option<BlsPubkey>,
    /// Its node operator, if it came through the contracts.
    pub operator: Option<Address>,
    /// Its balance at the finalized state, Gwei.
    pub balance: Option<Gwei>,
    /// Why it cannot be made to exit; None when it can.
    pub problem: Option<Refusal>,
    /// The exit proposal about it under this emergency, once there is one.
    pub proposal: Option<ProposalId>,
}

/// A bound that an emergency meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The hold it would cause.
    pub hold: Hold,
    /// For people: what is left, and of what.
    pub detail: String,
}

/// How much a cap leaves: what is left now, and how much there is in each later period of so many epochs.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    hold: Hold,
    left: u64,
    limit: u64,
    period: u64,
}

impl Allowance {
    /// Epochs until so many exits are released.
    fn epochs_for(&self, exits: u64) -> u64 {
        let later = exits.saturating_sub(self.left);
        later.div_ceil(self.limit.max(1)).saturating_mul(self.period)
    }

    fn bound(&self, exits: u64, of: &str) -> Bound {
        let noun = if exits == 1 { "exit" } else { "exits" };
        let detail = format!(
            "{exits} {noun}{of}; {} may be released now, {} in each {} epochs: about {} epochs",
            self.left,
            self.limit,
            self.period,
            self.epochs_for(exits)
        );
        Bound { hold: self.hold, detail }
    }
}

impl Guardian {
    /// What an emergency would do, as our view has it now.
    pub(crate) fn forecast(&self, emergency: &Emergency) -> Forecast {
        let chain = &self.definition.chain;
        let current = chain.epoch_of(self.view.slot());
        let targets = self.findings(emergency);
        let leaving: Vec<_> = targets.iter().filter(|target| target.problem.is_none()).collect();
        let balances = || leaving.iter().filter_map(|target| target.balance);
        let stake = balances().fold(0u64, |sum, balance| sum.saturating_add(balance.0));
        let bond = balances()
            .fold(0u64, |sum, balance| sum.saturating_add(FULL_BALANCE.0.saturating_sub(balance.0)));
        let (wait, caps) = self.caps_met(&leaving);
        let last_release = current
            .max(chain.epoch_of(emergency.certifiable_from(&self.definition.emergency)))
            .saturating_add(wait);
        let queue = last_release.saturating_add(EXIT_QUEUE);
        Forecast {
            emergency: emergency.id(),
            severity: emergency.severity,
            certifiable_from: emergency.certifiable_from(&self.definition.emergency),
            expires: emergency.expires,
            leaving: u64::try_from(leaving.len()).unwrap_or(u64::MAX),
            stake: Gwei(stake),
            tickets: self.burned(&leaving, current),
            bond: Gwei(bond),
            last_release,
            fits: chain.start_slot(last_release) < emergency.expires,
            last_exit: self.view.last_exit().map_or(queue, |last| queue.max(last.saturating_add(1))),
            bounds: self.standing_holds(emergency).into_iter().chain(caps).collect(),
            targets,
        }
    }

    /// Tickets the contracts would burn if these were settled now.
    fn burned(&self, leaving: &[&Target], current: Epoch) -> Tickets {
        let ledger = self.protocol.ledger();
        let mut left: BTreeMap<Address, Tickets> = BTreeMap::new();
        let mut sum = Tickets(0);
        for target in leaving {
            let (Some(operator), Some(pubkey)) = (target.operator, target.pubkey) else { continue };
            let Some(info) = ledger.operator(&operator).and_then(|account| account.info) else { continue };
            let Some(activation) = self
                .view
                .validator(&pubkey)
                .and_then(|watched| watched.at_finalized)
                .map(|v| v.activation_epoch)
            else {
                continue;
            };
            let balance = left.entry(operator).or_insert(info.tickets);
            let burned =
                tickets::burn(activation, current.max(activation), *balance, self.protocol.minimum())
                    .unwrap_or(*balance);
            *balance = balance.saturating_sub(burned);
            sum = sum.saturating_add(burned);
        }
        sum
    }

    /// What holds every exit like these now, whatever they are.
    fn standing_holds(&self, emergency: &Emergency) -> Vec<Bound> {
        let all = self.paused().into_iter().chain(self.blindness());
        let mut bounds: Vec<_> = all
            .map(|hold| Bound { hold, detail: format!("nothing is released until: {}", hold.ends()) })
            .collect();
        if self.is_dark() {
            let (dark, watched) = self.view.darkness();
            let word = match emergency.severity {
                Severity::Normal => "holds this one",
                Severity::Urgent => "does not hold an urgent one",
            };
            let detail = format!("{dark} of {watched} watched validators are dark: the breaker {word}");
            bounds.push(Bound { hold: Hold::CorrelatedFailure, detail });
        }
        bounds
    }

    /// Epochs until the last of these is released under the caps, and the caps that make it wait.
    fn caps_met(&self, leaving: &[&Target]) -> (u64, Vec<Bound>) {
        let caps = &self.definition.caps;
        let count = |targets: usize| u64::try_from(targets).unwrap_or(u64::MAX);
        let current = self.definition.chain.epoch_of(self.view.slot());
        let today = current.saturating_sub(DAY_EPOCHS.saturating_sub(1));
        let all = count(leaving.len());
        let mut met: Vec<(u64, Bound)> = Vec::new();
        let mut meet = |hold: Hold, limit: u64, spent: u64, period: u64, exits: u64, of: &str| {
            let allowance = Allowance { hold, left: limit.saturating_sub(spent), limit, period };
            if exits > allowance.left {
                met.push((allowance.epochs_for(exits), allowance.bound(exits, of)));
            }
        };
        let spent = |first: Epoch| self.ledger.spent(&self.definition, first);
        meet(Hold::EpochCap, caps.exits_per_epoch, spent(current), 1, all, "");
        meet(Hold::DayCap, caps.exits_per_day, spent(today), DAY_EPOCHS, all, "");
        let (share, left) = self.ledger.share(&self.definition, &self.view, today);
        meet(Hold::ShareCap, share, left, DAY_EPOCHS, all, "");
        let mut by_operator: BTreeMap<Address, u64> = BTreeMap::new();
        let mut by_module: BTreeMap<ModuleName, u64> = BTreeMap::new();
        let registry = self.protocol.registry();
        for target in leaving {
            let Some(pubkey) = &target.pubkey else { continue };
            if let Some(operator) = target.operator {
                *by_operator.entry(operator).or_default() += 1;
            }
            if let Some(id) = registry.live(pubkey) {
                *by_module.entry(id.module).or_default() += 1;
            }
        }
        for (operator, exits) in by_operator {
            let spent = self
                .ledger
                .spent_at(&self.definition, today, |home| home.is_some_and(|(theirs, _)| theirs == operator));
            let of = format!(" of operator {operator}");
            meet(Hold::OperatorCap, caps.exits_per_operator_per_day, spent, DAY_EPOCHS, exits, &of);
        }
        for (module, exits) in by_module {
            let spent = self
                .ledger
                .spent_at(&self.definition, today, |home| home.is_some_and(|(_, theirs)| theirs == module));
            let of = format!(" of module {module}");
            meet(Hold::ModuleCap, caps.exits_per_module_per_day, spent, DAY_EPOCHS, exits, &of);
        }
        met.sort_by_key(|(epochs, _)| std::cmp::Reverse(*epochs));
        let longest = met.first().map_or(0, |(epochs, _)| *epochs);
        (longest, met.into_iter().map(|(_, bound)| bound).take(MAX_BOUNDS).collect())
    }
}

/// Most caps named in one forecast.
const MAX_BOUNDS: usize = 32;
