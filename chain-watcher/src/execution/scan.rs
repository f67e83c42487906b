//! Scanning: range by range up to the finalized block, each complete before the next.

use super::counts::{Counted, Counts, Doubt};
use super::cursor::Step;
use super::failure::Failure;
use super::logs::{self, Reading};
use super::watcher::{Next, Stopped, Watcher};
use crypto::execution::{Block, BlockNumber, Scan};
use tokio::time::Instant;

/// A sync that takes more chunks than this is told about as it goes.
const LONG: u64 = 3;

/// How reading a range went.
enum Range {
    /// Nothing is missing.
    Complete(Box<Reading>, Counts),
    /// Ask for less.
    Smaller,
    /// Not now, and why.
    Later(String),
}

impl Watcher {
    /// Scans up to `target`, or until it is time to look at the nodes again.
    pub(crate) async fn scan_to(&mut self, target: Block) -> Result<Next, Stopped> {
        let since = Instant::now();
        loop {
            let (from, to) = match self.cursor.next(target.number) {
                Step::Scan { from, to } => (from, to),
                Step::CaughtUp => return Ok(Next::Wait),
                Step::Behind => {
                    self.obstacle = Some(format!(
                        "the nodes call block {} finalized, less than was scanned: they lag, or were wrong before",
                        target.number
                    ));
                    return Ok(Next::Wait);
                }
            };
            let left = target.number.0.saturating_sub(from.0);
            self.syncing |= left / LONG >= self.cursor.chunk();
            match self.read(from, to, target).await {
                Range::Complete(reading, counts) => {
                    // One that had to be cut short is the sign of a long sync, too.
                    self.syncing |= reading.to.number < to;
                    let to = reading.to;
                    let completed = self.nodes.complete(*reading, target.number, &mut self.credentials).await;
                    let logs = match completed {
                        Ok(logs) => logs,
                        Err(problem) => {
                            self.obstacle = Some(problem);
                            return Ok(Next::Wait);
                        }
                    };
                    if let Err(gap) = self.cursor.advance(from, to) {
                        // The range came from the cursor.
                        tracing::error!(?gap, %from, "a scan out of order");
                        return Ok(Next::Wait);
                    }
                    self.scanned(Scan { from, to, logs }, counts).await?;
                    self.progress(target.number).await?;
                }
                Range::Smaller => {}
                Range::Later(problem) => {
                    self.obstacle = Some(problem);
                    return Ok(Next::Wait);
                }
            }
            if since.elapsed() >= self.nodes.poll {
                return Ok(Next::Continue);
            }
        }
    }

    /// Reads a range through one node after the other until one is complete.
    async fn read(&mut self, from: BlockNumber, to: BlockNumber, target: Block) -> Range {
        let blocks = to.0.saturating_sub(from.0).saturating_add(1);
        let mut problems = Vec::new();
        let mut smaller = false;
        for position in self.nodes.able(to) {
            let Some(node) = self.nodes.nodes.get(position) else { continue };
            let name = node.name().to_owned();
            let reading = logs::read(&node.endpoint, self.nodes.expected.protocol, from, to).await;
            let failure = match reading {
                Ok(reading) if reading.to.number == target.number && reading.to.hash != target.hash => {
                    Failure::malformed(format!("another finalized block {}", target.number))
                }
                Ok(reading) => {
                    let last = reading.to.number == target.number;
                    match self.nodes.compare_counts(&self.registered, &reading, position, last).await {
                        Ok(Counted::Exactly(counts)) => return Range::Complete(Box::new(reading), counts),
                        Ok(Counted::AtLeast(counts)) => match self.confirm(&reading, position).await {
                            Ok(()) => return Range::Complete(Box::new(reading), counts),
                            Err(failure @ Failure::TooMuch(_)) if blocks > 1 => {
                                smaller = true;
                                problems.push(format!("`{name}` {failure}"));
                                continue;
                            }
                            Err(failure) => {
                                problems.push(format!("`{name}`, read again: {failure}"));
                                continue;
                            }
                        },
                        Err(Doubt::Wrong(words)) => {
                            if let Some(node) = self.nodes.nodes.get_mut(position) {
                                node.accuse(words.clone());
                            }
                            problems.push(format!("`{name}`: {words}"));
                            continue;
                        }
                        Err(Doubt::Unknown(failure)) => {
                            return Range::Later(format!(
                                "the registrations counted by the contract at block {}: {failure}",
                                reading.to.number
                            ));
                        }
                    }
                }
                Err(failure) => failure,
            };
            match &failure {
                // A node that is slow with so many may be quick with fewer.
                Failure::TooMuch(_) | Failure::Slow if blocks > 1 => smaller = true,
                Failure::Resting(_) => {
                    self.nodes.failed(position, &failure);
                    self.cursor.refused(blocks);
                }
                other => self.nodes.failed(position, other),
            }
            problems.push(format!("`{name}` {failure}"));
        }
        if smaller && self.cursor.refused(blocks) {
            return Range::Smaller;
        }
        if problems.is_empty() {
            problems.push("no node can be asked for it now".to_owned());
        }
        Range::Later(format!("logs of blocks {from} to {to}: {}", problems.join("; ")))
    }

    /// Reads a range again that the contract cannot vouch for: through another node, or the same if there is no other
    /// that did not leave out logs lately.
    async fn confirm(&mut self, reading: &Reading, source: usize) -> Result<(), Failure> {
        let mut others = self.nodes.able(reading.to.number);
        others.retain(|position| {
            *position == source || self.nodes.nodes.get(*position).is_some_and(|node| !node.suspect())
        });
        others.sort_by_key(|position| *position == source);
        let mut problem = Failure::Silent("no healthy node".to_owned());
        for position in others {
            let Some(node) = self.nodes.nodes.get(position) else { continue };
            let protocol = self.nodes.expected.protocol;
            let again = logs::read(&node.endpoint, protocol, reading.from, reading.to.number).await;
            match again {
                Ok(again) if again == *reading => return Ok(()),
                Ok(again) => {
                    let (first, second) = (reading.entries.len(), again.entries.len());
                    let words = format!(
                        "logs of blocks {} to {}: {} here, {} elsewhere",
                        reading.from,
                        reading.to.number,
                        first.min(second),
                        first.max(second)
                    );
                    let fewer = if first < second { source } else { position };
                    if let Some(node) = self.nodes.nodes.get_mut(fewer) {
                        node.accuse(words.clone());
                    }
                    return Err(Failure::malformed(words));
                }
                Err(failure) => {
                    if !matches!(failure, Failure::TooMuch(_) | Failure::Slow) {
                        self.nodes.failed(position, &failure);
                    }
                    problem = failure;
                }
            }
        }
        Err(problem)
    }
}
