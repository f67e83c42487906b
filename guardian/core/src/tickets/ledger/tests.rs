use super::*;
use crate::registration::Registered;
use crypto::execution::{BlockHash, ModuleName, TransactionHash};
use crypto::registration::Verdict;
use crypto::spec::{Fork, ForkName, ForkSchedule, ForkVersion, Gwei, Root};
use proptest::prelude::*;

const GENESIS: u64 = 1_000_000;
const PENALTY: Tickets = Tickets(10 * Tickets::ONE.0);

/// 12 seconds a slot, 32 slots an epoch.
fn chain() -> ChainSpec {
    let number = |number| std::num::NonZeroU64::new(number).unwrap();
    let fork = Fork { name: ForkName::Phase0, version: ForkVersion([0; 4]), epoch: Epoch(0) };
    ChainSpec {
        name: "test".to_owned(),
        genesis_time: GENESIS,
        seconds_per_slot: number(12),
        slots_per_epoch: number(32),
        shard_committee_period: 256,
        forks: ForkSchedule::new(Root([0; 32]), vec![fork]).unwrap(),
    }
}

fn operator(number: u8) -> Address {
    Address([number; 20])
}

fn id(index: u64) -> RegistrationId {
    RegistrationId { module: ModuleName([1; 32]), index }
}

fn block(number: u64) -> Block {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_le_bytes());
    Block { number: BlockNumber(number), hash: BlockHash(hash), timestamp: time(number) }
}

/// One block an epoch.
fn time(block: u64) -> u64 {
    GENESIS + 384 * block + 17
}

fn whole(tickets: u64) -> Tickets {
    Tickets(u128::from(tickets) * Tickets::ONE.0)
}

fn registered(by: u8, index: u64) -> JudgedEvent {
    JudgedEvent::Registered(Registered {
        id: id(index),
        operator: operator(by),
        pubkey: None,
        key_set: None,
        transaction: TransactionHash([9; 32]),
        verdict: Verdict::Accepted,
    })
}

fn deposited(by: u8, tickets: u64) -> JudgedEvent {
    JudgedEvent::TicketsDeposited { operator: operator(by), amount: whole(tickets) }
}

fn withdrawn(by: u8, tickets: u64) -> JudgedEvent {
    JudgedEvent::TicketsWithdrawn { operator: operator(by), amount: whole(tickets) }
}

fn exited(index: u64, tickets: u64) -> JudgedEvent {
    JudgedEvent::Exited { id: id(index), burned: whole(tickets) }
}

/// A scan of blocks `from..=to` with one log for each `(block, event)`.
fn report(from: u64, to: u64, events: Vec<(u64, JudgedEvent)>) -> ScanReport {
    let log = |(index, (number, event)): (usize, (u64, JudgedEvent))| JudgedLog {
        block: BlockNumber(number),
        index: index as u64,
        timestamp: time(number),
        event,
    };
    let logs = events.into_iter().enumerate().map(log).collect();
    ScanReport { from: BlockNumber(from), to: block(to), logs }
}

fn state(number: u64, operators: &[(u8, NodeInfo)]) -> ContractState {
    ContractState {
        block: block(number),
        guardians: Vec::new(),
        enclaves: Vec::new(),
        threshold: 1,
        ejection_threshold: Gwei(31_750_000_000),
        minimum_tickets: whole(28),
        skip_penalty: PENALTY,
        operators: operators.iter().map(|(number, info)| (operator(*number), *info)).collect(),
    }
}

fn info(active: u64, pending: u64, tickets: u64) -> NodeInfo {
    NodeInfo { active, pending, tickets: whole(tickets) }
}

/// A ledger that scanned the blocks up to 9 and read operator 1 there.
fn ledger(events: Vec<JudgedEvent>, read: NodeInfo) -> TicketLedger {
    let mut ledger = TicketLedger::default();
    let events = events.into_iter().map(|event| (5, event)).collect();
    assert!(ledger.scan(&report(1, 9, events), &chain()));
    assert!(ledger.observe(&state(9, &[(1, read)])));
    ledger
}

fn unexplained(ledger: &TicketLedger) -> Option<Unexplained> {
    ledger.operator(&operator(1)).unwrap().unexplained
}

#[test]
fn a_moment_lies_in_an_epoch() {
    let epochs = [0, GENESIS, GENESIS + 383, GENESIS + 384, u64::MAX].map(|time| epoch_at(&chain(), time).0);
    assert_eq!(epochs, [0, 0, 0, 1, (u64::MAX - GENESIS) / 12 / 32]);
}

#[test]
fn a_registration_explains_any_gain_and_no_loss() {
    let mut ledger = ledger(vec![registered(1, 0)], info(0, 1, 28));
    assert_eq!(unexplained(&ledger), None);
    assert!(ledger.scan(&report(10, 19, vec![(12, deposited(1, 5)), (13, registered(1, 1))]), &chain()));
    let mut poorer = ledger.clone();
    assert!(ledger.observe(&state(19, &[(1, info(0, 2, 33))])));
    assert_eq!(unexplained(&ledger), None);
    assert!(poorer.observe(&state(19, &[(1, info(0, 2, 32))])));
    let least = whole(33);
    let found = info(0, 2, 32);
    let expected = Unexplained { block: BlockNumber(19), found, active: 0, pending: 2, least, most: None };
    assert_eq!((unexplained(&poorer), poorer.discrepancies()), (Some(expected), 1));
    assert_eq!(poorer.operator(&operator(1)).unwrap().info, Some(found));
}

/// Reads the operator at block 29, 39 and so on, with one pending validator.
fn read_on(ledger: &mut TicketLedger, readings: &[(u64, bool)]) {
    for (number, (told, believed)) in (2_u64..).zip(readings) {
        assert!(ledger.scan(&report(number * 10, number * 10 + 9, Vec::new()), &chain()));
        assert!(ledger.observe(&state(number * 10 + 9, &[(1, info(0, 1, *told))])));
        assert_eq!(unexplained(ledger).is_none(), *believed, "block {}", number * 10 + 9);
    }
}

#[test]
fn a_lie_about_fewer_tickets_is_not_believed_however_often_it_is_told() {
    let mut ledger = ledger(vec![registered(1, 0)], info(0, 1, 28));
    assert!(ledger.scan(&report(10, 19, vec![(12, deposited(1, 5))]), &chain()));
    let lies = [(3, false), (3, false), (3, false), (3, false), (3, false), (3, false)];
    read_on(&mut ledger, &lies);
    assert_eq!(ledger.discrepancies(), 6);
    assert!(ledger.scan(&report(80, 89, vec![(82, deposited(1, 1))]), &chain()));
    assert!(ledger.scan(&report(90, 99, Vec::new()), &chain()));
    // The events before and between the lies still count.
    for (from, believed) in [(100, false), (110, false), (120, true)] {
        assert!(ledger.scan(&report(from, from + 9, Vec::new()), &chain()));
        assert!(ledger.observe(&state(from + 9, &[(1, info(0, 1, 34))])));
        assert_eq!(unexplained(&ledger).is_none(), believed, "block {}", from + 9);
    }
    assert_eq!(ledger.discrepancies(), 6);
}

#[test]
fn more_tickets_than_the_events_leave_are_believed_in_the_end() {
    let mut ledger = ledger(vec![registered(1, 0)], info(0, 1, 28));
    assert!(ledger.scan(&report(10, 19, Vec::new()), &chain()));
    let mut changing = ledger.clone();
    read_on(&mut ledger, &[(35, false), (35, false), (35, false), (35, true), (28, false)]);
    assert_eq!(ledger.discrepancies(), 2);
    read_on(&mut changing, &[(35, false), (36, false), (36, false), (28, false), (28, false), (28, true)]);
    assert_eq!(changing.discrepancies(), 2);
}

#[test]
fn a_skip_explains_a_loss_up_to_the_penalty() {
    for (left, explained) in [(28, true), (18, true), (17, false), (29, false)] {
        let mut ledger = ledger(vec![registered(1, 0)], info(0, 1, 28));
        assert!(ledger.scan(&report(10, 19, vec![(15, JudgedEvent::Skipped(id(0)))]), &chain()));
        assert!(ledger.observe(&state(19, &[(1, info(0, 0, left))])));
        assert_eq!(unexplained(&ledger).is_none(), explained, "{left} left");
        assert_eq!(ledger.operator(&operator(1)).unwrap().since, Epoch(16), "the first epoch after");
    }
}

#[test]
fn a_penalty_that_was_lowered_still_explains_the_skips_before() {
    let mut ledger = ledger(vec![registered(1, 0)], info(0, 1, 28));
    assert!(ledger.scan(&report(10, 19, vec![(15, JudgedEvent::Skipped(id(0)))]), &chain()));
    let lowered = ContractState { skip_penalty: whole(1), ..state(19, &[(1, info(0, 0, 18))]) };
    assert!(ledger.observe(&lowered));
    assert_eq!(unexplained(&ledger), None);
}

#[test]
fn a_settlement_takes_what_its_event_says() {
    let events = vec![registered(1, 0), JudgedEvent::Provisioned(id(0))];
    let settled = ledger(events, info(1, 0, 40));
    for (left, explained) in [(12, true), (13, false), (11, false)] {
        let mut ledger = settled.clone();
        assert!(ledger.scan(&report(10, 19, vec![(11, exited(0, 28))]), &chain()));
        assert!(ledger.observe(&state(19, &[(1, info(0, 0, left))])));
        assert_eq!(unexplained(&ledger).is_none(), explained, "{left} left");
    }
}

/// The log of a provisioning was dropped: the count is wrong at every reading, and the exit has nowhere to go.
#[test]
fn a_dropped_log_keeps_showing() {
    let mut ledger = ledger(vec![registered(1, 0)], info(0, 1, 28));
    for number in 1..4 {
        assert!(ledger.scan(&report(10 * number, 10 * number + 9, Vec::new()), &chain()));
        assert!(ledger.observe(&state(10 * number + 9, &[(1, info(1, 0, 28))])));
        let unexplained = unexplained(&ledger).unwrap();
        assert_eq!((unexplained.active, unexplained.pending), (0, 1));
    }
    assert_eq!(ledger.discrepancies(), 3);
    assert!(ledger.scan(&report(40, 49, vec![(41, exited(0, 28))]), &chain()));
    assert_eq!(ledger.unplaced(), 1);
}

#[test]
fn doubt_begins_anew_with_every_lie() {
    let mut ledger = ledger(vec![registered(1, 0)], info(0, 1, 28));
    let readings = [(0, false), (0, false), (28, false), (28, false), (28, true), (28, true), (29, false)];
    for (number, (told, believed)) in (1_u64..).zip(readings) {
        assert!(ledger.scan(&report(number * 10, number * 10 + 9, Vec::new()), &chain()));
        assert!(ledger.observe(&state(number * 10 + 9, &[(1, info(0, 1, told))])));
        assert_eq!(unexplained(&ledger).is_none(), believed, "reading {number}");
    }
    assert_eq!(ledger.discrepancies(), 3);
}

#[test]
fn who_never_registered_has_no_account() {
    let ledger = ledger(vec![deposited(1, 7), withdrawn(1, 7)], info(0, 0, 1));
    assert_eq!((ledger.operators().count(), ledger.discrepancies()), (0, 0));
}

#[test]
fn an_operator_that_was_not_read_is_unknown_until_it_is() {
    let mut ledger = ledger(vec![registered(1, 0), deposited(1, 7)], info(0, 1, 7));
    assert!(ledger.scan(&report(10, 19, vec![(12, deposited(1, 1))]), &chain()));
    assert!(ledger.observe(&state(19, &[])));
    assert_eq!(ledger.operator(&operator(1)).unwrap().info, None);
    assert!(ledger.observe(&state(19, &[(1, info(0, 1, 8))])));
    assert_eq!(unexplained(&ledger), None);
}

#[test]
fn scans_count_once_and_in_order() {
    let mut ledger = ledger(vec![deposited(1, 7)], info(0, 0, 7));
    let before = ledger.clone();
    for (from, to) in [(1, 9), (9, 12), (11, 12), (10, 9), (0, 1_000)] {
        assert!(!ledger.scan(&report(from, to, vec![(from, deposited(1, 1))]), &chain()), "{from}..={to}");
    }
    assert!(!ledger.observe(&state(8, &[(1, info(0, 0, 9))])));
    let forged = ContractState { block: Block { hash: BlockHash([7; 32]), ..block(9) }, ..state(9, &[]) };
    assert!(!ledger.observe(&forged));
    assert_eq!(ledger, before);
}

#[test]
fn only_what_takes_tickets_moves_the_epoch() {
    let since = |mut events: Vec<(u64, JudgedEvent)>| {
        events.insert(0, (2, registered(1, 9)));
        let mut ledger = TicketLedger::default();
        assert!(ledger.scan(&report(1, 99, events), &chain()));
        ledger.operator(&operator(1)).unwrap().since
    };
    assert_eq!(since(vec![(3, deposited(1, 7)), (4, registered(1, 0))]), Epoch(0));
    assert_eq!(since(vec![(3, withdrawn(1, 7)), (4, deposited(1, 7))]), Epoch(4));
    assert_eq!(since(vec![(3, withdrawn(1, 1)), (4, withdrawn(1, 0))]), Epoch(4));
    let life = vec![(5, registered(1, 0)), (6, JudgedEvent::Provisioned(id(0))), (7, exited(0, 1))];
    assert_eq!(since(life), Epoch(8));
}

#[test]
fn absurd_amounts_saturate() {
    let deposit = |amount| JudgedEvent::TicketsDeposited { operator: operator(1), amount: Tickets(amount) };
    let events = vec![deposit(u128::MAX), deposit(u128::MAX), withdrawn(1, u64::MAX), registered(1, 0)];
    let ledger =
        ledger(events, NodeInfo { active: u64::MAX, pending: u64::MAX, tickets: Tickets(u128::MAX) });
    assert_eq!(unexplained(&ledger).unwrap().active, 0);
}

/// What a contract would do, as far as a ledger can see it.
#[derive(Debug, Default)]
struct Contract {
    accounts: BTreeMap<u8, NodeInfo>,
    /// Operator and whether it is provisioned; None once skipped or settled.
    registrations: Vec<Option<(u8, bool)>>,
}

impl Contract {
    /// One transaction of an operator, if the rules allow it.
    fn transact(&mut self, by: u8, kind: u8, tickets: u64) -> Option<JudgedEvent> {
        let is_next =
            |wanted: bool| move |live: &Option<(u8, bool)>| live.is_some_and(|(_, live)| live == wanted);
        let account = self.accounts.entry(by).or_default();
        match kind {
            0 => {
                account.pending += 1;
                account.tickets = account.tickets.saturating_add(whole(tickets));
                self.registrations.push(Some((by, false)));
                Some(registered(by, self.registrations.len() as u64 - 1))
            }
            1 => {
                account.tickets = account.tickets.saturating_add(whole(tickets));
                Some(deposited(by, tickets))
            }
            2 => {
                let is_free = account.active == 0 && account.pending == 0;
                account.tickets.0.checked_sub(whole(tickets).0).filter(|_| is_free).map(|left| {
                    account.tickets = Tickets(left);
                    withdrawn(by, tickets)
                })
            }
            3 | 4 => {
                let place = self.registrations.iter().position(is_next(false))?;
                let (owner, _) = self.registrations[place]?;
                let account = self.accounts.get_mut(&owner)?;
                let id = id(place as u64);
                account.pending -= 1;
                if kind == 3 {
                    account.active += 1;
                    self.registrations[place] = Some((owner, true));
                    return Some(JudgedEvent::Provisioned(id));
                }
                account.tickets = account.tickets.saturating_sub(PENALTY);
                self.registrations[place] = None;
                Some(JudgedEvent::Skipped(id))
            }
            _ => {
                let place = self.registrations.iter().position(is_next(true))?;
                let (owner, _) = self.registrations[place]?;
                let account = self.accounts.get_mut(&owner)?;
                let burned = whole(tickets).min(account.tickets);
                account.active -= 1;
                account.tickets = account.tickets.saturating_sub(burned);
                self.registrations[place] = None;
                Some(JudgedEvent::Exited { id: id(place as u64), burned })
            }
        }
    }

    fn state(&self, number: u64) -> ContractState {
        let operators: Vec<_> = self.accounts.iter().map(|(number, info)| (*number, *info)).collect();
        state(number, &operators)
    }
}

/// One event a block, and the contract after each.
fn history() -> impl Strategy<Value = Vec<(JudgedEvent, ContractState)>> {
    prop::collection::vec((1_u8..4, 0_u8..6, 0_u64..60), 1..60).prop_map(|transactions| {
        let mut contract = Contract::default();
        let mut history = Vec::new();
        for (by, kind, tickets) in transactions {
            if let Some(event) = contract.transact(by, kind, tickets) {
                history.push((event, contract.state(history.len() as u64 + 1)));
            }
        }
        history
    })
}

/// Folds a history in chunks whose lengths repeat, reading the contract after each chunk that `reads` says.
fn fold(history: &[(JudgedEvent, ContractState)], chunks: &[usize], reads: &[bool]) -> TicketLedger {
    let mut ledger = TicketLedger::default();
    let mut from = 0;
    for (length, read) in chunks.iter().cycle().zip(reads.iter().cycle()) {
        let to = (from + length).min(history.len());
        if from == to {
            break;
        }
        let events = (from..to).map(|place| (place as u64 + 1, history[place].0.clone())).collect();
        assert!(ledger.scan(&report(from as u64 + 1, to as u64, events), &chain()));
        if *read || to == history.len() {
            assert!(ledger.observe(&history[to - 1].1));
        }
        from = to;
    }
    ledger
}

/// Whether a ledger that was told what came `before` and not this event can know: something changed, and for an operator
/// who registered before. A first registration that was left out is found out by the contract's count of them.
fn shows(event: &JudgedEvent, before: &[(JudgedEvent, ContractState)]) -> bool {
    let is_known = |of: &Address| {
        before.iter().any(|(event, _)| matches!(event, JudgedEvent::Registered(by) if by.operator == *of))
    };
    match event {
        JudgedEvent::TicketsDeposited { operator, amount }
        | JudgedEvent::TicketsWithdrawn { operator, amount } => *amount > Tickets(0) && is_known(operator),
        JudgedEvent::Registered(registered) => is_known(&registered.operator),
        JudgedEvent::Provisioned(_) | JudgedEvent::Skipped(_) | JudgedEvent::Exited { .. } => true,
        JudgedEvent::ExitProposed(_) | JudgedEvent::ExitCancelled { .. } => false,
    }
}

proptest! {
    /// Whatever the chunks, whenever the contract is read: everything is explained, and all ledgers are the same.
    #[test]
    fn an_honest_history_is_explained_in_any_chunks(
        history in history(),
        chunks in prop::collection::vec(1_usize..9, 1..6),
        reads in prop::collection::vec(any::<bool>(), 1..6),
    ) {
        let one_by_one = fold(&history, &[1], &[true]);
        prop_assert_eq!((one_by_one.discrepancies(), one_by_one.unplaced()), (0, 0));
        let in_chunks = fold(&history, &chunks, &reads);
        let refolded = fold(&history, &chunks, &[false]);
        prop_assert_eq!(in_chunks.discrepancies(), 0);
        prop_assert_eq!(&in_chunks, &one_by_one);
        prop_assert_eq!(&refolded, &one_by_one);
    }

    /// A node that leaves out any one log that changes an account is found out at the reading after it.
    #[test]
    fn a_dropped_log_is_found_out(history in history(), place in any::<prop::sample::Index>()) {
        let mut told = history;
        if told.is_empty() {
            return Ok(());
        }
        let dropped = place.index(told.len());
        let mut ledger = TicketLedger::default();
        let is_shown = shows(&told[dropped].0, &told[..dropped]);
        for (place, (event, state)) in told.drain(..).enumerate().take(dropped + 1) {
            let number = place as u64 + 1;
            let events = if place == dropped { Vec::new() } else { vec![(number, event)] };
            prop_assert!(ledger.scan(&report(number, number, events), &chain()));
            prop_assert_eq!(ledger.discrepancies(), 0);
            prop_assert!(ledger.observe(&state));
        }
        prop_assert_eq!(ledger.discrepancies() > 0, is_shown);
    }
}
