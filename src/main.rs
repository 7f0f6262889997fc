//! The `alpinist` program: arguments to command to exit code.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use alpinist::{
    cli::{Cli, Colour, Command},
    commands::{Exit, explain, optimize, parse, passes, verify},
};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let choice = match cli.color {
        Colour::Auto => anstream::ColorChoice::Auto,
        Colour::Always => anstream::ColorChoice::Always,
        Colour::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
    let colour = match cli.color {
        Colour::Auto => io::stderr().is_terminal(),
        Colour::Always => true,
        Colour::Never => false,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = run(&cli, colour, &mut out).and_then(|exit| out.flush().map(|()| exit));
    match result {
        Ok(exit) => exit.into(),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done.into(),
        Err(error) => {
            anstream::eprintln!("error: {error}");
            Exit::Failed.into()
        }
    }
}

fn run(cli: &Cli, colour: bool, out: &mut dyn Write) -> io::Result<Exit> {
    match &cli.command {
        Command::Optimize(arguments) => optimize::run(arguments, &std::env::current_dir()?, colour, out),
        Command::Verify(arguments) => verify::run(arguments, &std::env::current_dir()?, colour, out),
        Command::Passes => passes::run(out),
        Command::Explain(arguments) => explain::run(arguments, out),
        Command::Parse(arguments) => parse::run(arguments, colour, out),
    }
}
