# The catalogue's texts in English. The same ids and placeables stand in ja.ftl; a test sees to it.

# How a container is started by hand and its PID, as the host counts, put into $P.
-held = sudo ./mycontainer run /bin/sleep 31337 &
    P=$(pgrep -f '^/bin/sleep 31337')

## The workshop's steps

step-1 = Step 1  The root file system
step-2 = Step 2  Namespaces: what a process sees
step-2-1 = Step 2-1  PID namespace
step-2-2 = Step 2-2  Mount namespace and a root of its own
step-2-3 = Step 2-3  Network namespace
step-3 = Step 3  cgroup v2: how much a process may use
step-3-1 = Step 3-1  A limit set by the runtime
step-3-2 = Step 3-2  A limit on a running container
step-4 = Step 4  veth: a cable between host and container
step-5 = Step 5  The runtime as a program
step-5-1 = Step 5-1  The Go program
step-5-2 = Step 5-2  Running it

## What happened, where nothing more special can be said

message-check-passed = As expected: { $observed }
message-check-failed = Expected { $expected }, observed { $observed }
message-no-controller = This machine's cgroup v2 has no { $controller } controller, so this could not be examined here.
message-no-swap = This machine has no swap, so a missing swap limit would not show. It was not examined here.
message-not-offered = The runtime does not say (boxproof.toml, [offers]) that it has the option "{ $option }".
message-harness-error = boxproof could not do its part: { $error }
message-not-reached = Not reached, because an earlier check of this scenario failed.
message-check-lost = This check was planned and not made. That is a defect of boxproof; please report it.
message-not-examined = The exam ended before this was examined.
message-container-silent = The container gave no answer.
message-container-refuses = The container could not do what it was asked to: { $observed }
message-container-gone = The container was gone: { $observed }
message-runtime-not-executable = The kernel cannot execute the runtime: { $observed }
message-payload-outside-rootfs = The command ran outside rootfs/.
message-not-the-probe = Another program ran than the one that was asked for.
message-rootfs-stays-mounted = rootfs/ is still a mount point after the container has ended: { $observed }
message-runtime-hangs = The runtime did not come to an end: { $observed }
message-runtime-floods = The runtime printed without end and did not start the command.
message-command-not-started = The command was never started: { $observed }
message-runtime-outlives-container = The container has ended, the runtime still runs.

lack-no-controller = The { $controller } controller is not available in cgroup v2 on this machine, so the scenarios about it were not examined. Run the exam in the virtual machine (--backend vm), or boot with systemd.unified_cgroup_hierarchy=1.
lack-no-swap = This machine has no swap, so the scenario about swap was not examined. Run the exam in the virtual machine (--backend vm).

## Step 1

scenario-missing-rootfs-refused = Without rootfs/ the runtime refuses to run
    .what = rootfs/ is taken away and a command is started. The runtime must fail with an error; the command must not run anywhere, least of all on the host.
    .why = A chroot whose result nobody looks at is the classic: it fails, the program goes on, and the "container" runs as root on the host's own files.
    .hand =
        mv rootfs rootfs.away
        sudo ./mycontainer run /bin/ls /; echo "status $?"
        mv rootfs.away rootfs
    .man = chroot(2), pivot_root(2)
check-missing-rootfs-refused-nothing-started = No command runs without a rootfs
check-missing-rootfs-refused-status = The exit status is not 0

scenario-rootfs-path-odd = The directory may be called anything
    .what = The work directory gets a name with a blank, a comma and a colon. The runtime is called there as ever, and the container's root is the rootfs/ in it.
    .why = Blanks split words in a shell, commas and colons mean something in mount options. A path that goes through either without quotes works until somebody's home directory is called "My Documents".
    .hand =
        mkdir -p '/tmp/my work,dir:1' && sudo cp -a rootfs '/tmp/my work,dir:1/'
        cp mycontainer '/tmp/my work,dir:1/' && cd '/tmp/my work,dir:1'
        sudo ./mycontainer run /bin/ls /
    .man = mount(8) (FILESYSTEM-INDEPENDENT MOUNT OPTIONS), getcwd(3)
check-rootfs-path-odd-root-directory = The root directory is the rootfs/ there

## Step 2-1

scenario-pid-one = The first process of the container is PID 1
    .what = The container has a PID namespace of its own, and its first process has the number 1 in it. A runtime that keeps PID 1 for an init which reaps orphans is right, too.
    .why = PID 1 is special: orphans become its children, and when it ends the kernel ends the whole container. A container without its own PID namespace can see and kill every process of the host.
    .hand =
        { -held }
        sudo readlink /proc/self/ns/pid /proc/$P/ns/pid    # must differ
        grep NSpid /proc/$P/status                         # the last number must be 1
    .man = pid_namespaces(7), clone(2), unshare(1)
check-pid-one-own-pid-namespace = The PID namespace is not the host's
check-pid-one-is-pid-one = The first process counts itself as PID 1

## Step 2-2

scenario-rootfs-is-root = rootfs/ is the container's /
    .what = The root directory of the command is rootfs/, it works somewhere below it, and files of the host cannot be reached by their path.
    .why = Whoever sees the host's root sees the host's secrets and can change its programs. A working directory left outside is a way out: `cd ..` walks it.
    .hand =
        { -held }
        sudo ls -di /proc/$P/root/ rootfs/                 # the same inode number
        sudo readlink /proc/$P/cwd                         # must be below rootfs/
        sudo ls /proc/$P/root/
    .man = chroot(2), chdir(2), pivot_root(2), proc_pid_root(5), proc_pid_cwd(5)
check-rootfs-is-root-root-directory = The root directory is rootfs/
check-rootfs-is-root-working-directory = The working directory is inside rootfs/
check-rootfs-is-root-host-files-hidden = A file of the host cannot be seen

scenario-old-root-detached = The host's files are gone from the mount namespace
    .what = Not only the root directory is another: in the whole mount namespace of the container no path leads to the host's files any more.
    .why = chroot changes where a process starts to look, nothing else. Root inside gets out with mkdir, chroot and `cd ..`. pivot_root and detaching the old root close that way for good.
    .hand =
        { -held }
        sudo nsenter --target $P --mount ls /              # must show rootfs/, not the host
    .man = pivot_root(2), mount_namespaces(7), umount2(2)
check-old-root-detached-namespace-without-host-files = The container's mount namespace does not hold the host's files

scenario-submounts-carried = What is mounted below rootfs/ is in the container
    .what = A file system is mounted on a directory of rootfs/ before the start, as one would give a container a volume. Its file can be seen inside, and after the end it is still mounted on the host.
    .why = A bind mount without MS_REC takes the directory and leaves the mounts below it behind: the container sees an empty directory, writes into it, and the data is not where everybody looks for it.
    .hand =
        sudo mkdir rootfs/volume && sudo mount -t tmpfs none rootfs/volume && sudo touch rootfs/volume/file
        sudo ./mycontainer run /bin/ls /volume             # file
        ls rootfs/volume                                   # still there
        sudo umount rootfs/volume
    .man = mount(2) (MS_BIND, MS_REC), mount_namespaces(7)
check-submounts-carried-seen-inside = The file can be seen in the container
check-submounts-carried-still-mounted = The file system is still mounted on the host afterwards

scenario-devices-usable = /dev has the few devices that programs expect
    .what = null, zero, full, random and urandom are character devices with the right numbers, and what is written to /dev/null is gone.
    .why = A /dev/null that is a plain file grows and keeps what it should forget; without urandom many programs do not start.
    .hand =
        sudo ./mycontainer run /bin/ls -l /dev/            # crw-rw-rw- ... 1, 3 ... null
    .man = null(4), full(4), random(4), mknod(2)
check-devices-usable-device-numbers = The devices have their numbers
check-devices-usable-null-swallows = /dev/null forgets what is written to it

scenario-devices-for-everyone = /dev is for every user of the container, whatever the caller's umask
    .what = The runtime is started with umask 077. The devices that it makes are 0666 all the same, and everybody may enter the directories.
    .why = mknod(2) and mkdir(2) take the umask off the mode that is asked for. A /dev/null that only root may write to breaks every program that runs as another user, and only on machines with a strict umask.
    .hand =
        sudo sh -c 'umask 077; ./mycontainer run /bin/ls -l /dev'    # crw-rw-rw-
    .man = umask(2), mknod(2)
check-devices-for-everyone-modes = Nothing in /dev is closed to ordinary users

scenario-dev-is-own = The host's devices are not in the container
    .what = A device that exists in the host's /dev does not appear in the container's.
    .why = The host's /dev holds its disks: `dd` on one of them reads and writes every file of the machine, whatever namespaces there are.
    .hand =
        sudo ./mycontainer run /bin/ls /dev                # no sda, no vda, no nvme0n1
    .man = mknod(2), devices in https://docs.kernel.org/admin-guide/devices.html
check-dev-is-own-host-device-hidden = A device of the host cannot be seen

scenario-terminals-work = Terminals open, for everybody, and are the container's own
    .what = If the container has /dev/pts or /dev/ptmx at all, a new terminal can be opened there, /dev/ptmx is 0666, and the terminals are not the host's.
    .why = ssh, tmux, script and sudo open a terminal. Without ptmxmode=0666 a devpts refuses ordinary users, without the link /dev/ptmx nobody finds it, and in the host's /dev/pts a container can write on everybody's screen.
    .hand =
        { -held }
        sudo nsenter --target $P --mount --root ls -l /dev/ptmx /dev/pts     # ptmx is crw-rw-rw-
        sudo grep devpts /proc/$P/mountinfo                # ptmxmode=666
    .man = pts(4), pty(7), https://docs.kernel.org/filesystems/devpts.html
check-terminals-work-opens = A terminal can be opened
check-terminals-work-for-everyone = Everybody may open one
check-terminals-work-not-the-hosts = The terminals are not the host's

scenario-tmpfs-bounded = No tmpfs may fill the machine's memory
    .what = Every writable tmpfs of the container (/dev, /dev/shm, ...) has a size of its own that is less than the default, half of the machine's memory.
    .why = What is written to a tmpfs is memory. Where no memory limit is set, `cat /dev/zero > /dev/shm/x` takes half of the machine, and a second tmpfs takes the other half.
    .hand =
        { -held }
        sudo nsenter --target $P --mount --root df -h /dev /dev/shm
        sudo grep tmpfs /proc/$P/mountinfo                 # size=...
    .man = tmpfs(5), https://docs.kernel.org/filesystems/tmpfs.html
check-tmpfs-bounded-every-tmpfs-has-a-size = Every tmpfs has a size

scenario-sysfs-read-only = No sysfs can be written to
    .what = If /sys is mounted in the container at all, it is mounted read-only.
    .why = /sys is the machine itself: a container that can write there changes the host's devices and kernel settings.
    .hand =
        { -held }
        sudo nsenter --target $P --mount --root cat /proc/mounts | grep sysfs      # none, or ro
    .man = sysfs(5), mount(2)
check-sysfs-read-only-no-writable-sysfs = No writable sysfs is mounted

scenario-mount-namespace = The container has a mount namespace of its own
    .what = What the container mounts and unmounts changes its own list of mounts, not the host's.
    .why = In the host's mount namespace every mount of the container stays on the host, and an umount in the container takes the host's file systems away.
    .hand =
        { -held }
        sudo readlink /proc/self/ns/mnt /proc/$P/ns/mnt    # must differ
    .man = mount_namespaces(7), clone(2)
check-mount-namespace-own-mount-namespace = The mount namespace is not the host's

scenario-proc-isolated = ps sees the container, and nothing else
    .what = A procfs is mounted on /proc, it belongs to the container's own PID namespace, and a process of the host does not appear in it.
    .why = ps reads /proc. A /proc of the host shows command lines, environments and open files of every process on the machine.
    .hand =
        { -held }
        sudo readlink /proc/$P/ns/pid /proc/$P/root/proc/1/ns/pid    # must be the same
        sudo ./mycontainer run /bin/ps
    .man = proc(5), pid_namespaces(7), mount(8)
check-proc-isolated-proc-mounted = A procfs is mounted on /proc
check-proc-isolated-proc-of-own-namespace = It is the one of the container's PID namespace
check-proc-isolated-host-process-hidden = A process of the host does not appear in it

scenario-proc-mount-options = /proc is mounted with nosuid, nodev and noexec
    .what = Every distribution mounts /proc with these three options; a container should, too.
    .why = Nothing in /proc is a device or a program to execute. The flags cost nothing and close a door.
    .hand =
        { -held }
        sudo grep ' /proc ' /proc/$P/mountinfo             # nosuid,nodev,noexec
    .man = mount(2), proc(5)
check-proc-mount-options-nosuid-nodev-noexec = The three options are set

scenario-mount-failure-stops = A mount that fails stops the run
    .what = rootfs/proc is replaced by a plain file, on which nothing can mount a /proc. The runtime must fail with an error; the command must not start without its /proc.
    .why = mount(2) tells of its failure by its result only. Whoever does not look gives the user a container in which a part of the isolation is silently missing.
    .hand =
        mv rootfs/proc rootfs/proc.away && touch rootfs/proc
        sudo ./mycontainer run /bin/echo started; echo "status $?"    # an error, not "started"
        rm rootfs/proc && mv rootfs/proc.away rootfs/proc
    .man = mount(2) (RETURN VALUE, ENOTDIR)
check-mount-failure-stops-nothing-started = The command does not start without /proc
check-mount-failure-stops-status = The exit status is not 0

scenario-image-links-stay-inside = A link in the image does not lead a mount out of it
    .what = rootfs/proc is replaced by a link to a directory that exists both in the rootfs and on the host. /proc is then mounted inside, where the link leads there, or the runtime refuses.
    .why = Before the root changes, a link in the image is resolved on the host: the mount lands on the host's directory, and the container is without it. Whoever makes the image chooses where. A /proc that is a link was runc's CVE-2019-19921, and again CVE-2023-27561.
    .hand =
        mkdir rootfs/elsewhere; sudo mkdir /elsewhere
        mv rootfs/proc rootfs/proc.away && ln -s /elsewhere rootfs/proc
        sudo ./mycontainer run /bin/ls /proc/              # the processes, or an error
        rm rootfs/proc && mv rootfs/proc.away rootfs/proc
    .man = path_resolution(7), openat2(2) (RESOLVE_IN_ROOT), pivot_root(2)
check-image-links-stay-inside-mount-lands-inside = The mount lands inside, or is refused

scenario-volume-option = A volume is the host's own directory
    .what = With the runtime's volume option (HOST:CONTAINER) the directory in the container is the host's one, with what is mounted below it; a file written inside is on the host; and the mode of the host's directory is what it was.
    .why = A volume is where data outlives the container. A copy, or a bind mount that leaves the mounts below behind, loses it without a word; a directory made 0777 "so that it works" is open to everybody on the host.
    .hand =
        mkdir rootfs/data
        sudo ./mycontainer run --volume /var/tmp:/data /bin/touch /data/from-inside
        ls -ld /var/tmp /var/tmp/from-inside
    .man = mount(2) (MS_BIND, MS_REC), mount_namespaces(7)
check-volume-option-same-directory = It is the host's directory
check-volume-option-submounts-carried = What is mounted below it is there, too
check-volume-option-writes-arrive = What is written inside is on the host
check-volume-option-host-directory-unchanged = The mode of the host's directory is unchanged

scenario-volume-read-only-option = A read-only volume cannot be written
    .what = With HOST:CONTAINER:ro the files of the volume can be read in the container, its mount says ro, and a write gives EROFS.
    .why = mount(2) ignores MS_RDONLY when a bind mount is made. Whoever gives both flags in one call gets a writable volume, and no error.
    .hand =
        mkdir rootfs/data
        sudo ./mycontainer run --volume /var/tmp:/data:ro /bin/touch /data/x     # Read-only file system
    .man = mount(2) (MS_BIND, MS_REMOUNT, MS_RDONLY), mount_setattr(2)
check-volume-read-only-option-readable = Its files can be read
check-volume-read-only-option-mounted-read-only = The mount is read-only
check-volume-read-only-option-write-refused = A write is refused

scenario-volume-link-option = A link in the image does not lead a volume out of it
    .what = The path given for the volume is a link in the image, to a directory that exists both in the rootfs and on the host. The volume is then found in the container, where the link leads there, or the runtime refuses.
    .why = Before the root changes, the link is resolved on the host: the volume is mounted over a directory of the host instead. Whoever makes the image chooses which.
    .hand =
        mkdir rootfs/elsewhere; sudo mkdir /elsewhere; ln -s /elsewhere rootfs/data
        sudo ./mycontainer run --volume /etc:/data /bin/ls /data/        # the host's /etc, or an error
    .man = path_resolution(7), openat2(2) (RESOLVE_IN_ROOT)
check-volume-link-option-mount-lands-inside = The volume lands inside, or is refused

scenario-proc-masked = What in /proc is the machine's cannot be opened
    .what = /proc/kcore, /proc/keys and /proc/timer_list cannot be read in the container, /proc/sysrq-trigger cannot be written.
    .why = These files know no PID namespace: kcore is the memory of the whole machine, sysrq-trigger reboots it. Docker and runc cover them with /dev/null or make them read-only.
    .hand =
        { -held }
        sudo grep ' /proc/' /proc/$P/mountinfo             # kcore, keys, timer_list, sysrq-trigger
        sudo nsenter --target $P --mount --root head -c 1 /proc/timer_list      # nothing
    .man = proc(5), proc_kcore(5), https://docs.kernel.org/admin-guide/sysrq.html
check-proc-masked-nothing-exposed = Nothing of the kind can be opened

scenario-proc-sys-read-only = Settings of the machine cannot be changed by /proc/sys
    .what = core_pattern, modprobe and drop_caches in /proc/sys cannot be opened for writing in the container.
    .why = Most of /proc/sys belongs to the machine, not to a namespace. Whoever may write core_pattern names a program that the host runs as root at the next crash.
    .hand =
        sudo ./mycontainer run /bin/sh -c ': >> /proc/sys/kernel/core_pattern'   # Read-only file system
    .man = proc_sys(5), core(5), mount(2) (MS_REMOUNT, MS_BIND, MS_RDONLY)
check-proc-sys-read-only-no-writable-setting = No setting of the machine can be opened for writing

scenario-mounts-do-not-leak = No mount of the container shows on the host
    .what = The host's / is shared, as systemd makes it. While the container runs and after it, the host's list of mounts is what it was.
    .why = In a new mount namespace mounts still spread to the host while / is shared. Each run leaves one more rootfs/proc behind; after that even `rm -r rootfs` fails.
    .hand =
        findmnt -o TARGET,PROPAGATION /                    # "shared" under systemd
        cp /proc/self/mountinfo before
        sudo ./mycontainer run /bin/true
        diff before /proc/self/mountinfo && echo "nothing left"
    .man = mount_namespaces(7) (SHARED SUBTREES), mount(2) (MS_PRIVATE)
check-mounts-do-not-leak-while-running = No mount appears on the host while the container runs
check-mounts-do-not-leak-afterwards = No mount is left on the host afterwards

## Step 2, further namespaces

scenario-ipc-namespace = The container has an IPC namespace of its own
    .what = System V message queues, semaphores and shared memory of the host cannot be seen in the container.
    .why = In the host's IPC namespace a container can read and write the shared memory of other programs.
    .hand =
        { -held }
        sudo readlink /proc/self/ns/ipc /proc/$P/ns/ipc    # must differ
    .man = ipc_namespaces(7)
check-ipc-namespace-own-ipc-namespace = The IPC namespace is not the host's

scenario-cgroup-namespace = The container has a cgroup namespace of its own
    .what = /proc/self/cgroup in the container does not tell where on the host it stands.
    .why = Without one a container sees the names of the host's cgroups, and a cgroup mounted inside shows the whole tree.
    .hand =
        { -held }
        sudo readlink /proc/self/ns/cgroup /proc/$P/ns/cgroup    # must differ
    .man = cgroup_namespaces(7)
check-cgroup-namespace-own-cgroup-namespace = The cgroup namespace is not the host's

## Step 2-3

scenario-lone-loopback = The container's network holds lo and nothing else
    .what = The container has a network namespace of its own, and in it is what a fresh one has: lo.
    .why = In the host's network namespace the container can use every interface and address of the host, and listen on its ports.
    .hand =
        { -held }
        sudo readlink /proc/self/ns/net /proc/$P/ns/net    # must differ
        sudo nsenter --target $P --net ip link             # lo only
    .man = network_namespaces(7), ip-link(8)
check-lone-loopback-own-network-namespace = The network namespace is not the host's
check-lone-loopback-only-lo = Only lo is there

scenario-loopback-up = lo is up
    .what = The container can talk to itself by 127.0.0.1.
    .why = In a new network namespace lo is down. A program that talks to localhost gets "Network is unreachable".
    .hand =
        { -held }
        sudo nsenter --target $P --net ip link show lo     # <LOOPBACK,UP,LOWER_UP>
    .man = network_namespaces(7), netdevice(7)
check-loopback-up-lo-is-up = lo is up
check-loopback-up-lo-answers = 127.0.0.1 can be reached

scenario-sysfs-of-own-network = /sys shows the container's interfaces, not the host's
    .what = If the container has a /sys, an interface of the host does not appear in its /sys/class/net.
    .why = A sysfs shows the network namespace of whoever mounted it. The host's one, bound into the container, tells it every interface, address and counter of the host.
    .hand =
        ls /sys/class/net                                  # on the host
        sudo ./mycontainer run /bin/ls /sys/class/net      # lo only
    .man = sysfs(5), network_namespaces(7)
check-sysfs-of-own-network-host-interface-hidden = An interface of the host cannot be seen

## Step 3

scenario-memory-oom-kill = At 50 MB the memory hog is killed, and only the hog
    .what = As in step 3: a group with memory.max 52428800 and memory.swap.max 0, the running container put into it from the host. Memory climbs to the limit, the kernel kills the process that takes it, memory.events counts one oom_kill, the rest lives on, and the group can be removed afterwards.
    .why = This is the one thing that keeps a container from eating the machine. It holds for everything the container starts afterwards, because children are born into their parent's group.
    .hand =
        echo +memory | sudo tee /sys/fs/cgroup/cgroup.subtree_control
        sudo mkdir /sys/fs/cgroup/workshop
        echo 52428800 | sudo tee /sys/fs/cgroup/workshop/memory.max
        echo 0 | sudo tee /sys/fs/cgroup/workshop/memory.swap.max
        { -held }
        echo $P | sudo tee /sys/fs/cgroup/workshop/cgroup.procs
        cat /proc/$P/cgroup                                # 0::/workshop
        cat /sys/fs/cgroup/workshop/memory.events          # after a hog ran: oom_kill 1
        sudo kill $P; sudo rmdir /sys/fs/cgroup/workshop
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
check-memory-oom-kill-in-the-group = The container is in the group
check-memory-oom-kill-limit-is-50-mb = memory.max is 52428800
check-memory-oom-kill-no-swap = memory.swap.max is 0
check-memory-oom-kill-below-the-limit = Below the limit nothing is killed
check-memory-oom-kill-climbs-to-the-limit = memory.current climbs to the limit, and not beyond
check-memory-oom-kill-hog-killed = The hog is ended by SIGKILL (137)
check-memory-oom-kill-oom-kill-counted = memory.events says oom_kill 1
check-memory-oom-kill-rest-alive = The rest of the container lives on
check-memory-oom-kill-group-removable = The group can be removed afterwards

scenario-cpu-throttled = cpu.max slows the container down
    .what = With cpu.max "20000 100000" the container gets a fifth of a processor and is stopped for the rest of each period.
    .why = Without a limit one container that spins takes a whole processor from its neighbours.
    .hand =
        sudo mkdir /sys/fs/cgroup/slow
        echo "20000 100000" | sudo tee /sys/fs/cgroup/slow/cpu.max
        { -held }
        echo $P | sudo tee /sys/fs/cgroup/slow/cgroup.procs
        cat /sys/fs/cgroup/slow/cpu.stat                   # nr_throttled grows while it spins
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu
check-cpu-throttled-throttled = The kernel has throttled it
check-cpu-throttled-share-kept = It used no more than its share

scenario-pids-limited = A fork bomb ends at pids.max
    .what = With pids.max set, fork fails in the container once the limit is reached, and the rest lives on.
    .why = Process numbers are shared by the whole machine: a fork bomb without a limit stops the host, too.
    .hand =
        sudo mkdir /sys/fs/cgroup/few
        echo 10 | sudo tee /sys/fs/cgroup/few/pids.max
        { -held }
        echo $P | sudo tee /sys/fs/cgroup/few/cgroup.procs
        cat /sys/fs/cgroup/few/pids.events                 # max grows when fork is refused
    .man = cgroups(7), fork(2) (EAGAIN)
check-pids-limited-fork-refused = fork is refused at the limit
check-pids-limited-refusal-counted = pids.events counts the refusal
check-pids-limited-rest-alive = The container lives on

scenario-memory-option = The memory option limits memory, and swap is no way around it
    .what = With the runtime's memory option the container's own cgroup has memory.max as asked and memory.swap.max 0, and whoever goes beyond is killed.
    .why = With memory.max alone the kernel moves pages to swap instead of killing: the limit holds for nothing. Of 11 runtimes that set memory.max, 10 forget the swap.
    .hand =
        { -held }                                           # with the option
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/memory.max
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/memory.swap.max   # 0
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
check-memory-option-memory-max = memory.max is what was asked for
check-memory-option-swap-max = memory.swap.max is 0
check-memory-option-killed-at-the-limit = The container is killed at the limit

scenario-cpus-option = The cpus option sets cpu.max
    .what = With the runtime's cpus option the container's own cgroup has cpu.max with that share of each period.
    .why = cpu.max takes two numbers in microseconds; a percentage or a fraction is refused with EINVAL, and a refusal that nobody looks at means no limit.
    .hand =
        { -held }                                           # with the option
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/cpu.max           # 0.5 is 50000 100000
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu
check-cpus-option-cpu-max = cpu.max is the share that was asked for

scenario-pids-option = The pids option ends a fork bomb
    .what = With the runtime's pids option the container's own cgroup has pids.max as asked, and fork fails beyond it.
    .why = Process numbers are shared by the whole machine.
    .hand =
        { -held }                                           # with the option
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/pids.max
    .man = cgroups(7), fork(2) (EAGAIN)
check-pids-option-pids-max = pids.max is what was asked for
check-pids-option-fork-refused = fork is refused at the limit

## Step 4

scenario-veth-netcat = A line sent with netcat arrives through the veth pair
    .what = As in step 4: veth-host stays on the host with 10.0.0.1, veth-child moves into the container and gets 10.0.0.2, both are up. nc -l -p 8080 in the container prints the line that the host sends, the container reaches the host, and deleting one end takes the other with it.
    .why = A container's network is nothing but this: a namespace, a cable with two ends, and addresses.
    .hand =
        { -held }
        sudo ip link add veth-host type veth peer name veth-child
        sudo ip link set veth-child netns $P
        sudo ip addr add 10.0.0.1/24 dev veth-host && sudo ip link set veth-host up
        sudo nsenter --target $P --net ip addr add 10.0.0.2/24 dev veth-child
        sudo nsenter --target $P --net ip link set veth-child up
        ip link | grep veth                                # veth-host only
        sudo nsenter --target $P --net --root nc -l -p 8080 &
        echo hello | nc 10.0.0.2 8080
        sudo ip link delete veth-host
    .man = veth(4), ip-link(8), network_namespaces(7)
check-veth-netcat-peer-left-host = veth-child is gone from the host's list
check-veth-netcat-peer-in-container = veth-child is in the container
check-veth-netcat-paired = The two ends belong together
check-veth-netcat-both-up = Both ends are UP
check-veth-netcat-line-arrives = nc in the container receives the host's line
check-veth-netcat-packets-crossed = Packets went through the cable
check-veth-netcat-way-back = The container reaches the host
check-veth-netcat-pair-goes-together = Deleting one end takes the other with it

## Step 5, the program

scenario-hostname-isolated = A name set in the container stays in the container
    .what = The container has a UTS namespace of its own: setting the host name in it does not rename the host.
    .why = In the host's UTS namespace `hostname box` in a container renames the machine: logs, prompts and services change their name.
    .hand =
        { -held }
        sudo readlink /proc/self/ns/uts /proc/$P/ns/uts    # must differ
        sudo nsenter --target $P --uts hostname box
        hostname                                           # the host's own name
    .man = uts_namespaces(7), sethostname(2)
check-hostname-isolated-own-uts-namespace = The UTS namespace is not the host's
check-hostname-isolated-container-renamed = The container can be renamed
check-hostname-isolated-host-keeps-its-name = The host keeps its name

scenario-hostname-option = The host name option names the container
    .what = With the runtime's host name option the container has that name, and the host keeps its own.
    .why = A name that is set before the UTS namespace is new renames the machine; one that is not set at all leaves the host's name in every log.
    .hand =
        { -held }                                          # with the option
        sudo nsenter --target $P --uts hostname
        hostname                                           # the host's, unchanged
    .man = sethostname(2), uts_namespaces(7)
check-hostname-option-named-as-asked = The container has the name that was asked for
check-hostname-option-host-keeps-its-name = The host keeps its name

scenario-hostnames-distinct = Two containers do not have one name
    .what = Two containers run at the same time. If the runtime names its containers, the two names differ. (A runtime that names none leaves them the host's name; that is not judged here.)
    .why = The host name is what stands in prompts, in logs and in the names of clusters' members. Two containers of the same name cannot be told apart there.
    .hand =
        sudo ./mycontainer run /bin/hostname
        sudo ./mycontainer run /bin/hostname               # another name
    .man = sethostname(2), uts_namespaces(7)
check-hostnames-distinct-apart = The two names differ

scenario-hostname-length-option = A name is taken as a whole, or refused
    .what = With the runtime's host name option a name of 64 bytes, the longest that the kernel takes, is set to the last byte (or refused); one of 65 bytes ends the run with an error.
    .why = A name that is cut is another name, and one that the kernel refused leaves the host's. Neither shows until somebody looks for the container under the name that he gave it.
    .hand =
        sudo ./mycontainer run --hostname $(printf %064d 0) /bin/hostname | wc -c     # 65 with the newline
        sudo ./mycontainer run --hostname $(printf %065d 0) /bin/hostname; echo $?    # an error
    .man = sethostname(2) (EINVAL), uname(2), hostname(7)
check-hostname-length-option-longest-fits = 64 bytes arrive whole
check-hostname-length-option-too-long-refused = 65 bytes are refused

scenario-daemon-does-not-hold = The container is over when its command is
    .what = The command starts another process and ends. The runtime ends at once, and the process it left in the container ends with it.
    .why = A script that calls the runtime waits for its command, not for whatever that has left running. And what still runs in a container that is over belongs to nobody: the end of PID 1 is the end of all, if the PID namespace is right.
    .hand =
        time sudo ./mycontainer run /bin/sh -c 'sleep 31337 & exit 3'; echo $?    # 3, at once
        pgrep -f 'sleep 31337'                             # nobody
    .man = pid_namespaces(7), wait(2)
check-daemon-does-not-hold-runtime-ends = The runtime ends with the command
check-daemon-does-not-hold-daemon-ended = What the command left running has ended

scenario-exit-status = The runtime's exit status is the command's
    .what = When the command ends with a drawn status, the runtime ends with the same.
    .why = Scripts, CI and Kubernetes know of success or failure by nothing else.
    .hand =
        sudo ./mycontainer run /bin/sh -c 'exit 37'; echo $?      # 37
    .man = exit(3), wait(2)
check-exit-status-zero = 0 comes through
check-exit-status-drawn = A status drawn by chance comes through

scenario-killed-by-signal = A command killed by a signal counts as 128 + its number
    .what = The command is killed by SIGKILL (9); the runtime must end with 137, as a shell would.
    .why = 137 is how people and programs recognise an OOM kill. A 0 or 1 hides it.
    .hand =
        { -held }
        sudo kill -KILL $P
        wait %1; echo $?                                   # 137
    .man = wait(2) (WIFSIGNALED), bash(1) (EXIT STATUS)
check-killed-by-signal-status-is-137 = The status is 137

scenario-command-not-found = "Not found" is 127, "cannot be executed" is 126
    .what = A command that does not exist ends the runtime with 127, one that cannot be executed with 126.
    .why = That is how a caller tells its own spelling mistake from a failure of the command.
    .hand =
        sudo ./mycontainer run /no/such/command; echo $?   # 127
        sudo ./mycontainer run /etc; echo $?               # 126
    .man = execve(2), bash(1) (EXIT STATUS), env(1)
check-command-not-found-status-is-127 = A missing command gives 127
check-command-not-found-directory-is-126 = A directory gives 126

scenario-command-lookup = A bare command name is found in the container's PATH
    .what = `run NAME` finds a command that only the container has.
    .why = Everyone types `run sh`. And a name looked up before the root is switched is looked for in the host's directories.
    .hand =
        sudo ./mycontainer run sh -c 'echo found'
    .man = execvp(3), environ(7) (PATH)
check-command-lookup-bare-name-found = The command is found without a path

scenario-arguments-intact = Every argument arrives as it was given
    .what = Blanks, empty words, options, quotes, other alphabets, and a hundred of them.
    .why = A runtime that splits, drops or interprets arguments breaks every script that is more than one word.
    .hand =
        sudo ./mycontainer run /bin/sh -c 'for a; do echo "<$a>"; done' sh 'two words' '' -l --help
    .man = execve(2), proc_pid_cmdline(5)
check-arguments-intact-argv = All arguments, and nothing else

scenario-environment-clean = The host's environment stays outside
    .what = A variable of the caller does not appear in the container, and a PATH does.
    .why = The environment of whoever starts a container holds tokens, passwords and paths. None of it is the container's business.
    .hand =
        sudo SECRET=abc ./mycontainer run /bin/sh -c env   # no SECRET, but a PATH
    .man = environ(7), execve(2), proc_pid_environ(5)
check-environment-clean-variable-kept-out = A variable of the host does not get in
check-environment-clean-path-set = PATH is set

scenario-descriptors-closed = No open file of the host gets in
    .what = The command has stdin, stdout and stderr, and no other descriptor.
    .why = A descriptor of the host's directory is a door out of the container: CVE-2024-21626 ("Leaky Vessels") of runc walked through one.
    .hand =
        sudo sh -c 'exec 9</etc/shadow; ./mycontainer run /bin/ls -l /proc/self/fd'      # no 9
    .man = close_range(2), open(2) (O_CLOEXEC), proc_pid_fd(5)
check-descriptors-closed-descriptor-kept-out = A file that the caller holds open does not get in
check-descriptors-closed-only-standard-streams = Only the three standard streams are open

scenario-signals-reset = The command starts with no signal ignored or blocked
    .what = What the runtime ignores or blocks for itself is reset before the command starts.
    .why = Ignored and blocked signals survive execve. With SIGPIPE ignored (Rust and Python do so) `yes | head` never ends.
    .hand =
        { -held }
        grep -E 'Sig(Ign|Blk)' /proc/$P/status             # all zeros
    .man = signal(7), execve(2), sigprocmask(2)
check-signals-reset-none-ignored = No signal is ignored
check-signals-reset-none-blocked = No signal is blocked

scenario-signals-forwarded = A signal to the runtime reaches the command
    .what = SIGTERM to the runtime ends the command in its own way, and its status comes through.
    .why = `systemctl stop`, `docker stop` and Ctrl-C signal the runtime and mean the container. Without forwarding nothing can shut down cleanly.
    .hand =
        sudo ./mycontainer run /bin/sh -c 'trap "exit 15" TERM; while :; do sleep 1; done' &
        sudo pkill -TERM -nx mycontainer; wait %1; echo $?    # 15
    .man = kill(2), pidfd_send_signal(2), pid_namespaces(7)
check-signals-forwarded-payload-got-it = The command gets SIGTERM
check-signals-forwarded-status-comes-through = Its exit status comes through

scenario-dies-with-runtime = The container dies with its runtime
    .what = The runtime is killed by SIGKILL; the container must end, too.
    .why = Nobody can forward SIGKILL. A container that lives on has no owner: it keeps memory, mounts and network until somebody finds it.
    .hand =
        { -held }
        sudo pkill -KILL -nx mycontainer
        ps -p $P                                           # must be gone
    .man = PR_SET_PDEATHSIG(2const), prctl(2)
check-dies-with-runtime-container-ends = The container ends when its runtime is killed

scenario-two-at-once = Two containers run side by side
    .what = Two runs at the same time work, do not see each other, and end each for itself.
    .why = Fixed names for cgroups, interfaces or directories work once, and collide the second time.
    .hand =
        sudo ./mycontainer run /bin/sleep 5 &
        sudo ./mycontainer run /bin/sleep 5 &
        wait
    .man = namespaces(7)
check-two-at-once-both-run = Both run
check-two-at-once-apart = They are apart
check-two-at-once-both-end-well = Both end well

scenario-usage-explained = Called with nothing, the runtime says how it is called
    .what = Without arguments: an error status and a line of help, no crash.
    .why = os.Args[1] without a look at the length is everyone's first panic.
    .hand =
        { "." }/mycontainer; echo $?
    .man = sysexits(3head)
check-usage-explained-status = The exit status is not 0
check-usage-explained-no-crash = It does not crash

scenario-root-required = Without root: an error, and nothing half done
    .what = As an ordinary user the runtime fails with a status, and runs nothing.
    .why = Without root the namespaces are refused. A program that does not look at the error runs its command without any isolation.
    .hand =
        { "." }/mycontainer run /bin/ls /; echo $?               # as a user, not 0
    .man = clone(2) (EPERM), user_namespaces(7)
check-root-required-status = The exit status is not 0
check-root-required-nothing-started = The command does not run

scenario-stdin-connected = What is typed reaches the command
    .what = Every byte of stdin arrives, and its end, too.
    .why = Without stdin no shell works in the container, and no pipe into it.
    .hand =
        echo hello | sudo ./mycontainer run /bin/cat       # hello
    .man = stdin(3), pipe(7)
check-stdin-connected-every-byte-arrives = Every byte arrives, and the end

scenario-stdout-intact = The command's output is all that is on stdout
    .what = A MiB with every byte value comes out as it went in, with nothing before or after it.
    .why = `run cat FILE > COPY` should make a copy. A banner of the runtime belongs on stderr.
    .hand =
        sudo ./mycontainer run /bin/echo hello | od -c     # h e l l o \n
    .man = stdout(3)
check-stdout-intact-every-byte-and-no-other = Every byte, and no other

scenario-stderr-apart = stderr stays apart from stdout
    .what = What the command prints on stderr arrives on stderr, and not on stdout.
    .why = Who redirects the output into a file wants the errors on the screen.
    .hand =
        sudo ./mycontainer run /bin/sh -c 'echo oops >&2' 2>/dev/null     # nothing
    .man = stderr(3)
check-stderr-apart-on-stderr = It is on stderr
check-stderr-apart-not-on-stdout = It is not on stdout

scenario-output-unbuffered = Output is there at once
    .what = What the command prints can be read while it still runs.
    .why = A prompt that appears after the end helps nobody, nor does a log.
    .hand =
        sudo ./mycontainer run /bin/sh -c 'echo now; sleep 5'     # "now" at once
    .man = setbuf(3), pipe(7)
check-output-unbuffered-seen-while-running = It can be read while the command runs

scenario-no-residue = Nothing is left on the host
    .what = After success, after a failure and after SIGKILL to the runtime: mounts, interfaces, named network namespaces, cgroups, processes, files and settings are what they were.
    .why = What each run leaves adds up until a name is taken, a disk is full or an address is used twice.
    .hand =
        ls /sys/fs/cgroup /run/netns; ip link; findmnt     # before and after
        sudo ./mycontainer run /bin/true
        sudo ./mycontainer run /no/such/command
    .man = cgroups(7), mount_namespaces(7), ip-netns(8)
check-no-residue-after-success = Nothing is left after a command that succeeds
check-no-residue-after-failure = Nothing is left after a command that cannot be started
check-no-residue-after-sigkill = Nothing is left after the runtime was killed

## Causes: what is probably wrong in the runtime

cause-container-silent = The process that was started gives no answer. It was probably stopped, or its files were closed under it.
    .why = boxproof's probe answers at once on any machine; it is silent only if something holds or cuts it off.
cause-container-refuses = The container could not do something that any program may do: { $observed }. Look at what the runtime takes away (mounts, limits, /dev).
    .why = The rest of the scenario could not be examined after this.
cause-container-gone = The container ended by itself in the middle ({ $observed }). Does the runtime wait for the command, and not for something else?
    .why = A runtime that returns before its command, or kills it, leaves nothing to look at.
cause-runtime-not-executable = The kernel refused to execute the runtime: { $observed }. Build it for this machine, static if possible.
    .why = A script needs a first line such as #!/bin/sh, and the program named there must exist in the machine of the exam.
cause-payload-outside-rootfs = The command runs, but not in rootfs/: its root directory is { $observed }. Was chroot (or pivot_root) done, in the child, and was its result looked at?
    .why = Everything else that is seen of the container would then be seen of the host.
cause-not-the-probe = The runtime ran another program than it was told to. It must execute exactly the command of its arguments.
    .why = A runtime that answers in place of the command isolates nothing.
cause-runtime-hangs = The runtime neither starts the command nor ends ({ $observed }). Does it wait for input, for a lock, or for a child that never was?
    .why = Typical: reading a pipe whose other end is still open in the same process, or waiting for the wrong child.
cause-runtime-floods = The runtime prints without end instead of starting the command. Does it call itself? (`/proc/self/exe child` that ends in `run` again)
    .why = A re-exec without a condition that ends it is a fork bomb; it was stopped by the exam's own limits.
cause-command-not-started = The runtime ended before the command started ({ $observed }). What it printed stands beside this: usually a step that failed (mount, chroot, exec). The command is a path inside rootfs/.
    .why = The scenario needs a running container. See first whether `sudo ./mycontainer run /bin/echo hello` works.
cause-runtime-outlives-container = The command has ended, the runtime has not. Wait for exactly that child (cmd.Wait, waitpid with its PID), and close pipes that you hold open.
    .why = Whoever called the runtime waits for ever.

cause-root-not-changed = The command sees the host's root directory: chroot or pivot_root was not done, or failed and the program went on. Call it in the child, before exec, and look at its result.
    .why = Without its own root a container is an ordinary process of the host.
cause-set-up-never-reached = The command runs on the host, in the host's own namespaces: `run` executes it itself. It must start the child that makes the namespaces and changes the root (clone, or /proc/self/exe child), and only the child executes the command.
    .why = boxproof gave the runtime a command that only the host has, and it ran.
    .hand =
        sudo ./mycontainer run /usr/bin/readlink /proc/self/ns/mnt /proc/self/ns/pid    # as without ./mycontainer run
cause-pivot-root-failed-unnoticed = pivot_root failed and the program went on: the command runs with the host's root. Stop when it fails, and look at the errno that it printed (EINVAL: rootfs/ is no mount point, or / is still shared).
    .why = boxproof gave the runtime a command that only the host has, and it ran.
cause-new-root-is-no-mount-point = pivot_root says EINVAL: rootfs/ is an ordinary directory, and it takes mount points only. Bind it on itself first: mount("rootfs", "rootfs", NULL, MS_BIND|MS_REC, NULL).
    .why = pivot_root exchanges mounts, not directories.
cause-pivot-root-while-shared = pivot_root says EINVAL, and a bind mount of rootfs/ has reached the host: propagation is still shared, as systemd makes it. Before everything else: mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL).
    .why = The kernel refuses to move a root whose parent mount is shared. On a host without systemd the same program works.
    .hand =
        findmnt -o TARGET,PROPAGATION /                    # "shared" under systemd
cause-rootfs-path-compiled-in = The path of the rootfs in the error message is not below the directory in which the runtime was called: it is compiled in. Use "rootfs" relative to the working directory.
    .why = It exists on its author's machine only.
cause-host-files-deleted = Files of the host are gone. Is the directory of the old root removed with all its contents, while the old root is still mounted there? umount2(old, MNT_DETACH), look at its result, and remove the directory with rmdir, which takes an empty one only.
    .why = A failed umount that nobody looks at, and remove_dir_all or rm -rf after it, delete the host.
cause-rootfs-path-cut = The runtime does not find its rootfs/ when the path holds a blank, a comma or a colon. Pass paths as one argument, never through a shell or a string that is split, and quote them in mount options.
    .why = Under a plain name the same run works.
cause-bind-not-recursive = What is mounted below rootfs/ is missing in the container. Bind with MS_BIND|MS_REC.
    .why = Without MS_REC only the one mount is copied; below it are the empty directories on which the others were mounted.
cause-host-mounts-taken-away = Mounts of the host are gone. The old root was unmounted while its mounts were still shared, so the host lost them too. Make everything private before: MS_REC|MS_PRIVATE on "/", not on one mount alone.
    .why = umount propagates as mount does. On a real machine /dev, /proc and /sys are gone after that.
    .hand =
        findmnt | wc -l                                    # before and after a run
cause-root-elsewhere = The root directory was changed, but not to rootfs/ beside the program: it is { $observed }. Is a path compiled in? Use "rootfs" in the working directory.
    .why = The workshop's contract: the runtime is called in the directory that holds rootfs/.
cause-chdir-forgotten = After chroot the working directory is still outside. Call chdir("/") right after chroot.
    .why = `ls ..` then lists the host: chroot does not move the working directory.
cause-chroot-without-pivot-root = Only chroot was done. The host's files are still in the mount namespace, and root inside can get back to them. Use pivot_root(".", ".") and umount2(".", MNT_DETACH).
    .why = Escape from a chroot needs three calls: mkdir, chroot, chdir("..").
cause-old-root-still-mounted = The root was pivoted, but the old one is still mounted. Detach it: umount2(old, MNT_DETACH), and look at the result. Without MNT_DETACH it fails with EBUSY.
    .why = Below put_old the whole host stays open to the container.
cause-chroot-unchecked = The command ran although rootfs/ was missing. The result of chroot (or of opening rootfs/) is not looked at: stop when it fails.
    .why = Four in ten Go programs of this kind do not check it.
cause-failure-reported-as-success = Something failed, and the exit status says 0. End with a status other than 0 (125 is the custom for a runtime's own failure).
    .why = A script cannot tell this from success.
cause-dev-without-nodes = Devices are missing in /dev. Mount a tmpfs there and make null, zero, full, random, urandom and tty with mknod, or bind the host's.
    .why = `> /dev/null` in a shell script would make a plain file.
cause-dev-node-is-no-device = An entry in /dev is not the device of its name ({ $observed }). Make it with mknod and S_IFCHR, or bind-mount the host's one onto it.
    .why = A plain file as /dev/null keeps what is written to it and fills the disk.
cause-umask-inherited = Devices or directories in /dev are closed to ordinary users ({ $observed }) because the caller's umask was taken off their modes. Call umask(0) before mknod and mkdir.
    .why = mknod("/dev/null", S_IFCHR|0666, ...) gives 0600 under umask 077.
cause-dev-of-the-host = The container has the host's own /dev (or /dev/pts). Mount a tmpfs on /dev and make the few devices a program needs; mount a devpts of its own on /dev/pts.
    .why = Disks, the kernel's log and other people's terminals are in it.
cause-terminals-do-not-open = There is a devpts or a /dev/ptmx, but a terminal cannot be opened by everybody ({ $observed }). Mount it with "newinstance,ptmxmode=0666,mode=0620" and make the link /dev/ptmx -> pts/ptmx.
    .why = ptmxmode is 0000 unless one asks for another.
cause-tmpfs-without-size = A tmpfs has no size of its own ({ $observed }): it may take half of the machine's memory. Mount it with "size=64m" or the like.
    .why = A tmpfs is memory.
cause-dev-mounted-nodev = The devices in /dev are right but cannot be opened (EACCES): the file system there is mounted with MS_NODEV. Use MS_NOSUID|MS_NOEXEC for /dev.
    .why = MS_NODEV means that no device on it works. For /proc and /sys that is right.
cause-sysfs-writable = /sys is mounted writable. Add MS_RDONLY (with MS_NOSUID, MS_NODEV, MS_NOEXEC).
    .why = Settings of the host's devices can be changed from inside.

cause-pid-unshared-without-fork = unshare(CLONE_NEWPID) was called, but without a fork afterwards: only children of the process would be in the new PID namespace. Fork after it, or use clone with CLONE_NEWPID (with the command: unshare --pid --fork).
    .why = unshare cannot give a running process another PID. Its first child becomes PID 1.
    .hand =
        sudo readlink /proc/$P/ns/pid /proc/$P/ns/pid_for_children   # must be the same
cause-pid-namespace-not-new = The container is in the host's PID namespace: CLONE_NEWPID is missing among the clone flags.
    .why = All processes of the host can be seen and killed.
cause-pid-one-is-no-init = PID 1 of the container is not the command but a process of the runtime, and it leaves zombies. Let the command replace it by exec, or let PID 1 reap every child (wait in a loop).
    .why = Orphans become children of PID 1. Nobody else can reap them.
cause-init-ends-with-any-child = PID 1 of the container is a process of the runtime that ends as soon as any child ends, and takes the command with it. Compare what waitpid(-1, ...) returns with the command's PID, and go on waiting if it is another.
    .why = Orphans become children of PID 1, and every one of them ends some day.
cause-init-waits-for-all = The runtime does not end with its command but waits for every process of the container. When waitpid returns the command's PID: end, with its status.
    .why = A daemon in the background never ends.
cause-daemon-outlives-container = The command has ended and the runtime too, but a process of the container still runs. Let PID 1 end (the kernel then ends the rest), or kill the container's cgroup.
    .why = It holds the container's memory and network, and nobody knows of it.
cause-init-swallows-signals = Between the runtime and the command stands a PID 1 of the runtime's own, and the signal ends there: the kernel drops it, or the container is killed. Install handlers in PID 1 that send the signal on to the command.
    .why = PID 1 of a namespace gets only those signals for which it has a handler.
cause-mount-namespace-not-new = The container is in the host's mount namespace: CLONE_NEWNS is missing among the clone flags.
    .why = Its mounts are the host's, and stay there.
cause-proc-not-mounted = No procfs is mounted on /proc in the container. After chroot: mount("proc", "/proc", "proc", ...), and look at the result.
    .why = ps finds nothing without it.
cause-proc-of-another-namespace = The /proc in the container is that of another PID namespace, probably of the host. It must be mounted by a process that is already in the new PID namespace: in the child, not in the parent.
    .why = A procfs belongs to the PID namespace of whoever mounts it.
cause-proc-mount-flags = /proc is mounted without MS_NOSUID, MS_NODEV and MS_NOEXEC. Give the three flags instead of 0.
    .why = They are what every distribution uses.
cause-mount-errors-ignored = /proc could not be mounted, and the command started all the same. Look at the result of every mount and stop when one fails.
    .why = The workshop's program prints "Error mounting proc" and goes on.
cause-image-link-followed = rootfs/proc was a link, and the mount went where it leads on the host. Mount after pivot_root (or chroot), so that links are resolved inside, or resolve them with openat2(RESOLVE_IN_ROOT).
    .why = The path rootfs/proc is the image's to decide (CVE-2019-19921, CVE-2023-27561).
cause-volume-missing = The volume is not in the container. Bind the host's directory on its path in the rootfs after / was made private and before the root changes, and look at the result.
    .why = What the container writes there is lost with it.
cause-volume-mode-changed = The runtime changed the mode of the host's directory ({ $observed } instead of { $expected }). Leave it as it is: whose directory it is decides who may write.
    .why = 0777 opens it to every user of the host, and stays after the container.
cause-read-only-in-one-call = The volume was asked for read-only and is writable. MS_BIND|MS_RDONLY in one call does not do it: bind first, then mount once more with MS_BIND|MS_REMOUNT|MS_RDONLY.
    .why = A bind mount ignores MS_RDONLY when it is made.
cause-volume-link-followed = The volume's path in the container is a link, and the mount went where that leads on the host. Resolve it with openat2(RESOLVE_IN_ROOT) in the rootfs, and mount on /proc/self/fd/N.
    .why = The path is the image's to decide.
cause-proc-over-the-hosts = The container's proc was mounted on the host's /proc: before the root was changed, and while mounts still spread to the host. Make / private, change the root, and mount proc then.
    .why = `ps` on the host shows an empty list after that, and the next run does not find /proc/self/exe.
    .hand =
        grep -c ' /proc ' /proc/self/mountinfo             # 1, before and after a run
cause-sysfs-of-another-network = The /sys in the container is that of another network namespace, probably bound from the host. Mount a sysfs in the child, which is in the new network namespace: mount("sysfs", "/sys", "sysfs", ...).
    .why = A sysfs belongs to the network namespace of whoever mounts it.
cause-proc-not-masked = Parts of /proc that are the machine's can be opened ({ $observed }). Bind /dev/null on /proc/kcore, /proc/keys and /proc/timer_list, and make /proc/sysrq-trigger read-only.
    .why = They know no namespace.
cause-proc-sys-writable = Settings of the machine can be changed in the container ({ $observed }). Bind /proc/sys on itself and remount it with MS_BIND|MS_REMOUNT|MS_RDONLY: two calls.
    .why = A bind mount ignores MS_RDONLY when it is made.
cause-mount-propagation-shared = Mounts of the container spread to the host. Make propagation private before the first mount: mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL).
    .why = systemd makes / shared, and a new mount namespace stays in the same peer group. The workshop's program has this defect; unshare(1) does not, because it sets private by itself.
    .hand =
        sudo grep -o 'shared:[0-9]*' /proc/$P/mountinfo    # must find nothing
cause-bind-before-private = rootfs/ is bind-mounted before propagation is made private, so the bind mount spreads to the host. Make / private first.
    .why = The order decides: private, then bind, then pivot_root.
cause-ipc-namespace-not-new = The container is in the host's IPC namespace: add CLONE_NEWIPC.
    .why = Shared memory of the host can be read and written.
cause-cgroup-namespace-not-new = The container is in the host's cgroup namespace: add CLONE_NEWCGROUP.
    .why = /proc/self/cgroup shows the host's path.
cause-network-namespace-not-new = The container is in the host's network namespace: CLONE_NEWNET is missing among the clone flags.
    .why = It can use every interface and port of the host.
cause-extra-interfaces = Beside lo there are interfaces that nobody asked for: { $observed }. Connect a container only when it is asked to be connected.
    .why = Every interface is a way in and out.
cause-loopback-down = lo is down. Set it up in the child: `ip link set lo up`, or RTM_NEWLINK with IFF_UP, or SIOCSIFFLAGS.
    .why = The kernel makes lo in every network namespace, but down.
cause-uts-namespace-not-new = The container is in the host's UTS namespace: CLONE_NEWUTS is missing among the clone flags.
    .why = Whoever sets the host name inside renames the host.

cause-killed-below-the-limit = The process was killed or ended before it reached the limit (after { $observed } MiB). Does the runtime set a smaller limit of its own?
    .why = A "50" without a unit is 50 bytes.
cause-memory-charged-elsewhere = memory.current of the group does not grow with the container's memory. The process that takes it is not in this group: does the runtime move it to another one?
    .why = Memory counts for the group in which a process is when it takes it.
    .hand =
        cat /proc/$P/cgroup /sys/fs/cgroup/workshop/cgroup.procs
cause-no-oom-kill = The process went beyond the limit and was not killed. It is not in the group, or it escaped into swap.
    .why = The kernel kills only what is in the group, and only if memory.swap.max leaves no way out.
cause-oom-took-the-container = The kill took the whole container with it. Is the hog PID 1 of the container, or is memory.oom.group set?
    .why = In the workshop the shell lives on and can be asked what happened.
cause-processes-left-in-group = The group cannot be removed because a process is still in it. Wait for all processes of the container before the end, or use cgroup.kill.
    .why = rmdir of a cgroup with processes fails with EBUSY.
cause-cpu-charged-elsewhere = The container's CPU time is not counted in the group it was put into. Does the runtime move it to another one?
    .why = cpu.max holds for the group, and for what is in it.
cause-processes-counted-elsewhere = The container's processes are not counted in the group it was put into ({ $observed } instead of { $expected }). Does the runtime move them, or add some of its own?
    .why = pids.max counts every process of the group, and only those.

cause-line-not-printed = The line did not come out of nc in the container: { $observed }. stdout of the container must reach the runtime's stdout at once.
    .why = Both ends are up, so the network is right; look at what the runtime does with the output.
cause-no-way-back = The container cannot reach the host at 10.0.0.1: { $observed }. Has the runtime set routes or rules in the container's network?
    .why = With 10.0.0.2/24 on the cable the kernel has a route to 10.0.0.1 by itself.

cause-exit-status-lost = The command's exit status is lost ({ $observed } instead of { $expected }). In Go: if exit, ok := err.(*exec.ExitError), then os.Exit(exit.ExitCode()).
    .why = The workshop's program prints "Error running child" and ends with 1, whatever the command's status was.
cause-container-not-waited-for = The runtime ends while its command still runs. Wait for the child: in Go cmd.Run() instead of cmd.Start(), else waitpid.
    .why = Whoever called it gets a status that is not the command's, and nobody looks after the container.
cause-signal-number-raw = The status is the signal's raw number or -1 ({ $observed }). Go's ExitCode() is -1 for a signal: use 128 + WaitStatus.Signal().
    .why = A shell shows 137 for SIGKILL, and so does every runtime.
cause-signal-status-lost = That the command was killed by a signal is lost ({ $observed } instead of 137). Ask WIFSIGNALED and end with 128 + WTERMSIG.
    .why = 137 is how an OOM kill is recognised.
cause-exec-failure-hidden = The command could not be executed, and the exit status is 0. Let the child tell the parent (its exit status, or a pipe with O_CLOEXEC), and let the parent end with 127 or 126.
    .why = A script that tests $? goes on as if all were well.
cause-exec-status-not-127 = A command that does not exist should give 127, not { $observed }. If exec fails with ENOENT: exit(127).
    .why = That is how shells and env(1) have it.
cause-exec-status-not-126 = What exists and cannot be executed should give 126, not { $observed }. If exec fails with anything but ENOENT: exit(126).
    .why = That is how shells and env(1) have it.
cause-bare-name-not-found = A name without a path is not looked up in the container. After chroot search the container's PATH (exec.LookPath after chroot, or execvp).
    .why = syscall.Exec takes a path, not a name. And exec.Command looks the name up in the parent, on the host.
cause-argv-zero-lost = argv[0] is not the command's name. The list given to exec begins with the program itself: os.Args[2:], not os.Args[3:].
    .why = busybox decides by argv[0] which command it is.
cause-arguments-cut = Arguments are missing at the end ({ $observed }). Is there an array of fixed size, or a counter that stops too early?
    .why = The kernel takes up to a quarter of the stack limit, some 2 MiB.
cause-arguments-changed = An argument was changed on its way ({ $observed }). Pass the list on as it is; do not join it to a string or give it to a shell, and do not let an option parser read past the command.
    .why = Blanks, quotes and leading dashes belong to the argument.
cause-hostname-constant = Two containers have the same name ({ $observed }): it is a constant. Draw a name, or use the container's id, if none is given.
    .why = Two containers of one name cannot be told apart in a log.
cause-hostname-cut = The name was cut ({ $observed } instead of { $expected }). The kernel takes 64 bytes; give it the length, not a C string in an array of 64, and refuse what is longer.
    .why = A name that is cut is another container's.
cause-hostname-error-ignored = The kernel refused the name, and the run went on under { $observed }. Look at what sethostname returns.
    .why = EINVAL for more than 64 bytes, EPERM without CAP_SYS_ADMIN.
cause-environment-passed-on = The caller's environment reaches the container. Give exec a list of your own, at least PATH, instead of os.Environ().
    .why = The workshop's program passes everything on: AWS keys, tokens, SSH agents.
cause-path-missing = PATH is not set in the container. Set PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin.
    .why = Without it a shell finds ls by luck only.
cause-descriptors-inherited = Open descriptors of the caller reach the container. Before exec: close_range(3, ~0, CLOSE_RANGE_CLOEXEC), or open everything with O_CLOEXEC.
    .why = A descriptor keeps its rights, whatever root directory its holder has (CVE-2024-21626).
    .hand =
        sudo ls -l /proc/$P/fd                             # 0, 1, 2
cause-sigpipe-ignored = The command starts with SIGPIPE ignored. Reset it before exec: signal(SIGPIPE, SIG_DFL). Rust's and Python's start-up ignore it.
    .why = Ignored signals survive execve; `yes | head` then never ends.
cause-signals-ignored = The command starts with ignored signals ({ $observed }). Reset every one to SIG_DFL before exec.
    .why = Ignored signals survive execve.
cause-signals-blocked = The command starts with blocked signals ({ $observed }). Empty the signal mask before exec (sigprocmask).
    .why = A command with SIGTERM blocked can only be killed.
cause-signals-not-forwarded = SIGTERM to the runtime does not reach the command. Catch it in the parent and send it on to the child.
    .why = The runtime is what people and systemd know the PID of.
cause-signal-kills-instead = The signal ended the runtime or the container without the command having its say. Send on the same signal, wait for the command, and pass its status on.
    .why = Whoever handles SIGTERM wants to save its data first.
cause-container-orphaned = The container outlives its killed runtime. In the child: prctl(PR_SET_PDEATHSIG, SIGKILL), then check getppid(). In Go: SysProcAttr.Pdeathsig with runtime.LockOSThread().
    .why = The workshop's program leaves the container running without an owner.
cause-containers-collide = Two runs at once get in each other's way. Look for fixed names: of a cgroup, an interface, a namespace, a directory in /tmp.
    .why = Use the PID or a random name.
cause-containers-share-namespaces = Two containers share a PID namespace. Each run must make its own.
    .why = Each could kill the other's processes.
cause-crashes-without-arguments = Called without arguments the runtime crashes. Look at the number of arguments first; print how to call it, and exit with 2.
    .why = A stack trace tells the author something, a user nothing.
cause-runs-without-isolation = Without root the command ran all the same, without namespaces. Look at the result of clone/unshare and stop.
    .why = What looks like a container is then an ordinary process.
cause-stdin-not-connected = stdin does not reach the command ({ $observed }). In Go: cmd.Stdin = os.Stdin.
    .why = Without it exec.Cmd gives the child /dev/null.
cause-banner-on-stdout = The runtime prints lines of its own on stdout. Print them to stderr: fmt.Fprintf(os.Stderr, ...).
    .why = The workshop's "Running [...] as PID ..." ends up in every file that the output is redirected to.
cause-stdout-changed = What the command printed arrives changed or in part. Hand the descriptor to the child instead of copying the output, and never treat it as text.
    .why = Output is bytes; 0xff is not UTF-8.
cause-stderr-merged = stderr ends up on stdout. In Go: cmd.Stderr = os.Stderr, not os.Stdout.
    .why = Errors then stand in the middle of the data.
cause-stderr-lost = What the command prints on stderr does not arrive. In Go: cmd.Stderr = os.Stderr.
    .why = Without it exec.Cmd throws it away.
cause-output-buffered = Output arrives only at the end. Hand the descriptor to the child (cmd.Stdout = os.Stdout) instead of collecting the output (cmd.Output()).
    .why = A prompt or a log must be there at once.
cause-netns-not-removed = A named network namespace is left behind: its file in /run/netns, and the nsfs mount on it. Delete it after the container's end (ip netns delete), also after an error; a container that needs no name needs no such file at all.
    .why = The namespace and the interfaces in it live as long as the mount, and the next container finds the name taken.
cause-host-pid-one-moved = PID 1 of the host was moved into the container's cgroup: getpid() was called inside the container, where it is 1, and the host's side wrote that number to cgroup.procs. Write the pid as the parent sees it.
    .why = On a real machine this puts systemd under the container's limits.
cause-arguments-eaten = With these arguments the command does not start: the runtime takes some of them (-l, --, --help) for its own options. Stop looking for options at the first word that is none: from there on everything belongs to the command.
    .why = `run ls -l` is what everybody types first.
cause-hostname-not-set = The container has another name than the one asked for ({ $observed }). Call sethostname in the new UTS namespace and look at what it returns.
    .why = Two containers of one name cannot be told apart in a log.
cause-limit-not-set = The limit was asked for, and the container's own cgroup does not have it ({ $observed }). See that the controller is in cgroup.subtree_control of the parent, that the file is the one of cgroup v2 (memory.max, cpu.max, pids.max), that the process is in that group, and that a failing write ends the run.
    .why = A limit that is silently missing is worse than none: somebody relies on it.
cause-limit-miscounted = The limit is { $observed }, not { $expected }: look at the unit (the kernel counts bytes) and at the width of the number.
    .why = A limit of 50 bytes kills at once, and 4 GiB in 32 bits are 0.
cause-swap-escapes-the-limit = memory.max is set, memory.swap.max is not: beyond the limit the kernel moves pages to swap instead of killing. Write 0 to memory.swap.max as well.
    .why = On a machine with swap the container never reaches its limit.
cause-rootfs-stays-mounted = rootfs/ is still a mount point after the container's end: the mount that the runtime made on it has reached the host.
    .why = Nobody can remove or replace the directory any more, and each run adds a mount.
cause-cgroup-not-removed = A cgroup is left behind. Remove it after the container's end with rmdir (not with rm -r), once it is empty; on EBUSY wait for cgroup.events to say populated 0.
    .why = cgroup v2 does not remove them by itself.
cause-link-not-removed = A network interface is left behind. Delete the host's end of the veth pair, also after an error.
    .why = The next container finds the name taken.
cause-setting-not-restored = A kernel setting of the host was changed and not set back.
    .why = ip_forward and the like hold for the whole machine.
cause-file-left-behind = Files are left behind on the host ({ $observed }). Remove what you make, also after an error; os.Exit skips defer.
    .why = Temporary directories per run fill the disk.
