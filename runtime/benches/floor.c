/*
 * The least that can be called a container: the namespaces, the rootfs as /, the command. No /proc, no /dev, no limits,
 * no network, no error messages, no tidying up. What start-up times are compared with.
 *
 *     floor ROOTFS CMD [ARG...]
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[64 * 1024];

static int child(void *arguments)
{
	char **argv = arguments;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount(argv[1], argv[1], NULL, MS_BIND | MS_REC, NULL)
	    || chdir(argv[1]) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		return 125;
	execv(argv[2], argv + 2);
	return 127;
}

int main(int argc, char **argv)
{
	int namespaces = CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP;
	int status;

	if (argc < 3)
		return 125;
	pid_t pid = clone(child, stack + sizeof(stack), namespaces | SIGCHLD, argv);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
