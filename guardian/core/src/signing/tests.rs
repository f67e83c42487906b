use super::*;
use crate::ceremony::CeremonyId;
use crate::event::Event;
use crate::guardian_set::{NetworkDefinition, NetworkId};
use crate::logs::LogHead;
use crate::scene;
use crypto::curve::Secp256k1;
use crypto::dealing::{Context, Dealing};
use crypto::dkg;
use crypto::group_key::{GroupKeySet, GroupShare, Nonces, commit, sign};
use crypto::seed::Seed;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::VecDeque;

/// Four guardians with shares of one key, three of whom sign; their quills are played with the real cryptography.
struct Signers {
    guardians: Vec<Guardian>,
    key_set: GroupKeySet,
    shares: Vec<GroupShare>,
    nonces: BTreeMap<(usize, MatterId, u32), Nonces>,
    away: BTreeSet<usize>,
    /// Sends a share of another message.
    liar: Option<usize>,
    /// Packages signed, by guardian and attempt.
    signed: BTreeMap<(usize, MatterId, u32), usize>,
    rng: StdRng,
    slot: u64,
}

fn deal(definition: &NetworkDefinition) -> (GroupKeySet, Vec<GroupShare>) {
    let threshold = definition.guardian_set.threshold;
    let context = Context([7; 32]);
    let dealers: Vec<_> = threshold
        .indices()
        .map(|me| {
            let seed = Seed::from_bytes(&[me.get() as u8; 32]);
            dkg::Dealer::<Secp256k1>::new(&context, threshold, me, 1, &seed, 0).unwrap()
        })
        .collect();
    let publics: Vec<_> = threshold
        .indices()
        .zip(&dealers)
        .map(|(me, dealer)| {
            dkg::check_public::<Secp256k1>(&context, threshold, me, 1, 0, dealer.public()).unwrap()
        })
        .collect();
    let mut key_set = None;
    let shares = threshold.indices().map(|me| {
        let privates: Vec<_> = dealers.iter().map(|dealer| dealer.private(me)).collect();
        let dealings: Vec<_> = publics
            .iter()
            .zip(&privates)
            .map(|(public, private)| Dealing { public, private: Some(private.as_slice()) })
            .collect();
        let concluded = dkg::conclude(threshold, 1, &dealings, Some(me)).unwrap().remove(0);
        key_set = Some(GroupKeySet::from_bytes(threshold, concluded.commitments.as_bytes()).unwrap());
        GroupShare::from_bytes(me, &concluded.share.unwrap().to_bytes()).unwrap()
    });
    let shares = shares.collect();
    (key_set.unwrap(), shares)
}

impl Signers {
    fn new() -> Self {
        let definition = scene::definition();
        let (key_set, shares) = deal(&definition);
        let mut signers = Self {
            guardians: (1..=4)
                .map(|me| Guardian::new(definition.clone(), GuardianIndex(me)).unwrap())
                .collect(),
            key_set: key_set.clone(),
            shares,
            nonces: BTreeMap::new(),
            away: BTreeSet::new(),
            liar: None,
            signed: BTreeMap::new(),
            rng: StdRng::seed_from_u64(1),
            slot: 100,
        };
        for place in 0..4 {
            signers.feed(place, Event::GroupKeyLoaded(key_set.clone()));
        }
        signers.run(1);
        signers
    }

    fn feed(&mut self, place: usize, event: Event) {
        let mut waiting = VecDeque::from([(place, event)]);
        while let Some((place, event)) = waiting.pop_front() {
            if self.away.contains(&place) {
                continue;
            }
            for command in self.guardians[place].handle(event) {
                match command {
                    Command::CommitNonces { matter, attempt } => {
                        if self.nonces.contains_key(&(place, matter, attempt)) {
                            continue;
                        }
                        let (nonces, commitments) = commit(&self.shares[place], &mut self.rng);
                        self.nonces.insert((place, matter, attempt), nonces);
                        waiting.push_back((place, Event::NoncesCommitted { matter, attempt, commitments }));
                    }
                    Command::SignGroup(order) => {
                        *self.signed.entry((place, order.matter(), order.attempt())).or_default() += 1;
                        let Some(nonces) = self.nonces.remove(&(place, order.matter(), order.attempt()))
                        else {
                            continue;
                        };
                        let (matter, attempt) = (order.matter(), order.attempt());
                        let package = if self.liar == Some(place) {
                            let signers = order.package().signers();
                            let each = signers.map(|s| (s, *order.package().commitments(s).unwrap()));
                            SigningPackage::new([9; 32], each.collect::<Vec<_>>()).unwrap()
                        } else {
                            order.package().clone()
                        };
                        let share = sign(&self.shares[place], &self.key_set, nonces, &package).unwrap();
                        waiting.push_back((place, Event::GroupSigned { matter, attempt, share }));
                    }
                    Command::Broadcast(message @ Message::Signing(_)) => {
                        let from = GuardianIndex(u16::try_from(place + 1).unwrap());
                        let envelope = Envelope(canonical(&message));
                        for to in 0..4 {
                            let (message, envelope) = (message.clone(), envelope.clone());
                            waiting.push_back((to, Event::MessageReceived { from, message, envelope }));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn run(&mut self, slots: u64) {
        for _ in 0..slots {
            self.slot += 1;
            for place in 0..4 {
                self.feed(place, Event::SlotStarted(Slot(self.slot)));
            }
        }
    }

    fn attest(&mut self, place: usize, nonce: u64) -> Matter {
        for place in [place].into_iter().chain((0..4).filter(|other| *other != place)) {
            self.consent(place, nonce);
        }
        let opened = Slot(self.slot);
        let network = self.guardians[0].definition.id();
        Matter::InForce { network, chain_id: 1, contract: Address([5; 20]), nonce, opened }
    }

    fn consent(&mut self, place: usize, nonce: u64) {
        let request = crate::request::Request::Attest { chain_id: 1, contract: Address([5; 20]), nonce };
        let by = crate::request::OperatorName { uid: 0, name: "op".into() };
        self.feed(place, Event::OperatorAsked { ask: crate::request::AskId(1), by, request });
    }

    fn status(&self, place: usize, matter: &Matter) -> SigningStatus {
        let all = self.guardians[place].signing_statuses();
        all.into_iter().find(|status| status.id == matter.id()).expect("it is known")
    }

    /// The signature that a guardian holds, checked as anybody can.
    fn signature(&self, place: usize, matter: &Matter) -> Option<GroupSignature> {
        let signature = self.status(place, matter).signature?;
        assert!(Guardian::is_signed_by_network(&self.key_set.key(), matter, &signature));
        Some(signature)
    }
}

#[test]
fn any_three_sign_and_all_have_the_signature() {
    for away in [None, Some(0), Some(1), Some(2), Some(3)] {
        let mut signers = Signers::new();
        signers.away.extend(away);
        let asker = (0..4).find(|place| Some(*place) != away).unwrap();
        let matter = signers.attest(asker, 3);
        signers.run(4 * ATTEMPT);
        for place in (0..4).filter(|place| Some(*place) != away) {
            assert!(
                signers.signature(place, &matter).is_some(),
                "away {away:?}, guardian {place}: {:?}",
                signers.guardians[place].signings
            );
        }
        assert!(signers.signed.values().all(|times| *times == 1), "one package in one attempt");
    }
}

#[test]
fn a_silent_signer_is_named_and_replaced() {
    let mut signers = Signers::new();
    let matter = signers.attest(0, 1);
    signers.run(1);
    // It committed and falls silent before it signs.
    let place = usize::from(signers.guardians[0].leader(&matter.id(), 0).0 - 1);
    let silent = (0..3).find(|other| *other != place).unwrap();
    signers.away.insert(silent);
    signers.run(5 * ATTEMPT);
    let witness = (0..4).find(|other| *other != silent).unwrap();
    assert!(signers.signature(witness, &matter).is_some());
    let mut signers = Signers::new();
    signers.away.extend([2, 3]);
    let matter = signers.attest(0, 1);
    signers.run(3 * ATTEMPT);
    assert_eq!(signers.status(0, &matter).signature, None, "two of four sign nothing");
    signers.away.clear();
    signers.consent(2, 1);
    signers.consent(3, 1);
    signers.run(3 * ATTEMPT);
    assert!(signers.signature(3, &matter).is_some(), "with the next attempt they are enough");
}

#[test]
fn a_false_share_is_named_by_everybody_and_never_asked_again() {
    let mut signers = Signers::new();
    signers.liar = Some(1);
    let matter = signers.attest(0, 1);
    signers.run(4 * ATTEMPT);
    for place in [0, 2, 3] {
        assert!(signers.signature(place, &matter).is_some());
        let faults = signers.guardians[place].status().faults;
        assert!(
            faults.iter().any(|fault| fault.guardian == GuardianIndex(2)
                && fault.kind == FaultKind::InvalidGroupShare),
            "guardian {place} names the liar: {faults:?}"
        );
    }
}

#[test]
fn a_leader_with_two_packages_is_an_equivocator_and_gets_one_share_of_each() {
    let mut signers = Signers::new();
    let matter = signers.attest(0, 1);
    let id = matter.id();
    let leader = signers.guardians[0].leader(&id, 0);
    let victim = usize::from(if leader.0 == 1 { 1u16 } else { 0 });
    // All commit in the first slot; the leader's own pick would come with the next.
    for place in 0..4 {
        signers.feed(place, Event::SlotStarted(Slot(signers.slot)));
    }
    let committed = signers.guardians[victim].signings.open[&id].attempt.commitments.clone();
    assert_eq!(committed.len(), 4);
    let pick = |out: u16| -> Vec<(ShareIndex, NonceCommitments)> {
        let chosen = committed.iter().filter(|(guardian, _)| guardian.0 != out);
        chosen.map(|(guardian, each)| (ShareIndex::new(guardian.0).unwrap(), *each)).collect()
    };
    let others: Vec<u16> = (1..=4).filter(|other| usize::from(*other) != victim + 1).collect();
    for (salt, out) in [(1, others[0]), (2, others[1])] {
        let message =
            Message::Signing(SigningMessage::Package { matter: id, attempt: 0, signers: pick(out) });
        let envelope = Envelope(vec![salt; 8]);
        signers.feed(victim, Event::MessageReceived { from: leader, message, envelope });
    }
    let times = signers.signed.get(&(victim, matter.id(), 0));
    assert_eq!(times, Some(&1), "the first counts, the nonces are gone");
    let faults = signers.guardians[victim].status().faults;
    assert!(faults.iter().any(|fault| fault.guardian == leader && fault.kind == FaultKind::Equivocation));
    // Nobody else leads this attempt.
    let other = GuardianIndex(leader.0 % 4 + 1);
    let message =
        Message::Signing(SigningMessage::Package { matter: id, attempt: 0, signers: pick(others[0]) });
    let before = signers.signed.clone();
    signers.feed(victim, Event::MessageReceived { from: other, message, envelope: Envelope(vec![3; 8]) });
    assert_eq!(signers.signed, before);
}

#[test]
fn nobody_signs_what_is_not_true_here() {
    let mut signers = Signers::new();
    let opened = Slot(signers.slot);
    let foreign = Matter::InForce {
        network: NetworkId([9; 32]),
        chain_id: 1,
        contract: Address([5; 20]),
        nonce: 0,
        opened,
    };
    let order_less = Matter::Succession {
        network: signers.guardians[0].definition.id(),
        ceremony: CeremonyId([1; 32]),
        next: NetworkId([2; 32]),
        result: Digest([3; 32]),
        opened,
    };
    let (_, commitments) = commit(&signers.shares[1], &mut signers.rng);
    for matter in [foreign, order_less] {
        let message =
            Message::Signing(SigningMessage::Commit { matter: matter.clone(), attempt: 0, commitments });
        let from = GuardianIndex(2);
        signers.feed(0, Event::MessageReceived { from, message, envelope: Envelope(Vec::new()) });
        assert!(!signers.guardians[0].signings.open.contains_key(&matter.id()));
    }
}

#[test]
fn nothing_is_signed_for_a_contract_before_t_operators_agreed() {
    let mut signers = Signers::new();
    signers.consent(0, 7);
    signers.consent(1, 7);
    signers.run(4 * ATTEMPT);
    let status = signers.guardians[0].signing_statuses();
    assert!(status.iter().all(|each| each.signature.is_none()), "two of four operators");
    signers.consent(2, 7);
    signers.run(4 * ATTEMPT);
    let matter = status[0].matter.clone();
    let signed = signers
        .guardians
        .iter()
        .filter(|guardian| guardian.signing_statuses().iter().any(|each| each.signature.is_some()));
    assert!(signed.count() >= 3);
    assert!(signers.guardians[3].signing_statuses().is_empty(), "its operator was not asked: {matter:?}");
}

fn log_head(size: u64) -> LogHead {
    let root = crate::logs::LogRoot([u8::try_from(size % 256).unwrap(); 32]);
    LogHead { guardian: GuardianIndex(1), life: Slot(0), size, root }
}

/// The first guardian's logs that the network's key signed, as everybody knows them.
fn signed_logs(signers: &Signers) -> BTreeSet<u64> {
    let mut sizes = BTreeSet::new();
    for guardian in &signers.guardians {
        for status in guardian.signing_statuses() {
            if let (Matter::Checkpoint { head, .. }, Some(signature)) = (&status.matter, &status.signature) {
                assert!(Guardian::is_signed_by_network(&signers.key_set.key(), &status.matter, signature));
                sizes.insert(head.size);
            }
        }
    }
    sizes
}

#[test]
fn a_log_is_signed_by_those_who_checked_it_while_it_grows_and_the_journal_does_not() {
    let mut signers = Signers::new();
    let epoch = signers.guardians[0].definition.chain.slots_per_epoch.get();
    let journals: Vec<_> = signers.guardians.iter().map(Guardian::journal_head).collect();
    signers.feed(0, Event::LogChecked(log_head(5)));
    signers.feed(1, Event::LogChecked(log_head(5)));
    // Another root of that size, and another size, are not what is signed.
    let other = LogHead { root: crate::logs::LogRoot([0xee; 32]), ..log_head(5) };
    signers.feed(2, Event::LogChecked(other));
    signers.feed(3, Event::LogChecked(log_head(4)));
    signers.run(2 * epoch);
    assert_eq!(signed_logs(&signers), BTreeSet::new(), "two of four checked it");

    signers.feed(2, Event::LogChecked(log_head(5)));
    signers.run(3 * epoch);
    assert_eq!(signed_logs(&signers), BTreeSet::from([5]));
    let made: usize = signers.signed.values().sum();
    signers.run(3 * epoch);
    assert_eq!(signers.signed.values().sum::<usize>(), made, "nothing new, nothing signed");

    for place in 0..3 {
        signers.feed(place, Event::LogChecked(log_head(9)));
    }
    signers.run(3 * epoch);
    assert_eq!(signed_logs(&signers), BTreeSet::from([9]), "the latest is kept");
    let now: Vec<_> = signers.guardians.iter().map(Guardian::journal_head).collect();
    let grew: Vec<_> =
        now.iter().zip(&journals).filter(|(now, then)| now.length > then.length + 64).collect();
    assert!(grew.is_empty(), "{grew:?}");
    assert!(signers.guardians.iter().all(|guardian| guardian.signings.signed.len() <= 1));
}
