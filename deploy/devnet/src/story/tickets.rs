//! The second story: two node operators register validators on chain and run out of tickets. One tops up and is spared;
//! the other's validators are made to leave. Told over URLs alone, so it is the same on anvil and Lodestar.
//!
//! The numbers are the protocol's own: a validator uses 4,444,444,444,444,445 wei of ticket an epoch, and 5 tickets are
//! the floor. The operators bring what keeps them at the floor for a chosen number of epochs, which is why governance
//! first lowers the least amount of a registration from 28 to 5.

mod witness;

use super::exits::Sight;
use super::fact::Fact;
use super::world::World;
use super::{LOOK_EVERY, statuses};
use crate::Error;
use crate::narrator::{CHAIN, GOVERNANCE, Narrator, PAYMASTER};
use crate::processes::Guardians;
use crate::protocol::{Account, Draft, FIRST_MODULE, Protocol};
use crypto::execution::{Address, BlockNumber, Tickets};
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use guardian_core::tickets::consumption;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde::Serialize;
use std::time::Duration;
use witness::TicketWitness;

/// Least an operator must have for each validator on duty.
const FLOOR: Tickets = Tickets(5 * Tickets::ONE.0);

/// Burned for a skipped registration, here; must not exceed the least amount of a registration.
const PENALTY: Tickets = Tickets::ONE;

/// What the operator that is spared brings for each of its validators.
const TOP_UP: Tickets = Tickets(10 * Tickets::ONE.0);

/// Epochs by which finality lies behind the head when all is well.
const FINALITY_LAG: u64 = 2;

/// A node operator of the story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operator {
    /// For people.
    pub(super) name: &'static str,
    account: Account,
    /// What it registers. Active since genesis, under the interop keys.
    pub(super) validators: [ValidatorIndex; 2],
}

/// Tops up in time.
pub(super) const NORTH: Operator = Operator {
    name: "operator north",
    account: Account::new(1),
    validators: [ValidatorIndex(4), ValidatorIndex(5)],
};

/// Does not.
pub(super) const SOUTH: Operator = Operator {
    name: "operator south",
    account: Account::new(2),
    validators: [ValidatorIndex(6), ValidatorIndex(7)],
};

impl Operator {
    /// Its account.
    pub(super) fn address(&self) -> Address {
        self.account.address()
    }
}

/// How the story of the tickets ended, when it ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketsOutcome {
    /// The protocol's contract.
    pub registry: Address,
    /// The operator that topped up.
    pub spared: Address,
    /// Its validators, still on duty.
    pub spared_validators: Vec<ValidatorIndex>,
    /// How much it brought.
    pub topped_up: Tickets,
    /// The block that has it.
    pub topped_up_in: BlockNumber,
    /// The operator that did not.
    pub ejected: Address,
    /// Its validators.
    pub ejected_validators: Vec<ValidatorIndex>,
    /// First epochs they are off duty.
    pub exit_epochs: Vec<Epoch>,
    /// What each validator's registration brought.
    pub tickets_each: Tickets,
    /// First epoch in which that is less than the floor.
    pub due: Epoch,
    /// The epoch whose finality covers the exits.
    pub finalized: Epoch,
}

/// Flags of `guardian network create` for this story, with so many slots of grace: the time to top up in.
pub(super) fn rules(grace: u64) -> Vec<String> {
    ["--ticket-floor", "5", "--ticket-grace", &grace.to_string()].map(String::from).into()
}

/// Lets a registration bring as little as the story needs.
pub(super) async fn lower_minimum(
    protocol: &Protocol,
    slot: Slot,
    narrator: &mut Narrator,
) -> Result<(), Error> {
    protocol.set_skip_penalty(PENALTY).await?;
    protocol.set_minimum_tickets(FLOOR).await?;
    narrator.tell(slot, &[GOVERNANCE], &Fact::MinimumSet { tickets: FLOOR });
    Ok(())
}

/// What both operators did on chain.
pub(super) struct Registrations {
    tickets_each: Tickets,
    due: Epoch,
}

/// Registers and provisions the operators' validators, with tickets that fall below the floor in `epochs` epochs.
pub(super) async fn register(
    world: &World,
    protocol: &Protocol,
    epochs: u64,
    narrator: &mut Narrator,
) -> Result<Registrations, Error> {
    narrator.waiting("registering the operators' validators".into());
    let beacon = world.beacon().await?;
    let due = beacon.position().await?.epoch.saturating_add(epochs);
    // Exactly the floor after the last epoch before `due`: all have been on duty since epoch 0.
    let tickets_each = FLOOR.saturating_add(consumption(due.0.saturating_sub(1)));
    let terms = protocol.terms(FIRST_MODULE).await?;
    // Panics where the system has no randomness; the guardians have found some for their keys.
    let mut rng = UnwrapErr(SysRng);
    for operator in [NORTH, SOUTH] {
        let mut drafts = Vec::new();
        for validator in operator.validators {
            drafts.push(Draft::sound(&crate::chain::interop::secret_key(validator.0)?, &terms, &mut rng)?);
        }
        let registered = protocol.register_all(operator.account, &drafts, tickets_each).await?;
        let block = registered.last().map(|registered| registered.block).unwrap_or_default();
        let fact = Fact::Registered {
            operator: operator.address(),
            validators: operator.validators.into(),
            tickets: tickets_each,
            block,
        };
        narrator.tell(beacon.position().await?.slot, &[operator.name], &fact);
    }
    let count = NORTH.validators.len() + SOUTH.validators.len();
    protocol.provision(FIRST_MODULE, count as u64).await?;
    narrator.tell(beacon.position().await?.slot, &[PAYMASTER], &Fact::Provisioned { validators: count });
    Ok(Registrations { tickets_each, due })
}

/// Follows the runways, tops up one operator when the guardians call it short, and sees the other leave.
pub(super) async fn watch(
    world: &mut World,
    guardians: &mut Guardians,
    protocol: &Protocol,
    registrations: &Registrations,
    narrator: &mut Narrator,
    deadline: Duration,
) -> Result<TicketsOutcome, Error> {
    let beacon = world.beacon().await?;
    let names = (0..guardians.len()).map(|index| guardians.name(index).to_owned()).collect();
    let mut witness = TicketWitness::new(names);
    let mut topped_up = None;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        world.check()?;
        for index in 0..guardians.len() {
            guardians.check(index)?;
        }
        let statuses = statuses(guardians).await;
        let sight = Sight::of(&beacon, &SOUTH.validators, &NORTH.validators).await?;
        for (who, fact) in witness.look(&statuses, &sight) {
            let who: Vec<&str> = who.iter().map(String::as_str).collect();
            narrator.tell(sight.position.slot, &who, &fact);
        }
        // Finality, and with it the guardians' word, may lag on Lodestar; the operator knows its tickets all the same.
        let knows = matches!(world, World::Real(_))
            && sight.position.epoch >= registrations.due.saturating_add(FINALITY_LAG);
        if topped_up.is_none() && (knows || witness.is_short(&NORTH)) {
            let amount = TOP_UP.saturating_mul(NORTH.validators.len() as u64);
            let block = protocol.deposit_tickets(NORTH.account, NORTH.address(), amount).await?;
            let slot = beacon.position().await?.slot;
            narrator.tell(slot, &[NORTH.name], &Fact::ToppedUp { tickets: amount, block });
            topped_up = Some((amount, block));
            witness.expect_top_up();
        }
        if let (Some((amount, block)), Some(finalized)) = (topped_up, witness.ended()) {
            if sight.staying.iter().any(Option::is_some) {
                let problem = format!("a validator of {}, which topped up, leaves the chain", NORTH.name);
                return Err(Error::Unexpected { problem });
            }
            let spared = Fact::Spared { validators: NORTH.validators.into() };
            narrator.tell(sight.position.slot, &[CHAIN], &spared);
            return Ok(TicketsOutcome {
                registry: protocol.addresses().registry,
                spared: NORTH.address(),
                spared_validators: NORTH.validators.into(),
                topped_up: amount,
                topped_up_in: block,
                ejected: SOUTH.address(),
                ejected_validators: SOUTH.validators.into(),
                exit_epochs: sight.leaving.iter().flatten().copied().collect(),
                tickets_each: registrations.tickets_each,
                due: registrations.due,
                finalized,
            });
        }
        let waiting_for = witness.waiting_for();
        if narrator.elapsed() > deadline {
            return Err(Error::Deadline { seconds: deadline.as_secs(), waiting_for: waiting_for.into() });
        }
        narrator.waiting(format!(
            "{:>5.1} s  slot {:<4} epoch {}, finalized {}: waiting for {waiting_for}",
            narrator.elapsed().as_secs_f64(),
            sight.position.slot,
            sight.position.epoch,
            sight.position.finalized
        ));
    }
}
