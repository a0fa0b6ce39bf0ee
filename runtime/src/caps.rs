//! Capabilities: the pieces into which the kernel has cut root's power (capabilities(7)).

use nix::sys::prctl;

use crate::error::{Context, Error, Result};
use crate::sys;

/// The names of linux/capability.h; a capability's number is its place.
#[rustfmt::skip]
pub const NAMES: [&str; 41] = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
];

/// What Docker leaves to a container: enough for package managers and servers, nothing that reaches the machine.
#[rustfmt::skip]
const DEFAULT: [&str; 14] = [
    "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
    "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
];

/// A set of capabilities, a bit for each.
pub type Mask = u64;

/// The five sets of a process. What is in none of them is gone for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    pub bounding: Mask,
    pub effective: Mask,
    pub permitted: Mask,
    pub inheritable: Mask,
    pub ambient: Mask,
}

impl Sets {
    /// For a container of root's: all that is left to it in force, and nothing inheritable, which would hand it to
    /// programs whose files ask for it. Another user gets nothing but the bound, as execve would arrange anyway.
    pub fn of(mask: Mask, root: bool) -> Sets {
        let held = if root { mask } else { 0 };
        Sets { bounding: mask, effective: held, permitted: held, inheritable: 0, ambient: 0 }
    }

    /// Before the change of user, while SETPCAP is there. Goes by the kernel's own last capability: a list that ends
    /// where its author's kernel ended leaves the newest ones in.
    pub fn drop_bounding(&self) -> Result<()> {
        for number in 0..=last()? {
            if self.bounding & 1 << number == 0 {
                sys::drop_from_bounding_set(number)
                    .doing_with(|| format!("drop {} from the bounding set", name(number)))?;
            }
        }
        // Else the change of user would take away what `assume` is about to distribute.
        prctl::set_keepcaps(true).doing("keep capabilities across the change of user")
    }

    /// After the change of user.
    pub fn assume(&self) -> Result<()> {
        let known = known(last()?);
        let [effective, permitted, inheritable, ambient] =
            [self.effective, self.permitted, self.inheritable, self.ambient].map(|mask| mask & known);
        sys::set_capabilities(effective, permitted, inheritable).doing("set the capabilities")?;
        sys::clear_ambient_set().doing("clear the ambient capabilities")?;
        // The kernel makes ambient only what is permitted and inheritable. Configurations in the field name more (`runc spec`
        // does), and nobody grants it.
        let ambient = ambient & permitted & inheritable;
        for number in (0..64).filter(|number| ambient & 1 << number != 0) {
            sys::raise_ambient(number).doing_with(|| format!("make {} ambient", name(number)))?;
        }
        prctl::set_keepcaps(false).doing("forget capabilities at a change of user again")
    }
}

/// The newest capability that this kernel knows. The kernel itself is asked: /proc/sys/kernel/cap_last_cap is a path of the
/// image by now, and where no /proc is mounted over it the image could say what is left to it.
fn last() -> Result<u32> {
    let known = (0..64).take_while(|&number| sys::is_capability(number)).count() as u32;
    known.checked_sub(1).ok_or_else(|| Error::new("this kernel knows no capabilities"))
}

fn known(last: u32) -> Mask {
    u64::MAX >> (63 - last)
}

fn name(number: u32) -> String {
    NAMES.get(number as usize).map_or_else(|| format!("capability {number}"), |name| format!("CAP_{name}"))
}

/// Reads `NET_ADMIN`, `CAP_NET_ADMIN`, `cap_net_admin` or `ALL`.
pub fn mask(word: &str) -> Option<Mask> {
    let upper = word.to_ascii_uppercase();
    let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
    if name == "ALL" {
        return Some(Mask::MAX);
    }
    NAMES.iter().position(|other| *other == name).map(|number| 1 << number)
}

/// Docker's arithmetic: the default set, or all of it or nothing if `ALL` is added or dropped, then every single name
/// added and dropped, whatever the order of the options.
pub fn choose(add: &[Mask], drop: &[Mask]) -> Mask {
    let all = |list: &[Mask]| list.contains(&Mask::MAX);
    let singles = |list: &[Mask]| list.iter().filter(|mask| **mask != Mask::MAX).fold(0, |sum, mask| sum | mask);
    let base = match (all(add), all(drop)) {
        (true, _) => Mask::MAX,
        (false, true) => 0,
        (false, false) => DEFAULT.iter().filter_map(|name| mask(name)).fold(0, |sum, mask| sum | mask),
    };
    if all(drop) { base & !singles(drop) | singles(add) } else { (base | singles(add)) & !singles(drop) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[], &[], 0xa804_25fb)]
    #[case(&[], &["ALL"], 0)]
    #[case(&["ALL"], &[], Mask::MAX)]
    #[case(&["cap_sys_admin"], &["ALL"], 1 << 21)]
    #[case(&["NET_ADMIN"], &["NET_RAW"], 0xa804_15fb | 1 << 12)]
    #[case(&["NET_ADMIN"], &["NET_ADMIN"], 0xa804_25fb)]
    fn sets_are_those_of_docker(#[case] add: &[&str], #[case] drop: &[&str], #[case] expected: Mask) {
        let masks = |words: &[&str]| words.iter().map(|word| mask(word).unwrap()).collect::<Vec<_>>();
        assert_eq!(choose(&masks(add), &masks(drop)), expected, "{:x}", choose(&masks(add), &masks(drop)));
    }

    #[test]
    fn the_last_one_is_included() {
        assert_eq!(known(40), (1 << 41) - 1);
        assert_eq!(known(63), u64::MAX);
    }

    #[test]
    fn nobody_but_root_holds_anything() {
        assert_eq!(Sets::of(5, false), Sets { bounding: 5, ..Sets::default() });
    }
}
