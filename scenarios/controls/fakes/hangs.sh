#!/bin/sh
# Does nothing, for ever, and wants no signal but SIGKILL.
trap '' HUP INT QUIT TERM USR1 USR2
while :; do
    sleep 3600
done
