//! One look at the contracts: what the nodes are worth, what is new on the finalized chain, what the head says of those
//! asked about.

use super::agreement::Agreement;
use super::counts::Counts;
use super::cursor::Cursor;
use super::endpoints::ExecutionNodes;
use super::observation::{ExecutionObservation, MAX_AT_HEAD, MAX_OPERATORS, Resume};
use super::registrations::Credentials;
use crate::endpoint::capped;
use crate::slot_clock::unix_now;
use crypto::execution::{Address, Block, BlockNumber, ContractEvent, Scan};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc;

/// How far ahead of our clock the time of a head may be: clocks differ, and local networks mine in bursts.
const AHEAD: Duration = Duration::from_secs(120);

/// Nobody takes observations any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

/// What to do after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// There is more to scan: look again at once.
    Continue,
    /// Wait for the next poll.
    Wait,
}

/// The nodes, how far they were followed, and what was told already.
pub(crate) struct Watcher {
    pub(crate) nodes: ExecutionNodes,
    pub(crate) cursor: Cursor,
    pub(crate) counts: Counts,
    pub(crate) operators: BTreeSet<Address>,
    pub(crate) credentials: Credentials,
    at_head: Vec<Address>,
    /// Why the scan does not go on.
    pub(crate) obstacle: Option<String>,
    /// Whether nodes contradict each other.
    disagree: bool,
    diverged: bool,
    /// Whether a long sync is under way.
    pub(crate) syncing: bool,
    /// The block of the last contract state told.
    pub(crate) told_state: Option<Block>,
    told_nodes: Option<(u16, u16, bool, Option<String>)>,
    out: mpsc::Sender<ExecutionObservation>,
}

impl Watcher {
    pub(crate) fn new(
        nodes: ExecutionNodes,
        resume: Resume,
        out: mpsc::Sender<ExecutionObservation>,
    ) -> Self {
        let cursor = Cursor::new(nodes.deployed, resume.scanned);
        let mut watcher = Self {
            nodes,
            cursor,
            counts: Counts { registered: resume.registered, exits_proposed: resume.exits_proposed },
            operators: BTreeSet::new(),
            credentials: Credentials::new(),
            at_head: Vec::new(),
            obstacle: None,
            disagree: false,
            diverged: false,
            syncing: false,
            told_state: None,
            told_nodes: None,
            out,
        };
        for operator in resume.operators {
            watcher.know(operator);
        }
        watcher
    }

    /// Changes who is asked about at the head.
    pub(crate) fn watch(&mut self, mut operators: Vec<Address>) {
        let mut seen = BTreeSet::new();
        operators.retain(|operator| seen.insert(*operator));
        if operators.len() > MAX_AT_HEAD {
            tracing::error!(
                asked = operators.len(),
                watched = MAX_AT_HEAD,
                "too many operators at the head: the rest is left out"
            );
            operators.truncate(MAX_AT_HEAD);
        }
        self.at_head = operators;
    }

    pub(crate) async fn tell(&self, observation: ExecutionObservation) -> Result<(), Stopped> {
        self.out.send(observation).await.map_err(|_| Stopped)
    }

    /// Looks at everything.
    pub(crate) async fn look(&mut self) -> Result<Next, Stopped> {
        self.nodes.refresh().await;
        let scanned = self.cursor.scanned();
        let agreement = self.nodes.agree(scanned.filter(|_| !self.diverged)).await;
        let disagree = matches!(agreement, Agreement::Disagree(_));
        if disagree != self.disagree {
            if let Agreement::Disagree(block) = agreement {
                tracing::error!(%block, "execution nodes finalized different blocks: nothing finalized is taken");
            } else {
                tracing::info!("execution nodes agree about finality again");
            }
            self.disagree = disagree;
        }
        self.obstacle = self.obstacle_of(agreement);
        let told = self.told_nodes.as_ref().map(|(_, healthy, disagree, _)| (*healthy, *disagree));
        if told != Some((self.nodes.healthy(), disagree)) {
            self.tell_nodes().await?;
        }
        self.look_at_head().await?;
        let next = match agreement {
            Agreement::Diverged(found) if !self.diverged => {
                self.diverged = true;
                tracing::error!(?scanned, %found, "the chain has another block where the last scan ended");
                if let Some(scanned) = scanned {
                    self.tell(ExecutionObservation::Diverged { scanned, found }).await?;
                }
                Next::Wait
            }
            Agreement::Shared(target) if !self.diverged => {
                let next = self.scan_to(target).await?;
                if next == Next::Wait {
                    self.look_at_state(target).await?;
                }
                next
            }
            _ => Next::Wait,
        };
        self.tell_nodes().await?;
        Ok(next)
    }

    /// What keeps the scan from going on, before it was tried.
    fn obstacle_of(&self, agreement: Agreement) -> Option<String> {
        match agreement {
            _ if self.diverged => Some(
                "the chain has another block where the last scan ended; nothing more is scanned".to_owned(),
            ),
            Agreement::Disagree(block) => Some(format!("nodes have different finalized blocks {block}")),
            Agreement::None if self.nodes.healthy() > 0 => Some(self.too_few()),
            Agreement::None | Agreement::Shared(_) | Agreement::Diverged(_) => None,
        }
    }

    /// Why there is no finalized block that enough nodes confirm.
    fn too_few(&self) -> String {
        let (healthy, total) = (self.nodes.healthy(), self.nodes.total());
        let needed = total / 2 + 1;
        if healthy < needed {
            return format!(
                "only {healthy} of {total} configured nodes can be asked, {needed} must confirm what is finalized: \
                 nothing new is taken until then"
            );
        }
        format!("too few nodes confirm the finalized block: {needed} of {total} must")
    }

    /// Tells what the nodes are worth, if it changed.
    async fn tell_nodes(&mut self) -> Result<(), Stopped> {
        let problems = self.nodes.nodes.iter().filter_map(|node| node.problem());
        let problems: Vec<_> = self.obstacle.clone().into_iter().chain(problems).collect();
        let problem = (!problems.is_empty()).then(|| capped(&problems.join("; ")));
        let now = (self.nodes.total(), self.nodes.healthy(), self.disagree, problem);
        if self.told_nodes.as_ref() == Some(&now) {
            return Ok(());
        }
        self.told_nodes = Some(now.clone());
        let (total, healthy, disagree, problem) = now;
        self.tell(ExecutionObservation::Nodes { total, healthy, disagree, problem }).await
    }

    /// Reads those asked about at the furthest head that can be.
    pub(crate) async fn look_at_head(&mut self) -> Result<(), Stopped> {
        if self.at_head.is_empty() {
            return Ok(());
        }
        for position in self.nodes.by_head() {
            let Some(node) = self.nodes.nodes.get_mut(position) else { continue };
            let Some(block) = node.latest else { continue };
            if block.timestamp > unix_now().saturating_add(AHEAD).as_secs() {
                node.accuse("names a head whose time is far ahead of our clock".to_owned());
                continue;
            }
            match self.nodes.infos(position, &self.at_head, block.number).await {
                Ok(infos) => return self.tell(ExecutionObservation::Operators { block, infos }).await,
                Err(failure) => self.nodes.failed(position, &failure),
            }
        }
        Ok(())
    }

    /// Remembers what a scan showed, and hands it over.
    pub(crate) async fn scanned(&mut self, scan: Scan, counts: Counts) -> Result<(), Stopped> {
        for log in &scan.logs {
            // Anybody may give tickets to anybody: only who registered a validator, and paid for it, is looked after.
            if let ContractEvent::Registered(registration) = &log.event {
                self.know(registration.operator);
            }
        }
        self.counts = counts;
        self.tell(ExecutionObservation::Scanned(scan)).await
    }

    fn know(&mut self, operator: Address) {
        if self.operators.len() < MAX_OPERATORS {
            self.operators.insert(operator);
        } else if !self.operators.contains(&operator) {
            tracing::error!(%operator, most = MAX_OPERATORS, "too many operators: this one's tickets are not read");
        }
    }

    pub(crate) async fn progress(&mut self, target: BlockNumber) -> Result<(), Stopped> {
        let Some(scanned) = self.cursor.scanned().map(|block| block.number) else { return Ok(()) };
        if !self.syncing {
            return Ok(());
        }
        self.syncing = scanned < target;
        self.tell(ExecutionObservation::Progress { scanned, target }).await
    }
}
