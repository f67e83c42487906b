use super::*;

fn entry(block: u64, registration: bool) -> Entry {
    let id = RegistrationId { module: ModuleName([1; 32]), index: 0 };
    Entry {
        block: BlockNumber(block),
        block_hash: BlockHash([0; 32]),
        index: 0,
        transaction: TransactionHash([0; 32]),
        transaction_index: 0,
        timestamp: None,
        told: if registration {
            Told::Registered(id, Vec::new())
        } else {
            Told::Event(ContractEvent::Provisioned(id))
        },
    }
}

fn exits_proposed(block: u64) -> Entry {
    let proposed = ExitsProposed {
        number: 0,
        proposer: Address([1; 20]),
        network: [2; 32],
        severity: 0,
        expires: 0,
        validators: Vec::new(),
        reason: String::new(),
    };
    Entry { told: Told::Event(ContractEvent::ExitProposed(proposed)), ..entry(block, false) }
}

fn cut_at(mut entries: Vec<Entry>) -> (u64, usize) {
    (cut(&mut entries, BlockNumber(1000)).0, entries.len())
}

#[test]
fn a_scan_is_cut_between_blocks() {
    let registrations = |blocks: &[(u64, usize)]| {
        blocks.iter().flat_map(|(block, count)| vec![entry(*block, true); *count]).collect::<Vec<_>>()
    };
    assert_eq!(cut_at(Vec::new()), (1000, 0));
    assert_eq!(cut_at(registrations(&[(5, 512)])), (1000, 512), "just enough");
    assert_eq!(cut_at(registrations(&[(5, 512), (9, 1)])), (8, 512));
    assert_eq!(cut_at(registrations(&[(5, 500), (9, 13)])), (8, 500), "a block is not divided");
    assert_eq!(cut_at(registrations(&[(5, 600), (9, 1)])), (5, 600), "nor is one that is too much by itself");
    let mut mixed = vec![entry(5, false); 8000];
    mixed.extend(vec![entry(6, false); 200]);
    assert_eq!(cut_at(mixed), (5, 8000));
    let exits = |blocks: &[(u64, usize)]| {
        blocks.iter().flat_map(|(block, count)| vec![exits_proposed(*block); *count]).collect::<Vec<_>>()
    };
    assert_eq!(cut_at(exits(&[(5, 64)])), (1000, 64), "just enough");
    assert_eq!(cut_at(exits(&[(5, 64), (9, 1)])), (8, 64));
    assert_eq!(cut_at(exits(&[(5, 80), (9, 1)])), (5, 80));
}

#[test]
fn absurd_amounts_are_the_largest() {
    assert_eq!(tickets(U256::from(u128::MAX)), Tickets(u128::MAX));
    assert_eq!(tickets(U256::MAX), Tickets(u128::MAX));
}
