//! `guardian init`: everything one guardian owns, in one directory.

use super::{Kdf, Output, print, print_json, randomness};
use crate::config::{self, Sample, sample};
use crate::definition::MemberCard;
use crate::file::{self, Access};
use crate::{Error, keyfile, password};
use anyhow::{Context, bail};
use crypto::custody::CustodySecretKey;
use crypto::execution::Address;
use p2p::identity;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use url::Url;

const EXAMPLES: &str = "\
Examples:
  guardian init --dir alice --name alice --beacon http://127.0.0.1:5052 \\
    --p2p-listen /ip4/192.0.2.1/tcp/9440
  guardian init --dir bob --name bob --beacon http://a:5052 --beacon http://b:3500 \\
    --execution http://a:8545 --account 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 \\
    --p2p-listen /ip4/0.0.0.0/tcp/9440 --p2p-announce /ip4/192.0.2.2/tcp/9440 \\
    --password-file bob.password";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Init {
    /// Directory to fill; made when missing
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// This guardian's name: 1 to 32 characters of a-z, 0-9 and -
    #[arg(long, value_parser = name)]
    name: String,
    /// Beacon API of an own beacon node; may be given up to 16 times
    #[arg(long, value_name = "URL", required = true)]
    beacon: Vec<Url>,
    /// JSON-RPC of an own execution node, http or ws; up to 16 times, where the network acts on contracts
    #[arg(long, value_name = "URL")]
    execution: Vec<Url>,
    /// This guardian's account in the contract's getGuardians, for its card
    #[arg(long, value_name = "ADDRESS")]
    account: Option<Address>,
    /// Where to listen for the other guardians, such as /ip4/0.0.0.0/tcp/9440; may be given several times
    #[arg(long, value_name = "MULTIADDR", required = true, value_parser = multiaddr)]
    p2p_listen: Vec<String>,
    /// Where the others find us, when that differs from --p2p-listen (behind a translator, or listening everywhere)
    #[arg(long, value_name = "MULTIADDR", value_parser = multiaddr)]
    p2p_announce: Vec<String>,
    /// Where to serve status, health and metrics
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8440")]
    http_listen: SocketAddr,
    /// Address and port at which to serve the public feed; nothing is served without
    #[arg(long, value_name = "ADDRESS")]
    feed_listen: Option<SocketAddr>,
    /// File with the password on its first line, mode 0600; asked on the terminal when absent
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// What opening a key costs
    #[arg(long, value_enum, default_value = "standard")]
    kdf: Kdf,
    #[command(flatten)]
    output: Output,
}

fn name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > 32 || !text.chars().all(allowed) {
        return Err("use 1 to 32 characters of a-z, 0-9 and -".into());
    }
    Ok(text.into())
}

fn multiaddr(text: &str) -> Result<String, String> {
    config::multiaddr(text).map(|()| text.to_owned())
}

/// Nodes named in the order they were given.
fn named(kind: &str, urls: &[Url]) -> Vec<(String, Url)> {
    (1..).zip(urls).map(|(number, url)| (format!("{kind}-{number}"), url.clone())).collect()
}

impl Init {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let announce = if self.p2p_announce.is_empty() { &self.p2p_listen } else { &self.p2p_announce };
        for address in announce {
            if address.starts_with("/ip4/0.0.0.0/")
                || address.starts_with("/ip6/::/")
                || address.ends_with("/tcp/0")
            {
                bail!("{address} is no address others can dial; give --p2p-announce with the public one");
            }
        }
        let at = |name: &str| self.dir.join(name);
        let (identity_at, custody_at, config_at, card_at) =
            (at("identity.json"), at("custody.json"), at("guardian.toml"), at("member.toml"));
        // Before anything is asked or made.
        for path in [&identity_at, &custody_at, &config_at, &card_at] {
            if path.exists() {
                return Err(Error::Exists { path: path.clone() }.into());
            }
        }
        let password = password::choose(self.password_file.as_deref())?;
        file::create_directory(&self.dir)?;

        let mut rng = randomness();
        let identity = identity::Keypair::generate_secp256k1();
        let custody = CustodySecretKey::generate(&mut rng);
        let card = MemberCard {
            name: self.name.clone(),
            peer_id: identity.public().to_peer_id().to_string(),
            addresses: announce.clone(),
            custody_key: custody.public_key().to_string(),
            account: self.account,
        };
        let config = sample(&Sample {
            beacon: named("beacon", &self.beacon),
            execution: named("execution", &self.execution),
            p2p_listen: self.p2p_listen.clone(),
            http_listen: self.http_listen,
            feed_listen: self.feed_listen,
            password_file: self.password_file.as_deref().map(|path| beside(&self.dir, path)).transpose()?,
        });
        let card_text = card.render(&card_at)?;

        let mut made = Made(Vec::new());
        made.keep(
            &identity_at,
            keyfile::create_identity(&identity_at, &identity, &password, self.kdf.cost(), &mut rng),
        )?;
        made.keep(
            &custody_at,
            keyfile::create_custody(&custody_at, &custody, &password, self.kdf.cost(), &mut rng),
        )?;
        made.keep(&config_at, file::create(&config_at, config.as_bytes(), Access::Private))?;
        // What was just written must be readable by the commands that come next.
        crate::Config::load(&config_at)?;
        made.keep(&card_at, file::create(&card_at, card_text.as_bytes(), Access::Public))?;
        made.0.clear();

        if self.output.json {
            return print_json(&serde_json::json!({
                "config": config_at,
                "member": card_at,
                "name": card.name,
                "peer_id": card.peer_id,
                "addresses": card.addresses,
                "custody_key": card.custody_key,
                "account": card.account,
            }));
        }
        print(&format!(
            "Guardian `{}` is in {}:\n  identity.json  custody.json   keys, encrypted; back them up with their password\n  \
             guardian.toml                 configuration\n  member.toml                   public card: PeerId {}\n\
             Next: give member.toml to whoever runs `guardian network create`, and put the network.toml you get beside \
             guardian.toml.",
            card.name,
            self.dir.display(),
            card.peer_id
        ))
    }
}

/// Files made so far; removed again if the rest cannot be made.
struct Made(Vec<PathBuf>);

impl Made {
    fn keep(&mut self, path: &Path, result: Result<(), Error>) -> Result<(), Error> {
        if result.is_ok() {
            self.0.push(path.into());
        }
        result
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in &self.0 {
            // The error that brought us here is the one to tell.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// `path` as the configuration in `dir` shall name it: relative when it lies inside.
fn beside(dir: &Path, path: &Path) -> anyhow::Result<String> {
    let absolute =
        |path: &Path| path.canonicalize().with_context(|| format!("cannot resolve {}", path.display()));
    let (dir, path) = (absolute(dir)?, absolute(path)?);
    let named = path.strip_prefix(&dir).unwrap_or(&path);
    Ok(named.to_str().with_context(|| format!("{} is not UTF-8", named.display()))?.to_owned())
}
