//! Scanning: range by range up to the finalized block, each complete before the next.

use super::counts::{Counted, Counts, Doubt};
use super::cursor::Step;
use super::failure::Failure;
use super::hearing::Hearing;
use super::logs::{self, Reading};
use super::watcher::{Next, Stopped, Watcher};
use crypto::execution::{Block, BlockNumber, Scan};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// A sync that takes more chunks than this is told about as it goes.
const LONG: u64 = 3;

/// How reading a range went.
enum Range {
    /// Nothing is missing, as far as can be found out.
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

    /// Reads a range until two nodes say the same of it, or one if no other can say anything.
    async fn read(&mut self, from: BlockNumber, to: BlockNumber, target: Block) -> Range {
        let blocks = to.0.saturating_sub(from.0).saturating_add(1);
        let mut hearing = Hearing::<Reading>::default();
        let mut counts: BTreeMap<usize, Counted> = BTreeMap::new();
        let mut problems = Vec::new();
        let mut smaller = false;
        let holders = self.nodes.holders(to);
        if self.nodes.too_many_rest(&holders) {
            return Range::Later(format!(
                "logs of blocks {from} to {to}: a second node limits how often it is asked"
            ));
        }
        for position in holders {
            let Some(node) = self.nodes.nodes.get(position) else { continue };
            let name = node.name().to_owned();
            if node.resting() {
                hearing.fails(Failure::Resting(None));
                problems.push(format!("`{name}` {}", Failure::Resting(None)));
                continue;
            }
            let reading = logs::read(&node.endpoint, &self.nodes.expected, from, to).await;
            let failure = match reading {
                Ok(reading) if reading.to.number == target.number && reading.to.hash != target.hash => {
                    Failure::malformed(format!("another finalized block {}", target.number))
                }
                Ok(reading) => {
                    let same = hearing.same(&reading);
                    if let Some(Counted::Exactly(counts)) = same.and_then(|first| counts.remove(&first)) {
                        self.accuse_others(&hearing, &reading);
                        return Range::Complete(Box::new(reading), counts);
                    }
                    let last = reading.to.number == target.number;
                    match self.nodes.compare_counts(&self.counts, &reading, position, last).await {
                        Ok(Counted::Exactly(counts) | Counted::AtLeast(counts)) if same.is_some() => {
                            self.accuse_others(&hearing, &reading);
                            return Range::Complete(Box::new(reading), counts);
                        }
                        Ok(counted) => {
                            counts.insert(position, counted);
                            hearing.says(position, reading);
                        }
                        Err(Doubt::Wrong(words)) => {
                            if let Some(node) = self.nodes.nodes.get_mut(position) {
                                node.accuse(words.clone());
                            }
                            hearing.contradicts_itself(Failure::malformed(&words));
                            problems.push(format!("`{name}`: {words}"));
                        }
                        Err(Doubt::Disputed(words)) => {
                            hearing.fails(Failure::malformed(&words));
                            problems.push(format!("`{name}`: {words}"));
                        }
                        Err(Doubt::Unknown(failure)) => {
                            let words =
                                format!("what the contracts count at block {}: {failure}", reading.to.number);
                            hearing.fails(Failure::Refused(words.clone()));
                            if !problems.contains(&words) {
                                problems.push(words);
                            }
                        }
                    }
                    continue;
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
            hearing.fails(failure);
        }
        problems.extend(self.contradiction(&hearing));
        match hearing.conclude(self.nodes.total()) {
            Ok((position, reading)) => match counts.remove(&position) {
                Some(Counted::Exactly(counts)) => return Range::Complete(Box::new(reading), counts),
                Some(Counted::AtLeast(counts)) => match self.read_again(&reading, position).await {
                    Ok(()) => return Range::Complete(Box::new(reading), counts),
                    Err(failure) => {
                        smaller |= matches!(failure, Failure::TooMuch(_)) && blocks > 1;
                        problems.push(format!("read again: {failure}"));
                    }
                },
                None => {}
            },
            Err(failure) if problems.is_empty() => problems.push(failure.to_string()),
            Err(_) => {}
        }
        if smaller && self.cursor.refused(blocks) {
            return Range::Smaller;
        }
        Range::Later(format!("logs of blocks {from} to {to}: {}", problems.join("; ")))
    }

    /// Two nodes read the same: those who read something else are asked last from now on.
    fn accuse_others(&mut self, hearing: &Hearing<Reading>, reading: &Reading) {
        for (position, other) in hearing.statements() {
            if other == reading {
                continue;
            }
            let words = format!(
                "logs of blocks {} to {}: {} here, {} elsewhere",
                reading.from,
                reading.to.number,
                other.entries.len(),
                reading.entries.len()
            );
            if let Some(node) = self.nodes.nodes.get_mut(*position) {
                node.accuse(words);
            }
        }
    }

    /// Names those who read different things, if any did.
    fn contradiction(&self, hearing: &Hearing<Reading>) -> Option<String> {
        let said = hearing.statements().iter().filter_map(|(position, reading)| {
            let name = self.nodes.nodes.get(*position)?.name();
            Some(format!("{} by `{name}`", reading.entries.len()))
        });
        let said: Vec<_> = said.collect();
        (said.len() > 1).then(|| format!("nodes contradict each other about the logs: {}", said.join(", ")))
    }

    /// Reads a range again through the only node that has it, because the contract cannot vouch for it.
    async fn read_again(&mut self, reading: &Reading, position: usize) -> Result<(), Failure> {
        let Some(node) = self.nodes.nodes.get(position) else { return Ok(()) };
        let again = logs::read(&node.endpoint, &self.nodes.expected, reading.from, reading.to.number).await;
        let failure = match again {
            Ok(again) if again == *reading => return Ok(()),
            Ok(again) => {
                let (first, second) = (reading.entries.len(), again.entries.len());
                Failure::malformed(format!(
                    "logs of blocks {} to {}: {first}, then {second}",
                    reading.from, reading.to.number
                ))
            }
            Err(failure) => failure,
        };
        if !matches!(failure, Failure::TooMuch(_) | Failure::Slow) {
            self.nodes.failed(position, &failure);
        }
        Err(failure)
    }
}
