//! `Seats`: how many streams, or connections, there may be, in all and for one address.

use crate::server::Client;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Those that are open, by client; as many clients as open ones at most.
#[derive(Debug, Clone, Default)]
pub struct Seats(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_client: HashMap<Client, usize>,
}

/// One place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    client: Client,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All are taken.
    All,
    /// All that one address may take are.
    Client,
}

impl Seats {
    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.taken().all
    }

    /// Takes a place, if there is one.
    pub(crate) fn take(&self, client: Client, most: usize, most_of_one: usize) -> Result<Seat, Full> {
        let mut taken = self.taken();
        if taken.all >= most {
            return Err(Full::All);
        }
        let theirs = taken.by_client.get(&client).copied().unwrap_or(0);
        if theirs >= most_of_one {
            return Err(Full::Client);
        }
        taken.by_client.insert(client, theirs.saturating_add(1));
        taken.all = taken.all.saturating_add(1);
        Ok(Seat { seats: self.clone(), client })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(theirs) = taken.by_client.get_mut(&self.client) {
            *theirs = theirs.saturating_sub(1);
            if *theirs == 0 {
                taken.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests;
