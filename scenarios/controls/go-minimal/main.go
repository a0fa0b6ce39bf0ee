// A small right container runtime: what the workshop's program becomes when its mistakes are mended.
//
//	mycontainer run CMD [ARGS...]        in a directory that holds rootfs/
//
// run makes the namespaces and calls this program again inside them, as child; child builds the container from within
// and becomes the command. run stays outside: it passes signals on and ends as the command ends.
// No cgroup: limits are put on from the host's side, as in step 3 of the workshop.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

const (
	ownFailure    = 125
	notExecutable = 126
	notFound      = 127
)

// Linux 4.6; the package syscall does not know it everywhere.
const cloneNewCgroup = 0x02000000

// The request to die with the parent belongs to a thread, on both sides: the one that asks for it must be the one that
// becomes the command, the one that starts the child must live as long as the runtime.
func init() {
	runtime.LockOSThread()
}

func main() {
	if len(os.Args) >= 3 && os.Args[1] == "run" {
		os.Exit(run(os.Args[2:]))
	}
	// On the host, where it could only do harm, child is no verb at all.
	if len(os.Args) >= 3 && os.Args[1] == "child" && os.Getpid() == 1 {
		child(os.Args[2:])
	}
	fmt.Fprintf(os.Stderr, "usage: %s run CMD [ARGS...]\n", os.Args[0])
	os.Exit(2)
}

func die(status int, format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "mycontainer: "+format+"\n", arguments...)
	os.Exit(status)
}

func must(err error, doing string) {
	if err != nil {
		die(ownFailure, "%s: %v", doing, err)
	}
}

// ---- outside ----

func run(command []string) int {
	// From now on a signal is a message to be passed on, not the end.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2)

	// One end for each half. The child's closes when it has become the command, the runtime's when the runtime dies.
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(err, "socketpair")
	theirs := os.NewFile(uintptr(ends[1]), "the child's end")

	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, command...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET |
			syscall.CLONE_NEWIPC | cloneNewCgroup,
		Pdeathsig: syscall.SIGKILL,
	}
	must(cmd.Start(), "start a process in new namespaces")
	theirs.Close()
	// Only the command can be told a signal.
	for {
		if _, err := syscall.Read(ends[0], make([]byte, 1)); err != syscall.EINTR {
			break
		}
	}

	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	killedFor := 0
	for {
		select {
		case <-over:
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			switch {
			case !status.Signaled():
				return status.ExitStatus()
			case killedFor != 0:
				return 128 + killedFor
			default:
				return 128 + int(status.Signal())
			}
		case received := <-signals:
			number := received.(syscall.Signal)
			if shrugsOff(cmd.Process.Pid, number) {
				killedFor = int(number)
				number = syscall.SIGKILL
			} else if sentByTerminal(number) {
				continue
			}
			cmd.Process.Signal(number)
		}
	}
}

// The kernel keeps signals from PID 1 that it has no handler for. Would this one have ended any other process?
func shrugsOff(pid int, number syscall.Signal) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	var minded uint64
	for _, line := range strings.Split(string(text), "\n") {
		name, value, _ := strings.Cut(line, ":")
		if name == "SigBlk" || name == "SigIgn" || name == "SigCgt" {
			mask, _ := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			minded |= mask
		}
	}
	return minded>>(number-1)&1 == 0
}

// Ctrl-C and Ctrl-\ reach everybody in the terminal's foreground: the command has got them as well.
func sentByTerminal(number syscall.Signal) bool {
	if number != syscall.SIGINT && number != syscall.SIGQUIT {
		return false
	}
	var foreground int32
	return ioctl(0, syscall.TIOCGPGRP, unsafe.Pointer(&foreground)) == nil && int(foreground) == syscall.Getpgrp()
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}

// ---- inside ----

func child(command []string) {
	liveOnlyWithRuntime()
	syscall.Umask(0)
	enterRootfs()
	mountAll()
	maskProc()
	loopbackUp()
	nameHost()
	syscall.Umask(0o022)
	become(command)
}

// The child's end of the socket pair: os/exec puts ExtraFiles behind the three standard streams.
const theRuntime = 3

// The kernel was asked before the exec to kill us with the runtime. Had that died by then, nobody would have told us.
func liveOnlyWithRuntime() {
	read, _, err := syscall.Recvfrom(theRuntime, make([]byte, 1), syscall.MSG_DONTWAIT)
	if err == nil && read == 0 {
		os.Exit(ownFailure)
	}
}

// Where / is shared, as systemd makes it, every mount would appear on the host: so it is made private first of all.
func enterRootfs() {
	must(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""), "make / private")
	must(syscall.Mount("rootfs", "rootfs", "", syscall.MS_BIND|syscall.MS_REC, ""), "bind rootfs")
	must(os.Chdir("rootfs"), "chdir rootfs")
	// The old root is stacked on the new one and detached: no directory for it is needed in the rootfs.
	must(syscall.PivotRoot(".", "."), "pivot_root rootfs")
	must(syscall.Unmount(".", syscall.MNT_DETACH), "detach the old root")
	must(os.Chdir("/"), "chdir /")
}

const safe = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC

func mount(kind, target string, flags uintptr, data string) {
	must(os.MkdirAll(target, 0o755), "mkdir "+target)
	must(syscall.Mount(kind, target, kind, flags, data), "mount "+kind+" on "+target)
}

func mountAll() {
	mount("proc", "/proc", safe, "")
	mount("sysfs", "/sys", safe|syscall.MS_RDONLY, "")
	mount("tmpfs", "/dev", syscall.MS_NOSUID|syscall.MS_NOEXEC, "mode=755,size=64k")
	devices := map[string]int{"null": 1<<8 | 3, "zero": 1<<8 | 5, "full": 1<<8 | 7, "random": 1<<8 | 8, "urandom": 1<<8 | 9, "tty": 5 << 8}
	for name, number := range devices {
		must(syscall.Mknod("/dev/"+name, syscall.S_IFCHR|0o666, number), "mknod /dev/"+name)
	}
	mount("devpts", "/dev/pts", syscall.MS_NOSUID|syscall.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")
	mount("tmpfs", "/dev/shm", safe, "mode=1777,size=64m")
	links := map[string]string{"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
	for name, target := range links {
		must(os.Symlink(target, "/dev/"+name), "symlink /dev/"+name)
	}
}

// What of /proc reaches through to the whole machine: some of it read-only, some of it not at all.
func maskProc() {
	for _, path := range []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"} {
		if _, err := os.Stat(path); err == nil {
			must(syscall.Mount(path, path, "", syscall.MS_BIND|syscall.MS_REC, ""), "bind "+path)
			// A bind mount takes no other flags: read-only needs a second call.
			flags := uintptr(syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY | safe)
			must(syscall.Mount("", path, "", flags, ""), "make read-only "+path)
		}
	}
	for _, path := range []string{"/proc/kcore", "/proc/keys", "/proc/timer_list"} {
		if _, err := os.Stat(path); err == nil {
			must(syscall.Mount("/dev/null", path, "", syscall.MS_BIND, ""), "hide "+path)
		}
	}
}

func loopbackUp() {
	// struct ifreq: the name, then what is set of it.
	var request struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], "lo")
	request.flags = syscall.IFF_UP
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	must(err, "socket")
	must(ioctl(fd, syscall.SIOCSIFFLAGS, unsafe.Pointer(&request)), "bring lo up")
}

// Two containers have two names.
func nameHost() {
	random := make([]byte, 6)
	_, err := rand.Read(random)
	must(err, "draw a name")
	must(syscall.Sethostname([]byte(hex.EncodeToString(random))), "sethostname")
}

// Bare names are looked up in the container's PATH, not in the caller's, and nothing of the caller's is passed on but
// the three standard streams.
func become(command []string) {
	environment := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	os.Clearenv()
	os.Setenv("PATH", strings.TrimPrefix(environment[0], "PATH="))
	closeOnExec(3)
	path, err := exec.LookPath(command[0])
	if err == nil {
		err = syscall.Exec(path, command, environment)
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		die(notFound, "%v", err)
	}
	die(notExecutable, "exec %s: %v", command[0], err)
}

// Marked, not closed: the end of the socket pair tells the runtime that the command has taken over.
func closeOnExec(from uintptr) {
	const closeRange, closeRangeCloexec = 436, 4 // close_range(2) is younger than the package syscall.
	if _, _, errno := syscall.Syscall(closeRange, from, ^uintptr(0)>>32, closeRangeCloexec); errno != 0 {
		must(errno, "close_range")
	}
}
