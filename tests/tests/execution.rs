//! The contract watch against a real execution node, anvil, with the contracts for local networks on it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

use chain_watcher::execution::{
    Config, ExecutionObservation as Seen, MAX_REGISTRATIONS, NodeConfig, Proofs, Resume, Timeouts, check,
    connect, watch,
};
use crypto::custody::CustodySecretKey;
use crypto::execution::{
    Address, ContractEvent, ContractState, ExitsProposed, Log, Payload, Registration, Scan, Tickets,
    Unreadable,
};
use crypto::keys::SecretKey;
use crypto::spec::{Epoch, ForkVersion, ValidatorIndex};
use devnet::protocol::{
    Account, Draft, ExitRequest, FIRST_MODULE, Guardian, Parameters, Protocol, Route, Settlement,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};
use tests::anvil::Anvil;
use tokio::sync::mpsc;

const TICKETS: Tickets = Tickets(30 * Tickets::ONE.0);

/// anvil with the contracts on it; finality is two blocks behind the head.
struct Stage {
    anvil: Anvil,
    protocol: Protocol,
    custody: Vec<CustodySecretKey>,
    rng: StdRng,
    dir: tempfile::TempDir,
}

impl Stage {
    async fn set(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state.json").to_str().unwrap().to_owned();
        let mut all = vec!["--slots-in-an-epoch", "1", "--state", &state, "--state-interval", "1"];
        all.extend(arguments);
        let anvil = Anvil::start(dir.path(), &all).await.unwrap();
        let mut rng = StdRng::seed_from_u64(5);
        let custody: Vec<_> = (0..4).map(|_| CustodySecretKey::generate(&mut rng)).collect();
        let guardians = custody.iter().zip(6..).map(|(key, number)| Guardian {
            account: Account::new(number).address(),
            custody_key: Some(key.public_key()),
        });
        let parameters = Parameters {
            guardians: guardians.collect(),
            threshold: 3,
            genesis_fork: ForkVersion([0, 0, 0, 1]),
            module_limit: 10_000,
        };
        let protocol = Protocol::deploy(anvil.url(), parameters).await.unwrap();
        Self { anvil, protocol, custody, rng, dir }
    }

    /// Through the node over HTTP and, as another node, over a websocket.
    fn config(&self) -> Config {
        let addresses = self.protocol.addresses();
        let url = self.anvil.url();
        let node = |name: &str, url: &str| NodeConfig { name: name.to_owned(), url: url.parse().unwrap() };
        Config {
            nodes: vec![node("http", url), node("ws", &url.replace("http://", "ws://"))],
            chain_id: self.protocol.chain_id(),
            protocol: addresses.registry,
            guardian_module: addresses.guardian_module,
            exit_proposals: Some(addresses.exit_proposals),
            deployed: addresses.deployed,
            timeouts: Timeouts::default(),
            poll: Duration::from_millis(100),
        }
    }

    async fn watch(&self, resume: Resume) -> Watch {
        let nodes = connect(self.config()).await.unwrap();
        let (at_head, receiver) = tokio::sync::watch::channel(Vec::new());
        Watch { observations: watch(nodes, resume, receiver), at_head }
    }

    async fn draft(&mut self) -> Draft {
        let terms = self.protocol.terms(FIRST_MODULE).await.unwrap();
        Draft::sound(&SecretKey::generate(&mut self.rng), &terms, &mut self.rng).unwrap()
    }

    /// Mines, so that what was done before is final.
    async fn settle(&mut self) {
        self.anvil.process().ask("anvil_mine", json!(["0x3"])).await.unwrap();
    }

    async fn head(&mut self) -> u64 {
        let head = self.anvil.process().ask("eth_blockNumber", json!([])).await.unwrap();
        number(&head)
    }

    async fn finalized(&mut self) -> u64 {
        let parameters = json!(["finalized", false]);
        let block = self.anvil.process().ask("eth_getBlockByNumber", parameters).await.unwrap();
        number(&block["number"])
    }
}

fn number(value: &serde_json::Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

struct Watch {
    observations: mpsc::Receiver<Seen>,
    at_head: tokio::sync::watch::Sender<Vec<Address>>,
}

impl Watch {
    async fn next(&mut self) -> Seen {
        tokio::time::timeout(Duration::from_secs(60), self.observations.recv())
            .await
            .expect("nothing is told")
            .unwrap()
    }

    /// Everything logged up to a block at least, and the state there.
    async fn until(&mut self, block: u64) -> (Vec<Log>, ContractState) {
        let mut logs = Vec::new();
        loop {
            match self.next().await {
                Seen::Scanned(scan) => logs.extend(scan.logs),
                Seen::Contracts(state) if state.block.number.0 >= block => return (logs, state),
                Seen::Diverged { .. } => panic!("diverged"),
                _ => {}
            }
        }
    }
}

fn registrations(logs: &[Log]) -> Vec<&Registration> {
    logs.iter()
        .filter_map(|log| match &log.event {
            ContractEvent::Registered(registration) => Some(&**registration),
            _ => None,
        })
        .collect()
}

fn payload(draft: &Draft) -> Result<Payload, Unreadable> {
    Ok(Payload {
        deposit_signature: draft.signature.clone(),
        deposit_data_root: draft.deposit_data_root,
        envelopes: draft.envelopes.clone(),
        key_set: draft.key_set.clone(),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registrations_and_tickets_as_the_contracts_have_them() {
    let mut stage = Stage::set(&[]).await;
    let drafts = [stage.draft().await, stage.draft().await, stage.draft().await];
    let operator = Account::new(1);
    let routes = [Route::Direct, Route::Nested, Route::Hidden];
    let mut registered = Vec::new();
    for (draft, route) in drafts.iter().zip(routes) {
        registered.push(stage.protocol.register(operator, draft, TICKETS, route).await.unwrap());
    }
    let protocol = &stage.protocol;
    protocol.deposit_tickets(Account::new(2), operator.address(), Tickets(12_345)).await.unwrap();
    protocol.provision(FIRST_MODULE, 1).await.unwrap();
    protocol.skip(FIRST_MODULE).await.unwrap();
    let settlement = Settlement::whole(registered[0].id, Epoch(10), Epoch(9010));
    let burned = protocol.settle(&[settlement]).await.unwrap_err().to_string();
    assert!(!burned.is_empty(), "more than it has");
    let settlement = Settlement::whole(registered[0].id, Epoch(10), Epoch(20));
    let burned = protocol.settle(&[settlement]).await.unwrap();
    let terms = protocol.terms(FIRST_MODULE).await.unwrap();
    let done = stage.head().await;
    stage.settle().await;

    let mut watch = stage.watch(Resume::default()).await;
    let (logs, state) = watch.until(done).await;
    let found = registrations(&logs);
    assert_eq!(found.len(), 3);
    let forwarder = stage.protocol.addresses().forwarder;
    // The first was settled and is forgotten by the contract: the sender of its transaction.
    let operators = [operator.address(), forwarder, forwarder];
    let payloads = [payload(&drafts[0]), payload(&drafts[1]), Err(Unreadable::NeedsTrace)];
    for (((found, registered), operator), payload) in
        found.iter().zip(&registered).zip(operators).zip(payloads)
    {
        assert_eq!((found.id, found.transaction), (registered.id, registered.transaction));
        assert_eq!(found.operator, operator);
        assert_eq!(found.withdrawal_credentials, terms.withdrawal_credentials);
        assert_eq!(found.payload, payload);
    }
    assert!(found.iter().zip(&drafts).all(|(found, draft)| found.pubkey == draft.pubkey));
    let rest: Vec<_> = logs
        .iter()
        .map(|log| &log.event)
        .filter(|event| !matches!(event, ContractEvent::Registered(_)))
        .cloned()
        .collect();
    let expected = [
        ContractEvent::TicketsDeposited { operator: operator.address(), amount: Tickets(12_345) },
        ContractEvent::Provisioned(registered[0].id),
        ContractEvent::Skipped(registered[1].id),
        ContractEvent::Exited { id: registered[0].id, burned: burned[0] },
    ];
    assert_eq!(rest, expected);
    assert!(logs.iter().all(|log| log.timestamp > 1_600_000_000));

    let guardians: Vec<_> = (6..10).map(|number| Account::new(number).address()).collect();
    assert_eq!(state.guardians, guardians);
    let enclaves: Vec<_> = stage.custody.iter().map(|key| key.public_key().address()).collect();
    assert_eq!(state.enclaves, enclaves);
    assert_eq!((state.threshold, state.ejection_threshold.0), (3, 31_750_000_000));
    assert_eq!(state.minimum_tickets, Tickets::ONE.saturating_mul(28));
    assert_eq!(state.skip_penalty, Tickets::ONE.saturating_mul(10));
    let accounts: BTreeSet<_> = state.operators.iter().map(|(operator, _)| *operator).collect();
    assert_eq!(accounts, BTreeSet::from([operator.address(), forwarder]));
    for (operator, info) in &state.operators {
        assert_eq!(*info, stage.protocol.node_info(*operator).await.unwrap());
    }

    // A top-up is seen at the head before it is final.
    watch.at_head.send(vec![operator.address()]).unwrap();
    stage.protocol.deposit_tickets(Account::new(2), operator.address(), Tickets::ONE).await.unwrap();
    let now = stage.protocol.node_info(operator.address()).await.unwrap();
    loop {
        match watch.next().await {
            Seen::Operators { infos, .. } if infos == [(operator.address(), now)] => break,
            Seen::Scanned(scan) => assert!(scan.logs.is_empty(), "not final yet"),
            _ => {}
        }
    }

    for report in check(stage.config()).await {
        assert_eq!(report.problem, None, "{}", report.name);
        assert!(report.client.as_ref().unwrap().starts_with("anvil/"), "{:?}", report.client);
        assert!(report.profile.as_ref().unwrap().fits(), "{:?}", report.profile);
    }
    stage.anvil.ended_well();
}

/// What a dossier shows of the execution layer: a header with the block's hash, and the account in its state.
#[tokio::test]
async fn a_header_and_an_account_are_proven_by_the_hash_of_their_block() {
    let mut stage = Stage::set(&[]).await;
    stage.settle().await;
    let config = stage.config();
    let mut watch = stage.watch(Resume::default()).await;
    let finalized = stage.finalized().await;
    let (_, state) = watch.until(finalized).await;
    let block = state.block;

    let mut proofs = Proofs::new(&config).unwrap();
    let rlp = feed::roots::Bytes(proofs.header(block.hash).await.unwrap());
    let header = feed::roots::ExecutionHeader::read(&rlp).unwrap();
    assert_eq!((header.hash, header.number, header.timestamp), (block.hash, block.number.0, block.timestamp));
    let proof = |address: Address, nodes: &[Vec<u8>]| feed::roots::AccountProof {
        address,
        nodes: nodes.iter().cloned().map(feed::roots::Bytes).collect(),
        storage: Vec::new(),
    };
    let (contract, other) = (config.protocol, config.guardian_module);
    let holds = |nodes: &[Vec<u8>]| proof(contract, nodes).holds(header.state_root);
    let nodes = proofs.account(contract, block.hash, holds).await.unwrap();
    assert!(!proof(other, &nodes).holds(header.state_root), "it is of one account and no other");
    assert!(!proof(contract, &nodes).holds([7; 32]), "and of one state");
    let unknown = crypto::execution::BlockHash([9; 32]);
    assert!(proofs.header(unknown).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_that_is_reorganized_away_is_never_observed() {
    let mut stage = Stage::set(&[]).await;
    let kept = stage.draft().await;
    stage.protocol.register(Account::new(1), &kept, TICKETS, Route::Direct).await.unwrap();
    let done = stage.head().await;
    stage.settle().await;
    let mut watch = stage.watch(Resume::default()).await;
    let (logs, _) = watch.until(done).await;
    assert_eq!(registrations(&logs).len(), 1);

    let lost = stage.draft().await;
    stage.protocol.register(Account::new(1), &lost, TICKETS, Route::Direct).await.unwrap();
    // Its block is replaced by an empty one.
    stage.anvil.process().ask("anvil_reorg", json!([1, []])).await.unwrap();
    let next = stage.draft().await;
    stage.protocol.register(Account::new(1), &next, TICKETS, Route::Direct).await.unwrap();
    let done = stage.head().await;
    stage.settle().await;
    let (logs, state) = watch.until(done).await;
    let found = registrations(&logs);
    assert_eq!(found.len(), 1, "the lost one is not told");
    assert_eq!((found[0].id.index, &found[0].pubkey), (1, &next.pubkey));
    assert_eq!(state.operators[0].1.pending, 2);

    // A finalized block replaced, which no honest chain does, ends the watch.
    stage.anvil.process().ask("anvil_reorg", json!([8, []])).await.unwrap();
    stage.settle().await;
    loop {
        match watch.next().await {
            Seen::Diverged { scanned, found } => {
                assert_ne!(scanned.hash, found);
                break;
            }
            Seen::Scanned(scan) => panic!("{scan:?}"),
            _ => {}
        }
    }
    stage.anvil.ended_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exits_are_asked_for_by_whom_the_owner_allows_and_heard_once_final() {
    let mut stage = Stage::set(&[]).await;
    let (proposer, stranger) = (Account::new(3), Account::new(4));
    stage.protocol.allow_proposer(proposer.address()).await.unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let request = ExitRequest {
        network: [0xab; 32],
        validators: vec![ValidatorIndex(5), ValidatorIndex(8)],
        severity: 1,
        expires: now + 86_400,
        reason: "Schlüssel gestohlen".to_owned(),
    };
    let done = stage.head().await;
    stage.settle().await;
    let mut watch = stage.watch(Resume::default()).await;
    let (logs, state) = watch.until(done).await;
    assert!(logs.is_empty(), "{logs:?}");
    let mut scanned = state.block;

    let refused = stage.protocol.propose_exits(stranger, &request).await.unwrap_err().to_string();
    assert!(refused.contains("NotProposer"), "{refused}");
    let proposed = stage.protocol.propose_exits(proposer, &request).await.unwrap();
    let draft = stage.draft().await;
    stage.protocol.register(Account::new(1), &draft, TICKETS, Route::Direct).await.unwrap();
    let cancelled = stage.protocol.cancel_exit(Account::OWNER, proposed.number).await.unwrap();

    // One block at a time: told in the scan that makes its block final, and not before.
    let mut told: Vec<Log> = Vec::new();
    while scanned.number < cancelled {
        stage.anvil.process().ask("anvil_mine", json!(["0x1"])).await.unwrap();
        let finalized = stage.finalized().await;
        while scanned.number.0 < finalized {
            match watch.next().await {
                Seen::Scanned(scan) => {
                    assert!(scan.to.number.0 <= finalized, "{scan:?}");
                    scanned = scan.to;
                    told.extend(scan.logs);
                }
                Seen::Diverged { .. } => panic!("diverged"),
                _ => {}
            }
        }
        let is_told = told.iter().any(|log| matches!(log.event, ContractEvent::ExitProposed(_)));
        assert_eq!(is_told, proposed.block <= scanned.number, "{told:?}");
    }
    let expected = ExitsProposed {
        number: 0,
        proposer: proposer.address(),
        network: request.network,
        severity: 1,
        expires: request.expires,
        validators: request.validators.clone(),
        reason: request.reason.clone(),
    };
    let events: Vec<_> = told.iter().map(|log| &log.event).collect();
    assert_eq!(events.len(), 3, "the refused one never arrives: {events:?}");
    assert_eq!(*events[0], ContractEvent::ExitProposed(expected));
    assert_eq!(told[0].block, proposed.block);
    assert!(
        matches!(events[1], ContractEvent::Registered(_)),
        "in the order of the chain, whichever contract"
    );
    assert_eq!(*events[2], ContractEvent::ExitCancelled { number: 0, by: Account::OWNER.address() });

    // Another run goes on with the next number, and does not when it lost count.
    assert_eq!(stage.protocol.propose_exits(proposer, &request).await.unwrap().number, 1);
    let done = stage.head().await;
    stage.settle().await;
    let module = registrations(&told)[0].id.module;
    let registered = [(module, 1)].into();
    let resume = Resume { scanned: Some(scanned), registered, exits_proposed: 1, operators: BTreeSet::new() };
    let mut again = stage.watch(resume.clone()).await;
    let (logs, _) = again.until(done).await;
    assert!(
        matches!(
            &logs[..],
            [Log { event: ContractEvent::ExitProposed(ExitsProposed { number: 1, .. }), .. }]
        ),
        "{logs:?}"
    );
    let mut lost = stage.watch(Resume { exits_proposed: 0, ..resume }).await;
    loop {
        match lost.next().await {
            Seen::Nodes { problem: Some(problem), .. } if problem.contains("exit proposal 1 is logged") => {
                break;
            }
            Seen::Scanned(scan) => panic!("{scan:?}"),
            _ => {}
        }
    }
    for report in check(stage.config()).await {
        assert_eq!((report.problem, report.exits_proposed), (None, Some(Ok(2))), "{}", report.name);
    }
    stage.anvil.ended_well();
}

/// What a consumer keeps on disk.
#[derive(Default)]
struct Kept {
    resume: Resume,
    indices: Vec<u64>,
    scans: usize,
}

impl Kept {
    fn keep(&mut self, scan: &Scan, drafts: &[Draft]) {
        if let Some(scanned) = self.resume.scanned {
            assert_eq!(scan.from.0, scanned.number.0 + 1);
        }
        let found = registrations(&scan.logs);
        assert!(found.len() <= MAX_REGISTRATIONS);
        for registration in found {
            let draft = &drafts[usize::try_from(registration.id.index).unwrap()];
            assert_eq!(registration.pubkey, draft.pubkey);
            assert_eq!(registration.payload, payload(draft));
            *self.resume.registered.entry(registration.id.module).or_default() += 1;
            self.resume.operators.insert(registration.operator);
            self.indices.push(registration.id.index);
        }
        self.resume.scanned = Some(scan.to);
        self.scans += 1;
    }
}

/// Five thousand registrations: the watch is stopped after every few scans and goes on from what was kept, and the node
/// is killed and restarted in the middle of one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_registrations_survive_restarts_of_everything() {
    const MANY: usize = 5000;
    let mut stage = Stage::set(&["--block-time", "1", "--gas-limit", "100000000"]).await;
    let mut bytes = |length: usize| {
        let mut bytes = vec![0; length];
        stage.rng.fill_bytes(&mut bytes);
        bytes
    };
    // The contract does not look into them, and neither does the watch.
    let drafts: Vec<_> = (0..MANY)
        .map(|_| Draft {
            pubkey: bytes(48),
            signature: bytes(96),
            deposit_data_root: [7; 32],
            envelopes: (0..4).map(|_| bytes(129)).collect(),
            key_set: bytes(3 * 48),
        })
        .collect();
    let since = Instant::now();
    stage.protocol.register_all(Account::new(1), &drafts, TICKETS).await.unwrap();
    println!("{MANY} registrations made in {:.1?}", since.elapsed());
    stage.settle().await;
    let done = SystemTime::now();
    let state = stage.dir.path().join("state.json");
    // Two dumps later, the last of them is whole.
    for _ in 0..2 {
        let before = std::fs::metadata(&state).and_then(|file| file.modified()).unwrap_or(done).max(done);
        while std::fs::metadata(&state).and_then(|file| file.modified()).is_ok_and(|time| time <= before) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    let since = Instant::now();
    let mut kept = Kept::default();
    let mut progress = Vec::new();
    let mut killed = false;
    for run in 0.. {
        let mut watch = stage.watch(kept.resume.clone()).await;
        let stop = kept.scans + 1 + run % 3;
        while kept.scans < stop && kept.indices.len() < MANY {
            match watch.next().await {
                Seen::Scanned(scan) => kept.keep(&scan, &drafts),
                Seen::Progress { scanned, target } => progress.push((scanned, target)),
                Seen::Diverged { .. } => panic!("diverged"),
                _ => {}
            }
            if !killed && kept.indices.len() > MANY / 3 {
                killed = true;
                stage.anvil.process().kill();
                stage.anvil.process().restart().await.unwrap();
            }
        }
        if kept.indices.len() == MANY {
            let (rest, state) = watch.until(0).await;
            assert!(registrations(&rest).is_empty());
            let info = state.operators.iter().find(|(one, _)| *one == Account::new(1).address()).unwrap().1;
            assert_eq!((info.pending, info.tickets), (MANY as u64, TICKETS.saturating_mul(MANY as u64)));
            break;
        }
    }
    println!("{MANY} registrations synced in {:.1?}, {} scans", since.elapsed(), kept.scans);
    assert!(killed);
    assert_eq!(kept.indices, (0..MANY as u64).collect::<Vec<_>>(), "each once, in order");
    assert!(kept.scans >= MANY / MAX_REGISTRATIONS && !progress.is_empty());
    stage.anvil.ended_well();
}
