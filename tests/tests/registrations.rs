//! Registrations on their way into custody: a real guardian process reads hundreds of them from the contracts on the
//! embedded execution chain, is killed again and again while it does, and loses none and doubles none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use crypto::custody::CustodyPublicKey;
use crypto::execution::{RegistrationId, Tickets};
use crypto::keys::SecretKey;
use crypto::password::Password;
use crypto::registration::Verdict;
use crypto::spec::BlsPubkey;
use devnet::chain::Chain;
use devnet::chain::config::{ChainConfig, Clock};
use devnet::execution::ExecutionChain;
use devnet::execution::config::{ExecutionConfig, Finality};
use devnet::execution::node::ExecutionNode;
use devnet::processes::{GuardianSpec, Guardians};
use devnet::protocol::{Account, Draft, FIRST_MODULE, Flaw, Guardian, Parameters, Protocol, Route};
use guardian::http::validators::ValidatorView;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::record::Record;
use guardian_core::registration::JudgedEvent;
use guardian_core::status::StatusSnapshot;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::processes::{program, tail, tethered};

/// Guardians of the set. Only the first runs.
const MEMBERS: u8 = 4;

/// Sound registrations, the flawed ones aside; `REGISTRATIONS` in the environment asks for another number.
const SOUND: u64 = 300;

/// Times the guardian is killed.
const KILLS: u64 = 10;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(180);

/// Two chains, the contracts, and a guardian that can be started and killed.
struct Scene {
    _chain: Chain,
    _beacon: devnet::chain::node::Node,
    execution: ExecutionChain,
    node: ExecutionNode,
    protocol: Protocol,
    guardians: Guardians,
    dir: tempfile::TempDir,
    rng: StdRng,
    well: bool,
}

impl Scene {
    async fn set(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::Wall { head_start: 4 };
        let chain = Chain::start(&ChainConfig { clock, ..ChainConfig::default() }).unwrap();
        let beacon = chain.node("beacon").await.unwrap();
        // Final is what the test says: it hands the registrations out piece by piece.
        let config = ExecutionConfig { finality: Finality::ByHand, ..ExecutionConfig::default() };
        let execution = ExecutionChain::start(&config, None).unwrap();
        let node = execution.node("execution").await.unwrap();
        let keystore_password_file = dir.path().join("unused");
        let (program, prefix_args) = tethered(program().unwrap());
        let urls = |url: String| vec![vec![url]; usize::from(MEMBERS)];
        let accounts: Vec<_> = (1..=MEMBERS).map(|number| Account::new(number).address()).collect();
        let mut guardians = Guardians::create(GuardianSpec {
            program,
            prefix_args,
            dir: dir.path().to_owned(),
            network: "custody".into(),
            beacon_urls_per_guardian: urls(beacon.url()),
            execution_urls_per_guardian: urls(node.url()),
            accounts: accounts.clone(),
            newcomers: 0,
            threshold: 3,
            keystores: Vec::new(),
            keystore_password_file,
            policy: Vec::new(),
        })
        .await
        .unwrap();
        let members = accounts.into_iter().enumerate().map(|(index, account)| {
            let card = guardian::definition::MemberCard::load(&guardians.card_path(index)).unwrap();
            let custody_key: CustodyPublicKey = card.custody_key.parse().unwrap();
            Guardian { account, custody_key: Some(custody_key) }
        });
        let genesis_fork = chain.spec().forks.forks()[0].version;
        let parameters =
            Parameters { guardians: members.collect(), threshold: 3, genesis_fork, module_limit: 10_000 };
        let protocol = Protocol::deploy(&node.url(), parameters).await.unwrap();
        let at = protocol.addresses();
        let flags = [
            ("--protocol", at.registry.to_string()),
            ("--guardian-module", at.guardian_module.to_string()),
            ("--exit-proposals", at.exit_proposals.to_string()),
            ("--deployed-at-block", at.deployed.to_string()),
            ("--execution", node.url()),
        ];
        guardians.add_flags(flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]));
        guardians.define().await.unwrap();
        let rng = StdRng::seed_from_u64(seed);
        Self { _chain: chain, _beacon: beacon, execution, node, protocol, guardians, dir, rng, well: false }
    }

    fn key(&mut self) -> SecretKey {
        SecretKey::generate(&mut self.rng)
    }

    /// Waits until the guardian's status is as wished.
    async fn until(&mut self, wish: &str, fulfilled: impl Fn(&StatusSnapshot) -> bool) -> StatusSnapshot {
        let started = Instant::now();
        loop {
            self.guardians.check(0).unwrap();
            if let Ok(status) = self.guardians.status(0).await
                && fulfilled(&status)
            {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "never came to `{wish}`");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn validators(&self) -> Vec<ValidatorView> {
        let url = self.guardians.status_url(0).replace("/v1/status", "/v1/validators");
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !self.well {
            eprintln!("--- end of the guardian's log\n{}", tail(&self.guardians.log_path(0)));
        }
    }
}

/// A number from the environment.
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// What was registered, in the order of the chain, and what each must end as.
type Expected = Vec<(RegistrationId, Option<BlsPubkey>, Verdict)>;

/// Hundreds of sound registrations, every flaw, a duplicate, and a call that only a trace shows.
async fn register(scene: &mut Scene) -> Expected {
    let terms = scene.protocol.terms(FIRST_MODULE).await.unwrap();
    let operator = Account::new(9);
    let mut drafts = Vec::new();
    for _ in 0..number("REGISTRATIONS").unwrap_or(SOUND) {
        let key = scene.key();
        drafts.push((Draft::sound(&key, &terms, &mut scene.rng).unwrap(), Verdict::Accepted));
    }
    for (flaw, verdict) in [
        (Flaw::GarbagePubkey, Verdict::InvalidPubkey),
        (Flaw::GarbageKeySet, Verdict::InvalidKeySet),
        (Flaw::ForeignKeySet, Verdict::ForeignKeySet),
        (Flaw::GarbageEnvelopes, Verdict::EnvelopeNotForUs),
        (Flaw::ShortEnvelopes, Verdict::WrongEnvelopes),
        (Flaw::SwappedEnvelopes, Verdict::EnvelopeNotForUs),
        (Flaw::ForeignShares, Verdict::InvalidShare),
        (Flaw::GarbageSignature, Verdict::InvalidDepositSignature),
        (Flaw::ForeignSignature, Verdict::InvalidDepositSignature),
        (Flaw::WrongRoot, Verdict::WrongDepositDataRoot),
    ] {
        let key = scene.key();
        let at = scene.rng.random_range(0..drafts.len());
        drafts.insert(at, (Draft::flawed(&key, flaw, &terms, &mut scene.rng).unwrap(), verdict));
    }
    let twice = scene.key();
    for verdict in [Verdict::Accepted, Verdict::DuplicateKey] {
        drafts.push((Draft::sound(&twice, &terms, &mut scene.rng).unwrap(), verdict));
    }
    let tickets = Tickets::ONE.saturating_mul(28);
    let only: Vec<Draft> = drafts.iter().map(|(draft, _)| draft.clone()).collect();
    let registered = scene.protocol.register_all(operator, &only, tickets).await.unwrap();
    let mut expected: Expected = registered
        .iter()
        .zip(&drafts)
        .map(|(registered, (draft, verdict))| (registered.id, draft.pubkey(), *verdict))
        .collect();
    for (route, verdict) in [(Route::Nested, Verdict::Accepted), (Route::Hidden, Verdict::NeedsTrace)] {
        let key = scene.key();
        let draft = Draft::sound(&key, &terms, &mut scene.rng).unwrap();
        let registered = scene.protocol.register(operator, &draft, tickets, route).await.unwrap();
        expected.push((registered.id, draft.pubkey(), verdict));
    }
    expected
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guardian_killed_again_and_again_loses_no_registration_and_doubles_none() {
    let seed = number("SEED").unwrap_or_else(rand::random);
    eprintln!("SEED={seed}");
    let mut scene = Scene::set(seed).await;
    let expected = register(&mut scene).await;
    let head = scene.execution.mine(1).await.unwrap();

    for kill in 1..=KILLS {
        scene.execution.set_finalized(head * kill / KILLS).await.unwrap();
        scene.guardians.start(0).unwrap();
        let wait = Duration::from_millis(scene.rng.random_range(100..1500));
        tokio::time::sleep(wait).await;
        // Killed by us, not ended by itself.
        scene.guardians.check(0).unwrap();
        scene.guardians.kill(0).await.unwrap();
    }
    scene.guardians.start(0).unwrap();
    let all = |status: &StatusSnapshot| {
        let execution = status.execution.as_ref();
        execution.is_some_and(|execution| execution.scanned.is_some_and(|block| block.number.0 == head))
    };
    let status = scene.until("everything scanned", all).await;

    // What it shows is what the contracts took, in their order, each once.
    let shown: Expected = status.registrations.iter().map(|one| (one.id, one.pubkey, one.verdict)).collect();
    assert_eq!(shown, expected);
    let accepted: BTreeSet<_> = expected
        .iter()
        .filter(|(_, _, verdict)| *verdict == Verdict::Accepted)
        .filter_map(|(_, pubkey, _)| *pubkey)
        .collect();
    let held: BTreeSet<_> = status.validators.iter().map(|validator| validator.pubkey).collect();
    assert_eq!(held, accepted);
    let operator = scene.protocol.node_info(Account::new(9).address()).await.unwrap();
    let theirs = status.registrations.iter().filter(|one| one.operator == Account::new(9).address());
    assert_eq!(theirs.count() as u64, operator.pending);
    let views = scene.validators().await;
    assert_eq!(views.len(), expected.len());
    let agree = |status: &StatusSnapshot| {
        let execution = status.execution.as_ref();
        execution.is_some_and(|execution| execution.state.is_some() && execution.mismatches.is_empty())
    };
    scene.until("the contracts agree with the definition", agree).await;
    // As an operator asks for it.
    let config = scene.guardians.config_path(0);
    let arguments = ["validators", "--verdict", "needs_trace", "--json", "--config"];
    let answer = tokio::process::Command::new(program().unwrap()).args(arguments).arg(config).output().await;
    let hidden: Vec<ValidatorView> = serde_json::from_slice(&answer.unwrap().stdout).unwrap();
    let hidden: Vec<_> = hidden.into_iter().filter_map(|view| view.registration).map(|one| one.id).collect();
    assert_eq!(hidden, [expected.last().unwrap().0]);

    // What it wrote down is the same, without a gap or a repetition, and every share opens.
    scene.guardians.kill(0).await.unwrap();
    let definition = guardian::definition::load(&scene.guardians.definition()).unwrap();
    let home = scene.dir.path().join(scene.guardians.name(0));
    let me = GuardianIndex(1);
    let store = Arc::new(guardian::Store::open(&home.join("data"), definition.id(), me).unwrap());
    let mut next = scene.protocol.addresses().deployed;
    let mut journaled = BTreeMap::new();
    for record in store.records().unwrap() {
        let Record::Scanned(report) = record else { continue };
        assert_eq!(report.from, next, "a scan begins where the last one ended");
        next.0 = report.to.number.0 + 1;
        for log in report.logs {
            if let JudgedEvent::Registered(registered) = log.event {
                assert_eq!(journaled.insert(registered.id, registered.verdict), None, "{registered:?} twice");
            }
        }
    }
    assert_eq!(journaled, expected.iter().map(|(id, _, verdict)| (*id, *verdict)).collect());
    let password = std::fs::read_to_string(home.join("password")).unwrap();
    let password = Password::new(password.trim_end());
    let shares = guardian::Shares::open(&store, &definition, me, &password).unwrap();
    let kept: BTreeSet<_> = shares.custody().iter().map(|custody| custody.pubkey).collect();
    assert_eq!(kept, accepted);

    // Nothing of a share, and no password, in what it logged on the way.
    let log = std::fs::read_to_string(scene.guardians.log_path(0)).unwrap();
    assert!(log.contains("contracts scanned") && !log.contains("panicked"));
    let secret = std::fs::read_to_string(home.join("password")).unwrap();
    assert!(!log.contains(secret.trim_end()));
    scene.well = true;
}

/// An execution node that is away, or of another chain, is waited for, with the reason at hand: the guardian runs, and is
/// not ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn execution_nodes_that_are_away_or_of_another_chain_are_told() {
    let mut scene = Scene::set(1).await;
    let config = scene.guardians.config_path(0);
    let ours = scene.node.url();
    let mut at = ours.clone();
    let mut point_to = |url: &str| {
        let text = std::fs::read_to_string(&config).unwrap();
        assert!(text.contains(&at), "{text}");
        std::fs::write(&config, text.replace(&at, url)).unwrap();
        at = url.to_owned();
    };

    // Nobody listens there. The path stands for an access key.
    point_to("http://127.0.0.1:1/hidden-key");
    scene.guardians.start(0).unwrap();
    let readyz = scene.guardians.status_url(0).replace("/v1/status", "/readyz");
    let started = Instant::now();
    loop {
        scene.guardians.check(0).unwrap();
        let answer = reqwest::get(&readyz).await;
        if let Ok(answer) = answer
            && let text = answer.text().await.unwrap()
            && text.contains("execution-1")
        {
            assert!(
                text.contains("\"code\":\"no_healthy_execution_node\"") && !text.contains("hidden-key"),
                "{text}"
            );
            break;
        }
        assert!(started.elapsed() < PATIENCE, "no reason was given");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    scene.guardians.kill(0).await.unwrap();

    let elsewhere = ExecutionConfig { chain_id: 7, ..ExecutionConfig::default() };
    let elsewhere = ExecutionChain::start(&elsewhere, None).unwrap();
    let stranger = elsewhere.node("stranger").await.unwrap();
    point_to(&stranger.url());
    scene.guardians.start(0).unwrap();
    let told = "execution node `execution-1` serves chain 7, the contracts are on chain 1337";
    scene
        .until("the other chain is told", |status| {
            let problem = status.execution.as_ref().and_then(|execution| execution.health.problem.clone());
            problem.is_some_and(|problem| problem.contains(told)) && status.head.is_some()
        })
        .await;
    scene.guardians.kill(0).await.unwrap();
    let log = std::fs::read_to_string(scene.guardians.log_path(0)).unwrap();
    assert!(log.contains(told), "{log}");
    assert!(!log.contains("hidden-key") && !log.contains("panicked"), "{log}");

    point_to(&ours);
    scene.guardians.start(0).unwrap();
    scene
        .until("the contracts are read", |status| {
            status.execution.as_ref().is_some_and(|execution| execution.health.healthy == 1)
        })
        .await;
    scene.well = true;
}
