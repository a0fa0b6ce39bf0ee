// mycontainer run CMD ARGS...
//
// It starts the command with rootfs/ as its root, and that is all: the command sees every process, every mount and every network of
// this machine.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) < 3 || os.Args[1] != "run" {
		fmt.Fprintln(os.Stderr, "usage: mycontainer run CMD ARGS...")
		os.Exit(2)
	}
	os.Exit(run(os.Args[2:]))
}

// run starts the command in the container and waits for it; its exit status becomes ours.
func run(argv []string) int {
	command := exec.Command(argv[0], argv[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: "rootfs"}

	// Step 2: Cloneflags: syscall.CLONE_NEW..., and in the new namespaces a /proc of its own.
	// Step 3: a cgroup that limits it.
	// Step 4: a veth pair that connects it.

	err := command.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mycontainer:", err)
		return 127
	}
	return 0
}
