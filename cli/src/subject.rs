//! The runtime under test: from the path on the command line to what is sent to the agent.

use crate::args::Adapter;
use crate::backend::Place;
use crate::build::{Made, Workshop};
use crate::outcome::Trouble;
use boxproof_harness::backend::vm::userland::Tools;
use boxproof_harness::manifest::{FILE_NAME, Invocation, Manifest};
use boxproof_harness::program::{Program, ProgramError, ProgramKind, belongings};
use boxproof_harness::result::{Build, Submission};
use boxproof_harness::tree::{Tree, TreeError};
use boxproof_scenarios::texts::Texts;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A runtime under test, inspected but not yet run.
pub struct Subject {
    /// How it is called.
    pub invocation: Invocation,
    /// The program, relative to the submission.
    pub program: String,
    /// The program with what belongs to it.
    pub submission: Tree,
    /// What it needs on a machine that has nothing.
    pub libraries: Tree,
    /// The user land that it needs there.
    pub tools: Option<Tools>,
    /// The directory beside which `rootfs/` may lie.
    pub directory: PathBuf,
    /// For the result.
    pub about: Submission,
    /// Where its files lie until they are sent.
    _built: Option<TempDir>,
}

impl Subject {
    /// Looks at what the command line names, and builds it if its author says how.
    pub fn find(
        given: Option<&Path>,
        adapter: Option<Adapter>,
        workshop: &Workshop,
        texts: &Texts,
    ) -> Result<Subject, Trouble> {
        let path = given.unwrap_or(Path::new("."));
        let mut manifest = manifest(path)?;
        if manifest.is_none() && given.is_none() {
            return Err(Trouble::usage(format!(
                "there is no {FILE_NAME} in the current directory. Name the program to examine: boxproof exam ./mycontainer"
            )));
        }
        let invocation = invocation(manifest.as_ref(), adapter)?;
        let beside = manifest.as_ref().map(|manifest| real(&manifest.directory)).transpose()?;
        let made = match manifest.as_ref().and_then(|manifest| Some((manifest, manifest.build.as_deref()?))) {
            Some((manifest, command)) => workshop.build(manifest, command, texts)?,
            None => Made::default(),
        };
        if let (Some(manifest), Some(place)) = (&mut manifest, &made.place) {
            moved(manifest, place.path());
        }
        let program = manifest.as_ref().map_or(path, |manifest| &manifest.program);
        let brought: &[&str] = if workshop.exam.is_disposable() { &Tools::LANGUAGES } else { &[] };
        let program = Program::inspect_for(program, brought).map_err(|error| refused(&error, texts))?;
        let directory = match &manifest {
            Some(manifest) => real(&manifest.directory)?,
            None => program.path.parent().unwrap_or(Path::new("/")).to_owned(),
        };
        let name = name_below(&directory, &program.path)?;
        // Whoever names a directory means all of it; whoever names a program means the program.
        let submission = if path.is_dir() { belongings(&directory, &name) } else { alone(&name, &program.path) };
        let submission = submission.map_err(Trouble::usage)?;
        if submission.get(&name).is_none() {
            let values = [("path", &*name), ("directory", &*directory.display().to_string())];
            return Err(Trouble::usage(texts.text("program-leads-out", &crate::report::params(values))));
        }
        let (tools, libraries) = surroundings(&program, &made, workshop.exam, texts)?;
        Ok(Subject {
            invocation,
            submission,
            libraries,
            tools,
            about: about(path, &program, made.about),
            program: name,
            directory: beside.unwrap_or(directory),
            _built: made.place,
        })
    }
}

/// What was built lies elsewhere than what it was built of.
fn moved(manifest: &mut Manifest, place: &Path) {
    if let Ok(below) = manifest.program.strip_prefix(&manifest.directory) {
        manifest.program = place.join(below);
    }
    place.clone_into(&mut manifest.directory);
}

/// The `boxproof.toml` that speaks of this path: the one in it, or the one beside it that names it.
fn manifest(path: &Path) -> Result<Option<Manifest>, Trouble> {
    if path.is_dir() {
        return Manifest::beside(path).map_err(Trouble::usage);
    }
    let Some(directory) = path.parent().filter(|_| path.is_file()) else { return Ok(None) };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let found = Manifest::beside(directory).map_err(Trouble::usage)?;
    let same = |manifest: &Manifest| {
        manifest.program.canonicalize().is_ok_and(|named| path.canonicalize().is_ok_and(|path| named == path))
    };
    Ok(found.filter(same))
}

fn invocation(manifest: Option<&Manifest>, adapter: Option<Adapter>) -> Result<Invocation, Trouble> {
    let said = manifest.map(|manifest| manifest.invocation.clone());
    match adapter {
        None => Ok(said.unwrap_or_else(Invocation::workshop)),
        Some(Adapter::Workshop) => {
            Ok(said.filter(|said| said.adapter() == "workshop").unwrap_or_else(Invocation::workshop))
        }
        Some(Adapter::Oci) => Ok(said.filter(|said| said.adapter() == "oci").unwrap_or_else(Invocation::oci)),
        Some(Adapter::Command) => said.filter(|said| said.adapter() == "command").ok_or_else(|| {
            Trouble::usage(format!(
                "--adapter command needs a {FILE_NAME} beside the program whose [runtime] has adapter = \"command\" and \
                 command = [\"{{program}}\", \"run\", \"{{argv}}\"]"
            ))
        }),
    }
}

fn real(path: &Path) -> Result<PathBuf, Trouble> {
    path.canonicalize().map_err(|error| Trouble::usage(format!("{}: {error}", path.display())))
}

/// The program's name below its directory. Names travel as JSON, so they must be text.
fn name_below(directory: &Path, program: &Path) -> Result<String, Trouble> {
    let below = program.strip_prefix(directory).map_err(|_| {
        Trouble::usage(format!("{}: the program must lie below {}", program.display(), directory.display()))
    })?;
    let name = below.to_str().ok_or_else(|| Trouble::usage(format!("{}: the name is not UTF-8", program.display())))?;
    Ok(name.to_owned())
}

fn alone(name: &str, program: &Path) -> Result<Tree, TreeError> {
    let mut tree = Tree::new();
    tree.host_file(name, 0o755, program)?;
    Ok(tree)
}

/// Why a program cannot be examined, in the reader's language.
fn refused(error: &ProgramError, texts: &Texts) -> Trouble {
    let text = error.text();
    Trouble::usage(texts.text(&text.id, &text.params))
}

/// What the program needs on a machine that has nothing: the distribution's user land, or a few files, or neither.
fn surroundings(program: &Program, made: &Made, exam: Place, texts: &Texts) -> Result<(Option<Tools>, Tree), Trouble> {
    if !exam.is_disposable() {
        return Ok((None, Tree::new()));
    }
    let linked_there = made.place.is_some() && matches!(program.kind, ProgramKind::DynamicElf { .. });
    let script = program.kind.is_script_of(&Tools::LANGUAGES);
    if linked_there || script {
        return Ok((Some(Tools::Scripts), Tree::new()));
    }
    let closure = program.closure().map_err(|error| refused(&error, texts))?;
    if let Some(language) = &closure.needs_tree {
        let values = [("path", &*program.path.display().to_string()), ("language", language.as_str())];
        return Err(Trouble::environment(texts.text("program-language-not-in-vm", &crate::report::params(values))));
    }
    closure.tree().map(|tree| (None, tree)).map_err(Trouble::usage)
}

fn about(path: &Path, program: &Program, build: Option<Build>) -> Submission {
    let name = program.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Submission {
        id: name,
        path: path.display().to_string(),
        sha256: program.sha256.clone(),
        build,
        ..Submission::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxproof_scenarios::texts::Language;

    /// What the harness says in English is what the reader is told, in whichever language.
    #[test]
    fn every_refusal_has_its_text() {
        let (path, source) = (PathBuf::from("a/program"), std::io::Error::from_raw_os_error(13));
        let other = PathBuf::from("/lib/other");
        let all = [
            ProgramError::NotFound { path: path.clone() },
            ProgramError::Directory { path: path.clone() },
            ProgramError::Special { path: path.clone() },
            ProgramError::Unreadable { path: path.clone(), source },
            ProgramError::NotExecutable { path: path.clone() },
            ProgramError::Empty { path: path.clone() },
            ProgramError::TextWithoutInterpreter { path: path.clone() },
            ProgramError::NotAProgram { path: path.clone(), seems: "a picture" },
            ProgramError::Foreign { path: path.clone(), built_for: "s390x".into(), machine: "x86_64".into() },
            ProgramError::Corrupt { path: path.clone(), detail: "cut off".into() },
            ProgramError::InterpreterMissing { path: path.clone(), interpreter: "/bin/sh\r".into() },
            ProgramError::InterpreterMissing { path: path.clone(), interpreter: other.clone() },
            ProgramError::LoaderMissing { path: path.clone(), loader: other.clone() },
            ProgramError::TooManyInterpreters { path: path.clone() },
            ProgramError::LibraryMissing { library: other, needed_by: path },
        ];
        let (english, japanese) = (crate::words::texts(Language::English), crate::words::texts(Language::Japanese));
        for error in all {
            let text = error.text();
            assert_eq!(english.text(&text.id, &text.params), error.to_string());
            let said = japanese.text(&text.id, &text.params);
            assert!(said != error.to_string() && said != text.id, "{said}");
        }
    }
}
