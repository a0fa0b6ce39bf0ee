#!/bin/sh
# Writes every byte value, lone surrogates and overlong forms among them, to stdout and stderr: no valid UTF-8 anywhere.
noise() {
    printf '\377\376\000\200\300\257\355\240\200\364\220\200\200\033[2J\r\n'
    printf '{"scenario":"\377","status":"pass"}\n'
}
noise
noise >&2
exit 3
