//! anvil, Foundry's execution node: a chain of its own that mines a block for each transaction, unless told otherwise. It
//! has the accounts of [`crate::execution::accounts`].

use super::{Program, http_client, installed, tethered};
use crate::Error;
use crate::processes::ports::Port;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Longest wait for the first answer.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Arguments for a chain that ticks like the embedded one: chain id 1337, a block a second, final 2 blocks behind the
/// head, a million ETH an account.
pub const TICKING: [&str; 8] =
    ["--chain-id", "1337", "--block-time", "1", "--slots-in-an-epoch", "1", "--balance", "1000000"];

/// A running anvil. Killed when dropped.
pub struct Anvil {
    program: Option<Program>,
    port: Port,
    arguments: Vec<String>,
    binary: PathBuf,
    dir: PathBuf,
    http: reqwest::Client,
}

impl Anvil {
    /// Starts it from `peers` with more `arguments`, such as [`TICKING`], logging into `dir`, and waits until it answers.
    ///
    /// # Errors
    /// [`Error::Peer`] when it is not installed, ends, or does not answer in time.
    pub async fn start(peers: &Path, dir: &Path, arguments: &[&str]) -> Result<Self, Error> {
        let binary = installed(peers, "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil", "anvil")?;
        let port = Port::free()?;
        let http = http_client()?;
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut anvil = Self { program: None, port, arguments, binary, dir: dir.to_owned(), http };
        anvil.restart().await?;
        Ok(anvil)
    }

    /// Its JSON-RPC, over HTTP and WebSocket alike (`http://` and `ws://`).
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.program.as_ref().map(Program::tail).unwrap_or_default()
    }

    /// SIGKILL. Its chain is gone, unless the arguments `--state FILE --state-interval SECONDS` kept it.
    pub fn kill(&mut self) {
        self.program = None;
    }

    /// Starts it again on its port, after SIGKILL when it still runs.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.program = None;
        self.port.release();
        let (program, first_args) = tethered(self.binary.clone());
        let mut command = Command::new(program);
        command.args(first_args).args(["--no-request-size-limit", "--port", &self.port.number().to_string()]);
        command.args(&self.arguments);
        let mut program = Program::start("anvil", &mut command, &self.dir.join("anvil.log"))?;
        let started = tokio::time::Instant::now();
        loop {
            program.check()?;
            if self.ask("eth_chainId", json!([])).await.is_ok() {
                self.program = Some(program);
                return Ok(());
            }
            if started.elapsed() > START_LIMIT {
                let problem = format!("is not up after {START_LIMIT:?}:\n{}", program.tail());
                return Err(Error::Peer { name: "anvil", problem });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// One request of its JSON-RPC, such as `anvil_mine` or `anvil_reorg`; answers the result.
    ///
    /// # Errors
    /// [`Error::Peer`] when it does not answer or answers an error.
    pub async fn ask(&self, method: &str, params: Value) -> Result<Value, Error> {
        let failed = |problem: String| Error::Peer { name: "anvil", problem: format!("{method}: {problem}") };
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answered =
            async { self.http.post(self.url()).json(&request).send().await?.json::<Value>().await };
        let mut answer = answered.await.map_err(|error| failed(error.to_string()))?;
        match answer.get("error") {
            Some(error) => Err(failed(error.to_string())),
            None => Ok(answer["result"].take()),
        }
    }
}
