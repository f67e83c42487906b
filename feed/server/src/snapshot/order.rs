//! `Order`: the list of validators by something else than its keys, made when it is first asked for.

use super::{Row, Snapshot};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use utoipa::ToSchema;

/// What the list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// The validator index; those without one last.
    #[default]
    Index,
    /// The key.
    Pubkey,
    /// How it is: best first.
    Health,
    /// Its status at the finalized state.
    Status,
    /// Its balance.
    Balance,
    /// Epochs without an attestation.
    Dark,
    /// Its operator.
    Operator,
    /// Epochs until its operator's tickets are below the floor; those without an end last.
    Runway,
    /// How many guardians proved their share of it.
    Ready,
}

impl SortKey {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::Index,
        Self::Pubkey,
        Self::Health,
        Self::Status,
        Self::Balance,
        Self::Dark,
        Self::Operator,
        Self::Runway,
        Self::Ready,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Pubkey => "pubkey",
            Self::Health => "health",
            Self::Status => "status",
            Self::Balance => "balance",
            Self::Dark => "dark",
            Self::Operator => "operator",
            Self::Runway => "runway",
            Self::Ready => "ready",
        }
    }
}

/// An order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    /// By what.
    pub by: SortKey,
    /// Whether the largest is first.
    pub descending: bool,
}

/// Ascending orders, each made once.
#[derive(Debug, Default)]
pub(super) struct Orders([OnceLock<Sorted>; SortKey::ALL.len()]);

/// Rows by a key, and how many of them have one: those without come last whichever way the others are turned.
#[derive(Debug, Default)]
struct Sorted {
    rows: Vec<Row>,
    known: usize,
}

impl Orders {
    pub(super) fn rows<'a>(&'a self, snapshot: &'a Snapshot, order: Order) -> impl Iterator<Item = Row> + 'a {
        let place = SortKey::ALL.iter().position(|key| *key == order.by).unwrap_or(0);
        let sorted = self.0.get(place).map(|made| made.get_or_init(|| Sorted::by(snapshot, order.by)));
        let (rows, known) =
            sorted.map_or((&[] as &[Row], 0), |sorted| (sorted.rows.as_slice(), sorted.known));
        (0..rows.len()).filter_map(move |at| {
            let at = if order.descending && at < known { known.checked_sub(at)?.checked_sub(1)? } else { at };
            rows.get(at).copied()
        })
    }
}

impl Sorted {
    fn by(snapshot: &Snapshot, key: SortKey) -> Self {
        let watched = |row: Row| snapshot.watched(row);
        match key {
            SortKey::Pubkey => Self::of(snapshot, Some),
            SortKey::Index => Self::of(snapshot, |row| snapshot.index_of(row)),
            SortKey::Health => Self::of(snapshot, |row| Some(snapshot.health(row))),
            SortKey::Status => Self::of(snapshot, |row| watched(row).and_then(|one| one.status)),
            SortKey::Balance => Self::of(snapshot, |row| watched(row).and_then(|one| one.balance)),
            SortKey::Dark => Self::of(snapshot, |row| watched(row).map(|one| one.dark_epochs)),
            SortKey::Operator => Self::of(snapshot, |row| snapshot.operator_of(row)),
            SortKey::Runway => Self::of(snapshot, |row| {
                let operator = snapshot.operator_of(row)?;
                snapshot.operator_status(&operator)?.runway?.floor
            }),
            SortKey::Ready => Self::of(snapshot, |row| watched(row).map(|one| one.ready.len())),
        }
    }

    /// By a key, then by index, then by public key.
    fn of<K: Ord>(snapshot: &Snapshot, key: impl Fn(Row) -> Option<K>) -> Self {
        let mut rows: Vec<Row> = (0u32..).map(Row).take(snapshot.len()).collect();
        rows.sort_by_cached_key(|row| {
            let (key, index) = (key(*row), snapshot.index_of(*row));
            (key.is_none(), key, index.is_none(), index, *row)
        });
        let known = rows.partition_point(|row| key(*row).is_some());
        Self { rows, known }
    }
}
