//! The public feed of real processes: four guardians force a validator off while their logs are written, witnessed and
//! signed by the network's own key; what they served is verified by the program that anybody runs, from a guardian, from a
//! mirror, and from a file; and whatever was tampered with is refused.

use anyhow::{Context, Result, bail, ensure};
use crypto::spec::ValidatorIndex;
use devnet::chain::Chain;
use devnet::chain::config::{ChainConfig, Clock};
use guardian_core::ceremony::{Kind, Phase};
use guardian_core::proposal::State;
use guardian_core::request::{Answer, Request};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tests::processes::{Guardians, leading, program, progress};
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// The validator that stops attesting.
const DARK: ValidatorIndex = ValidatorIndex(7);

const RULES: [&str; 6] = ["--offline-epochs", "2", "--max-dark-percent", "100", "--vote-window", "1024"];

/// Longest wait for anything here: a crowded machine is slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// `guardian feed verify`, and what it printed.
async fn verify(arguments: &[&str]) -> Result<(bool, Value)> {
    let Output { status, stdout, stderr } = Command::new(program()?)
        .args(["feed", "verify", "--json"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await?;
    let said = serde_json::from_slice(&stdout).with_context(|| {
        format!("{arguments:?}: {} {}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr))
    })?;
    Ok((status.success(), said))
}

/// Verifies until it holds: the others' cosignatures come a moment after what they sign.
async fn verified(arguments: &[&str]) -> Result<Value> {
    let begun = Instant::now();
    loop {
        let last = match verify(arguments).await {
            Ok((true, said)) => return Ok(said),
            Ok((false, said)) => said.to_string(),
            Err(problem) => format!("{problem:#}"),
        };
        ensure!(begun.elapsed() < PATIENCE, "{arguments:?} does not hold: {last}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn check<'a>(said: &'a Value, code: &str) -> Result<&'a Value> {
    let checks = said["checks"].as_array().context("checks")?;
    checks.iter().find(|check| check["code"] == code).with_context(|| format!("no check {code} in {said}"))
}

async fn get(url: &str) -> Result<(u16, Vec<u8>)> {
    let answer = reqwest::get(url).await?;
    Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
}

async fn eventually(url: &str, what: &str, wanted: impl Fn(u16, &[u8]) -> bool) -> Result<Vec<u8>> {
    let begun = Instant::now();
    loop {
        let answer = get(url).await;
        if let Ok((code, body)) = &answer
            && wanted(*code, body)
        {
            return Ok(body.clone());
        }
        ensure!(begun.elapsed() < PATIENCE, "{url} never {what}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// The network's own key, by all four: their operators agree, each at its admin socket.
async fn make_group_key(guardians: &Guardians) -> Result<()> {
    let ask = |index: usize, request: Request| {
        let socket = guardians.home(index).join("data/admin.sock");
        async move {
            let asked = tokio::task::spawn_blocking(move || guardian::admin::ask(&socket, "story", &request));
            Ok::<_, anyhow::Error>(asked.await??)
        }
    };
    let request = Request::Convene { kind: Box::new(Kind::GroupKey), lifetime: 2_000 };
    let Answer::Convened { ceremony } = ask(1, request).await? else { bail!("not convened") };
    for index in 2..=4 {
        let knows = |status: &guardian_core::status::StatusSnapshot| {
            status.ceremonies.iter().any(|known| known.id == ceremony)
        };
        guardians.status_until(index, "knows the ceremony", knows).await?;
        let note = "a word between operators".to_owned();
        ask(index, Request::AnswerCeremony { ceremony, agrees: true, note }).await?;
    }
    for index in 1..=4 {
        guardians
            .status_until(index, "has the network's own key", |status| {
                status.group_key.is_some()
                    && status
                        .ceremonies
                        .iter()
                        .any(|known| known.id == ceremony && known.phase == Phase::Done)
            })
            .await?;
    }
    Ok(())
}

/// A mirror, which dies with its handle.
fn mirror(dir: &Path, of: &[String], network: &Path, listen: &str) -> Result<Child> {
    let mut command = Command::new(program()?);
    command.args(["feed", "serve", "--every", "1", "--listen", listen, "--dir"]).arg(dir);
    command.arg("--network").arg(network);
    for url in of {
        command.args(["--of", url]);
    }
    let log = std::fs::File::create(dir.with_extension("log"))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    Ok(command.spawn()?)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path of text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_guardians_publish_is_verified_by_anybody_and_nothing_else_is_believed() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let chain =
        Chain::start(&ChainConfig { clock: Clock::Wall { head_start: 4 }, ..ChainConfig::default() })?;
    let node = chain.node("one").await?;
    let url = node.url();
    let mut guardians = Guardians::prepare(dir.path(), &[url.as_str(); 4], 3, &RULES, DARK).await?;
    for index in 1..=4 {
        guardians.start(index).await?;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let network = guardians.definition();
    let network = text(&network)?;
    let feeds: Vec<String> = (1..=4).map(|index| guardians.feed_url(index)).collect();

    // Four logs, each signed by its guardian and cosigned by the others.
    let state: PathBuf = dir.path().join("visits.json");
    for feed in &feeds {
        let said =
            verified(&[feed, "--network", network, "--witnesses", "4", "--state", text(&state)?]).await?;
        ensure!(
            check(&said, "consistency")?["words"].as_str().is_some_and(|w| w.starts_with("first")),
            "{said}"
        );
    }
    make_group_key(&guardians).await?;

    // One of them dies at a bad moment and comes back; its log only grew.
    chain.set_dark([DARK]).await?;
    guardians.status_until(2, "votes", |status| leading(status).is_some()).await?;
    guardians.kill(2).await?;
    guardians.start(2).await?;
    let left = |status: &guardian_core::status::StatusSnapshot| {
        leading(status).is_some_and(|story| progress(story.state) >= progress(State::Finalized))
    };
    for index in 1..=4 {
        guardians.status_until(index, "sees the validator gone", left).await?;
    }
    for feed in &feeds {
        let said = verified(&[feed, "--network", network, "--state", text(&state)?]).await?;
        ensure!(said["finding"]["by"].as_u64().is_some_and(|by| by > 5), "{said}");
    }
    let said = verified(&[&feeds[0], "--network", network, "--against", &feeds[3]]).await?;
    ensure!(said["comparison"]["alike"].as_u64().is_some_and(|alike| alike > 3), "{said}");
    let said = verified(&[&feeds[1], "--network", network, "--entry", "0"]).await?;
    ensure!(said["entry"]["kind"] == "definition", "{said}");

    // The network's own key signs a log that t of them have checked.
    let status = guardians.status(1).await?;
    let key = status.group_key.clone().context("a key")?;
    let logs = get(&format!("{}/v1/key", feeds[0])).await?;
    let shown: Value = serde_json::from_slice(&logs.1)?;
    let origin = shown["data"]["origin"].as_str().context("an origin")?.to_owned();
    let listed: Value = serde_json::from_slice(&get(&format!("{}/v1/logs", feeds[0])).await?.1)?;
    let id = listed["data"][0]["id"].as_str().context("a log")?.to_owned();
    let signed = format!("{}/log/{id}/network-checkpoint", feeds[0]);
    let note = eventually(&signed, "is signed by the network", |code, _| code == 200).await?;
    ensure!(String::from_utf8_lossy(&note).starts_with(&origin), "of this log");
    let definition = guardian::definition::load(Path::new(network))?;
    let bindings: std::collections::BTreeMap<u16, feed::KeyBinding> =
        serde_json::from_value(shown["data"]["bindings"].clone())?;
    let bound =
        bindings.iter().map(|(of, binding)| (guardian_core::guardian_set::GuardianIndex(*of), binding));
    let keys =
        feed::Keys::bound(&definition, bound, Some(key.parse().map_err(|_| anyhow::anyhow!("a key"))?))?;
    let holds = feed::verify_note(&note, &keys)?;
    ensure!(holds.group && holds.cosigned.len() >= 2, "{holds:?}");

    // The dossier stands for itself; one letter changed and it does not.
    let story = leading(&status).context("a proposal")?;
    let dossier = format!("{}/v1/proposals/{}/dossier", feeds[0], story.id);
    let has_roots = |body: &[u8]| String::from_utf8_lossy(body).contains("\"roots\":{\"beacon\":{");
    let whole = eventually(&dossier, "has the dossier with the block that was decided by", |code, body| {
        code == 200 && has_roots(body)
    })
    .await?;
    let file = dir.path().join("dossier.json");
    std::fs::write(&file, &whole)?;
    let (holds, said) = verify(&["--dossier", text(&file)?, "--network", network]).await?;
    ensure!(holds, "{said}");
    ensure!(said["included"].as_u64().is_some(), "{said}");
    ensure!(check(&said, "roots")?["ok"] == true, "{said}");
    let foreign = format!("0x{}", "ab".repeat(32));
    let (holds, _) = verify(&["--dossier", text(&file)?, "--network-id", &foreign]).await?;
    ensure!(!holds, "a dossier of another network");
    let letters = String::from_utf8(whole)?;
    let signature = letters.find("\"signature\"").context("a signature")? + 16;
    let mut changed = letters.clone().into_bytes();
    changed[signature] = if changed[signature] == b'a' { b'b' } else { b'a' };
    std::fs::write(&file, &changed)?;
    let refused = verify(&["--dossier", text(&file)?, "--network", network]).await;
    ensure!(refused.as_ref().map_or(true, |(holds, _)| !holds), "{refused:?}");

    // A mirror serves the same, verified, after its guardian is gone.
    let port = devnet::processes::ports::Port::free()?;
    let listen = format!("127.0.0.1:{}", port.number());
    drop(port);
    let kept = dir.path().join("mirror");
    let _mirror = mirror(&kept, &feeds[..1], Path::new(network), &listen)?;
    let at = format!("http://{listen}");
    verified(&[&at, "--network", network, "--state", text(&state)?]).await?;
    guardians.kill(1).await?;
    verified(&[&at, "--network", network, "--state", text(&state)?, "--entry", "1"]).await?;

    // A guardian that lost the end of its log hears from the others that there was more before it says anything new:
    // another log begins, and says so.
    let tail = guardians.home(3).join("data/feed/log-0/tail");
    guardians.kill(3).await?;
    let mut bytes = std::fs::read(&tail)?;
    // So much that the others witnessed some of it: of its last entry, written a moment ago, nobody may know yet.
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    std::fs::write(&tail, bytes)?;
    guardians.start(3).await?;
    let begun = format!("{}/v1/logs", feeds[2]);
    eventually(&begun, "has another log", |_, body| {
        let listed: Value = serde_json::from_slice(body).unwrap_or_default();
        let origin = listed["data"].as_array().and_then(|logs| logs.last()?["origin"].as_str());
        origin.is_some_and(|origin| !origin.ends_with("/0"))
    })
    .await?;
    let said = verified(&[&feeds[2], "--network", network, "--state", text(&state)?]).await?;
    ensure!(said["finding"]["finding"] == "another", "{said}");

    // Nothing that only operators said is in what was published.
    for feed in &feeds[1..] {
        let entries = format!("/log/{id}/tile/entries/000.p/2");
        for path in ["/v1/snapshot", entries.as_str(), "/v1/proposals", "/"] {
            let (code, body) = get(&format!("{feed}{path}")).await?;
            ensure!(code == 200, "{feed}{path}: {code}");
            ensure!(!String::from_utf8_lossy(&body).contains("a word between operators"), "{feed}{path}");
        }
    }
    guardians.ended_well();
    Ok(())
}
