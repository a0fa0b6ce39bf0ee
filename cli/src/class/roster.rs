//! Who hands in what: the entries of a folder, or the lines of a roster.

use crate::calendar::Moment;
use crate::outcome::Trouble;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// One student's submission, as far as the teacher has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Student {
    /// Names the student, and the directory of the result.
    pub id: String,
    /// Where it lies.
    pub source: Source,
    /// Its commit, if it is known or asked for.
    pub commit: Option<String>,
    /// When that was made.
    pub committed_at: Option<String>,
}

/// Where a submission lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A program, or a directory with a `boxproof.toml`.
    Path(PathBuf),
    /// A repository to be cloned.
    Git(String),
}

impl Source {
    /// As the teacher wrote it.
    pub fn written(&self) -> String {
        match self {
            Source::Path(path) => path.display().to_string(),
            Source::Git(url) => url.clone(),
        }
    }
}

/// What lies beside submissions and is none: the container's root file system, how single programs are called, what boxproof
/// itself wrote.
const NO_SUBMISSION: [&str; 3] = ["rootfs", "boxproof.toml", "course.toml"];

/// Everybody, in the order of their ids. `except` is what a folder holds that is ours.
pub fn read(path: &Path, except: &[&Path]) -> Result<Vec<Student>, Trouble> {
    let mut students = match path.is_dir() {
        true => folder(path, except)?,
        false => roster(path)?,
    };
    if students.is_empty() {
        return Err(Trouble::usage(format!("{}: there is no submission in it", path.display())));
    }
    students.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(students)
}

fn folder(directory: &Path, except: &[&Path]) -> Result<Vec<Student>, Trouble> {
    let failed = |error| Trouble::usage(format!("read {}: {error}", directory.display()));
    let ours: Vec<PathBuf> = except.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let mut students = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (name, path) = (entry.file_name(), entry.path());
        let is_ours = path.canonicalize().is_ok_and(|path| ours.contains(&path));
        if is_submission(&name) && !is_ours {
            let id = name.to_string_lossy().into_owned();
            students.push(Student { id, source: Source::Path(path), commit: None, committed_at: None });
        }
    }
    Ok(students)
}

fn is_submission(name: &OsStr) -> bool {
    !name.as_encoded_bytes().starts_with(b".") && !NO_SUBMISSION.iter().any(|known| *known == name)
}

/// The columns of a roster. Each may go by several names.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("student_id", &["student_id", "student", "id"]),
    ("path", &["path", "git", "url", "submission", "repository"]),
    ("commit", &["commit", "sha"]),
    ("committed_at", &["committed_at", "submitted_at"]),
];

fn roster(path: &Path) -> Result<Vec<Student>, Trouble> {
    let wrong = |line: u64, what: String| Trouble::usage(format!("{}:{line}: {what}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .comment(Some(b'#'))
        .from_path(path)
        .map_err(|error| Trouble::usage(format!("read {}: {error}", path.display())))?;
    let header = reader.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
    // A spreadsheet may begin with a byte order mark.
    let titles: Vec<String> = header.iter().map(|title| title.trim_start_matches('\u{feff}').to_lowercase()).collect();
    let [id, source, commit, time] =
        COLUMNS.map(|(_, names)| titles.iter().position(|title| names.contains(&title.as_str())));
    let (Some(id), Some(source)) = (id, source) else {
        return Err(wrong(
            1,
            format!(
                "the first line must name the columns: student_id,path,commit,committed_at; it names {}",
                titles.join(",")
            ),
        ));
    };
    let beside = path.parent().unwrap_or(Path::new(""));
    let (mut students, mut ids) = (Vec::new(), BTreeSet::new());
    for record in reader.records() {
        let record =
            record.map_err(|error| wrong(error.position().map_or(0, |place| place.line()), error.to_string()))?;
        let line = record.position().map_or(0, |place| place.line());
        let field =
            |column: Option<usize>| column.and_then(|column| record.get(column)).filter(|text| !text.is_empty());
        let student = field(Some(id)).ok_or_else(|| wrong(line, "there is no student_id".into()))?.to_owned();
        if !names_a_directory(&student) {
            return Err(wrong(
                line,
                format!(
                    "student_id {student:?} cannot name a directory: no /, no dot at the start, at most 100 letters"
                ),
            ));
        }
        if !ids.insert(student.clone()) {
            return Err(wrong(line, format!("student_id {student} is there twice")));
        }
        let source =
            field(Some(source)).ok_or_else(|| wrong(line, format!("{student} has neither path nor git url")))?;
        let committed_at = field(time).map(str::to_owned);
        if committed_at.as_deref().is_some_and(|time| Moment::parse(time).is_none()) {
            return Err(wrong(line, "committed_at must be a time as in 2026-11-30T23:59:59+09:00".into()));
        }
        students.push(Student {
            id: student,
            source: if is_git(source) { Source::Git(source.to_owned()) } else { Source::Path(beside.join(source)) },
            commit: field(commit).map(str::to_owned),
            committed_at,
        });
    }
    Ok(students)
}

fn names_a_directory(id: &str) -> bool {
    !id.starts_with('.') && !id.contains(['/', '\0']) && id.len() <= 100 && !id.chars().any(char::is_control)
}

fn is_git(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@") || source.ends_with(".git")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Student>, String> {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("roster.csv");
        fs::write(&path, text).expect("write a roster");
        match read(&path, &[]) {
            Ok(mut students) => {
                for student in &mut students {
                    if let Source::Path(path) = &mut student.source {
                        *path = path.strip_prefix(place.path()).map_or(path.clone(), Path::to_owned);
                    }
                }
                Ok(students)
            }
            Err(Trouble::Usage(why) | Trouble::Environment(why)) => Err(why),
        }
    }

    #[test]
    fn a_roster_names_paths_and_repositories() {
        let students = read_text(
            "\u{feff}student_id,path,commit,committed_at\ns2,https://example.org/s2.git,abc123,2026-11-30T10:00:00Z\n\
             # a remark\ns1,work/s1,,\n",
        );
        let path =
            Student { id: "s1".into(), source: Source::Path("work/s1".into()), commit: None, committed_at: None };
        let git = Student {
            id: "s2".into(),
            source: Source::Git("https://example.org/s2.git".into()),
            commit: Some("abc123".into()),
            committed_at: Some("2026-11-30T10:00:00Z".into()),
        };
        assert_eq!(students, Ok(vec![path, git]));
    }

    #[test]
    fn a_mistake_in_a_roster_is_named_at_its_line() {
        let cases = [
            ("name,file\nx,y\n", ":1:", "student_id,path"),
            ("student_id,path\n../x,y\n", ":2:", "cannot name a directory"),
            ("student_id,path\n.x,y\n", ":2:", "cannot name a directory"),
            ("student_id,path\nx,y\nx,z\n", ":3:", "twice"),
            ("student_id,path\nx,\n", ":2:", "neither path nor git url"),
            ("student_id,path,committed_at\nx,y,yesterday\n", ":2:", "committed_at"),
            ("student_id,path\n", "", "no submission"),
        ];
        for (text, place, said) in cases {
            let why = read_text(text).expect_err(text);
            assert!(why.contains(place) && why.contains(said), "{why}");
        }
    }

    #[test]
    fn a_folder_holds_a_submission_per_entry_but_for_what_is_ours() {
        let place = tempfile::tempdir().expect("a directory");
        for name in ["b", "a", ".git", "rootfs", "boxproof.toml", "out", "roster.csv"] {
            fs::create_dir(place.path().join(name)).expect("mkdir");
        }
        let students = read(place.path(), &[&place.path().join("out")]).expect("students");
        assert_eq!(students.iter().map(|student| student.id.as_str()).collect::<Vec<_>>(), ["a", "b", "roster.csv"]);
    }
}
