//! The command line: words in, a description of a container out. Everything the user can get wrong is refused here, before
//! anything has been created that would have to be removed again.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, PathBuf};

use lexopt::{Arg, Parser};
use nix::mount::MsFlags;
use nix::sys::resource::Resource;

use crate::bridge::{self, Port};
use crate::caps::{self, Mask, Sets};
use crate::cgroup::{self, Setting};
use crate::container::{Container, Process, Root};
use crate::error::{Error, Result};
use crate::mounts::{self, Contents, Cover, Flags, Mount, Source};
use crate::namespaces::Namespaces;
use crate::net::{self, Network};
use crate::overlay::Image;
use crate::sys::Depth;
use crate::{dev, exec, oci, seccomp, user};

const HELP: &str = "\
Usage: mycontainer run [OPTION...] [--] CMD [ARG...]

Runs CMD as PID 1 of a new container.

  --rootfs DIR       directory that becomes / (default: ./rootfs)
  --image DIR        layer of /, never written; may be repeated, the lowest first
  --keep DIR         with --image: where what the container writes is kept (default: in memory, thrown away)
  --read-only        / cannot be written
  --volume SRC:DST[:ro]
                     the host's file or directory SRC as DST in the container; may be repeated
  --tmpfs DST[:SIZE] an empty directory in memory (default: 64M); may be repeated
  --hostname NAME    name of the container (default: random)
  --workdir DIR      directory in the container where CMD starts (default: /)
  --env NAME=VALUE   variable for CMD; may be repeated
  --user USER[:GROUP]
                     names of the image or numbers (default: 0)
  --cap-add NAME, --cap-drop NAME
                     capability beside, or out of, those that Docker leaves; ALL; may be repeated
  --seccomp MODE     default, or unconfined: no filter of system calls
  --rlimit NAME=SOFT[:HARD]
                     limit of setrlimit(2), for example nofile=1024:4096; may be repeated
  --memory SIZE      memory limit: 52428800, 50M, 50MiB (K, M, G are powers of 1024)
  --cpus N           processor time: 0.5 is half of one processor
  --pids N           number of processes and threads
  --network MODE     none (default: only lo), or
                     veth[,host=NAME][,name=NAME][,address=IP/PREFIX][,gateway=IP]
                     (default: host=veth-host,name=veth-child,address=10.0.0.2/24,gateway=10.0.0.1), or
                     bridge[,name=NAME][,subnet=IP/PREFIX]
                     (default: name=mycontainer0,subnet=10.77.0.0/24)
  --publish HOST:CONTAINER[/udp]
                     with bridge: the host's port HOST leads to the container's; may be repeated
  --help, --version

Exit status: that of CMD; 128+N when signal N ended it; 125 when mycontainer itself
failed; 126 when CMD cannot be executed; 127 when there is no CMD.

As a runtime of the Open Container Initiative: mycontainer oci --help
";

const VERSION: &str = concat!("mycontainer ", env!("CARGO_PKG_VERSION"), "\n");

/// What the user asked for.
#[derive(Debug)]
pub enum Request {
    /// Run a container.
    Run(Box<Container>, Network),
    /// One of the verbs of the Open Container Initiative.
    Oci(Box<oci::Request>),
    /// Print a text and be done.
    Print(&'static str),
}

/// Reads the command line, program name included.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Request> {
    let mut parser = Parser::from_iter(words);
    let mut globals = oci::Globals::default();
    loop {
        match next(&mut parser)? {
            Some(Arg::Value(verb)) => {
                let ours = verb == "run" && !oci::is_bundle(&parser);
                return if ours { parse_run(parser) } else { oci::parse(&verb, parser, globals) };
            }
            Some(Arg::Long("help") | Arg::Short('h')) => return Ok(Request::Print(HELP)),
            Some(Arg::Long("version") | Arg::Short('V' | 'v')) => return Ok(Request::Print(VERSION)),
            Some(Arg::Long("root")) => globals.root = Some(value(&mut parser)?.into()),
            Some(Arg::Long("log")) => globals.log = Some(value(&mut parser)?.into()),
            Some(Arg::Long("log-format")) => globals.json = text(&mut parser)? == "json",
            Some(Arg::Long("debug")) => {}
            Some(other) => return Err(unknown(other)),
            None => return Err(usage("no command given".into())),
        }
    }
}

/// The options that say several things together.
struct Choices {
    rootfs: Option<PathBuf>,
    layers: Vec<PathBuf>,
    kept: Option<PathBuf>,
    hostname: String,
    environment: Vec<OsString>,
    added: Vec<Mask>,
    dropped: Vec<Mask>,
    confined: bool,
    published: Vec<Port>,
}

fn parse_run(mut parser: Parser) -> Result<Request> {
    let mut container = Container {
        namespaces: Namespaces { new: NAMESPACES, cgroup: true, ..Namespaces::default() },
        mounts: mounts::usual(),
        devices: Some(dev::usual()),
        masked: mounts::MASKED.map(PathBuf::from).into(),
        read_only: mounts::READ_ONLY.map(PathBuf::from).into(),
        process: Process { cwd: "/".into(), no_new_privileges: true, ..Process::default() },
        ..Container::default()
    };
    let mut network = Network::Loopback;
    let mut choices = Choices {
        rootfs: None,
        layers: Vec::new(),
        kept: None,
        hostname: random_hostname(),
        environment: Vec::new(),
        added: Vec::new(),
        dropped: Vec::new(),
        confined: true,
        published: Vec::new(),
    };
    while let Some(argument) = next(&mut parser)? {
        match argument {
            Arg::Long("rootfs") => choices.rootfs = Some(value(&mut parser)?.into()),
            Arg::Long("image") => choices.layers.push(value(&mut parser)?.into()),
            Arg::Long("keep") => choices.kept = Some(value(&mut parser)?.into()),
            Arg::Long("read-only") => container.root.read_only = true,
            Arg::Long("volume") => container.mounts.push(volume(value(&mut parser)?)?),
            Arg::Long("tmpfs") => container.mounts.push(tmpfs(value(&mut parser)?)?),
            Arg::Long("hostname") => choices.hostname = hostname(text(&mut parser)?)?,
            Arg::Long("workdir") => container.process.cwd = workdir(value(&mut parser)?)?,
            Arg::Long("env") => choices.environment.push(variable(value(&mut parser)?)?),
            Arg::Long("user") => container.process.user = user(&text(&mut parser)?)?,
            Arg::Long("cap-add") => choices.added.push(capability(&text(&mut parser)?)?),
            Arg::Long("cap-drop") => choices.dropped.push(capability(&text(&mut parser)?)?),
            Arg::Long("seccomp") => choices.confined = confined(&text(&mut parser)?)?,
            Arg::Long("rlimit") => container.process.rlimits.push(rlimit(&text(&mut parser)?)?),
            Arg::Long("memory") => {
                replace(&mut container.limits, cgroup::memory(size("--memory", &text(&mut parser)?)?))
            }
            Arg::Long("cpus") => replace(&mut container.limits, vec![cpus(&text(&mut parser)?)?]),
            Arg::Long("pids") => replace(&mut container.limits, vec![pids(&text(&mut parser)?)?]),
            Arg::Long("publish") => choices.published.push(publish(&text(&mut parser)?)?),
            Arg::Long("network") => network = net::parse(&text(&mut parser)?)?,
            Arg::Long("help") | Arg::Short('h') => return Ok(Request::Print(HELP)),
            // The first word that is no option is CMD. What follows belongs to CMD: `run ls -l` is not ours to read.
            Arg::Value(command) => {
                container.process.args.push(command);
                container.process.args.extend(parser.raw_args().map_err(|error| usage(error.to_string()))?);
                break;
            }
            other => return Err(unknown(other)),
        }
    }
    if container.process.args.is_empty() {
        return Err(usage("run: no CMD given".into()));
    }
    match &mut network {
        Network::Bridge(bridge) => bridge.published = std::mem::take(&mut choices.published),
        _ if choices.published.is_empty() => {}
        _ => return Err(usage("--publish is for --network bridge".into())),
    }
    choices.complete(&mut container)?;
    Ok(Request::Run(Box::new(container), network))
}

/// All kinds of namespace but two. The cgroup namespace follows in `init.rs`, which says why; there is no user
/// namespace: the container's root is the machine's, with what Docker leaves to it.
const NAMESPACES: i32 =
    libc::CLONE_NEWUTS | libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWNET | libc::CLONE_NEWIPC;

impl Choices {
    fn complete(self, container: &mut Container) -> Result<()> {
        let image = match (self.rootfs, self.layers, self.kept) {
            (Some(_), layers, _) if !layers.is_empty() => {
                return Err(usage("--rootfs and --image exclude each other".into()));
            }
            (_, layers, Some(_)) if layers.is_empty() => return Err(usage("--keep is for --image".into())),
            (rootfs, layers, _) if layers.is_empty() => Image::Directory(rootfs.unwrap_or_else(|| "rootfs".into())),
            (_, lower, kept) => Image::Layers { lower, kept },
        };
        container.root = Root { image, ..std::mem::take(&mut container.root) };

        container.process.env = exec::usual_environment(&self.hostname);
        self.environment.into_iter().for_each(|variable| exec::set_variable(&mut container.process.env, variable));
        container.covers = name_itself(&self.hostname);
        container.hostname = Some(self.hostname);

        let mask = caps::choose(&self.added, &self.dropped);
        container.process.capabilities = Some(Sets::of(mask, container.process.user.is_root()));
        if self.confined {
            container.process.seccomp = seccomp::default(mask)?;
        }
        Ok(())
    }
}

/// Lets the container find itself by name.
fn name_itself(hostname: &str) -> Vec<Cover> {
    let hosts = format!("127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t{hostname}\n");
    let cover = |path: &str, text: String| Cover { path: path.into(), contents: Contents::Text(text) };
    vec![cover("/etc/hostname", format!("{hostname}\n")), cover("/etc/hosts", hosts)]
}

/// Of an option that is given twice the last counts.
fn replace(limits: &mut Vec<Setting>, settings: Vec<Setting>) {
    limits.retain(|limit| settings.iter().all(|setting| setting.file != limit.file));
    limits.extend(settings);
}

pub fn next(parser: &mut Parser) -> Result<Option<Arg<'_>>> {
    parser.next().map_err(|error| usage(error.to_string()))
}

pub fn value(parser: &mut Parser) -> Result<OsString> {
    parser.value().map_err(|error| usage(error.to_string()))
}

pub fn text(parser: &mut Parser) -> Result<String> {
    value(parser)?.into_string().map_err(|word| usage(format!("{word:?} is not text")))
}

pub fn unknown(argument: Arg<'_>) -> Error {
    usage(argument.unexpected().to_string())
}

pub fn usage(problem: String) -> Error {
    Error::new(problem).hint("see mycontainer --help")
}

/// A size in bytes. The kernel takes only bytes, and takes `50` for 50 of them: the container is killed before its
/// first instruction. So a bare small number is refused, and every suffix means what it means in `docker run -m`.
fn size(option: &str, word: &str) -> Result<u64> {
    const SMALLEST: u64 = 1 << 20;
    let refuse = |why: &str| {
        Err(Error::new(format!("{option} {word}: {why}; write bytes or K, M, G, KiB, MiB, GiB, for example 50M")))
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

/// Microseconds of processor time per period of 100 ms.
fn cpus(word: &str) -> Result<Setting> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match word.parse::<f64>() {
        // 0.01 is the kernel's own floor (a quota of 1 ms); no machine has the processors to reach the ceiling.
        Ok(number) if plain && (0.01..=100_000.0).contains(&number) => {
            Ok(Setting::new("cpu.max", format!("{} 100000", (number * 100_000.0).round() as u64)))
        }
        _ => Err(Error::new(format!("--cpus {word}: not a number of processors from 0.01 upwards, for example 0.5"))),
    }
}

fn pids(word: &str) -> Result<Setting> {
    match word.parse::<u32>() {
        Ok(number) if number > 0 => Ok(Setting::new("pids.max", number)),
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
fn volume(word: OsString) -> Result<Mount> {
    let parts: Vec<PathBuf> =
        word.as_bytes().split(|&byte| byte == b':').map(|part| OsStr::from_bytes(part).into()).collect();
    let (source, target, flags) = match &parts[..] {
        [source, target] => (source, target, Flags::of(MsFlags::empty())),
        [source, target, option] if option.as_os_str() == "ro" => (source, target, Flags::READ_ONLY),
        _ => return Err(Error::new(format!("--volume {word:?}: not of the form SRC:DST or SRC:DST:ro"))),
    };
    if source.as_os_str().is_empty() || !is_place(target) {
        return Err(Error::new(format!("--volume {word:?}: DST is an absolute path below / without `..`")));
    }
    let source = Source::Bind { path: source.into(), depth: Depth::Recursive };
    Ok(Mount { target: target.into(), source, flags })
}

/// `DST` or `DST:SIZE`. Without a size a tmpfs may take half of the machine's memory.
fn tmpfs(word: OsString) -> Result<Mount> {
    let mut parts = word.as_bytes().splitn(2, |&byte| byte == b':');
    let target = PathBuf::from(OsStr::from_bytes(parts.next().unwrap_or_default()));
    let bytes = match parts.next() {
        None => 64 << 20,
        Some(number) => size("--tmpfs", &String::from_utf8_lossy(number))?,
    };
    if !is_place(&target) {
        return Err(Error::new(format!("--tmpfs {word:?}: DST is an absolute path below / without `..`")));
    }
    let source = Source::New {
        kind: "tmpfs".into(),
        name: "tmpfs".into(),
        data: format!("mode=1777,size={bytes}"),
        copy_up: false,
    };
    Ok(Mount { target, source, flags: Flags::of(MsFlags::MS_NOSUID | MsFlags::MS_NODEV) })
}

/// With `..` it would not be certain where the directories begin that the image lacks.
fn is_place(target: &std::path::Path) -> bool {
    target.is_absolute() && target.components().all(|part| part != Component::ParentDir) && target.parent().is_some()
}

fn user(word: &str) -> Result<user::User> {
    user::parse(word).ok_or_else(|| Error::new(format!("--user {word}: not of the form USER or USER:GROUP")))
}

fn capability(word: &str) -> Result<Mask> {
    caps::mask(word)
        .ok_or_else(|| Error::new(format!("{word}: no capability of capabilities(7), for example NET_ADMIN")))
}

fn publish(word: &str) -> Result<Port> {
    bridge::port(word)
        .ok_or_else(|| Error::new(format!("--publish {word}: not of the form HOST:CONTAINER or HOST:CONTAINER/udp")))
}

fn confined(word: &str) -> Result<bool> {
    match word {
        "default" => Ok(true),
        "unconfined" => Ok(false),
        _ => Err(Error::new(format!("--seccomp {word}: neither default nor unconfined"))),
    }
}

/// `NAME=SOFT` or `NAME=SOFT:HARD`, as in `docker run --ulimit`.
fn rlimit(word: &str) -> Result<(Resource, u64, u64)> {
    let number = |word: &str| if word == "unlimited" { Some(u64::MAX) } else { word.parse().ok() };
    let limit = word.split_once('=').and_then(|(name, limits)| {
        let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
        Some((resource(name)?, number(soft)?, number(hard)?))
    });
    limit.filter(|(_, soft, hard)| soft <= hard).ok_or_else(|| {
        Error::new(format!("--rlimit {word}: not of the form NAME=SOFT[:HARD], for example nofile=1024:4096"))
    })
}

/// The names of setrlimit(2), without their prefix.
pub fn resource(name: &str) -> Option<Resource> {
    Some(match name.to_ascii_lowercase().as_str() {
        "as" => Resource::RLIMIT_AS,
        "core" => Resource::RLIMIT_CORE,
        "cpu" => Resource::RLIMIT_CPU,
        "data" => Resource::RLIMIT_DATA,
        "fsize" => Resource::RLIMIT_FSIZE,
        "locks" => Resource::RLIMIT_LOCKS,
        "memlock" => Resource::RLIMIT_MEMLOCK,
        "msgqueue" => Resource::RLIMIT_MSGQUEUE,
        "nice" => Resource::RLIMIT_NICE,
        "nofile" => Resource::RLIMIT_NOFILE,
        "nproc" => Resource::RLIMIT_NPROC,
        "rss" => Resource::RLIMIT_RSS,
        "rtprio" => Resource::RLIMIT_RTPRIO,
        "rttime" => Resource::RLIMIT_RTTIME,
        "sigpending" => Resource::RLIMIT_SIGPENDING,
        "stack" => Resource::RLIMIT_STACK,
        _ => return None,
    })
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

    fn run(words: &[&str]) -> Result<Container> {
        let words = ["mycontainer", "run"].iter().chain(words).map(OsString::from);
        match parse(words)? {
            Request::Run(container, _) => Ok(*container),
            other => panic!("{other:?}"),
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
        assert_eq!(size("--memory", word).unwrap(), bytes);
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
        let message = size("--memory", word).unwrap_err().to_string();
        assert!(message.contains("for example 50M"), "{message}");
    }

    #[rstest]
    #[case("0.5", "50000 100000")]
    #[case("1", "100000 100000")]
    #[case("2.25", "225000 100000")]
    #[case("0.01", "1000 100000")]
    fn processors(#[case] word: &str, #[case] quota: &str) {
        assert_eq!(cpus(word).unwrap(), Setting::new("cpu.max", quota));
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
        assert_eq!(options.hostname.as_deref(), Some("a"));
        assert_eq!(options.process.args, ["ls", "-l", "--hostname", "b", "--", "x"]);
        for words in [["cat", "-b", "x"], ["npm", "--bundle", "x"]] {
            assert_eq!(run(&words).unwrap().process.args, words);
        }
    }

    #[test]
    fn two_dashes_end_the_options() {
        assert_eq!(run(&["--", "--rootfs", "x"]).unwrap().process.args, ["--rootfs", "x"]);
        assert_eq!(run(&["--pids=3", "--", "ls", "--"]).unwrap().process.args, ["ls", "--"]);
    }

    #[test]
    fn arguments_need_not_be_text() {
        let word = OsString::from_vec(vec![b'a', 0xff]);
        let words = ["mycontainer".into(), "run".into(), "echo".into(), word.clone()];
        match parse(words).unwrap() {
            Request::Run(container, _) => assert_eq!(container.process.args, [OsString::from("echo"), word]),
            other => panic!("{other:?}"),
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
    #[case(&["--user", "a b", "sh"])]
    #[case(&["--cap-add", "FLY", "sh"])]
    #[case(&["--seccomp", "some", "sh"])]
    #[case(&["--rlimit", "nofile", "sh"])]
    #[case(&["--rlimit", "nofile=2:1", "sh"])]
    #[case(&["--rlimit", "dreams=1", "sh"])]
    #[case(&["--tmpfs", "tmp", "sh"])]
    #[case(&["--tmpfs", "/tmp:50", "sh"])]
    #[case(&["--keep", "x", "sh"])]
    #[case(&["--publish", "80:80", "sh"])]
    #[case(&["--network", "bridge", "--publish", "80", "sh"])]
    #[case(&["--image", "x", "--rootfs", "y", "sh"])]
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
        let mounts = run(&["--volume", "/srv:/data:ro", "--volume=x:/x", "sh"]).unwrap().mounts;
        let volume = |source: &str, target: &str, flags| Mount {
            target: target.into(),
            source: Source::Bind { path: source.into(), depth: Depth::Recursive },
            flags,
        };
        let expected = [volume("/srv", "/data", Flags::READ_ONLY), volume("x", "/x", Flags::of(MsFlags::empty()))];
        assert_eq!(mounts[mounts.len() - 2..], expected);
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
