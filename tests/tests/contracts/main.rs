//! The contracts for local networks: built again byte for byte, speaking the protocol's ABI, and behaving on anvil, and on
//! the embedded chain, as the real ones were seen to behave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

mod abi;
mod build;
mod embedded;
mod exits;
mod group_key;
mod guardians;
mod registration;
mod signatures;
mod tickets;

use alloy::providers::RootProvider;
use alloy::signers::local::PrivateKeySigner;
use crypto::custody::CustodySecretKey;
use crypto::execution::Address;
use crypto::keys::SecretKey;
use crypto::spec::ForkVersion;
use devnet::Error;
use devnet::execution::ExecutionChain;
use devnet::execution::config::ExecutionConfig;
use devnet::execution::node::ExecutionNode;
use devnet::protocol::{Account, Guardian, Parameters, Protocol};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tests::anvil::Anvil;

/// Four guardians, three of whom must sign.
const N: u8 = 4;
const T: u16 = 3;

/// Guardians are accounts 6 to 9; operators take those below.
fn guardian(position: u8) -> Account {
    Account::new(6 + position)
}

/// What the contracts run on.
enum Chain {
    Anvil(Anvil),
    /// The chain ends with its node.
    Embedded(ExecutionNode),
}

/// A chain with the contracts on it.
struct Stage {
    chain: Chain,
    protocol: Protocol,
    provider: RootProvider,
    custody: Vec<CustodySecretKey>,
    rng: StdRng,
    _dir: tempfile::TempDir,
}

impl Stage {
    /// On anvil.
    async fn set() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let anvil = Anvil::start(dir.path(), &[]).await.unwrap();
        let url = anvil.url().to_owned();
        Self::on(Chain::Anvil(anvil), &url, dir).await
    }

    /// On the embedded chain.
    async fn embedded() -> Self {
        let chain = ExecutionChain::start(&ExecutionConfig::default(), None).unwrap();
        let node = chain.node("embedded").await.unwrap();
        let url = node.url();
        Self::on(Chain::Embedded(node), &url, tempfile::tempdir().unwrap()).await
    }

    async fn on(chain: Chain, url: &str, dir: tempfile::TempDir) -> Self {
        let mut rng = StdRng::seed_from_u64(3);
        let custody: Vec<_> = (0..N).map(|_| CustodySecretKey::generate(&mut rng)).collect();
        let guardians = custody.iter().zip(0..).map(|(key, position)| Guardian {
            account: guardian(position).address(),
            custody_key: Some(key.public_key()),
        });
        let parameters = Parameters {
            guardians: guardians.collect(),
            threshold: T,
            genesis_fork: ForkVersion([0, 0, 0, 1]),
            module_limit: 10_000,
        };
        let protocol = Protocol::deploy(url, parameters).await.unwrap();
        let provider = RootProvider::new_http(url.parse().unwrap());
        Self { chain, protocol, provider, custody, rng, _dir: dir }
    }

    /// The guardians' accounts.
    fn accounts(&self) -> Vec<PrivateKeySigner> {
        (0..N).map(|position| guardian(position).signer()).collect()
    }

    /// The guardians' enclave keys.
    fn enclaves(&self) -> Vec<PrivateKeySigner> {
        let signer =
            |key: &CustodySecretKey| PrivateKeySigner::from_bytes(&(*key.to_bytes()).into()).unwrap();
        self.custody.iter().map(signer).collect()
    }

    fn key(&mut self) -> SecretKey {
        SecretKey::generate(&mut self.rng)
    }

    fn well(self) {
        match self.chain {
            Chain::Anvil(anvil) => anvil.ended_well(),
            Chain::Embedded(node) => drop(node),
        }
    }
}

/// The contract's error by name.
#[track_caller]
fn refusal<T>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused { reason, .. }) => reason,
        Err(other) => panic!("not refused but {other}"),
        Ok(_) => panic!("not refused"),
    }
}

fn alloy_address(address: Address) -> alloy::primitives::Address {
    address.0.into()
}
