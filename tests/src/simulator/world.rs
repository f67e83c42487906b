//! `World`: guardians, chain and messages on one clock of ticks, driven by one seed.

use super::TICKS_PER_SLOT;
use super::chain::VirtualChain;
use super::contracts::VirtualContracts;
use super::liar::{Liar, Moment};
use super::node::Node;
use super::provider::{Provider, Told};
use super::sealing::{open, seal};
use super::story::{Purse, Story, key_sets, subjects};
use super::witness::Witness;
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::{Epoch, FAR_FUTURE_EPOCH, Slot, ValidatorIndex};
use guardian_core::Event;
use guardian_core::event::{NodeHealth, RequestId};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::Envelope;
use guardian_core::proposal::ProposalId;
use guardian_core::request::Answer;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, VecDeque};

mod desk;
mod ending;
mod shell;

/// What is going to happen.
#[derive(Debug, Clone)]
enum Happening {
    SlotBegins(Slot),
    Started(GuardianIndex),
    Ticked(GuardianIndex),
    HeadSeen(GuardianIndex),
    FinalitySeen(GuardianIndex),
    LivenessSeen(GuardianIndex, Epoch),
    ContractsSeen(GuardianIndex),
    OperatorsSeen(GuardianIndex),
    ExitSeen(GuardianIndex, ValidatorIndex, Epoch),
    Delivered(GuardianIndex, Envelope),
    CatchUpAsked {
        of: GuardianIndex,
        by: GuardianIndex,
    },
    Posted {
        by: GuardianIndex,
        life: u32,
        proposal: ProposalId,
        exit: SignedVoluntaryExit,
    },
    /// An operator asks what stands at this place of the story.
    Asked(usize),
    /// An answer from a guardian's own shell; void if it died meanwhile.
    Answered(GuardianIndex, u32, Box<Event>),
}

/// A running story.
#[derive(Debug)]
pub struct World {
    story: Story,
    tick: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    order: u64,
    nodes: BTreeMap<GuardianIndex, Node>,
    liars: BTreeMap<GuardianIndex, Liar>,
    /// What operators were answered, by the place of what they asked.
    answers: BTreeMap<usize, Answer>,
    chain: VirtualChain,
    contracts: VirtualContracts,
    providers: BTreeMap<GuardianIndex, Provider>,
    rng: StdRng,
    nonce: u64,
    /// What was seen.
    pub witness: Witness,
}

impl World {
    /// Sets the stage.
    pub fn new(story: Story) -> Self {
        let keys = key_sets(&story);
        let members = (0..).zip(keys).zip(&story.fates).map(|((place, keys), fate)| {
            let purse = story.purses.iter().find(|purse| purse.validators.contains(&place));
            (keys.pubkey, *fate, purse.map_or(Epoch(0), Purse::activation))
        });
        let chain = VirtualChain::new(story.seed, members.collect(), story.stall, story.weather.roughness);
        let guardians = || story.definition.guardian_set.members.iter().map(|member| member.index);
        let nodes = guardians().map(|guardian| (guardian, Node::new(guardian, &story))).collect();
        let providers = guardians().map(|guardian| (guardian, Provider::new(guardian))).collect();
        let mut world = Self {
            tick: 0,
            queue: BTreeMap::new(),
            order: 0,
            nodes,
            liars: story.liars.iter().map(|(me, lies)| (*me, Liar::new(*me, lies.clone()))).collect(),
            answers: BTreeMap::new(),
            chain,
            contracts: VirtualContracts::new(&story),
            providers,
            rng: StdRng::seed_from_u64(story.seed),
            nonce: 0,
            witness: Witness::default(),
            story,
        };
        for place in 0..world.nodes.len() {
            let start = world.story.starts.get(place).copied().unwrap_or_default();
            let index = GuardianIndex(u16::try_from(place + 1).expect("few guardians"));
            world.at(start.0 * TICKS_PER_SLOT, Happening::Started(index));
        }
        world.at(0, Happening::SlotBegins(Slot(0)));
        world
    }

    /// Runs until `is_over` or the horizon. True when it was over in time.
    pub fn run_until(&mut self, mut is_over: impl FnMut(&Self) -> bool) -> bool {
        while let Some(((tick, _), happening)) = self.queue.pop_first() {
            self.tick = tick;
            if self.chain.slot() >= self.story.horizon {
                return false;
            }
            let was_slot = matches!(happening, Happening::SlotBegins(_));
            self.happen(happening);
            if was_slot && is_over(self) {
                return true;
            }
        }
        false
    }

    /// The story that runs.
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// The chain.
    pub fn chain(&self) -> &VirtualChain {
        &self.chain
    }

    /// The contracts.
    pub fn contracts(&self) -> &VirtualContracts {
        &self.contracts
    }

    /// Honest guardians, dead or alive.
    pub fn honest(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().filter(|node| self.story.is_honest(node.index()))
    }

    fn at(&mut self, tick: u64, happening: Happening) {
        self.order += 1;
        self.queue.insert((tick, self.order), happening);
    }

    fn soon(&mut self, most: u64, happening: Happening) {
        let delay = self.rng.random_range(1..=most.max(1));
        self.at(self.tick + delay, happening);
    }

    fn is_lost(&mut self) -> bool {
        self.story.weather.loss > 0.0 && self.rng.random_bool(self.story.weather.loss)
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::SlotBegins(slot) => self.begin_slot(slot),
            Happening::Started(guardian) => self.start(guardian),
            Happening::Ticked(guardian) => self.feed(guardian, Event::SlotStarted(self.chain.slot())),
            Happening::HeadSeen(guardian) => {
                let (slot, validators) = (self.chain.slot(), self.chain.at_head());
                self.feed(guardian, Event::HeadObserved { slot, validators });
            }
            Happening::FinalitySeen(guardian) => {
                let (checkpoint, validators) = (self.chain.checkpoint(), self.chain.at_finalized());
                self.feed(guardian, Event::FinalizedObserved { checkpoint, validators });
            }
            Happening::LivenessSeen(guardian, epoch) => {
                self.feed(guardian, Event::LivenessObserved(self.chain.liveness(epoch)));
            }
            Happening::ContractsSeen(guardian) => self.show_contracts(guardian),
            Happening::OperatorsSeen(guardian) => self.show_operators(guardian),
            Happening::ExitSeen(guardian, validator_index, epoch) => {
                self.feed(guardian, Event::ExitGossiped { validator_index, epoch });
            }
            Happening::Delivered(guardian, envelope) => {
                if let Some(retort) = self.liars.get_mut(&guardian).and_then(|liar| liar.hears(&envelope)) {
                    self.nonce += 1;
                    self.send(guardian, None, seal(guardian, self.nonce, retort));
                }
                self.feed(guardian, open(&envelope));
            }
            Happening::CatchUpAsked { of, by } => {
                // The request's number carries who asked.
                self.feed(of, Event::CatchUpRequested { from: by, request: RequestId(by.0.into()) });
            }
            Happening::Asked(place) => self.ask(place),
            Happening::Posted { by, life, proposal, exit } => self.post(by, life, proposal, exit),
            Happening::Answered(guardian, life, event) => {
                if self.nodes.get(&guardian).is_some_and(|node| node.life() == life) {
                    self.feed(guardian, *event);
                }
            }
        }
    }

    fn begin_slot(&mut self, slot: Slot) {
        self.chain.begin(slot);
        self.contracts.begin(slot, &self.story, &self.chain);
        for place in 0..self.story.purses.len() {
            self.witness.knows(VirtualContracts::operator(place), self.contracts.truth(place));
        }
        self.at(self.tick + TICKS_PER_SLOT, Happening::SlotBegins(slot.saturating_add(1)));
        let per_epoch = super::chain::SLOTS_PER_EPOCH.get();
        let guardians: Vec<_> = self.nodes.keys().copied().collect();
        for guardian in guardians {
            self.soon(2, Happening::Ticked(guardian));
            if !self.is_lost() {
                self.soon(TICKS_PER_SLOT, Happening::HeadSeen(guardian));
            }
            self.soon(TICKS_PER_SLOT, Happening::FinalitySeen(guardian));
            // Asked in the second slot of the next epoch, and once more in the third if that was lost.
            if let Some(ended) = self.chain.epoch().0.checked_sub(1).map(Epoch)
                && (1..3).contains(&(slot.0 % per_epoch))
                && !self.is_lost()
            {
                self.soon(TICKS_PER_SLOT, Happening::LivenessSeen(guardian, ended));
            }
        }
        if !self.story.purses.is_empty() {
            self.begin_block(slot);
        }
        self.attend(slot);
        self.lie(slot);
    }

    fn begin_block(&mut self, slot: Slot) {
        let guardians: Vec<_> = self.nodes.keys().copied().collect();
        for guardian in guardians {
            if self.providers[&guardian].has_changed(&self.story, slot) {
                self.feed(guardian, self.providers[&guardian].health(&self.story, slot));
            }
            if !self.is_lost() {
                self.soon(TICKS_PER_SLOT, Happening::ContractsSeen(guardian));
            }
            if !self.is_lost() {
                self.soon(TICKS_PER_SLOT, Happening::OperatorsSeen(guardian));
            }
        }
    }

    fn show_contracts(&mut self, guardian: GuardianIndex) {
        let Some(provider) = self.providers.get_mut(&guardian) else { return };
        if self.nodes.get(&guardian).is_none_or(|node| node.guardian().is_none()) {
            return;
        }
        let told = provider.finalized(&self.story, &self.contracts, &self.chain, &mut self.rng);
        for told in told {
            let event = match told {
                Told::Event(event) => *event,
                Told::Share(place) => {
                    let Some(node) = self.nodes.get_mut(&guardian) else { return };
                    Event::CustodyLoaded(vec![node.hold(place, &self.story)])
                }
            };
            self.feed(guardian, event);
        }
    }

    fn show_operators(&mut self, guardian: GuardianIndex) {
        let provider = &self.providers[&guardian];
        let Some(event) = provider.head(&self.story, &self.contracts, self.chain.slot()) else { return };
        if let Event::OperatorsObserved { infos, .. } = &event {
            let floor = self.story.definition.policy.tickets.floor;
            // Enough for all it had: that one of them left does not acquit the others, who were to leave with it.
            let (now, mut state) = (self.chain.epoch(), self.chain.at_head());
            state.iter_mut().for_each(|validator| validator.exit_epoch = FAR_FUTURE_EPOCH);
            for (place, operator) in (0..self.story.purses.len()).map(|p| (p, VirtualContracts::operator(p)))
            {
                if let Some((_, info)) = infos.iter().find(|(shown, _)| *shown == operator) {
                    let is_cured = !self.contracts.is_short(place, info.tickets, floor, now, &state);
                    self.witness.is_told(guardian, operator, is_cured);
                }
            }
        }
        self.feed(guardian, event);
    }

    fn lie(&mut self, slot: Slot) {
        if self.liars.is_empty() {
            return;
        }
        let validators = subjects(&self.story);
        let mut whispers = Vec::new();
        for (me, liar) in &mut self.liars {
            self.nonce += 1;
            let (definition, nonce) = (&self.story.definition, self.nonce);
            let moment = Moment { definition, validators: &validators, slot, nonce };
            let told = liar.whispers(&moment, &mut self.rng);
            whispers.extend(told.into_iter().map(|(to, envelope)| (*me, to, envelope)));
        }
        for (me, to, envelope) in whispers {
            self.send(me, to, envelope);
        }
    }

    fn start(&mut self, guardian: GuardianIndex) {
        let Some(node) = self.nodes.get_mut(&guardian) else { return };
        node.start(&self.story);
        let (custody, next) = (node.custody(&self.story), node.next_block());
        if let Some(settings) = self.story.settings.get(&guardian) {
            self.feed(guardian, Event::SettingsLoaded(settings.clone()));
        }
        self.feed(guardian, Event::CustodyLoaded(custody));
        self.witness.forgets(guardian);
        if let Some(provider) = self.providers.get_mut(&guardian).filter(|_| !self.story.purses.is_empty()) {
            provider.resume(next);
            let health = provider.health(&self.story, self.chain.slot());
            self.feed(guardian, health);
        }
        self.feed(guardian, Event::NodesObserved(NodeHealth { total: 1, healthy: 1, disagree: false }));
        let others: Vec<_> = self.nodes.keys().copied().filter(|other| *other != guardian).collect();
        for other in others {
            self.feed(guardian, Event::PeerConnected(other));
            self.feed(other, Event::PeerConnected(guardian));
        }
    }

    /// Hands an event to a guardian and does what it says, its own messages coming back before anything else.
    fn feed(&mut self, guardian: GuardianIndex, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let Some(node) = self.nodes.get_mut(&guardian) else { return };
            let Some(commands) = node.handle(event) else { return };
            for command in commands {
                if self.story.is_honest(guardian) {
                    self.witness.sees(&self.story, guardian, &command);
                }
                if !self.execute(guardian, command, &mut events) {
                    return;
                }
            }
        }
    }

    fn send(&mut self, from: GuardianIndex, to: Option<GuardianIndex>, envelope: Envelope) {
        let others: Vec<_> = self.nodes.keys().copied().filter(|other| *other != from).collect();
        for other in others.into_iter().filter(|other| to.is_none_or(|to| to == *other)) {
            let copies = 1 + usize::from(self.rng.random_bool(self.story.weather.duplicates));
            for _ in 0..copies {
                if !self.is_lost() && !self.is_cut(from, other) {
                    self.soon(self.story.weather.delay, Happening::Delivered(other, envelope.clone()));
                }
            }
        }
    }

    fn is_cut(&self, one: GuardianIndex, other: GuardianIndex) -> bool {
        let slot = self.chain.slot();
        let active = self.story.cuts.iter().filter(|cut| cut.from <= slot && slot < cut.to);
        active.into_iter().any(|cut| cut.guardian == one || cut.guardian == other)
    }
}
