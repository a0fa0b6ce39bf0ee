/* mycontainer run CMD ARGS...
 *
 * It starts the command with rootfs/ as its root, and that is all: the command sees every process, every mount and every
 * network of this machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts the command in the container and waits for it; its exit status becomes ours. */
static int run(char **argv)
{
    /* Step 2: clone(2) or unshare(2) with CLONE_NEW..., then a /proc of its own.
     * Step 3: a cgroup that limits it.
     * Step 4: a veth pair that connects it. */
    pid_t child = fork();
    if (child < 0) {
        perror("mycontainer: fork");
        return 1;
    }
    if (child == 0) {
        if (chroot("rootfs") < 0 || chdir("/") < 0) {
            perror("mycontainer: chroot rootfs");
            _exit(1);
        }
        execvp(argv[0], argv);
        fprintf(stderr, "mycontainer: %s: %s\n", argv[0], strerror(errno));
        _exit(errno == ENOENT ? 127 : 126);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) {
            perror("mycontainer: waitpid");
            return 1;
        }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    if (argc < 3 || strcmp(argv[1], "run") != 0) {
        fprintf(stderr, "usage: mycontainer run CMD ARGS...\n");
        return 2;
    }
    return run(argv + 2);
}
