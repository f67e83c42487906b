//! `guardian.toml`: every knob of one guardian. Unknown keys are refused by name; relative paths are relative to the file.
//!
//! [`sample`] writes the documented file that `guardian init` leaves behind; what it says of each key is the
//! documentation of the key.

use crate::Error;
use crate::recording::SEGMENT_EPOCHS;
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::message::{Clients, MAX_CLIENT_NAME};
use guardian_core::settings::Settings;
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use url::Url;

mod document;
mod feed;
mod operator;
mod sample;

pub use document::{multiaddr, parse};
pub use feed::Feed;
pub use operator::{Admin, EnforcementLimits, Standing, Vote, Webhook};
pub use sample::{Sample, sample};

/// Most beacon nodes, most execution nodes, and most listen addresses.
pub const MAX_ENTRIES: usize = 16;

/// One guardian's configuration, paths resolved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The network definition.
    pub network: PathBuf,
    /// The definition that was in force before `network`, for a guardian that waits to come in with it.
    #[serde(default)]
    pub previous: Option<PathBuf>,
    /// Directory of the store. Made when missing.
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// Key files.
    pub keys: Keys,
    /// This guardian's own beacon nodes, 1 to [`MAX_ENTRIES`].
    pub beacon: Vec<Beacon>,
    /// This guardian's own execution nodes, up to [`MAX_ENTRIES`]: at least one where the network definition names
    /// contracts, none where it does not.
    #[serde(default)]
    pub execution: Vec<Execution>,
    /// Where peers reach us.
    pub p2p: P2p,
    /// Where the status is served.
    #[serde(default)]
    pub http: Http,
    /// The public feed.
    #[serde(default)]
    pub feed: Feed,
    /// Where the operator's commands reach the running guardian.
    #[serde(default)]
    pub admin: Admin,
    /// How far this guardian goes at most by each rule.
    #[serde(default)]
    pub enforcement: EnforcementLimits,
    /// Votes on classes of emergencies without being asked, at most [`guardian_core::settings::MAX_STANDING`]; the
    /// first that fits decides.
    #[serde(default)]
    pub standing: Vec<Standing>,
    /// Where notices are sent, if anywhere.
    pub webhook: Option<Webhook>,
    /// How we log.
    #[serde(default)]
    pub log: Log,
    /// What is kept of what our nodes showed.
    #[serde(default)]
    pub recording: Recording,
}

/// Where the keys are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Key file of the identity key.
    pub identity: PathBuf,
    /// Key file of the custody key.
    pub custody: PathBuf,
    /// File whose first line is the password of both and of the store; asked on the terminal when absent.
    pub password_file: Option<PathBuf>,
}

/// One beacon node.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beacon {
    /// For people, logs and metrics; 1 to 32 characters of `a-z 0-9 -`, no two alike.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// Base URL of its Beacon API, http or https.
    #[serde(deserialize_with = "http_url")]
    pub url: Url,
    /// What software it runs, to be told to everybody: 1 to 24 characters of `a-z 0-9 -`.
    #[serde(default, deserialize_with = "client")]
    pub client: Option<String>,
}

/// Without what may be a credential in the URL.
impl std::fmt::Debug for Beacon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let origin = self.url.origin().ascii_serialization();
        f.debug_struct("Beacon").field("name", &self.name).field("url", &origin).finish()
    }
}

/// One execution node.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Execution {
    /// As [`Beacon::name`].
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// Its JSON-RPC endpoint, http, https, ws or wss. May hold an access key: it is never shown whole.
    #[serde(deserialize_with = "rpc_url")]
    pub url: Url,
    /// As [`Beacon::client`].
    #[serde(default, deserialize_with = "client")]
    pub client: Option<String>,
}

/// Without what may be a credential in the URL.
impl std::fmt::Debug for Execution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let origin = self.url.origin().ascii_serialization();
        f.debug_struct("Execution").field("name", &self.name).field("url", &origin).finish()
    }
}

/// The link to the other guardians.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct P2p {
    /// Multiaddrs to listen on, 1 to [`MAX_ENTRIES`], such as `/ip4/0.0.0.0/tcp/9440`.
    #[serde(deserialize_with = "multiaddrs")]
    pub listen: Vec<String>,
}

/// The HTTP server for status, health and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address and port. No secrets are served, but nothing is authenticated: keep it private.
    #[serde(deserialize_with = "socket_address")]
    pub listen: SocketAddr,
}

impl Http {
    /// Where this machine reaches it: listening everywhere includes here.
    pub fn reached_at(&self) -> SocketAddr {
        let mut at = self.listen;
        match at.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => at.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => at.set_ip(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        at
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8440)) }
    }
}

/// Logging.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// `tracing-subscriber` filter directives, such as `info,p2p=debug`.
    #[serde(deserialize_with = "filter")]
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info".into() }
    }
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line.
    Human,
    /// One JSON object a line.
    Json,
}

/// The recording of observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Epochs that are kept: at least [`SEGMENT_EPOCHS`], or 0 to record nothing.
    #[serde(deserialize_with = "kept")]
    pub keep_epochs: u64,
}

impl Default for Recording {
    /// 90 days of mainnet.
    fn default() -> Self {
        Self { keep_epochs: 90 * SEGMENT_EPOCHS }
    }
}

impl Config {
    /// Reads and checks a configuration file and resolves its paths.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::TooLarge`], [`Error::Document`] naming line, key and fix.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = crate::file::read_text(path, "configuration")?;
        let mut config: Self = parse(path, &text)?;
        config.check().map_err(|problem| Error::Document { path: path.into(), line: None, problem })?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// What no single key can show.
    fn check(&self) -> Result<(), String> {
        let count = |key: &str, got: usize| {
            if (1..=MAX_ENTRIES).contains(&got) {
                return Ok(());
            }
            Err(format!("`{key}` has {got} entries; it needs 1 to {MAX_ENTRIES}"))
        };
        count("[[beacon]]", self.beacon.len())?;
        count("p2p.listen", self.p2p.listen.len())?;
        if self.execution.len() > MAX_ENTRIES {
            let got = self.execution.len();
            return Err(format!("`[[execution]]` has {got} entries; it may have {MAX_ENTRIES}"));
        }
        let names = |nodes: &mut dyn Iterator<Item = &String>| nodes.cloned().collect::<Vec<_>>();
        for (table, names) in [
            ("beacon", names(&mut self.beacon.iter().map(|node| &node.name))),
            ("execution", names(&mut self.execution.iter().map(|node| &node.name))),
        ] {
            let mut seen = BTreeSet::new();
            if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
                return Err(format!("two [[{table}]] entries are named `{name}`; give each its own name"));
            }
        }
        operator::check(&self.standing)
    }

    /// Whether this configuration has what `definition` needs of it: execution nodes where, and only where, it names
    /// contracts.
    ///
    /// # Errors
    /// [`Error::Identity`] saying what to add or to remove.
    pub fn fits(&self, definition: &NetworkDefinition) -> Result<(), Error> {
        let problem = match (&definition.contracts, self.execution.is_empty()) {
            (Some(contracts), true) => format!(
                "network `{}` acts on contracts of execution chain {}, but the configuration names no execution \
                 node; add an [[execution]] table with name and url of your own node to guardian.toml",
                definition.name, contracts.chain_id
            ),
            (None, false) => format!(
                "the configuration names an execution node, but network `{}` ({}) acts on no contracts; remove \
                 [[execution]] from guardian.toml, or check `network` in it",
                definition.name,
                definition.id()
            ),
            (Some(_), false) | (None, true) => return Ok(()),
        };
        Err(Error::Identity { problem })
    }

    /// The Unix socket for the operator's commands.
    pub fn admin_socket(&self) -> PathBuf {
        self.admin.socket.clone().unwrap_or_else(|| self.data_dir.join("admin.sock"))
    }

    /// What the operator decided for this guardian, as the core takes it.
    pub fn settings(&self) -> Settings {
        let clients = Clients {
            beacon: self.beacon.iter().filter_map(|node| node.client.clone()).collect(),
            execution: self.execution.iter().filter_map(|node| node.client.clone()).collect(),
        };
        Settings { clients, ..operator::settings(&self.enforcement, &self.standing) }
    }

    fn resolve(&mut self, base: &Path) {
        let paths = [&mut self.network, &mut self.data_dir, &mut self.keys.identity, &mut self.keys.custody];
        let paths = paths.into_iter().chain(&mut self.previous);
        let optional = [self.keys.password_file.as_mut(), self.admin.socket.as_mut()];
        for path in paths.into_iter().chain(optional.into_iter().flatten()) {
            *path = base.join(&path);
        }
    }
}

fn default_data_dir() -> PathBuf {
    "data".into()
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > 32 || !text.chars().all(allowed) {
        return Err(de::Error::custom("a name has 1 to 32 characters of a-z, 0-9 and -"));
    }
    Ok(text)
}

fn client<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if Clients::is_name(&text) {
        return Ok(Some(text));
    }
    let wanted =
        format!("a client's name has 1 to {MAX_CLIENT_NAME} characters of a-z, 0-9 and -, like lighthouse");
    Err(de::Error::custom(wanted))
}

fn http_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    document::http_url(&text).map_err(de::Error::custom)
}

fn rpc_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    document::rpc_url(&text).map_err(de::Error::custom)
}

fn multiaddrs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let addresses = Vec::<String>::deserialize(deserializer)?;
    addresses.iter().try_for_each(|address| multiaddr(address)).map_err(de::Error::custom)?;
    Ok(addresses)
}

fn socket_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| de::Error::custom("not an IP address with a port; write it like 127.0.0.1:8440"))
}

fn kept<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let epochs = u64::deserialize(deserializer)?;
    if (1..SEGMENT_EPOCHS).contains(&epochs) {
        let least =
            format!("a recording is kept for {SEGMENT_EPOCHS} epochs (a day) at least; 0 turns it off");
        return Err(de::Error::custom(least));
    }
    Ok(epochs)
}

fn filter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    tracing_subscriber::EnvFilter::try_new(&text)
        .map_err(|e| de::Error::custom(format!("not a log filter ({e}); write it like info,p2p=debug")))?;
    Ok(text)
}

#[cfg(test)]
mod tests;
