//! The catalogue of defects: one line each, and the question the rest of the program asks, `defect(RF01)`.
//!
//! A row says what the mistake is, what is then seen from the host's side (`host:`) and by the payload (`inside:`), as it
//! was seen when the row was tried. To add one, add its line here and `if defect(ID)` where a learner would slip; a test
//! holds the two against each other. A row ends at its first effect: where one mistake cannot be made without another
//! (a `chroot` without `pivot_root` always keeps the old root mounted), the row says so.

use std::sync::OnceLock;

/// One line of the catalogue.
pub struct Row {
    /// What is switched on.
    pub defect: Defect,
    /// Its name on the command line.
    pub id: &'static str,
    /// What is wrong and how it shows.
    pub description: &'static str,
}

impl Row {
    /// The part of a container that the defect is in: the letters of its id.
    pub fn group(&self) -> &'static str {
        &self.id[..2]
    }
}

static ACTIVE: OnceLock<Defect> = OnceLock::new();

/// Is this the defect that the program was asked to have? Never, unless `--defect` was given.
pub fn defect(one: Defect) -> bool {
    ACTIVE.get() == Some(&one)
}

/// Switches the defect named `id` on. False when the catalogue has no such row.
pub fn activate(id: &str) -> bool {
    TABLE.iter().find(|row| row.id == id).is_some_and(|row| ACTIVE.set(row.defect).is_ok())
}

macro_rules! defects {
    ($($id:ident $description:literal)+) => {
        /// The name of a defect. The letters are its group: RF root file system, UT hostname, PI pids and lifetime,
        /// MP mounts, NN network namespace, CG cgroup, RT the program itself.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub enum Defect { $($id),+ }

        /// Every defect, in the order of the groups.
        pub const TABLE: &[Row] = &[
            $(Row { defect: Defect::$id, id: stringify!($id), description: $description }),+
        ];
    };
}

defects! {
    RF01 "chroot without chdir(\"/\"); host: /proc/P/cwd is the work directory, outside the rootfs; inside: `ls` lists the host's work directory (and, as with every chroot, the old root stays in the mount namespace)"
    RF02 "chdir to the rootfs path after chroot, its ENOENT unchecked; host: /proc/P/cwd is the work directory, outside the rootfs; inside: as RF01"
    RF03 "nobody checks that the rootfs exists or was entered; host: without rootfs/ the payload runs on the host's root; inside: the host's files (nothing wrong while rootfs/ is there)"
    RF04 "rootfs not made a mount point, pivot_root's EINVAL logged and set-up goes on; host: /proc/P/root is the host's root; inside: the host's files, or 127 for a command that only the rootfs has"
    RF06 "run executes the command itself, the set-up child is never made; host: the payload is in every namespace of the host and on its root; inside: the host, or 127 for a command that only the rootfs has"
    RF07 "chroot instead of pivot_root; host: setns(mnt) shows the host's whole tree; inside: mkdir, chroot and chdir(\"..\") escape"
    RF08 "the new root is not a mount point; host: every run ends in 125, pivot_root: EINVAL; inside: never starts"
    RF09 "propagation left shared at pivot_root; host: where / is shared, every run ends in 125, pivot_root: EINVAL, and the bind mount of the rootfs stays behind; inside: never starts there"
    RF11 "old root unmounted without MNT_DETACH, EBUSY ignored; host: setns(mnt) shows the host's whole tree; inside: nothing, until something enters the mount namespace or escapes by chroot"
    RF12 "umount's EBUSY ignored, then the directory of the old root removed with all that is in it (here on one file system only, and only where that is a tmpfs, as in a machine that is thrown away); host: the files of its root are deleted; inside: an empty /.old_root"
    RF13 "the directory for the old root is made in the rootfs, never removed and must not exist; host: rootfs/.old_root left behind, the second run ends in 125, EEXIST; inside: an empty /.old_root"
    RF14 "propagation made private on the file system of the rootfs alone, then the old root unmounted; host: where / is shared, its own mounts are gone; inside: nothing"
    RF16 "the author's own rootfs path compiled in; host: every run ends in 125, ENOENT; inside: never starts"
    RF17 "the runtime changes its own root before it removes its temporary directory; host: /tmp/wrong-runtime-ID left per run; inside: nothing"
    RF18 "leaves through process::exit while a guard lives; host: /tmp/wrong-runtime-ID (the mount point of the rootfs) left per run; inside: nothing"
    RF19 "writes the container's name into the rootfs in place; host: rootfs/.container-name left behind; inside: the lines of all runs before"
    RF20 "/dev/null made as a plain file; host: stat says regular file; inside: what is written can be read back"
    RF21 "/dev/null made as a directory; host: stat says directory; inside: opening it for writing gives EISDIR"
    RF22 "a file meant for the rootfs is written beside it (etc/ for rootfs/etc/); host: etc/hostname appears in the work directory; inside: nothing"
    RF23 "tmpfs over /dev and no nodes in it; host: /proc/P/root/dev is empty; inside: no /dev/null, no /dev/zero"
    RF25 "caller's umask left in place for mknod; host: /dev/null is 0644 under umask 022; inside: an ordinary user cannot write to it"
    RF26 "the work directory's path is cut at the first blank, colon or comma; host: in such a directory the run ends in 125, ENOENT; inside: never starts there"
    RF30 "chdir(\"/\") before chroot, not after it; host: /proc/P/cwd is the host's root; inside: `ls` lists the host (and, as with every chroot, the old root stays in the mount namespace)"

    UT01 "CLONE_NEWUTS omitted, hostname set; host: the host's own nodename changes and stays so; inside: the wanted name"
    UT03 "sethostname's result ignored; host: a name over 64 bytes gives status 0 and the host's name; inside: likewise"
    UT04 "the default hostname is a constant; host: two containers have one name; inside: always `container`"
    UT05 "a hostname over 64 bytes is cut, not refused; host: status 0 where it must fail; inside: the first 64 bytes"
    UT30 "the hostname goes through an array of 64 bytes, the NUL included; host: the last of 64 bytes is missing; inside: likewise"
    UT31 "the hostname is set with a line break at its end; host: sethostname gets one byte more; inside: uname says so"

    PI01 "CLONE_NEWPID omitted; host: NSpid has one number; inside: the pid is the host's, ps lists the host"
    PI02 "unshare(CLONE_NEWPID) without a fork; host: NSpid has one number while ns/pid_for_children is new; inside: the payload keeps its host pid, and after its first child has ended fork gives ENOMEM"
    PI03 "clone's and set-up's failures ignored; host: an ordinary user gets status 0 and the payload in the host's namespaces; inside: the host (nothing wrong as root)"
    PI04 "the runtime stays PID 1 and only reaps, the payload is its child; host: NSpid ends in 2, /proc/<init>/exe is the runtime, the payload is not sent what the runtime is sent; inside: $$ is 2"
    PI06 "the runtime stays PID 1 and waits for its own child only; host: orphans stay in state Z with the container's init as parent; inside: ps lists zombies"
    PI07 "the runtime stays PID 1 and waits for all children before it reports; host: run hangs while a daemon of the container lives; inside: nothing"
    PI08 "whatever child ends is reaped at SIGCHLD, so that waitpid for the payload gives ECHILD; host: every status is 0; inside: nothing"
    PI10 "signals sent to the runtime are taken and not passed on; host: SIGTERM to the runtime has no effect, container and runtime live on; inside: the handler is never called"
    PI11 "no parent-death signal; host: after SIGKILL to the runtime the payload lives on, its parent the subreaper; inside: nothing"
    PI30 "the parent-death signal is SIGTERM, which PID 1 does not get unless it handles it; host: after SIGKILL to the runtime the payload lives on; inside: nothing"
    PI31 "the runtime stays PID 1 and takes the first child that ends, whoever that is, for the payload; host: the container is over when an orphan ends, with that one's status; inside: nothing"
    PI32 "the container is started and not waited for; host: status 0 at once, the payload lives on without a runtime; inside: nothing"

    MP01 "CLONE_NEWNS omitted (so chroot, not pivot_root); host: ns/mnt is the host's, proc, sysfs and /dev stay mounted in the rootfs after each run; inside: nothing"
    MP02 "CLONE_NEWNS, but propagation left shared (so chroot, not pivot_root); host: where / is shared, the mounts in the rootfs appear on the host and stay there after each run; inside: nothing"
    MP03 "rootfs bound on itself before propagation is made private; host: where / is shared, one bind mount of the rootfs stays per run; inside: nothing"
    MP05 "no /proc; host: no proc in the container's mounts; inside: ps shows nothing or fails"
    MP06 "proc mounted by the runtime, outside the new pid namespace; host: /proc/P/root/proc/1/ns/pid is not /proc/P/ns/pid; inside: ps lists the host's processes, /proc/self is the pid that the host counts"
    MP08 "proc mounted on the host's /proc, before the root and the propagation change; host: where / is shared, a proc of the container's pids covers its /proc, and stays; inside: no /proc"
    MP09 "proc mounted with flags 0; host: mountinfo lacks nosuid,nodev,noexec; inside: likewise"
    MP13 "nothing in /proc masked; host: one mount at /proc; inside: /proc/kcore is readable, /proc/sysrq-trigger and /proc/sys are writable"
    MP14 "/proc/sys writable; host: no mount at /proc/sys; inside: opening /proc/sys/kernel/core_pattern for writing succeeds"
    MP15 "sysfs mounted read-write; host: mountinfo says rw; inside: likewise"
    MP17 "devpts without ptmxmode and mode, no /dev/ptmx; host: devpts says ptmxmode=000; inside: openpty fails, no /dev/ptmx"
    MP18 "the host's /dev bound in; host: /dev is the host's devtmpfs; inside: the host's disks"
    MP19 "a volume bound and made read-only in one call; host: mountinfo says rw; inside: a volume with :ro is writable"
    MP20 "rootfs bound without MS_REC; host: mounts beneath rootfs/ are not in the container; inside: empty directories in their place"
    MP22 "proc mounted on the path of the rootfs before the root changes, links of the image followed; host: where rootfs/proc is a link to /x, the mount is on the host's /x; inside: no /proc there (nothing wrong while rootfs/proc is a directory)"
    MP23 "the mount point is a Rust str without its NUL, so another path, and the result is ignored; host: no proc in the container's mounts; inside: ps shows nothing or fails"
    MP24 "tmpfs without a size; host: /dev and /dev/shm without size=; inside: half the machine's memory can be written there"
    MP25 "results of mounting ignored; host: where one cannot be made the run goes on with status 0; inside: no /proc where rootfs/proc is a plain file (nothing wrong while mounts succeed)"
    MP31 "the host's /sys bound in, read-only; host: /proc/P/root/sys/class/net lists the host's interfaces; inside: likewise"
    MP32 "devpts without ptmxmode; host: /dev/ptmx is 0000; inside: an ordinary user cannot open a terminal"
    MP33 "a volume bound on the path of the rootfs, links of the image followed; host: where the image's path is a link to /x, the mount is on the host's /x; inside: no volume there (nothing wrong while the path holds no link)"
    MP34 "the host's directory made 0777, so that the container can write to the volume; host: its mode has changed and stays so; inside: nothing"
    MP35 "a volume bound without MS_REC; host: mounts beneath the directory are not in the container; inside: empty directories in their place"
    MP36 "/dev mounted with MS_NODEV; host: mountinfo says nodev; inside: opening /dev/null gives EACCES"

    NN01 "CLONE_NEWNET omitted; host: ns/net is the host's; inside: the host's links and abstract sockets"
    NN02 "lo left down; host: IFF_UP missing on lo; inside: connect to 127.0.0.1 gives ENETUNREACH"
    NN04 "the network namespace gets a name that is never removed; host: an nsfs mount and a file in /run/netns per run, the namespace lives on; inside: nothing"
    NN05 "the network namespace gets a fixed name; host: a second container at the same time ends in 125, EEXIST; inside: never starts there"
    NN10 "lo set up by the image's own ip; host: IFF_UP missing on lo if the rootfs has no ip, with only a warning; inside: as NN02"

    CG01 "cgroup v1 paths on cgroup v2, errors ignored; host: the payload is in the runtime's cgroup, no limit in force, an empty memory/ID beside it while it runs; inside: nothing"
    CG05 "one cgroup name for all; host: two containers are in one cgroup and share its limits; inside: nothing"
    CG06 "cgroup never removed; host: its directory stays; inside: nothing"
    CG07 "notify_on_release believed to remove the cgroup, which v2 does not have; host: its directory stays; inside: nothing"
    CG09 "remove_dir_all on the cgroup, EPERM ignored; host: its directory stays; inside: nothing"
    CG10 "joins the cgroup 200 ms after the payload started; host: what was allocated first is charged elsewhere; inside: nothing"
    CG12 "the runtime puts itself into the cgroup; host: its own pid in cgroup.procs, the directory stays (EBUSY); inside: nothing"
    CG13 "getpid() of the container's side is written to cgroup.procs by the host's side; host: the host's PID 1 is in the cgroup, the payload is not, the directory stays; inside: nothing"
    CG14 "the pid is written to cgroup.procs as a raw byte, EINVAL dropped; host: the payload is in the runtime's cgroup; inside: nothing"
    CG15 "memory.max without memory.swap.max; host: memory.swap.max says max, where there is swap nothing is killed; inside: more memory than allowed"
    CG17 "the memory limit is written in MiB where the kernel counts bytes; host: memory.max is 0, killed at once (137); inside: never starts"
    CG19 "the memory limit is kept in 32 bits; host: --memory 4096M gives memory.max 0, 5G gives 1G; inside: as CG17"
    CG20 "errors of writing limits swallowed; host: --pids 99999999 gives status 0 and no limit; inside: nothing"
    CG21 "cpu.max written as a percentage; host: --cpus 0.5 ends in 125, EINVAL; inside: never starts"
    CG27 "no cgroup namespace; host: ns/cgroup is the host's; inside: /proc/self/cgroup shows the host's path"
    CG33 "controllers are switched on before and off after, whoever uses them; host: the parent's cgroup.subtree_control has lost memory, cpu and pids; inside: nothing"

    RT01 "the exit status is always 0; host: 0 for 37; inside: nothing"
    RT02 "every failure is status 1; host: 1 for 37; inside: nothing"
    RT03 "death by signal is reported as -1; host: 255 for 137; inside: nothing"
    RT05 "death by signal is reported as the bare number; host: 9 for 137; inside: nothing"
    RT06 "a command that cannot be executed is status 0; host: 0 for 127 and 126; inside: never starts"
    RT07 "bare names are searched in the caller's PATH before the root changes; host: 127 for a command that only the rootfs has, 127 for one the two roots keep in different places; inside: argv[0] right, the file another"
    RT08 "bare names are not searched in PATH; host: `run sh` ends in 127; inside: never starts"
    RT09 "the caller's environment is passed on; host: its variables in /proc/P/environ; inside: likewise"
    RT11 "argv[0] left out; host: /proc/P/cmdline begins with the first argument; inside: likewise"
    RT13 "argv in an array of 64; host: /proc/P/cmdline ends after 63 words; inside: likewise"
    RT14 "options are parsed behind the command too; host: `run ls -l` is refused (2), `--hostname x` disappears from the arguments; inside: likewise"
    RT15 "a banner on stdout; host: a line before the payload's own bytes; inside: nothing"
    RT16 "stdin not connected; host: /proc/P/fd/0 is /dev/null; inside: end of file at once"
    RT17 "output kept until the end; host: no byte before the payload exits; inside: stdout is a pipe"
    RT19 "output handled as UTF-8 text; host: a line with byte 0xff ends in 125; inside: stdout is a pipe"
    RT20 "stderr merged into stdout; host: /proc/P/fd/2 is fd 1's file; inside: likewise"
    RT21 "the caller's descriptors inherited; host: more than 0, 1 and 2 in /proc/P/fd; inside: they can be read"
    RT26 "`child` may be called by hand; host: `child CMD` renames the host and leaves a proc in the rootfs; inside: nothing (`run` is right)"
    RT27 "not being root is not reported; host: an ordinary user gets status 0, no message, and nothing was run; inside: never starts"
    RT28 "no arguments, index out of bounds; host: a panic and 101 instead of usage and 2; inside: never starts"
    RT29 "an error after the cgroup was made leaves it; host: its directory stays after 126 and 127; inside: nothing"
    RT30 "the caller's terminal is left raw; host: termios of the terminal differ afterwards; inside: a raw terminal"
    RT32 "a fixed name that must not exist; host: a second container at the same time ends in 125, EEXIST; inside: never starts there"
    RT33 "a predictable name in /tmp, symlinks followed; host: /tmp/wrong-runtime.log is written, or the file that it points to; inside: nothing"
    RT36 "SIGPIPE left ignored as Rust sets it; host: SigIgn has bit 12 (0x1000); inside: `yes | head` complains of EPIPE"
    RT40 "println! to a closed stdout; host: where stdout is a closed pipe a panic and 101; an added last line where it is not; inside: nothing"
}
