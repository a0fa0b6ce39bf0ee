#!/usr/bin/env python3
"""A small right container runtime: mycontainer.py run CMD [ARGS...] in a directory that holds rootfs/.

Only the standard library, Python 3.8 or later: what os does not have is called through ctypes.
"""
import ctypes
import os
import signal
import sys

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH = 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
PR_SET_PDEATHSIG = 1
FORWARDED = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

libc = ctypes.CDLL(None, use_errno=True)


def call(what, function, *arguments):
    """Calls into libc; a failure becomes an OSError that says what was being done."""
    if function(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), what)


def mount(source, target, kind, flags, options=None):
    text = lambda value: value.encode() if value is not None else None
    call(f"mount {kind or ''} on {target}", libc.mount, text(source), text(target), text(kind),
         ctypes.c_ulong(flags), text(options))


def enter_rootfs():
    mount(None, "/", None, MS_REC | MS_PRIVATE)  # first: nothing may appear on a host whose / is shared
    mount("rootfs", "rootfs", None, MS_BIND | MS_REC)  # pivot_root wants a mount point
    os.chdir("rootfs")
    # The old root is stacked on the new one and detached: the rootfs needs no directory for it.
    call("pivot_root rootfs", libc.syscall, ctypes.c_long(SYS_PIVOT_ROOT[os.uname().machine]), b".", b".")
    call("detach the old root", libc.umount2, b".", MNT_DETACH)
    os.chdir("/")


def set_up():
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)  # Python ignores SIGPIPE, and exec would pass that on
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    enter_rootfs()
    os.makedirs("/proc", exist_ok=True)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    socket_flags = __import__("struct").pack("16sh22x", b"lo", 1)  # struct ifreq: the name, IFF_UP
    with __import__("socket").socket() as control:
        __import__("fcntl").ioctl(control, 0x8914, socket_flags)  # SIOCSIFFLAGS
    name = os.urandom(6).hex().encode()
    call("sethostname", libc.sethostname, name, len(name))


def container(command, alive):
    """The new PID 1: makes the container, becomes the command."""
    try:
        call("prctl", libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.read(alive, 1) != b"g":  # end of file: the runtime was dead before prctl
            os._exit(125)
        set_up()
    except OSError as error:
        print(f"mycontainer: {error}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(125)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    environment = {"PATH": PATH, "HOME": "/root"}
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        print(f"mycontainer: exec {command[0]}: {error.strerror}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


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
        number = signal.sigwait(FORWARDED | {signal.SIGCHLD})
        if number == signal.SIGCHLD:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 + (killed_for or -code)
            continue
        os.kill(pid, number)
        if not minds(pid, number):
            killed_for = number
            os.kill(pid, signal.SIGKILL)


def main():
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        sys.exit("usage: mycontainer.py run CMD [ARGS...]")
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED | {signal.SIGCHLD})
    alive, go = os.pipe()
    # The pid namespace is for the children only, so fork comes after; the other namespaces must not be the runtime's own.
    call("unshare(CLONE_NEWPID)", libc.unshare, CLONE_NEWPID)
    pid = os.fork()
    if pid == 0:
        os.close(go)
        try:
            call("unshare", libc.unshare, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)
        except OSError as error:
            os._exit(f"mycontainer: {error}" and 125)
        container(sys.argv[2:], alive)
    os.write(go, b"g")
    sys.exit(wait_for(pid))


if __name__ == "__main__":
    main()
