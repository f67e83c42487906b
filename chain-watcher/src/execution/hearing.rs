//! Hearing several nodes about one fact: what one says is taken when a second says the same, or when nobody else can
//! know.

use super::endpoint::At;
use super::endpoints::ExecutionNodes;
use super::failure::Failure;
use alloy::primitives::Address;
use alloy::sol_types::SolCall;
use crypto::execution::BlockNumber;

/// What the nodes said so far. At most one statement for each node.
#[derive(Debug)]
pub(crate) struct Hearing<T> {
    statements: Vec<(usize, T)>,
    /// One that cannot say anything of it, now or later: it does not keep what is asked, or contradicts itself.
    excused: Option<Failure>,
    /// One that may say something another time.
    open: Option<Failure>,
}

impl<T> Default for Hearing<T> {
    fn default() -> Self {
        Self { statements: Vec::new(), excused: None, open: None }
    }
}

impl<T: PartialEq> Hearing<T> {
    /// Who said the same before.
    pub(crate) fn same(&self, statement: &T) -> Option<usize> {
        self.statements.iter().find(|(_, said)| said == statement).map(|(position, _)| *position)
    }

    /// A node says something that nobody said before.
    pub(crate) fn says(&mut self, position: usize, statement: T) {
        self.statements.push((position, statement));
    }

    /// A node said nothing.
    pub(crate) fn fails(&mut self, failure: Failure) {
        match failure {
            Failure::Lacks(_) | Failure::Unsupported(_) => self.excused = Some(failure),
            failure => self.open = Some(failure),
        }
    }

    /// A node contradicts itself: what it said is worth nothing.
    pub(crate) fn contradicts_itself(&mut self, failure: Failure) {
        self.excused = Some(failure);
    }

    /// All statements, each different from the others.
    pub(crate) fn statements(&self) -> &[(usize, T)] {
        &self.statements
    }

    /// The end, when no two of `total` nodes said the same: one statement stands alone if nobody else can ever say
    /// anything of it.
    ///
    /// # Errors
    /// [`Failure::Lacks`] or what else excuses a node, only when all who were heard were excused.
    pub(crate) fn conclude(mut self, total: u16) -> Result<(usize, T), Failure> {
        if self.statements.len() > 1 {
            return Err(Failure::Contradicted);
        }
        if let Some(failure) = self.open {
            return Err(failure);
        }
        match self.statements.pop() {
            Some(statement) if total == 1 || self.excused.is_some() => Ok(statement),
            Some(_) => Err(Failure::Silent("no second node can be asked now".to_owned())),
            None => Err(self.excused.unwrap_or_else(|| Failure::Silent("no healthy node".to_owned()))),
        }
    }
}

impl ExecutionNodes {
    /// Positions of the nodes that have a finalized block this far, in configured order; those lately at fault last.
    /// Unlike [`Self::able`], with those that rest: they are waited for, not passed over.
    pub(crate) fn holders(&self, number: BlockNumber) -> Vec<usize> {
        let has = |position: &usize| {
            let finalized = self.nodes.get(*position).and_then(|node| node.finalized());
            finalized.is_some_and(|block| number <= block.number)
        };
        let mut holders: Vec<_> = (0..self.nodes.len()).filter(has).collect();
        holders.sort_by_key(|position| self.nodes.get(*position).is_some_and(|node| node.suspect()));
        holders
    }

    /// Whether two cannot be heard now, but soon: so long there is no use in asking one.
    pub(crate) fn too_many_rest(&self, holders: &[usize]) -> bool {
        let rests = |position: &&usize| self.nodes.get(**position).is_some_and(|node| node.resting());
        let resting = holders.iter().filter(rests).count();
        resting > 0 && holders.len() - resting < 2
    }

    /// Calls a function at a finalized block, with each of many arguments; two nodes must say the same, as far as
    /// `part` shows of it, if two can.
    ///
    /// # Errors
    /// [`Failure::Lacks`] only when every node that could be asked lacks that state.
    pub(crate) async fn call_confirmed<C, P>(
        &mut self,
        contract: Address,
        calls: &[C],
        at: BlockNumber,
        part: fn(C::Return) -> P,
    ) -> Result<Vec<P>, Failure>
    where
        C: SolCall + Send + Sync,
        C::Return: Send,
        P: PartialEq + Send,
    {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let mut hearing = Hearing::default();
        for position in self.holders(at) {
            let Some(node) = self.nodes.get(position) else { continue };
            if node.resting() {
                hearing.fails(Failure::Resting(None));
                continue;
            }
            match node.endpoint.call_all(contract, calls, At::Number(at)).await {
                Ok(answers) => {
                    let parts: Vec<P> = answers.into_iter().map(part).collect();
                    if hearing.same(&parts).is_some() {
                        return Ok(parts);
                    }
                    hearing.says(position, parts);
                }
                Err(failure) => {
                    self.failed(position, &failure);
                    hearing.fails(failure);
                }
            }
        }
        hearing.conclude(self.total()).map(|(_, parts)| parts)
    }
}

#[cfg(test)]
mod tests;
