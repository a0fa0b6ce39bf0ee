//! The command line: words in, `Options` out. Everything the user can get wrong is refused here, before anything has
//! been created that would have to be removed again.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, PathBuf};

use lexopt::{Arg, Parser};

use crate::cgroup::Limits;
use crate::error::{Error, Result};
use crate::mounts::Volume;
use crate::net::{self, Veth};

const HELP: &str = "\
Usage: mycontainer run [OPTION...] [--] CMD [ARG...]

Runs CMD as PID 1 of a new container.

  --rootfs DIR       directory that becomes / (default: ./rootfs)
  --hostname NAME    name of the container (default: random)
  --workdir DIR      directory in the container where CMD starts (default: /)
  --env NAME=VALUE   variable for CMD; may be repeated
  --volume SRC:DST[:ro]
                     the host's directory SRC as DST in the container; may be repeated
  --memory SIZE      memory limit: 52428800, 50M, 50MiB (K, M, G are powers of 1024)
  --cpus N           processor time: 0.5 is half of one processor
  --pids N           number of processes and threads
  --network MODE     none (default: only lo), or
                     veth[,host=NAME][,name=NAME][,address=IP/PREFIX][,gateway=IP]
                     (default: host=veth-host,name=veth-child,address=10.0.0.2/24,gateway=10.0.0.1)
  --help, --version

Exit status: that of CMD; 128+N when signal N ended it; 125 when mycontainer itself
failed; 126 when CMD cannot be executed; 127 when there is no CMD.
";

const VERSION: &str = concat!("mycontainer ", env!("CARGO_PKG_VERSION"), "\n");

/// What the user asked for.
#[derive(Debug)]
pub enum Request {
    /// Run a container.
    Run(Box<Options>),
    /// Print a text and be done.
    Print(&'static str),
}

/// One container, fully described and valid as far as that can be told without touching the machine.
#[derive(Debug)]
pub struct Options {
    pub rootfs: PathBuf,
    pub hostname: String,
    pub workdir: PathBuf,
    pub environment: Vec<OsString>,
    pub volumes: Vec<Volume>,
    pub limits: Limits,
    /// `None` leaves the container with nothing but `lo`.
    pub veth: Option<Veth>,
    /// CMD and its arguments, never empty.
    pub command: Vec<OsString>,
}

/// Reads the command line, program name included.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Request> {
    let mut parser = Parser::from_iter(words);
    match next(&mut parser)? {
        Some(Arg::Value(verb)) if verb == "run" => parse_run(parser),
        Some(Arg::Value(verb)) => Err(usage(format!("there is no command {verb:?}"))),
        Some(Arg::Long("help") | Arg::Short('h')) => Ok(Request::Print(HELP)),
        Some(Arg::Long("version") | Arg::Short('V')) => Ok(Request::Print(VERSION)),
        Some(other) => Err(unknown(other)),
        None => Err(usage("no command given".into())),
    }
}

fn parse_run(mut parser: Parser) -> Result<Request> {
    let mut options = Options {
        rootfs: PathBuf::from("rootfs"),
        hostname: random_hostname(),
        workdir: PathBuf::from("/"),
        environment: Vec::new(),
        volumes: Vec::new(),
        limits: Limits::default(),
        veth: None,
        command: Vec::new(),
    };
    while let Some(argument) = next(&mut parser)? {
        match argument {
            Arg::Long("rootfs") => options.rootfs = value(&mut parser)?.into(),
            Arg::Long("hostname") => options.hostname = hostname(text(&mut parser)?)?,
            Arg::Long("workdir") => options.workdir = workdir(value(&mut parser)?)?,
            Arg::Long("env") => options.environment.push(variable(value(&mut parser)?)?),
            Arg::Long("volume") => options.volumes.push(volume(value(&mut parser)?)?),
            Arg::Long("memory") => options.limits.memory = Some(size(&text(&mut parser)?)?),
            Arg::Long("cpus") => options.limits.cpus = Some(cpus(&text(&mut parser)?)?),
            Arg::Long("pids") => options.limits.pids = Some(pids(&text(&mut parser)?)?),
            Arg::Long("network") => options.veth = net::parse(&text(&mut parser)?)?,
            Arg::Long("help") | Arg::Short('h') => return Ok(Request::Print(HELP)),
            // The first word that is no option is CMD. What follows belongs to CMD: `run ls -l` is not ours to read.
            Arg::Value(command) => {
                options.command.push(command);
                options.command.extend(parser.raw_args().map_err(|error| usage(error.to_string()))?);
                break;
            }
            other => return Err(unknown(other)),
        }
    }
    if options.command.is_empty() {
        return Err(usage("run: no CMD given".into()));
    }
    Ok(Request::Run(Box::new(options)))
}

fn next(parser: &mut Parser) -> Result<Option<Arg<'_>>> {
    parser.next().map_err(|error| usage(error.to_string()))
}

fn value(parser: &mut Parser) -> Result<OsString> {
    parser.value().map_err(|error| usage(error.to_string()))
}

fn text(parser: &mut Parser) -> Result<String> {
    value(parser)?.into_string().map_err(|word| usage(format!("{word:?} is not text")))
}

fn unknown(argument: Arg<'_>) -> Error {
    usage(argument.unexpected().to_string())
}

fn usage(problem: String) -> Error {
    Error::new(problem).hint("see mycontainer --help")
}

/// A size in bytes. The kernel takes only bytes, and takes `50` for 50 of them: the container is killed before its
/// first instruction. So a bare small number is refused, and every suffix means what it means in `docker run -m`.
fn size(word: &str) -> Result<u64> {
    const SMALLEST: u64 = 1 << 20;
    let refuse = |why: &str| {
        Err(Error::new(format!("--memory {word}: {why}; write bytes or K, M, G, KiB, MiB, GiB, for example 50M")))
    };
    let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, suffix) = word.split_at(digits);
    let unit: u64 = match suffix.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return refuse("not a size"),
    };
    if number.is_empty() {
        return refuse("not a size");
    }
    // memory.max is kept in pages and read as a signed number of bytes: beyond i64 the kernel would mean something else.
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).filter(|&size| size <= i64::MAX as u64)
    {
        None => refuse("too large"),
        Some(size) if size < SMALLEST => refuse("less than 1 MiB, in which no process can start"),
        Some(size) => Ok(size),
    }
}

/// Microseconds of processor time per period of 100 ms, the first number in `cpu.max`.
fn cpus(word: &str) -> Result<u64> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match word.parse::<f64>() {
        // 0.01 is the kernel's own floor (a quota of 1 ms); no machine has the processors to reach the ceiling.
        Ok(number) if plain && (0.01..=100_000.0).contains(&number) => Ok((number * 100_000.0).round() as u64),
        _ => Err(Error::new(format!("--cpus {word}: not a number of processors from 0.01 upwards, for example 0.5"))),
    }
}

fn pids(word: &str) -> Result<u32> {
    match word.parse::<u32>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Error::new(format!("--pids {word}: not a whole number from 1 upwards"))),
    }
}

/// The kernel accepts up to 64 bytes of anything; the characters are those of hostname(7).
fn hostname(name: String) -> Result<String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if name.is_empty() || name.len() > 64 || !name.chars().all(valid) {
        return Err(Error::new(format!("--hostname {name}: 1 to 64 letters, digits, '-', '.' and '_' are possible")));
    }
    Ok(name)
}

/// Two containers must not be called alike, nor after the machine they run on.
fn random_hostname() -> String {
    // The standard library seeds this hasher from the kernel's random numbers.
    format!("{:012x}", RandomState::new().build_hasher().finish() & 0xffff_ffff_ffff)
}

fn workdir(path: OsString) -> Result<PathBuf> {
    match path.as_bytes().first() {
        Some(b'/') => Ok(path.into()),
        _ => Err(Error::new(format!("--workdir {path:?}: not an absolute path"))),
    }
}

/// `SRC:DST` or `SRC:DST:ro`. A path with a colon in it cannot be given.
fn volume(word: OsString) -> Result<Volume> {
    let parts: Vec<PathBuf> =
        word.as_bytes().split(|&byte| byte == b':').map(|part| OsStr::from_bytes(part).into()).collect();
    let (source, target, read_only) = match &parts[..] {
        [source, target] => (source, target, false),
        [source, target, option] if option.as_os_str() == "ro" => (source, target, true),
        _ => return Err(Error::new(format!("--volume {word:?}: not of the form SRC:DST or SRC:DST:ro"))),
    };
    // With `..` it would not be certain where the directories begin that the image lacks.
    let plain = target.is_absolute() && target.components().all(|part| part != Component::ParentDir);
    if source.as_os_str().is_empty() || !plain || target.parent().is_none() {
        return Err(Error::new(format!("--volume {word:?}: DST is an absolute path below / without `..`")));
    }
    Ok(Volume { source: source.into(), target: target.into(), read_only })
}

fn variable(word: OsString) -> Result<OsString> {
    match word.as_bytes().iter().position(|&byte| byte == b'=') {
        None | Some(0) => Err(Error::new(format!("--env {word:?}: not of the form NAME=VALUE"))),
        Some(_) => Ok(OsString::from_vec(word.into_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn run(words: &[&str]) -> Result<Options> {
        let words = ["mycontainer", "run"].iter().chain(words).map(OsString::from);
        match parse(words)? {
            Request::Run(options) => Ok(*options),
            Request::Print(text) => panic!("printed {text}"),
        }
    }

    #[rstest]
    #[case("1048576", 1 << 20)]
    #[case("52428800", 52428800)]
    #[case("50M", 52428800)]
    #[case("50m", 52428800)]
    #[case("50MB", 52428800)]
    #[case("50MiB", 52428800)]
    #[case("2048K", 2 << 20)]
    #[case("4096M", 4 << 30)]
    #[case("3GiB", 3 << 30)]
    fn sizes(#[case] word: &str, #[case] bytes: u64) {
        assert_eq!(size(word).unwrap(), bytes);
    }

    #[rstest]
    #[case("")]
    #[case("0")]
    #[case("0M")]
    #[case("50")]
    #[case("-1")]
    #[case("-50M")]
    #[case("1.5G")]
    #[case("50 M")]
    #[case("50Q")]
    #[case("M")]
    #[case("99999999999999999999")]
    #[case("9000000000G")]
    #[case("８M")]
    #[case("max")]
    fn no_sizes(#[case] word: &str) {
        let message = size(word).unwrap_err().to_string();
        assert!(message.contains("for example 50M"), "{message}");
    }

    #[rstest]
    #[case("0.5", 50_000)]
    #[case("1", 100_000)]
    #[case("2.25", 225_000)]
    #[case("0.01", 1_000)]
    fn processors(#[case] word: &str, #[case] quota: u64) {
        assert_eq!(cpus(word).unwrap(), quota);
    }

    #[rstest]
    fn no_processors(#[values("0", "0.001", "-1", "nan", "inf", "1e3", "50%", "", ".", "1/2")] word: &str) {
        assert!(cpus(word).is_err());
    }

    #[rstest]
    fn no_numbers_of_processes(#[values("0", "-1", "max", "1.5", "4294967296", "")] word: &str) {
        assert!(pids(word).is_err());
    }

    #[test]
    fn options_end_at_the_command() {
        let options = run(&["--hostname", "a", "ls", "-l", "--hostname", "b", "--", "x"]).unwrap();
        assert_eq!(options.hostname, "a");
        assert_eq!(options.command, ["ls", "-l", "--hostname", "b", "--", "x"]);
    }

    #[test]
    fn two_dashes_end_the_options() {
        assert_eq!(run(&["--", "--rootfs", "x"]).unwrap().command, ["--rootfs", "x"]);
        assert_eq!(run(&["--pids=3", "--", "ls", "--"]).unwrap().command, ["ls", "--"]);
    }

    #[test]
    fn arguments_need_not_be_text() {
        let word = OsString::from_vec(vec![b'a', 0xff]);
        let words = ["mycontainer".into(), "run".into(), "echo".into(), word.clone()];
        match parse(words).unwrap() {
            Request::Run(options) => assert_eq!(options.command, [OsString::from("echo"), word]),
            Request::Print(text) => panic!("printed {text}"),
        }
    }

    #[rstest]
    #[case(&[])]
    #[case(&["--"])]
    #[case(&["--bogus", "sh"])]
    #[case(&["-x", "sh"])]
    #[case(&["--memory"])]
    #[case(&["--env", "NAME", "sh"])]
    #[case(&["--env", "=x", "sh"])]
    #[case(&["--workdir", "tmp", "sh"])]
    #[case(&["--workdir", "", "sh"])]
    #[case(&["--hostname", "", "sh"])]
    #[case(&["--hostname", "a b", "sh"])]
    #[case(&["--network", "bridge", "sh"])]
    #[case(&["--volume", "/srv", "sh"])]
    #[case(&["--volume", ":/data", "sh"])]
    #[case(&["--volume", "/srv:data", "sh"])]
    #[case(&["--volume", "/srv:/", "sh"])]
    #[case(&["--volume", "/srv:/a/../b", "sh"])]
    #[case(&["--volume", "/srv:/data:rw:ro", "sh"])]
    fn refused(#[case] words: &[&str]) {
        assert_eq!(run(words).unwrap_err().status, crate::error::FAILED);
    }

    #[test]
    fn volumes_may_be_read_only_and_many() {
        let volumes = run(&["--volume", "/srv:/data:ro", "--volume=x:/x", "sh"]).unwrap().volumes;
        let volume =
            |source: &str, target: &str, read_only| Volume { source: source.into(), target: target.into(), read_only };
        assert_eq!(volumes, [volume("/srv", "/data", true), volume("x", "/x", false)]);
    }

    #[test]
    fn hostnames_have_64_bytes_at_most() {
        assert!(hostname("h".repeat(64)).is_ok());
        assert!(hostname("h".repeat(65)).is_err());
    }

    #[test]
    fn hostnames_differ_by_default() {
        assert_ne!(random_hostname(), random_hostname());
    }
}
