//! The first story: one validator goes dark, and the guardians make it leave. On the embedded chain, which can turn a
//! validator dark at a moment of our choosing.

use super::fact::Fact;
use super::witness::Witness;
use super::world::Embedded;
use super::{LOOK_EVERY, VALIDATOR, statuses};
use crate::Error;
use crate::narrator::{CHAIN, Narrator};
use crate::processes::Guardians;
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use serde::Serialize;
use std::time::Duration;

/// k of the offline rule.
pub(super) const OFFLINE_EPOCHS: u64 = 2;

/// How the story of the dark validator ended, when it ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfflineOutcome {
    /// Who left.
    pub validator: ValidatorIndex,
    /// Under which proposal.
    pub proposal: String,
    /// Names of the guardians that approved, in the order their votes were seen.
    pub approvals: Vec<String>,
    /// Names of the guardians whose partial signatures were seen.
    pub partials: Vec<String>,
    /// Slot of the block that included the exit.
    pub included: Slot,
    /// First epoch the validator is off duty.
    pub exit_epoch: Epoch,
    /// The epoch whose finality covers the exit.
    pub finalized: Epoch,
}

/// Turns the validator dark when everybody watches it, and follows what comes of it.
pub(super) async fn watch(
    world: &Embedded,
    guardians: &mut Guardians,
    narrator: &mut Narrator,
    deadline: Duration,
) -> Result<OfflineOutcome, Error> {
    let mut witness = Witness::new(VALIDATOR, OFFLINE_EPOCHS, guardians);
    let mut dark = false;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        for index in 0..guardians.len() {
            guardians.check(index)?;
        }
        let before = world.chain.view();
        let statuses = statuses(guardians).await;
        let view = world.chain.view();
        for news in witness.look(&before, &view, &statuses, guardians) {
            let who: Vec<&str> = news.who.iter().map(String::as_str).collect();
            narrator.tell(news.slot, &who, &news.fact);
        }
        if !dark && witness.is_set(&statuses) {
            world.chain.set_dark([VALIDATOR]).await?;
            dark = true;
            let gone = Fact::WentDark { validator: VALIDATOR, epoch: view.epoch() };
            narrator.tell(view.head().slot, &[CHAIN], &gone);
        }
        if let (true, Some(proposal), Some((included, exit_epoch)), Some(finalized)) =
            (witness.is_over(), witness.proposal(), witness.included, witness.exit_finalized)
        {
            return Ok(OfflineOutcome {
                validator: VALIDATOR,
                proposal: proposal.to_string(),
                approvals: witness.approvals,
                partials: witness.partials,
                included,
                exit_epoch,
                finalized,
            });
        }
        let waiting_for = if dark {
            witness.waiting_for()
        } else {
            "the guardians to find each other and see the validator attest"
        };
        if narrator.elapsed() > deadline {
            return Err(Error::Deadline { seconds: deadline.as_secs(), waiting_for: waiting_for.into() });
        }
        narrator.waiting(format!(
            "{:>5.1} s  slot {:<4} epoch {}, finalized {}: waiting for {waiting_for}",
            narrator.elapsed().as_secs_f64(),
            view.head().slot,
            view.epoch(),
            view.finalized().epoch
        ));
    }
}
