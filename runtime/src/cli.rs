//! The command line: words in, a description of a container out. Everything the user can get wrong is refused here, before
//! anything has been created that would have to be removed again.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use crate::bridge::Port;
use crate::caps::{self, Mask, Sets};
use crate::cgroup::{self, Setting};
use crate::container::{Container, Process, Root};
use crate::error::{Error, Result};
use crate::mounts::{self, Contents, Cover};
use crate::namespaces::Namespaces;
use crate::net::{self, Network};
use crate::overlay::Image;
use crate::{dev, exec, oci, seccomp, values};

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
        hostname: values::random_hostname(),
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
            Arg::Long("volume") => container.mounts.push(values::volume(value(&mut parser)?)?),
            Arg::Long("tmpfs") => container.mounts.push(values::tmpfs(value(&mut parser)?)?),
            Arg::Long("hostname") => choices.hostname = values::hostname(text(&mut parser)?)?,
            Arg::Long("workdir") => container.process.cwd = values::workdir(value(&mut parser)?)?,
            Arg::Long("env") => choices.environment.push(values::variable(value(&mut parser)?)?),
            Arg::Long("user") => container.process.user = values::user(&text(&mut parser)?)?,
            Arg::Long("cap-add") => choices.added.push(values::capability(&text(&mut parser)?)?),
            Arg::Long("cap-drop") => choices.dropped.push(values::capability(&text(&mut parser)?)?),
            Arg::Long("seccomp") => choices.confined = values::confined(&text(&mut parser)?)?,
            Arg::Long("rlimit") => container.process.rlimits.push(values::rlimit(&text(&mut parser)?)?),
            Arg::Long("memory") => {
                replace(&mut container.limits, cgroup::memory(values::size("--memory", &text(&mut parser)?)?))
            }
            Arg::Long("cpus") => replace(&mut container.limits, vec![values::cpus(&text(&mut parser)?)?]),
            Arg::Long("pids") => replace(&mut container.limits, vec![values::pids(&text(&mut parser)?)?]),
            Arg::Long("publish") => choices.published.push(values::publish(&text(&mut parser)?)?),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Flags;
    use crate::mounts::{Mount, Source};
    use crate::sys::Depth;
    use nix::mount::MsFlags;
    use rstest::rstest;
    use std::os::unix::ffi::OsStringExt;

    fn run(words: &[&str]) -> Result<Container> {
        let words = ["mycontainer", "run"].iter().chain(words).map(OsString::from);
        match parse(words)? {
            Request::Run(container, _) => Ok(*container),
            other => panic!("{other:?}"),
        }
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
}
