#!/usr/bin/python3
"""mycontainer.py run CMD ARGS...

It starts the command with rootfs/ as its root, and that is all: the command sees every process, every mount and every network of
this machine.
"""

import os
import sys


def run(argv):
    """Starts the command in the container and waits for it; its exit status becomes ours."""
    # Step 2: os.unshare(os.CLONE_NEW...) (Python 3.12; before, ctypes), then a /proc of its own.
    # Step 3: a cgroup that limits it.
    # Step 4: a veth pair that connects it.
    child = os.fork()
    if child == 0:
        try:
            os.chroot("rootfs")
            os.chdir("/")
            os.execvp(argv[0], argv)
        except OSError as error:
            print(f"mycontainer: {argv[0]}: {error}", file=sys.stderr)
            os._exit(127 if isinstance(error, FileNotFoundError) else 126)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        sys.exit("usage: mycontainer.py run CMD ARGS...")
    sys.exit(run(sys.argv[2:]))
