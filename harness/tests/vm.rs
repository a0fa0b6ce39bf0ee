//! The micro-VM for real: a stock kernel under QEMU, with this test program as the guest's `/init` and its agent.
//! What the agent does it is told by the host, line by line, or by the kernel's command line.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use boxproof_harness::backend::vm::accel::Accel;
use boxproof_harness::backend::vm::{Ending, Vm, VmError, VmOptions, guest};
use libtest_mimic::{Arguments, Failed, Trial};

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
        _ => libtest_mimic::run(&Arguments::from_args(), trials()).exit_code(),
    }
}

fn trials() -> Vec<Trial> {
    vec![
        Trial::test("guest_is_like_a_systemd_host", guest_is_like_a_systemd_host),
        Trial::test("panic_is_told_as_panic", panic_is_told_as_panic),
        Trial::test("mute_agent_is_told_as_boot_failure", mute_agent_is_told_as_boot_failure),
        Trial::test("slow_boot_is_told_as_hang", slow_boot_is_told_as_hang),
        Trial::test("sigkill_leaves_nothing", sigkill_leaves_nothing),
        Trial::test("missing_qemu_is_named", missing_qemu_is_named),
    ]
}

// ---- the host's side ----

/// Software emulation everywhere, so that a test means the same on every machine.
fn options() -> VmOptions {
    VmOptions { accel: Some(Accel::Tcg), ..VmOptions::default() }
}

fn boot() -> Result<Vm, Failed> {
    let vm = Vm::boot(&options(), &|_| {})?;
    assert_eq!(vm.hello(), "hello");
    Ok(vm)
}

/// One boot, many questions.
fn guest_is_like_a_systemd_host() -> Outcome {
    let mut vm = boot()?;
    for question in
        ["shared-root", "pivot-root", "memory-controller", "swap", "modules", "loopback", "one-agent", "devices"]
    {
        vm.send(format!("{question}\n").as_bytes(), PATIENCE)?;
        assert_eq!(vm.wait_line(PATIENCE)?, "yes", "{question}; console: {}", vm.console());
    }
    vm.send(b"release\n", PATIENCE)?;
    assert_eq!(vm.wait_line(PATIENCE)?, vm.kernel_release());

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

fn mute_agent_is_told_as_boot_failure() -> Outcome {
    let options = VmOptions { kernel_arguments: MUTE.to_owned(), ..options() };
    let end = Vm::boot(&options, &|_| {}).err().expect("no hello");
    let VmError::Ended { ending: Ending::PowerOff, booted: false, console } = &end else { panic!("{end}") };
    assert!(console.contains("agent ended"), "{console}");
    Ok(())
}

fn slow_boot_is_told_as_hang() -> Outcome {
    let options = VmOptions { boot_deadline: Some(Duration::from_millis(100)), ..options() };
    let silence = Vm::boot(&options, &|_| {}).err().expect("no hello");
    assert!(matches!(silence, VmError::Silent { booted: false, .. }), "{silence}");
    Ok(())
}

/// Killed while its guest boots, and killed when the guest is up: no process, no file.
fn sigkill_leaves_nothing() -> Outcome {
    let temporary = tempfile::tempdir()?;
    let cache = boxproof_harness::apt::cache_dir()?;
    let before = listing(&cache);
    for ready in ["booting", "hello"] {
        let mut victim = Command::new("/proc/self/exe")
            .arg("boot")
            .env("TMPDIR", temporary.path())
            .env("XDG_RUNTIME_DIR", temporary.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(victim.stdout.take().expect("piped")).lines();
        let seen = lines.map_while(Result::ok).any(|line| line == ready);
        assert!(seen, "the victim says {ready}");
        let machine = wait_until(|| children(victim.id()).into_iter().next());
        victim.kill()?;
        victim.wait()?;
        wait_until(|| has_ended(machine).then_some(()));
    }
    assert_eq!(listing(temporary.path()), BTreeSet::new(), "temporary files");
    assert_eq!(listing(&cache), before, "the cache");
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
    match Vm::boot(&options(), &|progress| println!("{}", progress.to_string().split(' ').next().unwrap_or(""))) {
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
    let mut out = File::options().read(true).write(true).open(port).expect("open port");
    let mut orders = BufReader::new(out.try_clone().expect("clone port"));
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

fn yes(truth: bool) -> String {
    (if truth { "yes" } else { "no" }).to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("read {path}: {error}"))
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
