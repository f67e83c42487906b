//! `guardian completions` and `guardian man`: what shells and `man` want to know of this program.

use super::{Cli, Output, print, print_json};
use crate::{Error, file};
use clap::{CommandFactory, ValueEnum};
use std::path::{Path, PathBuf};

/// A shell.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    /// GNU bash
    Bash,
    /// The Z shell
    Zsh,
    /// The friendly interactive shell
    Fish,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  guardian completions bash > /etc/bash_completion.d/guardian
  guardian completions zsh > \"${fpath[1]}/_guardian\"
  guardian completions fish > ~/.config/fish/completions/guardian.fish")]
pub(super) struct Completions {
    /// For which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let shell = match self.shell {
            Shell::Bash => clap_complete::Shell::Bash,
            Shell::Zsh => clap_complete::Shell::Zsh,
            Shell::Fish => clap_complete::Shell::Fish,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "guardian", &mut script);
        print(String::from_utf8(script)?.trim_end())
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  guardian man --out /usr/local/share/man/man1")]
pub(super) struct Man {
    /// Directory for the pages, one for each command; made when missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl Man {
    pub(super) fn run(self) -> anyhow::Result<()> {
        // Public pages in a public place, unlike what `file` makes.
        std::fs::create_dir_all(&self.out).map_err(Error::file("create", &self.out))?;
        let mut program = Cli::command().disable_help_subcommand(true);
        program.build();
        let mut pages = Vec::new();
        write(&program, "guardian", &self.out, &mut pages)?;
        if self.output.json {
            return print_json(&pages);
        }
        print(&format!(
            "{} pages are in {}; read the first with: man {}",
            pages.len(),
            self.out.display(),
            self.out.join("guardian.1").display()
        ))
    }
}

/// The page of a command, and then those of the commands below it.
fn write(command: &clap::Command, name: &str, out: &Path, pages: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let path = out.join(format!("{name}.1"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    file::replace(&path, &page, file::Access::Public)?;
    pages.push(path);
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write(below, &format!("{name}-{}", below.get_name()), out, pages)?;
    }
    Ok(())
}
