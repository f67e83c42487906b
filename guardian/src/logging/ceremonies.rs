//! What is logged of ceremonies.

use guardian_core::ceremony::{Entry, Outcome};
use guardian_core::record::Record;
use tracing::{debug, info, warn};

/// Who speaks, in log lines and filters.
const TARGET: &str = "guardian";

/// Logs a record about a ceremony that was just made durable; does nothing with others.
pub(super) fn moved(record: &Record) {
    match record {
        Record::Preceded { definition } => info!(
            target: TARGET, code = "preceded", guardian_set = definition.guardian_set.epoch.0,
            "this epoch follows another guardian set"
        ),
        Record::Opened { order, at } => info!(
            target: TARGET, code = "ceremony_opened", ceremony = %order.id(), kind = order.kind.code(),
            guardian = order.raiser.0, slot = %at, expires = %order.expires, "ceremony opened"
        ),
        Record::Ceremony { ceremony, entry, at } => match entry {
            Entry::Stated { from, statement, .. } => info!(
                target: TARGET, code = "ceremony_stated", %ceremony, %from, statement = statement.code(), slot = %at,
                "a member speaks"
            ),
            Entry::Blamed { peer, blame } => warn!(
                target: TARGET, code = "ceremony_blamed", %ceremony, %peer, blame = blame.code(), slot = %at,
                "a member did wrong"
            ),
            Entry::Concluded { result, .. } => info!(
                target: TARGET, code = "ceremony_concluded", %ceremony, %result, slot = %at,
                "the result is computed and durable"
            ),
            Entry::Ended(Outcome::Done { result }) => info!(
                target: TARGET, code = "ceremony_done", %ceremony, %result, slot = %at, "the result is in force"
            ),
            Entry::Ended(Outcome::Aborted { reason, absent }) => warn!(
                target: TARGET, code = "ceremony_aborted", %ceremony, reason = reason.code(), ?absent, slot = %at,
                "the ceremony is over without a result; nothing changed"
            ),
            Entry::Adopted => info!(
                target: TARGET, code = "ceremony_adopted", %ceremony, slot = %at, "this guardian lives by the result"
            ),
            Entry::Saying(_) | Entry::Collected { .. } | Entry::Checked { .. } => {
                debug!(target: TARGET, code = "ceremony", %ceremony, slot = %at, "step of a ceremony");
            }
        },
        Record::Inherited { releases, at } => info!(
            target: TARGET, code = "inherited", releases = releases.len(), slot = %at,
            "releases of the epoch before count against the caps"
        ),
        Record::GroupSigned { matter, signature, at } => info!(
            target: TARGET, code = "group_signed", matter = %matter.id(), %signature, slot = %at,
            "the network's own key signed"
        ),
        _ => {}
    }
}
