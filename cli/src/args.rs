//! The command line, as clap understands it.

use crate::report::Format;
use boxproof_harness::backend::vm::userland::Tools;
use boxproof_harness::result::{Shard, Tier};
use boxproof_scenarios::texts::Language;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Examines container runtimes from the kernel's side.
#[derive(Debug, Parser)]
#[command(name = "boxproof", version, max_term_width = 100, propagate_version = false)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Examine a runtime and report which steps of the workshop work, which do not, and why
    #[command(after_help = EXAM_HELP)]
    Exam(ExamArgs),
    /// Turn saved results into another format
    #[command(after_help = REPORT_HELP)]
    Report(ReportArgs),
    /// Examine a whole class: one result per student, and what became of all of them
    #[command(after_help = CLASS_HELP)]
    Class(ClassArgs),
    /// Put parts of a class together that were examined in several places (class --shard)
    Merge(MergeArgs),
    /// List the scenarios
    List(ListArgs),
    /// Print or check a course file: which scenarios count, for how much, and on what terms
    Course(CourseArgs),
    /// Explain a scenario or a cause: what it means, why it matters, how to see it by hand
    Explain(ExplainArgs),
    /// Say of every requirement whether this machine meets it, and how to mend it
    Doctor(DoctorArgs),
    /// Manage the virtual machine that runtimes are examined in
    Vm(VmArgs),
    /// Examine on behalf of another boxproof (JSON lines)
    #[command(hide = true)]
    Agent(AgentArgs),
}

const EXAM_HELP: &str = "\
Exit status:
  0  everything examined passed
  1  something failed
  2  wrong usage, or RUNTIME cannot be examined
  3  this machine could not examine everything; the report says what to do about it

Examples:
  boxproof exam ./mycontainer
  boxproof exam ./mycontainer --only pid-one --lang ja
  sudo boxproof exam ./mycontainer --backend local
  boxproof exam ./mycontainer --backend vagrant --keep
  boxproof exam ./mycontainer --json > result.json";

const REPORT_HELP: &str = "\
Examples:
  boxproof report html -o page.html result.json
  boxproof report html -o class.html results/*.json
  boxproof report csv results/*.json > scores.csv";

#[derive(Debug, Args)]
pub struct ExamArgs {
    /// The program to examine, or a directory with a boxproof.toml; default: the current directory
    #[arg(value_name = "RUNTIME|DIR")]
    pub runtime: Option<PathBuf>,
    /// How the program is called: as in the workshop (RUNTIME run CMD...), as boxproof.toml says, or as an OCI runtime
    /// (create, start, kill and delete over a bundle)
    #[arg(long, value_enum)]
    pub adapter: Option<Adapter>,
    /// The directory that becomes the container's rootfs/
    #[arg(long, value_name = "DIR")]
    pub rootfs: Option<PathBuf>,
    /// Where to examine: `vm` needs no root and harms nothing; `local` runs the program as root on this machine;
    /// `vagrant` in a machine of Vagrant's; `auto` is $BOXPROOF_BACKEND, else vm
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// The directory of Vagrant's machine; default: $VAGRANT_CWD, else where the nearest Vagrantfile is
    #[arg(long, value_name = "DIR")]
    pub vagrant: Option<PathBuf>,
    /// Leave a machine of Vagrant's running that had to be brought up
    #[arg(long)]
    pub keep: bool,
    /// The virtual machine's kernel: a version (6.12), a package or a file; default: $BOXPROOF_KERNEL, else what this
    /// distribution runs in virtual machines
    #[arg(long, value_name = "KERNEL")]
    pub kernel: Option<String>,
    /// Where boxproof.toml's build command runs: in a virtual machine without network (the default for an exam in one), or
    /// `here`, as you
    #[arg(long, value_enum, value_name = "PLACE")]
    pub build: Option<BuildPlace>,
    /// Boot the virtual machine anew instead of restoring it from its snapshot
    #[arg(long)]
    pub no_snapshot: bool,
    /// Examine only this tier (repeatable)
    #[arg(long, value_enum, value_name = "TIER")]
    pub tier: Vec<TierArg>,
    /// Examine only this scenario (repeatable)
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// The course to examine by: which scenarios count, for how much, and on what terms
    #[arg(long, value_name = "FILE")]
    pub course: Option<PathBuf>,
    /// Repeat a run exactly: every drawn value comes from this number
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Language of the report; default: from LC_ALL, LC_MESSAGES, LANG
    #[arg(long, value_enum)]
    pub lang: Option<LanguageArg>,
    /// Write the result (boxproof/result/v1) to stdout, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Also write a report in a format of `boxproof report` (repeatable)
    #[arg(long, value_name = "FORMAT=PATH", value_parser = report_target)]
    pub report: Vec<(Format, PathBuf)>,
}

const CLASS_HELP: &str = "\
Exit status:
  0  everybody was graded, whatever the scores
  2  wrong usage, or a mistake in the roster or the course
  3  somebody could not be examined; nobody's score was touched by that

Examples:
  boxproof class submissions/ --course course.toml -o results
  boxproof class roster.csv --course course.toml -o results --resume
  boxproof class roster.csv --course course.toml -o part2 --shard 2/4
  boxproof merge part1 part2 part3 part4 -o results";

#[derive(Debug, Args)]
pub struct ClassArgs {
    /// A folder with one submission per entry, or a csv: student_id,path,commit,committed_at (path: also a git url)
    #[arg(value_name = "DIRECTORY|ROSTER.csv")]
    pub class: PathBuf,
    /// The course to examine by; default: what `boxproof course --print-default` prints
    #[arg(long, value_name = "FILE")]
    pub course: Option<PathBuf>,
    /// Where the results go: OUT/STUDENT/result.json, OUT/class.json, OUT/class.csv
    #[arg(short, long, value_name = "OUT")]
    pub out: PathBuf,
    /// Go on with an interrupted run: whoever is done already, and has changed nothing, is not examined again
    #[arg(long)]
    pub resume: bool,
    /// How many are examined side by side; default: by processors and memory
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub jobs: Option<u32>,
    /// Examine only part K of N, for `boxproof merge`
    #[arg(long, value_name = "K/N", value_parser = crate::class::shard::parse, default_value = "1/1")]
    pub shard: Shard,
    /// The container's rootfs/ for those who bring none
    #[arg(long, value_name = "DIR")]
    pub rootfs: Option<PathBuf>,
    /// Where to examine, as for `exam`
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// The virtual machine's kernel, as for `exam`
    #[arg(long, value_name = "KERNEL")]
    pub kernel: Option<String>,
    /// Where build commands run, as for `exam`
    #[arg(long, value_enum, value_name = "PLACE")]
    pub build: Option<BuildPlace>,
    /// What is drawn for everybody comes from this and the student's id; default: the course's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Language of the reports; default: the course's, else from the locale
    #[arg(long, value_enum)]
    pub lang: Option<LanguageArg>,
}

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// What `boxproof class --shard` has written
    #[arg(value_name = "OUT", required = true)]
    pub parts: Vec<PathBuf>,
    /// Where the whole goes
    #[arg(short, long, value_name = "OUT")]
    pub out: PathBuf,
    /// Do without parts that are missing
    #[arg(long)]
    pub partial: bool,
    /// Language; default: from the locale
    #[arg(long, value_enum)]
    pub lang: Option<LanguageArg>,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The format
    #[arg(value_enum, value_name = "FORMAT")]
    pub format: Format,
    /// Results (boxproof/result/v1), as `boxproof exam --json` writes them. Several make one page of a class (html) or one
    /// table (csv)
    #[arg(required = true, value_name = "RESULT.json")]
    pub results: Vec<PathBuf>,
    /// Where to write it; default: stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Language of the report; default: the one that the result was written in
    #[arg(long, value_enum)]
    pub lang: Option<LanguageArg>,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// As the Markdown of docs/scenarios.md
    #[arg(long, hide = true, conflicts_with = "json")]
    pub markdown: bool,
    /// Language; default: from the locale
    #[arg(long, value_enum)]
    pub lang: Option<LanguageArg>,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true, args_conflicts_with_subcommands = true)]
pub struct CourseArgs {
    /// Print the default, with comments: what to begin with
    #[arg(long)]
    pub print_default: bool,
    #[command(subcommand)]
    pub command: Option<CourseCommand>,
}

#[derive(Debug, Subcommand)]
pub enum CourseCommand {
    /// Say what is wrong with a course file, and what it amounts to
    Check {
        /// The file
        file: PathBuf,
        /// Language; default: from the locale
        #[arg(long, value_enum)]
        lang: Option<LanguageArg>,
    },
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Id of a scenario or of a cause, as a report names it
    pub id: String,
    /// Language; default: from the locale
    #[arg(long, value_enum)]
    pub lang: Option<LanguageArg>,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Language; default: from the locale
    #[arg(long, value_enum)]
    pub lang: Option<LanguageArg>,
}

#[derive(Debug, Args)]
pub struct VmArgs {
    #[command(subcommand)]
    pub command: VmCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum VmCommand {
    /// Download and unpack what the virtual machine needs and make its snapshot, so that later runs need no network
    Prepare {
        /// The kernel, as for `exam`
        #[arg(long, value_name = "KERNEL")]
        kernel: Option<String>,
        /// Also what scripts and builds in these languages need (repeatable)
        #[arg(long, value_enum, value_name = "LANGUAGE")]
        tools: Vec<ToolsArg>,
    },
    /// Open a shell in the virtual machine
    Shell,
    /// Remove everything that was downloaded, and the snapshots
    Clean,
}

#[derive(Debug, Args)]
pub struct AgentArgs {
    /// The device to talk over, instead of stdin and stdout
    #[arg(long)]
    pub port: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Adapter {
    Workshop,
    Command,
    Oci,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    #[default]
    Auto,
    Vm,
    Local,
    Vagrant,
}

/// Where a submission is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BuildPlace {
    Vm,
    Here,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ToolsArg {
    Scripts,
    C,
    Go,
    Rust,
    GoAndRust,
}

impl From<ToolsArg> for Tools {
    fn from(tools: ToolsArg) -> Tools {
        match tools {
            ToolsArg::Scripts => Tools::Scripts,
            ToolsArg::C => Tools::C,
            ToolsArg::Go => Tools::Go,
            ToolsArg::Rust => Tools::Rust,
            ToolsArg::GoAndRust => Tools::GoAndRust,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TierArg {
    Core,
    Robust,
    Next,
    Hardened,
}

impl From<TierArg> for Tier {
    fn from(tier: TierArg) -> Tier {
        match tier {
            TierArg::Core => Tier::Core,
            TierArg::Robust => Tier::Robust,
            TierArg::Next => Tier::Next,
            TierArg::Hardened => Tier::Hardened,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LanguageArg {
    En,
    Ja,
}

/// The language asked for, else the environment's.
pub fn language(asked: Option<LanguageArg>) -> Language {
    match asked {
        Some(LanguageArg::En) => Language::English,
        Some(LanguageArg::Ja) => Language::Japanese,
        None => Language::of_environment(),
    }
}

fn report_target(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("expected FORMAT=PATH, as in json=result.json")?;
    let format = Format::from_str(format, false).map_err(|_| {
        let known: Vec<_> = Format::value_variants().iter().filter_map(|known| known.to_possible_value()).collect();
        let known: Vec<_> = known.iter().map(|value| value.get_name()).collect();
        format!("no report format `{format}`; there are {}", known.join(", "))
    })?;
    if path.is_empty() { Err("expected a path after =".to_owned()) } else { Ok((format, path.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_report_is_a_format_and_a_path() {
        assert_eq!(report_target("json=a=b.json"), Ok((Format::Json, "a=b.json".into())));
        assert!(report_target("json").is_err());
        assert!(report_target("json=").is_err());
        assert!(report_target("pdf=x").is_err_and(|message| message.contains("junit")));
    }
}
