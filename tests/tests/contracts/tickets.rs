//! Tickets to the wei: what was seen to be burned on the contracts in production, and what moves without an event.

use super::*;
use alloy::primitives::U256;
use alloy::providers::Provider;
use alloy::rpc::types::Filter;
use alloy::sol_types::SolEvent;
use crypto::execution::{NodeInfo, RegistrationId, Tickets};
use crypto::spec::Epoch;
use devnet::protocol::abi::ValidatorRegistry as Registry;
use devnet::protocol::{Draft, FIRST_MODULE, Settlement};

const OPERATOR: Account = Account::new(1);
/// Epochs of 384 s in a day.
const DAY: u64 = 225;

fn tickets(count: u128) -> Tickets {
    Tickets(count * Tickets::ONE.0)
}

fn after(index: u64, days: u64) -> Settlement {
    let id = RegistrationId { module: FIRST_MODULE, index };
    Settlement::whole(id, Epoch(1000), Epoch(1000 + days * DAY))
}

impl Stage {
    /// Registers `count` validators of the operator, with 28 tickets each, and provisions them.
    async fn validators(&mut self, count: u64) {
        let key = self.key();
        let terms = self.protocol.terms(FIRST_MODULE).await.unwrap();
        let draft = Draft::sound(&key, &terms, &mut self.rng).unwrap();
        let drafts = vec![draft; usize::try_from(count).unwrap()];
        self.protocol.register_all(OPERATOR, &drafts, tickets(28)).await.unwrap();
        self.protocol.provision(FIRST_MODULE, count).await.unwrap();
    }

    async fn balance(&self) -> Tickets {
        self.protocol.node_info(OPERATOR.address()).await.unwrap().tickets
    }
}

#[tokio::test]
async fn burned_to_the_wei() {
    burned_to_the_wei_on(Stage::set().await).await;
}

pub(super) async fn burned_to_the_wei_on(mut stage: Stage) {
    stage.validators(4).await;
    // 112 with the registrations.
    stage.protocol.deposit_tickets(OPERATOR, OPERATOR.address(), tickets(9)).await.unwrap();
    let burned = stage.protocol.settle(&[after(0, 28), after(1, 40)]).await.unwrap();
    assert_eq!(burned, [Tickets(28_000_000_000_000_003_500), Tickets(40_000_000_000_000_005_000)]);
    // Below the minimum: the minimum, or what there is.
    assert_eq!(stage.protocol.settle(&[after(2, 5)]).await.unwrap(), [tickets(28)]);
    let rest = stage.balance().await;
    assert_eq!(rest, Tickets(24_999_999_999_999_991_500));
    let slashed = Settlement { slashed: true, ..after(3, 2) };
    assert_eq!(stage.protocol.settle(&[slashed]).await.unwrap(), [rest]);
    let info = stage.protocol.node_info(OPERATOR.address()).await.unwrap();
    assert_eq!(info, NodeInfo { active: 0, pending: 0, tickets: Tickets(0) });
    stage.well();
}

#[tokio::test]
async fn one_day_without_a_minimum() {
    let mut stage = Stage::set().await;
    stage.validators(2).await;
    // The minimum may not fall below the penalty, nor the penalty rise above the minimum.
    assert!(refusal(stage.protocol.set_minimum_tickets(tickets(9)).await).contains("InvalidVTAmount"));
    assert!(refusal(stage.protocol.set_skip_penalty(tickets(29)).await).contains("InvalidVTAmount"));
    stage.protocol.set_skip_penalty(Tickets(0)).await.unwrap();
    stage.protocol.set_minimum_tickets(Tickets(0)).await.unwrap();
    let burned = stage.protocol.settle(&[after(0, 1), after(1, 0)]).await.unwrap();
    assert_eq!(burned, [Tickets(1_000_000_000_000_000_125), Tickets(0)]);
    stage.well();
}

#[tokio::test]
async fn who_cannot_pay_reverts_the_whole_batch() {
    who_cannot_pay_reverts_the_whole_batch_on(Stage::set().await).await;
}

pub(super) async fn who_cannot_pay_reverts_the_whole_batch_on(mut stage: Stage) {
    stage.validators(2).await;
    // 56 tickets: each could be settled alone, both together cannot.
    let both = [after(0, 30), after(1, 27)];
    let refused = refusal(stage.protocol.settle(&[after(0, 30), after(1, 29)]).await);
    assert_eq!(refused, "Panic(0x11)");
    assert_eq!(stage.balance().await, tickets(56), "nothing was burned");
    // 27 days are below the minimum: what is left is enough for it.
    let burned = stage.protocol.settle(&both).await.unwrap();
    assert_eq!(burned, [Tickets(30_000_000_000_000_003_750), Tickets(25_999_999_999_999_996_250)]);
    stage.well();
}

/// Whoever used exactly the minimum pays what it used: nothing is forgiven any more, not even one wei.
#[tokio::test]
async fn the_floor_ends_where_what_was_used_reaches_it() {
    let mut stage = Stage::set().await;
    stage.validators(1).await;
    let used = Tickets(28_000_000_000_000_003_500);
    let operator = OPERATOR.address();
    stage.protocol.deposit_tickets(OPERATOR, operator, Tickets(3_499)).await.unwrap();
    stage.protocol.set_minimum_tickets(used).await.unwrap();
    assert_eq!(refusal(stage.protocol.settle(&[after(0, 28)]).await), "Panic(0x11)");
    // One epoch less, and the minimum takes whatever there is.
    let young = Settlement { end: Epoch(1000 + 28 * DAY - 1), ..after(0, 28) };
    let all = Tickets(used.0 - 1);
    assert_eq!(stage.protocol.settle(&[young]).await.unwrap(), [all]);

    stage.protocol.set_minimum_tickets(tickets(28)).await.unwrap();
    stage.validators(1).await;
    stage.protocol.deposit_tickets(OPERATOR, operator, Tickets(3_500)).await.unwrap();
    stage.protocol.set_minimum_tickets(used).await.unwrap();
    assert_eq!(stage.protocol.settle(&[after(1, 28)]).await.unwrap(), [used]);
    assert_eq!(stage.balance().await, Tickets(0));
    stage.well();
}

#[tokio::test]
async fn what_cannot_be_settled() {
    let mut stage = Stage::set().await;
    stage.validators(2).await;
    let backwards = Settlement { start: Epoch(11), end: Epoch(10), ..after(0, 1) };
    assert_eq!(refusal(stage.protocol.settle(&[backwards]).await), "Panic(0x11)");
    // More is missing than the bond of two ETH pays for.
    let short = Settlement { withdrawn: Settlement::STAKE - 2 * Tickets::ONE.0 - 1, ..after(0, 1) };
    assert_eq!(refusal(stage.protocol.settle(&[short]).await), "Panic(0x11)");
    let exact = Settlement { withdrawn: Settlement::STAKE - 2 * Tickets::ONE.0, ..after(0, 1) };
    stage.protocol.settle(&[exact]).await.unwrap();
    for again in [vec![after(0, 1)], vec![after(1, 1), after(1, 1)], vec![after(7, 1)]] {
        let refused = refusal(stage.protocol.settle(&again).await);
        assert!(refused.contains("InvalidValidatorState"), "{refused}");
    }
    stage.well();
}

#[tokio::test]
async fn skipping_takes_the_penalty_and_withdrawing_waits() {
    let mut stage = Stage::set().await;
    let key = stage.key();
    let terms = stage.protocol.terms(FIRST_MODULE).await.unwrap();
    let draft = Draft::sound(&key, &terms, &mut stage.rng).unwrap();
    stage.protocol.register_all(OPERATOR, &[draft.clone(), draft], tickets(28)).await.unwrap();
    let protocol = &stage.protocol;
    protocol.skip(FIRST_MODULE).await.unwrap();
    assert_eq!(stage.balance().await, tickets(46));
    let refused = refusal(protocol.withdraw_tickets(OPERATOR, tickets(1)).await);
    assert!(refused.contains("ActiveOrPendingValidatorsExist"), "{refused}");
    protocol.provision(FIRST_MODULE, 1).await.unwrap();
    assert!(refusal(protocol.provision(FIRST_MODULE, 1).await).contains("InvalidValidatorState"));
    assert_eq!(refusal(protocol.skip(FIRST_MODULE).await), "Panic(0x11)");
    let refused = refusal(protocol.withdraw_tickets(OPERATOR, tickets(1)).await);
    assert!(refused.contains("ActiveOrPendingValidatorsExist"), "{refused}");
    protocol.settle(&[after(1, 1)]).await.unwrap();
    assert_eq!(refusal(protocol.withdraw_tickets(OPERATOR, tickets(19)).await), "Panic(0x11)");
    protocol.withdraw_tickets(OPERATOR, tickets(18)).await.unwrap();
    assert_eq!(stage.balance().await, Tickets(0));
    stage.well();
}

/// The logs of a short life, in order: registration and skip move tickets without a ticket event.
#[tokio::test]
async fn the_log_of_a_short_life() {
    the_log_of_a_short_life_on(Stage::set().await).await;
}

pub(super) async fn the_log_of_a_short_life_on(mut stage: Stage) {
    let key = stage.key();
    let terms = stage.protocol.terms(FIRST_MODULE).await.unwrap();
    let draft = Draft::sound(&key, &terms, &mut stage.rng).unwrap();
    let protocol = &stage.protocol;
    let drafts = [draft.clone(), draft.clone()];
    let begin = protocol.register_all(OPERATOR, &drafts, tickets(28)).await.unwrap()[0].block;
    protocol.skip(FIRST_MODULE).await.unwrap();
    protocol.provision(FIRST_MODULE, 1).await.unwrap();
    protocol.deposit_tickets(Account::new(2), OPERATOR.address(), tickets(2)).await.unwrap();
    let short = Settlement { withdrawn: Settlement::STAKE - 5, ..after(1, 29) };
    protocol.settle(&[short]).await.unwrap();
    protocol.withdraw_tickets(OPERATOR, tickets(1)).await.unwrap();
    protocol.set_skip_penalty(tickets(3)).await.unwrap();
    protocol.set_minimum_tickets(tickets(4)).await.unwrap();

    let filter = Filter::new().address(alloy_address(protocol.addresses().registry)).from_block(begin.0);
    let logs = stage.provider.get_logs(&filter).await.unwrap();
    let found: Vec<_> = logs.iter().map(|log| *log.topic0().unwrap()).collect();
    let count = Registry::NumberOfRegisteredValidatorsChanged::SIGNATURE_HASH;
    assert_eq!(
        found,
        [
            count,
            Registry::ValidatorKeyRegistered::SIGNATURE_HASH,
            count,
            Registry::ValidatorKeyRegistered::SIGNATURE_HASH,
            count,
            Registry::ValidatorSkipped::SIGNATURE_HASH,
            Registry::SuccessfullyProvisioned::SIGNATURE_HASH,
            Registry::ValidatorTicketsDeposited::SIGNATURE_HASH,
            Registry::ValidatorExited::SIGNATURE_HASH,
            count,
            Registry::ValidatorTicketsWithdrawn::SIGNATURE_HASH,
            Registry::VTPenaltyChanged::SIGNATURE_HASH,
            Registry::MinimumVTAmountChanged::SIGNATURE_HASH,
        ]
    );
    let registered = logs[3].log_decode::<Registry::ValidatorKeyRegistered>().unwrap().inner.data;
    assert_eq!(registered.pubKey.to_vec(), draft.pubkey);
    assert_eq!((registered.pufferModuleIndex, registered.moduleName.0), (U256::ONE, FIRST_MODULE.0));
    assert!(!registered.usingEnclave);
    let skipped = logs[5].log_decode::<Registry::ValidatorSkipped>().unwrap().inner.data;
    assert_eq!((skipped.pufferModuleIndex, skipped.pubKey.to_vec()), (U256::ZERO, draft.pubkey.clone()));
    let provisioned = logs[6].log_decode::<Registry::SuccessfullyProvisioned>().unwrap().inner.data;
    assert_eq!(provisioned.pufferModuleIndex, U256::ONE);
    let deposited = logs[7].log_decode::<Registry::ValidatorTicketsDeposited>().unwrap().inner.data;
    assert_eq!(deposited.node, alloy_address(OPERATOR.address()));
    assert_eq!(deposited.depositor, alloy_address(Account::new(2).address()));
    assert_eq!(deposited.amount, U256::from(tickets(2).0));
    let exited = logs[8].log_decode::<Registry::ValidatorExited>().unwrap().inner.data;
    assert_eq!((exited.pufferModuleIndex, exited.pufETHBurnAmount), (U256::ONE, U256::from(5)));
    assert_eq!(exited.vtBurnAmount, U256::from(29_000_000_000_000_003_625_u128));
    let withdrawn = logs[10].log_decode::<Registry::ValidatorTicketsWithdrawn>().unwrap().inner.data;
    assert_eq!(withdrawn.node, withdrawn.recipient);
    stage.well();
}
