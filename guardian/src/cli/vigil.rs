//! Watching over something until the operator has seen enough: rests that Ctrl-C ends.

use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The operator ended a command that only watched; exit code 130, as shells have it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Interrupted(String);

/// A watch that can be interrupted.
pub(super) struct Vigil {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
    farewell: String,
}

impl Vigil {
    /// Takes SIGINT and SIGTERM from now on; `farewell` is said when one comes.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new(farewell: String) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let guard = runtime.enter();
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        drop(guard);
        Ok(Self { runtime, interrupt, terminate, farewell })
    }

    /// Rests.
    ///
    /// # Errors
    /// [`Interrupted`] when the operator wants no more.
    pub(super) fn rest(&mut self, time: Duration) -> anyhow::Result<()> {
        let (interrupt, terminate) = (&mut self.interrupt, &mut self.terminate);
        let is_over = self.runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => true,
                _ = terminate.recv() => true,
                () = tokio::time::sleep(time) => false,
            }
        });
        if is_over { Err(Interrupted(self.farewell.clone()).into()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ends_the_following_gets_code_130_and_no_error() {
        let mut vigil = Vigil::new("No longer following.".to_owned()).unwrap();
        vigil.rest(Duration::from_millis(1)).unwrap();
        let ended = anyhow::Error::from(Interrupted(vigil.farewell.clone()));
        assert_eq!((crate::cli::told(&ended), ended.to_string().as_str()), (130, "No longer following."));
    }
}
