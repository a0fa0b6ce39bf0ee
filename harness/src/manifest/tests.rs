use std::os::unix::ffi::OsStrExt;

use tempfile::tempdir;

use super::*;

fn parsed(text: &str) -> Manifest {
    Manifest::parse(text, Path::new("/srv/sub/boxproof.toml")).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    Manifest::parse(text, Path::new("/srv/sub/boxproof.toml")).expect_err("accepted").to_string()
}

fn place<'a>(program: &'a Path, rootfs: &'a Path) -> Place<'a> {
    Place { program, rootfs, workdir: "/w".as_ref(), state: "/run/s".as_ref(), id: "c1" }
}

fn called(invocation: &Invocation, options: &[(Offer, &str)], argv: &[&str]) -> Vec<String> {
    let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
    let words = invocation.words(&place("/w/p".as_ref(), "/w/rootfs".as_ref()), options, &argv);
    words.into_iter().map(|word| word.into_string().unwrap()).collect()
}

const FULL: &str = r#"
[build]
command = ["go", "build", "-o", "mycontainer", "."]

[runtime]
program = "out/mycontainer"
adapter = "workshop"

[offers]
memory = ["--memory", "{value}"]
cpus = ["--cpus={value}"]
hostname = ["--hostname", "{value}"]
overlay = ["--overlay", "{value}"]
"#;

#[test]
fn a_full_manifest_is_read() {
    let manifest = parsed(FULL);
    assert_eq!(manifest.directory, Path::new("/srv/sub"));
    assert_eq!(manifest.program, Path::new("/srv/sub/out/mycontainer"));
    assert_eq!(manifest.build.unwrap(), ["go", "build", "-o", "mycontainer", "."]);
    assert_eq!(manifest.invocation.adapter(), "workshop");
    let offered: Vec<_> = manifest.invocation.offered().map(Offer::key).collect();
    assert_eq!(offered, ["memory", "cpus", "hostname", "overlay"]);
    assert!(manifest.invocation.offers(Offer::Memory) && !manifest.invocation.offers(Offer::Pids));
}

#[test]
fn the_smallest_manifest_names_a_program() {
    let manifest = parsed("runtime.program = 'p'");
    assert_eq!(manifest.invocation, Invocation::workshop());
    assert_eq!(manifest.build, None);
}

#[test]
fn the_workshops_words_are_program_run_options_command() {
    let invocation = parsed(FULL).invocation;
    assert_eq!(called(&invocation, &[], &["/bin/sh", "-c", "a b"]), ["/w/p", "run", "/bin/sh", "-c", "a b"]);
    assert_eq!(
        called(&invocation, &[(Offer::Hostname, "box"), (Offer::Memory, "52428800"), (Offer::Overlay, "x")], &["sh"]),
        ["/w/p", "run", "--hostname", "box", "--memory", "52428800", "--overlay", "x", "sh"]
    );
    assert_eq!(called(&invocation, &[(Offer::Pids, "7")], &["sh"]), ["/w/p", "run", "sh"]);
}

#[test]
fn a_template_is_filled_in_and_argv_stays_as_it_is() {
    let manifest = parsed(
        r#"
        [runtime]
        program = "p"
        adapter = "command"
        command = ["{program}", "--defect", "PI01", "--root={rootfs}:{id}", "-C", "{workdir}", "{options}", "{{id}} {x", "{argv}", "end"]
        [offers]
        memory = ["-m", "{value}k"]
        "#,
    );
    assert_eq!(
        called(&manifest.invocation, &[(Offer::Memory, "5")], &["sh", "{id}", ""]),
        ["/w/p", "--defect", "PI01", "--root=/w/rootfs:c1", "-C", "/w", "-m", "5k", "{id} {x", "sh", "{id}", "", "end"]
    );
    assert_eq!(manifest.invocation.adapter(), "command");
}

#[test]
fn a_network_has_three_values_and_the_runtime_chooses_the_rest() {
    let invocation = parsed("runtime.program = 'p'\noffers.network = ['--net', 'veth={gateway},{address}']").invocation;
    let asked = [(Offer::Network, "10.1.2.3/28 10.1.2.1 cable")];
    assert_eq!(called(&invocation, &asked, &["sh"]), ["/w/p", "run", "--net", "veth=10.1.2.1,10.1.2.3/28", "sh"]);
    assert!(invocation.takes(Offer::Network, "address") && !invocation.takes(Offer::Network, "link"));
    let plain = parsed("runtime.program = 'p'\noffers.network = ['--net']").invocation;
    assert_eq!(called(&plain, &asked, &["sh"]), ["/w/p", "run", "--net", "sh"]);
}

#[test]
fn a_bridge_is_told_by_name_and_subnet() {
    let text = "runtime.program = 'p'\n[offers]\nbridge = ['--on', '{name},{subnet}']\npublish = ['-p', '{value}']";
    let asked = [(Offer::Bridge, "br0 10.1.2.0/28"), (Offer::Publish, "8080:80")];
    let words = ["/w/p", "run", "--on", "br0,10.1.2.0/28", "-p", "8080:80", "sh"];
    assert_eq!(called(&parsed(text).invocation, &asked, &["sh"]), words);
}

#[test]
fn the_verbs_of_an_oci_runtime_stand_behind_words_of_their_own() {
    let before = |text: &str| {
        let words = parsed(text).invocation.before_verb(&place("/w/p".as_ref(), "/w/rootfs".as_ref()));
        words.into_iter().map(|word| word.into_string().unwrap()).collect::<Vec<_>>()
    };
    let runtime = "[runtime]\nprogram = 'p'\n";
    assert_eq!(before(&format!("{runtime}adapter = 'oci'")), ["/w/p", "--root", "/run/s"]);
    assert_eq!(
        before(&format!("{runtime}adapter = 'oci'\ncommand = ['env', '{{program}}', '--root={{state}}']")),
        ["env", "/w/p", "--root=/run/s"]
    );
    assert_eq!(before(&format!("{runtime}[offers]\noci = ['-r', '{{state}}']")), ["/w/p", "-r", "/run/s"]);
    let template = "adapter = 'command'\ncommand = ['{program}', '-d', 'run', '{options}', '{argv}']";
    assert_eq!(
        before(&format!("{runtime}{template}\n[offers]\noci = ['-r', '{{state}}']")),
        ["/w/p", "-d", "-r", "/run/s"]
    );
    let oci = parsed(&format!("{runtime}adapter = 'oci'")).invocation;
    assert!(oci.offers(Offer::Memory) && oci.offers(Offer::Oci) && !oci.offers(Offer::Network));
    assert!(oci.implies(Policy::OutlivesRuntime) && !oci.implies(Policy::Init) && oci.declared().count() == 0);
}

#[test]
fn values_are_never_taken_for_placeholders_and_need_not_be_utf8() {
    let invocation =
        parsed("[runtime]\nprogram = 'p'\nadapter = 'command'\ncommand = ['{program}', '{rootfs}', '{argv}']")
            .invocation;
    let odd = OsStr::from_bytes(b"/\xff{id}");
    let words = invocation.words(&place("{rootfs}".as_ref(), odd.as_ref()), &[], &[odd.to_owned()]);
    assert_eq!(words, [OsStr::new("{rootfs}"), odd, odd]);
}

#[test]
fn words_are_taken_apart() {
    for (word, expected) in [
        ("", ""),
        ("{", "{"),
        ("}", "}"),
        ("{}", "{}"),
        ("{id", "{id"),
        ("{id}}", "c1}"),
        ("{{id}", "{c1"),
        ("{{id}}", "{id}"),
        ("{{{id}}}", "{{id}}"),
        ("${HOME}{id}{ id }", "${HOME}c1{ id }"),
        ("日{id}本", "日c1本"),
    ] {
        assert_eq!(filled(word, &[("id", "c1".as_ref())]), expected, "{word}");
    }
}

#[test]
fn mistakes_name_place_and_what_is_accepted() {
    let runtime = |rest: &str| format!("[runtime]\nprogram = \"p\"\n{rest}\n");
    let command = |words: &str| runtime(&format!("adapter = \"command\"\ncommand = {words}"));
    let offers = |rest: &str| runtime(&format!("[offers]\n{rest}"));
    let cases = [
        (String::new(), "missing field `runtime`"),
        ("[runtime]\n".into(), ":1:1: missing field `program`"),
        ("[runtime\n".into(), "boxproof.toml:1:9: "),
        ("[runtime]\nprogram = ' '\n".into(), ":2:11: `program` is empty"),
        (runtime("colour = 1"), ":3:1: unknown field `colour`, expected one of `program`, `adapter`, `command`"),
        ("[run]\nprogram = 'p'\n".into(), ":1:2: unknown field `run`, expected one of `build`, `runtime`, `offers`"),
        (
            runtime("adapter = \"docker\""),
            ":3:11: unknown variant `docker`, expected one of `workshop`, `command`, `oci`",
        ),
        (runtime("command = [\"x\"]"), ":3:11: `command` is used only with adapter = \"command\""),
        (runtime("adapter = \"command\""), "needs a `command`"),
        (runtime("adapter = \"oci\"\n[offers]\npids = [\"{value}\"]"), ":2:11: an OCI runtime is asked by its bundle"),
        (runtime("adapter = \"oci\"\ncommand = [\"runc\"]"), ":4:11: `command` does not run {program}"),
        (command("\"{program} {argv}\""), ":4:11: invalid type: string"),
        (command("[]"), ":4:11: `command` must hold \"{argv}\""),
        (command("[\"{program}\"]"), "must hold \"{argv}\", the command to run in the container, exactly once"),
        (command("[\"{program}\", \"{argv}\", \"{argv}\"]"), "exactly once"),
        (
            command("[\"{program}\", \"-- {argv}\"]"),
            ":4:25: {argv} expands to several words: it must be a word of its own",
        ),
        (command("[\"{argv}\", \"{program}\"]"), ":4:12: {argv} cannot be the program that is run"),
        (command("[\"sh\", \"{argv}\"]"), "does not run {program}"),
        (
            command("[\"{program}\", \"{root}\", \"{argv}\"]"),
            ":4:25: unknown placeholder {root}, expected one of {program} {rootfs}",
        ),
        (
            command("[\"{program}\", \"{argv}\"]\n[offers]\ncpus = [\"{value}\"]"),
            "where they go with the word \"{options}\"",
        ),
        (offers("memmory = [\"{value}\"]"), ":4:1: unknown field `memmory`, expected one of `memory`, `cpus`, `pids`"),
        (offers("memory = [\"--memory\"]"), ":4:10: the words of `memory` must hold {value} exactly once"),
        (offers("memory = [\"{value}\", \"{value}\"]"), "exactly once"),
        (offers("memory = [\"{size}\"]"), ":4:11: unknown placeholder {size}, this option has only {value}"),
        (
            offers("network = [\"{value}\"]"),
            "unknown placeholder {value}, this option has only {address} {gateway} {link}",
        ),
        (offers("network = [\"{link}{link}\"]"), ":4:11: the words of `network` must hold {link} exactly once"),
        (offers("bridge = [\"{name}\"]"), ":4:10: the words of `bridge` must hold {subnet} exactly once"),
        (offers("publish = [\"{value}\"]"), ":4:11: `publish` leads to a container on a bridge"),
        (offers("overlay = []"), "`overlay` holds no words"),
        ("[build]\ncommand = []\n[runtime]\nprogram = 'p'".into(), ":2:11: `build` holds no words"),
        ("[build]\ncommand = 'make'\n[runtime]\nprogram = 'p'".into(), ":2:11: invalid type: string"),
    ];
    for (text, expected) in cases {
        let message = refused(&text);
        assert!(message.starts_with("/srv/sub/boxproof.toml:"), "{message}");
        assert!(message.contains(expected), "{message}\nexpected: {expected}");
    }
}

#[test]
fn every_policy_can_be_declared() {
    for policy in Policy::ALL {
        let invocation = parsed(&format!("runtime.program = 'p'\n[policy]\n{policy} = true")).invocation;
        assert_eq!(invocation.declared().collect::<Vec<_>>(), [policy]);
        assert!(invocation.declares(policy));
    }
    assert_eq!(Invocation::workshop().declared().count(), 0);
}

#[test]
fn a_policy_is_declared_or_not_there() {
    let policy = |line: &str| refused(&format!("[runtime]\nprogram = 'p'\n[policy]\n{line}\n"));
    let unknown = policy("root-less = true");
    assert!(unknown.contains(":4:1: unknown field `root-less`, expected one of `init`"), "{unknown}");
    let not_so = policy("rootless = false");
    assert!(not_so.contains(":4:12: `rootless` can only be declared, as true"), "{not_so}");
    let no_truth = policy("init = \"yes\"");
    assert!(no_truth.contains(":4:8: invalid type: string \"yes\", expected a boolean"), "{no_truth}");
}

#[test]
fn columns_count_characters() {
    assert!(refused("# 実習\n\"日本\" = 1\n").contains("boxproof.toml:2:1: unknown field `日本`"));
}

#[test]
fn a_directory_without_the_file_has_no_manifest() {
    let directory = tempdir().unwrap();
    assert_eq!(Manifest::beside(directory.path()).unwrap(), None);
    assert_eq!(Manifest::beside(&directory.path().join("missing")).unwrap(), None);
    fs::write(directory.path().join(FILE_NAME), FULL).unwrap();
    let manifest = Manifest::beside(directory.path()).unwrap().unwrap();
    assert_eq!(manifest.program, directory.path().join("out/mycontainer"));
    fs::write(directory.path().join(FILE_NAME), [0xff, 0xfe]).unwrap();
    assert!(Manifest::beside(directory.path()).unwrap_err().to_string().starts_with("read "));
}

/// A mistake in it is quoted, so what a link leads to would be told to whoever made the link.
#[test]
fn only_a_file_is_a_manifest() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE_NAME);
    let refused = || Manifest::beside(directory.path()).unwrap_err().to_string();
    fs::write(directory.path().join("secret"), "password = 1").unwrap();
    std::os::unix::fs::symlink("secret", &path).unwrap();
    assert!(refused().ends_with("it must be a file of at most 1024 KiB, and no link to one"), "{}", refused());
    fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(refused().contains("no link to one"), "{}", refused());
    fs::remove_file(&path).unwrap();
    fs::File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
    assert!(refused().contains("1024 KiB"), "{}", refused());
}
