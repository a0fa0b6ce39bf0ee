//! How long it takes until there is a machine whose agent awaits an order: by a boot, and from a snapshot; and what each
//! machine costs in memory. Both kinds take turns with nothing else; figures are medians and maxima.
//!
//!     cargo bench -p boxproof --bench restore [-- RESTORES] [BOOTS]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use boxproof_harness::backend::vm::{Vm, VmOptions};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RESTORES: usize = 50;
const BOOTS: usize = 3;

fn main() -> Result<()> {
    // `cargo test --benches` starts this program to see that it runs; harness/tests/vm.rs boots and restores enough.
    if std::env::args().any(|word| word == "--test") {
        return Ok(());
    }
    let numbers: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let restores = numbers.first().copied().unwrap_or(RESTORES).max(1);
    let boots = numbers.get(1).copied().unwrap_or(BOOTS).max(1);

    let snapshots = tempfile::tempdir()?;
    let options = VmOptions {
        program: PathBuf::from(env!("CARGO_BIN_EXE_boxproof")),
        snapshots: Some(snapshots.path().to_owned()),
        ..VmOptions::default()
    };
    let by_boot = VmOptions { snapshot: false, ..options.clone() };
    // Kernel, busybox and what is known of KVM are in the cache from here on, and the snapshot is made.
    let saving = start(&options)?;

    let mut cold = Vec::new();
    let mut warm = Vec::new();
    for round in 0..boots {
        cold.push(start(&by_boot)?);
        let share = restores * (round + 1) / boots - restores * round / boots;
        for _ in 0..share {
            warm.push(start(&options)?);
        }
    }
    if let Some(other) = warm.iter().find(|start| !start.restored) {
        return Err(format!("a start was none from the snapshot: {other:?}").into());
    }
    let (boot, restore) = (median(&cold, |start| start.whole), median(&warm, |start| start.whole));
    println!("until the agent awaits an order, on {}", machine());
    print("boot", &cold);
    print("restore", &warm);
    println!("the first start, which saves the snapshot: {:.2} s", saving.whole.as_secs_f64());
    println!("a restore is {:.0} times faster than a boot", boot.as_secs_f64() / restore.as_secs_f64());
    println!("the snapshot takes {} MiB on disk", disk_use(snapshots.path()) >> 20);
    Ok(())
}

/// One start of a machine, and what it came to.
#[derive(Debug)]
struct Start {
    /// From the call to the agent's answer, the look for kernel and packages included.
    whole: Duration,
    /// Of that, from the start of QEMU.
    qemu: Duration,
    restored: bool,
    /// In KiB: what QEMU has in memory, and what of it is shared with nobody.
    resident: u64,
    own: u64,
}

fn start(options: &VmOptions) -> Result<Start> {
    let begin = Instant::now();
    let vm = Vm::boot(options, &|_| {})?;
    let whole = begin.elapsed();
    let (resident, own) = memory(vm.qemu_pid())?;
    let times = vm.times();
    Ok(Start { whole, qemu: times.boot, restored: times.restored, resident, own })
}

/// `Rss` and the private parts of proc_pid_smaps(5).
fn memory(pid: u32) -> Result<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let sum = |names: &[&str]| -> u64 {
        let of =
            |line: &str| line.split_once(':').filter(|(name, _)| names.contains(name)).map(|(_, rest)| rest.to_owned());
        text.lines().filter_map(of).filter_map(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok()).sum()
    };
    Ok((sum(&["Rss"]), sum(&["Private_Clean", "Private_Dirty"])))
}

fn print(name: &str, starts: &[Start]) {
    let longest = starts.iter().map(|start| start.whole).max().unwrap_or_default();
    println!(
        "{name:<8} median {:>6.3} s, max {:>6.3} s over {}; of which QEMU {:>6.3} s; resident {} MiB, of which its own {} MiB (max)",
        median(starts, |start| start.whole).as_secs_f64(),
        longest.as_secs_f64(),
        starts.len(),
        median(starts, |start| start.qemu).as_secs_f64(),
        starts.iter().map(|start| start.resident).max().unwrap_or_default() >> 10,
        starts.iter().map(|start| start.own).max().unwrap_or_default() >> 10,
    );
}

fn median(starts: &[Start], time: impl Fn(&Start) -> Duration) -> Duration {
    let mut times: Vec<Duration> = starts.iter().map(time).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// What a directory's files take, not how long they are.
fn disk_use(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let size = |path: PathBuf| match path.is_dir() {
        true => disk_use(&path),
        false => fs::metadata(&path).map_or(0, |metadata| metadata.blocks() * 512),
    };
    entries.map(size).sum()
}

/// How many processors, the kernel, the load: figures without a machine mean nothing.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let load = read("/proc/loadavg");
    format!(
        "{processors} processors, Linux {}, load {}",
        read("/proc/sys/kernel/osrelease").trim(),
        load.split(' ').next().unwrap_or_default()
    )
}
