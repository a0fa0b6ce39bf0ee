//! What root in the container may do: a part of root's capabilities, no more by setuid programs, not every call.

use nix::libc;
use nix::sys::prctl::set_no_new_privs;
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

use crate::defects::Defect::*;
use crate::defects::defect;
use crate::failure::{Doing, Failure};
use crate::inside::Process;
use crate::sys;

/// capabilities(7) by their numbers in linux/capability.h.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What docker leaves to root.
const DEFAULT: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SYS_CHROOT",
    "MKNOD",
    "AUDIT_WRITE",
    "SETFCAP",
];

/// What a denylist would think of.
const DANGEROUS: [&str; 8] =
    ["SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "NET_ADMIN", "MAC_ADMIN", "MAC_OVERRIDE"];

/// A set of capabilities, one bit each.
#[derive(Clone, Copy)]
pub struct Capabilities(u64);

impl Default for Capabilities {
    fn default() -> Self {
        Self(DEFAULT.iter().filter_map(|name| bit(name)).sum())
    }
}

impl Capabilities {
    /// These and no others, as a bundle lists them.
    pub fn set(&mut self, names: &[String]) -> Result<(), Failure> {
        self.0 = names.iter().try_fold(0, |all, name| Ok(all | set(name)?))?;
        Ok(())
    }

    /// Reads `--cap-add`: `CAP_KILL`, `KILL` or `ALL`.
    pub fn add(&mut self, name: &str) -> Result<(), Failure> {
        if !defect(CA31) {
            self.0 |= set(name)?;
        }
        Ok(())
    }

    /// Reads `--cap-drop`.
    pub fn drop(&mut self, name: &str) -> Result<(), Failure> {
        if !defect(CA32) {
            self.0 &= !set(name)?;
        }
        Ok(())
    }
}

fn bit(name: &str) -> Option<u64> {
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("CAP_").unwrap_or(&name);
    NAMES.iter().position(|known| *known == name).map(|number| 1 << number)
}

fn set(name: &str) -> Result<u64, Failure> {
    match name {
        "ALL" => Ok(u64::MAX >> (64 - NAMES.len())),
        name => bit(name).ok_or_else(|| Failure::own(format!("no capability is called {name}"))),
    }
}

/// Gives up what is not wanted, for this process and all that it executes. The last step before that.
pub fn give_up(wanted: Capabilities, process: Option<&Process>) -> Result<(), Failure> {
    let groups: Vec<Gid> = process.iter().flat_map(|process| &process.groups).map(|id| Gid::from_raw(*id)).collect();
    if !defect(CA33) {
        setgroups(if defect(OC26) { &[] } else { &groups }).doing("setgroups")?;
    }
    let kept = match () {
        () if defect(CA08) => !DANGEROUS.iter().filter_map(|name| bit(name)).sum::<u64>(),
        () if defect(CA07) => wanted.0 | u64::MAX << 38,
        () => wanted.0,
    };
    // Without no_new_privs, what root executes has everything in the bounding set again, see capabilities(7).
    if !defect(CA01) && !defect(CA06) {
        sys::drop_from_bounding_set(kept).doing("prctl(PR_CAPBSET_DROP)")?;
    }
    if !defect(CA10) {
        set_no_new_privs().doing("prctl(PR_SET_NO_NEW_PRIVS)")?;
    }
    // While there is CAP_SYS_ADMIN: without no_new_privs the kernel asks for that.
    if !defect(CA34) {
        sys::filter_calls(&filter()).doing("prctl(PR_SET_SECCOMP)")?;
    }
    match process {
        // Another user than root has none of them.
        Some(process) if process.uid != 0 && !defect(OC33) => return become_user(process),
        _ => {}
    }
    if !defect(CA01) {
        let inheritable = if defect(CA04) { kept } else { 0 };
        sys::set_capabilities(kept, inheritable).doing("capset")?;
    }
    Ok(())
}

/// The group first: whoever is not root any more may not change it.
fn become_user(process: &Process) -> Result<(), Failure> {
    let user = || setuid(Uid::from_raw(process.uid)).doing(format_args!("setuid {}", process.uid));
    if defect(CA16) {
        user()?;
    }
    setgid(Gid::from_raw(process.gid)).doing(format_args!("setgid {}", process.gid))?;
    user()
}

/// Calls that need no capability and that nobody needs in a container.
const REFUSED: [i64; 8] = [
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_bpf,
];

/// A program for the kernel's packet filter machine, run at each call: seccomp(2) with `struct seccomp_data` as its packet.
fn filter() -> Vec<libc::sock_filter> {
    /// `AUDIT_ARCH_X86_64` of linux/audit.h, and the bit by which the x32 calls of that architecture are known.
    const X86_64: u32 = 0xc000_003e;
    const X32: u32 = 0x4000_0000;
    /// Where in `struct seccomp_data` number, architecture and the lower half of the first argument stand.
    const NUMBER: u32 = 0;
    const ARCHITECTURE: u32 = 4;
    const FIRST: u32 = 16;
    let refuse = |errno: i32| answer(libc::SECCOMP_RET_ERRNO | errno as u32);
    let refusal = if defect(CA12) { refuse(0) } else { refuse(libc::EPERM) };
    let mut program = Vec::new();
    if !defect(CA13) {
        // The same number means another call to a 32-bit program.
        program.extend([load(ARCHITECTURE), jump(libc::BPF_JEQ, X86_64, 1, 0), refusal]);
    }
    program.extend([load(NUMBER), jump(libc::BPF_JGE, X32, 0, 1), refusal]);
    for number in REFUSED {
        program.extend([jump(libc::BPF_JEQ, number as u32, 0, 1), refusal]);
    }
    if !defect(CA14) {
        // As if the kernel did not know it: its flags lie in memory, where no filter looks.
        program.extend([jump(libc::BPF_JEQ, libc::SYS_clone3 as u32, 0, 1), refuse(libc::ENOSYS)]);
    }
    let new_user = jump(libc::BPF_JSET, libc::CLONE_NEWUSER as u32, 0, 1);
    program.extend([jump(libc::BPF_JEQ, libc::SYS_clone as u32, 0, 3), load(FIRST), new_user, refusal]);
    program.push(answer(libc::SECCOMP_RET_ALLOW));
    program
}

fn load(offset: u32) -> libc::sock_filter {
    libc::sock_filter { code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

/// How many instructions are passed over, if what was loaded compares so with `value`, and if not.
fn jump(comparison: u32, value: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code: (libc::BPF_JMP | comparison | libc::BPF_K) as u16, jt, jf, k: value }
}

fn answer(value: u32) -> libc::sock_filter {
    libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: value }
}
