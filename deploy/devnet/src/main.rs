//! `devnet`: the whole network on one machine, and a story that ends well or with exit code 1.
//!
//! With `guardian` as its first argument it *is* the guardian program: so one build holds all, and the story starts
//! guardians by calling itself.

use anyhow::Context;
use clap::Parser;
use devnet::narrator::{Form, Narrator};
use devnet::story::{self, Options, Stories};
use std::ffi::OsString;
use std::io::Read;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLES: &str = "\
Examples:
  devnet                              all three stories, in a bit more than two minutes
  devnet --story offline              only the validator that goes dark; also: tickets, emergency
  devnet --real                       the story of the tickets, or of the emergency, on Lodestar and anvil
                                      (needs `make peers`)
  devnet --keep                       the same, then stay up: look at the status endpoints and logs, end with Ctrl-C
  devnet --dir net --slot-seconds 3   slower, with everything kept in ./net
  devnet --json | jq .event           for programs: one JSON object a line";

/// The guardian network on this machine: a beacon chain, an execution chain, four guardians, and trouble for them.
#[derive(Debug, Parser)]
#[command(name = "devnet", version, after_help = EXAMPLES, max_term_width = 110)]
struct Arguments {
    /// Stay up afterwards, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Folder for keys, stores and logs; must be empty or absent [default: a new one among the temporary files]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Validators of the chain; the guardians hold the keys of the first four
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(story::MIN_VALIDATORS..=4096))]
    validators: u64,
    /// Length of a slot; six slots are an epoch, on Lodestar eight
    #[arg(long, default_value_t = 1, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
    slot_seconds: u64,
    /// Which story to tell [default: all; tickets with --real]
    #[arg(long, value_enum)]
    story: Option<Story>,
    /// Lodestar and anvil instead of the embedded chains
    #[arg(long)]
    real: bool,
    /// Tell the story in JSON lines
    #[arg(long)]
    json: bool,
}

/// [`Stories`] on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Story {
    /// A validator goes dark and is forced off
    Offline,
    /// Two operators run out of tickets; one tops up
    Tickets,
    /// Governance asks for two exits, and operators decide
    Emergency,
    /// One after the other
    All,
}

impl From<Story> for Stories {
    fn from(story: Story) -> Self {
        match story {
            Story::Offline => Self::Offline,
            Story::Tickets => Self::Tickets,
            Story::Emergency => Self::Emergency,
            Story::All => Self::All,
        }
    }
}

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == "guardian") {
        return be_guardian(arguments.split_off(1));
    }
    let arguments = Arguments::parse_from(arguments);
    match tell(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The guardian program, with one difference: a running guardian ends when its standard input does, which is when the
/// devnet that started it is gone, however it went.
fn be_guardian(arguments: Vec<OsString>) -> ExitCode {
    if arguments.get(1).is_some_and(|command| command == "run") {
        std::thread::spawn(|| {
            let mut byte = [0u8; 1];
            while matches!(std::io::stdin().read(&mut byte), Ok(1)) {}
            std::process::exit(1);
        });
    }
    guardian::cli::run(arguments)
}

fn tell(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let unless_told = if arguments.real { Stories::Tickets } else { Stories::All };
    let options = Options {
        program: std::env::current_exe().context("cannot find this program's own file")?,
        prefix_args: vec!["guardian".into()],
        dir: arguments.dir,
        validators: arguments.validators,
        // Checked by the parser: at least 1.
        seconds_per_slot: NonZeroU64::new(arguments.slot_seconds).unwrap_or(NonZeroU64::MIN),
        stories: arguments.story.map_or(unless_told, Stories::from),
        real: arguments.real,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let stopped = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        tokio::pin!(stopped);
        let mut narrator = Narrator::new(if arguments.json { Form::Json } else { Form::Human });
        narrator.introduce(options.stories);
        // Whichever branch ends, dropping the story kills the guardians.
        let stage = tokio::select! {
            told = story::play(options, &mut narrator) => match told {
                Ok((_, stage)) => stage,
                // The narrator has told of it.
                Err(_) => return Ok(ExitCode::FAILURE),
            },
            () = &mut stopped => {
                eprintln!("\nstopped before the end");
                return Ok(ExitCode::from(130));
            }
        };
        if arguments.keep {
            narrator.linger(&stage);
            stopped.await;
        }
        drop(stage);
        Ok(ExitCode::SUCCESS)
    })
}
