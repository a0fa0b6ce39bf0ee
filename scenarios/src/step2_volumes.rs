//! Step 2 of the workshop, done by the runtime itself: directories of the host in the container.

use crate::scenario;
use boxproof_harness::container::{Answer, Container};
use boxproof_harness::error::{Context, Error, Result};
use boxproof_harness::evidence::{Evidence, Ino};
use boxproof_harness::expect::{Expect, Yes, is};
use boxproof_harness::manifest::Offer;
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        offers: Some(Offer::Volume),
        ..scenario(
            "volume-option",
            "2-2",
            Robust,
            &["same-directory", "submounts-carried", "writes-arrive", "host-directory-unchanged"],
            volume_option,
        )
    },
    Scenario {
        offers: Some(Offer::Volume),
        ..scenario(
            "volume-read-only-option",
            "2-2",
            Robust,
            &["readable", "mounted-read-only", "write-refused"],
            volume_read_only_option,
        )
    },
    Scenario {
        offers: Some(Offer::Volume),
        ..scenario("volume-link-option", "2-2", Robust, &["mount-lands-inside"], volume_link_option)
    },
];

/// A directory of the host with one file in it, and one in the rootfs to mount it on. Both go when this is dropped.
struct Shared {
    source: PathBuf,
    target: String,
    point: PathBuf,
    file: String,
}

impl Shared {
    fn new(exam: &mut Exam) -> Result<Shared> {
        let source = PathBuf::from(format!("/var/{}", exam.lot.word(9)));
        let target = format!("/{}", exam.lot.word(9));
        let point = exam.bed.rootfs().join(&target[1..]);
        let shared = Shared { source, target, point, file: exam.lot.word(9) };
        for directory in [&shared.source, &shared.point] {
            exam.own(directory.display());
            fs::create_dir(directory).context(format!("mkdir {}", directory.display()))?;
        }
        let file = shared.source.join(&shared.file);
        fs::write(&file, "of the host\n").context(format!("write {}", file.display()))?;
        Ok(shared)
    }

    fn setup(&self, target: &str, suffix: &str) -> Setup {
        Setup::new().option(Offer::Volume, format!("{}:{target}{suffix}", self.source.display()))
    }

    fn mode(&self) -> Result<String> {
        let meta = fs::metadata(&self.source).context(format!("stat {}", self.source.display()))?;
        Ok(format!("{:o}", meta.mode() & 0o7777))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.source);
        let _ = fs::remove_dir(&self.point);
    }
}

/// What a write to a file of the volume came to: `written`, or the errno.
fn write(container: &Container, path: &str, bytes: &str) -> Result<String, Trouble> {
    match container.ask("write", format!("{path}\0{bytes}").as_bytes())? {
        Answer::Done(..) => Ok("written".to_owned()),
        Answer::Refused(errno, _) => Ok(format!("{:?}", nix::errno::Errno::from_raw(errno))),
        Answer::Gone => Err(Error::new("the probe ended while writing").into()),
    }
}

/// A volume is the host's own directory, with all that is mounted below it, and writing goes both ways.
fn volume_option(exam: &mut Exam) -> Result<(), Trouble> {
    let shared = Shared::new(exam)?;
    let below = exam.mounted(shared.source.join("below"), &shared.file)?;
    let mode = shared.mode()?;
    let container = exam.start_with(shared.setup(&shared.target, ""))?;
    let (pid, host) = (container.pid(), container.host());
    let meta = fs::metadata(&shared.source).context(format!("stat {}", shared.source.display()))?;
    let identity = Ino { dev: meta.dev(), ino: meta.ino() };
    let stat = host.stat(pid, &format!("root{}", shared.target))?;
    let found = Evidence::plain(
        Ino { dev: stat.st_dev, ino: stat.st_ino },
        format!("stat /proc/{pid}/root{} and {}", shared.target, shared.source.display()),
    );
    exam.check("same-directory", &found, &is(identity)).because("volume-missing");
    let sees = host.sees(pid, &format!("{}/below/{}", shared.target, shared.file))?;
    exam.check("submounts-carried", &sees, &is(Yes(true))).because("bind-not-recursive");
    let (name, nonce) = (exam.lot.word(9), exam.lot.word(16));
    let wrote = write(&container, &format!("{}/{name}", shared.target), &nonce)?;
    let arrived = fs::read_to_string(shared.source.join(&name)).is_ok_and(|text| text == nonce);
    let source =
        format!("write(2) in the container ({wrote}), then read {}/{name} on the host", shared.source.display());
    exam.check("writes-arrive", &Evidence::plain(Yes(arrived), source), &is(Yes(true))).because("volume-missing");
    container.finish(0, exam.finish_patience())?;
    let source = format!("stat {}: mode, before and after", shared.source.display());
    exam.check("host-directory-unchanged", &Evidence::plain(shared.mode()?, source), &is(mode))
        .because("volume-mode-changed");
    exam.bed.clear()?;
    drop(below);
    Ok(())
}

/// `HOST:CONTAINER:ro` can be read, and not written.
fn volume_read_only_option(exam: &mut Exam) -> Result<(), Trouble> {
    let shared = Shared::new(exam)?;
    let container = exam.start_with(shared.setup(&shared.target, ":ro"))?;
    let pid = container.pid();
    let inside = format!("{}/{}", shared.target, shared.file);
    exam.check("readable", &container.host().sees(pid, &inside)?, &is(Yes(true))).because("volume-missing");
    let options = container.mounts()?.map(|mounts| {
        let mount = mounts.into_iter().rfind(|mount| mount.at == shared.target);
        mount.map_or("not mounted".to_owned(), |mount| mount.options.join(","))
    });
    let missing = options.value == "not mounted";
    let expected = Expect::that("ro", |options: &String| options.split(',').any(|option| option == "ro"));
    exam.check("mounted-read-only", &options, &expected)
        .because_if(missing, "volume-missing")
        .because("read-only-in-one-call");
    let wrote = Evidence::plain(write(&container, &inside, "x")?, format!("write(2) to {inside} in the container"));
    exam.check("write-refused", &wrote, &is("EROFS".to_owned()))
        .because_if(missing, "volume-missing")
        .because("read-only-in-one-call");
    Ok(())
}

/// The path in the container is the image's: a link on it is followed inside, or refused, and never on the host.
fn volume_link_option(exam: &mut Exam) -> Result<(), Trouble> {
    let shared = Shared::new(exam)?;
    // The twin: without a link it is there.
    let container = exam.start_with(shared.setup(&shared.target, ""))?;
    let works = container.host().sees(container.pid(), &format!("{}/{}", shared.target, shared.file))?.value.0;
    drop(container);
    exam.bed.clear()?;
    // The link's target exists on both sides: whoever resolves it on the host finds a directory there.
    let link = format!("/{}", exam.lot.word(9));
    let outside = exam.bed.rootfs().join(&link[1..]);
    exam.own(&shared.target);
    exam.own(outside.display());
    fs::create_dir(&shared.target).context(format!("mkdir {}", shared.target))?;
    std::os::unix::fs::symlink(&shared.target, &outside).context(format!("link {}", outside.display()))?;
    let landed = match exam.start_with(shared.setup(&link, "")) {
        Ok(container) => {
            let sees = container.host().sees(container.pid(), &format!("{link}/{}", shared.file))?;
            sees.map(|sees| if sees.0 { "inside" } else { "elsewhere" }.to_owned())
        }
        Err(trouble) if trouble.is("command-not-started") => {
            Evidence::plain("refused".to_owned(), "the runtime ended, and no probe connected")
        }
        Err(trouble) => return Err(trouble),
    };
    let expected = Expect::that("inside, or refused", |landed: &String| landed != "elsewhere");
    exam.check("mount-lands-inside", &landed, &expected)
        .because_if(!works, "volume-missing")
        .because("volume-link-followed");
    exam.bed.clear()?;
    for path in [outside.as_path(), Path::new(&shared.target)] {
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
    }
    Ok(())
}
