#!/usr/bin/env python3
# Takes the whole host down, so that nothing can be found out any more. Refuses where that would be a real one.

import ctypes
import os
import sys

INITIAL_PID_NAMESPACE = "pid:[4026531836]"
LINUX_REBOOT_CMD_RESTART = 0x01234567

if len(sys.argv) < 3 or sys.argv[1] != "run":
    sys.exit(2)
if os.readlink("/proc/self/ns/pid") == INITIAL_PID_NAMESPACE:
    sys.exit("refused: this is no testbed")
ctypes.CDLL(None).reboot(LINUX_REBOOT_CMD_RESTART)
