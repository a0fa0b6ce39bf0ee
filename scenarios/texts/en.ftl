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
step-6 = Next steps
step-6-1 = Next step  Capabilities
step-6-2 = Next step  OverlayFS
step-6-3 = Next step  The OCI runtime specification
step-6-4 = Next step  Bridges

## What happened, where nothing more special can be said

message-check-passed = As expected: { $observed }
message-check-failed = Expected { $expected }, observed { $observed }
message-no-controller = This machine's cgroup v2 has no { $controller } controller, so this could not be examined here.
message-no-swap = This machine has no swap, so a missing swap limit would not show. It was not examined here.
message-no-packet-filter = This machine has neither nft nor iptables, by which runtimes masquerade. It is examined where one of them is: the virtual machine has iptables only for programs that need the user land of a distribution, `--backend local` what the machine has (apt-get install nftables).
message-not-offered = The runtime does not say (boxproof.toml, [offers]) that it has the option "{ $option }".
message-policy-declared =
    { $policy ->
        [init] PID 1 is an init of the runtime's own
        [inherits-descriptors] The command inherits the caller's open descriptors
        [rootless] No root is needed
        [outlives-runtime] The container lives on when the runtime is killed
        [keeps-signals] Signals to the runtime are not passed on
        [own-statuses] The status of a command that cannot be executed is the runtime's own
        [needs-image-programs] Programs of the image are needed
       *[other] This is so
    } by design, as { $by ->
        [adapter] its adapter implies
       *[manifest] boxproof.toml declares ([policy] { $policy })
    }: not judged, and no point for it.
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
message-too-many-processes = The runtime fills the machine with processes: { $observed }
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
scenario-image-without-programs = The runtime needs no program of the image
    .what = Without a single program or library in the image, only the command itself, the container is set up as with the whole image: lo is as it was, and so is /proc.
    .why = An image may hold one static program and nothing else. A runtime that calls the image's `ip` or `mount` works with alpine and fails here, often with no more than a warning; and whoever made the image decides what that `ip` does, as root.
    .hand =
        sudo mkdir away; sudo mv rootfs/bin rootfs/sbin rootfs/usr rootfs/lib away/
        sudo cp a-static-program rootfs/
        sudo ./mycontainer run /a-static-program
        sudo mv away/* rootfs/
    .man = netdevice(7), mount(2)
check-image-without-programs-loopback-as-before = lo is as with the whole image
check-image-without-programs-proc-as-before = /proc is as with the whole image

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
    .what = rootfs/proc is replaced by a link to itself, on which nobody can mount a /proc. The runtime must fail with an error; the command must not start without its /proc.
    .why = mount(2) tells of its failure by its result only. Whoever does not look gives the user a container in which a part of the isolation is silently missing.
    .hand =
        mv rootfs/proc rootfs/proc.away && ln -s proc rootfs/proc
        sudo ./mycontainer run /bin/echo started; echo "status $?"    # an error, not "started"
        rm rootfs/proc && mv rootfs/proc.away rootfs/proc
    .man = mount(2) (RETURN VALUE, ELOOP)
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
scenario-volume-option = A volume is the host's directory
    .what = With the runtime's volume option a directory of the host is in the container. What the container writes there is on the host, the directory's mode does not change, and after the container's end the data is still there.
    .why = Containers come and go, data stays: that is what a volume is for. A copy loses the changes, and a clean-up that does not know of the mount deletes the data itself.
    .hand =
        mkdir -p /tmp/data rootfs/data; echo hello > /tmp/data/file
        sudo ./mycontainer run --volume /tmp/data:/data /bin/sh -c 'cat /data/file; echo back > /data/other'
        ls /tmp/data                                       # file and other
    .man = mount(2) (MS_BIND), mount(8)
check-volume-option-file-is-there = The container reads the directory's file
check-volume-option-change-goes-back = What the container writes is on the host
check-volume-option-mode-kept = The directory keeps its mode
check-volume-option-data-kept = The data is there after the container's end

scenario-volume-read-only = A read-only volume is read-only
    .what = With :ro the container can read the directory's files, writing to one gives EROFS, and the file stays as it was.
    .why = MS_BIND | MS_RDONLY in one call looks right, gives no error, and the mount is writable: a new bind mount takes no other flags.
    .hand =
        { -held }                                          # with the option, --volume /tmp/data:/data:ro
        grep ' /data ' /proc/$P/mountinfo                  # must say ro
    .man = mount(2) (MS_BIND, MS_REMOUNT), mount_setattr(2)
check-volume-read-only-file-is-there = The container reads the directory's file
check-volume-read-only-write-refused = Writing to it is refused

scenario-volume-submounts = What is mounted below a volume comes along
    .what = Below the host's directory another file system is mounted. The container sees that one's files, too.
    .why = Without MS_REC the container sees the empty directory beneath: a database on a disk of its own appears to be gone.
    .hand =
        sudo mkdir -p /tmp/data/below; sudo mount -t tmpfs tmpfs /tmp/data/below; sudo touch /tmp/data/below/file
        sudo ./mycontainer run --volume /tmp/data:/data /bin/ls /data/below       # file
        sudo umount /tmp/data/below
    .man = mount(2) (MS_BIND, MS_REC)
check-volume-submounts-file-is-there = The container reads the directory's file
check-volume-submounts-submount-is-there = It reads a file of the file system mounted below

scenario-volume-stays-inside = A link in the image does not lead a volume out of it
    .what = The volume's target in the image is a symbolic link to /var/x. The volume must appear at the image's /var/x, or the runtime must refuse it; the host's /var/x is not meant.
    .why = Whoever makes the image makes its links. A runtime that follows them before the root changes mounts onto the host's directories (of that kind is runc's CVE-2021-30465).
    .hand =
        sudo mkdir -p /var/x rootfs/var/x; sudo ln -s /var/x rootfs/data
        sudo ./mycontainer run --volume /tmp/data:/data /bin/ls /var/x   # the files of /tmp/data
    .man = openat2(2) (RESOLVE_IN_ROOT), path_resolution(7)
check-volume-stays-inside-plain-target = On a plain directory of the image the volume is there
check-volume-stays-inside-link-read-as-the-container-does = The link is read as the container reads it

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

scenario-memory-oom-kill = At { $memory_size } the memory hog is killed, and only the hog
    .what = As in step 3: a group with memory.max { $memory_limit } and memory.swap.max 0, the running container put into it from the host. Memory climbs to the limit, the kernel kills the process that takes it, memory.events counts one oom_kill, the rest lives on, and the group can be removed afterwards.
    .why = This is the one thing that keeps a container from eating the machine. It holds for everything the container starts afterwards, because children are born into their parent's group.
    .hand =
        echo +memory | sudo tee /sys/fs/cgroup/cgroup.subtree_control
        sudo mkdir /sys/fs/cgroup/workshop
        echo { $memory_limit } | sudo tee /sys/fs/cgroup/workshop/memory.max
        echo 0 | sudo tee /sys/fs/cgroup/workshop/memory.swap.max
        { -held }
        echo $P | sudo tee /sys/fs/cgroup/workshop/cgroup.procs
        cat /proc/$P/cgroup                                # 0::/workshop
        cat /sys/fs/cgroup/workshop/memory.events          # after a hog ran: oom_kill 1
        sudo kill $P; sudo rmdir /sys/fs/cgroup/workshop
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
check-memory-oom-kill-in-the-group = The container is in the group
check-memory-oom-kill-limit-is-50-mb = memory.max is { $memory_limit }
check-memory-oom-kill-no-swap = memory.swap.max is 0
check-memory-oom-kill-below-the-limit = Below the limit nothing is killed
check-memory-oom-kill-climbs-to-the-limit = memory.current climbs to the limit, and not beyond
check-memory-oom-kill-hog-killed = The hog is ended by SIGKILL (137)
check-memory-oom-kill-oom-kill-counted = memory.events says oom_kill 1
check-memory-oom-kill-stays-in-the-group = The container stays in the group
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
check-cpu-throttled-stays-in-the-group = The container stays in the group
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
check-pids-limited-stays-in-the-group = The container stays in the group
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

scenario-memory-option-large = The memory option takes more than 4 GiB
    .what = With a limit beyond what 32 bits hold, memory.max is exactly that number.
    .why = In 32 bits 4 GiB are 0, and 5 GiB are 1: the container is killed at once, or far too early. Nobody sees it who tries with 50 MB.
    .hand =
        { -held }                                           # with the option, 5368709120
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/memory.max        # 5368709120
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
check-memory-option-large-memory-max = memory.max is what was asked for

scenario-groups-apart = A container's cgroup holds that container and nothing else
    .what = Two containers run. If the runtime makes cgroups, the two are in different ones, and the runtime's own process is in neither.
    .why = Two containers in one group share one limit: the second is killed for what the first has taken. A runtime in the group is limited like its container, may be killed in its place, and cannot remove the group it sits in.
    .hand =
        { -held }
        R=$(pgrep -f 'mycontainer run')
        cat /proc/$P/cgroup /proc/$R/cgroup                # must differ, where there is a group
    .man = cgroups(7)
check-groups-apart-runtime-stays-outside = The runtime is not in the container's group
check-groups-apart-one-group-each = The second container is in another group

scenario-limited-from-the-start = The command is in its group from its first instruction
    .what = With a limit asked for, the command is already in a cgroup of its own when it starts.
    .why = What a process has taken before it joins is charged to the group it came from, for ever: 100 MiB taken early count as nothing. And the children that it has started stay outside.
    .hand =
        sudo ./mycontainer run --pids 20 /bin/sh -c 'cat /proc/self/cgroup'   # with the option: a group of its own
    .man = cgroups(7), clone(2) (CLONE_INTO_CGROUP)
check-limited-from-the-start-in-a-group-of-its-own = It is in a group of its own when it starts

scenario-impossible-limit-refused = A limit that cannot be set ends the run
    .what = The runtime is asked for a limit that the kernel refuses, and once more where no cgroup can be made. In both cases the command must not start, and the exit status must not be 0.
    .why = Whoever asks for a limit relies on it. A container that runs without it, after an error that nobody looked at, is worse than none.
    .hand =
        sudo ./mycontainer run --pids 99999999 /bin/echo started; echo $?     # an error, and not started
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#pid
check-impossible-limit-refused-limit-that-fails = With a limit that is refused the command does not start
check-impossible-limit-refused-status = The exit status is not 0
check-impossible-limit-refused-group-that-fails = Where no group can be made the command does not start

scenario-cgroupfs-read-only = No cgroup file system can be written to
    .what = If cgroup2 is mounted in the container at all, it is mounted read-only.
    .why = In its own group's directory the container finds memory.max, and root in it can raise it: the limit holds as long as the container likes.
    .hand =
        { -held }
        grep cgroup2 /proc/$P/mountinfo                    # none, or ro
    .man = cgroups(7), cgroup_namespaces(7)
check-cgroupfs-read-only-no-writable-cgroupfs = No writable cgroup file system is mounted

## Step 4

scenario-veth-netcat = A line sent with netcat arrives through the veth pair
    .what = As in step 4: veth-host stays on the host with { $host_address }, veth-child moves into the container and gets { $container_address }, both are up. nc -l -p { $port } in the container prints the line that the host sends, the container reaches the host, and deleting one end takes the other with it.
    .why = A container's network is nothing but this: a namespace, a cable with two ends, and addresses.
    .hand =
        { -held }
        sudo ip link add veth-host type veth peer name veth-child
        sudo ip link set veth-child netns $P
        sudo ip addr add { $host_address }/{ $prefix } dev veth-host && sudo ip link set veth-host up
        sudo nsenter --target $P --net ip addr add { $container_address }/{ $prefix } dev veth-child
        sudo nsenter --target $P --net ip link set veth-child up
        ip link | grep veth                                # veth-host only
        sudo nsenter --target $P --net --root nc -l -p { $port } &
        echo hello | nc { $container_address } { $port }
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

scenario-network-option = The network option lays a cable that works
    .what = With the runtime's network option the container has an interface that is up, with the address that was asked for and a default route to the host. The host's end is up and has its address; the host reaches the container, and the container the host.
    .why = A cable has two ends, and both need an address and to be up. Of what is missing on either the other end shows nothing.
    .hand =
        { -held }                                          # with the option
        sudo nsenter --target $P --net ip address          # up, with the address
        sudo nsenter --target $P --net ip route            # default via the host's address
        ip address                                         # the host's end: up, with its address
        sudo nsenter --target $P --net ping -c 1 10.0.0.1
    .man = veth(4), ip-link(8), ip-address(8), ip-route(8)
check-network-option-linked = The container has an interface beside lo
check-network-option-end-is-up = Its end of the cable is up
check-network-option-address = It has the address that was asked for
check-network-option-default-route = Its default route leads to the host
check-network-option-host-address = The host has the address that it leads to
check-network-option-host-end-is-up = The host's end is up
check-network-option-way-in = The host reaches the container
check-network-option-way-back = The container reaches the host

scenario-network-ready-at-start = The network is ready when the command starts
    .what = At the first look into a container whose command has just started there are the interface, the address and the default route.
    .why = The command does not wait: a server that binds to its address, or a client that connects, fails in the first moment and does not try again.
    .hand =
        sudo ./mycontainer run --network ... /bin/sh -c 'ip address; ip route'   # with the option
    .man = clone(2), pipe(2)
check-network-ready-at-start-ready-at-first-look = Everything is there at the first look

scenario-networks-apart = Two containers have two cables
    .what = Two containers with a network run side by side. Their addresses and hardware addresses differ, and when one has ended the other still reaches the host.
    .why = A fixed name for the host's end is taken when the second container comes. A clean-up that removes "the veth" removes the neighbour's.
    .hand =
        { -held }                                          # with the option, twice, with different addresses
        ip link | grep veth                                # two
    .man = veth(4), ip-link(8)
check-networks-apart-addresses-differ = Their addresses differ
check-networks-apart-hardware-addresses-differ = Their hardware addresses differ
check-networks-apart-outlives-the-other = One interface outlives the other container
check-networks-apart-still-reaches-the-host = It still reaches the host

scenario-network-no-residue = No network is left on the host
    .what = After a container with a network, after one whose command does not exist, and after one without rootfs/, the host's interfaces, settings and files are as before.
    .why = An end that stays takes its name with it, and the address; the next run fails with "File exists". Forwarding that stays switched on makes a router of the machine.
    .hand =
        ip link > before; sysctl net.ipv4.ip_forward
        sudo ./mycontainer run --network ... /nonexistent  # with the option
        ip link | diff before -; sysctl net.ipv4.ip_forward
    .man = veth(4), ip-link(8)
check-network-no-residue-after-success = Nothing is left after a command that succeeds
check-network-no-residue-after-failure = Nothing is left after a command that cannot be started
check-network-no-residue-without-rootfs = No interface is left where there was no rootfs/

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

scenario-option-is-no-command = A value is not run as a command
    .what = The host name option is given a value with quotes, semicolons and a redirection in it. It may be refused or taken, but no part of it may be run on the host.
    .why = `system("... " + name)` and `sh -c` read a value as a program. Whoever may choose a container's name is root on the host then.
    .hand =
        sudo ./mycontainer run --hostname 'x;>/tmp/made' /bin/true   # with the option
        ls /tmp/made                                       # must not be there
    .man = system(3) (NOTES), execve(2)
check-option-is-no-command-nothing-executed = Nothing of it was run

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
cause-too-many-processes = The runtime starts processes without end ({ $observed }). Does it call itself? (`/proc/self/exe child` that ends in `run` again)
    .why = A re-exec without a condition that ends it is a fork bomb; the exam's own limit on processes stopped it.
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
cause-dev-mounted-nodev = The devices in /dev are right but cannot be opened (EACCES): the file system there is mounted with MS_NODEV. Use MS_NOSUID|MS_NOEXEC for /dev.
    .why = MS_NODEV means that no device on it works. For /proc and /sys that is right.
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
cause-group-left-again = The container was put into the group by cgroup.procs and is not in it any more: the runtime has moved it back. Its limits hold for nobody. Put a container into its group once, before it starts, and leave it where somebody moves it.
    .why = A limit holds for the group in which a process is. Who manages the machine (a learner by hand, systemd, Kubernetes) moves processes and relies on it.
    .hand =
        echo $P > /sys/fs/cgroup/workshop/cgroup.procs
        sleep 1; cat /proc/$P/cgroup
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
cause-no-way-back = The container cannot reach the host: { $observed }. Has the runtime set routes or rules in the container's network?
    .why = With 10.0.0.2/24 on the cable the kernel has a route to 10.0.0.1 by itself.

cause-container-not-waited-for = The runtime ends while its command still runs. Wait for the child: in Go cmd.Run() instead of cmd.Start(), else waitpid.
    .why = Whoever called it gets a status that is not the command's, and nobody looks after the container.
cause-exit-status-lost = The command's exit status is lost ({ $observed } instead of { $expected }). In Go: if exit, ok := err.(*exec.ExitError), then os.Exit(exit.ExitCode()).
    .why = The workshop's program prints "Error running child" and ends with 1, whatever the command's status was.
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
cause-needs-programs-of-the-image = Without the image's programs the container is not set up as before ({ $observed } instead of { $expected }). Does the runtime run `ip`, `mount` or `hostname` from the image? Use the system calls instead, or run the host's programs before the root changes, and look at their results.
    .why = The image decides what those programs are, and whether they are there.
cause-volume-breaks-the-run = Without a volume the command starts, with one it does not ({ $observed }). The runtime's own message stands beside this. Does the source exist where it is looked up? After pivot_root the host's paths are gone: open or mount it before.
    .why = A bind mount needs both sides at once: the host's directory and the container's.
cause-volume-not-mounted = The volume's files are not in the container ({ $observed }). Bind the directory onto the target *inside* the new root, in the container's mount namespace, before the old root is detached, and look at mount's result.
    .why = An empty directory at the target looks like a volume until somebody looks into it.
cause-volume-is-a-copy = What the container writes does not arrive on the host ({ $observed }): the directory was copied, or something else lies over it. Bind-mount it (MS_BIND).
    .why = With the container's end everything that it saved is lost.
cause-volume-always-read-only = The volume is read-only, though nobody asked for it. MS_RDONLY belongs only to volumes with :ro.
    .why = A database that cannot write does not start.
cause-volume-mode-changed = The mode of the host's directory was changed to { $observed }. Leave the host's files as they are.
    .why = With 0777 every user of the machine can write there, during the run and afterwards.
cause-volume-deleted = The volume's data is gone after the container's end: the mount point was removed with everything in it while the volume was still mounted there. Unmount first, and remove with rmdir, which refuses when something is left; best of all mount only in the container's own mount namespace.
    .why = remove_dir_all and os.RemoveAll follow a mount like any directory.
cause-volume-option-in-path = The volume is mounted at a directory whose name ends in ":ro". The value has up to three parts: source, target, option.
    .why = The target that was asked for is empty, and what is mounted is writable.
cause-volume-read-only-ignored = A volume with :ro can be written to ({ $observed }). MS_BIND takes no other flags: call mount once more with MS_REMOUNT | MS_BIND | MS_RDONLY on the finished mount, or use mount_setattr.
    .why = The kernel ignores MS_RDONLY beside MS_BIND without an error.
cause-volume-not-recursive = What is mounted below the directory is missing in the container ({ $observed }). Add MS_REC to MS_BIND.
    .why = A bind mount without MS_REC takes one file system and leaves out those below.
cause-volume-followed-link = A link in the image has led the volume out of the container. Resolve the target inside the new root: openat2 with RESOLVE_IN_ROOT, or mount after pivot_root while the old root is still there.
    .why = Whoever makes the image says where its links lead: to /etc, for instance.
cause-group-never-joined = The container is in the group that the runtime was started in ({ $observed }), not in one of its own. Write its PID, as text and as the host counts it, to cgroup.procs of a cgroup v2 group, and look at the result.
    .why = memory/ID/tasks is cgroup v1; a PID that is written as a raw byte gives EINVAL. Files that nobody is in limit nobody.
cause-group-joined-late = The command ran outside of its group at first and was put into it later. Hold the child with a pipe until its PID is in cgroup.procs, or use CLONE_INTO_CGROUP.
    .why = What it has taken until then is charged elsewhere, and stays so.
cause-controller-not-enabled = The container is in a group of its own, which has no such file ({ $observed }): the controller is not enabled in the parent's cgroup.subtree_control. Write +memory, +cpu, +pids there, on every level above.
    .why = A group has a controller's files only if its parent gives that controller to its children.
cause-limit-breaks-the-run = Without the limit the command starts, with it it does not ({ $observed }). EBUSY for cgroup.procs means that the group has controllers in its own cgroup.subtree_control: a group holds processes or gives controllers to groups below, not both. EINVAL means a value that the kernel does not take.
    .why = The rule is called "no internal processes".
cause-cpu-max-malformed = Without the limit the command starts, with it it does not ({ $observed }). cpu.max takes two numbers in microseconds, "50000 100000" for half a processor; a percentage or a fraction is EINVAL.
    .why = The smallest quota is 1000: 50 is too little.
cause-cpu-max-reversed = cpu.max is { $observed } of a processor instead of { $expected }: the two numbers are in the wrong order. First comes the quota, then the period.
    .why = Half a processor became two.
cause-memory-high-is-no-limit = memory.high has the limit, memory.max has not. memory.high slows a group down; memory.max is what is never exceeded.
    .why = Beyond memory.high the container goes on, only slower.
cause-limit-cut-to-32-bits = The limit was cut to 32 bits: { $observed } instead of { $expected }. Use a 64-bit number (uint64, u64, strtoull) all the way.
    .why = From 4 GiB on the rest of the division is left.
cause-limit-error-ignored = The limit could not be set, and the command runs all the same. Look at the result of every write to the group's files, and stop.
    .why = Somebody relies on the limit.
cause-group-error-ignored = No cgroup could be made, and the command runs all the same, without the limit. Look at mkdir's result, and stop.
    .why = Where /sys/fs/cgroup is read-only, as in many containers, every limit would be silently missing.
cause-runtime-in-the-group = The runtime itself is in the container's group ({ $observed }). Write the child's PID to cgroup.procs, not your own (os.Getpid, "0").
    .why = It counts against pids.max and memory.max, and a group with a process in it cannot be removed.
cause-containers-share-a-group = Two containers are in one group ({ $observed }). Give each group a name of its own: the container's id, or the PID.
    .why = They share one limit, and the first to end tries to remove the other's group.
cause-cgroupfs-writable = cgroup2 is mounted writable in the container ({ $observed }). Add MS_RDONLY, or do not mount it.
    .why = The container can raise its own limits.
cause-controllers-switched-off = The host's cgroup.subtree_control was changed and not set back. Switch on what you need and leave it on, or switch off only what was off before and nobody else uses.
    .why = Without the controllers the limits of all other groups are gone at once.
cause-option-run-by-a-shell = A part of the value was run as a command on the host, as root. Do not put values into a line for system() or sh -c: give execve a list of words.
    .why = Quotes do not help: the value may hold quotes.
cause-host-file-overwritten = A file of the host was overwritten ({ $observed }). Before the root changes /etc/resolv.conf and /etc/hosts are the host's: write into rootfs/etc, or after pivot_root.
    .why = The whole machine has lost its name service.
cause-network-breaks-the-run = Without a network the command starts, with one it does not ({ $observed }). The runtime's own message stands beside this: a name of more than 15 letters, a name that is taken (EEXIST), a gateway outside of the network?
    .why = Whoever offers a network must also say why it could not be made.
cause-network-not-made = The container has no network though it was asked for one. Make the pair, put one end into the container's namespace, give both an address, set both up, and look at every result.
    .why = The steps are those of the workshop's step 4.
cause-container-end-left-on-host = Both ends of the cable are on the host ({ $observed } in the container). Move one by the container's PID as the host counts it (`ip link set veth-child netns $P`): a PID from inside, 1, is the host's own init.
    .why = getpid() in the container is 1.
cause-container-end-down = The container's end of the cable is down. Set it up in the container's namespace: ip link set eth0 up.
    .why = Moving an interface to another namespace sets it down.
cause-address-missing = The container's end has no address. Give it one in the container's namespace, after the move: moving takes addresses away.
    .why = Without an address there is no way in and no way out.
cause-prefix-not-as-asked = The address is right, the length of its prefix is not ({ $observed } instead of { $expected }).
    .why = With too short a prefix the container takes strangers for neighbours.
cause-address-not-as-asked = The address is { $observed }, not { $expected }. Is one compiled in?
    .why = With one address for all, the second container cannot be told from the first.
cause-default-route-missing = There is no default route in the container. After both ends are up: ip route add default via the host's address.
    .why = Everything but the direct neighbour is "Network is unreachable".
cause-default-route-elsewhere = The default route leads to { $observed }, not to { $expected }.
    .why = What is sent there arrives nowhere.
cause-host-end-without-address = The host does not have the address that the container's default route leads to. Give it to the host's end of the cable.
    .why = The container asks for the owner of that address, and nobody answers.
cause-host-address-on-lo = The host has the address, but on lo instead of its end of the cable. Give it to the end of the cable, so that the way to the container's network leads there.
    .why = The kernel makes the route to a network where the address is.
cause-address-not-removed = An address is left on the host ({ $observed }). Give it to the end of the cable, with which it goes, or take it back.
    .why = The next container's way to its network leads there.
cause-host-end-down = The host's end of the cable is down. Set it up: ip link set NAME up.
    .why = A cable carries only when both ends are up.
cause-no-way-in = The host does not reach the container ({ $observed }). Do the two addresses belong to one network, and is there another interface with the same network on the host?
    .why = The host sends where its own routes say.
cause-network-after-start = The network comes only after the command has started. Hold the child with a pipe until its network is made, then let it exec.
    .why = sleep in the parent or in the child is no order: under load it is too short.
cause-interface-name-fixed = The first container has its network, a second one at the same time does not start. Give the host's end a name of its own: from the container's id, 15 letters at most, and not cut where all are alike.
    .why = An interface's name is unique in its namespace (EEXIST).
cause-address-not-unique = Two containers have the address { $observed }.
    .why = Which of them gets the packets is left to chance.
cause-hardware-address-fixed = Two containers have the hardware address { $observed }. Let the kernel choose one, or draw all of its bytes.
    .why = On a bridge the one takes the other's packets.
cause-network-of-another-removed = At the end of one container the network of another disappeared. Remove only what this run has made, by its own name.
    .why = Whoever cleans up "all veth" cleans up his neighbours.
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

scenario-ordinary-command = Ordinary commands are isolated as well
    .what = sleep and sh of the rootfs, started when nothing of boxproof is in the rootfs any more, have the root directory, the namespaces and the rights that boxproof's own program had.
    .why = Isolation that depends on the command's name, or on what else lies in the rootfs, is no isolation: a user's commands are the ones that count.
    .hand =
        { -held }
        sudo ls -l /proc/$P/ns /proc/$P/root               # other numbers than those of /proc/self/ns
    .man = namespaces(7), proc_pid_root(5), proc_pid_ns(5)
check-ordinary-command-confined = An ordinary command has its own root, PID and mount namespace
check-ordinary-command-as-the-probe = It is isolated just as boxproof's own program is
cause-ordinary-commands-unconfined = An ordinary command is isolated less, or otherwise, than boxproof's own program: { $observed }. Isolate every command in the same way, whatever it is called.
    .why = A condition in the program (the command's name, a file, a variable) decides whether the namespaces are made. Every command must go the same way.
message-host-process-killed = A process of the host that has nothing to do with the container was killed.
cause-host-process-killed = The runtime killed a process of the host that is not its own. Send signals to the pid that clone or fork gave back, and to no other.
    .why = kill(-1) or a wrong pid as root ends whatever else runs on the machine.
message-host-taken-down = The (testbed's) host was taken down: { $observed }
cause-host-taken-down = The runtime takes the whole host down: { $observed }. Nothing that a runtime does needs reboot(2) or a signal to PID 1.
    .why = On a real machine everybody's work would be gone.
message-disk-filled = There is no room left on the host's file systems: { $observed }
cause-disk-filled = The runtime has filled the (testbed's) host's file systems. Write nothing outside rootfs/ but what a run needs, and remove it afterwards.
    .why = On a full disk every other program of the host fails as well.

scenario-called-by-name = The runtime works by whichever name it is called
    .what = The program is called by its bare name, found in PATH, and by a relative path; both times the container comes up as by the full path.
    .why = A program that executes itself once more by argv[0] finds nothing, or another program, when argv[0] is a bare name, or when it has changed its directory meanwhile.
    .hand =
        sudo env PATH="$PWD:$PATH" mycontainer run /bin/true; echo "status $?"
        mkdir -p below; cd below; ln -sfn ../rootfs rootfs
        sudo ../mycontainer run /bin/true; echo "status $?"
    .man = execve(2), proc_pid_exe(5), path_resolution(7)
check-called-by-name-through-path = Found in PATH, called by its bare name, it runs the command
check-called-by-name-by-relative-path = Called by a relative path, it runs the command

scenario-inner-verb-harmless = A verb meant for the inside does nothing to the host
    .what = child, init and the like, typed by hand, leave the host's name, mounts and interfaces as they are.
    .why = The workshop's program calls itself as `child` inside the new namespaces. Called so on the host, it renames the host and mounts a proc into rootfs/.
    .hand =
        sudo ./mycontainer child /bin/true
        hostname; grep rootfs /proc/self/mountinfo         # the old name, and nothing
    .man = sethostname(2), mount(2)
check-inner-verb-harmless-host-unchanged = The host's name, mounts and interfaces are as before

scenario-unknown-option-refused = An unknown option is an error
    .what = With an option that does not exist the runtime ends with a status other than 0, and starts nothing.
    .why = Who types --memroy 50M wants a limit. A container without one must not start in silence.
    .hand =
        sudo ./mycontainer run --no-such-option /bin/true; echo "status $?"
    .man = getopt(3)
check-unknown-option-refused-status = The exit status is not 0
check-unknown-option-refused-nothing-started = The command is not started

scenario-exit-status-range = Statuses above 127 come through as well
    .what = 1, a drawn status above 127 and 255 are the runtime's exit status when the command ends with them.
    .why = 128 and above is not only for signals: ssh gives 255, and a program may give any number it likes.
    .hand =
        sudo ./mycontainer run /bin/sh -c 'exit 200'; echo "status $?"    # 200
    .man = exit(3), wait(2)
check-exit-status-range-one = 1 comes through
check-exit-status-range-above-127 = A status above 127 comes through
check-exit-status-range-highest = 255 comes through

scenario-terminal-passed-on = At a terminal the command has a terminal
    .what = The runtime is started at a terminal; stdin, stdout and stderr of the command are a terminal, too.
    .why = Shells show a prompt, and programs print line by line, only if they see a terminal.
    .hand =
        sudo ./mycontainer run /bin/sh -c 'test -t 0 && test -t 1 && test -t 2; echo "status $?"'    # 0
    .man = isatty(3), pty(7)
check-terminal-passed-on-terminal-inside = stdin, stdout and stderr are terminals

scenario-terminal-restored = The terminal is left as it was
    .what = The settings of the terminal that the runtime was started at are the same after it has ended.
    .why = After a raw terminal nothing that is typed shows, and Enter does not end a line: `stty sane` or a new window is the only way out.
    .hand =
        stty -g > before; sudo ./mycontainer run /bin/true; stty -g | diff before -    # nothing
    .man = termios(3), stty(1)
check-terminal-restored-settings-as-before = The terminal's settings are the same before and after

scenario-closed-stdout = That nobody reads stdout is no reason to crash
    .what = stdout is a pipe whose reader is gone. The command prints nothing and succeeds, so the status is 0.
    .why = `mycontainer run … | head -0` is such a pipe. Who prints a message of his own there is killed by SIGPIPE or panics, and loses the command's status.
    .hand =
        { "{" } sudo ./mycontainer run /bin/sleep 1; echo "status $?" >&2; { "}" } | true    # 0
    .man = pipe(7), signal(7)
check-closed-stdout-status = The status is the command's

scenario-runtime-program-hidden = No program of the host's runs in the container
    .what = Every process of the container was executed from rootfs/: none leads by /proc/PID/exe to the runtime's own file.
    .why = Root in the container can open /proc/PID/exe of such a process and write to the runtime's file on the host (CVE-2019-5736 in runc).
    .hand =
        { -held }
        sudo nsenter --target $P --pid --mount ls -l /proc/1/exe       # a file of rootfs/
    .man = proc_pid_exe(5), execve(2)
check-runtime-program-hidden-only-programs-of-the-rootfs = Every process was executed from the rootfs
cause-own-program-not-found = Called by its bare name, the program does not find itself. Execute /proc/self/exe (in Go: os.Executable()), not argv[0].
    .why = argv[0] is what the caller typed, not where the program is.
cause-own-program-lost-by-chdir = Called by a relative path, the program does not find itself. Execute /proc/self/exe instead of argv[0], or change directories later.
    .why = A relative path leads elsewhere after chdir, chroot and pivot_root.
cause-inner-verb-callable = A verb that is meant for the inside can be called from the outside, and then changes the host ({ $observed }). Let it look first whether it is PID 1 (getpid() == 1), or pass a secret descriptor instead of a verb.
    .why = In the host's namespaces sethostname and mount change the host.
cause-unknown-option-ignored = An option that does not exist is passed over, and the command runs without what was asked for. End with a message and a status other than 0.
    .why = In an option parser the last branch must be an error.
cause-exit-status-squeezed = A status above 127 does not come through ({ $observed } for { $expected }). Keep it in an unsigned number, and take it for a signal only if WIFSIGNALED says so.
    .why = A status is a byte, 0 to 255. Read as a signed byte, 200 is negative; and 128 + n is a signal only by a shell's convention.
cause-terminal-not-passed-on = The command has no terminal, although the runtime was started at one ({ $observed } is something else). Hand the three descriptors on as they are: cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr.
    .why = A pipe between the terminal and the command takes its prompt, its colours and its line editing away.
cause-terminal-left-changed = The terminal's settings were changed and not set back. Keep what tcgetattr says, and set it on every way out: os.Exit and process::exit run neither defer nor Drop.
    .why = A terminal belongs to whoever sits at it.
cause-crashes-on-closed-stdout = With a stdout that nobody reads, the runtime ends otherwise ({ $observed }). Print messages of your own to stderr, and do not panic when that fails: in Rust writeln! instead of println!.
    .why = println! panics, Go and C programs are killed by SIGPIPE.
cause-runtime-program-in-container = A process of the runtime's own stays in the container: { $observed }. Leave nothing behind there, or run it from a sealed copy (memfd_create) that cannot be written to.
    .why = Its /proc/PID/exe is the runtime's file on the host.
cause-working-directory-kept = The root was changed by pivot_root, and the working directory is still the host's: the process holds it by a descriptor or never left it. Call chdir("/") after pivot_root, and close every descriptor of a directory.
    .why = CVE-2024-21626 in runc was a working directory reached through a leaked descriptor: from there `cd ..` walks the host.
cause-arguments-through-a-shell = The arguments went through a shell: quotes are gone, $HOME and * were replaced. Hand the words to execve as they are, not pasted together to sh -c.
    .why = With a shell in between, a file name with a blank or a semicolon becomes another command.

## The workshop's next steps

scenario-capabilities-dropped = Root in the container is not root on the machine
    .what = The payload's bounding, permitted and effective sets hold no capability beyond those that docker leaves; nothing is inheritable or ambient.
    .why = A capability is a part of root's power. SYS_ADMIN mounts, SYS_MODULE loads code into the kernel, SYS_PTRACE reads other processes. Namespaces do not take them away. What root executes gets everything in the bounding set: what is not dropped there is not dropped.
    .hand =
        { -held }
        grep Cap /proc/$P/status                     # CapBnd 00000000a80425fb, CapInh and CapAmb 0
        capsh --decode=$(grep CapBnd /proc/$P/status | cut -f2)
    .man = capabilities(7), prctl(2) (PR_CAPBSET_DROP), capset(2), proc_pid_status(5)
check-capabilities-dropped-bounding = The bounding set holds no more than docker leaves
check-capabilities-dropped-effective = Nor do the effective and the permitted set
check-capabilities-dropped-not-inherited = The inheritable and the ambient set are empty

scenario-capability-option = Whoever asks for one capability gets that one
    .what = With the runtime's option for one capability, the payload's effective set is just that capability.
    .why = The least that a program needs is the best it can be given: all dropped, one added.
    .hand =
        sudo ./mycontainer run --cap-drop ALL --cap-add SYS_NICE /bin/grep Cap /proc/self/status
    .man = capabilities(7)
check-capability-option-the-one-asked-for = The capability asked for is there
check-capability-option-no-other = No other is

scenario-no-new-privileges = A setuid program gives nobody more than he has
    .what = no_new_privs is set for the payload.
    .why = A program that is setuid or has file capabilities gives whoever executes it new powers. One bit, never taken back, ends that: execve honours neither any more.
    .hand =
        { -held }
        grep NoNewPrivs /proc/$P/status              # 1
    .man = prctl(2) (PR_SET_NO_NEW_PRIVS), https://docs.kernel.org/userspace-api/no_new_privs.html
check-no-new-privileges-set = no_new_privs is set

scenario-groups-cleared = The caller's groups stay outside
    .what = A runtime started with a supplementary group does not pass it on to the payload.
    .why = Groups open files: docker's socket, disks, logs. A volume of the host may hold any of them.
    .hand =
        sudo setpriv --groups 4242 ./mycontainer run /bin/grep Groups /proc/self/status     # empty
    .man = setgroups(2), credentials(7)
check-groups-cleared-no-group-of-the-caller = The payload is no member of the caller's group

scenario-seccomp-filters = Calls that nobody needs are refused, under whatever number
    .what = A seccomp filter is in force. keyctl is refused, by its 64-bit number and by its 32-bit one, and neither unshare nor clone nor clone3 makes a user namespace.
    .why = Every call is a way into the kernel. keyctl knows no namespace: keyrings are the machine's. A user namespace of one's own opens all that the kernel shows to its root. A filter that looks only at numbers is passed by a 32-bit call, one that is older than clone3 by clone3.
    .hand =
        { -held }
        grep Seccomp: /proc/$P/status                # 2
        sudo ./mycontainer run /bin/unshare -U true  # Operation not permitted
    .man = seccomp(2), prctl(2) (PR_SET_SECCOMP), user_namespaces(7), keyrings(7)
check-seccomp-filters-in-force = A filter is in force
check-seccomp-filters-keyring-refused = keyctl is refused
check-seccomp-filters-keyring-refused-by-its-old-number = keyctl is refused when a 32-bit call asks for it
check-seccomp-filters-user-namespace-refused = No call makes a user namespace

cause-capabilities-not-dropped = No capability is dropped: root in the container may do what root on the machine may. Drop them from the bounding set (prctl PR_CAPBSET_DROP, one call for each) before exec; capset alone is undone by it.
    .why = After exec, root has everything that is in the bounding set, capabilities(7).
cause-bounding-set-kept = The capabilities are dropped by capset alone, the bounding set still holds all of them. Drop them there too (prctl PR_CAPBSET_DROP, one call for each), before capset.
    .why = What is in the bounding set comes back: at exec to root, unless no_new_privs is set, and to whoever executes a file that has it.
cause-newer-capabilities-kept = The list of capabilities is an old one: { $observed } came with Linux 5.8 and 5.9. Count up to /proc/sys/kernel/cap_last_cap, and drop what is not on the list of those kept.
    .why = The kernel gets new capabilities. BPF and PERFMON reach all of its memory.
cause-capabilities-by-denylist = Some capabilities are dropped, and these are left: { $observed }. List what is kept, not what is dropped.
    .why = Of a denylist the rest is unknown: DAC_READ_SEARCH opened files of the host by their handles ("Shocker").
cause-capabilities-inheritable = The inheritable or the ambient set is not empty ({ $observed }). Set both to nothing.
    .why = CVE-2022-24769: with an inheritable set, a program with file capabilities in the image gets them for any user.
cause-capability-breaks-the-run = With the option for a capability the command does not start, without it it does. What the runtime printed stands beside this.
    .why = Capabilities are given up last, just before exec: until then the set-up needs them.
cause-capability-option-ignored = The capability that was asked for is not there ({ $observed }). Add it to the set that is kept, in the bounding set too.
    .why = An option that is read and forgotten is worse than none.
cause-capability-not-alone = There are others beside the one asked for: { $observed }. `drop ALL` empties the set before anything is added.
    .why = Whoever drops all and adds one relies on the rest being gone.
cause-no-new-privileges-not-set = no_new_privs is not set ({ $observed }). Call prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) before exec, and look at what it returns.
    .why = Without it, a setuid program in the image or in a volume makes an ordinary user root in the container.
cause-callers-groups-kept = The caller's supplementary group { $observed } is the payload's. Call setgroups with none, before setgid and setuid: afterwards it is not allowed any more.
    .why = clone and exec keep groups, as they keep everything that nobody changes.
cause-seccomp-missing = No filter of system calls is in force (Seccomp: { $observed }). Build one (libseccomp, seccompiler) and set it with prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER) just before exec, after no_new_privs.
    .why = Most of the kernel's faults that let somebody out were in calls that no container needs.
cause-seccomp-lets-pass = The filter is in force and lets a call pass that it should refuse ({ $observed }). Name the call in the filter, and answer with SECCOMP_RET_ERRNO and an errno: with errno 0 it seems to have succeeded.
    .why = A call that returns 0 and has done nothing leads a program astray that would have handled an error.
cause-seccomp-refuses-otherwise = The call is refused in another way ({ $observed }) than by EPERM or ENOSYS.
    .why = Programs know what to do about these two.
cause-seccomp-ignores-architecture = The filter refuses keyctl by its 64-bit number only: the 32-bit call (int 0x80) passes. Look at `arch` in struct seccomp_data first, and refuse what is not your own.
    .why = The same number means another call on another architecture.
cause-seccomp-without-newer-calls = unshare and clone are refused a user namespace, and clone3 is not. Answer clone3 with ENOSYS: its flags lie in memory, where a filter cannot look, and the C library falls back to clone.
    .why = The kernel gets new calls for old things: clone3, openat2, fsopen, move_mount.

scenario-oci-lifecycle = create prepares, start executes, state knows which was last
    .what = After create no process executes the command. state says created, after start running with the container's pid, after its end stopped. After delete nothing is left of it.
    .why = Between create and start whoever calls the runtime puts the container into a network or a group of his own. He knows it by its state alone, and a name that is not given back can never be used again.
    .hand =
        sudo ./mycontainer create --bundle b c1; sudo ./mycontainer state c1      # created
        sudo ./mycontainer start c1; sudo ./mycontainer state c1                  # running
        sudo ./mycontainer kill c1 KILL; sudo ./mycontainer delete c1
    .man = https://github.com/opencontainers/runtime-spec/blob/main/runtime.md
check-oci-lifecycle-created-not-running = After create the command does not run
check-oci-lifecycle-state-created = state says created
check-oci-lifecycle-state-running = state says running after start
check-oci-lifecycle-process-in-state = state names the container's process, its id and its bundle
check-oci-lifecycle-state-stopped = state says stopped after its end
check-oci-lifecycle-nothing-left = After delete nothing is left of it

scenario-oci-order = A verb at the wrong time is refused
    .what = An id that is taken, delete and start of a running container, and kill of a stopped one end with an error; the container runs on.
    .why = Whoever calls a runtime acts on what it answers. A success that is none leaves him with a container that he does not know.
    .hand =
        sudo ./mycontainer delete c1; echo $?        # while it runs: not 0
    .man = https://github.com/opencontainers/runtime-spec/blob/main/runtime.md
check-oci-order-id-taken = A second container of one id is refused
check-oci-order-delete-of-running = delete of a running container is refused
check-oci-order-start-of-running = start of a running container is refused
check-oci-order-still-runs = It runs on after all that
check-oci-order-kill-of-stopped = kill of a stopped container is refused

scenario-oci-kill = kill sends the signal that it is told
    .what = kill ID USR1 reaches the container's first process.
    .why = kill is how a container is told anything: to end, to read its settings again, to write out its log.
    .hand =
        sudo ./mycontainer kill c1 USR1
    .man = kill(1), signal(7), https://github.com/opencontainers/runtime-spec/blob/main/runtime.md
check-oci-kill-signal-arrives = SIGUSR1 arrives

scenario-oci-id = An id does not lead out of the runtime's directory
    .what = create with the id ../x is refused, and there is nothing beside the runtime's directory.
    .why = An id becomes a path, and comes from whoever asks for a container.
    .hand =
        sudo ./mycontainer --root /run/c create --bundle b ../x; ls /run/x         # refused, not there
    .man = path_resolution(7)
check-oci-id-refused = Such an id is refused
check-oci-id-nothing-outside = Nothing is made outside

scenario-oci-process = The command runs as the bundle says
    .what = Working directory, environment, user, groups and umask of the payload are those in config.json.
    .why = A field that is read and forgotten is a command that runs as root, or with somebody else's environment.
    .hand =
        grep -E 'Uid|Gid|Groups|Umask' /proc/$P/status; readlink /proc/$P/cwd
    .man = https://github.com/opencontainers/runtime-spec/blob/main/config.md#process, credentials(7)
check-oci-process-working-directory = The working directory is process.cwd
check-oci-process-environment = The environment is process.env, and no more
check-oci-process-user = The user and the group are those of process.user
check-oci-process-groups = So are the other groups
check-oci-process-umask = So is the umask

scenario-oci-file-systems = Root, mounts and covers are as the bundle says
    .what = root.path is beside config.json, root.readonly and the option ro hold, a masked path shows nothing, a read-only path is a mount of its own, and paths that are not there are passed over.
    .why = A bundle moves from machine to machine: paths in it are its own. What it wants covered is often not on this kernel.
    .hand =
        sudo grep -E ' / | /data ' /proc/$P/mountinfo      # ro
    .man = https://github.com/opencontainers/runtime-spec/blob/main/config.md#root, mount(2), proc_pid_mountinfo(5)
check-oci-file-systems-root-beside-the-bundle = root.path is looked for beside config.json
check-oci-file-systems-root-read-only = The root is read-only
check-oci-file-systems-mount-read-only = A mount with ro is read-only
check-oci-file-systems-masked = A masked path shows nothing
check-oci-file-systems-read-only-path = A read-only path is read-only

scenario-oci-hooks = Hooks are called, and heeded
    .what = A createRuntime hook finds the container's state on its stdin. If a hook fails, so does create.
    .why = By hooks the caller connects networks and devices. A container whose hook has failed is not the one that was asked for.
    .hand =
        jq '.hooks.createRuntime[0] |= (.path = "/bin/sh" | .args = ["sh", "-c", "cat > /tmp/state"])' b/config.json > n
        mv n b/config.json; sudo ./mycontainer create --bundle b c1; cat /tmp/state
    .man = https://github.com/opencontainers/runtime-spec/blob/main/config.md#posix-platform-hooks
check-oci-hooks-called-with-the-state = A hook gets the state on its stdin
check-oci-hooks-failure-heeded = If a hook fails, create fails

scenario-oci-config = What is unknown is passed over, what cannot be done is refused
    .what = A property that the specification does not know changes nothing. A terminal without a console socket is refused by create.
    .why = Extensions and later versions add properties. A terminal that nobody receives is a command that waits for ever.
    .hand =
        jq '.process.terminal = true' b/config.json > n; mv n b/config.json
        sudo ./mycontainer create --bundle b c1; echo $?   # not 0
    .man = https://github.com/opencontainers/runtime-spec/blob/main/config.md#extensibility
check-oci-config-unknown-property = An unknown property is passed over
check-oci-config-terminal-without-console = A terminal without a console socket is refused

message-create-refused = create failed ({ $observed }).
cause-create-refused = create failed for a bundle that is in order ({ $observed }). What it printed stands beside this.
    .why = Every other verb needs a container that was created.
message-state-unreadable = state printed no state: { $observed }
cause-state-unreadable = state does not print a JSON object with ociVersion, id, status and bundle ({ $observed }). Print it to stdout, and nothing else.
    .why = Callers read it by a program.
cause-create-runs-the-command = create has executed the command already. Let the container's process wait just before exec, at a FIFO for instance, until start writes to it.
    .why = Between the two the caller prepares what the command relies on.
cause-state-stale = state says { $observed } where it should be { $expected }. Ask the kernel whether the process lives (its pid and its start time), not a file that was written earlier.
    .why = Nobody writes the file when the process ends.
cause-state-of-another = state says { $observed } where the kernel says { $expected }. Keep the pid of the container's first process as the host counts it: not that of the runtime, nor of a process in between.
    .why = kill goes to that pid. Others may have been given it meanwhile.
cause-delete-leaves-something = After delete there is something left: { $observed }. Remove the cgroup, then the state, and report what fails.
    .why = What is left adds up, and an id that is taken cannot be used again.
cause-id-used-twice = create succeeds although there is a container of that id. Make its directory with mkdir, which fails if it is there, and let that be the answer.
    .why = Of two containers with one id, one is lost: nobody can stop it.
cause-verb-out-of-order = A verb succeeds at the wrong time (status { $observed }). Look at the state first: start wants created, kill wants created or running, delete wants stopped.
    .why = A caller believes what he is told.
cause-kill-misses = The signal did not arrive. Read the second word of kill, as a name or as a number, and send it to the container's first process.
    .why = PID 1 of a namespace ignores whatever it has no handler for: another signal has no effect.
cause-id-is-a-path = An id with .. in it is accepted. Let an id be letters, digits, '_', '+', '-' and '.', and neither . nor ..
    .why = The runtime is root: what it makes or removes by such a name may be anything on the host.
cause-user-before-group = With another user and group create fails, with the group 0 it does not: setuid comes before setgid. Set the groups first, then the group, then the user.
    .why = Whoever is no longer root may not change his group.
cause-process-cwd-ignored = The working directory is { $observed }, not process.cwd ({ $expected }). Call chdir after pivot_root.
    .why = Programs look for their files there.
cause-process-env-ignored = The environment is { $observed } and not just process.env. Give process.env to execve.
    .why = Neither the runtime's own environment nor a default belongs there.
cause-process-user-ignored = User and group are { $observed }, not those of process.user ({ $expected }). Call setgid and setuid before exec.
    .why = A command that should be an ordinary user's runs as root.
cause-process-groups-ignored = The other groups are "{ $observed }", not process.user.additionalGids ({ $expected }). Call setgroups with them before setgid.
    .why = By them the command reads what its volumes hold.
cause-process-umask-ignored = The umask is { $observed }, not process.user.umask ({ $expected }). Call umask before exec.
    .why = It decides who may read the files that the command makes.
cause-root-not-beside-the-bundle = With an absolute root.path create succeeds, with a relative one it fails. Look for it beside config.json.
    .why = A caller has any working directory.
cause-missing-path-not-passed-over = create fails because of a path in maskedPaths or readonlyPaths that is not there. Pass over ENOENT.
    .why = Lists of paths are made for all kernels at once.
cause-root-not-read-only = The root is not read-only ({ $observed }). Remount / with MS_REMOUNT, MS_BIND and MS_RDONLY after everything else.
    .why = MS_RDONLY in the call that makes a bind mount has no effect.
cause-mount-options-ignored = A mount with the option ro is not read-only ({ $observed }). Options are flags (ro, nosuid, nodev, noexec) or words for the file system: tell them apart, and remount a bind mount with its flags.
    .why = MS_RDONLY in the call that makes a bind mount has no effect.
cause-masked-path-visible = A path in maskedPaths is visible ({ $observed }). Bind /dev/null over a file, and mount an empty read-only tmpfs over a directory.
    .why = What is masked is the machine's.
cause-read-only-path-ignored = A path in readonlyPaths is no read-only mount ({ $observed }). Bind it on itself and remount that with MS_RDONLY.
    .why = What is to be read-only can be written to.
cause-hooks-not-called = The createRuntime hooks are not called. Execute each on the host, after the namespaces are there and before the command.
    .why = Networks and devices come by hooks.
cause-hook-without-state = A hook finds no state on its stdin ({ $observed }). Write the same JSON there that state prints, and close it.
    .why = It does not know which container it was called for.
cause-hook-failure-ignored = A hook has failed, and create succeeds. Look at its status, end the container and fail.
    .why = The container lacks what the hook should have given it.
cause-unknown-property-refused = A property that the specification does not know makes create fail. Pass it over.
    .why = "Runtimes MUST NOT generate an error": extensions and later versions add properties.
cause-terminal-without-console = process.terminal is true, nobody gave a console socket, and create succeeds. Refuse that.
    .why = The near end of the terminal would be with nobody.

scenario-layers-stacked = Layers lie on each other
    .what = Of a file that two layers have, the container sees the higher one. What only the lowest has is there, and what a higher one notes as deleted is not.
    .why = An image is made of layers, each the changes of one step. A step that deletes a file notes that by a whiteout: a character device 0:0 of its name.
    .hand =
        mkdir l1; echo higher > l1/file; sudo mknod l1/gone c 0 0; touch rootfs/gone
        sudo ./mycontainer run --image rootfs --image l1 /bin/ls /
    .man = https://docs.kernel.org/filesystems/overlayfs.html
check-layers-stacked-lowest-there = A file of the lowest layer is there
check-layers-stacked-highest-wins = The highest layer that has a file wins
check-layers-stacked-deleted-stays-deleted = What a whiteout deletes is not there

scenario-layers-unchanged = A container does not change its image
    .what = The container changes a file of a layer and makes another. On the host the layers are as before.
    .why = Layers are shared by all containers of an image, and by other images.
    .hand =
        sudo ./mycontainer run --image rootfs --image l1 /bin/sh -c 'echo x > /file'; cat l1/file    # as before
    .man = https://docs.kernel.org/filesystems/overlayfs.html
check-layers-unchanged-written = In the container the files can be changed
check-layers-unchanged-layers-as-before = The layers are as before

scenario-layers-apart = Two containers of one image do not see each other's files
    .what = What one container writes, another of the same layers does not see, and after both have ended nothing of it is on the host.
    .why = The writable layer is a container's own. Two overlays with one upper directory are undefined, says the kernel.
    .hand =
        sudo ./mycontainer run --image rootfs /bin/sh -c 'echo x > /mine; sleep 100' &
        sudo ./mycontainer run --image rootfs /bin/ls /mine                         # no such file
    .man = https://docs.kernel.org/filesystems/overlayfs.html
check-layers-apart-own-writes = A container sees what it has written
check-layers-apart-not-the-others = Another does not
check-layers-apart-gone-afterwards = Nothing of it is left on the host

scenario-layers-paths-odd = A layer's directory may be called anything
    .what = A layer in a directory with a colon, a comma, a blank and a backslash in its name is stacked like any other.
    .why = In the options of an overlay a colon ends a path and a comma ends the option. Digests of layers have a colon: sha256:…
    .hand =
        mkdir 'a:b,c'; touch 'a:b,c/file'; sudo ./mycontainer run --image rootfs --image 'a:b,c' /bin/ls /file
    .man = mount(8), https://docs.kernel.org/filesystems/overlayfs.html
check-layers-paths-odd-file-is-there = Its file is in the container

scenario-layers-many = An image may have many layers
    .what = An image of sixty layers, whose paths together are longer than a page, is stacked.
    .why = mount(2) takes one page of options, 4 KiB. Docker allows 127 layers, and gives them short names for that.
    .hand =
        for n in $(seq 60); do mkdir l$n; set -- "$@" --image l$n; done
        sudo ./mycontainer run --image rootfs "$@" /bin/ls /
    .man = mount(2), fsconfig(2)
check-layers-many-highest-wins = The highest of sixty layers wins

cause-layers-break-the-run = With these layers the command does not start, with rootfs/ alone it does. What the runtime printed stands beside this.
    .why = upperdir and workdir must be two directories on one file system, neither in the other, and workdir empty.
cause-layers-not-stacked = A layer's file is not in the container ({ $observed }). Name all layers in lowerdir=, with colons between them.
    .why = An image of which a layer is missing is another image.
cause-layers-reversed = The lower layer wins. In lowerdir= the highest layer comes first.
    .why = What a later step has changed would be undone.
cause-whiteouts-not-applied = A file is there that a higher layer has deleted. Stack the layers with OverlayFS, which knows whiteouts, or apply them when copying.
    .why = What was deleted from an image, a key for instance, was deleted for a reason.
cause-layers-not-writable = The container cannot change its files ({ $observed }). Give the overlay an upperdir and a workdir.
    .why = Without an upperdir an overlay is read-only.
cause-layers-written-to = What the container wrote is in a layer: { $observed }. Name the layers in lowerdir=, and an empty directory of the container's own in upperdir=.
    .why = The next container of this image gets it, too.
cause-writable-layer-shared = A container sees what another has written ({ $observed }). Give each an upperdir and a workdir of its own.
    .why = The kernel says of a shared upperdir: undefined behaviour.
cause-overlay-left-behind = After the containers there is something left: { $observed }. Mount in the container's mount namespace, and remove the writable layer at the end: or let it lie in a tmpfs there, which goes by itself.
    .why = Whatever is left adds up.
cause-layer-path-cut = A layer whose path has a colon, comma, blank or backslash in it is not stacked. Put a backslash before these, or give the layer a plain name by a link.
    .why = lowerdir= is cut at each colon, the options at each comma.
cause-too-many-layers = Sixty layers are too many. Give them short names by links in one directory, and mount from there; or use fsconfig with lowerdir+ (Linux 6.5).
    .why = mount(2) takes one page of options and cuts off the rest.

scenario-bridge-option = The container is on the bridge that was asked for
    .what = The container has an address of the subnet that was asked for and a default route. The host's end of its cable is plugged into a bridge of that name, which is up and has the address that the route leads to. Host and container reach each other.
    .why = A bridge is a switch. The cables of all containers end in it, and the host has its own place there: the address of the bridge itself.
    .hand =
        { -held }                                          # with the option
        ip -details link show master br0                   # the cable's end
        ip address show br0                                # up, with the gateway's address
        sudo nsenter --target $P --net ip route            # default via that address
    .man = ip-link(8), https://docs.kernel.org/networking/bridge.html
check-bridge-option-linked = The container has an interface beside lo
check-bridge-option-address = It has an address of the subnet
check-bridge-option-default-route = It has a default route
check-bridge-option-plugged-in = Its cable is plugged into the bridge of that name
check-bridge-option-bridge-is-up = The bridge is up
check-bridge-option-host-address = The bridge has the address that the default route leads to
check-bridge-option-way-in = The host reaches the container
check-bridge-option-way-back = The container reaches the host

scenario-bridge-neighbours = Two containers on one bridge reach each other
    .what = Two containers are asked onto one bridge. They have two addresses, and each reaches the other.
    .why = That is what a bridge is there for: a program in one container talks to a database in the other.
    .hand =
        { -held }                                          # with the option, twice
        sudo nsenter --target $P --net nc 10.77.0.3 9    # the other's address. Connection refused: it is there
    .man = https://docs.kernel.org/networking/bridge.html
check-bridge-neighbours-addresses-differ = Their addresses differ
check-bridge-neighbours-reaches-the-other = The first reaches the second
check-bridge-neighbours-reached-by-the-other = The second reaches the first

scenario-bridge-many-at-once = Four containers that start at once have four addresses
    .what = Four containers are started on one bridge without waiting for each other. All of them start, and their addresses differ.
    .why = Between looking for a free address and writing it down somebody else may look, too. The same holds for making the bridge: whoever comes second finds it there.
    .hand =
        for n in 1 2 3 4; do sudo ./mycontainer run --network bridge /bin/ip address & done; wait
    .man = flock(2)
check-bridge-many-at-once-all-start = All of them start
check-bridge-many-at-once-addresses-differ = Their addresses differ

scenario-bridge-way-out = A container on a bridge gets out, as the host
    .what = Beyond the host lies another network. The container reaches a server there, and for the server it is the host that calls.
    .why = Nobody out there knows a way to 10.x. The host passes the packets on (ip_forward) and puts its own address in the place of the container's (masquerading), so that answers come back to it.
    .hand =
        sysctl net.ipv4.ip_forward                         # 1, while a container runs
        sudo nft list ruleset                              # or: sudo iptables -t nat -S; a rule with masquerade
    .man = nft(8), iptables-extensions(8)
check-bridge-way-out-host-reaches-it = The host reaches the server
check-bridge-way-out-container-reaches-it = The container reaches it
check-bridge-way-out-seen-as-the-host = The server sees the host's address

scenario-bridge-outlives-the-first = Whoever stays keeps the bridge
    .what = Of two containers on one bridge the first ends. The bridge is still there, and the second still gets out as the host.
    .why = Bridge and rules belong to all who are on it. A clean-up that goes by the first end cuts off the others.
    .hand =
        { -held }                                          # with the option, twice; end the first
        ip link show br0; sudo nft list ruleset            # all still there
    .man = nft(8)
check-bridge-outlives-the-first-way-out-before = While both live the second gets out
check-bridge-outlives-the-first-hardware-address-stays = The bridge keeps its hardware address when cables come and go
check-bridge-outlives-the-first-bridge-stays = When the first has ended the bridge is there and up
check-bridge-outlives-the-first-way-out-after = The second still gets out, as the host

scenario-bridges-apart = The end of one bridge does not harm another
    .what = Two containers are on two bridges. When one of them has ended, the other still gets out as the host.
    .why = Forwarding is one setting for the whole machine: whoever switches it off does so for every network.
    .hand =
        { -held }                                          # with the option, twice, on two bridges; end the second
        sysctl net.ipv4.ip_forward                         # still 1
    .man = https://docs.kernel.org/networking/ip-sysctl.html
check-bridges-apart-way-out-before = While both live the first gets out
check-bridges-apart-way-out-after = When the other has ended it still does

scenario-bridge-no-residue = Nothing of a bridge is left
    .what = After one container on a bridge, and after two at the same time, the host's links, packet filter rules, settings and files are as before. Where forwarding was on before, it stays on.
    .why = A rule that stays holds for whoever has that address next, and rules that are added at every run pile up. A host that was a router before has to stay one.
    .hand =
        sudo nft list ruleset > before; ip link >> before; sysctl net.ipv4.ip_forward
        sudo ./mycontainer run --network bridge /bin/true
        (sudo nft list ruleset; ip link) | diff before -; sysctl net.ipv4.ip_forward
    .man = nft(8), https://docs.kernel.org/networking/ip-sysctl.html
check-bridge-no-residue-after-one = Nothing is left after one container
check-bridge-no-residue-after-two = Nothing is left after two at the same time
check-bridge-no-residue-forwarding-kept = Forwarding that was on before is still on

scenario-bridge-clash = Somebody else's bridge and network stay theirs
    .what = The host has a bridge of the name that is asked for, or, on another interface, an address of the subnet. Either time the run is refused, and the other's bridge is as before.
    .why = A bridge that one has not made one does not remove. And with one network on two interfaces the host sends to only one of them.
    .hand =
        sudo ip link add br0 type bridge
        sudo ./mycontainer run --network bridge,name=br0 /bin/true; echo $?     # not 0
        ip link show br0                                   # still there
    .man = ip-link(8), ip-route(8)
check-bridge-clash-name-refused = A name that is taken is refused
check-bridge-clash-others-bridge-as-before = The other's bridge is as before
check-bridge-clash-subnet-refused = A subnet that the host has elsewhere is refused

scenario-bridge-filter-fails = Without its rules a container does not start
    .what = The programs that make rules (nft, iptables) fail. The run then fails, too; or the container gets out as the host all the same, because the runtime does not need them.
    .why = A container that starts with half a network fails later, where nobody looks for the cause: a name that does not resolve, a connection that times out.
    .hand =
        mkdir broken; printf '#!/bin/sh\nexit 1\n' > broken/nft; chmod +x broken/nft
        sudo env PATH=$PWD/broken:$PATH ./mycontainer run --network bridge /bin/true; echo $?     # not 0
    .man = nft(8), iptables(8)
check-bridge-filter-fails-refused-or-complete = The run is refused, or its network is complete

scenario-bridge-publish = A published port leads into the container, as long as it lives
    .what = From beyond the host somebody calls the host's port and is answered by a socket in the container. When the container has ended, the host refuses, though another container is still on the bridge.
    .why = Nobody outside knows the container's address: a port of the host stands for it. A rule that outlives the container leads to nobody, or to whoever gets that address next.
    .hand =
        sudo ./mycontainer run --network bridge --publish 8080:80 /bin/nc -l -p 80 &
        nc 192.0.2.1 8080                                  # the host's address, from another machine
    .man = nft(8), iptables-extensions(8)
check-bridge-publish-reached = The port leads into the container
check-bridge-publish-closed-afterwards = When the container has ended the port is closed

cause-bridge-breaks-the-run = With a bridge the command does not start, without it does. What the runtime printed stands beside this.
    .why = Look at every result: creating the bridge, the cable, the rules.
cause-second-on-the-bridge-fails = The first container is on the bridge, a second one does not start. The bridge is there already: that is no error, if it is the runtime's own.
    .why = Creating a link of a name that is there gives EEXIST.
cause-second-bridge-fails = One bridge works, a second one beside it does not. Give bridge, table and state names of their own.
    .why = What is called by a fixed name is there once.
cause-bridge-network-not-made = The container has no interface beside lo though it was asked for a bridge. Make a pair, plug one end into the bridge, and put the other into the container's namespace.
    .why = A bridge without cables connects nobody.
cause-address-outside-the-subnet = The container's address ({ $observed }) is not { $expected }. Take a free address of the subnet that was asked for, with its prefix.
    .why = To whoever has another network there is no way but the gateway's.
cause-bridge-not-made = There is no bridge of the name that was asked for: ip link add NAME type bridge.
    .why = Whoever is told that name looks for the bridge under it.
cause-cable-not-plugged-in = The host's end of the cable is not plugged into the bridge ({ $observed }, expected { $expected }): ip link set VETH master NAME.
    .why = What is not plugged in gets no packets, however many addresses there are.
cause-bridge-down = The bridge is down: ip link set NAME up.
    .why = A new link is down. Cables that are up do not help.
cause-bridge-without-address = Nobody on the host has the address that the container's default route leads to. Give it to the bridge: ip address add GATEWAY/PREFIX dev NAME.
    .why = The container asks who has the gateway's address, and nobody answers: "No route to host" (EHOSTUNREACH).
cause-gateway-not-the-bridge = The gateway's address is not the bridge's, but { $observed } has it. Give it to the bridge itself.
    .why = The kernel makes the route to a network where the address is.
cause-neighbours-apart = One container does not reach the other ({ $observed }). Are both cables plugged into the same bridge, and have both addresses the subnet's prefix?
    .why = On one bridge a neighbour is found by ARP, without any route or rule.
cause-forwarding-off = The host does not pass on the container's packets ({ $observed }): net.ipv4.ip_forward is 0. Switch it on when the first container begins.
    .why = A host that is no router drops what is not for itself.
cause-no-way-out = The container does not get beyond the host ({ $observed }), though forwarding is on. Has it a default route to the bridge, and does a rule drop what is forwarded?
    .why = The packet goes by the container's route, the host's forwarding and the rules of its filter.
cause-not-masqueraded = Beyond the host the container is seen with its own address ({ $observed }, expected { $expected }). Masquerade what leaves the subnet: nft add rule ip T postrouting ip saddr SUBNET oifname != NAME masquerade.
    .why = Nobody out there knows a way to that address, so no answer comes back.
cause-containers-collide-on-the-bridge = Of four containers that were started at once not all run ({ $observed } of { $expected }). Let whoever makes or changes the bridge, its addresses or its rules hold a lock.
    .why = Started one after the other they work: the second does not find half of what the first is making.
cause-address-taken-twice = Containers that were started at once have the same address. Hold a lock from looking for a free address until it is written down.
    .why = Both have looked before either wrote.
cause-bridge-hardware-address-changes = The bridge's hardware address has changed to that of a new cable ({ $observed } instead of { $expected }). Give it one of its own when making it: ip link add NAME address 02:42:0a:01:02:01 type bridge.
    .why = A bridge without one takes the lowest of its ports'. When that changes, containers send to the former one until the entry in their ARP tables has aged.
cause-shared-bridge-removed = The end of one container has removed the bridge that another is on. Count who is on it, and let the last one remove it.
    .why = With the bridge all its cables are unplugged.
cause-shared-rule-removed = When one container had ended the other did not get out as before ({ $observed }, expected { $expected }). The rule was for both: let the last one remove it.
    .why = A rule for a subnet belongs to all who are in it.
cause-rule-of-another-removed = The end of one bridge has harmed another: { $observed }, expected { $expected }. Remove only rules of one's own bridge.
    .why = `flush` and rules without the bridge's name hold for everybody.
cause-forwarding-switched-off = Forwarding was switched off when a container ended, though somebody else needs it. Remember whether it was on before, and switch it off only when the last one of all bridges ends.
    .why = ip_forward holds for the whole machine.
cause-rule-not-removed = A rule of the packet filter is left ({ $observed }). Remove what was added, also after an error; a table of one's own goes as a whole.
    .why = The rule holds for whoever has that address next.
cause-rule-added-twice = After one container no rule is left, after two at the same time some are ({ $observed }). Add a rule only if it is not there, or replace one's own table as a whole.
    .why = `iptables -A` adds at every run, `iptables -D` removes only one.
cause-name-clash-unchecked = The host had a bridge of that name, and the run went on with it. Whoever has not made a bridge must not take it for his own: heed EEXIST.
    .why = It gets another's address, and is removed in the end.
cause-bridge-of-another-taken = Somebody else's bridge has changed: { $observed }, before { $expected }. Heed EEXIST when creating it.
    .why = Whatever hung on it is cut off.
cause-subnet-clash-unchecked = The host has an address of that subnet on another interface, and the run went on. Compare with the host's addresses first, and refuse.
    .why = With one network on two interfaces the host sends to only one of them.
cause-filter-failure-ignored = The program that makes rules has failed, and the container runs all the same, without them ({ $observed }). Look at its status, and end the run.
    .why = A warning is read by nobody. The container's programs then wait for answers that do not come.
cause-publish-breaks-the-run = With a published port the command does not start, on the bridge alone it does. What the runtime printed stands beside this.
    .why = nft and iptables name the rule that they do not take.
cause-port-not-published = The host's port does not lead into the container ({ $observed }). Rewrite the destination before routing (dnat in prerouting), to the container's address and its port.
    .why = The host itself listens to nobody there.
cause-port-outlives-container = The container has ended, and the host's port still leads to where it was ({ $observed } instead of { $expected }). Remove the rule with its container, not with the bridge.
    .why = The next container with that address gets the calls.

## For a person to look at; nothing is deducted

flag-ran-another-runtime = The program leaves work to another container runtime or sandbox.
flag-ran-isolation-tools = The program leaves steps of its work to system tools. The workshop's own steps do; whether that is allowed, the course says.
flag-ran-an-unknown-program = A program was executed that is neither the runtime, nor the container's, nor the machine's.
flag-ran-a-forbidden-program = A program was executed that the course does not allow.
flag-exec-log-incomplete = So many programs were executed that the log of them is incomplete.
flag-names-the-harness = The program holds words that only an exam knows.
flag-touched-the-harness = Processes of the host that are none of the runtime's business were stopped, traced or killed.
flag-declares-policy = boxproof.toml declares that the runtime does this by design ([policy]). What fails because of it is not judged and earns no point; whether the design is acceptable, the course says.
flag-left-a-process = The runtime leaves a process behind on the host.
flag-knows-the-probe = Ordinary commands are isolated otherwise than boxproof's own program.
