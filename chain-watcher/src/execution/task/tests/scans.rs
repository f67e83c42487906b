//! What is scanned and told, through nodes that mean well.

use super::*;

#[tokio::test]
async fn everything_logged_is_told_in_order_and_then_the_state() {
    let mut chain = Chain::new(120, 100);
    let m = module("PUFFER_MODULE_0");
    chain.register(10, m, 1, operator(1));
    let deposited =
        P::ValidatorTicketsDeposited { node: operator(2), depositor: operator(3), amount: U256::from(7) };
    chain.emit(11, &deposited);
    chain.emit(
        11,
        &P::ValidatorTicketsWithdrawn { node: operator(2), recipient: operator(3), amount: U256::MAX },
    );
    let index = U256::ZERO;
    chain
        .emit(20, &P::SuccessfullyProvisioned { pubKey: pubkey(1), pufferModuleIndex: index, moduleName: m });
    chain.register(30, m, 2, operator(1));
    chain.emit(40, &P::ValidatorSkipped { pubKey: pubkey(2), pufferModuleIndex: U256::ONE, moduleName: m });
    chain.emit(
        100,
        &P::ValidatorExited {
            pubKey: pubkey(1),
            pufferModuleIndex: index,
            moduleName: m,
            pufETHBurnAmount: U256::ZERO,
            vtBurnAmount: U256::from(28),
        },
    );
    // Not finalized.
    chain.register(101, m, 3, operator(4));
    chain.infos.insert(operator(1), (1, 2, 28 * 10_u128.pow(18)));
    let node = FakeNode::start(chain.clone()).await;
    node.script().log_timestamps = false;
    let mut watch = Watch::over(&[&node], Resume::default()).await;

    let scan = watch.scan().await;
    assert_eq!((scan.from, scan.to), (BlockNumber(1), block(&chain, 100)));
    let id = |index| RegistrationId { module: crypto::execution::ModuleName(m.0), index };
    let places: Vec<_> = scan.logs.iter().map(|log| (log.block.0, log.index, log.timestamp)).collect();
    let time = Chain::time;
    let expected =
        [(10, 0), (11, 0), (11, 1), (20, 0), (30, 0), (40, 0), (100, 0)].map(|(b, i)| (b, i, time(b)));
    assert_eq!(places, expected);
    let events: Vec<_> = scan.logs.iter().map(|log| log.event.clone()).collect();
    let two = address(operator(2));
    assert_eq!(events[1], ContractEvent::TicketsDeposited { operator: two, amount: Tickets(7) });
    assert_eq!(events[2], ContractEvent::TicketsWithdrawn { operator: two, amount: Tickets(u128::MAX) });
    assert_eq!(events[3], ContractEvent::Provisioned(id(0)));
    assert_eq!(events[5], ContractEvent::Skipped(id(1)));
    assert_eq!(events[6], ContractEvent::Exited { id: id(0), burned: Tickets(28) });
    let registrations = registrations(&scan.logs);
    let first = registrations[0];
    let call = register(1, m);
    assert_eq!((first.id, first.operator), (id(0), address(operator(1))));
    assert_eq!(first.pubkey, pubkey(1).to_vec());
    assert_eq!(first.withdrawal_credentials.0[12..], m[..20], "as the contract answers for the module");
    let payload = first.payload.as_ref().unwrap();
    assert_eq!(payload.deposit_signature, call.data.signature.to_vec());
    assert_eq!(payload.deposit_data_root, call.data.depositDataRoot.0);
    assert_eq!(payload.key_set, call.data.blsPubKeySet.to_vec());
    let shares: Vec<_> = call.data.blsEncryptedPrivKeyShares.iter().map(|share| share.to_vec()).collect();
    assert_eq!(payload.envelopes, shares);
    assert_eq!(registrations.len(), 2);

    let state = watch.contracts().await;
    assert_eq!(state.block, scan.to);
    assert_eq!(state.guardians, [1, 2, 3, 4].map(|n| address(operator(n))));
    assert_eq!(state.enclaves, [0x11, 0x12, 0x13, 0x14].map(|n| address(operator(n))));
    assert_eq!((state.threshold, state.ejection_threshold.0), (3, 31_750_000_000));
    assert_eq!(state.minimum_tickets, Tickets::ONE.saturating_mul(28));
    assert_eq!(state.skip_penalty, Tickets::ONE.saturating_mul(10));
    let one = NodeInfo { active: 1, pending: 2, tickets: Tickets::ONE.saturating_mul(28) };
    // Tickets alone make nobody an operator.
    assert_eq!(state.operators, [(address(operator(1)), one)]);

    // What is finalized next.
    node.script().chain.finalized = Some(110);
    let scan = watch.scan().await;
    assert_eq!((scan.from.0, scan.to.number.0, scan.logs.len()), (101, 110, 1));
    assert_eq!(watch.contracts().await.operators.len(), 2);
}

#[tokio::test]
async fn a_watch_goes_on_where_the_last_one_stopped() {
    let chain = chain(6, 100);
    let node = FakeNode::start(chain.clone()).await;
    let resume = Resume {
        scanned: Some(block(&chain, 35)),
        registered: BTreeMap::from([(crypto::execution::ModuleName(module("m").0), 3)]),
        operators: [address(operator(9))].into(),
        exits_proposed: 0,
    };
    let mut watch = Watch::over(&[&node], resume).await;
    let scan = watch.scan().await;
    assert_eq!(scan.from.0, 36);
    let indices: Vec<_> = registrations(&scan.logs).iter().map(|one| one.id.index).collect();
    assert_eq!(indices, [3, 4, 5]);
    assert!(watch.contracts().await.operators.iter().any(|(one, _)| *one == address(operator(9))));

    // Nothing new: the state is told all the same, of the block where the scans ended.
    let resume = Resume {
        scanned: Some(block(&chain, 100)),
        registered: BTreeMap::from([(crypto::execution::ModuleName(module("m").0), 6)]),
        ..Resume::default()
    };
    let mut watch = Watch::over(&[&node], resume).await;
    assert_eq!(watch.contracts().await.block, block(&chain, 100));
}

#[tokio::test]
async fn operators_at_the_head_are_told_at_once_and_at_every_poll() {
    let mut chain = chain(0, 100);
    chain.infos.insert(operator(5), (2, 0, 5));
    let node = FakeNode::start(chain.clone()).await;
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    watch.contracts_after_scan().await;
    let five = address(operator(5));
    watch.at_head.send(vec![five, five]).unwrap();
    let info = NodeInfo { active: 2, pending: 0, tickets: Tickets(5) };
    let told = Seen::Operators { block: block(&chain, 110), infos: vec![(five, info)] };
    assert_eq!(watch.next().await, told);
    assert_eq!(watch.next().await, told);
    {
        let mut script = node.script();
        script.chain.head = 111;
        script.chain.infos.insert(operator(5), (2, 0, 6));
    }
    loop {
        let Seen::Operators { block, infos } = watch.next().await else { panic!("no operators") };
        if block.number.0 == 111 {
            assert_eq!(infos[0].1.tickets, Tickets(6));
            break;
        }
    }
    drop(watch.at_head);
    let mut still = 0;
    while let Some(Seen::Operators { .. }) = watch.observations.recv().await {
        still += 1;
        if still == 3 {
            break;
        }
    }
}

impl Watch {
    async fn contracts_after_scan(&mut self) {
        self.scan().await;
        self.contracts().await;
    }
}

#[tokio::test]
async fn it_ends_when_the_receiver_is_dropped() {
    let node = FakeNode::start(chain(1, 100)).await;
    let Watch { observations, at_head, .. } = Watch::over(&[&node], Resume::default()).await;
    drop(observations);
    // The task held the other end: this returns when it is gone.
    at_head.closed().await;
}

#[tokio::test]
async fn one_scan_carries_no_more_than_its_share_and_a_long_sync_tells_its_progress() {
    let mut chain = Chain::new(60_010, 60_000);
    for n in 0..1300 {
        chain.register(1000 + n, module("m"), n, operator(1));
    }
    let node = FakeNode::start(chain).await;
    node.script().reversed = true;
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    let (mut found, mut next, mut largest, mut progress) = (Vec::new(), 1, 0, Vec::new());
    loop {
        match watch.next().await {
            Seen::Scanned(scan) => {
                assert_eq!(scan.from.0, next);
                next = scan.to.number.0 + 1;
                largest = largest.max(scan.logs.len());
                for registration in registrations(&scan.logs) {
                    assert_eq!(registration.pubkey, pubkey(registration.id.index).to_vec());
                    assert!(registration.payload.is_ok());
                    found.push(registration.id.index);
                }
            }
            Seen::Progress { scanned, target } => progress.push((scanned.0, target.0)),
            Seen::Contracts(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(next, 60_001);
    assert_eq!(found, (0..1300).collect::<Vec<_>>());
    assert_eq!(largest, 512);
    assert!(progress.len() > 3 && progress.is_sorted(), "{progress:?}");
    assert_eq!(progress.last(), Some(&(60_000, 60_000)));
}

#[tokio::test]
async fn registrations_are_found_inside_other_calls_or_said_to_need_a_trace() {
    let mut chain = Chain::new(110, 100);
    let m = module("m");
    // A packed MultiSend of two registrations, at no word's boundary.
    let calls = [register(1, m).abi_encode(), register(2, m).abi_encode()];
    let packed = [&[0x8d, 0x80, 0xff, 0x0a, 1][..], &calls[0], &[7; 85], &calls[1], &[0; 3]].concat();
    chain.register_with(10, m, &[1, 2], operator(1), packed.into());
    let masked: Vec<_> = register(3, m).abi_encode().iter().map(|byte| byte ^ 0x55).collect();
    chain.register_with(20, m, &[3], operator(1), masked.into());
    let torn = register(4, m).abi_encode()[..200].to_vec();
    chain.register_with(30, m, &[4], operator(1), torn.into());
    let lost = chain.register_with(40, m, &[5], operator(1), register(5, m).abi_encode().into());
    chain.transactions.remove(&lost);
    chain.settled = vec![(m, 0), (m, 4)];
    let node = FakeNode::start(chain).await;
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    let logs = watch.scan_to(1, 100).await;
    let payloads: Vec<_> = registrations(&logs)
        .iter()
        .map(|one| one.payload.as_ref().map(|p| p.key_set[0]).map_err(|e| *e))
        .collect();
    assert_eq!(
        payloads,
        [
            Ok(1),
            Ok(2),
            Err(Unreadable::NeedsTrace),
            Err(Unreadable::Malformed),
            Err(Unreadable::TransactionMissing)
        ]
    );
    let operators: Vec<_> = registrations(&logs).iter().map(|one| one.operator).collect();
    let one = address(operator(1));
    // The first was settled: the sender. The last too, and its transaction is gone.
    assert_eq!(operators, [one, one, one, one, Address([0; 20])]);
}

#[tokio::test]
async fn a_node_without_an_index_of_transactions_or_batches_or_old_state_is_good_enough() {
    let node = FakeNode::start(chain(8, 6000)).await;
    {
        let mut script = node.script();
        script.unindexed = true;
        script.no_batches = true;
        script.pruned_below = 5990;
    }
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    let logs = watch.scan_to(1, 6000).await;
    let registrations = registrations(&logs);
    assert_eq!(registrations.len(), 8);
    assert!(registrations.iter().all(|one| one.payload.is_ok()));
    assert_eq!(registrations[1].operator, address(operator(2)));
}

#[tokio::test]
async fn a_key_of_any_length_is_told_short() {
    let mut chain = Chain::new(110, 100);
    let m = module("m");
    let hash = chain.register_with(10, m, &[1], operator(1), register(1, m).abi_encode().into());
    chain.logs.clear();
    let event = P::ValidatorKeyRegistered {
        pubKey: vec![1; 100_000].into(),
        pufferModuleIndex: U256::ZERO,
        moduleName: m,
        usingEnclave: true,
    };
    chain.emit(10, &event);
    chain.logs[0].transaction = hash;
    chain.logs[0].registration = Some((m, operator(1)));
    let node = FakeNode::start(chain).await;
    let mut watch = Watch::over(&[&node], Resume::default()).await;
    let logs = watch.scan_to(1, 100).await;
    assert_eq!(registrations(&logs)[0].pubkey, vec![1; 64]);
}
