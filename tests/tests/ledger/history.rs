//! Steps of a history, drawn at random.

use crypto::execution::Tickets;
use proptest::prelude::*;

/// How many operators there are.
pub(super) const OPERATORS: usize = 3;

/// Something that happens, after some epochs.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Epochs since the step before.
    pub(super) later: u64,
    pub(super) act: Act,
}

/// What happens.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Register {
        operator: usize,
        tickets: Brought,
    },
    Deposit {
        operator: usize,
        amount: Tickets,
    },
    Withdraw {
        operator: usize,
        amount: Tickets,
    },
    /// The next ones, active on the beacon chain `delay` epochs later.
    Provision {
        count: u64,
        delay: u64,
    },
    Skip,
    /// Several in one batch.
    Settle(Vec<End>),
    SetMinimum(Tickets),
    SetPenalty(Tickets),
}

/// The tickets that come with a registration.
#[derive(Debug, Clone, Copy)]
pub(super) enum Brought {
    /// The minimum and so many more: most operators bring little.
    Over(Tickets),
    /// So many, enough or not.
    Exactly(Tickets),
}

/// How long a validator was on duty.
#[derive(Debug, Clone, Copy)]
pub(super) enum Served {
    /// So many epochs.
    Epochs(u64),
    /// As many as its operator can pay for, and so many more.
    AllPaidFor(u64),
    /// It ended before it started.
    Backwards,
}

/// One validator's end.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// Which of the active ones, counted round and round.
    pub(super) pick: usize,
    pub(super) served: Served,
    pub(super) slashed: bool,
}

/// Up to so many tickets, with wei.
fn up_to(tickets: u128) -> impl Strategy<Value = Tickets> {
    (0..=tickets, prop_oneof![Just(0), 0..Tickets::ONE.0])
        .prop_map(|(whole, wei)| Tickets(whole * Tickets::ONE.0 + wei))
}

/// Amounts around what fits the contract's `uint96`.
fn absurd() -> impl Strategy<Value = Tickets> {
    prop_oneof![((1_u128 << 96) - 3..(1 << 96) + 3), (1_u128 << 95..1 << 96), Just(u128::MAX)]
        .prop_map(Tickets)
}

fn end() -> impl Strategy<Value = End> {
    // 6300 epochs use up the usual minimum of 28 tickets.
    let served = prop_oneof![
        8 => (0_u64..12_000).prop_map(Served::Epochs),
        4 => (6_298_u64..6_303).prop_map(Served::Epochs),
        6 => (0_u64..2).prop_map(Served::AllPaidFor),
        1 => Just(Served::Backwards),
        1 => (1_u64 << 40..1 << 60).prop_map(Served::Epochs),
    ];
    (any::<prop::sample::Index>(), served, any::<bool>()).prop_map(|(pick, served, slashed)| End {
        pick: pick.index(1000),
        served,
        slashed,
    })
}

fn act() -> impl Strategy<Value = Act> {
    let operator = 0..OPERATORS;
    let some = |amount: Tickets| amount.max(Tickets(1));
    let brought = prop_oneof![
        6 => up_to(2).prop_map(Brought::Over),
        2 => up_to(60).prop_map(Brought::Exactly),
    ];
    // Whoever has an absurd amount is never short again: only the last operator gets one.
    let rich = OPERATORS - 1;
    prop_oneof![
        10 => (operator.clone(), brought).prop_map(|(operator, tickets)| Act::Register { operator, tickets }),
        3 => (operator.clone(), up_to(10))
            .prop_map(move |(operator, amount)| Act::Deposit { operator, amount: some(amount) }),
        1 => absurd().prop_map(move |amount| Act::Deposit { operator: rich, amount }),
        1 => absurd()
            .prop_map(move |amount| Act::Register { operator: rich, tickets: Brought::Exactly(amount) }),
        3 => (operator, up_to(30))
            .prop_map(move |(operator, amount)| Act::Withdraw { operator, amount: some(amount) }),
        6 => (1_u64..3, 0_u64..400).prop_map(|(count, delay)| Act::Provision { count, delay }),
        2 => Just(Act::Skip),
        8 => prop::collection::vec(end(), 1..4).prop_map(Act::Settle),
        2 => up_to(40).prop_map(Act::SetMinimum),
        2 => up_to(30).prop_map(Act::SetPenalty),
    ]
}

/// Histories of `steps` steps.
pub(super) fn histories(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (0_u64..1_500, act()).prop_map(|(later, act)| Step { later, act });
    prop::collection::vec(step, steps)
}
