//! A guardian that lies: it holds a member's identity key and speaks the real protocol over the real network, approves
//! every exit, and answers every certificate with a partial signature of a key that is not its share.

use anyhow::{Context, Result};
use crypto::keys::SecretKeyShare;
use crypto::threshold::ShareIndex;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::message::{Decision, Heartbeat, Message, Partial, Vote, WireMessage};
use guardian_core::proposal::{ExitProposal, ProposalId};
use p2p::{Inbound, Network, identity};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// What it has said so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Proposals it approved.
    pub approvals: usize,
    /// Proposals it sent a false partial for.
    pub false_partials: usize,
}

/// The running liar. Ends when dropped.
pub struct Adversary {
    task: JoinHandle<()>,
    said: watch::Receiver<Said>,
}

impl Adversary {
    /// Joins the network as member `me`, listening where the definition says, with that member's identity key.
    ///
    /// # Errors
    /// When the definition has no such member or its address is taken.
    pub fn start(
        definition: NetworkDefinition,
        me: GuardianIndex,
        keypair: identity::Keypair,
    ) -> Result<Self> {
        let mut peers = Vec::new();
        let mut listen = Vec::new();
        for member in &definition.guardian_set.members {
            let addresses = member.addresses.iter().map(|address| address.parse());
            let addresses = addresses.collect::<Result<Vec<_>, _>>().context("address of a member")?;
            if member.index == me {
                listen = addresses;
            } else {
                peers.push(p2p::Peer {
                    peer_id: member.peer_id.parse().context("PeerId of a member")?,
                    addresses,
                });
            }
        }
        let network = definition.id().0;
        let (network, inbound) =
            p2p::start(p2p::Config { keypair, network, listen, peers, limits: p2p::Limits::default() })?;
        // A key drawn by nobody who split anything: its signature is a valid point and a false partial.
        let stranger = crypto::keys::SecretKey::generate(&mut rand::rng()).to_bytes();
        let share = SecretKeyShare::new(ShareIndex::new(me.0)?, &stranger)?;
        let (sender, said) = watch::channel(Said::default());
        let liar = Liar { definition, network, share, known: BTreeMap::new(), alive: None, said: sender };
        Ok(Self { task: tokio::spawn(liar.run(inbound)), said })
    }

    /// What it has said so far.
    pub fn said(&self) -> Said {
        self.said.borrow().clone()
    }
}

impl Drop for Adversary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Liar {
    definition: NetworkDefinition,
    network: Network,
    share: SecretKeyShare,
    /// Proposals heard of, and whether a certificate came.
    known: BTreeMap<ProposalId, (ExitProposal, bool)>,
    /// The latest heartbeat heard of anybody.
    alive: Option<Heartbeat>,
    said: watch::Sender<Said>,
}

impl Liar {
    /// Listens, and repeats itself every two seconds for those who connect later.
    async fn run(mut self, mut inbound: mpsc::Receiver<Inbound>) {
        let mut again = tokio::time::interval(Duration::from_secs(2));
        loop {
            tokio::select! {
                heard = inbound.recv() => match heard {
                    Some(Inbound::Message { payload, .. }) => self.hear(&payload),
                    Some(_) => {}
                    None => return,
                },
                _ = again.tick() => self.speak(),
            }
        }
    }

    fn hear(&mut self, payload: &[u8]) {
        let news = match WireMessage::decode(payload) {
            Some(Message::Proposal(proposal)) => {
                let id = proposal.id();
                let new = !self.known.contains_key(&id);
                self.known.entry(id).or_insert((proposal, false));
                new
            }
            Some(Message::Certificate(certificate)) => {
                let known =
                    self.known.entry(certificate.proposal.id()).or_insert((certificate.proposal, false));
                !std::mem::replace(&mut known.1, true)
            }
            Some(Message::Heartbeat(heartbeat)) => {
                // Said in its own name, it makes the liar one of those who enforce the rules.
                let is_later = self.alive.as_ref().is_none_or(|known| known.slot < heartbeat.slot);
                if is_later {
                    self.alive = Some(heartbeat);
                }
                is_later
            }
            Some(
                Message::Vote(_)
                | Message::Partial(_)
                | Message::Emergency(_)
                | Message::Cancellation(_)
                | Message::EmergencyCertificate(_)
                | Message::Wish(_)
                | Message::Signing(_)
                | Message::Readiness(_),
            )
            | None => false,
        };
        if news {
            self.speak();
        }
    }

    fn speak(&self) {
        if let Some(heartbeat) = &self.alive {
            self.say(Message::Heartbeat(heartbeat.clone()));
        }
        let mut said = Said::default();
        for (&id, (proposal, certified)) in &self.known {
            let vote = Vote { proposal: id, revision: 0, decision: Decision::Approve };
            said.approvals += usize::from(self.say(Message::Vote(vote)));
            if *certified {
                let root = proposal.exit.signing_root(&self.definition.chain.forks, proposal.exit.epoch);
                let signed = self.share.sign(root);
                let partial = Partial { proposal: id, index: signed.index, signature: signed.signature };
                said.false_partials += usize::from(self.say(Message::Partial(partial)));
            }
        }
        self.said.send_replace(said);
    }

    /// Whether the message went into the queue; if not, it is said again.
    fn say(&self, message: Message) -> bool {
        let payload = WireMessage::V1(message).encode();
        self.network.try_broadcast(self.network.seal(&payload)).is_ok()
    }
}
