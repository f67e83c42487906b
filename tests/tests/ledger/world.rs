//! The contract, the ledger, and a model between them that knows who is on duty and says by `tickets::burn` what each
//! step must do.

use super::history::{Act, Brought, End, OPERATORS, Served, Step};
use super::machine::{Machine, OWNER, account, burned_in, id, ours, permit, stopped};
use super::tally::Tally;
use alloy::primitives::{Address as AlloyAddress, B256, Bytes, Log, U256};
use alloy::sol_types::SolEvent;
use crypto::execution::{
    Address, Block, BlockHash, BlockNumber, ContractState, NodeInfo, RegistrationId, Tickets, TransactionHash,
};
use crypto::registration::Verdict;
use crypto::spec::{
    ChainSpec, Epoch, FAR_FUTURE_EPOCH, Fork, ForkName, ForkSchedule, ForkVersion, Gwei, Root,
};
use devnet::protocol::FIRST_MODULE;
use devnet::protocol::abi::ValidatorRegistry as Registry;
use guardian_core::registration::{JudgedEvent, JudgedLog, Registered, ScanReport};
use guardian_core::tickets::{Account, Duty, Refusal, TicketLedger, burn, consumption};
use std::collections::VecDeque;
use std::num::NonZeroU64;

/// Most that the contract's `uint96` holds.
const MOST: u128 = (1 << 96) - 1;

/// A provisioned validator.
#[derive(Debug, Clone, Copy)]
struct OnDuty {
    id: RegistrationId,
    operator: usize,
    activation: Epoch,
}

/// A history as it is played.
pub(super) struct World {
    machine: Machine,
    ledger: TicketLedger,
    chain: ChainSpec,
    block: u64,
    now: Epoch,
    pending: VecDeque<(RegistrationId, usize)>,
    active: Vec<OnDuty>,
    balances: [Tickets; OPERATORS],
    minimum: Tickets,
    penalty: Tickets,
    /// Who ever registered a validator: only they are looked after.
    known: [bool; OPERATORS],
    dropped: Option<usize>,
    logs: usize,
    pub(super) tally: Tally,
}

impl World {
    /// Newly deployed; the ledger does not get to see log number `dropped`.
    pub(super) fn new(dropped: Option<usize>) -> Self {
        let fork = Fork { name: ForkName::Phase0, version: ForkVersion([0; 4]), epoch: Epoch(0) };
        Self {
            machine: Machine::new(),
            ledger: TicketLedger::default(),
            chain: ChainSpec {
                name: "histories".into(),
                genesis_time: 0,
                seconds_per_slot: NonZeroU64::new(12).unwrap(),
                slots_per_epoch: NonZeroU64::new(32).unwrap(),
                shard_committee_period: 256,
                forks: ForkSchedule::new(Root([0; 32]), vec![fork]).unwrap(),
            },
            block: 0,
            now: Epoch(1000),
            pending: VecDeque::new(),
            active: Vec::new(),
            balances: [Tickets(0); OPERATORS],
            minimum: Tickets(28 * Tickets::ONE.0),
            penalty: Tickets(10 * Tickets::ONE.0),
            known: [false; OPERATORS],
            dropped,
            logs: 0,
            tally: Tally::default(),
        }
    }

    /// Logs that the ledger must miss. Not among them: what was moved on the account of somebody who never registered, and
    /// an operator's first registration, which the contract's own count is missing.
    pub(super) fn logs(&self) -> usize {
        self.logs
    }

    /// What the ledger found that does not add up.
    pub(super) fn unexplained(&self) -> u64 {
        self.ledger.discrepancies() + self.ledger.unplaced()
    }

    /// One step on the contract and the model, and then the ledger, and all of them compared.
    pub(super) fn take(&mut self, step: &Step) {
        self.now = self.now.saturating_add(step.later);
        let logs = self.act(&step.act);
        self.show(&logs);
        self.compare();
    }

    fn act(&mut self, act: &Act) -> Vec<Log> {
        match act {
            Act::Register { operator, tickets: Brought::Over(more) } => {
                self.register(*operator, self.minimum.saturating_add(*more))
            }
            Act::Register { operator, tickets: Brought::Exactly(tickets) } => {
                self.register(*operator, *tickets)
            }
            Act::Deposit { operator, amount } => {
                let sum = self.fits(*operator, *amount);
                let call = Registry::depositValidatorTicketsCall {
                    permit: permit(*amount),
                    node: account(*operator),
                };
                let logs = self.call(OWNER, &call, sum.is_some());
                self.balances[*operator] = sum.unwrap_or(self.balances[*operator]);
                logs
            }
            Act::Withdraw { operator, amount } => {
                let idle = self.info(*operator).active + self.info(*operator).pending == 0;
                let left = self.balances[*operator].0.checked_sub(amount.0).filter(|_| idle);
                let call = Registry::withdrawValidatorTicketsCall {
                    amount: amount.0.try_into().unwrap(),
                    recipient: OWNER,
                };
                let logs = self.call(account(*operator), &call, left.is_some());
                self.tally.withdrawn += u64::from(left.is_some());
                self.tally.withdrawal_refused += u64::from(left.is_none());
                self.balances[*operator] = left.map_or(self.balances[*operator], Tickets);
                logs
            }
            Act::Provision { count, delay } => {
                let wait = self.pending.len() as u64 >= *count;
                let call = Registry::provisionWithoutSignaturesCall {
                    moduleName: FIRST_MODULE.0.into(),
                    count: U256::from(*count),
                };
                let logs = self.call(OWNER, &call, wait);
                let activation = self.now.saturating_add(*delay);
                for _ in 0..if wait { *count } else { 0 } {
                    let (id, operator) = self.pending.pop_front().unwrap();
                    self.active.push(OnDuty { id, operator, activation });
                }
                logs
            }
            Act::Skip => {
                let next = self.pending.front().copied();
                let left = next.and_then(|(_, operator)| {
                    let left = self.balances[operator].0.checked_sub(self.penalty.0)?;
                    Some((operator, Tickets(left)))
                });
                let call = Registry::skipWithoutSignaturesCall { moduleName: FIRST_MODULE.0.into() };
                let logs = self.call(OWNER, &call, left.is_some());
                self.tally.skip_refused += u64::from(next.is_some() && left.is_none());
                if let Some((operator, left)) = left {
                    self.tally.skipped += 1;
                    self.balances[operator] = left;
                    self.pending.pop_front();
                }
                logs
            }
            Act::Settle(ends) => self.settle(ends),
            Act::SetMinimum(minimum) => {
                let possible = *minimum >= self.penalty;
                let call = Registry::changeMinimumVTAmountCall { newMinimum: U256::from(minimum.0) };
                let logs = self.call(OWNER, &call, possible);
                self.minimum = if possible { *minimum } else { self.minimum };
                logs
            }
            Act::SetPenalty(penalty) => {
                let possible = *penalty <= self.minimum;
                let call = Registry::setVTPenaltyCall { newPenalty: U256::from(penalty.0) };
                let logs = self.call(OWNER, &call, possible);
                self.penalty = if possible { *penalty } else { self.penalty };
                logs
            }
        }
    }

    fn register(&mut self, operator: usize, tickets: Tickets) -> Vec<Log> {
        let sum = self.fits(operator, tickets).filter(|_| tickets >= self.minimum);
        let call = Registry::registerValidatorKeyCall {
            data: Registry::ValidatorKeyData {
                blsPubKey: vec![1; 48].into(),
                signature: Bytes::new(),
                depositDataRoot: B256::ZERO,
                blsEncryptedPrivKeyShares: vec![Bytes::new(); 2],
                blsPubKeySet: vec![1; 48].into(),
                raveEvidence: Bytes::new(),
            },
            moduleName: FIRST_MODULE.0.into(),
            pufETHPermit: permit(Tickets(1)),
            vtPermit: permit(tickets),
        };
        let logs = self.call(account(operator), &call, sum.is_some());
        if let Some(sum) = sum {
            self.balances[operator] = sum;
            let event = logs.iter().find_map(|log| Registry::ValidatorKeyRegistered::decode_log(log).ok());
            self.pending.push_back((id(event.unwrap().pufferModuleIndex, FIRST_MODULE.0.into()), operator));
        }
        logs
    }

    /// By the ledger's arithmetic first, one after the other; then by the contract, which must do the same.
    fn settle(&mut self, ends: &[End]) -> Vec<Log> {
        if self.active.is_empty() {
            return Vec::new();
        }
        let picked: Vec<_> =
            ends.iter().map(|end| (self.active[end.pick % self.active.len()], end)).collect();
        let mut balances = self.balances;
        let mut expected = Some(Vec::new());
        let mut infos = Vec::new();
        for (position, (duty, end)) in picked.iter().enumerate() {
            let balance = balances[duty.operator];
            let last = match end.served {
                Served::Epochs(served) => duty.activation.saturating_add(served),
                Served::AllPaidFor(more) => {
                    let paid = u64::try_from(balance.0 / consumption(1).0).unwrap();
                    duty.activation.saturating_add(paid.saturating_add(more))
                }
                Served::Backwards => duty.activation.saturating_sub(1),
            };
            infos.push(stopped(duty.id, duty.activation, last, end.slashed));
            let Some(burned) = &mut expected else { continue };
            let twice = picked[..position].iter().any(|(earlier, _)| earlier.id == duty.id);
            match burn(duty.activation, last, balance, self.minimum) {
                _ if twice => {
                    self.tally.twice += 1;
                    expected = None;
                }
                Ok(amount) => {
                    self.tally.burned_rest += u64::from(amount == balance && amount < self.minimum);
                    self.tally.burned_minimum += u64::from(amount == self.minimum);
                    self.tally.burned_used += u64::from(amount > self.minimum);
                    balances[duty.operator] = Tickets(balance.0 - amount.0);
                    burned.push(amount);
                }
                Err(refusal) => {
                    self.tally.overdrawn += u64::from(matches!(refusal, Refusal::Overdrawn { .. }));
                    self.tally.backwards += u64::from(refusal == Refusal::EndsBeforeStart);
                    expected = None;
                }
            }
        }
        let call = Registry::settleWithoutSignaturesCall { infos };
        let logs = self.call(OWNER, &call, expected.is_some());
        if let Some(expected) = expected {
            assert_eq!(burned_in(&logs), expected, "burned by the contract, expected");
            self.tally.batches += u64::from(expected.len() > 1);
            self.balances = balances;
            self.active.retain(|duty| picked.iter().all(|(gone, _)| gone.id != duty.id));
        }
        logs
    }

    /// Calls the contract, which must do it or revert as `expected`.
    fn call(
        &mut self,
        from: AlloyAddress,
        call: &impl alloy::sol_types::SolCall,
        expected: bool,
    ) -> Vec<Log> {
        let logs = self.machine.call(from, call);
        assert_eq!(logs.is_some(), expected, "done by the contract, expected");
        logs.unwrap_or_default()
    }

    /// The balance with `more`, if the contract can hold both.
    fn fits(&mut self, operator: usize, more: Tickets) -> Option<Tickets> {
        let sum = self.balances[operator].0.checked_add(more.0).filter(|sum| *sum <= MOST);
        self.tally.too_much += u64::from(sum.is_none());
        sum.map(Tickets)
    }

    fn info(&self, operator: usize) -> NodeInfo {
        let pending = self.pending.iter().filter(|(_, owner)| *owner == operator).count();
        let active = self.active.iter().filter(|duty| duty.operator == operator).count();
        NodeInfo { active: active as u64, pending: pending as u64, tickets: self.balances[operator] }
    }

    /// The ledger sees the block of the step, without the log that is dropped, and then the contract's state.
    fn show(&mut self, logs: &[Log]) {
        self.block += 1;
        let hash = BlockHash(U256::from(self.block).to_be_bytes());
        let timestamp = self.now.0 * 384;
        let block = Block { number: BlockNumber(self.block), hash, timestamp };
        let mut judged = Vec::new();
        let events: Vec<_> = logs.iter().filter_map(|log| self.judged(log)).collect();
        for event in events {
            let is_missed = self.is_missed(&event);
            if !is_missed || self.dropped != Some(self.logs) {
                let index = judged.len() as u64;
                judged.push(JudgedLog { block: block.number, index, timestamp, event });
            }
            self.logs += usize::from(is_missed);
        }
        let report = ScanReport { from: block.number, to: block, logs: judged };
        assert!(self.ledger.scan(&report, &self.chain));
        let state = ContractState {
            block,
            guardians: Vec::new(),
            enclaves: Vec::new(),
            threshold: 1,
            ejection_threshold: Gwei(31_750_000_000),
            minimum_tickets: self.view_tickets(&Registry::getMinimumVtAmountCall {}),
            skip_penalty: self.view_tickets(&Registry::getVTPenaltyCall {}),
            operators: (0..OPERATORS)
                .filter(|operator| self.known[*operator])
                .map(|operator| (ours(operator), self.read(operator)))
                .collect(),
        };
        assert_eq!((state.minimum_tickets, state.skip_penalty), (self.minimum, self.penalty));
        assert!(self.ledger.observe(&state));
    }

    fn is_missed(&mut self, event: &JudgedEvent) -> bool {
        let who = |address: &Address| (0..OPERATORS).find(|operator| ours(*operator) == *address).unwrap();
        match event {
            JudgedEvent::Registered(registered) => {
                std::mem::replace(&mut self.known[who(&registered.operator)], true)
            }
            JudgedEvent::TicketsDeposited { operator, .. }
            | JudgedEvent::TicketsWithdrawn { operator, .. } => self.known[who(operator)],
            JudgedEvent::Provisioned(_) | JudgedEvent::Skipped(_) | JudgedEvent::Exited { .. } => true,
            JudgedEvent::ExitProposed(_) | JudgedEvent::ExitCancelled { .. } => false,
        }
    }

    fn judged(&self, log: &Log) -> Option<JudgedEvent> {
        if let Ok(event) = Registry::ValidatorKeyRegistered::decode_log(log) {
            let id = id(event.pufferModuleIndex, event.moduleName);
            let (_, operator) = self.pending.iter().find(|(pending, _)| *pending == id)?;
            return Some(JudgedEvent::Registered(Registered {
                id,
                operator: ours(*operator),
                pubkey: None,
                key_set: None,
                transaction: TransactionHash([0; 32]),
                verdict: Verdict::InvalidPubkey,
            }));
        }
        if let Ok(event) = Registry::SuccessfullyProvisioned::decode_log(log) {
            return Some(JudgedEvent::Provisioned(id(event.pufferModuleIndex, event.moduleName)));
        }
        if let Ok(event) = Registry::ValidatorSkipped::decode_log(log) {
            return Some(JudgedEvent::Skipped(id(event.pufferModuleIndex, event.moduleName)));
        }
        if let Ok(event) = Registry::ValidatorExited::decode_log(log) {
            let id = id(event.pufferModuleIndex, event.moduleName);
            return Some(JudgedEvent::Exited { id, burned: Tickets(event.vtBurnAmount.to()) });
        }
        if let Ok(event) = Registry::ValidatorTicketsDeposited::decode_log(log) {
            let (operator, amount) = (Address(event.node.into()), Tickets(event.amount.to()));
            return Some(JudgedEvent::TicketsDeposited { operator, amount });
        }
        if let Ok(event) = Registry::ValidatorTicketsWithdrawn::decode_log(log) {
            let (operator, amount) = (Address(event.node.into()), Tickets(event.amount.to()));
            return Some(JudgedEvent::TicketsWithdrawn { operator, amount });
        }
        None
    }

    fn compare(&mut self) {
        for operator in 0..OPERATORS {
            let info = self.info(operator);
            assert_eq!(self.read(operator), info, "the contract's account, the model's");
            let kept = self.ledger.operator(&ours(operator));
            assert_eq!(kept.is_some(), self.known[operator], "who registered has an account");
            let Some(kept) = kept else { continue };
            assert_eq!(kept.info, Some(info), "the ledger's account, the model's");
            if self.dropped.is_none() {
                assert_eq!(kept.unexplained, None);
            }
            if info.active > 0 {
                self.compare_futures(operator, info.tickets);
            }
        }
    }

    /// What would be if all of an operator's validators on duty ended now: tried out on copies of the contract.
    fn compare_futures(&mut self, operator: usize, tickets: Tickets) {
        let now = self.now;
        let mine = || self.active.iter().filter(|duty| duty.operator == operator);
        let duties: Vec<_> =
            mine().map(|duty| Duty { activation: duty.activation, exit: FAR_FUTURE_EPOCH }).collect();
        let account = Account { tickets, duties: &duties, since: Epoch(0) };
        let mut begun: Vec<_> = mine().filter(|duty| duty.activation <= now).copied().collect();
        begun.sort_by_key(|duty| duty.activation);
        self.tally.shared_accounts += u64::from(begun.len() > 1);

        // Without a minimum, what is left is the present balance, and who is overdrawn cannot be settled.
        let mut bare = self.machine.clone();
        bare.call(OWNER, &Registry::setVTPenaltyCall { newPenalty: U256::ZERO }).unwrap();
        bare.call(OWNER, &Registry::changeMinimumVTAmountCall { newMinimum: U256::ZERO }).unwrap();
        let present = account.present(now);
        assert_eq!(bare.settle_all(ended(&begun), now).is_none(), present.is_overdrawn());
        if !present.is_overdrawn() {
            assert_eq!(bare.tickets_of(operator), present.tickets(), "left by the contract, present");
        }
        self.tally.overdrawn_accounts += u64::from(present.is_overdrawn());

        // With it, the worst case.
        let worst = account.settlement(now, self.minimum);
        let mut real = self.machine.clone();
        let burned = real.settle_all(ended(&begun), now);
        assert_eq!(burned.is_none(), worst.refused > 0);
        if let Some(burned) = burned {
            let sum = burned.into_iter().fold(Tickets(0), Tickets::saturating_add);
            assert_eq!((sum, real.tickets_of(operator)), (worst.burned, worst.left));
        }
        self.tally.settlements_refused += u64::from(worst.refused > 0);

        // If the contract settles them in the opposite order, it does in this one.
        begun.reverse();
        assert!(self.machine.clone().settle_all(ended(&begun), now).is_none() || worst.refused == 0);
    }

    fn read(&self, operator: usize) -> NodeInfo {
        self.machine.info(operator)
    }

    fn view_tickets(&self, call: &impl alloy::sol_types::SolCall<Return = U256>) -> Tickets {
        Tickets(self.machine.view(call).to())
    }
}

fn ended(duties: &[OnDuty]) -> impl Iterator<Item = (RegistrationId, Epoch)> {
    duties.iter().map(|duty| (duty.id, duty.activation))
}
