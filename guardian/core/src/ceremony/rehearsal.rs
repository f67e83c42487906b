//! Rehearsal: a whole ceremony among guardians in one test, with the shell played: dealings are digests, proofs are bytes.
//! What is said is lost and comes late as told by a seed; any guardian may crash at any record it writes.

use super::{CeremonyId, Digest, Errand, Kind, News};
use crate::command::Command;
use crate::event::{Custody, Event};
use crate::guardian::Guardian;
use crate::guardian_set::{GuardianIndex, GuardianSetEpoch, Member, NetworkDefinition};
use crate::message::{Envelope, canonical};
use crate::record::Record;
use crate::request::{Answer, AskId, OperatorName, Request};
use crate::scene::{self, key_sets, pubkey};
use crate::statement::{Choice, PeerName, Statement};
use crypto::spec::Slot;
use crypto::threshold::{ShareIndex, Threshold};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// One guardian and what its shell would hold.
pub(crate) struct Node {
    pub(crate) guardian: Guardian,
    pub(crate) definition: NetworkDefinition,
    me: GuardianIndex,
    pub(crate) journal: Vec<Record>,
    board: BTreeMap<CeremonyId, Vec<(PeerName, Statement, Envelope)>>,
    pub(crate) is_up: bool,
    /// Records after which it crashes.
    crash_at: Option<usize>,
    /// Which set's shares it has destroyed.
    pub(crate) destroyed: BTreeSet<GuardianSetEpoch>,
    /// Results in force here.
    pub(crate) adopted: BTreeSet<CeremonyId>,
    answers: Vec<Answer>,
    /// Shares it holds.
    pub(crate) keys: usize,
}

/// All of them.
pub(crate) struct Rehearsal {
    pub(crate) nodes: BTreeMap<PeerName, Node>,
    pub(crate) slot: Slot,
    rng: StdRng,
    /// Chance that a guardian reads another's board in a slot, of 100.
    pub(crate) reads: u8,
    /// Dealers whose private part for these peers is wrong.
    pub(crate) cheats: BTreeMap<GuardianIndex, PeerName>,
    /// Peers that prove what they do not hold.
    pub(crate) bluffs: BTreeSet<PeerName>,
    crashed: bool,
}

pub(crate) fn name(number: u16) -> PeerName {
    PeerName(format!("16Uiu2HAm{number}"))
}

fn member(index: u16, number: u16) -> Member {
    Member {
        index: GuardianIndex(index),
        name: format!("guardian-{number}"),
        peer_id: name(number).0,
        addresses: vec![format!("/ip4/10.0.0.{number}/tcp/9440")],
        custody_key: format!("04{}", format!("{number:02x}").repeat(64)),
        account: None,
    }
}

/// A definition of these people, in this order.
pub(crate) fn set_of(epoch: u64, t: u16, people: &[u16]) -> NetworkDefinition {
    let mut definition = scene::definition();
    let n = u16::try_from(people.len()).unwrap();
    definition.guardian_set.epoch = GuardianSetEpoch(epoch);
    definition.guardian_set.threshold = Threshold::new(t, n).unwrap();
    definition.guardian_set.members =
        people.iter().zip(1..).map(|(number, index)| member(index, *number)).collect();
    definition
}

fn hash(parts: &[&[u8]]) -> Digest {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    Digest(digest.finalize().into())
}

/// What an honest dealer's dealing hashes to.
pub(crate) fn dealing(id: CeremonyId, dealer: GuardianIndex) -> Digest {
    hash(&[&id.0, &dealer.0.to_le_bytes()])
}

pub(crate) fn result(id: CeremonyId, choice: &Choice) -> Digest {
    hash(&[&id.0, &choice.digest().0])
}

fn proof(result: Digest, holder: GuardianIndex) -> Vec<u8> {
    hash(&[b"proof", &result.0, &holder.0.to_le_bytes()]).0.to_vec()
}

/// A sealed statement: whoever plays the sealer can be told by it.
pub(crate) fn seal(from: &PeerName, statement: &Statement, slot: Slot) -> Envelope {
    Envelope(canonical(&(from, statement, slot)))
}

impl Node {
    fn new(definition: NetworkDefinition, me: GuardianIndex, journal: Vec<Record>) -> Self {
        let guardian = Guardian::restore(definition.clone(), me, journal.clone()).unwrap();
        Self {
            guardian,
            definition,
            me,
            journal,
            board: BTreeMap::new(),
            is_up: true,
            crash_at: None,
            destroyed: BTreeSet::new(),
            adopted: BTreeSet::new(),
            answers: Vec::new(),
            keys: 0,
        }
    }

    fn custody(&self, keys: usize) -> Event {
        let custody = |place: usize| Custody {
            pubkey: pubkey(place),
            key_set: key_sets()[place].clone(),
            index: ShareIndex::new(self.me.0).unwrap(),
        };
        Event::CustodyLoaded((0..keys).map(custody).collect())
    }
}

impl Rehearsal {
    /// The members of `definition` at work, each with shares of two validators.
    pub(crate) fn new(definition: &NetworkDefinition, seed: u64) -> Self {
        let mut rehearsal = Self {
            nodes: BTreeMap::new(),
            slot: Slot(1),
            rng: StdRng::seed_from_u64(seed),
            reads: 100,
            cheats: BTreeMap::new(),
            bluffs: BTreeSet::new(),
            crashed: false,
        };
        for member in &definition.guardian_set.members {
            let node = Node::new(definition.clone(), member.index, Vec::new());
            rehearsal.nodes.insert(PeerName(member.peer_id.clone()), node);
        }
        for peer in rehearsal.peers() {
            let custody = rehearsal.nodes[&peer].custody(2);
            rehearsal.nodes.get_mut(&peer).unwrap().keys = 2;
            rehearsal.feed(&peer, custody);
            rehearsal.feed(&peer, Event::SlotStarted(Slot(1)));
        }
        rehearsal
    }

    /// Those of `next` who are not here yet wait to come in.
    pub(crate) fn join(&mut self, current: &NetworkDefinition, next: &NetworkDefinition) {
        for member in &next.guardian_set.members {
            let peer = PeerName(member.peer_id.clone());
            if self.nodes.contains_key(&peer) {
                continue;
            }
            let first = Record::Preceded { definition: Box::new(current.clone()) };
            self.nodes.insert(peer.clone(), Node::new(next.clone(), member.index, vec![first]));
            self.feed(&peer, Event::SlotStarted(self.slot));
        }
    }

    pub(crate) fn peers(&self) -> Vec<PeerName> {
        self.nodes.keys().cloned().collect()
    }

    pub(crate) fn node(&self, number: u16) -> &Node {
        &self.nodes[&name(number)]
    }

    pub(crate) fn node_mut(&mut self, number: u16) -> &mut Node {
        self.nodes.get_mut(&name(number)).unwrap()
    }

    pub(crate) fn crash(&mut self, number: u16, at: usize) {
        self.node_mut(number).crash_at = Some(at);
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.crashed
    }

    /// What an operator asks, and the answer.
    pub(crate) fn ask(&mut self, number: u16, request: Request) -> Answer {
        let by = OperatorName { uid: 0, name: format!("operator-{number}") };
        self.feed(&name(number), Event::OperatorAsked { ask: AskId(1), by, request });
        self.node_mut(number).answers.pop().unwrap()
    }

    pub(crate) fn convene(&mut self, number: u16, kind: Kind) -> CeremonyId {
        match self.ask(number, Request::Convene { kind: Box::new(kind), lifetime: 200 }) {
            Answer::Convened { ceremony } => ceremony,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn answer(&mut self, number: u16, ceremony: CeremonyId, agrees: bool) -> Answer {
        self.ask(number, Request::AnswerCeremony { ceremony, agrees, note: String::new() })
    }

    /// Hands an event to one guardian and plays its shell until nothing more follows.
    pub(crate) fn feed(&mut self, peer: &PeerName, event: Event) {
        let mut waiting = std::collections::VecDeque::from([event]);
        while let Some(event) = waiting.pop_front() {
            let Some(node) = self.nodes.get_mut(peer).filter(|node| node.is_up) else { return };
            let commands = node.guardian.handle(event);
            for command in commands {
                let Some(node) = self.nodes.get_mut(peer) else { return };
                match command {
                    Command::Persist(records) => {
                        node.journal.extend(records);
                        if node.crash_at.is_some_and(|at| node.journal.len() >= at) {
                            node.crash_at = None;
                            self.crashed = true;
                            self.restart(peer);
                            return;
                        }
                    }
                    Command::Answer { answer, .. } => node.answers.push(*answer),
                    Command::Ceremony { ceremony, errand } => {
                        waiting.extend(self.run(peer, ceremony, errand));
                    }
                    _ => {}
                }
            }
        }
    }

    /// As after a crash: only the journal is left, and what the played shell made durable.
    pub(crate) fn restart(&mut self, peer: &PeerName) {
        let node = self.nodes.get_mut(peer).unwrap();
        node.guardian = Guardian::restore(node.definition.clone(), node.me, node.journal.clone()).unwrap();
        node.board.clear();
        let custody = node.custody(node.keys);
        self.feed(peer, custody);
        self.feed(peer, Event::SlotStarted(self.slot));
    }

    fn run(&mut self, peer: &PeerName, id: CeremonyId, errand: Errand) -> Vec<Event> {
        let said = |news: News| vec![Event::CeremonyNews { ceremony: id, news }];
        let reached = |nodes: &BTreeMap<PeerName, Node>, dealer: GuardianIndex, order_peer: &str| {
            nodes.get(&PeerName(order_peer.to_owned())).is_some_and(|node| node.is_up) && dealer.0 > 0
        };
        match errand {
            Errand::Convene { .. } | Errand::Dissolve => Vec::new(),
            Errand::Clear => said(News::Cleared),
            Errand::State(statement) => {
                let statement = *statement;
                let envelope = seal(peer, &statement, self.slot);
                let event = Event::StatementReceived {
                    ceremony: id,
                    from: peer.clone(),
                    statement: statement.clone(),
                    envelope: envelope.clone(),
                };
                let board = self.nodes.get_mut(peer).unwrap().board.entry(id).or_default();
                if !board.iter().any(|(from, known, _)| from == peer && *known == statement) {
                    board.push((peer.clone(), statement, envelope));
                }
                vec![event]
            }
            Errand::Deal => {
                let dealer = self.nodes[peer].me;
                said(News::Dealt { digest: dealing(id, dealer) })
            }
            Errand::Collect { dealer, digest } => {
                let node = &self.nodes[peer];
                let course = node.guardian.hall.get(&id).unwrap();
                let current = node.guardian.definition_of(&course.order).unwrap().clone();
                let dealer_peer = current.member(dealer).unwrap().peer_id.clone();
                let is_here = reached(&self.nodes, dealer, &dealer_peer);
                if !is_here || self.rng.random_range(0..100) >= self.reads {
                    return Vec::new();
                }
                if self.cheats.get(&dealer) == Some(peer) {
                    let dealing = Envelope(b"wrong".to_vec());
                    return said(News::Flawed { dealer, batch: 0, dealing });
                }
                said(News::Collected { dealer, digest })
            }
            Errand::Examine { accuser, dealer, dealing, .. } => {
                said(News::Examined { accuser, dealer, guilty: dealing.0 == b"wrong" })
            }
            Errand::Conclude { choice } => {
                let result = result(id, &choice);
                let node = &self.nodes[peer];
                let course = node.guardian.hall.get(&id).unwrap();
                let holder =
                    course.order.next(node.guardian.definition_of(&course.order).unwrap()).index_of(peer);
                let proof = match holder {
                    Some(_) if self.bluffs.contains(peer) => b"bluff".to_vec(),
                    Some(holder) => proof(result, holder),
                    None => Vec::new(),
                };
                said(News::Concluded { choice, result, proof })
            }
            Errand::Check { holder, result, proof: given } => {
                said(News::Checked { holder, result, valid: given == proof(result, holder) })
            }
            Errand::Enact { .. } => self.enact(peer, id),
            Errand::Destroy => {
                let node = self.nodes.get_mut(peer).unwrap();
                let course = node.guardian.hall.get(&id).unwrap();
                node.destroyed.insert(course.order.guardian_set_epoch);
                said(News::Destroyed)
            }
        }
    }

    /// Puts a result in force: a new journal where it is a succession.
    fn enact(&mut self, peer: &PeerName, id: CeremonyId) -> Vec<Event> {
        let node = self.nodes.get_mut(peer).unwrap();
        node.adopted.insert(id);
        let course = node.guardian.hall.get(&id).unwrap();
        if !course.is_succession() {
            return vec![Event::CeremonyNews { ceremony: id, news: News::Adopted }];
        }
        let Some((next, records)) = node.guardian.inheritance(&id) else { return Vec::new() };
        if next == node.definition {
            // It came in: its shares are loaded, once.
            return if node.keys > 0 {
                Vec::new()
            } else {
                node.keys = 2;
                vec![node.custody(2)]
            };
        }
        node.me = next.index_of(peer).unwrap();
        (node.definition, node.journal) = (next, records);
        let board = std::mem::take(&mut node.board);
        self.restart(peer);
        self.nodes.get_mut(peer).unwrap().board.extend(board);
        Vec::new()
    }

    /// One slot: boards are read, in an order that the seed says; then the slot begins for everybody.
    pub(crate) fn slot(&mut self) {
        self.slot = self.slot.saturating_add(1);
        let peers = self.peers();
        for reader in &peers {
            for writer in &peers {
                let reads = self.rng.random_range(0..100) < self.reads;
                if reader == writer || !reads || !self.nodes[writer].is_up {
                    continue;
                }
                let mut seen: Vec<_> = self.nodes[writer]
                    .board
                    .iter()
                    .flat_map(|(id, said)| said.iter().map(|each| (*id, each.clone())))
                    .chain(self.nodes[writer].relayed())
                    .collect();
                if !seen.is_empty() {
                    let turn = self.rng.random_range(0..seen.len());
                    seen.rotate_left(turn);
                }
                for (ceremony, (from, statement, envelope)) in seen {
                    let event = Event::StatementReceived { ceremony, from, statement, envelope };
                    self.feed(reader, event);
                }
            }
        }
        for peer in &peers {
            self.feed(peer, Event::SlotStarted(self.slot));
        }
    }

    /// Slots until `done`, at most so many.
    pub(crate) fn run_until(&mut self, most: u64, done: impl Fn(&Self) -> bool) -> bool {
        for _ in 0..most {
            if done(self) {
                return true;
            }
            self.slot();
        }
        done(self)
    }
}

impl Node {
    /// What others sealed and this node journaled.
    fn relayed(&self) -> Vec<(CeremonyId, (PeerName, Statement, Envelope))> {
        let course = |course: &super::course::Course| {
            let id = course.id;
            let said = course.statements();
            said.map(|(from, statement, sealed)| (id, (from.clone(), statement.clone(), sealed.clone())))
                .collect::<Vec<_>>()
        };
        self.guardian.hall.iter().flat_map(course).collect()
    }
}
