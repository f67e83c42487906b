use super::*;
use crypto::execution::{BlockHash, BlockNumber, RegistrationId, TransactionHash};

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

#[test]
fn indices_go_on_by_module() {
    let before = Counts::from([(module("a"), 2)]);
    let entries = [entry(1, "b", 0), entry(1, "a", 2), entry(2, "a", 3), entry(3, "b", 1)];
    let after = Counts::from([(module("a"), 4), (module("b"), 2)]);
    assert_eq!(count(&before, &entries), Ok(after));
    assert_eq!(count(&before, &[]), Ok(before));
}

#[test]
fn a_hole_or_a_repetition_is_named() {
    let before = Counts::from([(module("a"), 2)]);
    let words = |index| match count(&before, &[entry(7, "a", index)]) {
        Err(Doubt::Wrong(words)) => words,
        other => panic!("{other:?}"),
    };
    assert_eq!(words(3), "registration 3 of module a is logged in block 7 where 2 is next");
    assert_eq!(words(1), "registration 1 of module a is logged in block 7 where 2 is next");
}

#[test]
fn modules_have_readable_names() {
    assert_eq!(name(&module("PUFFER_MODULE_0")), "PUFFER_MODULE_0");
    assert_eq!(name(&ModuleName([0xff; 32])), format!("0x{}", "ff".repeat(32)));
    assert_eq!(name(&ModuleName([0; 32])), format!("0x{}", "00".repeat(32)));
}
