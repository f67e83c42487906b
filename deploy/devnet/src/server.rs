//! `Server`: the HTTP server of one node of the devnet, that goes down and comes back on its port.

use crate::Error;
use axum::Router;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A server on a port of 127.0.0.1 that stays its own. Dropping it stops it.
pub(crate) struct Server {
    name: String,
    address: SocketAddr,
    running: Option<Running>,
}

struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// A server that is down; its first start takes a free port.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), running: None }
    }

    /// The node's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Goes down: new connections are refused when this returns, open ones are closed, streams end.
    pub(crate) async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop.send_replace(true);
            // The task only ends early by a panic, and then it is down as well.
            let _ = running.task.await;
        }
    }

    /// Comes up and serves what `router` makes, given the flag that turns true when the server stops; nothing when it is
    /// up already.
    ///
    /// # Errors
    /// [`Error::Listen`] when the port is taken.
    pub(crate) async fn start(
        &mut self,
        router: impl FnOnce(watch::Receiver<bool>) -> Router,
    ) -> Result<(), Error> {
        if self.running.is_some() {
            return Ok(());
        }
        let failed = |source| Error::Listen { node: self.name.clone(), address: self.address, source };
        let listener = TcpListener::bind(self.address).await.map_err(failed)?;
        self.address = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = watch::channel(false);
        let serve = axum::serve(listener, router(stopped.clone())).with_graceful_shutdown(ended(stopped));
        let task = tokio::spawn(async move {
            // axum::serve never answers an error: it retries accepting.
            let _ = serve.await;
        });
        self.running = Some(Running { stop, task });
        Ok(())
    }
}

/// Waits until the flag is true or nobody can set it any more.
pub(crate) async fn ended(mut stopped: watch::Receiver<bool>) {
    // An error means the sender is gone, which is an end as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
