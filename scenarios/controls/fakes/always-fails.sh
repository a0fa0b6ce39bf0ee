#!/bin/sh
# Fails without doing anything.
echo "something went wrong" >&2
exit 1
