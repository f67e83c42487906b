use super::*;
use crate::definition::tests::{contracts, network};
use guardian_core::emergency::{RaiserClass, Severity};
use guardian_core::policy::Enforcement;
use guardian_core::settings::{StandingOrder, StandingVote};

fn sample_text() -> String {
    sample(&Sample {
        beacon: vec![("lodestar-1".into(), "http://127.0.0.1:9596".parse().unwrap())],
        execution: vec![("geth-1".into(), "wss://user:secret@rpc.example/v1/key".parse().unwrap())],
        p2p_listen: vec!["/ip4/127.0.0.1/tcp/9440".into()],
        http_listen: "127.0.0.1:8440".parse().unwrap(),
        feed_listen: None,
        password_file: Some("password".into()),
    })
}

fn load(text: &str) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("guardian.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path).map_err(|e| e.to_string().replace(&format!("{}/", directory.path().display()), ""))
}

#[test]
fn the_sample_is_complete_and_valid() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("guardian.toml");
    std::fs::write(&path, sample_text()).unwrap();
    let config = Config::load(&path).unwrap();
    let expected = Config {
        previous: None,
        network: directory.path().join("network.toml"),
        data_dir: directory.path().join("data"),
        keys: Keys {
            identity: directory.path().join("identity.json"),
            custody: directory.path().join("custody.json"),
            password_file: Some(directory.path().join("password")),
        },
        beacon: vec![Beacon {
            name: "lodestar-1".into(),
            url: "http://127.0.0.1:9596".parse().unwrap(),
            client: None,
        }],
        execution: vec![Execution {
            name: "geth-1".into(),
            url: "wss://user:secret@rpc.example/v1/key".parse().unwrap(),
            client: None,
        }],
        p2p: P2p { listen: vec!["/ip4/127.0.0.1/tcp/9440".into()] },
        http: Http::default(),
        feed: Feed::default(),
        admin: Admin::default(),
        enforcement: EnforcementLimits::default(),
        standing: Vec::new(),
        webhook: None,
        log: Log::default(),
        recording: Recording { keep_epochs: 20_250 },
    };
    assert_eq!(config, expected);
}

#[test]
fn absolute_paths_stay_and_optional_parts_default() {
    let config = load(
        "network = \"/etc/network.toml\"\nkeys = { identity = \"i\", custody = \"c\" }\n\
         beacon = [{ name = \"a\", url = \"https://node.example/eth\" }]\np2p = { listen = [\"/ip4/0.0.0.0/tcp/1\"] }",
    )
    .unwrap();
    assert_eq!(config.network, Path::new("/etc/network.toml"));
    assert!(config.data_dir.ends_with("data"));
    assert_eq!((config.http, config.log), (Http::default(), Log::default()));
    assert_eq!(config.recording, Recording::default());
}

/// Every mistake is told with its line and what to do about it.
#[test]
fn mistakes_are_named() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "filter = \"info\"",
            "fliter = \"info\"",
            &["unknown key `fliter`", "did you mean `filter`?", ".toml:"],
        ),
        ("[http]", "[htpp]", &["unknown key `htpp`", "did you mean `http`?"]),
        ("data_dir =", "zzz =", &["unknown key `zzz`", "valid here: network, previous, data_dir, keys"]),
        ("network = \"network.toml\"", "", &["missing field `network`"]),
        ("http://127.0.0.1:9596", "127.0.0.1:9596", &["write it like http://127.0.0.1:5052", "url ="]),
        ("http://127.0.0.1:9596", "ftp://host/", &["not an http or https URL"]),
        ("\"lodestar-1\"", "\"Lode Star\"", &["a-z, 0-9 and -", "name = \"Lode Star\""]),
        ("\"127.0.0.1:8440\"", "\"localhost\"", &["write it like 127.0.0.1:8440", "listen = \"localhost\""]),
        ("format = \"human\"", "format = \"xml\"", &["unknown variant `xml`", "human", "json"]),
        ("filter = \"info\"", "filter = \"a=b=c\"", &["not a log filter", "info,p2p=debug"]),
        ("[\"/ip4/127.0.0.1/tcp/9440\"]", "[]", &["`p2p.listen` has 0 entries; it needs 1 to 16"]),
        (
            "[[beacon]]",
            "[[beacon]]\nname=\"lodestar-1\"\nurl=\"http://x\"\n[[beacon]]",
            &["named `lodestar-1`"],
        ),
        (
            "/ip4/127.0.0.1/tcp/9440",
            "127.0.0.1:9440",
            &["`127.0.0.1:9440` is no multiaddr", "/ip4/192.0.2.1/tcp/9440"],
        ),
        (
            "/ip4/127.0.0.1/tcp/9440",
            "/dns4/bob.example/tcp/9440",
            &["`/dns4/bob.example/tcp/9440` is a host name", "by IP address only"],
        ),
        ("/ip4/127.0.0.1/tcp/9440", "/ip4/127.0.0.1/udp/9440", &["is not an IP address with a TCP port"]),
        ("wss://", "ipc://", &["not an http, https, ws or wss URL", "http://127.0.0.1:8545", "url = …"]),
        (
            "[[execution]]",
            "[[execution]]\nname=\"geth-1\"\nurl=\"http://x\"\n[[execution]]",
            &["two [[execution]] entries are named `geth-1`"],
        ),
        ("[[execution]]", "[[executoin]]", &["unknown key `executoin`", "did you mean `execution`?"]),
        ("keep_epochs = 20250", "keep_epochs = 224", &["225 epochs (a day) at least; 0 turns it off"]),
        ("[log]", "[log", &[".toml:"]),
        (
            "offline = \"enforce\"",
            "offline = \"maybe\"",
            &["unknown variant `maybe`", "observe", "offline = "],
        ),
        (
            "offline = \"enforce\"",
            "ofline = \"enforce\"",
            &["unknown key `ofline`", "did you mean `offline`?"],
        ),
        ("[admin]", "[admin]\nsokcet = \"x\"", &["unknown key `sokcet`", "socket"]),
        (
            "# [webhook]\n# url = \"https:",
            "[webhook]\nurl = \"mailto:",
            &["not an http or https URL", "url = …"],
        ),
        ("[\"/ip4/127.0.0.1/tcp/9440\"]", "7", &["listen = 7", "invalid type"]),
    ];
    for (from, to, expected) in cases {
        let text = sample_text();
        assert!(text.contains(from), "{from}");
        let refused = load(&text.replacen(from, to, 1)).expect_err(to);
        for part in *expected {
            assert!(refused.contains(part), "{to}: expected {part:?} in {refused:?}");
        }
    }
    let line = sample_text().lines().position(|line| line == "filter = \"info\"").unwrap() + 1;
    let refused = load(&sample_text().replace("filter = ", "fliter = ")).unwrap_err();
    assert!(refused.contains(&format!("guardian.toml:{line}:")), "{refused}");
}

#[test]
fn too_many_beacon_nodes_are_refused() {
    let more: String = (0..16).map(|i| format!("[[beacon]]\nname=\"n{i}\"\nurl=\"http://x\"\n")).collect();
    let refused = load(&sample_text().replace("[p2p]", &format!("{more}[p2p]"))).unwrap_err();
    assert!(refused.contains("`[[beacon]]` has 17 entries"), "{refused}");
}

#[test]
fn a_file_that_cannot_be_a_configuration_is_refused() {
    assert!(load(&"#".repeat((1 << 20) + 1)).unwrap_err().contains("too large to be a configuration"));
    let missing = Config::load(Path::new("/nonexistent/guardian.toml")).unwrap_err();
    assert!(missing.to_string().contains("cannot read /nonexistent/guardian.toml"), "{missing}");
}

#[test]
fn too_many_execution_nodes_are_refused() {
    let more: String = (0..16).map(|i| format!("[[execution]]\nname=\"n{i}\"\nurl=\"ws://x\"\n")).collect();
    let refused = load(&sample_text().replace("[p2p]", &format!("{more}[p2p]"))).unwrap_err();
    assert!(refused.contains("`[[execution]]` has 17 entries; it may have 16"), "{refused}");
}

#[test]
fn execution_nodes_are_needed_where_there_are_contracts_and_nowhere_else() {
    let (mut definition, _) = network(3, 4, 1);
    let mut config = load(&sample_text()).unwrap();
    let refused = config.fits(&definition).unwrap_err().to_string();
    assert!(refused.contains("`testnet`") && refused.contains("remove [[execution]]"), "{refused}");
    config.execution.clear();
    config.fits(&definition).unwrap();
    definition.contracts = Some(contracts());
    let refused = config.fits(&definition).unwrap_err().to_string();
    assert!(refused.contains("chain 31337") && refused.contains("add an [[execution]] table"), "{refused}");
    assert!(load(&sample_text()).unwrap().fits(&definition).is_ok());
}

/// Neither an error about a line nor a debug print may show what an access key could be.
#[test]
fn urls_are_not_shown() {
    let config = load(&sample_text()).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("secret") && !shown.contains("v1/key"), "{shown}");
    for (from, to) in [("wss://", "ipc://"), ("url = \"wss", "url = 3 \"wss"), ("url = \"wss", "ulr = \"wss")]
    {
        let refused = load(&sample_text().replace(from, to)).unwrap_err();
        assert!(!refused.contains("secret") && !refused.contains("v1/key"), "{refused}");
    }
}

#[test]
fn a_sample_without_execution_nodes_shows_how_to_add_one() {
    let values = Sample {
        beacon: vec![("a".into(), "http://127.0.0.1:9596".parse().unwrap())],
        execution: Vec::new(),
        p2p_listen: vec!["/ip4/127.0.0.1/tcp/9440".into()],
        http_listen: "127.0.0.1:8440".parse().unwrap(),
        feed_listen: None,
        password_file: None,
    };
    let text = sample(&values);
    assert!(text.contains("# [[execution]]"), "{text}");
    assert!(load(&text).unwrap().execution.is_empty());
}

/// The sample with its commented standing order and webhook in force.
fn decided() -> String {
    sample_text()
        .lines()
        .map(|line| {
            let key = line.strip_prefix("# ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            let keys = ["[[standing]]", "[webhook]", "name", "raiser", "proposer", "severity"];
            let in_force = keys.contains(&key) && !line.contains("may be left out")
                || ["max_validators", "vote", "url", "socket"].contains(&key);
            if in_force { &line[2..] } else { line }
        })
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn what_the_operator_decides_reaches_the_core() {
    let text = decided().replacen("tickets = \"enforce\"", "tickets = \"warn\"", 1);
    let config = load(&text).unwrap();
    let settings = config.settings();
    assert_eq!((settings.offline, settings.tickets), (Enforcement::Enforce, Enforcement::Warn));
    let order = StandingOrder {
        name: "timelock".to_owned(),
        raiser: Some(RaiserClass::Contract),
        proposer: Some("0x70997970C51812dc3A010C7d01b50e0d17dc79C8".parse().unwrap()),
        severity: Some(Severity::Normal),
        max_validators: 16,
        vote: StandingVote::Approve,
    };
    assert_eq!(settings.standing, [order]);
    assert!(config.admin_socket().ends_with("data/admin.sock"));
    assert_eq!(load(&sample_text()).unwrap().settings(), Settings::default());

    let elsewhere = load(&text.replace("data/admin.sock", "/run/guardian/a.sock")).unwrap();
    assert_eq!(elsewhere.admin_socket(), Path::new("/run/guardian/a.sock"));
}

#[test]
fn standing_orders_that_cannot_be_are_named() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("max_validators = 16", "max_validators = 0", &["`max_validators`", "`timelock` is 0", "1 to 1024"]),
        ("max_validators = 16", "max_validators = 1025", &["is 1025"]),
        ("max_validators = 16", "", &["missing field `max_validators`"]),
        ("vote = \"approve\"", "vote = \"abstain\"", &["unknown variant `abstain`", "reject"]),
        ("raiser = \"contract\"", "raiser = \"guardian\"", &["nothing would ever fit", "or remove one"]),
        ("name = \"timelock\"", "name = \"Time Lock\"", &["a-z, 0-9 and -"]),
        ("proposer = \"0x7099", "proposer = \"0x", &["Address", "proposer = "]),
    ];
    for (from, to, expected) in cases {
        let text = decided();
        assert!(text.contains(from), "{from}\n{text}");
        let refused = load(&text.replacen(from, to, 1)).expect_err(to);
        for part in *expected {
            assert!(refused.contains(part), "{to}: expected {part:?} in {refused:?}");
        }
    }
    let order =
        |name: &str| format!("[[standing]]\nname = \"{name}\"\nmax_validators = 1\nvote = \"reject\"\n");
    let many: String = (0..65).map(|number| order(&format!("n{number}"))).collect();
    let refused = load(&sample_text().replace("[log]", &format!("{many}[log]"))).unwrap_err();
    assert!(refused.contains("`[[standing]]` has 65 entries; it may have 64"), "{refused}");
    let twice = order("a").repeat(2);
    let refused = load(&sample_text().replace("[log]", &format!("{twice}[log]"))).unwrap_err();
    assert!(refused.contains("two [[standing]] entries are named `a`"), "{refused}");
}

/// A webhook's url may be all it takes to post in somebody's name.
#[test]
fn a_webhooks_url_is_not_shown() {
    let text = decided().replace("hooks.example/guardian", "hooks.example/services/T0KEN");
    let config = load(&text).unwrap();
    let shown = format!("{config:?}");
    assert!(shown.contains("hooks.example") && !shown.contains("T0KEN"), "{shown}");
    for (from, to) in [
        ("url = \"https", "url = \"ftp"),
        ("url = \"https", "url = 3 \"https"),
        ("url = \"https", "ulr = \"https"),
    ] {
        let refused = load(&text.replace(from, to)).unwrap_err();
        assert!(!refused.contains("T0KEN"), "{refused}");
    }
}
