//! `Guardian`: one member of the set, from events to commands.

use crate::command::Command;
use crate::error::Error;
use crate::event::Event;
use crate::guardian_set::{GuardianIndex, NetworkDefinition};
use crate::record::Record;

/// One guardian's whole state.
#[derive(Debug, Clone)]
pub struct Guardian {
    definition: NetworkDefinition,
    me: GuardianIndex,
}

impl Guardian {
    /// A guardian with an empty journal.
    ///
    /// # Errors
    /// [`Error::Definition`] when the definition is not valid or does not list `me`.
    pub fn new(definition: NetworkDefinition, me: GuardianIndex) -> Result<Self, Error> {
        definition.validate()?;
        definition.member(me)?;
        Ok(Self { definition, me })
    }

    /// The guardian that wrote `records`, in the order it wrote them.
    ///
    /// # Errors
    /// [`Error::Definition`] as [`Guardian::new`]; [`Error::Journal`] when the records contradict each other.
    pub fn restore(
        definition: NetworkDefinition,
        me: GuardianIndex,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Self, Error> {
        let _ = records.into_iter();
        Self::new(definition, me)
    }

    /// Takes in what happened and says what to do, in order.
    #[must_use]
    pub fn handle(&mut self, event: Event) -> Vec<Command> {
        let _ = (event, &self.definition, self.me);
        Vec::new()
    }
}
