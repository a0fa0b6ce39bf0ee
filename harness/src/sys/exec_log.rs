//! Which programs are executed in a cgroup, by perf_event_open(2): the kernel notes each exec as it happens, with the file
//! that was executed. Nothing is slowed down, nothing is sampled, and who lives for a moment only is noted too.

use nix::errno::Errno;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// One program that was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Executed {
    /// The name it was executed by, at most 15 bytes of it: that of a script, where it was one.
    pub name: String,
    /// The file, as the process sees it: that of the interpreter, where it was a script.
    pub path: String,
    /// The file's device, as `st_dev` has it.
    pub device: u64,
    /// And its inode number.
    pub inode: u64,
}

/// The log of one cgroup and all below it.
#[derive(Debug)]
pub(crate) struct ExecLog(Vec<Ring>);

/// perf_event_attr of linux/perf_event.h, as long as it was in Linux 4.1 (PERF_ATTR_SIZE_VER5).
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_watermark: u32,
    bp_type: u32,
    config1: u64,
    config2: u64,
    branch_sample_type: u64,
    sample_regs_user: u64,
    sample_stack_user: u32,
    clockid: i32,
    sample_regs_intr: u64,
    aux_watermark: u32,
    sample_max_stack: u16,
    reserved: u16,
}

const PERF_TYPE_SOFTWARE: u32 = 1;
const PERF_COUNT_SW_DUMMY: u64 = 9;
const PERF_SAMPLE_TID: u64 = 1 << 1;
const PERF_SAMPLE_TIME: u64 = 1 << 2;
/// The bits `mmap`, `comm`, `watermark`, `sample_id_all`, `mmap2`, `comm_exec` and `use_clockid`.
const FLAGS: u64 = 1 << 8 | 1 << 9 | 1 << 14 | 1 << 18 | 1 << 23 | 1 << 24 | 1 << 25;
const PERF_FLAG_PID_CGROUP: u64 = 1 << 2;
const PERF_FLAG_FD_CLOEXEC: u64 = 1 << 3;
const PERF_RECORD_LOST: u32 = 2;
const PERF_RECORD_COMM: u32 = 3;
const PERF_RECORD_MMAP2: u32 = 10;
const PERF_RECORD_MISC_COMM_EXEC: u16 = 1 << 13;
/// pid, tid and time at the end of every record, by `sample_id_all`.
const TRAILER: usize = 16;
const PAGE: usize = 4096;
/// Room for the records of some hundred programs per processor.
const DATA: usize = 64 * PAGE;

impl ExecLog {
    /// Begins to note what is executed in `cgroup`, a directory of cgroup2.
    pub(crate) fn of(cgroup: BorrowedFd) -> io::Result<ExecLog> {
        // SAFETY: takes an integer.
        let processors = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_CONF) }.max(1) as i32;
        let mut rings = Vec::new();
        for processor in 0..processors {
            match Ring::open(cgroup, processor) {
                // A processor that is there and switched off.
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) => {}
                other => rings.push(other?),
            }
        }
        Ok(ExecLog(rings))
    }

    /// What was executed since the last call, in order, and whether there was more than could be kept.
    pub(crate) fn take(&mut self) -> (Vec<Executed>, bool) {
        let (mut records, mut lost) = (Vec::new(), false);
        for ring in &mut self.0 {
            lost |= ring.read(&mut records);
        }
        // A process may change processors between the two records of one exec.
        records.sort_by_key(|record| record.time);
        let mut executed: Vec<(u32, bool, Executed)> = Vec::new();
        for record in records {
            match record.what {
                // busybox's shell executes its own commands by way of /proc/self/exe; they then say who they are.
                What::Renamed(name) => {
                    let last = executed.iter_mut().rev().find(|entry| entry.0 == record.pid);
                    if let Some(entry) = last.filter(|entry| entry.2.name == "exe") {
                        entry.2.name = name;
                    }
                }
                What::Name(name) => {
                    let program = Executed { name, path: String::new(), device: 0, inode: 0 };
                    executed.push((record.pid, false, program));
                }
                // The first file that is mapped to be executed is the program's own; then come its libraries.
                What::File { path, device, inode } => {
                    if let Some(entry) = executed.iter_mut().rev().find(|entry| entry.0 == record.pid)
                        && !entry.1
                    {
                        entry.1 = true;
                        (entry.2.path, entry.2.device, entry.2.inode) = (path, device, inode);
                    }
                }
            }
        }
        (executed.into_iter().map(|(_, _, program)| program).collect(), lost)
    }
}

struct Record {
    time: u64,
    pid: u32,
    what: What,
}

enum What {
    Name(String),
    Renamed(String),
    File { path: String, device: u64, inode: u64 },
}

/// The records of one processor: a page of control data, then a ring of bytes that the kernel writes and we read.
#[derive(Debug)]
struct Ring {
    _event: OwnedFd,
    memory: NonNull<u8>,
}

impl Ring {
    fn open(cgroup: BorrowedFd, processor: i32) -> io::Result<Ring> {
        let attributes = Attributes {
            kind: PERF_TYPE_SOFTWARE,
            size: size_of::<Attributes>() as u32,
            config: PERF_COUNT_SW_DUMMY,
            sample_period: 1,
            sample_type: PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
            flags: FLAGS,
            wakeup_watermark: DATA as u32,
            clockid: libc::CLOCK_MONOTONIC,
            ..Attributes::default()
        };
        // SAFETY: the structure says its own size and outlives the call, which only reads it.
        let fd = Errno::result(unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                &raw const attributes,
                cgroup.as_raw_fd(),
                processor,
                -1,
                PERF_FLAG_PID_CGROUP | PERF_FLAG_FD_CLOEXEC,
            )
        })?;
        // SAFETY: just returned, owned by nobody else.
        let event = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
        let (protection, length) = (libc::PROT_READ | libc::PROT_WRITE, PAGE + DATA);
        // SAFETY: a new mapping wherever the kernel likes; the ring unmaps it when dropped.
        let memory =
            unsafe { libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, event.as_raw_fd(), 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::Other)?;
        Ok(Ring { _event: event, memory })
    }

    /// `data_head` (0) or `data_tail` (1) of perf_event_mmap_page.
    fn counter(&self, which: usize) -> &AtomicU64 {
        // SAFETY: both lie at 1024 in the first page, aligned; the kernel and we treat them as atomics.
        unsafe { &*self.memory.as_ptr().add(1024).cast::<AtomicU64>().add(which) }
    }

    /// Takes all records out of the ring. Whether some had found no room.
    fn read(&mut self, records: &mut Vec<Record>) -> bool {
        let (head, mut at) = (self.counter(0).load(Ordering::Acquire), self.counter(1).load(Ordering::Relaxed));
        let mut lost = false;
        while at < head {
            let header = self.bytes(at, 8);
            let (kind, misc, size) =
                (number(&header, 0, 4) as u32, number(&header, 4, 2) as u16, number(&header, 6, 2));
            if size < 8 {
                break;
            }
            let record = self.bytes(at, size as usize);
            lost |= kind == PERF_RECORD_LOST;
            let executed = misc & PERF_RECORD_MISC_COMM_EXEC != 0;
            if matches!(kind, PERF_RECORD_MMAP2 | PERF_RECORD_COMM) {
                records.extend(understood(kind, executed, &record));
            }
            at += size;
        }
        self.counter(1).store(head, Ordering::Release);
        lost
    }

    /// Bytes of the ring, which ends where it begins.
    fn bytes(&self, at: u64, length: usize) -> Vec<u8> {
        let data = |offset: u64| {
            // SAFETY: the index is below DATA, so inside the mapping; the kernel has finished writing what lies before
            // `data_head`, which was read with Acquire.
            unsafe { self.memory.as_ptr().add(PAGE + (offset % DATA as u64) as usize).read_volatile() }
        };
        (0..length as u64).map(|offset| data(at + offset)).collect()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: mapped by `open` with this length, and nobody refers to it any more.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), PAGE + DATA) };
    }
}

fn understood(kind: u32, executed: bool, record: &[u8]) -> Option<Record> {
    let end = record.len().checked_sub(TRAILER)?;
    let text = |from: usize| {
        let bytes = record.get(from..end).unwrap_or_default();
        String::from_utf8_lossy(bytes.split(|&byte| byte == 0).next().unwrap_or_default()).into_owned()
    };
    let what = if kind == PERF_RECORD_COMM {
        if executed { What::Name(text(16)) } else { What::Renamed(text(16)) }
    } else {
        let (major, minor) = (number(record, 40, 4) as u32, number(record, 44, 4) as u32);
        What::File { path: text(72), device: libc::makedev(major, minor), inode: number(record, 48, 8) }
    };
    Some(Record { time: number(record, end + 8, 8), pid: number(record, 8, 4) as u32, what })
}

/// `length` bytes from `at` as a number, as this machine writes them.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let mut value = [0; 8];
    let part = bytes.get(at..at + length).unwrap_or_default();
    if cfg!(target_endian = "big") {
        value[8 - part.len()..].copy_from_slice(part);
    } else {
        value[..part.len()].copy_from_slice(part);
    }
    u64::from_ne_bytes(value)
}
