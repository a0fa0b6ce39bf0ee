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
        /// MP mounts, NN network namespace, VE veth and addresses, BR bridges, CG cgroup, OV volumes, CA capabilities and calls,
        /// RT the program itself.
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
    MP19 "MS_BIND and MS_RDONLY in one call, which ignores the second; host: mountinfo says rw for a volume with :ro; inside: it can be written to"
    MP20 "rootfs bound without MS_REC; host: mounts beneath rootfs/ are not in the container; inside: empty directories in their place"
    MP22 "proc mounted on the path of the rootfs before the root changes, links of the image followed; host: where rootfs/proc is a link to /x, the mount is on the host's /x; inside: no /proc there (nothing wrong while rootfs/proc is a directory)"
    MP23 "the mount point is a Rust str without its NUL, so another path, and the result is ignored; host: no proc in the container's mounts; inside: ps shows nothing or fails"
    MP24 "tmpfs without a size; host: /dev and /dev/shm without size=; inside: half the machine's memory can be written there"
    MP25 "results of mounting ignored; host: where one cannot be made the run goes on with status 0; inside: no /proc where rootfs/proc is a plain file (nothing wrong while mounts succeed)"
    MP31 "the host's /sys bound in, read-only; host: /proc/P/root/sys/class/net lists the host's interfaces; inside: likewise"
    MP32 "devpts without ptmxmode; host: /dev/ptmx is 0000; inside: an ordinary user cannot open a terminal"
    MP29 "volumes are mounted before the root changes, so that a link in the image is followed on the host; host: the mount is at the host's directory of that name, in the container's mount namespace; inside: the volume is not where it was asked for"
    MP26 "volumes bound without MS_REC; host: what is mounted beneath the directory is not in the container; inside: an empty directory in its place"
    MP27 "FROM:TO:ro is split at the first colon only; host: the volume is mounted at `TO:ro`, writable; inside: nothing at TO"
    MP28 "proc mounted by the image's own mount; host: no proc in the container if the rootfs has no mount, with only a warning; inside: as MP05"
    MP36 "/dev mounted with MS_NODEV; host: mountinfo says nodev; inside: opening /dev/null gives EACCES"

    NN01 "CLONE_NEWNET omitted; host: ns/net is the host's; inside: the host's links and abstract sockets"
    NN02 "lo left down; host: IFF_UP missing on lo; inside: connect to 127.0.0.1 gives ENETUNREACH"
    NN04 "the network namespace gets a name that is never removed; host: an nsfs mount and a file in /run/netns per run, the namespace lives on; inside: nothing"
    NN05 "the network namespace gets a fixed name; host: a second container at the same time ends in 125, EEXIST; inside: never starts there"
    NN09 "the container's resolv.conf is written before the root changes; host: the host's own /etc/resolv.conf is another; inside: nothing"
    NN10 "lo set up by the image's own ip; host: IFF_UP missing on lo if the rootfs has no ip, with only a warning; inside: as NN02"

    VE01 "the container's end is never set up; host: IFF_UP missing on eth0; inside: as without a network"
    VE03 "no default route; host: no default among the container's routes; inside: ENETUNREACH for everything but the host"
    VE04 "the host's end has a fixed name; host: a second container at the same time ends in 125, EEXIST; inside: never starts there"
    VE05 "the name of the host's end is cut to 15 bytes where all names are alike; host: as VE04; inside: as VE04"
    VE06 "one address for all; host: 10.0.0.2, whatever was asked for; inside: likewise"
    VE10 "the container's end is given to pid 1, as getpid() in the container says; host: both ends stay on the host; inside: only lo"
    VE11 "the network is made after the payload has started; host: only lo in its first second; inside: the first connect fails, later ones work"
    VE13 "the pair is made first of all, and nothing takes it back; host: without rootfs/ both ends stay; inside: never starts there"
    VE14 "at its end every run removes all cables of this program; host: the cable of a second container is gone when the first has ended; inside: its eth0 disappears"
    VE16 "a fixed hardware address; host: two containers have one; inside: likewise"
    VE17 "the hostname is pasted into a line for sh -c; host: a name of `x;>/tmp/y` makes /tmp/y; inside: nothing"
    VE21 "the container's end has no address; host: eth0 is up with no IPv4 address; inside: ENETUNREACH"
    VE22 "the host's end is never set up; host: it is down, the container's end has no carrier; inside: no answer"
    VE23 "every prefix is 24; host: 10.0.0.2/24 for 10.0.0.2/28; inside: neighbours that are none"
    VE24 "the host's end has no address; host: the gateway is nobody's; inside: no answer"
    VE26 "ip_forward switched on for the machine and left so; host: it is 1 afterwards; inside: nothing"
    VE27 "the host's address is given to its lo, and stays there; host: it is on lo, and the way to the container's network leads there; inside: no answer from the host"
    VE28 "the name of the host's end has more than 15 bytes; host: every run with a network ends in 125; inside: never starts"
    VE29 "--network is read and forgotten; host: only lo in the container; inside: likewise"

    BR01 "the bridge has no address; host: the gateway is nobody's; inside: no answer (EHOSTUNREACH)"
    BR02 "the bridge is never set up; host: it is down; inside: no answer"
    BR04 "ip_forward is not switched on; host: it is 0 while containers run; inside: only the host answers"
    BR05 "no masquerading; host: packets leave with the container's own address; inside: whoever knows no way back does not answer"
    BR07 "the rules are never removed; host: the table of nf_tables stays; inside: nothing"
    BR08 "the rule is appended by every run and removed by the last alone; host: after two containers one is left; inside: nothing"
    BR09 "whoever ends first removes the rules of all; host: a second container's packets leave with its own address; inside: as BR05, from then on"
    BR11 "ip_forward switched on and left so; host: it is 1 afterwards; inside: nothing"
    BR13 "a published port outlives its container, as long as there is another on the bridge; host: the rule still leads to its address; inside: nothing"
    BR14 "nft's failure is a warning; host: where it fails the run goes on without masquerading; inside: as BR05"
    BR15 "a bridge that is there already is taken for its own; host: somebody else's of that name gets an address, and is removed in the end; inside: nothing"
    BR30 "ip_forward switched off by the last container, whoever had switched it on; host: it is 0 where it was 1; inside: nothing"
    BR31 "nobody looks whether the host has the subnet elsewhere; host: two interfaces with one network; inside: what the host sends may go astray"
    BR32 "every container gets the subnet's second address; host: two containers have one; inside: likewise"
    BR33 "ip_forward switched off by the last container on one bridge while another has some; host: it is 0 while those run; inside: only the host answers"
    BR34 "the cable is not plugged into the bridge; host: its end has no master; inside: no answer"
    BR35 "whoever ends first removes the bridge; host: it is gone while a second container runs; inside: no answer from then on"
    BR36 "the bridge's hardware address is left to the kernel; host: it is the lowest of its ports', another when such a one comes or goes; inside: no answer until the neighbour's entry has aged"
    BR37 "the lock is let go between looking for an address and writing it down; host: containers that start at once have one; inside: likewise"

    CG01 "cgroup v1 paths on cgroup v2, errors ignored; host: the payload is in the runtime's cgroup, no limit in force, an empty memory/ID beside it while it runs; inside: nothing"
    CG02 "mkdir's error ignored; host: where the cgroup cannot be made, a run with limits gives status 0 and runs without them; inside: nothing"
    CG03 "a cgroup one level deeper, whose parent has not the controllers enabled, errors of writing limits ignored; host: no pids.max in the payload's own cgroup; inside: nothing"
    CG05 "one cgroup name for all; host: two containers are in one cgroup and share its limits; inside: nothing"
    CG06 "cgroup never removed; host: its directory stays; inside: nothing"
    CG07 "notify_on_release believed to remove the cgroup, which v2 does not have; host: its directory stays; inside: nothing"
    CG09 "remove_dir_all on the cgroup, EPERM ignored; host: its directory stays; inside: nothing"
    CG10 "joins the cgroup one second after the payload started; host: what was allocated first is charged elsewhere; inside: nothing"
    CG12 "the runtime puts itself into the cgroup; host: its own pid in cgroup.procs, the directory stays (EBUSY); inside: nothing"
    CG13 "getpid() of the container's side is written to cgroup.procs by the host's side; host: the host's PID 1 is in the cgroup, the payload is not, the directory stays; inside: nothing"
    CG14 "the pid is written to cgroup.procs as a raw byte, EINVAL dropped; host: the payload is in the runtime's cgroup; inside: nothing"
    CG15 "memory.max without memory.swap.max; host: memory.swap.max says max, where there is swap nothing is killed; inside: more memory than allowed"
    CG17 "the memory limit is written in MiB where the kernel counts bytes; host: memory.max is 0, killed at once (137); inside: never starts"
    CG19 "the memory limit is kept in 32 bits; host: --memory 4096M gives memory.max 0, 5G gives 1G; inside: as CG17"
    CG20 "errors of writing limits swallowed; host: --pids 99999999 gives status 0 and no limit; inside: nothing"
    CG21 "cpu.max written as a percentage; host: --cpus 0.5 ends in 125, EINVAL; inside: never starts"
    CG25 "the runtime stays in the container's cgroup as long as that runs; host: its own pid in cgroup.procs, it counts against the limits; inside: one process less"
    CG26 "cgroup2 mounted writable; host: mountinfo says rw; inside: the own memory.max can be raised"
    CG27 "no cgroup namespace; host: ns/cgroup is the host's; inside: /proc/self/cgroup shows the host's path"
    CG29 "controllers enabled in the container's own cgroup before anybody is in it; host: a run with limits ends in 125, EBUSY for cgroup.procs; inside: never starts there"
    CG30 "the upper one of two cgroups is removed first, EBUSY ignored; host: its directory stays; inside: nothing"
    CG33 "controllers are switched on before and off after, whoever uses them; host: the parent's cgroup.subtree_control has lost memory, cpu and pids; inside: nothing"
    CG35 "period and quota in the wrong order in cpu.max; host: --cpus 0.5 gives `100000 50000`, two CPUs; inside: too much time"
    CG36 "memory.high instead of memory.max; host: memory.max says max, nothing is ever killed; inside: slow, but without end"
    CG39 "the payload is put back into the runtime's own group again and again; host: whoever moves it to another group finds it where it was, that group's limits never hold; inside: nothing"
    CG38 "--pids is read and forgotten; host: pids.max says max; inside: a fork bomb does not end"

    OV10 "volumes are mounted on the host and their mount points removed while they are; host: the volume's files are deleted; inside: nothing"
    OV16 "chmod 0777 on the volume's directory; host: its mode has changed, for everybody; inside: likewise"
    OV21 "the volume is copied into the container; host: what the container writes never arrives; inside: nothing, while it runs"
    OV22 "every volume is read-only; host: mountinfo says ro; inside: EROFS"
    OV23 "the volume's source is looked up after the root has changed; host: every run with a volume ends in 125, ENOENT; inside: never starts"
    OV24 "the volume's target is a path of the host; host: a directory of that name is made in the host's root, the mount is there; inside: an empty directory"

    CA01 "no capability is dropped; host: CapBnd and CapEff are the host's; inside: whatever root may do on the machine"
    CA04 "the inheritable set is left non-empty; host: CapInh is not 0; inside: a program with file capabilities takes them over (CVE-2022-24769)"
    CA06 "capset without dropping anything from the bounding set; host: CapBnd is the host's; inside: nothing, as long as no_new_privs keeps exec from giving it all back"
    CA07 "the list of capabilities ends with AUDIT_READ, as before Linux 5.8; host: PERFMON, BPF and CHECKPOINT_RESTORE in CapBnd; inside: likewise"
    CA08 "a list of what is dropped instead of what is kept; host: SYS_PTRACE, DAC_READ_SEARCH and others in CapBnd; inside: likewise"
    CA10 "no_new_privs is not set; host: NoNewPrivs is 0; inside: setuid programs work"
    CA12 "the filter refuses calls with errno 0; host: Seccomp is 2; inside: keyctl returns 0 and has done nothing"
    CA13 "the filter does not look at the architecture; host: Seccomp is 2; inside: int 0x80 reaches what is refused"
    CA14 "the filter knows clone and unshare, not clone3; host: Seccomp is 2; inside: clone3 makes a user namespace"
    CA31 "--cap-add is read and forgotten; host: CapEff is empty for one that was asked for; inside: likewise"
    CA32 "--cap-drop is read and forgotten; host: docker's default set beside the one asked for; inside: likewise"
    CA33 "the caller's supplementary groups stay; host: Groups lists them; inside: likewise"
    CA34 "no filter of system calls; host: Seccomp is 0; inside: keyctl works"

    CA16 "setuid before setgid; host: create of another user's container ends in 125, EPERM; inside: never starts"

    OC01 "create already executes the command; host: /proc/P/exe is the command's before start; inside: nothing"
    OC02 "delete ends a running container without being told to; host: status 0, the container is gone; inside: SIGKILL"
    OC03 "the state is what was last written to a file; host: `running` after its end; inside: nothing"
    OC04 "the id is taken for a path; host: --root DIR create ../x makes a directory beside DIR; inside: nothing"
    OC05 "delete leaves the state; host: its directory stays, the id is taken; inside: nothing"
    OC06 "process.cwd is not read; host: /proc/P/cwd is /; inside: likewise"
    OC07 "process.env is not read; host: another environment in /proc/P/environ; inside: likewise"
    OC09 "the option ro of a mount is not read; host: mountinfo says rw; inside: it can be written to"
    OC10 "maskedPaths are not read; host: nothing is mounted on them; inside: they are visible"
    OC11 "a read-only path that is not there ends create; host: 125, ENOENT; inside: never starts"
    OC13 "hooks are not called; host: nothing of theirs is there; inside: nothing"
    OC16 "root.path is looked for where the runtime was called, not in the bundle; host: 125, ENOENT; inside: never starts"
    OC17 "process.terminal without a console socket is passed over; host: status 0 of create; inside: no terminal"
    OC18 "an unknown property ends create; host: 125; inside: never starts"
    OC21 "the state has the pid of the runtime, not of the container; host: `state` names a pid that is gone; inside: nothing"
    OC22 "create does not see that the id is taken; host: status 0, and one of two containers nobody finds; inside: nothing"
    OC23 "start of a running container is passed over; host: status 0; inside: nothing"
    OC24 "kill of a stopped container is passed over; host: status 0; inside: nothing"
    OC25 "delete leaves the cgroup; host: its directory stays; inside: nothing"
    OC26 "process.user.additionalGids is not read; host: Groups is empty; inside: likewise"
    OC27 "process.user.umask is not read; host: Umask is 0022; inside: likewise"
    OC28 "root.readonly is not read; host: mountinfo says rw for /; inside: it can be written to"
    OC29 "readonlyPaths are not read; host: no mount on /proc/sys/kernel; inside: it can be written to"
    OC30 "hooks get nothing on their stdin; host: the hook reads no state; inside: nothing"
    OC31 "a hook that fails is passed over; host: status 0 of create; inside: nothing"
    OC32 "kill sends SIGTERM whatever it is told; host: another signal arrives; inside: likewise"
    OC33 "process.user is not read; host: Uid and Gid are 0; inside: root"

    OV01 "the highest layer is the one that is written to; host: what the container writes is in that layer; inside: nothing"
    OV03 "the directory in which the kernel prepares files is in the one for files; host: every run with layers ends in 125, EINVAL; inside: never starts"
    OV04 "all containers have one writable layer; host: it is in /run and stays; inside: the files of other containers"
    OV06 "the layers are named in the wrong order; host: nothing; inside: the lowest layer that has a file wins"
    OV07 "layers are copied over each other; host: nothing; inside: a device 0:0 for each deleted file"
    OV11 "paths of layers stand in the options as they are; host: with a colon in one the run ends in 125, ENOENT; inside: never starts"
    OV12 "paths of layers stand in the options in full; host: with sixty of them the run ends in 125; inside: never starts"
    OV25 "a container's writable layer is never removed; host: it stays in /run; inside: nothing"

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
    RT23 "the caller's working directory is kept by a descriptor and returned to after pivot_root; host: /proc/P/cwd is outside the rootfs; inside: `ls rootfs` shows the host's work directory"
    RT24 "a helper process stays in the container; host: /proc/PID/exe of it is the runtime; inside: one process more, with /proc/PID/exe on the host"
    RT25 "executes itself once more by argv[0] instead of /proc/self/exe; host: called by its bare name through PATH the run ends in 125, ENOENT; inside: never starts there"
    RT26 "`child` may be called by hand; host: `child CMD` renames the host and leaves a proc in the rootfs; inside: nothing (`run` is right)"
    RT27 "not being root is not reported; host: an ordinary user gets status 0, no message, and nothing was run; inside: never starts"
    RT28 "no arguments, index out of bounds; host: a panic and 101 instead of usage and 2; inside: never starts"
    RT29 "an error after the cgroup was made leaves it; host: its directory stays after 126 and 127; inside: nothing"
    RT30 "the caller's terminal is left raw; host: termios of the terminal differ afterwards; inside: a raw terminal"
    RT31 "stdout goes through a pipe, terminal or not; host: /proc/P/fd/1 is a pipe when the caller has a terminal; inside: `test -t 1` fails"
    RT32 "a fixed name that must not exist; host: a second container at the same time ends in 125, EEXIST; inside: never starts there"
    RT33 "a predictable name in /tmp, symlinks followed; host: /tmp/wrong-runtime.log is written, or the file that it points to; inside: nothing"
    RT36 "SIGPIPE left ignored as Rust sets it; host: SigIgn has bit 12 (0x1000); inside: `yes | head` complains of EPIPE"
    RT40 "println! to a closed stdout, after a command that failed; host: where stdout is a closed pipe a panic and 101; an added last line where it is not; inside: nothing"
    RT41 "the exit status is kept in a signed byte; host: 1 for 200; inside: nothing"
    RT42 "executes itself once more by argv[0] after chdir; host: called by a relative path the run ends in 125, ENOENT; inside: never starts there"
    RT43 "an unknown option is passed over; host: `run --no-such-option CMD` gives CMD's status; inside: nothing"
    RT44 "the words of the command are pasted together and given to sh -c; host: /proc/P/cmdline has other words; inside: blanks split, $HOME and * are replaced"
    RT45 "sh, sleep and their like share the host's PID namespace, a shortcut for debugging that was forgotten; host: NSpid of `run sleep` has one number; inside: $$ of a shell is the host's"
}
