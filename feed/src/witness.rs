//! When a guardian cosigns another's checkpoint: only when it extends the last one that it cosigned for that log.
//!
//! As C2SP `tlog-witness`, pure: what was seen and what is offered in, a judgement out. Whoever calls writes down what it is
//! about to cosign before it does, or a restart makes it vouch for two histories.

use crate::checkpoint::Checkpoint;
use crate::tree::{EMPTY_ROOT, check_consistency};
use crypto::spec::Slot;

/// The last checkpoint that we cosigned for a guardian's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Of which life.
    pub life: Slot,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: [u8; 32],
}

/// What to do with an offered checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Cosign it; from then on it is what we have seen.
    Cosign,
    /// It was proven to extend another size than the one we have seen: offer it again from this one.
    Conflict {
        /// The size we have seen.
        size: u64,
    },
    /// The log shows two histories: keep both checkpoints, they prove it.
    Forked,
    /// Refuse, under a stable code.
    Refuse(&'static str),
}

/// Judges a checkpoint whose log's signature was verified. `proof` says that it extends the first `old_size` entries.
///
/// A new life is another log, whose history begins anew; no older one is witnessed after that.
pub fn judge(seen: Option<&Seen>, offered: &Checkpoint, old_size: u64, proof: &[[u8; 32]]) -> Judgement {
    let life = offered.origin.life;
    if seen.is_some_and(|seen| life < seen.life) {
        return Judgement::Refuse("older_life");
    }
    let nothing = Seen { life, size: 0, root: EMPTY_ROOT };
    let seen = seen.filter(|seen| seen.life == life).unwrap_or(&nothing);
    if offered.size == seen.size && offered.root != seen.root {
        return if seen.size == 0 { Judgement::Refuse("wrong_root") } else { Judgement::Forked };
    }
    if offered.size < old_size {
        return Judgement::Refuse("smaller");
    }
    if old_size != seen.size {
        return Judgement::Conflict { size: seen.size };
    }
    match check_consistency(proof, seen.size, seen.root, offered.size, offered.root) {
        Ok(()) => Judgement::Cosign,
        // The proof may be wrong by mistake; only the log's own signatures prove that it forked.
        Err(_) => Judgement::Refuse("wrong_proof"),
    }
}

#[cfg(test)]
mod tests;
