//! One static program for the far side of the examination, in three roles:
//!
//! - the **probe** ([`probe`]) stands where the payload would: the runtime under test starts it inside the container. It
//!   connects to a socket file in the rootfs and obeys orders. It is the harness's hands; its word is never evidence of
//!   isolation, for that the kernel is asked from the outside.
//! - the **init of a testbed** ([`bed`]) is PID 1 of the little host that the runtime under test lives on. It builds that
//!   host's mounts, then reaps until its harness is gone.
//! - the **caller of an OCI runtime** ([`caller`]) makes a container by the verbs of the runtime specification, and ends as
//!   that ends.
//!
//! The harness decides the role by what it writes into [`SOCKET_SLOT`]: a probe finds the socket's path there. That the
//! path is in the program itself, not in argv or the environment, means that a runtime which loses either still gets
//! its container examined.

// Without std's own `main`: that ignores SIGPIPE before the first line runs, and whether the runtime under test passed
// an ignored signal on is one of the things that are looked at (`SigIgn` in /proc/PID/status).
#![no_main]

mod bed;
mod caller;
mod probe;
mod sys;
mod wire;

/// Where the harness writes the socket's path when it places a copy of this program in a rootfs: a mark to search for,
/// then room for a path, filled up with zero bytes. The mark is split in the harness's source, not here.
#[unsafe(no_mangle)]
#[used]
#[allow(unsafe_code)] // `no_mangle` counts as unsafe: nothing else is called this.
static SOCKET_SLOT: [u8; 128] = slot(b"boxproof-socket-slot:");

const fn slot(mark: &[u8]) -> [u8; 128] {
    let mut slot = [0; 128];
    let mut at = 0;
    while at < mark.len() {
        slot[at] = mark[at];
        at += 1;
    }
    slot
}

/// The C library's entry. The exit status is what it returns.
#[unsafe(no_mangle)]
#[allow(unsafe_code)] // `no_mangle` counts as unsafe: the C library calls this, and only once.
pub extern "C" fn main(_argc: i32, _argv: *const *const u8) -> i32 {
    match socket_path() {
        Some(path) => probe::obey(&path),
        None => match std::env::args().nth(1).as_deref() {
            Some("bed") => bed::run(),
            Some("call") => caller::run(std::env::args_os().skip(2).collect()),
            Some("sentinel") => sys::sleep_for_ever(),
            _ => 0,
        },
    }
}

/// The path after the mark, unless the slot is as it was compiled.
fn socket_path() -> Option<String> {
    // Volatile: the compiler must not conclude from the initialiser that there is never a path.
    let slot = sys::read_slot(&SOCKET_SLOT);
    let start = slot.iter().position(|&byte| byte == b':')? + 1;
    let path: Vec<u8> = slot[start..].iter().copied().take_while(|&byte| byte != 0).collect();
    if path.is_empty() { None } else { String::from_utf8(path).ok() }
}
