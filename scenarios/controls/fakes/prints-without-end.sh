#!/bin/sh
# Fills stdout for as long as anybody reads.
exec yes "this line is printed again and again"
