use super::*;

fn config(urls: &[&str]) -> Config {
    let nodes = urls
        .iter()
        .enumerate()
        .map(|(n, url)| NodeConfig { name: format!("node-{n}"), url: Url::parse(url).unwrap() })
        .collect();
    Config {
        nodes,
        chain_id: 1,
        protocol: Address([1; 20]),
        guardian_module: Address([2; 20]),
        exit_proposals: Some(Address([3; 20])),
        deployed: BlockNumber(0),
        timeouts: Timeouts::default(),
        poll: Duration::from_secs(12),
    }
}

#[test]
fn http_and_websockets_are_fine() {
    config(&["http://a:8545", "https://b/key", "ws://c:8546", "wss://user:pass@d/ws/key"])
        .validate()
        .unwrap();
}

#[test]
fn each_fault_names_its_field_and_shows_no_credential() {
    let fails = |config: Config| config.validate().unwrap_err().to_string();
    assert!(fails(config(&[])).starts_with("execution: no execution node is configured"));
    assert_eq!(fails(config(&["http://a"; 17])), "execution: 17 nodes, at most 16");
    let text = fails(config(&["http://a", "ftp://user:secret@host:2121/secret?secret"]));
    assert!(
        text.starts_with("execution[1].url: `ftp://host:2121` is no http://, https://, ws:// or wss://"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
    let mut twins = config(&["http://a", "http://b"]);
    twins.nodes[1].name = "node-0".to_owned();
    assert_eq!(fails(twins), "execution[1].name: another node has this name");
    let mut nameless = config(&["http://a"]);
    nameless.nodes[0].name = "a\nb".to_owned();
    assert_eq!(fails(nameless), "execution[0].name: must be 1 to 64 printable characters");
    let mut one = config(&["http://a"]);
    one.guardian_module = one.protocol;
    assert!(fails(one).starts_with("contracts.guardian_module: is the address of"));
    for (other, name) in [(1, "protocol"), (2, "guardian_module")] {
        let mut one = config(&["http://a"]);
        one.exit_proposals = Some(Address([other; 20]));
        assert!(
            fails(one)
                .starts_with(&format!("contracts.exit_proposals: is the address of `contracts.{name}`"))
        );
    }
}
