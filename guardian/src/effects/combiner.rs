//! The combiner: puts partial signatures together and verifies the result, away from the loop.
//!
//! It takes whatever waits as one batch, since verifying many exits together costs little more than verifying one.

use crate::metrics::Metrics;
use crate::node::Arrival;
use crypto::partial::{CombineJob, Combined, PartialSignature, combine};
use guardian_core::Event;
use guardian_core::command::CombineOrder;
use std::time::Instant;
use tokio::sync::mpsc;

/// Most exits combined at once; bounds how long the first of a batch waits for the last.
const MAX_BATCH: usize = 256;

/// Works until nobody can give orders any more or nobody wants results. Blocking.
pub(super) fn run(
    mut orders: mpsc::Receiver<CombineOrder>,
    inbox: &mpsc::Sender<Arrival>,
    metrics: &Metrics,
) {
    let mut batch = Vec::new();
    while orders.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
        let started = Instant::now();
        let events = combined(&batch);
        let each = started.elapsed().div_f64(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
        batch.clear();
        for event in events {
            metrics.combine.record(each);
            if inbox.blocking_send(event.into()).is_err() {
                return;
            }
        }
    }
}

/// One event for each order.
fn combined(orders: &[CombineOrder]) -> Vec<Event> {
    let partials: Vec<Vec<PartialSignature>> = orders
        .iter()
        .map(|order| {
            order.partials.iter().map(|&(index, signature)| PartialSignature { index, signature }).collect()
        })
        .collect();
    let jobs: Vec<_> = orders
        .iter()
        .zip(&partials)
        .map(|(order, partials)| CombineJob {
            key_set: &order.key_set,
            signing_root: order.signing_root,
            partials,
        })
        .collect();
    orders
        .iter()
        .zip(combine(&jobs, &mut rand::rng()))
        .map(|(order, combined)| match combined {
            Combined::Signature { signature, culprits } => {
                Event::ExitCombined { proposal: order.proposal, signature, culprits }
            }
            Combined::Short { culprits } => Event::CombineFailed { proposal: order.proposal, culprits },
        })
        .collect()
}

#[cfg(test)]
mod tests;
