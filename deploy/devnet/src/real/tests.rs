//! Launching, missing programs, and that anvil's accounts are the embedded chain's.

use super::anvil::Anvil;
use super::*;
use crate::execution::accounts;
use alloy::providers::{Provider, ProviderBuilder};

fn empty_peers() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn a_program_that_is_not_installed_is_named_with_the_remedy() {
    let peers = empty_peers();
    let Err(error) = Anvil::start(peers.path(), peers.path(), &[]).await else {
        panic!("started from nowhere")
    };
    assert!(error.to_string().contains("anvil is not installed"), "{error}");
    assert!(error.to_string().contains("make peers"), "{error}");
    let config = lodestar::LodestarConfig::default();
    let Err(error) = lodestar::Lodestar::start(peers.path(), peers.path(), &config).await else {
        panic!("started from nowhere")
    };
    assert!(error.to_string().contains("Lodestar is not installed"), "{error}");
}

#[test]
fn a_program_that_ends_shows_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "echo what went wrong; exit 3"]);
    let mut program = Program::start("sh", &mut command, &dir.path().join("log")).unwrap();
    let _ = program.child.wait();
    let said = program.check().unwrap_err().to_string();
    assert!(said.contains("sh ended (exit status: 3)") && said.contains("what went wrong"), "{said}");
}

/// With anvil installed: the accounts are the same, `finalized` follows the head, and a killed one comes back anew.
#[tokio::test]
async fn anvil_has_the_same_accounts_and_finalizes() {
    let peers = installed_peers();
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["--slots-in-an-epoch", "1", "--balance", "1000000"];
    let mut anvil = Anvil::start(&peers, dir.path(), &arguments).await.unwrap();
    let client = ProviderBuilder::new().connect_http(anvil.url().parse().unwrap());
    for address in accounts::addresses() {
        assert_eq!(client.get_balance(address).await.unwrap(), accounts::BALANCE);
    }
    anvil.ask("anvil_mine", serde_json::json!(["0x8"])).await.unwrap();
    let finalized = client.get_block(alloy::eips::BlockId::finalized()).await.unwrap().unwrap();
    assert_eq!(finalized.header.number, 6);
    anvil.kill();
    assert!(anvil.ask("eth_chainId", serde_json::json!([])).await.is_err());
    let url = anvil.url();
    anvil.restart().await.unwrap();
    assert_eq!((anvil.url(), client.get_block_number().await.unwrap()), (url, 0));
}
