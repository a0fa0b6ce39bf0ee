//! Step 2-2 of the workshop, further: directories of the host that the runtime offers to show in a container.

use crate::scenario;
use boxproof_harness::container::{Answer, Container};
use boxproof_harness::error::{Context, Result};
use boxproof_harness::evidence::Evidence;
use boxproof_harness::expect::{Yes, is};
use boxproof_harness::manifest::Offer;
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

pub(crate) const SCENARIOS: &[Scenario] = &[
    offered(scenario(
        "volume-option",
        "2-2",
        Robust,
        &["file-is-there", "change-goes-back", "mode-kept", "data-kept"],
        volume_option,
    )),
    offered(scenario("volume-read-only", "2-2", Robust, &["file-is-there", "write-refused"], volume_read_only)),
    offered(scenario("volume-submounts", "2-2", Robust, &["file-is-there", "submount-is-there"], volume_submounts)),
    offered(scenario(
        "volume-stays-inside",
        "2-2",
        Robust,
        &["plain-target", "link-read-as-the-container-does"],
        volume_stays_inside,
    )),
];

const fn offered(scenario: Scenario) -> Scenario {
    Scenario { offers: Some(Offer::Volume), ..scenario }
}

/// A directory of the host with a file in it, and where the container is to see it.
struct Volume {
    directory: PathBuf,
    target: String,
    secret: String,
}

/// The file in each directory.
const FILE: &str = "from-host";

impl Volume {
    fn make(exam: &mut Exam) -> Result<Volume> {
        let directory = PathBuf::from(format!("/var/{}", exam.lot.word(9)));
        let target = format!("/{}", exam.lot.word(9));
        let secret = exam.lot.word(20);
        for file in [FILE, "from-container"] {
            exam.own(directory.join(file).display());
        }
        make_directory(exam, directory.clone())?;
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o750))
            .context(format!("chmod {}", directory.display()))?;
        write(&directory.join(FILE), &secret)?;
        Ok(Volume { directory, target, secret })
    }

    /// Where the container is to see it, an empty directory in the image.
    fn with_target(self, exam: &mut Exam) -> Result<Volume> {
        make_directory(exam, exam.bed.rootfs().join(&self.target[1..]))?;
        Ok(self)
    }

    fn setup(&self, suffix: &str) -> Setup {
        Setup::new().option(Offer::Volume, format!("{}:{}{suffix}", self.directory.display(), self.target))
    }

    /// A container with it, after one without: then what is in the way is the volume.
    fn start(&self, exam: &mut Exam, suffix: &str) -> Result<Container, Trouble> {
        drop(exam.start()?);
        exam.start_with(self.setup(suffix)).map_err(|trouble| trouble.because("volume-breaks-the-run"))
    }

    /// What the payload reads there: only who sees the host's directory knows it.
    fn seen(&self, container: &Container, name: &str) -> Result<Evidence<String>, Trouble> {
        let path = format!("{}/{name}", self.target);
        let value = match container.ask("file", path.as_bytes())? {
            Answer::Done(_, content) => String::from_utf8_lossy(&content).into_owned(),
            Answer::Refused(errno, _) => format!("{:?}", Errno::from_raw(errno)),
            Answer::Gone => return Err(Trouble::runtime("container-gone", "the container lives", "it ended")),
        };
        Ok(Evidence::plain(value, format!("read {path} in the container, {} on the host", self.directory.display())))
    }

    /// Whether the container's mounts show that the option was taken for a part of the path.
    fn misnamed(&self, container: &Container) -> Result<bool> {
        let misnamed = format!("{}:ro", self.target);
        Ok(container.mounts()?.value.iter().any(|mount| mount.at == misnamed))
    }
}

fn make_directory(exam: &mut Exam, path: PathBuf) -> Result<()> {
    exam.own(path.display());
    fs::create_dir(&path).context(format!("mkdir {}", path.display()))
}

fn write(path: &std::path::Path, content: &str) -> Result<()> {
    fs::write(path, content).context(format!("write {}", path.display()))
}

/// The host's directory is in the container, and it is the directory itself.
fn volume_option(exam: &mut Exam) -> Result<(), Trouble> {
    let volume = Volume::make(exam)?.with_target(exam)?;
    let container = volume.start(exam, "")?;
    let seen = volume.seen(&container, FILE)?;
    exam.check("file-is-there", &seen, &is(volume.secret.clone())).because("volume-not-mounted");

    let answer = exam.lot.word(20);
    let order = format!("{}/from-container\0{answer}", volume.target);
    let errno = container.ask("write", order.as_bytes())?.errno().unwrap_or(0);
    let file = volume.directory.join("from-container");
    let source = format!("write {}/from-container in the container, read {}", volume.target, file.display());
    let came = fs::read_to_string(&file).unwrap_or_else(|_| format!("errno {errno}, no such file on the host"));
    exam.check("change-goes-back", &Evidence::plain(came, source), &is(answer))
        .because_if(errno == libc::EROFS, "volume-always-read-only")
        .because("volume-is-a-copy");

    let stat = fs::metadata(&volume.directory).context(format!("stat {}", volume.directory.display()))?;
    let mode = format!("{:o}", stat.permissions().mode() & 0o7777);
    let source = format!("stat {} on the host", volume.directory.display());
    exam.check("mode-kept", &Evidence::plain(mode, source), &is("750".to_owned())).because("volume-mode-changed");

    container.finish(0, exam.finish_patience())?;
    let file = volume.directory.join(FILE);
    let kept = fs::read_to_string(&file).unwrap_or_else(|error| error.to_string());
    let source = format!("{} after the container's end", file.display());
    exam.check("data-kept", &Evidence::plain(kept, source), &is(volume.secret.clone())).because("volume-deleted");
    Ok(())
}

/// `:ro` is more than a word: what is written is refused.
fn volume_read_only(exam: &mut Exam) -> Result<(), Trouble> {
    let volume = Volume::make(exam)?.with_target(exam)?;
    let container = volume.start(exam, ":ro")?;
    let seen = volume.seen(&container, FILE)?;
    let misnamed = volume.misnamed(&container)?;
    // The twin: it is there, so that refusing to write is no absence.
    exam.check("file-is-there", &seen, &is(volume.secret.clone()))
        .because_if(misnamed, "volume-option-in-path")
        .because("volume-not-mounted");
    let order = format!("{}/{FILE}\0changed", volume.target);
    let errno = container.ask("write", order.as_bytes())?.errno().unwrap_or(-1);
    let file = volume.directory.join(FILE);
    let content = fs::read_to_string(&file).context(format!("read {}", file.display()))?;
    let kept = if content == volume.secret { "unchanged" } else { "changed" };
    let observed = format!("{:?}, {kept}", Errno::from_raw(errno));
    let source = format!("write {}/{FILE} in the container, read {}", volume.target, file.display());
    exam.check("write-refused", &Evidence::plain(observed, source), &is("EROFS, unchanged".to_owned()))
        .because("volume-read-only-ignored");
    Ok(())
}

/// A mount of the host, until this is dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn tmpfs(path: PathBuf) -> Result<Mounted> {
        mount(Some("tmpfs"), &path, Some("tmpfs"), MsFlags::empty(), Some("size=64k"))
            .context(format!("mount tmpfs on {}", path.display()))?;
        Ok(Mounted(path))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}

/// What is mounted below the directory belongs to it.
fn volume_submounts(exam: &mut Exam) -> Result<(), Trouble> {
    let volume = Volume::make(exam)?;
    let below = volume.directory.join("below");
    // Taken back before the directory that it lies in.
    make_directory(exam, below.clone())?;
    exam.own(volume.directory.display());
    let _mounted = Mounted::tmpfs(below.clone())?;
    write(&below.join(FILE), &volume.secret)?;
    let volume = volume.with_target(exam)?;
    let container = volume.start(exam, "")?;
    let seen = volume.seen(&container, FILE)?;
    exam.check("file-is-there", &seen, &is(volume.secret.clone())).because("volume-not-mounted");
    let seen = volume.seen(&container, &format!("below/{FILE}"))?;
    exam.check("submount-is-there", &seen, &is(volume.secret.clone())).because("volume-not-recursive");
    Ok(())
}

/// A link in the image means a place in the image. Read on the host it leads to the host's directory of that name.
fn volume_stays_inside(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: on a plain directory of the image it is mounted.
    let plain = Volume::make(exam)?.with_target(exam)?;
    let seen = plain.seen(&plain.start(exam, "")?, FILE)?;
    exam.check("plain-target", &seen, &is(plain.secret.clone())).because("volume-not-mounted");
    let volume = Volume::make(exam)?;
    let place = format!("/var/{}", exam.lot.word(9));
    make_directory(exam, PathBuf::from(&place))?;
    let inside = exam.bed.rootfs().join(&place[1..]);
    exam.own(inside.display());
    let parent = exam.bed.rootfs().join("var");
    if !parent.exists() {
        exam.own(parent.display());
    }
    fs::create_dir_all(&inside).context(format!("mkdir {}", inside.display()))?;
    let link = exam.bed.rootfs().join(&volume.target[1..]);
    exam.own(link.display());
    symlink(&place, &link).context(format!("symlink {}", link.display()))?;
    let observed = match exam.start_with(volume.setup("")) {
        Ok(container) => {
            let seen = volume.seen(&container, FILE)?;
            let there = seen.value == volume.secret;
            seen.map(|_| if there { "mounted in the container".to_owned() } else { "mounted elsewhere".to_owned() })
        }
        // To want nothing of such an image is right, too.
        Err(Trouble::Runtime(failure)) => Evidence::plain("refused".to_owned(), failure.observed),
        Err(trouble) => return Err(trouble),
    };
    let inside = Yes(observed.value != "mounted elsewhere");
    let source = format!("{} in the image is a link to {place}", volume.target);
    let observed = observed.with(Evidence::plain(source.clone(), "readlink")).map(|_| inside);
    exam.check("link-read-as-the-container-does", &observed, &is(Yes(true))).because("volume-followed-link");
    Ok(())
}
