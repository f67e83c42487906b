//! The command line. Every command says what it did and what comes next; `--json` says it to programs.
//!
//! Exit codes: 0 done, 1 refused or failed (the reason and what to do about it on standard error), 2 wrong usage, or input
//! that `guardian verify` cannot read, 130 the operator ended what only followed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use crypto::password::ScryptCost;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

mod amount;
mod audit;
mod backup;
mod ceremony;
mod custody;
mod decide;
mod desk;
mod dkg;
mod doctor;
mod feed;
mod init;
mod life;
mod manual;
mod network;
mod pause;
mod proposals;
mod propose;
mod repair;
mod replay;
mod reshare;
mod restore;
mod run;
mod runway;
mod status;
mod table;
mod validators;
mod verify;
mod vigil;
mod when;
mod window;

const EXAMPLES: &str = "\
A network of guardians from nothing:
  1. each guardian: guardian init --dir alice --name alice --account 0x7099... \\
                      --beacon http://127.0.0.1:5052 --execution http://127.0.0.1:8545 \\
                      --p2p-listen /ip4/192.0.2.1/tcp/9440
  2. one of them:   guardian network create --name mynet --threshold 3 \\
                      --beacon http://127.0.0.1:5052 --execution http://127.0.0.1:8545 \\
                      --protocol 0x... --guardian-module 0x... --deployed-at-block 19500000 \\
                      --member alice/member.toml --member bob/member.toml ... --out network.toml
  3. each guardian: puts network.toml beside its guardian.toml, compares `guardian network inspect`
                    guardian doctor --config alice/guardian.toml
                    guardian run --config alice/guardian.toml
                    guardian status --config alice/guardian.toml
                    guardian validators --config alice/guardian.toml
                    guardian audit --config alice/guardian.toml

When people must decide (each with --config alice/guardian.toml):
  guardian propose --validators 1201-1216 --reason 'keys leaked' --dry-run
  guardian proposals
  guardian approve 0x5f1d09c2, guardian reject 0x5f1d09c2, guardian pause, guardian resume

Keys for life (each with --config alice/guardian.toml):
  guardian network status, guardian dkg --group, guardian refresh
  guardian reshare --next next.toml, guardian repair dave; the others: --join 0x5f1d09c2

Shares come from the registrations on chain. In a network without contracts (leave out --account,
--execution and the contract flags) they come in files: guardian custody split, guardian custody import.";

/// One guardian of a network that makes validators leave the beacon chain when its rules say so.
#[derive(Debug, Parser)]
#[command(name = "guardian", version, after_help = EXAMPLES, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a guardian: keys, configuration and public card
    Init(init::Init),
    /// The definition that all guardians of a network share
    #[command(subcommand)]
    Network(network::Network),
    /// Validator shares: split a key, import a share
    #[command(subcommand)]
    Custody(custody::Custody),
    /// Run the guardian until it is told to stop
    Run(run::Run),
    /// Show what a running guardian sees
    Status(status::Status),
    /// List registrations and validators with verdict, state and their operator's runway
    Validators(validators::Validators),
    /// Verify the journal's chain and tell the story of a proposal from it
    Audit(audit::Audit),
    /// Verify a signature of the network's key, a signed exit or deposit data, offline
    #[command(subcommand)]
    Verify(verify::Verify),
    /// Verify or mirror the public feed, without trusting who serves it
    #[command(subcommand)]
    Feed(feed::Feed),
    /// Put everything a guardian needs into one encrypted file, or verify such a file
    Backup(backup::Backup),
    /// Make a guardian from a backup
    Restore(restore::Restore),
    /// Say what another policy would have done with what this guardian recorded
    Replay(replay::Replay),
    /// Examine everything a guardian needs and say what to do about each fault
    Doctor(doctor::Doctor),
    /// Ask the network to force validators off the chain
    Propose(Box<propose::Propose>),
    /// Show what people asked for, as this guardian verified it
    Proposals(proposals::Proposals),
    /// Approve an emergency
    Approve(decide::Decide),
    /// Reject an emergency
    Reject(decide::Decide),
    /// Take the approval of an emergency back
    Withdraw(decide::Decide),
    /// Take back an emergency that this guardian, or an account, raised
    Cancel(decide::Cancel),
    /// Release, combine and post nothing until resumed
    Pause(pause::Switch),
    /// End a pause
    Resume(pause::Switch),
    /// Generate the network's own key, or validators' keys, that nobody ever holds whole
    Dkg(dkg::Dkg),
    /// Hand every key over to the guardian set of another definition
    Reshare(reshare::Reshare),
    /// Share every key anew among the same guardians
    Refresh(reshare::Refresh),
    /// Rebuild the shares of a guardian that lost them
    Repair(repair::Repair),
    /// Print a script that completes this program's commands in a shell
    Completions(manual::Completions),
    /// Write this program's manual pages
    Man(manual::Man),
}

/// A command that was not used as it must be: exit code 2, as for what clap refuses.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misused(String);

/// How a command speaks.
#[derive(Debug, Clone, Copy, Args)]
struct Output {
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What guessing a password costs an attacker, and opening the key us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kdf {
    /// 256 MiB and about a second
    Standard,
    /// 1 MiB and milliseconds: only for throw-away networks
    Light,
}

impl Kdf {
    fn cost(self) -> ScryptCost {
        match self {
            Self::Standard => ScryptCost::STANDARD,
            Self::Light => ScryptCost::LIGHT,
        }
    }
}

/// Runs the command line `arguments`, the program's name first, and says how it went.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version are answers too: they go to standard output with code 0.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    // Fails only where the process has one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match execute(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(told(&error)),
    }
}

/// Does what is asked.
fn execute(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Init(command) => command.run(),
        Command::Network(command) => command.run(),
        Command::Custody(command) => command.run(),
        Command::Run(command) => command.run(),
        Command::Status(command) => command.run(),
        Command::Validators(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Feed(command) => command.run(),
        Command::Backup(command) => command.run(),
        Command::Restore(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Doctor(command) => command.run(),
        Command::Propose(command) => command.run(),
        Command::Proposals(command) => command.run(),
        Command::Approve(command) => command.approve(),
        Command::Reject(command) => command.reject(),
        Command::Withdraw(command) => command.withdraw(),
        Command::Cancel(command) => command.run(),
        Command::Pause(command) => command.pause(),
        Command::Resume(command) => command.resume(),
        Command::Dkg(command) => command.run(),
        Command::Reshare(command) => command.run(),
        Command::Refresh(command) => command.run(),
        Command::Repair(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    }
}

/// Says what went wrong, and the exit code it makes.
fn told(error: &anyhow::Error) -> u8 {
    let interrupted = error.is::<vigil::Interrupted>();
    let mut text = if interrupted { error.to_string() } else { format!("error: {error}") };
    let mut last = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some layers repeat what is below them.
        if !last.contains(&cause) {
            text.push_str(&format!("\n  because: {cause}"));
        }
        last = cause;
    }
    // Nobody to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
    if interrupted {
        130
    } else if error.is::<Misused>() {
        2
    } else {
        1
    }
}

/// Prints to standard output; a reader that has gone away is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.write_all(b"\n"))
        .and_then(|()| output.flush())
    {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// The system's randomness. Panics when the system has none, which no key may outlive.
fn randomness() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
