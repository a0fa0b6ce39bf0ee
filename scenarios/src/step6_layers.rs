//! A next step of the workshop: an image of several layers, put together by OverlayFS.

use crate::scenario;
use boxproof_harness::error::{Context, Result};
use boxproof_harness::evidence::Evidence;
use boxproof_harness::expect::{List, Yes, is};
use boxproof_harness::manifest::Offer;
use boxproof_harness::result::Tier::Next;
use boxproof_harness::run::Run;
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use nix::sys::stat::{Mode, SFlag, mknod};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    offered(scenario(
        "layers-stacked",
        "6-2",
        Next,
        &["lowest-there", "highest-wins", "deleted-stays-deleted"],
        layers_stacked,
    )),
    offered(scenario("layers-unchanged", "6-2", Next, &["written", "layers-as-before"], layers_unchanged)),
    offered(scenario("layers-apart", "6-2", Next, &["own-writes", "not-the-others", "gone-afterwards"], layers_apart)),
    offered(scenario("layers-paths-odd", "6-2", Next, &["file-is-there"], layers_paths_odd)),
    offered(scenario("layers-many", "6-2", Next, &["highest-wins"], layers_many)),
];

const fn offered(scenario: Scenario) -> Scenario {
    Scenario { offers: Some(Offer::Overlay), ..scenario }
}

/// A command that lives until it is ended. A probe could not dial in: the kernel takes a socket that is seen through an
/// overlay for another one.
const HELD: [&str; 2] = ["/bin/sleep", "31337"];

/// Layers above `rootfs/`, which is the lowest, each a directory with files in it.
struct Layers {
    above: Vec<PathBuf>,
}

/// A container of them that runs a command, and how it is found.
struct Overlaid {
    run: Run,
    pid: i32,
}

impl Layers {
    fn make(exam: &mut Exam, names: &[String]) -> Result<Layers> {
        let top = PathBuf::from(format!("/var/{}", exam.lot.word(9)));
        let above: Vec<PathBuf> = names.iter().map(|name| top.join(name)).collect();
        // What was made last is taken back first.
        for path in &above {
            exam.own(path.display());
            fs::create_dir_all(path).context(format!("mkdir {}", path.display()))?;
        }
        exam.own(top.display());
        Ok(Layers { above })
    }

    fn write(&self, exam: &mut Exam, layer: usize, name: &str, text: &str) -> Result<()> {
        write(exam, &self.above[layer].join(name), text)
    }

    fn setup(&self, exam: &Exam) -> Setup {
        let rootfs = exam.bed.rootfs();
        let all = [&rootfs].into_iter().chain(&self.above);
        all.fold(Setup::new(), |setup, layer| setup.option(Offer::Overlay, layer.display().to_string()))
    }

    /// A container of these layers, after one of rootfs/ alone: then what is in the way is the layers.
    fn start(&self, exam: &mut Exam) -> Result<Overlaid, Trouble> {
        drop(exam.start()?);
        exam.bed.clear()?;
        self.start_another(exam)
    }

    fn start_another(&self, exam: &mut Exam) -> Result<Overlaid, Trouble> {
        let others = exam.bed.processes()?;
        let run = exam.call(&HELD.map(OsString::from), self.setup(exam))?;
        let found = exam.await_command(&run, &others, &HELD);
        let pid = found.map_err(|trouble| trouble.because("layers-break-the-run"))?;
        Ok(Overlaid { run, pid })
    }

    /// A shell in a container of these layers; its status.
    fn shell(&self, exam: &mut Exam, line: &str) -> Result<i32, Trouble> {
        let setup = self.setup(exam);
        Ok(exam.run_with(&["/bin/sh", "-c", line], setup)?.end.shell_status())
    }
}

impl Overlaid {
    /// What is at this path in the container, read from the host's side.
    fn content(&self, exam: &Exam, path: &str) -> Evidence<String> {
        let name = format!("root{path}");
        let text = exam.bed.host().text(self.pid, &name).unwrap_or_else(|_| "no such file".to_owned());
        Evidence::plain(text, format!("/proc/{}/{name}", self.pid))
    }

    fn end(self, exam: &Exam) -> Result<()> {
        exam.bed.end(self.pid)?;
        self.run.wait(exam.finish_patience())?;
        Ok(())
    }
}

fn write(exam: &mut Exam, path: &Path, text: &str) -> Result<()> {
    exam.own(path.display());
    fs::write(path, text).context(format!("write {}", path.display()))
}

/// The highest layer that has a file says what it is; one that has it deleted says that there is none.
fn layers_stacked(exam: &mut Exam) -> Result<(), Trouble> {
    let layers = Layers::make(exam, &["1".to_owned(), "2".to_owned()])?;
    let [lowest, both, deleted] = [0; 3].map(|_| exam.lot.word(9));
    let rootfs = exam.bed.rootfs();
    write(exam, &rootfs.join(&lowest), "lowest")?;
    write(exam, &rootfs.join(&deleted), "deleted")?;
    layers.write(exam, 0, &both, "lower")?;
    layers.write(exam, 1, &both, "higher")?;
    // As OverlayFS notes it: a character device 0:0 in the place of the file.
    let whiteout = layers.above[0].join(&deleted);
    exam.own(whiteout.display());
    mknod(&whiteout, SFlag::S_IFCHR, Mode::empty(), 0).context(format!("mknod {}", whiteout.display()))?;
    let container = layers.start(exam)?;
    let content = |exam: &Exam, name: &str| container.content(exam, &format!("/{name}"));
    let seen = content(exam, &lowest);
    exam.check("lowest-there", &seen, &is("lowest".to_owned())).because("layers-not-stacked");
    let seen = content(exam, &both);
    let reversed = seen.value == "lower";
    exam.check("highest-wins", &seen, &is("higher".to_owned()))
        .because_if(reversed, "layers-reversed")
        .because("layers-not-stacked");
    let there = exam.bed.host().sees(container.pid, &format!("/{deleted}"))?;
    exam.check("deleted-stays-deleted", &there, &is(Yes(false))).because("whiteouts-not-applied");
    Ok(container.end(exam)?)
}

/// Every file below these directories, with its content.
fn files(directories: &[PathBuf]) -> List {
    let mut left: Vec<PathBuf> = directories.to_vec();
    let mut found = Vec::new();
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            match fs::read_to_string(&path) {
                Ok(text) => found.push(format!("{}: {text}", path.display())),
                Err(_) => left.push(path),
            }
        }
    }
    found.sort();
    List(found)
}

/// What a container writes is its own: the layers are those of all containers.
fn layers_unchanged(exam: &mut Exam) -> Result<(), Trouble> {
    let layers = Layers::make(exam, &["1".to_owned(), "2".to_owned()])?;
    let (old, new) = (exam.lot.word(9), exam.lot.word(9));
    layers.write(exam, 0, &old, "as before")?;
    exam.own(exam.bed.rootfs().join(&new).display());
    for layer in &layers.above {
        exam.own(layer.join(&new).display());
    }
    let before = files(&layers.above);
    layers.start(exam)?.end(exam)?;
    // The twin: it can write there.
    let status =
        layers.shell(exam, &format!("echo changed > /{old} && echo new > /{new} && grep -q changed /{old}"))?;
    let written = Evidence::plain(status, "status of a shell that changes a file of a layer, and makes another");
    exam.check("written", &written, &is(0)).because("layers-not-writable");
    let mut after = files(&layers.above);
    if exam.bed.rootfs().join(&new).exists() {
        after.0.push(format!("rootfs/{new}"));
    }
    exam.check("layers-as-before", &Evidence::plain(after, "the layers' files on the host"), &is(before))
        .because("layers-written-to");
    Ok(())
}

/// Two containers of one image share what they read, not what they write.
fn layers_apart(exam: &mut Exam) -> Result<(), Trouble> {
    let layers = Layers::make(exam, &["1".to_owned()])?;
    let name = exam.lot.word(9);
    exam.own(exam.bed.rootfs().join(&name).display());
    exam.own(layers.above[0].join(&name).display());
    let mounts = |item: &boxproof_harness::result::Residue| item.kind == "mount" || item.kind == "file";
    layers.start(exam)?.end(exam)?;
    let others = exam.bed.processes()?;
    let line = format!("echo mine > /{name}; exec {} {}", HELD[0], HELD[1]);
    let run = exam.call(&["/bin/sh", "-c", &line].map(OsString::from), layers.setup(exam))?;
    let found = exam.await_command(&run, &others, &HELD);
    let first = Overlaid { run, pid: found.map_err(|trouble| trouble.because("layers-break-the-run"))? };
    let seen = first.content(exam, &format!("/{name}"));
    exam.check("own-writes", &seen, &is("mine\n".to_owned())).because("layers-not-writable");
    let second = layers.start_another(exam)?;
    let seen = second.content(exam, &format!("/{name}"));
    exam.check("not-the-others", &seen, &is("no such file".to_owned())).because("writable-layer-shared");
    second.end(exam)?;
    first.end(exam)?;
    let left: List = exam.residue(Duration::from_secs(1), mounts)?.into_iter().map(|item| item.after).collect();
    exam.check(
        "gone-afterwards",
        &Evidence::plain(left, "mounts and files of the host afterwards"),
        &is(List(Vec::new())),
    )
    .because("overlay-left-behind");
    Ok(())
}

/// A directory may be called anything: colons and commas mean something to mount options only.
fn layers_paths_odd(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: under plain names they are stacked.
    let plain = Layers::make(exam, &["1".to_owned()])?;
    plain.start(exam)?.end(exam)?;
    let name = format!("a:{},{} {}\\", exam.lot.word(3), exam.lot.word(3), exam.lot.word(3));
    let layers = Layers::make(exam, &[name])?;
    let file = exam.lot.word(9);
    layers.write(exam, 0, &file, "odd")?;
    let container = layers.start_another(exam).map_err(|trouble| trouble.because("layer-path-cut"))?;
    let seen = container.content(exam, &format!("/{file}"));
    exam.check("file-is-there", &seen, &is("odd".to_owned())).because("layer-path-cut");
    Ok(container.end(exam)?)
}

/// An image of many layers, whose paths together are longer than the page that mount(2) takes.
fn layers_many(exam: &mut Exam) -> Result<(), Trouble> {
    const MANY: usize = 60;
    // The twin: of one they can be made.
    let plain = Layers::make(exam, &["1".to_owned()])?;
    plain.start(exam)?.end(exam)?;
    let stem = "x".repeat(80);
    let layers = Layers::make(exam, &(0..MANY).map(|number| format!("{stem}{number}")).collect::<Vec<_>>())?;
    let file = exam.lot.word(9);
    layers.write(exam, 0, &file, "lowest")?;
    layers.write(exam, MANY - 1, &file, "highest")?;
    let container = layers.start_another(exam).map_err(|trouble| trouble.because("too-many-layers"))?;
    let seen = container.content(exam, &format!("/{file}"));
    exam.check("highest-wins", &seen, &is("highest".to_owned())).because("too-many-layers");
    Ok(container.end(exam)?)
}
