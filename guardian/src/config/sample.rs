//! The documented configuration file that `guardian init` writes.

use std::net::SocketAddr;
use url::Url;

/// What differs from one guardian's file to the next.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Beacon nodes: name and URL.
    pub beacon: Vec<(String, Url)>,
    /// Execution nodes: name and URL; commented out when there are none.
    pub execution: Vec<(String, Url)>,
    /// Multiaddrs to listen on.
    pub p2p_listen: Vec<String>,
    /// Where to serve the status.
    pub http_listen: SocketAddr,
    /// Where to serve the public feed; commented out when absent.
    pub feed_listen: Option<SocketAddr>,
    /// Password file, as it shall be written; commented out when absent.
    pub password_file: Option<String>,
}

/// Renders a complete `guardian.toml` with every key explained.
pub fn sample(values: &Sample) -> String {
    // `toml::Value` renders a string with its quotes and escapes.
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let tables = |table: &str, nodes: &[(String, Url)]| -> String {
        let nodes = nodes.iter();
        nodes
            .map(|(name, url)| {
                format!("[[{table}]]\nname = {}\nurl = {}\n", quoted(name), quoted(url.as_str()))
            })
            .collect()
    };
    let beacons = tables("beacon", &values.beacon);
    let executions = if values.execution.is_empty() {
        "# [[execution]]\n# name = \"execution-1\"\n# url = \"http://127.0.0.1:8545\"\n".to_owned()
    } else {
        tables("execution", &values.execution)
    };
    let listen = values.p2p_listen.iter().map(|a| quoted(a)).collect::<Vec<_>>().join(", ");
    let feed = match values.feed_listen {
        Some(listen) => format!("listen = \"{listen}\""),
        None => "# listen = \"0.0.0.0:8450\"".to_owned(),
    };
    let password_file = match &values.password_file {
        Some(path) => format!("password_file = {}", quoted(path)),
        None => "# password_file = \"password\"".into(),
    };
    format!(
        r#"# Configuration of one guardian. Relative paths are relative to this file. Unknown keys are refused.

# The network definition all guardians share: `guardian network create` makes it, `guardian network inspect`
# shows it with its id. Compare the id with the other guardians before you start.
network = "network.toml"
# For a guardian that joins: the definition that is in force until the set before has handed over to `network`.
# previous = "network-before.toml"

# Directory of the store: journal and encrypted shares. One running guardian only: `guardian backup`, never a copy.
data_dir = "data"

[keys]
# Key files made by `guardian init`, encrypted under one password.
identity = "identity.json"
custody = "custody.json"
# File with the password on its first line, mode 0600. Without this key it is asked on the terminal.
{password_file}

# This guardian's own beacon nodes, one table each, 1 to 16. Two of different make are better than one:
# the guardian fails over, holds while they disagree, and posts exits to all. `client = "lighthouse"` in a table tells
# the public which software that node runs; the same for execution nodes.
{beacons}
# This guardian's own execution nodes (JSON-RPC; http, https, ws or wss), one table each, up to 16. Needed where the
# network definition has [contracts], refused where it has none. A key in the url is shown in no log. More than half
# of them must confirm a finalized block before it is read: of two both, three do without one. One is trusted alone.
{executions}
[p2p]
# Multiaddrs to listen on for the other guardians. The addresses they dial are in the network definition.
listen = [{listen}]

[http]
# Status, health and metrics: /v1/status /v1/validators /healthz /readyz /metrics. Not authenticated: keep it private.
listen = "{http}"

[feed]
# The public feed: pages, HTTP API, event stream and this guardian's transparency log, made to be reached by anybody. It
# shows nothing that the operator alone should know, and no load on it reaches the guardian. Off without `listen`.
{feed}
# public_url = "https://guardian.example"
# Limits for each address (IPv6: each /64): requests a second and at once, event streams, connections (and as many more as it
# may have streams); and event streams in all.
# requests_per_second = 20
# burst = 60
# streams_per_address = 32
# connections_per_address = 64
# streams = 12000
# Behind a proxy: the proxies whose X-Forwarded-For is believed.
# trusted_proxies = ["127.0.0.1"]

[admin]
# The Unix socket through which `guardian propose`, `approve`, `pause` and the like reach this guardian while it runs.
# Only this guardian's own user and root are served. Default: admin.sock in data_dir.
# socket = "data/admin.sock"

[enforcement]
# How far this guardian goes at most by each rule: "observe", "warn" or "enforce". It never goes further than the network
# definition; below "enforce" it neither proposes, votes nor releases by that rule. Others are not bound by it.
offline = "enforce"
tickets = "enforce"
balance = "enforce"
emergency = "enforce"

# Standing orders: how to vote on a class of emergencies without being asked, up to 64; the first that fits decides, and
# what none fits waits for `guardian approve` or `reject`. An approval is only given to what this guardian's own view
# confirms. raiser ("guardian", "account", "contract"), proposer and severity ("normal", "urgent") may be left out.
# [[standing]]
# name = "timelock"
# raiser = "contract"
# proposer = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
# severity = "normal"
# max_validators = 16
# vote = "approve"

# Where notices are sent (a decision is needed, an exit is held, a step is late, a pause began), each as a POST of JSON:
# {{"network", "guardian", "slot", "notice": {{...}}}}. http or https; a token in the url is shown in no log.
# [webhook]
# url = "https://hooks.example/guardian"

[log]
# "human" or "json".
format = "human"
# Filter directives, the most specific wins: "info", "info,p2p=debug", "warn".
filter = "info"

[recording]
# Epochs for which is kept, in data/recording, what the nodes showed: `guardian replay` tries another policy on it. 225
# are a day of mainnet, 20250 are 90 days, about 0.4 MB a day for 5,000 validators. 0 records nothing.
keep_epochs = 20250
"#,
        http = values.http_listen,
    )
}
