/*
 * A small right container runtime:  mycontainer run CMD [ARGS...]  in a directory that holds rootfs/.
 *
 * clone() with every namespace, propagation private, pivot_root, /proc, /dev, /sys, lo up, hostname, clean environment
 * and descriptors, exec; signals passed on, the container dies with the runtime, the exit status is a shell's.
 * No cgroup: limits are put on from the host's side, as in step 3 of the workshop.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OWN_FAILURE = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

#define SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH };
static char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", NULL
};

static void die(const char *format, ...)
{
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    fputs("mycontainer: ", stderr);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, ": %s\n", strerror(error));
    _exit(OWN_FAILURE);
}

static void mount_or_die(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
    if (mount(source, target, type, flags, data) < 0)
        die("mount %s on %s", type ? type : "(flags)", target);
}

static void make_node(const char *path, unsigned major, unsigned minor)
{
    if (mknod(path, S_IFCHR | 0666, makedev(major, minor)) < 0)
        die("mknod %s", path);
}

static void make_directory(const char *path)
{
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        die("mkdir %s", path);
}

/* Dies with the runtime, also if it died before prctl: the other end of `alive` is open while the runtime lives. */
static void die_with_runtime(int alive)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        die("prctl(PR_SET_PDEATHSIG)");
    struct pollfd pipe_end = { .fd = alive };
    if (poll(&pipe_end, 1, 0) < 0 || (pipe_end.revents & POLLHUP))
        _exit(OWN_FAILURE);
}

/* Where / is shared, as systemd makes it, every mount would appear on the host: so it is made private first of all. */
static void enter_rootfs(void)
{
    mount_or_die(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    mount_or_die("rootfs", "rootfs", NULL, MS_BIND | MS_REC, NULL); /* pivot_root wants a mount point */
    if (chdir("rootfs") < 0)
        die("chdir rootfs");
    /* The old root is stacked on the new one and detached: no directory for it is needed in the rootfs. */
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        die("pivot_root rootfs");
    if (umount2(".", MNT_DETACH) < 0)
        die("detach the old root");
    if (chdir("/") < 0)
        die("chdir /");
}

static void mount_all(void)
{
    mode_t callers = umask(0);
    make_directory("/proc");
    make_directory("/sys");
    make_directory("/dev");
    mount_or_die("proc", "/proc", "proc", SAFE, NULL);
    mount_or_die("sysfs", "/sys", "sysfs", SAFE | MS_RDONLY, NULL);
    mount_or_die("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k");
    make_node("/dev/null", 1, 3);
    make_node("/dev/zero", 1, 5);
    make_node("/dev/full", 1, 7);
    make_node("/dev/random", 1, 8);
    make_node("/dev/urandom", 1, 9);
    make_node("/dev/tty", 5, 0);
    make_directory("/dev/pts");
    make_directory("/dev/shm");
    mount_or_die("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
    mount_or_die("tmpfs", "/dev/shm", "tmpfs", SAFE, "mode=1777,size=64m");
    if (symlink("pts/ptmx", "/dev/ptmx") < 0 || symlink("/proc/self/fd", "/dev/fd") < 0 ||
        symlink("/proc/self/fd/0", "/dev/stdin") < 0 || symlink("/proc/self/fd/1", "/dev/stdout") < 0 ||
        symlink("/proc/self/fd/2", "/dev/stderr") < 0)
        die("symlink in /dev");
    umask(callers);
}

/* What of /proc reaches through to the whole machine: some of it read-only, some of it not at all. */
static void mask_proc(void)
{
    static const char *const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };
    static const char *const hidden[] = { "/proc/kcore", "/proc/keys", "/proc/timer_list" };
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
        if (access(read_only[i], F_OK) < 0)
            continue;
        mount_or_die(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL);
        /* A bind mount takes no other flags: read-only needs a second call. */
        mount_or_die(NULL, read_only[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE, NULL);
    }
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (access(hidden[i], F_OK) == 0)
            mount_or_die("/dev/null", hidden[i], NULL, MS_BIND, NULL);
}

static void loopback_up(void)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        die("bring lo up");
    close(fd);
}

/* Two containers have two names. */
static void name_host(void)
{
    unsigned char bytes[6];
    char name[2 * sizeof bytes + 1];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        die("getrandom");
    for (size_t i = 0; i < sizeof bytes; i++)
        sprintf(name + 2 * i, "%02x", bytes[i]);
    if (sethostname(name, strlen(name)) < 0)
        die("sethostname %s", name);
}

/* Ignored and blocked signals survive exec: the command gets none of the caller's. */
static void reset_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* execvpe() with the container's PATH, not the caller's: bare names are looked up in the new root. */
static void execute(char **command)
{
    if (clearenv() != 0 || putenv(environment[0]) != 0)
        die("set PATH");
    execvpe(command[0], command, environment);
    int error = errno;
    fprintf(stderr, "mycontainer: exec %s: %s\n", command[0], strerror(error));
    _exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

static void container(int alive, char **command)
{
    reset_signals();
    die_with_runtime(alive);
    enter_rootfs();
    mount_all();
    mask_proc();
    loopback_up();
    name_host();
    /* At exec, not now: the end of `started` tells the runtime that the command has taken over. */
    if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        die("close_range");
    execute(command);
}

/* PID 1 does not get a signal that it leaves at its default. Would this one have killed any other process? */
static int shrugs_off(pid_t pid, int number)
{
    char path[64], line[256];
    unsigned long long mask, minded = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    if (!status)
        return 0;
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "SigBlk: %llx", &mask) == 1 || sscanf(line, "SigIgn: %llx", &mask) == 1 ||
            sscanf(line, "SigCgt: %llx", &mask) == 1)
            minded |= mask;
    fclose(status);
    return !(minded >> (number - 1) & 1);
}

/* Passes signals on until the container ends; gives the status that a shell would give. */
static int wait_for(pid_t pid, const sigset_t *signals)
{
    int killed_for = 0, status;
    siginfo_t info;
    for (;;) {
        if (sigwaitinfo(signals, &info) < 0)
            continue;
        if (info.si_signo == SIGCHLD) {
            if (waitpid(pid, &status, WNOHANG) != pid)
                continue;
            if (WIFEXITED(status))
                return WEXITSTATUS(status);
            return 128 + (killed_for ? killed_for : WTERMSIG(status));
        }
        if (info.si_code != SI_KERNEL) /* the terminal has sent it to the container as well */
            kill(pid, info.si_signo);
        if (info.si_signo != SIGWINCH && shrugs_off(pid, info.si_signo)) {
            killed_for = info.si_signo;
            kill(pid, SIGKILL);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 3 || strcmp(argv[1], "run") != 0) {
        fprintf(stderr, "usage: %s run CMD [ARGS...]\n", argc ? argv[0] : "mycontainer");
        return 2;
    }
    /* Held back before the clone, so that none is lost in between. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        sigaddset(&signals, forwarded[i]);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGCHLD, SIG_DFL);

    int alive[2], started[2];
    if (pipe2(alive, O_CLOEXEC) < 0 || pipe2(started, O_CLOEXEC) < 0)
        die("pipe2");
    /* The raw call with no stack is a fork with namespaces. */
    long flags = CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP | SIGCHLD;
    pid_t pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (pid < 0)
        die("clone with new namespaces");
    if (pid == 0) {
        close(alive[1]);
        container(alive[0], argv + 2);
    }
    /* The end of `started` comes with the exec: only then can a signal find the command. */
    char byte;
    close(started[1]);
    while (read(started[0], &byte, 1) < 0 && errno == EINTR)
        ;
    return wait_for(pid, &signals);
}
