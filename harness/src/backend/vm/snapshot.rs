//! A booted guest, kept: the memory in which its agent waits for the host's call, and the state of its devices. Every
//! later guest begins there, in a fraction of a second. It maps the memory privately, so that nothing is copied but what
//! it writes to, and many guests share the rest.
//!
//! ```text
//! snapshots/RELEASE-KEY/  about.json   of what it is the snapshot, sizes and digests
//!                         memory       sparse
//!                         state        a migration stream without memory
//! ```
//!
//! A snapshot appears by a rename when it is complete, and is only read from then on. What does not look as it was saved
//! is never used, but made anew.

use std::fs::{self, DirBuilder, File};
use std::hash::Hasher;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use nix::unistd::{Whence, lseek};
use serde::{Deserialize, Serialize};
use serde_json::json;
use twox_hash::XxHash3_64;

use super::accel::{self, Accel, Choice};
use super::qemu::Origin;
use super::qmp::Control;
use super::start::{Ground, Started};
use super::{Progress, Ready, TO_WAKE, VmError, VmOptions, first_line};
use crate::apt;

/// How many are kept: those last used. Each takes some 150 MB.
const KEPT: usize = 6;
/// Changes whenever a guest is saved or restored otherwise, so that old snapshots are not used.
const FORMAT: u32 = 2;
/// The state of the devices is less than a megabyte.
const LARGEST_STATE: u64 = 64 << 20;

const ABOUT: &str = "about.json";
const MEMORY: &str = "memory";
const STATE: &str = "state";

/// A guest from a snapshot, which is made if there is none for it yet.
pub(super) fn start(
    ground: &Ground,
    options: &VmOptions,
    progress: &dyn Fn(Progress),
) -> Result<Started<Ready>, VmError> {
    let choice = accel::choose(options.accel, &ground.qemu)?;
    let store = Store::open(options)?;
    // Whether KVM executes anything is found out by a boot.
    let mut refused = None;
    if !choice.trial {
        match restored(&store, ground, options, &choice, progress, None) {
            Ok(Some(started)) => return Ok(started),
            Ok(None) => {}
            Err(id) => refused = Some(id),
        }
    }
    let _lock = store.lock(progress)?;
    // Somebody else may have made one while we waited.
    if !choice.trial
        && let Ok(Some(started)) = restored(&store, ground, options, &choice, progress, refused.as_deref())
    {
        return Ok(started);
    }
    ground.boot_somehow(options, true, progress, |process, choice| {
        let ready = Ready::after_boot(process, options.deadline(choice.accel))?;
        progress(Progress::Saving);
        let key = Key::of(ground, options, choice.accel)?;
        if let Err(error) = save(&ready, &store, &key) {
            progress(Progress::NotSaved { reason: first_line(&error) });
        }
        // To save it was to stop it.
        ready.process.control.order("cont").map_err(VmError::Port)?;
        ready.wake(TO_WAKE)
    })
}

/// Whether there is one that [`start`] would try.
pub(super) fn exists(ground: &Ground, options: &VmOptions) -> Result<bool, VmError> {
    let choice = accel::choose(options.accel, &ground.qemu)?;
    let key = Key::of(ground, options, choice.accel)?;
    Ok(Store::open(options)?.get(&key).is_ok_and(|found| found.is_some()))
}

/// A guest from the snapshot that is there, unless it is the one that was refused before. The error is the identity of a
/// snapshot that is no good.
fn restored(
    store: &Store,
    ground: &Ground,
    options: &VmOptions,
    choice: &Choice,
    progress: &dyn Fn(Progress),
    refused: Option<&str>,
) -> Result<Option<Started<Ready>>, String> {
    let refuse = |id: &str, error: VmError| {
        progress(Progress::SnapshotRefused { reason: first_line(&error) });
        id.to_owned()
    };
    let key = Key::of(ground, options, choice.accel).map_err(|error| refuse("", error))?;
    let found = match store.get(&key) {
        Ok(Some(found)) if Some(found.about.id.as_str()) != refused => found,
        Ok(_) => return Ok(None),
        Err(_) if refused == Some("") => return Ok(None),
        Err(error) => return Err(refuse("", error)),
    };
    progress(Progress::Restoring { kernel: ground.kernel.release.clone(), accel: choice.accel });
    let start = Instant::now();
    let result = restore(&found, ground, options, choice.accel).map_err(|error| refuse(&found.about.id, error))?;
    found.was_used();
    Ok(Some(Started { result, choice: choice.clone(), trial: Duration::ZERO, time: start.elapsed() }))
}

/// Lets a guest go on where the other was saved.
fn restore(found: &Snapshot, ground: &Ground, options: &VmOptions, accel: Accel) -> Result<Ready, VmError> {
    let origin = || {
        let memory = found.memory.try_clone().map_err(|error| VmError::file("dup", &found.place, error))?;
        Ok(Origin::Saved { memory: memory.into() })
    };
    ground.start(accel, options, origin, |process| {
        feed(&process.control, found.state.clone()).map_err(VmError::Port)?;
        // QEMU, which is starting meanwhile, has the memory mapped but does not execute a thing before it is told to.
        found.check_memory()?;
        process.control.order("cont").map_err(VmError::Port)?;
        Ready::restored(process, found.about.hello.clone()).wake(TO_WAKE)
    })
}

/// What QEMU must know before a migration, in or out: memory that is a file stays where it is, and it tells how it goes.
fn settle_migration(control: &Control) -> io::Result<()> {
    let on = |name: &str| json!({ "capability": name, "state": true });
    let capabilities = json!({ "capabilities": [on("x-ignore-shared"), on("events")] });
    control.order_with("migrate-set-capabilities", &capabilities)
}

/// Sends the devices' state to a QEMU that waits for it.
fn feed(control: &Control, state: Vec<u8>) -> io::Result<()> {
    let (mut near, far) = UnixStream::pair()?;
    settle_migration(control)?;
    control.hand_over(STATE, far.as_fd())?;
    control.order_with("migrate-incoming", &json!({ "uri": format!("fd:{STATE}") }))?;
    // A QEMU that ends before it has taken everything says itself why; the writer then ends too.
    thread::Builder::new().name("qemu-state".to_owned()).spawn(move || near.write_all(&state))?;
    Ok(())
}

/// Takes the devices' state out of a running QEMU, which stands still from then on.
fn drain(control: &Control) -> Result<Vec<u8>, VmError> {
    const TO_SAVE: Duration = Duration::from_secs(60);
    let begin = || {
        let (near, far) = UnixStream::pair()?;
        settle_migration(control)?;
        control.hand_over(STATE, far.as_fd())?;
        control.order_with("migrate", &json!({ "uri": format!("fd:{STATE}") }))?;
        let stream = near.try_clone()?;
        let read = move || {
            let mut state = Vec::new();
            stream.take(LARGEST_STATE).read_to_end(&mut state).map(|_| state)
        };
        Ok((near, thread::Builder::new().name("qemu-state".to_owned()).spawn(read)?))
    };
    let (near, reader) = begin().map_err(VmError::Port)?;
    let ended = control.await_migration(TO_SAVE);
    if ended.is_err() {
        // QEMU may hold its end for ever; the reader must not wait for that.
        let _ = near.shutdown(std::net::Shutdown::Both);
    }
    let state = reader.join().unwrap_or_else(|_| Err(io::Error::other("the reader panicked")));
    ended.map_err(|detail| VmError::Snapshot { detail })?;
    state.map_err(VmError::Port)
}

fn save(ready: &Ready, store: &Store, key: &Key) -> Result<(), VmError> {
    let state = drain(&ready.process.control)?;
    let memory = ready.process.memory.as_ref().ok_or_else(|| VmError::Snapshot { detail: "no memory".into() })?;
    store.put(key, &ready.hello, memory, &state)
}

/// Everything that makes one guest differ from another, one thing a line.
struct Key {
    text: String,
    /// The name of the snapshot's directory.
    name: String,
}

impl Key {
    fn of(ground: &Ground, options: &VmOptions, accel: Accel) -> Result<Self, VmError> {
        let program = digest_of(&options.program).map_err(|error| VmError::file("read", &options.program, error))?;
        let identity = |path: &Path| accel::identity(path);
        let lines = [
            format!("format {FORMAT}"),
            format!("program {program:016x}"),
            format!("kernel {} {}", ground.kernel.origin, identity(&ground.kernel.image)),
            format!("initramfs {}", identity(&ground.base.path)),
            match &ground.userland {
                Some(userland) => format!("userland {} {}", userland.image.display(), userland.digest),
                None => "userland none".to_owned(),
            },
            format!("qemu {}", identity(&ground.qemu)),
            format!("accelerator {}", accel.name()),
            format!("processor {:016x}", processor()),
            format!("memory {} MiB", options.memory_mib),
            format!("processors {}", options.cpus),
            format!("arguments {}", options.kernel_arguments),
        ];
        let text = lines.join("\n");
        let name = format!("{}-{:016x}", ground.kernel.release, XxHash3_64::oneshot(text.as_bytes()));
        Ok(Self { text, name })
    }
}

fn digest_of(file: &Path) -> io::Result<u64> {
    let mut hasher = XxHash3_64::new();
    let mut file = File::open(file)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hasher.finish()),
            count => hasher.write(&chunk[..count]),
        }
    }
}

/// What this machine's processor is and can do: with KVM a guest has seen it.
fn processor() -> u64 {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let telling = |line: &&str| {
        ["vendor_id", "model", "stepping", "flags", "CPU ", "Features"].iter().any(|name| line.starts_with(name))
    };
    // One of several processors that are all alike; only these lines do not change from moment to moment.
    let one = text.split("\n\n").next().unwrap_or_default();
    XxHash3_64::oneshot(one.lines().filter(telling).collect::<Vec<_>>().join("\n").as_bytes())
}

/// The snapshots of this user.
struct Store {
    root: PathBuf,
}

/// What is known of a snapshot without looking at its memory.
#[derive(Serialize, Deserialize)]
struct About {
    /// Tells it from one that was made later for the same key.
    id: String,
    key: String,
    /// What its agent has said already.
    hello: String,
    memory: Extent,
    state: Extent,
}

/// How long a file is, and what is in it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Extent {
    length: u64,
    digest: u64,
}

/// A snapshot that is there, its files open: it can be used even if it is removed meanwhile.
struct Snapshot {
    place: PathBuf,
    about: About,
    note: File,
    memory: File,
    state: Vec<u8>,
}

impl Store {
    fn open(options: &VmOptions) -> Result<Self, VmError> {
        let root = match &options.snapshots {
            Some(directory) => directory.clone(),
            None => apt::cache_dir()?.join("snapshots"),
        };
        apt::create_private(&root)?;
        Ok(Self { root })
    }

    /// Held by whoever makes or removes snapshots, until the file is dropped or the process dies.
    fn lock(&self, progress: &dyn Fn(Progress)) -> Result<File, VmError> {
        let path = self.root.join("lock");
        let file = File::create(&path).map_err(|error| VmError::file("create", &path, error))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => progress(Progress::AwaitingSnapshot),
            Err(fs::TryLockError::Error(error)) => return Err(VmError::file("lock", &path, error)),
        }
        file.lock().map_err(|error| VmError::file("lock", &path, error))?;
        Ok(file)
    }

    /// The snapshot for `key`, if there is one; an error says what is wrong with it.
    fn get(&self, key: &Key) -> Result<Option<Snapshot>, VmError> {
        let place = self.root.join(&key.name);
        match Snapshot::open(&place, key) {
            // Not there, or removed by another process between one file and the next.
            Err(VmError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound && !place.exists() => {
                Ok(None)
            }
            found => found.map(Some),
        }
    }

    /// Keeps a snapshot. Only the holder of the lock may.
    fn put(&self, key: &Key, hello: &str, memory: &File, state: &[u8]) -> Result<(), VmError> {
        apt::sweep(&self.root)?;
        let place = self.root.join(&key.name);
        let write = || {
            let work = tempfile::Builder::new().prefix(apt::PARTIAL).tempdir_in(&self.root)?;
            let whole = work.path().join("whole");
            DirBuilder::new().mode(0o700).create(&whole)?;
            let about = About {
                id: format!("{:?}", SystemTime::now()),
                key: key.text.clone(),
                hello: hello.to_owned(),
                memory: copy(memory, &create(&whole.join(MEMORY))?)?,
                state: Extent::of(state),
            };
            create(&whole.join(STATE))?.write_all(state)?;
            create(&whole.join(ABOUT))?.write_all(&serde_json::to_vec_pretty(&about)?)?;
            if place.exists() {
                fs::remove_dir_all(&place)?;
            }
            fs::rename(&whole, &place)
        };
        write().map_err(|error| VmError::file("write the snapshot", &place, error))?;
        self.forget_the_oldest();
        Ok(())
    }

    /// Whoever uses one that is removed here has it open. One that cannot be removed is no reason to fail.
    fn forget_the_oldest(&self) {
        let used = |place: &Path| fs::metadata(place.join(ABOUT)).and_then(|about| about.modified()).ok();
        let places = fs::read_dir(&self.root).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut places: Vec<_> = places.filter(|place| place.is_dir()).map(|place| (used(&place), place)).collect();
        places.sort();
        places.reverse();
        for (_, place) in places.iter().skip(KEPT) {
            let _ = fs::remove_dir_all(place);
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).mode(0o600).open(path)
}

impl Snapshot {
    fn open(place: &Path, key: &Key) -> Result<Self, VmError> {
        // For writing too: QEMU opens it so, though what it writes stays its own.
        let open = |name| {
            let path = place.join(name);
            let opened = File::options().read(true).write(true).open(&path);
            opened.map_err(|error| VmError::file("open", &path, error))
        };
        let all_of = |file: &File, name| {
            let mut bytes = Vec::new();
            let read = file.take(LARGEST_STATE).read_to_end(&mut bytes);
            read.map(|_| bytes).map_err(|error| VmError::file("read", &place.join(name), error))
        };
        let damaged = |detail: String| VmError::Snapshot { detail: format!("{}: {detail}", place.display()) };
        let (note, memory) = (open(ABOUT)?, open(MEMORY)?);
        let about: About = serde_json::from_slice(&all_of(&note, ABOUT)?)
            .map_err(|error| damaged(format!("{ABOUT} is damaged: {error}")))?;
        let state = all_of(&open(STATE)?, STATE)?;
        let length = memory.metadata().map_err(|error| VmError::file("stat", &place.join(MEMORY), error))?.size();
        if about.key != key.text {
            return Err(damaged("it is one of another guest".to_owned()));
        }
        if about.state != Extent::of(&state) {
            return Err(damaged("the devices' state is not what was saved".to_owned()));
        }
        if about.memory.length != length {
            return Err(damaged(format!("the memory has {length} bytes, not {}", about.memory.length)));
        }
        Ok(Self { place: place.to_owned(), about, note, memory, state })
    }

    /// Reads all of it, which from the page cache takes some 50 ms.
    fn check_memory(&self) -> Result<(), VmError> {
        let path = self.place.join(MEMORY);
        let found = Extent::of_memory(&self.memory).map_err(|error| VmError::file("read", &path, error))?;
        if found == self.about.memory {
            return Ok(());
        }
        Err(VmError::Snapshot { detail: format!("{}: not what was saved", path.display()) })
    }

    /// The time stamp is all that tells which were used last; without it an older one is forgotten first.
    fn was_used(&self) {
        let _ = self.note.set_modified(SystemTime::now());
    }
}

/// The unit in which memory is read and written.
const CHUNK: usize = 64 << 10;

impl Extent {
    fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len() as u64, digest: XxHash3_64::oneshot(bytes) }
    }

    /// Of everything that is not zero, and where it is, so that it does not depend on where the file has holes.
    fn of_memory(memory: &File) -> io::Result<Self> {
        each_chunk(memory, |_, _| Ok(()))
    }
}

/// Copies memory, leaving out what is zero.
fn copy(from: &File, to: &File) -> io::Result<Extent> {
    let extent = each_chunk(from, |offset, chunk| to.write_all_at(chunk, offset))?;
    to.set_len(extent.length)?;
    Ok(extent)
}

/// Every chunk that is not all zero, in order.
fn each_chunk(memory: &File, mut then: impl FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<Extent> {
    let length = memory.metadata()?.size();
    let (mut hasher, mut chunk) = (XxHash3_64::new(), vec![0; CHUNK]);
    let mut offset = 0;
    while let Some(start) = next_data(memory, offset)? {
        offset = start - start % CHUNK as u64;
        let count = usize::try_from(length - offset).unwrap_or(CHUNK).min(CHUNK);
        memory.read_exact_at(&mut chunk[..count], offset)?;
        if chunk[..count].iter().any(|&byte| byte != 0) {
            hasher.write_u64(offset);
            hasher.write(&chunk[..count]);
            then(offset, &chunk[..count])?;
        }
        offset += count as u64;
    }
    Ok(Extent { length, digest: hasher.finish() })
}

/// Where the next part of a file begins that is no hole.
fn next_data(file: &File, offset: u64) -> io::Result<Option<u64>> {
    match lseek(file, offset.cast_signed(), Whence::SeekData) {
        Ok(start) => Ok(Some(start.cast_unsigned())),
        Err(nix::errno::Errno::ENXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: u64 = 1 << 20;

    fn key(text: &str) -> Key {
        Key { text: text.to_owned(), name: "6.1-key".to_owned() }
    }

    /// A file of memory with something at its beginning, in its middle and at its end.
    fn memory() -> File {
        let file = tempfile::tempfile().expect("temporary file");
        file.set_len(LENGTH).expect("length");
        for (offset, text) in [(0, &b"first"[..]), (LENGTH / 2 + 3, b"middle"), (LENGTH - 4, b"last")] {
            file.write_all_at(text, offset).expect("write");
        }
        file
    }

    fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().expect("temporary directory");
        let store = Store { root: directory.path().to_owned() };
        (directory, store)
    }

    #[test]
    fn what_was_saved_comes_back() {
        let (_directory, store) = store();
        assert!(store.get(&key("a")).expect("none").is_none());
        store.put(&key("a"), "hello", &memory(), b"state").expect("saved");
        let found = store.get(&key("a")).expect("whole").expect("there");
        found.check_memory().expect("as it was saved");
        assert_eq!((found.about.hello.as_str(), found.state.as_slice()), ("hello", &b"state"[..]));
        let metadata = found.memory.metadata().expect("metadata");
        assert_eq!((metadata.mode() & 0o777, metadata.size()), (0o600, LENGTH));
        assert!(metadata.blocks() * 512 < LENGTH, "zeros take no room");
    }

    #[test]
    fn whatever_is_damaged_is_refused() {
        let flip = |path: &Path, offset| {
            let file = open_again(path);
            let mut byte = [0];
            file.read_exact_at(&mut byte, offset).expect("read");
            file.write_all_at(&[byte[0] ^ 1], offset).expect("write");
        };
        let cut = |path: &Path| open_again(path).set_len(3).expect("cut");
        let damages: [&dyn Fn(&Path); 8] = [
            &|place| flip(&place.join(MEMORY), 2),
            &|place| flip(&place.join(MEMORY), LENGTH / 4),
            &|place| cut(&place.join(MEMORY)),
            &|place| flip(&place.join(STATE), 0),
            &|place| cut(&place.join(STATE)),
            &|place| cut(&place.join(ABOUT)),
            &|place| fs::remove_file(place.join(STATE)).expect("remove"),
            &|place| fs::remove_file(place.join(ABOUT)).expect("remove"),
        ];
        for (number, damage) in damages.iter().enumerate() {
            let (_directory, store) = store();
            store.put(&key("a"), "hello", &memory(), b"state").expect("saved");
            damage(&store.root.join("6.1-key"));
            let found = store.get(&key("a")).map(|found| found.expect("there").check_memory());
            assert!(!matches!(found, Ok(Ok(()))), "damage {number}");
            store.put(&key("a"), "hello", &memory(), b"state").expect("made anew");
            store.get(&key("a")).expect("whole").expect("there").check_memory().expect("good again");
        }
    }

    fn open_again(path: &Path) -> File {
        File::options().read(true).write(true).open(path).expect("open")
    }

    #[test]
    fn a_snapshot_of_another_guest_under_the_same_name_is_refused() {
        let (_directory, store) = store();
        store.put(&key("a"), "hello", &memory(), b"state").expect("saved");
        assert!(store.get(&key("b")).is_err());
    }

    #[test]
    fn the_digest_does_not_depend_on_holes() {
        let (sparse, full) = (memory(), tempfile::tempfile().expect("temporary file"));
        let mut bytes = vec![0; LENGTH as usize];
        sparse.read_exact_at(&mut bytes, 0).expect("read");
        full.write_all_at(&bytes, 0).expect("write");
        let extent = |file| Extent::of_memory(file).expect("extent");
        assert_eq!(extent(&sparse), extent(&full));
        // The same bytes elsewhere are another memory.
        bytes.rotate_left(CHUNK);
        full.write_all_at(&bytes, 0).expect("write");
        assert_ne!(extent(&sparse), extent(&full));
    }

    #[test]
    fn only_the_last_used_are_kept_and_no_scraps() {
        let (_directory, store) = store();
        fs::create_dir(store.root.join(format!("{}scrap", apt::PARTIAL))).expect("scrap");
        for number in 0..=KEPT {
            let key = Key { text: number.to_string(), name: number.to_string() };
            store.put(&key, "hello", &memory(), b"state").expect("saved");
            // The first one stays in use.
            let first = Key { text: "0".to_owned(), name: "0".to_owned() };
            store.get(&first).expect("whole").expect("there").was_used();
        }
        let mut left: Vec<_> =
            fs::read_dir(&store.root).expect("list").flatten().map(|entry| entry.file_name()).collect();
        left.sort();
        assert_eq!(left, ["0", "2", "3", "4", "5", "6"]);
    }
}
