//! How long `mycontainer run /bin/true` takes, beside the least that could do it and beside other runtimes.
//!
//!     cargo bench -p mycontainer [-- ROUNDS]
//!
//! All take turns within each round, so that a slow moment of the machine hits all of them alike; the figures are
//! medians, and ratios of medians. Everything happens in a mount and a network namespace of this program's own.

use std::error::Error;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const BUSYBOX: &str = "/bin/busybox";
const ROUNDS: usize = 200;
const WARM_UP: usize = 5;

/// One of those who run, and what it took them.
struct Runner {
    name: &'static str,
    command: Command,
    times: Vec<Duration>,
}

fn main() -> Result<()> {
    // `cargo test --benches` starts this program to see that it runs: one round shows that.
    let quick = std::env::args().any(|word| word == "--test");
    let rounds = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(if quick { 1 } else { ROUNDS });
    if !nix::unistd::geteuid().is_root() {
        println!(
            "startup: not measured, because containers are started as root here: sudo -E cargo bench -p mycontainer"
        );
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;

    let work = tempfile::tempdir()?;
    let rootfs = make_rootfs(work.path())?;
    let mut runners = Vec::new();
    for (name, command) in candidates(work.path(), &rootfs)? {
        match command.and_then(works) {
            Ok(command) => runners.push(Runner { name, command, times: Vec::new() }),
            Err(reason) => println!("{name:<12} not measured: {reason}"),
        }
    }
    for round in 0..rounds + WARM_UP {
        let mut order: Vec<usize> = (0..runners.len()).collect();
        order.rotate_left(round % runners.len());
        // The kernel takes network namespaces down after the fact, so everyone feels its predecessor: in every other
        // round these are different ones.
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let time = measure(&mut runners[index])?;
            if round >= WARM_UP {
                runners[index].times.push(time);
            }
        }
    }
    report(&mut runners, rounds);
    Ok(())
}

fn make_rootfs(work: &Path) -> Result<PathBuf> {
    let rootfs = work.join("rootfs");
    fs::create_dir_all(rootfs.join("bin"))?;
    for directory in ["proc", "sys", "dev"] {
        fs::create_dir(rootfs.join(directory))?;
    }
    fs::copy(BUSYBOX, rootfs.join("bin/busybox"))
        .map_err(|error| format!("copy {BUSYBOX}: {error} (apt-get install busybox-static)"))?;
    symlink("busybox", rootfs.join("bin/true"))?;
    Ok(rootfs)
}

/// Everybody with the same rootfs and command, and with the isolation that comes nearest to mycontainer's.
fn candidates(work: &Path, rootfs: &Path) -> Result<Vec<(&'static str, Result<Command>)>> {
    let bundle = make_bundle(work, rootfs)?;
    let state = work.join("state");
    let mycontainer = command(env!("CARGO_BIN_EXE_mycontainer"), &["run", "--rootfs"], &[rootfs], &["/bin/true"]);
    let unshare = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--fork", "--mount-proc", "--root"];
    let bwrap = ["--unshare-all", "--proc", "/proc", "--dev", "/dev", "--bind"];
    let slash = Path::new("/");
    Ok(vec![
        ("floor", build_floor(work).map(|floor| command(floor, &[], &[rootfs], &["/bin/true"]))),
        ("mycontainer", Ok(mycontainer)),
        ("unshare", installed("unshare").map(|path| command(path, &unshare, &[rootfs], &["/bin/true"]))),
        (
            "bwrap",
            installed("bwrap").map(|path| {
                // Its operations are carried out in order: the root has to come before what is mounted in it.
                let mut command = command(path, &[bwrap[0], bwrap[5]], &[rootfs, slash], &bwrap[1..5]);
                command.arg("/bin/true");
                command
            }),
        ),
        ("mycontainer oci", Ok(run_bundle(env!("CARGO_BIN_EXE_mycontainer"), &[], &state, "mycontainer", &bundle))),
        ("crun", oci("crun", &["--cgroup-manager=disabled"], &state, &bundle)),
        ("runc", oci("runc", &[], &state, &bundle)),
    ])
}

fn command(program: impl AsRef<Path>, options: &[&str], paths: &[&Path], rest: &[&str]) -> Command {
    let mut command = Command::new(program.as_ref());
    command.args(options).args(paths).args(rest).stdin(Stdio::null());
    command
}

fn oci(name: &'static str, options: &[&str], state: &Path, bundle: &Path) -> Result<Command> {
    Ok(run_bundle(installed(name)?, options, state, name, bundle))
}

fn run_bundle(program: impl AsRef<Path>, options: &[&str], state: &Path, name: &str, bundle: &Path) -> Command {
    let mut command = command(program, options, &[], &["--root"]);
    command.arg(state.join(name)).args(["run", "--bundle"]).arg(bundle).arg(format!("startup-{}", std::process::id()));
    command
}

/// The bundle of `runc spec`, cut down to the same namespaces and mounts.
fn make_bundle(work: &Path, rootfs: &Path) -> Result<PathBuf> {
    let bundle = work.join("bundle");
    fs::create_dir(&bundle)?;
    let config =
        include_str!("config.json").replace("@ROOTFS@", rootfs.to_str().ok_or("the temporary path is not text")?);
    fs::write(bundle.join("config.json"), config)?;
    Ok(bundle)
}

fn build_floor(work: &Path) -> Result<PathBuf> {
    let (source, floor) = (concat!(env!("CARGO_MANIFEST_DIR"), "/benches/floor.c"), work.join("floor"));
    let status = Command::new("cc").args(["-O2", "-static", "-o"]).arg(&floor).arg(source).status();
    match status.map_err(|error| format!("cc: {error} (apt-get install gcc libc6-dev)"))?.success() {
        true => Ok(floor),
        false => Err("cc could not build floor.c".into()),
    }
}

fn installed(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let extra = ["/usr/sbin".into(), "/sbin".into()];
    let mut places = std::env::split_paths(&path).chain(extra).map(|directory| directory.join(name));
    places.find(|path| path.is_file()).ok_or_else(|| "not installed".into())
}

/// Lets each run once before it counts: an installed runtime may not work on this machine.
fn works(mut command: Command) -> Result<Command> {
    let output = command.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(command),
        false => Err(format!("{}: {}", output.status, errors.trim().lines().last().unwrap_or("no message")).into()),
    }
}

fn measure(runner: &mut Runner) -> Result<Duration> {
    let start = Instant::now();
    let status = runner.command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    let time = start.elapsed();
    match status.success() {
        true => Ok(time),
        false => Err(format!("{} has failed: {status}", runner.name).into()),
    }
}

fn report(runners: &mut [Runner], rounds: usize) {
    println!(
        "start-up of /bin/true, {rounds} rounds\n{:<12} {:>10} {:>10} {:>10}",
        "", "median", "fastest", "to floor"
    );
    let floor = runners.iter_mut().find(|runner| runner.name == "floor").map(|floor| median(&mut floor.times));
    let mut medians = Vec::new();
    for Runner { name, times, .. } in runners.iter_mut() {
        let middle = median(times);
        let ratio = floor.map_or("-".into(), |floor| format!("{:.2}", middle.as_secs_f64() / floor.as_secs_f64()));
        println!("{name:<12} {:>7.3} ms {:>7.3} ms {ratio:>10}", milliseconds(middle), milliseconds(times[0]));
        medians.push((*name, middle));
    }
    let of = |wanted| medians.iter().find(|(name, _)| *name == wanted).map(|(_, time)| time.as_secs_f64());
    if let (Some(runc), Some(ours)) = (of("runc"), of("mycontainer")) {
        println!("runc takes {:.1} times as long as mycontainer", runc / ours);
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
