//! `boxproof doctor`: of every requirement whether this machine meets it, and the command that mends it.

use crate::args::{DoctorArgs, language};
use crate::outcome::{Outcome, Trouble};
use crate::report::params;
use anstyle::{AnsiColor, Style};
use boxproof_harness::apt;
use boxproof_harness::backend::vm::accel::{self, Accel};
use boxproof_harness::backend::vm::kernel::KernelSource;
use boxproof_harness::backend::vm::{self, VmOptions, qemu};
use boxproof_harness::rootfs::RootfsSource;
use boxproof_scenarios::texts::Texts;
use nix::sys::statvfs::statvfs;
use serde::Serialize;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How one requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It is met.
    Met,
    /// It is not, and something cannot be examined.
    Lacking,
    /// It is not, and nothing suffers but speed or comfort.
    Note,
}

/// Which backend needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Common,
    Vm,
    Local,
}

/// One requirement.
#[derive(Debug, Serialize)]
struct Finding {
    part: Part,
    id: &'static str,
    state: State,
    /// What was found.
    detail: String,
    /// The command that mends it.
    mend: Option<String>,
}

#[derive(Serialize)]
struct Diagnosis<'a> {
    schema: &'static str,
    vm: bool,
    local: bool,
    findings: &'a [Finding],
}

/// The exam's share of the cache: a kernel with its modules, busybox, initramfs, three snapshots.
const ROOM_MIB: u64 = 800;
/// What the scenarios need of cgroup v2.
const CONTROLLERS: [&str; 3] = ["memory", "cpu", "pids"];

/// Looks at everything.
pub fn run(args: &DoctorArgs) -> Result<Outcome, Trouble> {
    let texts = crate::words::texts(language(args.lang));
    let doctor = Doctor { texts: &texts };
    let findings = [
        doctor.rootfs(),
        doctor.image(),
        doctor.cache(),
        doctor.qemu(),
        doctor.kernel(),
        doctor.snapshot(),
        doctor.kvm(),
        doctor.root(),
        doctor.cgroup2(),
        doctor.controllers(),
        doctor.swap(),
        doctor.shared(),
    ];
    let able = |part| {
        findings.iter().all(|finding| finding.state != State::Lacking || ![Part::Common, part].contains(&finding.part))
    };
    let (vm, local) = (able(Part::Vm), able(Part::Local));
    let page = if args.json {
        let diagnosis = Diagnosis { schema: "boxproof/doctor/v1", vm, local, findings: &findings };
        serde_json::to_string_pretty(&diagnosis).map_err(Trouble::environment)? + "\n"
    } else {
        doctor.page(&findings, vm, local)
    };
    crate::words::print(&page)?;
    Ok(if vm || local { Outcome::Passed } else { Outcome::Unexamined })
}

struct Doctor<'a> {
    texts: &'a Texts,
}

impl Doctor<'_> {
    fn say<const N: usize>(&self, id: &str, pairs: [(&str, &str); N]) -> String {
        self.texts.text(id, &params(pairs))
    }

    fn rootfs(&self) -> Finding {
        let (state, detail, mend) = match RootfsSource::find(None, None) {
            Ok(source) => (State::Met, self.say("doctor-rootfs-is", [("what", &source.description())]), None),
            Err(error) => (State::Lacking, error.to_string(), Some(apt_install("busybox-static"))),
        };
        Finding { part: Part::Common, id: "doctor-rootfs", state, detail, mend }
    }

    /// The workshop's own image: nice to have.
    fn image(&self) -> Finding {
        let holds = |program: &&&str| {
            let arguments = ["image", "inspect", "alpine:latest"];
            Command::new(**program).args(arguments).output().is_ok_and(|output| output.status.success())
        };
        let (state, detail) = match ["podman", "docker"].iter().find(holds) {
            Some(program) => (State::Met, (*program).to_owned()),
            None => (State::Note, self.say("doctor-image-none", [])),
        };
        let mend = (state == State::Note).then(|| "podman pull alpine:latest".to_owned());
        Finding { part: Part::Common, id: "doctor-image", state, detail, mend }
    }

    fn cache(&self) -> Finding {
        let (state, detail, mend) = match room() {
            Ok((path, free)) => {
                let detail =
                    self.say("doctor-cache-is", [("free", &free.to_string()), ("path", &path.display().to_string())]);
                let enough = free >= ROOM_MIB;
                let mend = (!enough).then(|| self.say("doctor-cache-mend", []));
                (if enough { State::Met } else { State::Lacking }, detail, mend)
            }
            Err(detail) => (State::Lacking, detail, Some(self.say("doctor-cache-mend", []))),
        };
        Finding { part: Part::Common, id: "doctor-cache", state, detail, mend }
    }

    fn qemu(&self) -> Finding {
        let version = |path: &PathBuf| {
            let output = Command::new(path).arg("--version").output().ok()?;
            String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
        };
        let (state, detail, mend) = match qemu::find() {
            Ok(path) => (State::Met, version(&path).unwrap_or_else(|| path.display().to_string()), None),
            Err(error) => {
                let text = error.to_string();
                // The error ends in the command that mends it.
                let (detail, mend) = text.split_once(": ").unwrap_or((&text, ""));
                (State::Lacking, detail.to_owned(), Some(mend.to_owned()))
            }
        };
        Finding { part: Part::Vm, id: "doctor-qemu", state, detail, mend }
    }

    fn kernel(&self) -> Finding {
        let prepare = Some("boxproof vm prepare".to_owned());
        let found = |state, detail, mend| Finding { part: Part::Vm, id: "doctor-kernel", state, detail, mend };
        match KernelSource::Auto.to_download() {
            // Nothing is downloaded by this.
            None => match KernelSource::Auto.find() {
                Ok(kernel) => found(State::Met, self.say("doctor-kernel-cached", [("package", &kernel.origin)]), None),
                Err(error) => found(State::Lacking, error.to_string(), prepare),
            },
            Some(package) if in_path("apt-get").is_some() => {
                found(State::Met, self.say("doctor-kernel-download", [("package", &package)]), prepare)
            }
            Some(_) => {
                let mend = "BOXPROOF_KERNEL=/path/to/vmlinuz boxproof vm prepare".to_owned();
                found(State::Lacking, self.say("doctor-kernel-no-apt", []), Some(mend))
            }
        }
    }

    /// Speed only: without one the next exam makes it.
    fn snapshot(&self) -> Finding {
        let (state, detail, mend) = match vm::has_snapshot(&VmOptions::default()) {
            Ok(true) => (State::Met, self.say("doctor-snapshot-is", []), None),
            Ok(false) => (State::Note, self.say("doctor-snapshot-none", []), Some("boxproof vm prepare".to_owned())),
            // What is missing is told by the findings about QEMU and the kernel.
            Err(_) => (State::Note, self.say("doctor-snapshot-none", []), None),
        };
        Finding { part: Part::Vm, id: "doctor-snapshot", state, detail, mend }
    }

    fn kvm(&self) -> Finding {
        let qemu = qemu::find().unwrap_or_default();
        let (state, detail) = match accel::choose(None, &qemu) {
            Ok(choice) if choice.accel == Accel::Kvm && choice.trial => (State::Met, self.say("doctor-kvm-trial", [])),
            Ok(choice) if choice.accel == Accel::Kvm => (State::Met, self.say("doctor-kvm-works", [])),
            Ok(choice) => (State::Note, self.say("doctor-kvm-not", [("reason", &choice.reason)])),
            Err(error) => (State::Lacking, error.to_string()),
        };
        let denied = || {
            fs::metadata("/dev/kvm").is_ok() && fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_err()
        };
        let mend = (state == State::Note && denied()).then(|| "sudo usermod -aG kvm $USER; newgrp kvm".to_owned());
        Finding { part: Part::Vm, id: "doctor-kvm", state, detail, mend }
    }

    fn root(&self) -> Finding {
        let uid = nix::unistd::geteuid();
        let (state, detail, mend) = match uid.is_root() {
            true => (State::Met, self.say("doctor-root-is", []), None),
            false => {
                let detail = self.say("doctor-root-not", [("uid", &uid.to_string())]);
                (State::Lacking, detail, Some("sudo boxproof exam --backend local ./mycontainer".to_owned()))
            }
        };
        Finding { part: Part::Local, id: "doctor-root", state, detail, mend }
    }

    fn cgroup2(&self) -> Finding {
        let (state, detail, mend) = match cgroup2() {
            Some(path) => (State::Met, self.say("doctor-cgroup2-at", [("path", &path.display().to_string())]), None),
            None => (State::Lacking, self.say("doctor-cgroup2-none", []), Some(unified())),
        };
        Finding { part: Part::Local, id: "doctor-cgroup2", state, detail, mend }
    }

    fn controllers(&self) -> Finding {
        let read = |path: PathBuf| fs::read_to_string(path.join("cgroup.controllers")).unwrap_or_default();
        let text = cgroup2().map(read).unwrap_or_default();
        let has: Vec<&str> = text.split_whitespace().collect();
        let lacks: Vec<&str> = CONTROLLERS.into_iter().filter(|name| !has.contains(name)).collect();
        let (state, detail, mend) = match lacks.is_empty() {
            true => (State::Met, self.say("doctor-controllers-all", [("controllers", &has.join(" "))]), None),
            false => {
                let detail = self.say("doctor-controllers-lack", [("controllers", &lacks.join(" "))]);
                (State::Lacking, detail, Some(unified()))
            }
        };
        Finding { part: Part::Local, id: "doctor-controllers", state, detail, mend }
    }

    fn swap(&self) -> Finding {
        let text = fs::read_to_string("/proc/swaps").unwrap_or_default();
        let size = |line: &str| line.split_whitespace().nth(2)?.parse::<u64>().ok();
        let kib: u64 = text.lines().skip(1).filter_map(size).sum();
        let (state, detail, mend) = match kib {
            0 => {
                let commands = [
                    "sudo fallocate -l 256M /swapfile",
                    "sudo chmod 600 /swapfile",
                    "sudo mkswap /swapfile",
                    "sudo swapon /swapfile",
                ];
                (State::Lacking, self.say("doctor-swap-none", []), Some(commands.join(" && ")))
            }
            kib => (State::Met, self.say("doctor-swap-is", [("size", &(kib / 1024).to_string())]), None),
        };
        Finding { part: Part::Local, id: "doctor-swap", state, detail, mend }
    }

    /// For information only: the testbed brings its own.
    fn shared(&self) -> Finding {
        let id = if root_is_shared() { "doctor-shared-yes" } else { "doctor-shared-no" };
        Finding { part: Part::Local, id: "doctor-shared", state: State::Met, detail: self.say(id, []), mend: None }
    }

    fn page(&self, findings: &[Finding], vm: bool, local: bool) -> String {
        let (bold, faint) = (Style::new().bold(), Style::new().dimmed());
        let mut page = String::new();
        for (part, heading) in [(Part::Common, "doctor-common"), (Part::Vm, "doctor-vm"), (Part::Local, "doctor-local")]
        {
            let _ = writeln!(page, "{bold}{}{bold:#}", self.say(heading, []));
            for finding in findings.iter().filter(|finding| finding.part == part) {
                let (mark, word, style) = match finding.state {
                    State::Met => ('✓', "doctor-met", AnsiColor::Green.on_default()),
                    State::Lacking => ('✗', "doctor-lacking", AnsiColor::Red.on_default().bold()),
                    State::Note => ('–', "doctor-note", faint),
                };
                let (word, name) = (self.say(word, []), self.say(finding.id, []));
                let detail = crate::words::line(&finding.detail);
                let _ = writeln!(page, "  {style}{mark} {word}{style:#}  {name}: {detail}");
                if let Some(command) = &finding.mend {
                    let _ = writeln!(page, "      {}", self.say("doctor-mend", [("command", command)]));
                }
            }
            page.push('\n');
        }
        let verdict = match (vm, local) {
            (true, true) => "doctor-verdict-both",
            (true, false) => "doctor-verdict-vm",
            (false, true) => "doctor-verdict-local",
            (false, false) => "doctor-verdict-none",
        };
        let _ = writeln!(page, "{bold}{}{bold:#}", self.say(verdict, []));
        page
    }
}

fn apt_install(package: &str) -> String {
    format!("sudo apt-get install --no-install-recommends {package}")
}

/// How a systemd machine is told to give its controllers to cgroup v2.
fn unified() -> String {
    "add systemd.unified_cgroup_hierarchy=1 to GRUB_CMDLINE_LINUX in /etc/default/grub; sudo update-grub; sudo reboot"
        .to_owned()
}

/// Free space where downloads go, in MiB.
fn room() -> Result<(PathBuf, u64), String> {
    let path = apt::cache_dir().map_err(|error| error.to_string())?;
    let found = statvfs(&path).map_err(|error| format!("statvfs {}: {error}", path.display()))?;
    Ok((path, (found.blocks_available() * found.fragment_size()) >> 20))
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// Where cgroup2 is mounted: alone on /sys/fs/cgroup, or beside v1 on /sys/fs/cgroup/unified.
fn cgroup2() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mount = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let (path, kind) = (words.next()?, words.next()?);
        (kind == "cgroup2").then(|| Path::new(path).to_owned())
    };
    mounts.lines().find_map(mount)
}

/// Whether mounts on / spread (the optional field `shared:N` of proc_pid_mountinfo(5)).
fn root_is_shared() -> bool {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let root = |line: &&str| line.split(' ').nth(4) == Some("/");
    text.lines().rfind(root).is_some_and(|line| line.contains(" shared:"))
}
