//! What the shell of a guardian makes of its commands, and the chain of what it posts.

use super::super::TICKS_PER_SLOT;
use super::super::chain::Taken;
use super::super::node::Node;
use super::super::sealing::{open, seal};
use super::super::story::key_sets;
use super::{Happening, World};
use crypto::exit::{SignedVoluntaryExit, VoluntaryExit};
use crypto::partial::Combined;
use crypto::spec::Slot;
use guardian_core::event::PostOutcome;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Envelope, Message, Partial};
use guardian_core::proposal::ProposalId;
use guardian_core::{Command, Event};
use std::collections::VecDeque;

impl World {
    /// False when the guardian died of it.
    pub(super) fn execute(
        &mut self,
        me: GuardianIndex,
        command: Command,
        events: &mut VecDeque<Event>,
    ) -> bool {
        let Some(node) = self.nodes.get_mut(&me) else { return false };
        let life = node.life();
        match command {
            Command::Persist(records) => {
                if let Some(down) = node.write(records) {
                    self.at(self.tick + down * TICKS_PER_SLOT, Happening::Started(me));
                    return false;
                }
            }
            Command::Broadcast(message) => {
                self.nonce += 1;
                let honest = seal(me, self.nonce, message.clone());
                events.push_back(open(&honest));
                self.broadcast(me, message, honest);
            }
            Command::Reply { request, envelopes } => {
                assert!(
                    envelopes.len() <= guardian_core::catch_up::MAX_ENVELOPES,
                    "an answer over its bound"
                );
                let to = GuardianIndex(u16::try_from(request.0).expect("an index"));
                for envelope in envelopes {
                    self.send(me, Some(to), envelope);
                }
            }
            Command::RequestCatchUp(of) => {
                if !self.is_lost() && !self.is_cut(me, of) {
                    self.soon(self.story.weather.delay, Happening::CatchUpAsked { of, by: me });
                }
            }
            Command::SignExit(order) => {
                let index = Node::share(me);
                let signature = self.story.signing.sign(&order, index, key_sets(&self.story));
                let partial = Partial { proposal: order.proposal(), index, signature };
                self.soon(
                    TICKS_PER_SLOT,
                    Happening::Answered(me, life, Box::new(Event::ExitSigned(partial))),
                );
            }
            Command::CombineExit(order) => {
                assert_eq!(order.partials.len(), usize::from(order.key_set.t()), "not exactly t partials");
                let proposal = order.proposal;
                let event = match self.story.signing.combine(&order, self.nonce) {
                    Combined::Signature { signature, culprits } => {
                        Event::ExitCombined { proposal, signature, culprits }
                    }
                    Combined::Short { culprits } => Event::CombineFailed { proposal, culprits },
                };
                self.soon(TICKS_PER_SLOT, Happening::Answered(me, life, Box::new(event)));
            }
            Command::SubmitExit { proposal, exit } => {
                self.soon(TICKS_PER_SLOT, Happening::Posted { by: me, life, proposal, exit });
            }
            Command::WatchOperators(operators) => {
                if let Some(provider) = self.providers.get_mut(&me) {
                    provider.watch(operators);
                }
            }
            Command::FindInclusion { proposal, exit, from, to } => {
                let slot = self.inclusion(&exit, from, to);
                let event = Box::new(Event::InclusionFound { proposal, slot });
                self.soon(TICKS_PER_SLOT, Happening::Answered(me, life, event));
            }
            Command::Answer { ask, answer } => self.hear(ask, *answer),
            Command::ReportFault(_) | Command::Notify(_) | Command::WatchValidators(_) => {}
            Command::Ceremony { .. }
            | Command::CommitNonces { .. }
            | Command::ProveReadiness { .. }
            | Command::CheckReadiness { .. }
            | Command::SignGroup(_) => {}
            Command::PublishStatus(status) => node.show(*status),
        }
        true
    }

    fn broadcast(&mut self, me: GuardianIndex, message: Message, honest: Envelope) {
        let members = self.story.definition.guardian_set.threshold.n();
        let Some(liar) = self.liars.get(&me) else { return self.send(me, None, honest) };
        for (to, envelope) in liar.twists(message, self.nonce, members) {
            self.send(me, to, envelope);
        }
    }

    /// The block of these slots that has an exit.
    fn inclusion(&self, exit: &VoluntaryExit, from: Slot, to: Slot) -> Option<Slot> {
        let place = usize::try_from(exit.validator_index.0).ok()?;
        let member = self.chain.members().get(place)?;
        let is_it = member.exit.is_some_and(|signed| signed.message == *exit);
        member.exited_at.filter(|slot| is_it && (from..=to).contains(slot))
    }

    pub(super) fn post(
        &mut self,
        by: GuardianIndex,
        life: u32,
        proposal: ProposalId,
        exit: SignedVoluntaryExit,
    ) {
        let place = usize::try_from(exit.message.validator_index.0).expect("a small index");
        let keys = &key_sets(&self.story)[place];
        let root = exit.message.signing_root(&self.story.definition.chain.forks, self.chain.epoch());
        let is_signed = self.story.signing.verify(keys, root, &exit.signature);
        assert!(is_signed, "{by:?} posts an exit that does not verify");
        let outcome = match self.chain.post(exit, is_signed) {
            Taken::Accepted => {
                self.witness.sees_exit(&self.story, &self.chain, &self.contracts, &exit);
                let guardians: Vec<_> = self.nodes.keys().copied().collect();
                for guardian in guardians {
                    let (index, epoch) = (exit.message.validator_index, exit.message.epoch);
                    if !self.is_lost() {
                        self.soon(TICKS_PER_SLOT, Happening::ExitSeen(guardian, index, epoch));
                    }
                }
                PostOutcome::Accepted
            }
            Taken::AlreadyKnown => PostOutcome::AlreadyKnown,
            Taken::Refused => PostOutcome::Rejected("against the rules".to_owned()),
        };
        let outcomes = vec![("node".to_owned(), outcome)];
        self.soon(
            TICKS_PER_SLOT,
            Happening::Answered(by, life, Box::new(Event::ExitSubmitted { proposal, outcomes })),
        );
    }
}
