//! How long a whole exam takes, and its parts, seen from outside: by the command's own progress lines and its result.
//!
//!     cargo bench -p boxproof --bench exam [-- local|vm]... [ROUNDS] [RUNTIME]
//!
//! The backends take turns, so that a slow moment of the machine hits both; the figures are medians.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 3;
const BACKENDS: [&str; 2] = ["local", "vm"];
const RUNTIME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bin/mycontainer");

/// The rows of the table, in the order in which things happen, and what each is.
const PARTS: [(&str, &str); 10] = [
    ("prepare", "until the seed is said: the runtime under test and the rootfs are found"),
    ("boot", "of the virtual machine, until its agent speaks"),
    ("first", "from there until the first verdict: order sent, testbeds made, a scenario"),
    ("others", "from the first verdict to the last"),
    ("end", "from the last verdict until the command has ended"),
    ("whole", "all of these"),
    ("whole - boot", "what an exam costs once there is a machine"),
    ("core", "time in scenarios of that tier, testbeds included; two or more run side by side"),
    ("robust", "the same"),
    ("processor", "user and system time of the command and all that it started, QEMU included"),
];

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    // `cargo test --benches` starts this program to see that it runs; the tests beside it hold exams enough.
    if std::env::args().any(|word| word == "--test") {
        return Ok(());
    }
    let rounds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(ROUNDS).max(1);
    let runtime = words.iter().find(|word| word.contains('/')).map_or(RUNTIME, String::as_str);
    if !Path::new(runtime).exists() {
        return Err(format!("{runtime} is not there: make build").into());
    }
    let mut backends: Vec<&str> = BACKENDS.into_iter().filter(|name| words.iter().any(|word| word == name)).collect();
    if backends.is_empty() {
        backends = BACKENDS.to_vec();
    }
    let mut exams = vec![Vec::new(); backends.len()];
    for _ in 0..rounds {
        for (backend, exams) in backends.iter().zip(&mut exams) {
            exams.push(measure(backend, runtime).map_err(|error| format!("--backend {backend}: {error}"))?);
        }
    }
    println!("a whole exam, median of {rounds}, on {}", machine());
    for (backend, exams) in backends.iter().zip(&exams) {
        println!("\n--backend {backend}: {}", exams[0].outcome);
        for (part, (name, meaning)) in PARTS.iter().enumerate() {
            let middle = median(exams.iter().map(|exam| exam.parts[part]).collect());
            println!("{name:<13} {:>8.2} s   {meaning}", middle.as_secs_f64());
        }
    }
    Ok(())
}

/// What one exam took, in the order of [`PARTS`].
#[derive(Clone)]
struct Exam {
    parts: [Duration; PARTS.len()],
    outcome: String,
}

fn measure(backend: &str, runtime: &str) -> Result<Exam> {
    let processor = processor_of_children()?;
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_boxproof"))
        .args(["exam", runtime, "--lang", "en", "--json", "--seed", "1", "--backend", backend])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (mut stdout, stderr) = (child.stdout.take().ok_or("no stdout")?, child.stderr.take().ok_or("no stderr")?);
    let result = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let mut lines = Vec::new();
    for line in BufReader::new(stderr).lines() {
        lines.push((start.elapsed(), line?));
    }
    child.wait()?;
    let whole = start.elapsed();
    let processor = processor_of_children()?.saturating_sub(processor);

    let text = result.join().map_err(|_| "the reader of stdout panicked")??;
    let said = || lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n");
    let result: Value = serde_json::from_str(&text).map_err(|error| format!("no result: {error}\n{}", said()))?;
    let verdicts: Vec<Duration> = lines.iter().filter(|(_, line)| is_verdict(line)).map(|(at, _)| *at).collect();
    let (Some(&first), Some(&last)) = (verdicts.first(), verdicts.last()) else {
        return Err(format!("there was no verdict:\n{}", said()).into());
    };
    let prepare = lines.first().map_or(Duration::ZERO, |(at, _)| *at);
    let boot = boot(&result);
    let parts = [
        prepare,
        boot,
        first.saturating_sub(prepare + boot),
        last - first,
        whole - last,
        whole,
        whole.saturating_sub(boot),
        in_tier(&result, "core"),
        in_tier(&result, "robust"),
        processor,
    ];
    Ok(Exam { parts, outcome: outcome(&result, verdicts.len()) })
}

/// `[3/41] ✓ pass pid-one (12 ms)`
fn is_verdict(line: &str) -> bool {
    line.strip_prefix('[').and_then(|rest| rest.split_once(']')).is_some_and(|(count, _)| count.contains('/'))
}

/// What the backend measured of its own boot; nothing where none was needed.
fn boot(result: &Value) -> Duration {
    let text = result["environment"]["limits"]["boot_ms"].as_str().unwrap_or("0");
    Duration::from_millis(text.parse().unwrap_or(0))
}

/// Every check carries the duration of its scenario, so each scenario counts once.
fn in_tier(result: &Value, tier: &str) -> Duration {
    let mut seen = Vec::new();
    let mut sum = 0;
    for check in checks(result).iter().filter(|check| check["tier"] == tier) {
        if !seen.contains(&&check["scenario"]) {
            seen.push(&check["scenario"]);
            sum += check["duration_ms"].as_u64().unwrap_or(0);
        }
    }
    Duration::from_millis(sum)
}

fn outcome(result: &Value, scenarios: usize) -> String {
    let count = |status: &str| checks(result).iter().filter(|check| check["status"] == status).count();
    let counted = ["pass", "fail", "skip", "error"].map(|status| format!("{} {status}", count(status)));
    format!("{scenarios} scenarios; checks: {}", counted.join(", "))
}

fn checks(result: &Value) -> &[Value] {
    result["checks"].as_array().map_or(&[], Vec::as_slice)
}

/// The fields `cutime` and `cstime` of proc_pid_stat(5): of all children waited for, and theirs.
fn processor_of_children() -> Result<Duration> {
    /// USER_HZ, which is 100 on every architecture that Linux tells programs of.
    const TICK: Duration = Duration::from_millis(10);
    let text = fs::read_to_string("/proc/self/stat")?;
    // The second field, a name in parentheses, may hold blanks; `cutime` is the 16th.
    let (_, rest) = text.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let fields: Vec<u32> = rest.split_whitespace().skip(13).take(2).filter_map(|word| word.parse().ok()).collect();
    Ok(TICK * fields.iter().sum::<u32>())
}

/// The processor, how many, and the kernel: figures without a machine mean nothing.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let information = read("/proc/cpuinfo");
    let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let load = read("/proc/loadavg");
    format!(
        "{processors} x {}, Linux {}, load {}",
        model.map_or(std::env::consts::ARCH, |(_, name)| name),
        read("/proc/sys/kernel/osrelease").trim(),
        load.split(' ').next().unwrap_or_default()
    )
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
