//! The probe: connects, is held, obeys.

use crate::sys::{self, Fork};
use crate::wire::{self, Packet};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Status of a probe that could not reach its harness: not one that a scenario ever orders.
const LOST: i32 = 99;

/// Connects to the harness and carries out its orders until one of them ends this process.
pub fn obey(socket_path: &str) -> i32 {
    dial(socket_path).and_then(|harness| serve(&harness, socket_path)).unwrap_or(LOST)
}

fn dial(path: &str) -> io::Result<OwnedFd> {
    let harness = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None)?;
    connect(harness.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(harness)
}

fn serve(harness: &OwnedFd, socket_path: &str) -> io::Result<i32> {
    let mut heap = Vec::new();
    while let Some(order) = wire::receive(harness)? {
        let words = order.words();
        if let ["exit", status] = words[..] {
            return Ok(status.parse().unwrap_or(LOST));
        }
        if words[0] == "fork" {
            match sys::fork() {
                // The child is a probe of its own: it dials in, and the kernel names it to the harness.
                Ok(Fork::Child) => {
                    let status = dial(socket_path).and_then(|own| serve(&own, socket_path)).unwrap_or(LOST);
                    sys::exit_now(status);
                }
                Ok(Fork::Parent(pid)) => wire::answer(harness, &pid.to_string(), b"")?,
                Err(error) => wire::refuse(harness, "fork", &error)?,
            }
            continue;
        }
        match carry_out(&words, &order, &mut heap) {
            Ok((words, body)) => wire::answer(harness, &words, &body)?,
            Err(error) => wire::refuse(harness, words[0], &error)?,
        }
    }
    // The harness is gone, so is the reason to be here.
    Ok(LOST)
}

type Answer = (String, Vec<u8>);

fn carry_out(words: &[&str], order: &Packet, heap: &mut Vec<Vec<u8>>) -> io::Result<Answer> {
    match words {
        ["pid"] => said(std::process::id()),
        ["stdout"] => io::stdout().lock().write_all(&order.body).and_then(|()| io::stdout().flush()).and_then(done),
        ["stderr"] => io::stderr().lock().write_all(&order.body).and_then(done),
        ["fill", stream, bytes] => fill(stream, number(bytes)?).and_then(done),
        ["read", bytes] => read_stdin(number(bytes)?),
        ["drain"] => drain_stdin(),
        ["allocate", bytes] => allocate(number(bytes)?, heap),
        ["spin", milliseconds] => spin(Duration::from_millis(number(milliseconds)? as u64)).and_then(done),
        ["crowd", most] => crowd(number(most)?),
        ["orphan"] => orphan(),
        ["open", flags] => open(flags, &path(order)?).and_then(done),
        ["write"] => write(order).and_then(done),
        ["file"] => fs::read(path(order)?).map(|content| (content.len().to_string(), content)),
        ["list"] => list(&path(order)?),
        ["link"] => fs::read_link(path(order)?).map(|to| (String::new(), to.into_os_string().into_vec())),
        ["stat"] => stat(&path(order)?),
        ["terminal"] => terminal(),
        ["sethostname"] => Ok(nix::unistd::sethostname(path(order)?)?).and_then(done),
        ["mount-tmpfs"] => mount_tmpfs(&path(order)?).and_then(done),
        ["run"] => run(order),
        ["spawn"] => spawn(order),
        ["wait", pid] => wait(number(pid)? as i32),
        ["kill", pid, signal] => send(number(pid)? as i32, number(signal)? as i32).and_then(done),
        ["leave-upon", signal] => {
            sys::leave_upon(number(signal)? as i32);
            done(())
        }
        ["tcp", address, port] => tcp(address, number(port)? as u16, &order.body),
        ["attempt", call] => attempt(call),
        ["abstract"] => abstract_socket(&order.body).and_then(done),
        _ => Err(io::Error::from_raw_os_error(libc::ENOSYS)),
    }
}

fn said(value: impl ToString) -> io::Result<Answer> {
    Ok((value.to_string(), Vec::new()))
}

fn done(_: ()) -> io::Result<Answer> {
    Ok((String::new(), Vec::new()))
}

fn number(word: &str) -> io::Result<usize> {
    word.parse().map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

fn path(order: &Packet) -> io::Result<OsString> {
    Ok(OsString::from_vec(order.body.clone()))
}

/// Bytes that a reader can verify: the low byte of the position, with every value of a byte in it.
fn fill(stream: &str, bytes: usize) -> io::Result<()> {
    let block: Vec<u8> = (0..=255).cycle().take(16 * 1024).collect();
    let mut out: Box<dyn Write> = if stream == "stderr" { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
    let mut left = bytes;
    while left > 0 {
        let now = left.min(block.len());
        out.write_all(&block[..now])?;
        left -= now;
    }
    out.flush()
}

fn read_stdin(bytes: usize) -> io::Result<Answer> {
    let mut content = Vec::new();
    io::stdin().lock().take(bytes as u64).read_to_end(&mut content)?;
    Ok((content.len().to_string(), content))
}

/// Reads to the end of stdin; answers with the count and an FNV-1a hash of the bytes.
fn drain_stdin() -> io::Result<Answer> {
    let mut count = 0usize;
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = io::stdin().lock().read(&mut buffer)?;
        if read == 0 {
            return said(format!("{count} {hash:016x}"));
        }
        count += read;
        for &byte in &buffer[..read] {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// Takes memory that stays taken: every page is written, as `bytearray` does in the workshop.
fn allocate(bytes: usize, heap: &mut Vec<Vec<u8>>) -> io::Result<Answer> {
    heap.push(vec![1; bytes]);
    said(heap.iter().map(Vec::len).sum::<usize>())
}

fn spin(time: Duration) -> io::Result<()> {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
    Ok(())
}

/// Forks until the kernel refuses or `most` children stand side by side; answers with how many did, and the errno.
fn crowd(most: usize) -> io::Result<Answer> {
    let mut children = Vec::new();
    let mut errno = 0;
    while children.len() < most {
        match sys::fork() {
            Ok(Fork::Child) => sys::sleep_for_ever(),
            Ok(Fork::Parent(pid)) => children.push(Pid::from_raw(pid)),
            Err(error) => {
                errno = error.raw_os_error().unwrap_or(-1);
                break;
            }
        }
    }
    for &child in &children {
        kill(child, Signal::SIGKILL)?;
        nix::sys::wait::waitpid(child, None)?;
    }
    said(format!("{} {errno}", children.len()))
}

/// A process whose parent has gone at once: whoever is init of this PID namespace inherits it, and it ends right away.
fn orphan() -> io::Result<Answer> {
    match sys::fork()? {
        Fork::Child => {
            // The grandchild outlives its parent by construction: it waits for the end of a pipe that the parent holds.
            let (reader, writer) = io::pipe()?;
            if let Ok(Fork::Child) = sys::fork() {
                drop(writer);
                let _ = (&reader).read(&mut [0]);
                sys::exit_now(0);
            }
            sys::exit_now(0)
        }
        Fork::Parent(pid) => {
            nix::sys::wait::waitpid(Pid::from_raw(pid), None)?;
            said(pid)
        }
    }
}

/// Opens with `r`, `w`, `a` or `c` (create) and closes again: whether it may, not what is there.
fn open(flags: &str, path: &OsString) -> io::Result<()> {
    let has = |flag| flags.contains(flag);
    let mut options = OpenOptions::new();
    options.read(has('r')).write(has('w')).append(has('a')).create(has('c')).custom_flags(libc::O_NOCTTY);
    options.open(path).map(drop)
}

/// `write\nPATH\0BYTES`: one write(2) to an existing or new file.
fn write(order: &Packet) -> io::Result<()> {
    let split = order.body.iter().position(|&byte| byte == 0).ok_or(io::ErrorKind::InvalidInput)?;
    let path = OsString::from_vec(order.body[..split].to_vec());
    OpenOptions::new().write(true).create(true).truncate(false).open(path)?.write_all(&order.body[split + 1..])
}

/// Opens a new terminal, both ends, and keeps them open. Answers with the name of the far one, pty(7).
fn terminal() -> io::Result<Answer> {
    let open = |path: &str| OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open(path);
    let near = open("/dev/ptmx")?;
    let far = format!("/dev/pts/{}", sys::unlock_terminal(&near)?);
    std::mem::forget((open(&far)?, near));
    said(far)
}

fn list(path: &OsString) -> io::Result<Answer> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.extend(entry?.file_name().into_vec());
        names.push(0);
    }
    Ok((String::new(), names))
}

fn stat(path: &OsString) -> io::Result<Answer> {
    let meta = fs::symlink_metadata(path)?;
    said(format!(
        "mode={:o} rdev={} dev={} ino={} size={}",
        meta.mode(),
        meta.rdev(),
        meta.dev(),
        meta.ino(),
        meta.size()
    ))
}

fn mount_tmpfs(path: &OsString) -> io::Result<()> {
    use nix::mount::{MsFlags, mount};
    Ok(mount(Some("tmpfs"), path.as_os_str(), Some("tmpfs"), MsFlags::empty(), None::<&str>)?)
}

fn command(order: &Packet) -> io::Result<Command> {
    let mut words = order.body.split(|&byte| byte == 0).map(|word| OsString::from_vec(word.to_vec()));
    let mut command = Command::new(words.next().ok_or(io::ErrorKind::InvalidInput)?);
    command.args(words);
    Ok(command)
}

/// Runs a command of the rootfs and answers with its status and what it printed (both streams).
fn run(order: &Packet) -> io::Result<Answer> {
    let output = command(order)?.stdin(Stdio::null()).output()?;
    let mut text = output.stdout;
    text.extend(output.stderr);
    text.truncate(wire::MAX_PACKET - 128);
    Ok((output.status.code().unwrap_or(-1).to_string(), text))
}

/// Starts a command of the rootfs on the container's own stdin, stdout and stderr.
fn spawn(order: &Packet) -> io::Result<Answer> {
    // Never waited for here; `wait` does, by number, so the handle may go.
    #[allow(clippy::zombie_processes)]
    said(command(order)?.spawn()?.id())
}

fn wait(pid: i32) -> io::Result<Answer> {
    use nix::sys::wait::{WaitStatus, waitpid};
    said(match waitpid(Pid::from_raw(pid), None)? {
        WaitStatus::Exited(_, status) => status,
        WaitStatus::Signaled(_, signal, _) => 128 + signal as i32,
        _ => -1,
    })
}

fn send(pid: i32, signal: i32) -> io::Result<()> {
    let signal = if signal == 0 { None } else { Some(Signal::try_from(signal)?) };
    Ok(kill(Pid::from_raw(pid), signal)?)
}

/// Connects, sends the body, shuts down the sending side and answers with what came back.
fn tcp(address: &str, port: u16, body: &[u8]) -> io::Result<Answer> {
    let address: Ipv4Addr = address.parse().map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let timeout = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::V4(SocketAddrV4::new(address, port)), timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.write_all(body)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut reply = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut reply)?;
    Ok((reply.len().to_string(), reply))
}

/// Calls the kernel as a filter of system calls may not let it, in a process of its own; answers with the errno.
fn attempt(call: &str) -> io::Result<Answer> {
    let call = sys::FILTERED.iter().find(|(name, _)| *name == call).ok_or(io::ErrorKind::InvalidInput)?.1;
    match sys::fork()? {
        Fork::Child => sys::exit_now(call()),
        Fork::Parent(pid) => wait(pid),
    }
}

/// Connects to a socket in the abstract namespace, which belongs to the network namespace, unix(7).
fn abstract_socket(name: &[u8]) -> io::Result<()> {
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
    std::os::unix::net::UnixStream::connect_addr(&address).map(drop)
}
