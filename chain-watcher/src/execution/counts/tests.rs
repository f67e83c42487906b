use super::*;
use crypto::execution::{Address, BlockHash, BlockNumber, ExitsProposed, RegistrationId, TransactionHash};

fn module(name: &str) -> ModuleName {
    ModuleName(crate::execution::fake_chain::module(name).0)
}

fn entry(block: u64, name: &str, index: u64) -> Entry {
    Entry {
        block: BlockNumber(block),
        block_hash: BlockHash([0; 32]),
        index: 0,
        transaction: TransactionHash([0; 32]),
        transaction_index: 0,
        timestamp: None,
        told: Told::Registered(RegistrationId { module: module(name), index }, Vec::new()),
    }
}

/// A log of the exit proposals contract.
fn exits(block: u64, event: ContractEvent) -> Entry {
    Entry { told: Told::Event(event), ..entry(block, "", 0) }
}

fn proposed(block: u64, number: u64) -> Entry {
    let proposed = ExitsProposed {
        number,
        proposer: Address([1; 20]),
        network: [2; 32],
        severity: 0,
        expires: 0,
        validators: Vec::new(),
        reason: String::new(),
    };
    exits(block, ContractEvent::ExitProposed(proposed))
}

fn cancelled(block: u64, number: u64) -> Entry {
    exits(block, ContractEvent::ExitCancelled { number, by: Address([1; 20]) })
}

fn counts<const N: usize>(registered: [(&str, u64); N], exits_proposed: u64) -> Counts {
    Counts { registered: registered.map(|(name, count)| (module(name), count)).into(), exits_proposed }
}

#[test]
fn indices_go_on_by_module_and_so_do_proposals() {
    let before = counts([("a", 2)], 5);
    let entries = [
        entry(1, "b", 0),
        entry(1, "a", 2),
        proposed(1, 5),
        cancelled(1, 5),
        entry(2, "a", 3),
        proposed(2, 6),
        cancelled(2, 0),
        entry(3, "b", 1),
    ];
    assert_eq!(count(&before, &entries), Ok(counts([("a", 4), ("b", 2)], 7)));
    assert_eq!(count(&before, &[]), Ok(before));
}

#[test]
fn a_hole_or_a_repetition_is_named() {
    let before = counts([("a", 2)], 5);
    let words = |entry| match count(&before, &[entry]) {
        Err(Doubt::Wrong(words)) => words,
        other => panic!("{other:?}"),
    };
    let of_a = |index| words(entry(7, "a", index));
    assert_eq!(of_a(3), "registration 3 of module a is logged in block 7 where 2 is next");
    assert_eq!(of_a(1), "registration 1 of module a is logged in block 7 where 2 is next");
    assert_eq!(words(proposed(7, 6)), "exit proposal 6 is logged in block 7 where 5 is next");
    assert_eq!(words(proposed(7, 4)), "exit proposal 4 is logged in block 7 where 5 is next");
    assert_eq!(words(cancelled(7, 5)), "exit proposal 5 is cancelled in block 7 before it is logged");
}

#[test]
fn modules_have_readable_names() {
    assert_eq!(name(&module("PUFFER_MODULE_0")), "PUFFER_MODULE_0");
    assert_eq!(name(&ModuleName([0xff; 32])), format!("0x{}", "ff".repeat(32)));
    assert_eq!(name(&ModuleName([0; 32])), format!("0x{}", "00".repeat(32)));
}
