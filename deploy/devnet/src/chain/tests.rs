use super::config::ChainConfig;
use super::view::{EPOCHS_OF_BOUNDARIES, EPOCHS_OF_SLOTS};
use super::*;
use crypto::exit::VoluntaryExit;
use crypto::spec::{FAR_FUTURE_EPOCH, Gwei, Root};
use std::num::NonZeroU64;

/// An exit as the validator's own key signs it.
fn exit(chain: &Chain, index: u64, epoch: u64) -> SignedVoluntaryExit {
    let message = VoluntaryExit { epoch: Epoch(epoch), validator_index: ValidatorIndex(index) };
    let root = message.signing_root(&chain.spec().forks, chain.view().epoch());
    SignedVoluntaryExit { message, signature: interop::secret_key(index).unwrap().sign(root) }
}

#[tokio::test]
async fn an_exit_travels_from_the_pool_into_the_finalized_state() {
    let chain = Chain::start(&ChainConfig::default()).unwrap();
    chain.advance_to(Epoch(4)).await.unwrap();
    let signed = exit(&chain, 3, 4);
    assert_eq!(chain.submit_exit("a", signed).await.unwrap(), Ok(Admission::Accepted));
    assert_eq!(chain.submit_exit("b", signed).await.unwrap(), Ok(Admission::AlreadyKnown));
    let other = exit(&chain, 3, 3);
    assert_eq!(
        chain.submit_exit("b", other).await.unwrap(),
        Err(PoolRefusal::AlreadyExists(ValidatorIndex(3)))
    );
    assert_eq!(chain.view().head().validators[3].exit_epoch, FAR_FUTURE_EPOCH);

    let slot = chain.advance_slot().await.unwrap();
    let view = chain.view();
    assert_eq!(view.exits()[0].included, Some(slot));
    assert_eq!(view.block_at(slot).unwrap().voluntary_exits, [signed]);
    assert_eq!(view.exits()[0].nodes, ["a", "b"]);
    assert_eq!(view.head().validators[3].exit_epoch, Epoch(9));
    assert_eq!(view.state_of(view.finalized()).unwrap().validators[3].exit_epoch, FAR_FUTURE_EPOCH);
    // Known as long as it is remembered, also from a block.
    assert_eq!(chain.submit_exit("c", signed).await.unwrap(), Ok(Admission::AlreadyKnown));

    chain.advance_to(Epoch(7)).await.unwrap();
    let view = chain.view();
    assert_eq!(view.finalized().epoch, Epoch(5));
    assert_eq!(view.state_of(view.finalized()).unwrap().validators[3].exit_epoch, Epoch(9));
    chain.advance_to(Epoch(10)).await.unwrap();
    assert!(!chain.view().head().previous_participation[3]);
}

#[tokio::test]
async fn what_is_kept_is_bounded() {
    let chain = Chain::start(&ChainConfig::default()).unwrap();
    chain.advance_to(Epoch(EPOCHS_OF_BOUNDARIES + 10)).await.unwrap();
    let view = chain.view();
    let slots_per_epoch = 8;
    let oldest_slot = (view.epoch().0 - EPOCHS_OF_SLOTS + 1) * slots_per_epoch;
    assert!(view.state_at(Slot(oldest_slot)).is_some());
    assert!(view.state_at(Slot(oldest_slot - 1)).is_none());
    assert!(view.state_at(Slot(11 * slots_per_epoch)).is_some());
    assert!(view.state_at(Slot(10 * slots_per_epoch)).is_none());
    assert!(view.state_at(Slot(0)).is_some());
    assert!(view.state_at(Slot(view.head().slot.0 + 1)).is_none());
    // Every block since then, without a gap, and none before but the first.
    let oldest_block = 11 * slots_per_epoch;
    assert!((oldest_block..=view.head().slot.0).all(|slot| view.block_at(Slot(slot)).is_some()));
    assert!((1..oldest_block).all(|slot| view.block_at(Slot(slot)).is_none()));
    assert!(view.block_at(Slot(0)).is_some());
    assert!(view.block_at(Slot(view.head().slot.0 + 1)).is_none());
}

#[tokio::test]
async fn the_finalized_state_is_kept_while_finality_stands() {
    let chain = Chain::start(&ChainConfig::default()).unwrap();
    chain.advance_to(Epoch(5)).await.unwrap();
    chain.set_dark((0..8).map(ValidatorIndex)).await.unwrap();
    chain.advance_to(Epoch(EPOCHS_OF_BOUNDARIES + 20)).await.unwrap();
    let view = chain.view();
    assert_eq!(view.finalized().epoch, Epoch(3));
    assert_eq!(view.state_of(view.finalized()).unwrap().header.root(), view.finalized().root);
    assert!(view.state_of(view.head().current_justified).is_some());
    let block = view.block_at(chain.spec().start_slot(Epoch(3))).unwrap();
    assert_eq!(block.root(), view.finalized().root);
}

#[tokio::test]
async fn a_head_start_makes_a_chain_that_finalizes_at_once() {
    let config = ChainConfig { clock: Clock::Wall { head_start: 4 }, ..ChainConfig::default() };
    let chain = Chain::start(&config).unwrap();
    let view = chain.view();
    assert!(view.finalized().epoch >= Epoch(2), "{:?}", view.finalized());
    let spec = chain.spec();
    let due = (since_epoch().as_secs() - spec.genesis_time) / spec.seconds_per_slot.get();
    assert!(view.head().slot.0.abs_diff(due) <= 1, "head {} due {due}", view.head().slot);
    // The wall clock moves it.
    let mut views = chain.subscribe();
    let head = view.head().slot;
    views.wait_for(|view| view.head().slot > head).await.unwrap();
}

/// `hash_tree_root` of a registry, against a value computed by hand with another program (Python's hashlib).
#[tokio::test]
async fn the_genesis_validators_root_is_the_registrys() {
    let config = ChainConfig { validators: 1, ..ChainConfig::default() };
    let chain = Chain::start(&config).unwrap();
    let expected: Root = GENESIS_ROOT_OF_ONE.parse().unwrap();
    assert_eq!(chain.spec().forks.genesis_validators_root(), expected);
    assert_eq!(chain.view().head().balances, [Gwei(32_000_000_000)]);
}

const GENESIS_ROOT_OF_ONE: &str = "0x698811727c2b02c943c144b8dff167731ad59c36a084f14c0ea31bcca8ee8a6d";

#[tokio::test]
async fn impossible_configurations_are_refused_by_field() {
    let slots = |n| NonZeroU64::new(n).unwrap();
    let cases = [
        (ChainConfig { validators: 0, ..ChainConfig::default() }, "`validators` is 0"),
        (ChainConfig { validators: 5000, ..ChainConfig::default() }, "`validators` is 5000"),
        (ChainConfig { slots_per_epoch: slots(3), ..ChainConfig::default() }, "`slots_per_epoch` is 3"),
        (ChainConfig { seconds_per_slot: slots(61), ..ChainConfig::default() }, "`seconds_per_slot` is 61"),
    ];
    for (config, expected) in cases {
        let Err(error) = Chain::start(&config) else { panic!("{expected}: not refused") };
        assert!(error.to_string().contains(expected), "{error}");
    }
    let mut gap = ChainConfig::default();
    gap.forks.remove(1);
    assert!(Chain::start(&gap).is_err());
}
