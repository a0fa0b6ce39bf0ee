#!/usr/bin/env python3
"""A small right container runtime: mycontainer.py run CMD [ARGS...] in a directory that holds rootfs/.

Only the standard library; what `os` does not have is called through ctypes. No cgroup: limits are put on from the host's
side, as in step 3 of the workshop.
"""
import ctypes
import fcntl
import os
import select
import signal
import socket
import stat
import struct
import sys
import warnings  # noqa: F401 - os.execvpe imports it, and would look for it in the container

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP = 0x20000000, 0x40000000, 0x02000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
SI_KERNEL = 0x80
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine)

OWN_FAILURE, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127
FORWARDED = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}

libc = ctypes.CDLL(None, use_errno=True)


def call(what, function, *arguments):
    """Calls into libc; a failure becomes an OSError that says what was being done."""
    if function(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), what)


def mount(source, target, kind, flags, data=None):
    source, target_, kind, data = (word.encode() if word is not None else None for word in (source, target, kind, data))
    call(f"mount on {target}", libc.mount, source, target_, kind, ctypes.c_ulong(flags), data)


def enter_rootfs():
    mount(None, "/", None, MS_REC | MS_PRIVATE)  # first: nothing may appear on a host whose / is shared
    mount("rootfs", "rootfs", None, MS_BIND | MS_REC)  # pivot_root wants a mount point
    os.chdir("rootfs")
    # The old root is stacked on the new one and detached: the rootfs needs no directory for it.
    call("pivot_root rootfs", libc.syscall, ctypes.c_long(SYS_PIVOT_ROOT), b".", b".")
    call("detach the old root", libc.umount2, b".", MNT_DETACH)
    os.chdir("/")


def mount_all():
    for directory in ("/proc", "/sys", "/dev"):
        os.makedirs(directory, exist_ok=True)
    mount("proc", "/proc", "proc", SAFE)
    mount("sysfs", "/sys", "sysfs", SAFE | MS_RDONLY)
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k")
    nodes = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
    for name, number in nodes.items():
        os.mknod(f"/dev/{name}", stat.S_IFCHR | 0o666, os.makedev(*number))
    os.mkdir("/dev/pts")
    os.mkdir("/dev/shm")
    mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")
    mount("tmpfs", "/dev/shm", "tmpfs", SAFE, "mode=1777,size=64m")
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
    for name, target in links.items():
        os.symlink(target, f"/dev/{name}")


def mask_proc():
    """What of /proc reaches through to the whole machine: some of it read-only, some of it not at all."""
    for path in filter(os.path.exists, ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")):
        mount(path, path, None, MS_BIND | MS_REC)
        mount(None, path, None, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE)  # a bind mount takes no other flags at once
    for path in filter(os.path.exists, ("/proc/kcore", "/proc/keys", "/proc/timer_list")):
        mount("/dev/null", path, None, MS_BIND)


def loopback_up():
    ifreq = struct.pack("16sH22x", b"lo", IFF_UP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, ifreq)


def reset_signals():
    """Ignored and blocked signals survive exec, and Python ignores SIGPIPE."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def die_with_runtime(alive):
    """SIGKILL at the runtime's end; if that came before prctl, the pipe that it held open tells."""
    call("prctl(PR_SET_PDEATHSIG)", libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL)
    poll = select.poll()
    poll.register(alive, 0)
    if poll.poll(0):
        os._exit(OWN_FAILURE)


def set_up(alive):
    die_with_runtime(alive)
    reset_signals()
    call("unshare", libc.unshare, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)
    callers = os.umask(0)
    enter_rootfs()
    mount_all()
    mask_proc()
    os.umask(callers)
    loopback_up()
    name = os.urandom(6).hex().encode()
    call("sethostname", libc.sethostname, name, len(name))
    # Whatever the caller left open goes at exec.
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor > 2:
            try:
                os.set_inheritable(descriptor, False)
            except OSError:
                pass  # the one that listdir itself had open


def leave(status, message):
    """Not sys.exit: nothing of the runtime's own may run in its copy."""
    os.write(2, f"mycontainer: {message}\n".encode())
    os._exit(status)


def become_command(command, alive):
    """The new PID 1: makes the container, becomes the command."""
    try:
        set_up(alive)
    except OSError as error:
        leave(OWN_FAILURE, f"{error.filename}: {error.strerror}")
    try:
        os.execvpe(command[0], command, ENVIRONMENT)
    except FileNotFoundError as error:
        leave(NOT_FOUND, f"exec {command[0]}: {error.strerror}")
    except OSError as error:
        leave(NOT_EXECUTABLE, f"exec {command[0]}: {error.strerror}")


def minds(pid, number):
    """PID 1 does not get a signal that it neither catches, blocks nor ignores."""
    with open(f"/proc/{pid}/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    masks = (int(fields[name], 16) for name in ("SigCgt", "SigBlk", "SigIgn"))
    return any(mask >> (number - 1) & 1 for mask in masks)


def wait_for(pid):
    """Passes signals on until the container ends; gives the status that a shell would give."""
    killed_for = None
    while True:
        came = signal.sigwaitinfo(FORWARDED | {signal.SIGCHLD})
        if came.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended and os.WIFEXITED(status):
                return os.WEXITSTATUS(status)
            if ended:
                return 128 + (killed_for or os.WTERMSIG(status))
            continue
        if came.si_code != SI_KERNEL:  # the terminal has sent it to the container as well
            os.kill(pid, came.si_signo)
        if not minds(pid, came.si_signo):
            killed_for = came.si_signo
            os.kill(pid, signal.SIGKILL)


def main():
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        print("usage: mycontainer.py run CMD [ARGS...]", file=sys.stderr)
        return 2
    # Held back before the fork, so that none is lost in between.
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED | {signal.SIGCHLD})
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    alive, held_open = os.pipe()
    started, executing = os.pipe()
    try:
        # A pid namespace is entered by children only; the others the child makes for itself.
        call("unshare(CLONE_NEWPID)", libc.unshare, CLONE_NEWPID)
    except OSError as error:
        print(f"mycontainer: {error.filename}: {error.strerror}", file=sys.stderr)
        return OWN_FAILURE
    pid = os.fork()
    if pid == 0:
        os.close(held_open)
        become_command(sys.argv[2:], alive)
    os.close(executing)
    os.read(started, 1)  # ends with the exec: only then can a signal find the command
    return wait_for(pid)


if __name__ == "__main__":
    sys.exit(main())
