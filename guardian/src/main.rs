//! The `guardian` program.

fn main() -> std::process::ExitCode {
    guardian::cli::run(std::env::args_os())
}
