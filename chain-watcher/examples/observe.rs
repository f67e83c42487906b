//! Prints what is observed through one or several beacon nodes: `observe URL[,URL...] PUBKEY...`.

use chain_watcher::{Config, NodeConfig, Timeouts, connect, read_chain_spec, watch};
use crypto::spec::BlsPubkey;
use url::Url;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let urls = arguments.next().ok_or("usage: observe URL[,URL...] PUBKEY...")?;
    let urls = urls.split(',').map(Url::parse).collect::<Result<Vec<_>, _>>()?;
    let keys = arguments.map(|key| key.parse()).collect::<Result<Vec<BlsPubkey>, _>>()?;

    let expected = read_chain_spec(urls.first().ok_or("no URL")?).await?;
    println!("{expected:#?}");
    let nodes = urls
        .into_iter()
        .enumerate()
        .map(|(position, url)| NodeConfig { name: format!("node-{}", position + 1), url })
        .collect();
    let nodes = connect(Config { nodes, expected, timeouts: Timeouts::default() }).await?;
    let (_watched, receiver) = tokio::sync::watch::channel(keys);
    let (_poster, mut observations) = watch(nodes, receiver);
    while let Some(observation) = observations.recv().await {
        println!("{observation:?}");
    }
    Ok(())
}
