use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use tempfile::{TempDir, tempdir};

use super::*;

fn written(directory: &TempDir, name: &str, mode: u32, bytes: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn refused(path: &Path) -> String {
    match Program::inspect(path) {
        Ok(program) => panic!("accepted as {}", program.kind),
        Err(error) => error.to_string(),
    }
}

fn guests(closure: &Closure) -> Vec<&str> {
    closure.files.iter().map(|file| file.guest.to_str().unwrap()).collect()
}

/// Some ELF program of this machine that is not linked statically.
fn dynamic_program() -> Vec<u8> {
    fs::read("/bin/true").unwrap()
}

fn compiled(directory: &Path, arguments: &[&str]) -> bool {
    match Command::new("gcc").current_dir(directory).args(arguments).status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("not tried: gcc: {error}");
            false
        }
    }
}

#[test]
fn what_is_no_program_is_named() {
    let directory = tempdir().unwrap();
    let file = |name: &str, mode, bytes: &[u8]| written(&directory, name, mode, bytes);
    let cases = [
        (directory.path().join("nothing"), "there is no such file"),
        (directory.path().to_owned(), "a directory without boxproof.toml"),
        (PathBuf::from("/dev/null"), "not a regular file"),
        (file("empty", 0o755, b""), "the file is empty"),
        (file("main.go", 0o644, b"package main\n"), "text file without a first line `#!...`"),
        (file("bare", 0o755, b"#!\n"), "text file without a first line"),
        (file("script", 0o644, b"#!/bin/sh\n"), "no run bit. Set it: chmod +x "),
        (file("elf", 0o644, &dynamic_program()), "no run bit"),
        (file("a.exe", 0o755, b"MZ\x90\0\x03"), "a Windows program"),
        (file("mac", 0o755, b"\xcf\xfa\xed\xfe\x07"), "a macOS program"),
        (file("data", 0o755, b"\x01\0\x02"), "an unknown binary format"),
        (
            file("gone", 0o755, b"#!/opt/nowhere/sh -e\n"),
            "its first line names /opt/nowhere/sh, which is not on this machine",
        ),
        (file("dos", 0o755, b"#!/bin/sh\r\necho\r\n"), "carriage return"),
        (file("dos-env", 0o755, b"#!/usr/bin/env sh\r\n"), "carriage return"),
        (file("env", 0o755, b"#!/usr/bin/env no-such-language\n"), "names no-such-language"),
    ];
    for (path, expected) in cases {
        let message = refused(&path);
        assert!(message.contains(expected), "{message}");
        assert!(message.contains(path.to_str().unwrap()), "{message}");
    }
    let below_a_file = directory.path().join("script/below");
    assert!(refused(&below_a_file).contains("no such file"));
}

#[test]
fn a_script_that_runs_itself_is_refused() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("loop");
    written(&directory, "loop", 0o755, format!("#!{}\n", path.display()).as_bytes());
    assert!(refused(&path).contains("more than four deep"));
}

#[test]
fn programs_for_other_machines_name_both() {
    let directory = tempdir().unwrap();
    let patched = |name: &str, patches: &[(usize, u8)]| {
        let mut bytes = dynamic_program();
        patches.iter().for_each(|(at, byte)| bytes[*at] = *byte);
        refused(&written(&directory, name, 0o755, &bytes))
    };
    let here = std::env::consts::ARCH;
    assert!(patched("mips", &[(18, 8), (19, 0)]).contains(&format!("built for mips, this machine is {here}")));
    assert!(patched("i386", &[(4, 1), (18, 3)]).contains(&format!("built for i386 (32 bit), this machine is {here}")));
    assert!(patched("s390", &[(5, 2), (18, 0), (19, 22)]).contains("built for s390x (big-endian)"));
    assert!(patched("bsd", &[(7, 9)]).contains(&format!("built for FreeBSD on {here}")));
    let (number, other) = if here == "aarch64" { (62, "x86_64") } else { (183, "aarch64") };
    let message = patched("other", &[(18, number), (19, 0)]);
    assert!(message.contains(&format!("is built for {other}, this machine is {here}")), "{message}");
    assert!(message.contains("GOARCH="), "{message}");
}

#[test]
fn unlinked_and_damaged_files_are_named() {
    let directory = tempdir().unwrap();
    let mut object = dynamic_program();
    object[16] = 1;
    assert!(refused(&written(&directory, "object", 0o755, &object)).contains("never linked"));
    let whole = dynamic_program();
    assert!(refused(&written(&directory, "short", 0o755, &whole[..10])).contains("it ends after 10 bytes"));
    let half = refused(&written(&directory, "half", 0o755, &whole[..whole.len() / 2]));
    assert!(half.contains("it is cut off: ") || half.contains("damaged"), "{half}");
}

/// Whatever is left of a file, or whatever became of it, there is an answer.
#[test]
fn truncated_and_garbled_files_never_panic() {
    for bytes in [dynamic_program(), fs::read(std::env::current_exe().unwrap()).unwrap()] {
        let path = Path::new("truncated");
        let head = bytes.len().min(256 * 1024);
        for length in (0..head).step_by(64).chain((head..bytes.len()).step_by(65_536)) {
            let _ = kind_of(path, &bytes[..length], &[]);
        }
        let mut garbled = bytes[..bytes.len().min(64 * 1024)].to_vec();
        for at in (0..4096.min(garbled.len())).chain((4096..garbled.len()).step_by(61)) {
            for value in [0, 0x7f, 0xff] {
                let before = std::mem::replace(&mut garbled[at], value);
                let _ = kind_of(path, &garbled, &[]);
                garbled[at] = before;
            }
        }
    }
}

#[test]
fn a_static_program_needs_only_itself() {
    // The tests are linked statically, like everything here.
    let path = std::env::current_exe().unwrap().canonicalize().unwrap();
    let program = Program::inspect(&path).unwrap();
    if program.kind != ProgramKind::StaticElf {
        println!("not tried: these tests were linked dynamically");
        return;
    }
    let closure = program.closure().unwrap();
    assert_eq!(closure.files, [ClosureFile { guest: path.clone(), source: Source::File(path) }]);
    assert_eq!(closure.needs_tree, None);
    assert_eq!(program.size, fs::metadata(&program.path).unwrap().len());
}

#[test]
fn a_dynamic_program_brings_loader_and_libraries() {
    let program = Program::inspect(Path::new("/bin/true")).unwrap();
    let ProgramKind::DynamicElf { loader } = &program.kind else { panic!("{}", program.kind) };
    let closure = program.closure().unwrap();
    let guests = guests(&closure);
    assert!(guests.contains(&loader.to_str().unwrap()), "{guests:?}");
    assert!(guests.iter().any(|guest| guest.ends_with("/libc.so.6") || guest.contains("musl")), "{guests:?}");
    assert!(closure.files.iter().all(|file| file.guest.is_absolute()));
}

/// The proof of the closure: the program runs where nothing else is.
#[test]
fn a_closure_is_enough_to_run_the_program() {
    let directory = tempdir().unwrap();
    let script = written(&directory, "hello", 0o755, b"#!/bin/bash\necho \"hello from $0 $1\"\n");
    if !Path::new("/bin/bash").exists() || !nix::unistd::geteuid().is_root() {
        println!("not tried: needs bash and root");
        return;
    }
    let program = Program::inspect(&script).unwrap();
    assert_eq!(program.kind.to_string(), "script, run by /bin/bash");
    let root = tempdir().unwrap();
    program.closure().unwrap().tree().unwrap().write_to(root.path()).unwrap();
    let output = Command::new("chroot").arg(root.path()).arg(&program.path).arg("you").output().unwrap();
    let expected = format!("hello from {} you\n", program.path.display());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{output:?}");
}

#[test]
fn libraries_beside_the_program_are_found_by_origin() {
    let directory = tempdir().unwrap();
    let at = directory.path();
    fs::write(at.join("inner.c"), "int inner(void) { return 35; }").unwrap();
    fs::write(at.join("outer.c"), "int inner(void); int outer(void) { return inner() + 2; }").unwrap();
    fs::write(at.join("main.c"), "int outer(void); int main(void) { return outer(); }").unwrap();
    fs::create_dir_all(at.join("app/lib")).unwrap();
    fs::create_dir_all(at.join("app/bin")).unwrap();
    let built =
        compiled(at, &["-shared", "-fPIC", "-o", "app/lib/libinner.so.1.2", "-Wl,-soname,libinner.so.1", "inner.c"])
            && symlink("libinner.so.1.2", at.join("app/lib/libinner.so.1")).is_ok()
            && compiled(
                at,
                &[
                    "-shared",
                    "-fPIC",
                    "-o",
                    "app/lib/libouter.so",
                    "outer.c",
                    "app/lib/libinner.so.1",
                    "-Wl,-rpath,$ORIGIN",
                ],
            )
            && compiled(
                at,
                &[
                    "-o",
                    "app/bin/main",
                    "main.c",
                    "-Lapp/lib",
                    "-louter",
                    "-Wl,-rpath,$ORIGIN/../lib",
                    "-Wl,-rpath-link,app/lib",
                ],
            );
    if !built {
        println!("not tried: gcc could not build the example");
        return;
    }
    symlink("app/bin/main", at.join("runtime")).unwrap();
    let program = Program::inspect(&at.join("runtime")).unwrap();
    let closure = program.closure().unwrap();
    let at = at.canonicalize().unwrap();
    assert_eq!(closure.files[0].source, Source::Symlink(at.join("app/bin/main")));
    for library in ["app/lib/libouter.so", "app/lib/libinner.so.1"] {
        assert!(closure.files.iter().any(|file| file.guest == at.join(library)), "{:?}", guests(&closure));
    }
    if nix::unistd::geteuid().is_root() {
        let root = tempdir().unwrap();
        closure.tree().unwrap().write_to(root.path()).unwrap();
        // The loader learns $ORIGIN from /proc/self/exe.
        fs::create_dir(root.path().join("proc")).unwrap();
        let status = Command::new("unshare")
            .args(["--mount", "sh", "-c", r#"mount --bind /proc "$1/proc" && exec chroot "$1" "$2""#, "sh"])
            .args([root.path(), &program.path])
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(37));
    }

    fs::remove_file(at.join("app/lib/libinner.so.1")).unwrap();
    let message = Program::inspect(&program.path).unwrap().closure().unwrap_err().to_string();
    assert!(message.contains("libouter.so: it needs the library libinner.so.1"), "{message}");
}

#[test]
fn a_missing_loader_is_named() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("main.c"), "int main(void) { return 0; }").unwrap();
    if !compiled(directory.path(), &["-o", "main", "main.c", "-Wl,--dynamic-linker=/lib/ld-elsewhere.so.1"]) {
        return;
    }
    let message = refused(&directory.path().join("main"));
    assert!(message.contains("the loader /lib/ld-elsewhere.so.1, which is not on this machine"), "{message}");
}

#[test]
fn env_finds_the_interpreter_and_languages_are_said_to_need_their_tree() {
    let directory = tempdir().unwrap();
    let script = written(&directory, "tool", 0o755, b"#! /usr/bin/env -S perl -w\nprint 1;\n");
    if shebang::find("perl".as_ref()).is_none() || !Path::new("/usr/bin/env").exists() {
        println!("not tried: there is no perl here");
        return;
    }
    let program = Program::inspect(&script).unwrap();
    let ProgramKind::Script { interpreters } = &program.kind else { panic!("{}", program.kind) };
    assert_eq!(interpreters[0].path, Path::new("/usr/bin/env"));
    assert_eq!(interpreters[0].argument.as_deref(), Some("-S perl -w".as_ref()));
    let closure = program.closure().unwrap();
    assert_eq!(closure.needs_tree.as_deref(), Some("perl"));
    assert!(guests(&closure).contains(&"/usr/bin/env"));
    assert!(guests(&closure).iter().any(|guest| guest.ends_with("/perl")));
}

/// As with pyenv: what `env` finds is a script again.
/// A verdict must not depend on what the teacher's machine has.
#[test]
fn what_is_brought_there_need_not_be_here() {
    let directory = tempdir().unwrap();
    let script = |name: &str, line: &str| written(&directory, name, 0o755, line.as_bytes());
    let (brought, languages) = (["klingon"], ["klingon", "sh"]);
    for line in
        ["#!/usr/bin/klingon -u\n", "#!/bin/klingon\n", "#!/usr/bin/env klingon\n", "#!/usr/bin/env -S klingon -u\n"]
    {
        let path = script("brought", line);
        assert!(refused(&path).contains("which is not on this machine"), "{line}");
        let program = Program::inspect_for(&path, &brought).unwrap();
        assert!(program.kind.is_script_of(&languages) && !program.kind.is_script_of(&["sh"]), "{line}");
    }
    // A copy of one's own is the student's, and so is a line that names no program.
    for line in ["#!/opt/bin/klingon\n", "#!/usr/bin/klingon\r\n", "#!/usr/bin/vulcan\n", "#!/usr/bin/env vulcan\n"] {
        assert!(Program::inspect_for(&script("own", line), &brought).is_err(), "{line}");
    }
}

#[test]
fn an_interpreter_that_is_a_script_brings_its_own() {
    let directory = tempdir().unwrap();
    let shim = written(&directory, "shim", 0o755, b"#!/usr/bin/env cat\n");
    let script = written(&directory, "tool", 0o755, format!("#!/usr/bin/env {}\n", shim.display()).as_bytes());
    let closure = Program::inspect(&script).unwrap().closure().unwrap();
    let guests = guests(&closure);
    assert!(guests.contains(&shim.to_str().unwrap()), "{guests:?}");
    assert!(guests.iter().any(|guest| guest.ends_with("/bin/cat")), "{guests:?}");
}

#[test]
fn the_same_bytes_have_the_same_hash_as_sha256sum_gives() {
    let directory = tempdir().unwrap();
    let script = written(&directory, "s", 0o755, b"#!/bin/sh\n");
    let expected = Command::new("sha256sum").arg(&script).output().unwrap();
    let expected = String::from_utf8(expected.stdout).unwrap();
    assert_eq!(Program::inspect(&script).unwrap().sha256, expected[..64]);
}

/// What a student could plant before the program is built or looked at: both kinds of link to a file of the teacher's.
#[test]
fn nothing_outside_belongs_to_a_program() {
    let (directory, teacher) = (tempdir().unwrap(), tempdir().unwrap());
    let secret = written(&teacher, "grades", 0o600, b"42 points");
    fs::create_dir(directory.path().join("target")).unwrap();
    symlink(&secret, directory.path().join("target/grades")).unwrap();
    symlink(teacher.path(), directory.path().join("node_modules")).unwrap();
    symlink(teacher.path(), directory.path().join("beside")).unwrap();
    symlink("../../../../../../etc/passwd", directory.path().join("target/passwd")).unwrap();
    for program in ["target/grades", "node_modules/grades", "beside/grades", "target/passwd"] {
        let tree = belongings(directory.path(), program).unwrap();
        let names: Vec<_> = tree.entries().map(|(path, _)| path.to_str().unwrap()).collect();
        assert_eq!(names, ["beside"], "{program}");
    }
}

/// What cargo makes is a hard link, what a Makefile makes may be a link to where it is built.
#[test]
fn a_program_belongs_wherever_it_is_built() {
    let directory = tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir_all(at("target/release/deps")).unwrap();
    fs::write(at("target/release/deps/box-1"), "built").unwrap();
    fs::hard_link(at("target/release/deps/box-1"), at("target/release/box")).unwrap();
    fs::hard_link(at("target/release/deps/box-1"), at("box")).unwrap();
    symlink("release/box", at("target/latest")).unwrap();
    for program in ["target/release/box", "target/latest", "box"] {
        let tree = belongings(directory.path(), program).unwrap();
        let laid = tempdir().unwrap();
        tree.write_to(laid.path()).unwrap();
        assert_eq!(fs::read(laid.path().join(program)).unwrap(), b"built", "{program}");
        assert_eq!(tree.get("target/release/deps"), None, "{program}");
    }
}
