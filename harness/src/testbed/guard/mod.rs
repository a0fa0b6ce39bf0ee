//! What nobody in a testbed may do, though he is root there with every capability, as the workshop's runtimes need to be:
//! whatever reaches past the testbed's namespaces into the machine. Small BPF programs at the testbed's cgroup are asked,
//! which cannot be left and not be taken off from inside, and of which a program that minds its own business sees nothing.
//!
//! | guard | keeps from |
//! |---|---|
//! | `devices` | opening any device but those of a container: no disk, no memory, no port to the host |
//! | `sysctls` | writing what is not of one's own network, IPC, UTS or PID namespace: no `core_pattern` |
//! | `clock` | setting the machine's clock |
//! | `sysrq` | writing to `/proc/sysrq-trigger` |
//! | `programs` | BPF programs elsewhere than at one's own cgroups, and taking off these |
//!
//! A kernel that lacks what one of them needs goes without it; which there are stands in the result.

mod btf;
mod code;

use crate::error::{Context, Result};
use crate::sys::bpf::{self, Kind};
use btf::Btf;
use code::{Code, allow, deny};
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

/// The guards of this kernel, loaded once.
pub struct Guards {
    programs: Vec<(&'static str, Kind, OwnedFd)>,
}

/// They are the same for every testbed.
pub fn guards() -> &'static Guards {
    static GUARDS: OnceLock<Guards> = OnceLock::new();
    GUARDS.get_or_init(Guards::load)
}

impl Guards {
    fn load() -> Guards {
        let hooks = if programs_are_asked() { Hooks::of_this_kernel() } else { Hooks::default() };
        let lsm = |hook: Option<u32>, code: Option<Code>| Some((Kind::Lsm(hook?), code?));
        let wanted = [
            ("devices", Some((Kind::Device, devices()))),
            ("sysctls", Some((Kind::Sysctl, sysctls()))),
            ("clock", lsm(hooks.settime, Some(deny()))),
            ("sysrq", lsm(hooks.file_permission, hooks.file.and_then(|places| sysrq(&places)))),
            ("programs", lsm(hooks.bpf, Some(programs()))),
        ];
        let load = |(name, (kind, code)): (_, (Kind, Code))| Some((name, kind, bpf::load(kind, &code).ok()?));
        let programs = wanted.into_iter().filter_map(|(name, guard)| Some((name, guard?))).filter_map(load);
        Guards { programs: programs.collect() }
    }

    /// Sets them over a cgroup that nobody is in yet.
    pub fn set_over(&self, cgroup: BorrowedFd<'_>) -> Result<()> {
        for (name, kind, program) in &self.programs {
            bpf::attach(*kind, program.as_fd(), cgroup).context(format!("attach the guard of {name} to a testbed"))?;
        }
        Ok(())
    }

    /// Their names.
    pub fn names(&self) -> String {
        self.programs.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(" ")
    }
}

/// What is hooked of the security modules' functions, and where their arguments hold what is looked at.
#[derive(Default)]
struct Hooks {
    settime: Option<u32>,
    file_permission: Option<u32>,
    bpf: Option<u32>,
    file: Option<FilePlaces>,
}

/// From an open file to what tells which it is.
struct FilePlaces {
    inode_of_file: i16,
    number_of_inode: i16,
    system_of_inode: i16,
    magic_of_system: i16,
}

/// Whether the kernel asks BPF programs at the hooks of security modules. Where it does not say, none is relied on.
fn programs_are_asked() -> bool {
    let modules = fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    modules.trim().split(',').any(|module| module == "bpf")
}

impl Hooks {
    fn of_this_kernel() -> Hooks {
        let bytes = fs::read("/sys/kernel/btf/vmlinux").unwrap_or_default();
        Btf::parse(&bytes).map(Hooks::find).unwrap_or_default()
    }

    fn find(btf: Btf<'_>) -> Hooks {
        let [settime, file_permission, bpf] =
            btf.functions(["bpf_lsm_settime", "bpf_lsm_file_permission", "bpf_lsm_bpf"]);
        let members = [("file", "f_inode"), ("inode", "i_ino"), ("inode", "i_sb"), ("super_block", "s_magic")];
        let file = match btf.offsets(members) {
            [Some(inode_of_file), Some(number_of_inode), Some(system_of_inode), Some(magic_of_system)] => {
                Some(FilePlaces { inode_of_file, number_of_inode, system_of_inode, magic_of_system })
            }
            _ => None,
        };
        Hooks { settime, file_permission, bpf, file }
    }
}

/// Device numbers: one, or all of a major number.
const DEVICES: [(i32, Option<i32>); 10] = [
    (1, Some(3)),    // null
    (1, Some(5)),    // zero
    (1, Some(7)),    // full
    (1, Some(8)),    // random
    (1, Some(9)),    // urandom
    (5, Some(0)),    // tty
    (5, Some(2)),    // ptmx
    (10, Some(200)), // net/tun
    (10, Some(229)), // fuse
    (136, None),     // pts
];

/// Making a node harms nobody; a runtime may make what it likes for its container.
fn devices() -> Code {
    const ACCESS_MKNOD: i32 = 1;
    const CHARACTER: i32 = 2;
    let mut code = vec![
        code::load_u32(2, 1, 0),
        code::copy(3, 2),
        code::and(3, 0xffff),
        code::shift_right(2, 16),
        code::load_u32(4, 1, 4),
        code::load_u32(5, 1, 8),
        code::unless_equal(2, ACCESS_MKNOD, 2),
    ];
    code.extend(allow());
    code.push(code::if_equal(3, CHARACTER, 2));
    code.extend(deny());
    for (major, minor) in DEVICES {
        match minor {
            Some(minor) => {
                code.extend([code::unless_equal(4, major, 3), code::unless_equal(5, minor, 2)]);
            }
            None => code.push(code::unless_equal(4, major, 2)),
        }
        code.extend(allow());
    }
    code.extend(deny());
    code
}

/// What has a value of its own in each network, IPC, UTS or PID namespace; or, as a trailing `\0`, is called exactly so.
const SYSCTLS: [&[u8]; 8] = [
    b"net/",
    b"kernel/hostname\0",
    b"kernel/domainname\0",
    b"kernel/shm",
    b"kernel/msg",
    b"kernel/sem\0",
    b"kernel/ns_last_pid\0",
    b"fs/mqueue/",
];

fn sysctls() -> Code {
    const SYSCTL_GET_NAME: i32 = 101;
    const ROOM: i16 = 32;
    let mut code = vec![code::load_u32(2, 1, 0), code::unless_equal(2, 0, 2)];
    code.extend(allow());
    code.extend((1..=ROOM / 8).map(|word| code::store_zero(10, -8 * word)));
    code.extend([
        code::copy(2, 10),
        code::add(2, -i32::from(ROOM)),
        code::set(3, ROOM.into()),
        code::set(4, 0),
        code::call(SYSCTL_GET_NAME),
    ]);
    for name in SYSCTLS {
        let mut pieces: Code = Vec::new();
        // Until the last piece differs, or all are alike and it is allowed.
        let widths = |length: usize| (length / 4 * 2 + length % 4 / 2 * 2 + length % 2 * 2) as i16;
        let mut at = 0;
        while at < name.len() {
            let left = &name[at..];
            let width = [4, 2, 1].into_iter().find(|&width| width <= left.len()).unwrap_or(1);
            let value = left[..width].iter().rev().fold(0, |value, &byte| value << 8 | i32::from(byte));
            let place = at as i16 - ROOM;
            pieces.push(code::load(width, 2, 10, place));
            at += width;
            pieces.push(code::unless_equal(2, value, widths(name.len() - at) + 2));
        }
        code.extend(pieces);
        code.extend(allow());
    }
    code.extend(deny());
    code
}

/// The file has the same number in every procfs. To open it is allowed: a scenario looks whether a container can.
fn sysrq(places: &FilePlaces) -> Option<Code> {
    const PROC_SUPER_MAGIC: i32 = 0x9fa0;
    const MAY_WRITE: i32 = 2;
    // Inode numbers of procfs have 32 bits, and constants in instructions a sign.
    let number = fs::metadata("/proc/sysrq-trigger").ok()?.ino() as i32;
    let mut code = vec![
        code::load(8, 5, 1, 8),
        code::and(5, MAY_WRITE),
        code::if_equal(5, 0, 11),
        code::load(8, 2, 1, 0),
        code::load(8, 3, 2, places.inode_of_file),
        code::load(8, 4, 3, places.number_of_inode),
        code::shift_left(4, 32),
        code::shift_right_signed(4, 32),
        code::unless_equal(4, number, 5),
        code::load(8, 5, 3, places.system_of_inode),
        code::load(8, 5, 5, places.magic_of_system),
        code::unless_equal(5, PROC_SUPER_MAGIC, 2),
    ];
    code.extend(deny());
    code.extend(allow());
    Some(code)
}

/// Maps, loading, attaching to a cgroup that one can name, and asking what is attached: what a runtime needs for rules
/// about devices.
fn programs() -> Code {
    const PROG_LOAD: i32 = 5;
    const PROG_ATTACH: i32 = 8;
    const PROG_QUERY: i32 = 16;
    let mut code = vec![
        code::load_u32(2, 1, 0),
        code::unless_greater(2, PROG_LOAD, 4),
        code::if_equal(2, PROG_ATTACH, 3),
        code::if_equal(2, PROG_QUERY, 2),
    ];
    code.extend(deny());
    code.extend(allow());
    code
}
