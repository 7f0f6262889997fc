//! The command line's types; no behaviour.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Rewrites Debian-slim Dockerfiles and their compose files to Alpine, as a diff to review.
#[derive(Debug, Parser)]
#[command(name = "alpinist", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show, check or write the optimized Dockerfiles and compose files.
    Optimize(Box<Optimize>),
    /// Build and run the images before and after, and compare; this runs the project's code.
    Verify(Box<Verify>),
    /// List the passes in their order.
    Passes,
    /// Print the manual page of a pass, or what is behind a trap id; `-` reads an error message from stdin.
    Explain(Explain),
    /// Print how Dockerfiles are read, one JSON object a file.
    Parse(Parse),
}

/// Which projects are looked at, and what is to be done to them.
#[derive(Clone, Debug, Args)]
pub struct Selection {
    /// Where to go; `auto` takes Alpine where the evidence allows it.
    #[arg(long, value_enum, default_value_t = Target::Auto)]
    pub target: Target,
    /// The Alpine branch, such as 3.23; the default is the newest one published for the image.
    #[arg(long, value_name = "VERSION")]
    pub alpine: Option<String>,
    /// Ask the package index for Python packages that the tables do not know; `PIP_INDEX_URL` is heeded.
    #[arg(long)]
    pub online: bool,
    /// Only this service; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub service: Vec<String>,
    /// Only these passes, separated by commas.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Not these passes, separated by commas.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// The highest risk to apply.
    #[arg(long, value_enum, default_value_t = RiskCap::Review)]
    pub risk: RiskCap,
    /// The most questions that a change may carry to be applied; the default is any number.
    #[arg(long, value_name = "N")]
    pub max_questions: Option<usize>,
    /// The configuration file; the default is the alpinist.yaml in or beside each PATH.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Arguments of `optimize`.
#[derive(Debug, Args)]
pub struct Optimize {
    /// Folders, compose files and Dockerfiles; `-` reads a Dockerfile from stdin and prints the result.
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Print the diff and write nothing (the default).
    #[arg(long, conflicts_with_all = ["write", "check"])]
    pub dry_run: bool,
    /// Write the files.
    #[arg(long, conflicts_with = "check")]
    pub write: bool,
    /// Write nothing; exit with 1 if something would change.
    #[arg(long)]
    pub check: bool,
    /// What to look at, and what to do.
    #[command(flatten)]
    pub selection: Selection,
    /// Rewrite the Dockerfile itself, also for another base or other stages.
    #[arg(long)]
    pub in_place: bool,
    /// Write a sibling also where the base and the stages stay.
    #[arg(long, conflicts_with = "in_place")]
    pub sibling: bool,
    /// What to print on stdout.
    #[arg(long, value_enum, default_value_t = Format::Diff)]
    pub format: Format,
    /// Overwrite a sibling that holds something else.
    #[arg(long)]
    pub force: bool,
    /// How many projects are looked at at once; the default is one a core.
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub jobs: Option<usize>,
    /// Show in the summary also where there was nothing to do.
    #[arg(long, short)]
    pub verbose: bool,
    /// Build and run the images before and after, and take only what holds; this runs the project's code.
    #[arg(long)]
    pub verify: bool,
    /// How to build and to run.
    #[command(flatten, next_help_heading = "With --verify")]
    pub proof: Proof,
}

/// Arguments of `verify`.
#[derive(Clone, Debug, Args)]
pub struct Verify {
    /// Folders, compose files and Dockerfiles.
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// What to look at, and what to do.
    #[command(flatten)]
    pub selection: Selection,
    /// How to build and to run.
    #[command(flatten)]
    pub proof: Proof,
    /// What to print on stdout.
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub format: ReportFormat,
    /// Write the report as JSON to this file, too.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Show what the engine says while it builds.
    #[arg(long, short)]
    pub verbose: bool,
}

/// How images are built and run to prove a change.
#[derive(Clone, Debug, Args)]
pub struct Proof {
    /// The engine's program, by name or path; the default is the first of docker, podman and nerdctl that answers.
    #[arg(long, value_name = "PROGRAM")]
    pub engine: Option<String>,
    /// The network for building and running.
    #[arg(long, value_enum, default_value_t = Network::Default)]
    pub network: Network,
    /// The network for building, where it is another one.
    #[arg(long, value_enum, value_name = "NETWORK")]
    pub build_network: Option<Network>,
    /// How many seconds each step of a run may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
    /// How many seconds a build may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub build_timeout: u64,
    /// How often each image is run; from 2 on the table shows ranges.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub runs: u8,
    /// A further address to ask, as `/path` or `http://localhost:PORT/path`; may be given several times.
    #[arg(long, value_name = "URL")]
    pub probe: Vec<String>,
    /// How many further builds may be spent to find what works when the whole of it does not.
    #[arg(long, value_name = "BUILDS", default_value_t = 12)]
    pub budget: usize,
    /// Keep the images.
    #[arg(long)]
    pub keep: bool,
    /// A build argument, as NAME=VALUE or NAME; its value is never shown.
    #[arg(long, value_name = "ARG")]
    pub build_arg: Vec<String>,
    /// A secret of the build, as `docker build --secret` takes it.
    #[arg(long, value_name = "SECRET")]
    pub secret: Vec<String>,
    /// An SSH agent or key of the build, as `docker build --ssh` takes it.
    #[arg(long, value_name = "SSH")]
    pub ssh: Vec<String>,
    /// A host that builds know, as HOST:IP.
    #[arg(long, value_name = "HOST:IP")]
    pub add_host: Vec<String>,
}

/// A number of threads.
fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=1024) => Ok(jobs),
        _ => Err("write a number from 1 to 1024".to_owned()),
    }
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// A pass, a trap id such as PKG-05, or `-` for an error message on stdin.
    pub topic: String,
}

/// Arguments of `parse`.
#[derive(Debug, Args)]
pub struct Parse {
    /// Dockerfiles.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The output format.
    #[arg(long, value_enum, default_value_t = ParseFormat::Json)]
    pub format: ParseFormat,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Target {
    Alpine,
    Slim,
    Auto,
}

/// The highest risk to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum RiskCap {
    Safe,
    Review,
}

/// What `optimize` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Format {
    Diff,
    Summary,
    /// One object for the whole run.
    Json,
    /// One object a line for each Dockerfile and compose file.
    Ndjson,
}

/// The network of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Network {
    None,
    Host,
    Default,
}

/// What `verify` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum ReportFormat {
    Table,
    Json,
}

/// What `parse` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum ParseFormat {
    Json,
}
