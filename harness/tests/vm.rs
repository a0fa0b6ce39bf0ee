//! The micro-VM for real: a stock kernel under QEMU, with this test program as the guest's `/init` and its agent.
//! What the agent does it is told by the host, line by line, or by the kernel's command line.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use boxproof_harness::backend::vm::accel::Accel;
use boxproof_harness::backend::vm::{self, Ending, Port, Progress, Vm, VmError, VmOptions, guest};
use libtest_mimic::{Arguments, Failed, Trial};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_settime};

type Outcome = Result<(), Failed>;

/// Long enough for a machine that is busy with other tests; nothing waits this long unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
/// On the kernel's command line: the agent ends without a word.
const MUTE: &str = "boxproof.test=mute";
const MEBIBYTE: usize = 1 << 20;

fn main() -> ExitCode {
    if guest::is_guest_init() {
        guest::run();
    }
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("agent") => agent(Path::new(&arguments[3])),
        Some("boot") => boot_and_wait(),
        _ => {
            let snapshots = tempfile::tempdir().expect("temporary directory");
            SNAPSHOTS.set(snapshots.path().to_owned()).expect("set once");
            let conclusion = libtest_mimic::run(&Arguments::from_args(), trials());
            conclusion.exit_code()
        }
    }
}

/// Where the snapshot lies that most tests begin with.
static SNAPSHOTS: OnceLock<PathBuf> = OnceLock::new();
/// Tells the victim of a test where to keep its snapshot.
const VICTIMS_SNAPSHOTS: &str = "VICTIMS_SNAPSHOTS";

fn trials() -> Vec<Trial> {
    vec![
        Trial::test("guest_is_like_a_systemd_host", guest_is_like_a_systemd_host),
        Trial::test("panic_is_told_as_panic", panic_is_told_as_panic),
        Trial::test("mute_agent_is_told_as_boot_failure", mute_agent_is_told_as_boot_failure),
        Trial::test("a_hang_tells_where_it_is", a_hang_tells_where_it_is),
        Trial::test("slow_boot_is_told_as_hang", slow_boot_is_told_as_hang),
        Trial::test("sigkill_leaves_nothing", sigkill_leaves_nothing),
        Trial::test("of_two_at_once_one_saves_and_both_start", of_two_at_once_one_saves_and_both_start),
        Trial::test("restored_guests_know_the_time_and_draw_alone", restored_guests_know_the_time_and_draw_alone),
        Trial::test("another_guest_does_not_get_the_snapshot", another_guest_does_not_get_the_snapshot),
        Trial::test("a_truncated_snapshot_is_made_anew", a_truncated_snapshot_is_made_anew),
        Trial::test("a_snapshot_that_qemu_refuses_is_made_anew", a_snapshot_that_qemu_refuses_is_made_anew),
        Trial::test("missing_qemu_is_named", missing_qemu_is_named),
    ]
}

// ---- the host's side ----

/// Software emulation everywhere, so that a test means the same on every machine.
fn options() -> VmOptions {
    VmOptions { accel: Some(Accel::Tcg), snapshots: SNAPSHOTS.get().cloned(), ..VmOptions::default() }
}

fn without_snapshot() -> VmOptions {
    VmOptions { snapshot: false, ..options() }
}

/// A guest from the snapshot that the tests share: whichever test comes first makes it.
fn boot() -> Result<Vm, Failed> {
    let vm = Vm::boot(&options(), &|_| {})?;
    assert_eq!(vm.hello(), "hello");
    Ok(vm)
}

/// A guest, and the first word of each thing that happened on the way.
fn watched(options: &VmOptions) -> Result<(Vm, Vec<&'static str>), VmError> {
    let seen = Mutex::new(Vec::new());
    let vm = Vm::boot(options, &|progress| seen.lock().expect("unpoisoned").push(name(&progress)))?;
    Ok((vm, seen.into_inner().expect("unpoisoned")))
}

fn name(progress: &Progress) -> &'static str {
    match progress {
        Progress::Booting { .. } => "booting",
        Progress::Saving => "saving",
        Progress::NotSaved { .. } => "not saved",
        Progress::Restoring { .. } => "restoring",
        Progress::SnapshotRefused { .. } => "refused",
        Progress::AwaitingSnapshot => "waiting",
        Progress::Downloading { .. }
        | Progress::MakingUserland { .. }
        | Progress::ModulesAbsent { .. }
        | Progress::Accel { .. } => "preparing",
    }
}

fn ask(vm: &mut Vm, question: &str) -> Result<String, VmError> {
    vm.send(format!("{question}\n").as_bytes(), PATIENCE)?;
    vm.wait_line(PATIENCE)
}

/// An own copy of the shared snapshot: the directory of snapshots, and the one in it.
fn copied() -> Result<(tempfile::TempDir, PathBuf), Failed> {
    boot()?;
    let directory = tempfile::tempdir()?;
    let from = only_snapshot(SNAPSHOTS.get().expect("set"));
    let copied = Command::new("cp").args(["-r", "--sparse=always"]).arg(&from).arg(directory.path()).status()?;
    assert!(copied.success());
    let place = only_snapshot(directory.path());
    Ok((directory, place))
}

fn only_snapshot(directory: &Path) -> PathBuf {
    let found: BTreeSet<_> = listing(directory).into_iter().filter(|file| file.ends_with("about.json")).collect();
    let [about] = Vec::from_iter(found).try_into().expect("one snapshot");
    about.parent().expect("a directory").to_owned()
}

/// One boot, many questions.
fn guest_is_like_a_systemd_host() -> Outcome {
    let mut vm = boot()?;
    for question in
        ["shared-root", "pivot-root", "memory-controller", "swap", "modules", "loopback", "one-agent", "devices"]
    {
        assert_eq!(ask(&mut vm, question)?, "yes", "{question}; console: {}", vm.console());
    }
    assert_eq!(ask(&mut vm, "release")?, vm.kernel_release());

    let parcel: Vec<u8> = (0..MEBIBYTE).map(|index| (index * 31 % 251) as u8 | 0x80).collect();
    vm.send(b"echo\n", PATIENCE)?;
    vm.send(&parcel, PATIENCE)?;
    let mut back = vec![0; MEBIBYTE];
    vm.port()?.read_exact(&mut back)?;
    assert!(back == parcel, "every byte comes back");

    // An agent that says nothing is told from one that has ended.
    let silence = vm.wait_line(Duration::from_millis(50)).expect_err("nobody speaks");
    assert!(matches!(silence, VmError::Silent { booted: true, .. }), "{silence}");
    vm.send(b"end\n", PATIENCE)?;
    let end = vm.wait_line(PATIENCE).expect_err("the agent ended");
    assert!(matches!(end, VmError::Ended { ending: Ending::PowerOff, booted: true, .. }), "{end}");
    assert!(vm.shutdown(PATIENCE), "switched off by itself");
    Ok(())
}

fn panic_is_told_as_panic() -> Outcome {
    let mut vm = boot()?;
    vm.send(b"panic\n", PATIENCE)?;
    let end = vm.wait_line(PATIENCE).expect_err("the kernel panicked");
    let VmError::Ended { ending: Ending::Panic(line), booted: true, .. } = &end else { panic!("{end}") };
    assert!(line.contains("sysrq"), "{line}");
    Ok(())
}

fn a_hang_tells_where_it_is() -> Outcome {
    let mut vm = boot()?;
    assert!(vm.interrogate(PATIENCE), "the guest ends; console: {}", vm.console());
    let console = vm.console();
    assert!(console.contains("Kernel panic - not syncing: NMI") && console.contains("Call Trace"), "{console}");
    Ok(())
}

fn mute_agent_is_told_as_boot_failure() -> Outcome {
    let options = VmOptions { kernel_arguments: MUTE.to_owned(), ..without_snapshot() };
    let end = Vm::boot(&options, &|_| {}).err().expect("no hello");
    let VmError::Ended { ending: Ending::PowerOff, booted: false, console } = &end else { panic!("{end}") };
    assert!(console.contains("agent ended"), "{console}");
    Ok(())
}

fn slow_boot_is_told_as_hang() -> Outcome {
    let options = VmOptions { boot_deadline: Some(Duration::from_millis(100)), ..without_snapshot() };
    let silence = Vm::boot(&options, &|_| {}).err().expect("no hello");
    assert!(matches!(silence, VmError::Silent { booted: false, .. }), "{silence}");
    Ok(())
}

/// Killed at every stage: no process, no file but what is whole, and the next start is none the worse.
fn sigkill_leaves_nothing() -> Outcome {
    let (temporary, snapshots) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let cache = boxproof_harness::apt::cache_dir()?;
    let before = listing(&cache);
    for (last, whole) in [("booting", false), ("saving", false), ("hello", true), ("restoring", true), ("hello", true)]
    {
        let mut victim = Command::new("/proc/self/exe")
            .arg("boot")
            .env("TMPDIR", temporary.path())
            .env("XDG_RUNTIME_DIR", temporary.path())
            .env(VICTIMS_SNAPSHOTS, snapshots.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(victim.stdout.take().expect("piped")).lines();
        let seen = lines.map_while(Result::ok).any(|line| line == last);
        assert!(seen, "the victim says {last}");
        // It says that it is starting a QEMU before it does.
        let machine = wait_until(|| children(victim.id()).into_iter().next());
        victim.kill()?;
        victim.wait()?;
        wait_until(|| has_ended(machine).then_some(()));
        let held = listing(snapshots.path()).iter().any(|file| file.ends_with("about.json"));
        assert!(held || !whole, "after {last} there is a snapshot");
    }
    let place = only_snapshot(snapshots.path());
    let whole = ["about.json", "memory", "state"].map(|name| place.join(name));
    assert_eq!(listing(snapshots.path()), whole.into_iter().chain([snapshots.path().join("lock")]).collect());
    assert_eq!(listing(temporary.path()), BTreeSet::new(), "temporary files");
    assert_eq!(listing(&cache), before, "the cache");
    Ok(())
}

/// Whoever is second waits, and uses what the first has made.
fn of_two_at_once_one_saves_and_both_start() -> Outcome {
    let directory = tempfile::tempdir()?;
    let options = VmOptions { snapshots: Some(directory.path().to_owned()), ..options() };
    let both = thread::scope(|scope| {
        let starts = [(); 2].map(|()| scope.spawn(|| watched(&options)));
        starts.map(|start| start.join().expect("no panic"))
    });
    let [one, other] = both;
    let ((mut one, seen_by_one), (mut other, seen_by_other)) = (one?, other?);
    let count = |word| seen_by_one.iter().chain(&seen_by_other).filter(|&&seen| seen == word).count();
    assert_eq!(
        (count("saving"), count("not saved"), count("restoring")),
        (1, 0, 1),
        "{seen_by_one:?} {seen_by_other:?}"
    );
    assert_eq!((ask(&mut one, "loopback")?, ask(&mut other, "loopback")?), ("yes".to_owned(), "yes".to_owned()));
    Ok(())
}

/// Two from one snapshot have drawn the same before they were saved, and never draw the same again. The agent sets the
/// clock far back before it says its first word.
fn restored_guests_know_the_time_and_draw_alone() -> Outcome {
    boot()?;
    let (mut one, mut other) = (boot()?, boot()?);
    assert!(one.times().restored && other.times().restored);
    assert_eq!(ask(&mut one, "drawn-before")?, ask(&mut other, "drawn-before")?);
    for _ in 0..3 {
        assert_ne!(ask(&mut one, "draw")?, ask(&mut other, "draw")?);
    }
    for vm in [&mut one, &mut other] {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
        let before = now();
        let there: f64 = ask(vm, "clock")?.parse().expect("seconds");
        let after = now();
        // The call takes a moment to arrive, which the clock then lags behind.
        let lag = PATIENCE.as_secs_f64();
        assert!(before - lag <= there && there <= after, "{before} <= {there} <= {after}");
    }
    Ok(())
}

/// Another program, memory or number of processors is another guest. Nothing has to boot to see that.
fn another_guest_does_not_get_the_snapshot() -> Outcome {
    boot()?;
    assert!(vm::has_snapshot(&options())?);
    let another = tempfile::NamedTempFile::new()?;
    let mut program = fs::read("/proc/self/exe")?;
    program.push(0);
    fs::write(another.path(), program)?;
    let others = [
        VmOptions { program: another.path().to_owned(), ..options() },
        VmOptions { memory_mib: 384, ..options() },
        VmOptions { cpus: 1, ..options() },
        VmOptions { kernel_arguments: "quiet".to_owned(), ..options() },
    ];
    for other in others {
        assert!(!vm::has_snapshot(&other)?, "{other:?}");
    }
    Ok(())
}

fn a_truncated_snapshot_is_made_anew() -> Outcome {
    let (directory, place) = copied()?;
    let memory = File::options().write(true).open(place.join("memory"))?;
    memory.set_len(memory.metadata()?.len() / 2)?;
    made_anew(directory.path())
}

/// Everything is as it was written, but QEMU does not understand it.
fn a_snapshot_that_qemu_refuses_is_made_anew() -> Outcome {
    let (directory, place) = copied()?;
    let mut state = fs::read(place.join("state"))?;
    let middle = state.len() / 2;
    state[..middle].reverse();
    fs::write(place.join("state"), &state)?;
    let mut about: serde_json::Value = serde_json::from_str(&read(place.join("about.json")))?;
    about["state"]["digest"] = twox_hash::XxHash3_64::oneshot(&state).into();
    fs::write(place.join("about.json"), about.to_string())?;
    made_anew(directory.path())
}

/// The snapshot in that directory is refused, its guest starts all the same, and the next one has a good snapshot.
fn made_anew(directory: &Path) -> Outcome {
    let options = VmOptions { snapshots: Some(directory.to_owned()), ..options() };
    let (mut vm, seen) = watched(&options)?;
    let telling: Vec<_> = seen.into_iter().filter(|word| !["preparing", "restoring"].contains(word)).collect();
    assert_eq!(telling, ["refused", "booting", "saving"]);
    assert_eq!(ask(&mut vm, "swap")?, "yes");
    let (mut vm, seen) = watched(&options)?;
    assert_eq!(seen, ["restoring"]);
    assert_eq!(ask(&mut vm, "swap")?, "yes");
    Ok(())
}

fn missing_qemu_is_named() -> Outcome {
    let output = Command::new("/proc/self/exe").arg("boot").env("PATH", "/nonexistent").output()?;
    let words = String::from_utf8(output.stderr)?;
    assert!(words.contains("is not installed: sudo apt-get install"), "{words}");
    Ok(())
}

/// The victim of `sigkill_leaves_nothing`.
fn boot_and_wait() -> ExitCode {
    let snapshots = std::env::var_os(VICTIMS_SNAPSHOTS).map(PathBuf::from);
    let options = VmOptions { snapshot: snapshots.is_some(), snapshots, ..options() };
    match Vm::boot(&options, &|progress| println!("{}", name(&progress))) {
        Ok(vm) => {
            println!("{}", vm.hello());
            loop {
                thread::park();
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The kernel ends processes at its own pace: this can only be polled.
fn wait_until<T>(condition: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "in time");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The processes that any thread of `pid` has started.
fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("a living process");
    let lists = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Gone, or a zombie that its new parent has yet to reap.
fn has_ended(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_or(true, |stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}

/// Every file under a directory.
fn listing(directory: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { listing(&path) } else { BTreeSet::from([path]) }).collect()
}

// ---- the guest's side ----

fn agent(port: &Path) -> ExitCode {
    if fs::read_to_string("/proc/cmdline").is_ok_and(|line| line.contains(MUTE)) {
        return ExitCode::FAILURE;
    }
    let mut orders = Port::open(port).expect("open port");
    let mut out = orders.output().expect("clone port");
    // What the host's call must make good.
    let long_ago = TimeSpec::new(1_000_000_000, 0);
    clock_settime(ClockId::CLOCK_REALTIME, long_ago).expect("set clock");
    let drawn_before = draw();
    writeln!(out, "hello").expect("write hello");
    let mut order = String::new();
    while orders.read_line(&mut order).is_ok_and(|count| count > 0) {
        let answer = match order.trim_end() {
            "echo" => {
                let mut parcel = vec![0; MEBIBYTE];
                orders.read_exact(&mut parcel).expect("read parcel");
                out.write_all(&parcel).expect("write parcel");
                None
            }
            "end" => return ExitCode::SUCCESS,
            "panic" => {
                fs::write("/proc/sysrq-trigger", "c").expect("write sysrq-trigger");
                None
            }
            "release" => Some(read("/proc/sys/kernel/osrelease")),
            "drawn-before" => Some(drawn_before.clone()),
            "draw" => Some(draw()),
            "clock" => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
                Some(now.as_secs_f64().to_string())
            }
            "one-agent" => Some(yes(File::open(port).is_err_and(|error| error.raw_os_error() == Some(libc::EBUSY)))),
            question => Some(yes(is_so(question))),
        };
        if let Some(answer) = answer {
            writeln!(out, "{}", answer.trim_end()).expect("write answer");
        }
        order.clear();
    }
    ExitCode::SUCCESS
}

fn draw() -> String {
    let mut drawn = [0; 16];
    File::open("/dev/urandom").and_then(|mut urandom| urandom.read_exact(&mut drawn)).expect("read urandom");
    u128::from_ne_bytes(drawn).to_string()
}

fn yes(truth: bool) -> String {
    (if truth { "yes" } else { "no" }).to_owned()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

fn is_so(question: &str) -> bool {
    match question {
        "shared-root" => {
            let mounts = read("/proc/self/mountinfo");
            mounts.lines().all(|mount| mount.contains(" shared:")) && mounts.lines().count() > 8
        }
        "pivot-root" => in_a_shell(
            "unshare -m sh -c 'mount -t tmpfs t /mnt && mkdir /mnt/old && cd /mnt && pivot_root . old && ls /old/usr/bin/boxproof'",
        ),
        "memory-controller" => {
            fs::create_dir("/sys/fs/cgroup/try").expect("make cgroup");
            fs::write("/sys/fs/cgroup/try/memory.max", "52428800").expect("write memory.max");
            let held = read("/sys/fs/cgroup/try/memory.max").trim() == "52428800";
            let offered = ["cpu.max", "pids.max", "memory.swap.max"]
                .iter()
                .all(|file| Path::new("/sys/fs/cgroup/try").join(file).exists());
            fs::remove_dir("/sys/fs/cgroup/try").expect("remove cgroup");
            let options = read("/proc/self/mounts");
            held && offered && options.contains("nsdelegate,") && options.contains("memory_recursiveprot")
        }
        "swap" => read("/proc/swaps").contains("/dev/zram0"),
        "modules" => in_a_shell(
            "ip link add b0 type bridge && ip link add v0 type veth peer name v1 && ip link del v0 && ip link del b0 && mkdir /tmp/l /tmp/u /tmp/w /tmp/m && mount -t overlay o -o lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w /tmp/m && umount /tmp/m",
        ),
        "loopback" => in_a_shell("ping -c 1 -W 5 127.0.0.1"),
        "devices" => in_a_shell(
            "test -c /dev/null && test -e /dev/fd/0 && echo x > /dev/stdout && test -c /dev/pts/ptmx && test -k /tmp && test -d /dev/shm && test \"$(hostname)\" = ubuntu2404-boxproof",
        ),
        other => panic!("no such question: {other}"),
    }
}

fn in_a_shell(line: &str) -> bool {
    Command::new("sh").args(["-c", line]).stdout(Stdio::null()).status().expect("sh").success()
}
