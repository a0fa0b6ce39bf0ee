//! Instructions of the kernel's BPF machine (Documentation/bpf/instruction-set.rst), as few as guards need. Jumps count
//! the instructions that are left out. For machines that keep the low byte first, as all that boxproof runs on do.

/// A program, or a part of one.
pub(super) type Code = Vec<u64>;

fn instruction(code: u8, to: u8, from: u8, offset: i16, value: i32) -> u64 {
    let [low, high] = offset.to_le_bytes();
    let [a, b, c, d] = value.to_le_bytes();
    u64::from_le_bytes([code, from << 4 | to, low, high, a, b, c, d])
}

/// Two instructions: says yes.
pub(super) fn allow() -> Code {
    vec![set(0, 1), END]
}

/// Two instructions: says no.
pub(super) fn deny() -> Code {
    vec![set(0, 0), END]
}

const END: u64 = 0x95;

pub(super) fn set(to: u8, value: i32) -> u64 {
    instruction(0xb7, to, 0, 0, value)
}

pub(super) fn copy(to: u8, from: u8) -> u64 {
    instruction(0xbf, to, from, 0, 0)
}

pub(super) fn add(to: u8, value: i32) -> u64 {
    instruction(0x07, to, 0, 0, value)
}

pub(super) fn and(to: u8, value: i32) -> u64 {
    instruction(0x57, to, 0, 0, value)
}

pub(super) fn shift_left(to: u8, bits: i32) -> u64 {
    instruction(0x67, to, 0, 0, bits)
}

pub(super) fn shift_right(to: u8, bits: i32) -> u64 {
    instruction(0x77, to, 0, 0, bits)
}

pub(super) fn shift_right_signed(to: u8, bits: i32) -> u64 {
    instruction(0xc7, to, 0, 0, bits)
}

/// Loads 1, 2, 4 or 8 bytes.
pub(super) fn load(width: usize, to: u8, from: u8, offset: i16) -> u64 {
    let code = match width {
        1 => 0x71,
        2 => 0x69,
        4 => 0x61,
        _ => 0x79,
    };
    instruction(code, to, from, offset, 0)
}

pub(super) fn load_u32(to: u8, from: u8, offset: i16) -> u64 {
    load(4, to, from, offset)
}

/// Stores eight zero bytes.
pub(super) fn store_zero(to: u8, offset: i16) -> u64 {
    instruction(0x7a, to, 0, offset, 0)
}

pub(super) fn if_equal(register: u8, value: i32, skip: i16) -> u64 {
    instruction(0x15, register, 0, skip, value)
}

pub(super) fn unless_equal(register: u8, value: i32, skip: i16) -> u64 {
    instruction(0x55, register, 0, skip, value)
}

/// As numbers without a sign.
pub(super) fn unless_greater(register: u8, value: i32, skip: i16) -> u64 {
    instruction(0xb5, register, 0, skip, value)
}

pub(super) fn call(helper: i32) -> u64 {
    instruction(0x85, 0, 0, 0, helper)
}
