//! Filters of system calls (seccomp(2)): a small list of what no container needs, unless config.json brings its own.

use std::collections::BTreeMap;
use std::mem::offset_of;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, sock_filter,
};

use crate::caps::{self, Mask};
use crate::error::{Error, Result};
use crate::sys;

/// Keys are not divided by namespaces.
const KEYS: [i64; 3] = [libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key];

/// Doors into the kernel that a container has no business at, newer forms beside the older: who refuses `mount` and leaves
/// `move_mount` has refused nothing. They open to whoever is granted the capability that they need, or that of the
/// administrator.
#[rustfmt::skip]
const REFUSED: [(&str, &[i64]); 13] = [
    // The tree of mounts. And namespaces; `clone` is looked at more closely below.
    ("SYS_ADMIN", &[
        libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_fsopen, libc::SYS_fsconfig, libc::SYS_fsmount,
        libc::SYS_fspick, libc::SYS_open_tree, libc::SYS_move_mount, libc::SYS_mount_setattr, OPEN_TREE_ATTR,
        libc::SYS_unshare, libc::SYS_setns,
    ]),
    // The kernel itself.
    ("SYS_MODULE", &[libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module]),
    ("SYS_BOOT", &[libc::SYS_kexec_load, libc::SYS_kexec_file_load, libc::SYS_reboot]),
    ("SYS_ADMIN", &[
        libc::SYS_swapon, libc::SYS_swapoff, libc::SYS_quotactl, libc::SYS_quotactl_fd, libc::SYS_nfsservctl,
        libc::SYS_fanotify_init,
    ]),
    ("SYS_PACCT", &[libc::SYS_acct]),
    ("SYSLOG", &[libc::SYS_syslog]),
    // The machine's clock.
    ("SYS_TIME", &[libc::SYS_settimeofday, libc::SYS_clock_settime, libc::SYS_clock_adjtime, libc::SYS_adjtimex]),
    // Large and often broken into.
    ("SYS_ADMIN", &[
        libc::SYS_userfaultfd, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register,
        libc::SYS_lookup_dcookie,
    ]),
    ("BPF", &[libc::SYS_bpf]),
    ("PERFMON", &[libc::SYS_perf_event_open]),
    ("SYS_TTY_CONFIG", &[libc::SYS_vhangup]),
    // Files by handle go past every mount, and memory by node past every limit.
    ("DAC_READ_SEARCH", &[libc::SYS_open_by_handle_at]),
    ("SYS_NICE", &[libc::SYS_move_pages, libc::SYS_mbind, libc::SYS_set_mempolicy, libc::SYS_set_mempolicy_home_node]),
];

/// Newer than the constants of libc.
const OPEN_TREE_ATTR: i64 = 467;

/// All kinds of namespace that `clone` can make.
const NAMESPACES: u64 = (libc::CLONE_NEWNS | libc::CLONE_NEWCGROUP | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC) as u64
    | (libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWNET) as u64;

/// What is done about a call: an action, and the calls it is for, each with the conditions under which it is.
pub type Class = (SeccompAction, BTreeMap<i64, Vec<SeccompRule>>);

/// The filters for a container that did not bring its own. They are two, because one has one answer.
///
/// What calls are refused depends on what the user has granted.
pub fn default(granted: Mask) -> Result<Vec<BpfProgram>> {
    let has = |name: &str| caps::mask(name).is_some_and(|capability| granted & capability != 0);
    let administrator = has("SYS_ADMIN");
    let closed = REFUSED.iter().filter(|(capability, _)| !administrator && !has(capability));
    let refused = closed.flat_map(|(_, calls)| *calls).chain(&KEYS);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = refused.map(|&call| (call, Vec::new())).collect();
    // Pushing characters into the terminal of whoever looks at it. The kernel reads 32 bits of the request, so must we.
    let push = rule(&[(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, libc::TIOCSTI)])?;
    let console = rule(&[(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, libc::TIOCLINUX)])?;
    rules.insert(libc::SYS_ioctl, vec![push, console]);
    let mut classes = vec![(SeccompAction::Errno(libc::EPERM as u32), rules)];
    if !administrator {
        let new = (0..64).map(|bit| 1 << bit).filter(|bit| NAMESPACES & bit != 0);
        let new: Vec<SeccompRule> = new
            .map(|bit| rule(&[(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(bit), bit)]))
            .collect::<Result<_>>()?;
        classes[0].1.insert(libc::SYS_clone, new);
        // Its flags lie in memory, where no filter can look. "There is no such call" makes libc use `clone`.
        classes.push((SeccompAction::Errno(libc::ENOSYS as u32), [(libc::SYS_clone3, Vec::new())].into()));
    }
    compile(SeccompAction::Allow, classes)
}

/// One argument of a call: its place, how much of it counts, how it is compared, and with what.
pub type Comparison = (u8, SeccompCmpArgLen, SeccompCmpOp, u64);

/// A rule that holds when all comparisons do.
pub fn rule(comparisons: &[Comparison]) -> Result<SeccompRule> {
    let conditions = comparisons
        .iter()
        .cloned()
        .map(|(place, length, operator, value)| SeccompCondition::new(place, length, operator, value));
    let rule = conditions.collect::<std::result::Result<_, _>>().and_then(SeccompRule::new);
    rule.map_err(|error| Error::new(format!("seccomp: {error}")))
}

/// Turns classes into filters. A filter knows two answers, one for the calls it lists and one for the rest; of several
/// filters the kernel takes the strictest answer. So: one that lets through, of all calls, those that any class speaks of
/// (unless everything is let through), and one for every class that does not simply allow.
pub fn compile(otherwise: SeccompAction, classes: Vec<Class>) -> Result<Vec<BpfProgram>> {
    let mut filters = Vec::new();
    if otherwise != SeccompAction::Allow {
        let mut spoken_of = BTreeMap::<i64, Vec<SeccompRule>>::new();
        for (call, rules) in classes.iter().flat_map(|(_, rules)| rules) {
            match spoken_of.get_mut(call) {
                // No conditions: whatever the arguments.
                Some(known) if known.is_empty() || rules.is_empty() => known.clear(),
                Some(known) => known.extend(rules.iter().cloned()),
                None => drop(spoken_of.insert(*call, rules.clone())),
            }
        }
        filters.push((spoken_of, otherwise, SeccompAction::Allow));
    }
    let strict = classes.into_iter().filter(|(action, rules)| *action != SeccompAction::Allow && !rules.is_empty());
    filters.extend(strict.map(|(action, rules)| (rules, SeccompAction::Allow, action)));
    let arch = std::env::consts::ARCH.try_into().map_err(|_| Error::new("seccomp: this processor is not supported"));
    let arch: TargetArch = arch?;
    let program = |(rules, otherwise, action)| {
        SeccompFilter::new(rules, otherwise, action, arch)?.try_into().map(without_second_numbers)
    };
    filters
        .into_iter()
        .map(program)
        .collect::<std::result::Result<_, seccompiler::BackendError>>()
        .map_err(|error| Error::new(format!("seccomp: {error}")))
}

/// On x86-64 every call has a second number for programs with 32-bit pointers ("x32"), with this bit in it: a filter that
/// knows only the first numbers is open to whoever adds it.
const X32: u32 = 0x4000_0000;

/// Answers these calls as a kernel does that has no x32, before a filter looks at any other.
fn without_second_numbers(mut filter: BpfProgram) -> BpfProgram {
    // The check of the architecture, which is the first thing in the filter; jumps are relative.
    const HEAD: usize = 3;
    let instruction = |code: u32, jf: u8, k: u32| sock_filter { code: code as u16, jt: 0, jf, k };
    if cfg!(target_arch = "x86_64") {
        let guard = [
            instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, offset_of!(libc::seccomp_data, nr) as u32),
            instruction(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 1, X32),
            instruction(libc::BPF_RET | libc::BPF_K, 0, SeccompAction::Errno(libc::ENOSYS as u32).into()),
        ];
        filter.splice(HEAD..HEAD, guard);
    }
    filter
}

/// Installs filters; from here on they hold for this process and all that comes of it.
pub fn install(filters: &[BpfProgram]) -> nix::Result<()> {
    filters.iter().try_for_each(|filter| sys::install_filter(filter))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a filter, read as the kernel reads it, says about a call without arguments.
    fn answer(filter: &BpfProgram, number: u32) -> u32 {
        let (mut at, mut loaded) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = filter[at].clone();
            let holds = match code {
                0x20 => {
                    loaded = [number, 0xc000_003e].get(k as usize / 4).copied().unwrap_or_default();
                    at += 1;
                    continue;
                }
                0x06 => return k,
                0x05 => {
                    at += 1 + k as usize;
                    continue;
                }
                0x15 => loaded == k,
                0x35 => loaded >= k,
                0x25 => loaded > k,
                0x45 => loaded & k != 0,
                0x54 => {
                    loaded &= k;
                    at += 1;
                    continue;
                }
                code => panic!("instruction {code:#x}"),
            };
            at += 1 + usize::from(if holds { jt } else { jf });
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn capabilities_open_their_calls() {
        let told = |granted: &str, call: i64| {
            let filters = default(caps::mask(granted).unwrap()).unwrap();
            filters.iter().map(|filter| answer(filter, call as u32)).min().unwrap() >> 16
        };
        const ERRNO: u32 = 0x0005;
        const ALLOW: u32 = 0x7fff;
        assert_eq!(told("CHOWN", libc::SYS_clock_settime), ERRNO);
        assert_eq!(told("SYS_TIME", libc::SYS_clock_settime), ALLOW);
        assert_eq!(told("SYS_TIME", libc::SYS_mount), ERRNO);
        assert_eq!(told("SYS_ADMIN", libc::SYS_mount), ALLOW);
        assert_eq!(told("SYS_ADMIN", libc::SYS_keyctl), ERRNO);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn second_numbers_lead_nowhere() {
        const EPERM: u32 = 0x0005_0001;
        const ENOSYS: u32 = 0x0005_0026;
        const ALLOW: u32 = 0x7fff_0000;
        let refused = |call: i64| vec![(SeccompAction::Errno(1), BTreeMap::from([(call, Vec::new())]))];
        let filters = compile(SeccompAction::Allow, refused(libc::SYS_keyctl)).unwrap();
        let number = |call: i64| call as u32;
        assert_eq!(answer(&filters[0], number(libc::SYS_keyctl)), EPERM);
        assert_eq!(answer(&filters[0], number(libc::SYS_read)), ALLOW);
        assert_eq!(answer(&filters[0], number(libc::SYS_keyctl) | X32), ENOSYS);
        assert_eq!(answer(&filters[0], number(libc::SYS_read) | X32), ENOSYS);
    }
}
