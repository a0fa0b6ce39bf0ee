use std::os::unix::fs::{PermissionsExt, symlink};

use tempfile::{TempDir, tempdir};

use super::archive::Counted;
use super::*;

fn sample() -> Tree {
    let mut tree = Tree::new();
    tree.directory("tmp", 0o1777).unwrap();
    tree.directory("locked", 0o555).unwrap();
    tree.file("locked/inside", 0o640, "within a read-only directory").unwrap();
    tree.file("/bin/busybox", 0o4755, vec![7; 100_001]).unwrap();
    tree.symlink("bin/sh", "/bin/busybox").unwrap();
    tree.insert("bin/zz", Node::of_root(Kind::HardLink("bin/busybox".into()), 0o4755)).unwrap();
    tree.insert("a-link-before-its-file", Node::of_root(Kind::HardLink("bin/busybox".into()), 0o4755)).unwrap();
    tree.insert("run/pipe", Node::of_root(Kind::Fifo, 0o622)).unwrap();
    tree.file("empty", 0o644, "").unwrap();
    tree
}

/// A temporary directory that an ordinary user can remove although the sample holds a read-only one.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::set_permissions(self.path().join("locked"), PermissionsExt::from_mode(0o755));
    }
}

fn laid_out(tree: &Tree) -> Scratch {
    let directory = Scratch::new();
    tree.write_to(directory.path()).unwrap();
    directory
}

fn archived(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    tree.archive(&mut bytes).unwrap();
    bytes
}

/// What a directory holds, with contents instead of references to files.
fn contents(directory: &Path) -> Tree {
    let mut tree = Tree::read(directory).unwrap();
    for node in tree.nodes.values_mut() {
        if let Kind::File(content) = &mut node.kind
            && let Content::Host(path) = content
        {
            *content = Content::Bytes(fs::read(&*path).unwrap());
        }
        // An ordinary user's files are that user's.
        (node.uid, node.gid) = (0, 0);
    }
    tree
}

#[test]
fn parents_are_made_and_come_first() {
    let mut tree = Tree::new();
    tree.file("a/b/c", 0o644, "x").unwrap();
    tree.file("a.txt", 0o644, "x").unwrap();
    let paths: Vec<_> = tree.entries().map(|(path, _)| path.to_str().unwrap()).collect();
    assert_eq!(paths, ["a", "a/b", "a/b/c", "a.txt"]);
    assert_eq!(tree.get("/a/b").unwrap().mode, 0o755);
}

#[test]
fn paths_that_lead_out_or_nowhere_are_refused() {
    let mut tree = Tree::new();
    for path in ["..", "a/../../b", "/", "", "."] {
        assert!(tree.file(path, 0o644, "").is_err(), "{path}");
    }
    tree.file("file", 0o644, "").unwrap();
    let error = tree.file("file/below", 0o644, "").unwrap_err();
    assert_eq!(error.to_string(), "insert file/below: what is above it is not a directory");
    tree.file("full/x", 0o644, "").unwrap();
    assert!(tree.file("full", 0o644, "").is_err());
    assert!(tree.file("full/x", 0o600, "again").is_ok());
}

#[test]
fn grafting_keeps_directories_and_replaces_files() {
    let mut root = Tree::new();
    root.directory("tmp", 0o1777).unwrap();
    root.file("etc/hosts", 0o644, "old").unwrap();
    let mut other = Tree::new();
    other.file("tmp/x", 0o600, "x").unwrap();
    other.insert("tmp/y", Node::of_root(Kind::HardLink("tmp/x".into()), 0o600)).unwrap();
    other.file("etc/hosts", 0o644, "new").unwrap();
    let mut below = root.clone();
    root.graft("/", other.clone()).unwrap();
    assert_eq!(root.get("tmp").unwrap().mode, 0o1777);
    assert_eq!(root.get("etc/hosts").unwrap().kind, Kind::File(Content::Bytes(b"new".to_vec())));
    below.graft("/srv", other).unwrap();
    assert_eq!(below.get("srv/tmp/y").unwrap().kind, Kind::HardLink("srv/tmp/x".into()));
}

#[test]
fn resolving_follows_links_inside_the_tree() {
    let mut tree = sample();
    tree.symlink("usr/bin", "../bin").unwrap();
    tree.symlink("loop", "loop").unwrap();
    tree.symlink("out", "../../../bin/sh").unwrap();
    for path in ["/bin/sh", "/usr/bin/sh", "/usr/bin/../../bin/zz", "out"] {
        assert_eq!(tree.resolve(path), tree.get("bin/busybox"), "{path}");
    }
    assert_eq!(tree.resolve("/loop"), None);
    assert_eq!(tree.resolve("/bin/nothing"), None);
}

#[test]
fn a_directory_read_and_laid_out_again_is_the_same() {
    let first = laid_out(&sample());
    let tree = Tree::read(first.path()).unwrap();
    let second = laid_out(&tree);
    assert_eq!(contents(first.path()), contents(second.path()));
    assert_eq!(tree.len(), sample().len());
    let busybox = fs::metadata(second.path().join("bin/busybox")).unwrap();
    assert_eq!((busybox.nlink(), busybox.mode() & 0o7777, busybox.len()), (3, 0o4755, 100_001));
    assert_eq!(fs::metadata(second.path().join("locked")).unwrap().mode() & 0o7777, 0o555);
    assert_eq!(fs::metadata(second.path().join("tmp")).unwrap().mode() & 0o7777, 0o1777);
}

#[test]
fn an_archive_unpacks_to_the_same() {
    let direct = laid_out(&sample());
    let unpacked = Scratch::new();
    Tree::unpack(archived(&sample()).as_slice(), unpacked.path()).unwrap();
    assert_eq!(contents(direct.path()), contents(unpacked.path()));
    assert_eq!(fs::metadata(unpacked.path().join("bin/busybox")).unwrap().nlink(), 3);
}

/// `make` goes by them, and takes equal times for "up to date".
#[test]
fn files_of_the_machine_keep_their_times() {
    let directory = tempdir().unwrap();
    for (name, second) in [("mycontainer", 1_700_000_000), ("mycontainer.c", 1_700_000_001)] {
        let file = File::create(directory.path().join(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(second)).unwrap();
    }
    let tree = Tree::read(directory.path()).unwrap();
    let mut archive = Vec::new();
    tree.archive_with_times(&mut archive).unwrap();
    let unpacked = Scratch::new();
    Tree::unpack(archive.as_slice(), unpacked.path()).unwrap();
    for place in [unpacked.path(), laid_out(&tree).path()] {
        let time = |name: &str| fs::metadata(place.join(name)).unwrap().mtime();
        assert_eq!((time("mycontainer"), time("mycontainer.c")), (1_700_000_000, 1_700_000_001));
    }
    // Without them it depends on nothing but names and contents.
    let before = archived(&tree);
    File::open(directory.path().join("mycontainer")).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
    assert_eq!(archived(&tree), before);
}

#[test]
fn owners_and_devices_survive_for_root() {
    if !nix::unistd::geteuid().is_root() {
        println!("not tried: owners and device nodes need root");
        return;
    }
    let mut tree = Tree::new();
    tree.insert("home/u", Node { uid: 1000, gid: 1001, ..Node::directory(0o700) }).unwrap();
    tree.insert("home/u/s", Node { uid: 1000, gid: 1001, ..Node::file(0o4755, Content::Bytes(vec![1])) }).unwrap();
    tree.insert("home/u/l", Node { uid: 1000, gid: 1001, ..Node::symlink("s") }).unwrap();
    tree.insert("dev/null", Node::of_root(Kind::Char { major: 1, minor: 3 }, 0o666)).unwrap();
    tree.insert("dev/far", Node::of_root(Kind::Block { major: 259, minor: 70_000 }, 0o600)).unwrap();
    let unpacked = tempdir().unwrap();
    Tree::unpack(archived(&tree).as_slice(), unpacked.path()).unwrap();
    let back = Tree::read(unpacked.path()).unwrap();
    for path in ["home/u", "home/u/l", "dev/null", "dev/far"] {
        assert_eq!(back.get(path), tree.get(path), "{path}");
    }
    let suid = back.get("home/u/s").unwrap();
    assert_eq!((suid.mode, suid.uid, suid.gid), (0o4755, 1000, 1001));
}

#[test]
fn sockets_are_left_out() {
    let directory = tempdir().unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("socket")).unwrap();
    assert!(Tree::read(directory.path()).unwrap().is_empty());
}

#[test]
fn the_machines_cpio_reads_our_archives() {
    if !nix::unistd::geteuid().is_root() {
        println!("not tried: busybox cpio fills a read-only directory only as root");
        return;
    }
    let directory = tempdir().unwrap();
    let file = directory.path().join("a.cpio");
    fs::write(&file, archived(&sample())).unwrap();
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let busybox = std::process::Command::new("busybox").arg("cpio").arg("-iF").arg(&file).current_dir(&inner).output();
    let Ok(output) = busybox else {
        println!("not tried: there is no busybox on this machine");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let names = |tree: Tree| tree.nodes.into_keys().collect::<Vec<_>>();
    assert_eq!(names(Tree::read(&inner).unwrap()), names(sample()));
    assert_eq!(fs::read(inner.join("a-link-before-its-file")).unwrap(), vec![7; 100_001]);
}

#[test]
fn existing_directories_stay_and_anything_else_in_the_way_is_an_error() {
    let directory = tempdir().unwrap();
    fs::create_dir(directory.path().join("tmp")).unwrap();
    fs::set_permissions(directory.path().join("tmp"), PermissionsExt::from_mode(0o700)).unwrap();
    let mut tree = Tree::new();
    tree.directory("tmp", 0o1777).unwrap();
    tree.file("tmp/x", 0o644, "new").unwrap();
    tree.write_to(directory.path()).unwrap();
    assert_eq!(fs::metadata(directory.path().join("tmp")).unwrap().mode() & 0o7777, 0o700);
    let error = tree.write_to(directory.path()).unwrap_err();
    assert_eq!(error.to_string(), "create tmp/x: EEXIST: File exists");
    assert_eq!(error.errno(), Some(Errno::EEXIST));
}

#[test]
fn links_that_lead_out_are_never_followed() {
    let outside = tempdir().unwrap();
    let directory = tempdir().unwrap();
    symlink(outside.path(), directory.path().join("etc")).unwrap();
    symlink(outside.path().join("file"), directory.path().join("file")).unwrap();
    for path in ["etc/passwd", "file"] {
        let mut tree = Tree::new();
        tree.file(path, 0o644, "mine").unwrap();
        assert!(tree.write_to(directory.path()).is_err(), "{path}");
        assert!(Tree::unpack(archived(&tree).as_slice(), directory.path()).is_err(), "{path}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

/// A member as an attacker would write it.
fn raw(name: &str, mode: u32, ino: u32, nlink: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Counted { to: Vec::new(), count: 0 };
    let header = archive::Header {
        ino,
        mode,
        nlink,
        size: body.len() as u32,
        name: name.len() as u32 + 1,
        ..Default::default()
    };
    archive::send(&mut out, &header, name.as_bytes(), body.len() as u64, body).unwrap();
    out.to
}

fn unpacking(members: &[Vec<u8>]) -> (TempDir, Result<()>) {
    let directory = tempdir().unwrap();
    let mut bytes = members.concat();
    bytes.extend(raw("TRAILER!!!", 0, 0, 1, b""));
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let result = Tree::unpack(bytes.as_slice(), &inner);
    (directory, result)
}

#[test]
fn hostile_archives_write_nothing_outside() {
    const FILE: u32 = libc::S_IFREG | 0o644;
    const LINK: u32 = libc::S_IFLNK | 0o777;
    let attacks: &[(&str, Vec<Vec<u8>>)] = &[
        ("upwards", vec![raw("../out", FILE, 1, 1, b"x")]),
        ("hidden upwards", vec![raw("a/../../out", FILE, 1, 1, b"x")]),
        ("absolute", vec![raw("/tmp/boxproof-out", FILE, 1, 1, b"x")]),
        ("through a link", vec![raw("d", LINK, 1, 1, b".."), raw("d/out", FILE, 2, 1, b"x")]),
        ("onto a link", vec![raw("f", LINK, 1, 1, b"../out"), raw("f", FILE, 2, 1, b"x")]),
        ("directory onto a link", vec![raw("d", LINK, 1, 1, b".."), raw("d", libc::S_IFDIR | 0o777, 2, 1, b"")]),
        (
            "hard link through a link",
            vec![raw("d/f", FILE, 7, 2, b"x"), raw("e", LINK, 2, 1, b".."), raw("e/out", FILE, 7, 2, b"")],
        ),
        ("hard link with data", vec![raw("f", FILE, 7, 2, b"x"), raw("g", FILE, 7, 2, b"y")]),
        ("twice", vec![raw("f", FILE, 1, 1, b"x"), raw("f", FILE, 2, 1, b"y")]),
        ("the root as a file", vec![raw(".", FILE, 1, 1, b"x")]),
        ("below a file", vec![raw("f", FILE, 1, 1, b"x"), raw("f/g", FILE, 2, 1, b"y")]),
        ("a socket", vec![raw("s", libc::S_IFSOCK | 0o777, 1, 1, b"")]),
        ("no kind", vec![raw("s", 0o777, 1, 1, b"")]),
        ("a link to nothing", vec![raw("s", LINK, 1, 1, b"")]),
        ("an empty name", vec![raw("", FILE, 1, 1, b"")]),
        ("a name in two parts", vec![raw("a\0b", FILE, 1, 1, b"")]),
        ("a directory with data", vec![raw("d", libc::S_IFDIR | 0o755, 1, 1, b"data")]),
    ];
    for (name, members) in attacks {
        let (directory, result) = unpacking(members);
        assert!(result.is_err(), "{name}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "{name}");
    }
    assert!(!Path::new("/tmp/boxproof-out").exists());
}

#[test]
fn a_link_may_point_anywhere_as_long_as_nothing_goes_through_it() {
    let (_directory, result) =
        unpacking(&[raw("d", libc::S_IFLNK | 0o777, 1, 1, b"/etc"), raw("./x/y", libc::S_IFREG, 2, 1, b"1")]);
    result.unwrap();
}

#[test]
fn a_truncated_or_garbled_archive_is_an_error_and_never_a_panic() {
    let mut small = Tree::new();
    small.file("a/b", 0o644, "some text").unwrap();
    small.symlink("a/c", "b").unwrap();
    let whole = archived(&small);
    let end = whole.len() - raw("TRAILER!!!", 0, 0, 1, b"").len();
    for length in 0..end + 110 {
        let directory = tempdir().unwrap();
        assert!(Tree::unpack(&whole[..length], directory.path()).is_err(), "{length}");
    }
    for at in 0..whole.len() {
        for byte in [0, b'+', b'f', 0xff] {
            let mut garbled = whole.clone();
            garbled[at] = byte;
            let directory = tempdir().unwrap();
            let _ = Tree::unpack(garbled.as_slice(), directory.path());
        }
    }
}

#[test]
fn a_file_too_large_for_the_format_is_named() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("large");
    File::create(&path).unwrap().set_len(1 << 32).unwrap();
    let mut tree = Tree::new();
    tree.host_file("srv/large", 0o644, &path).unwrap();
    let error = tree.archive(io::sink()).unwrap_err();
    assert_eq!(error.to_string(), "archive srv/large: a cpio archive holds files of less than 4 GiB");
}

#[test]
fn a_link_put_in_the_place_of_a_file_is_not_followed() {
    let directory = tempdir().unwrap();
    let (path, secret) = (directory.path().join("file"), directory.path().join("secret"));
    fs::write(&path, "x").unwrap();
    let tree = Tree::read(directory.path()).unwrap();
    fs::rename(&path, &secret).unwrap();
    symlink(&secret, &path).unwrap();
    let error = tree.archive(io::sink()).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::ELOOP), "{error}");
    // Of a name that we were given, what it leads to is meant.
    let mut given = Tree::new();
    given.host_file("file", 0o644, &path).unwrap();
    assert_eq!(fs::read(laid_out(&given).path().join("file")).unwrap(), b"x");
}

#[test]
fn a_pipe_put_in_the_place_of_a_file_does_not_make_us_wait() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "x").unwrap();
    let tree = Tree::read(directory.path()).unwrap();
    fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let error = tree.archive(io::sink()).unwrap_err();
    assert!(error.to_string().ends_with("it is not a regular file"), "{error}");
}
