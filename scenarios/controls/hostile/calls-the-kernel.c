/* Changes the kernel itself: a module, another kernel, the machine's ports, its clock, BPF programs that are not its own,
   and the guards of its own testbed taken off. */
#define _GNU_SOURCE
#include "hostile.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <sys/time.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif

/* A refusal for want of permission is the only one that counts. */
static void must_be_refused(const char *what, long value)
{
    if (value >= 0 || errno != EPERM) {
        fprintf(stderr, "%s: %ld, %s\n", what, value, strerror(errno));
        breach(what);
    }
}

static long bpf(int command, union bpf_attr *attributes)
{
    return syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

int main(int argc, char **argv)
{
    only_in_the_guest(argc, argv);
    static char nothing[4096];
    must_be_refused("init_module", syscall(SYS_init_module, nothing, sizeof nothing, ""));
    must_be_refused("finit_module", syscall(SYS_finit_module, open(argv[0], O_RDONLY), "", 0));
    must_be_refused("delete_module", syscall(SYS_delete_module, "veth", O_NONBLOCK));
    must_be_refused("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
#ifdef __x86_64__
    must_be_refused("ioperm", ioperm(0x64, 1, 1));
    must_be_refused("iopl", iopl(3));
#endif
    struct timeval long_ago = { .tv_sec = 1000000000 };
    must_be_refused("settimeofday", settimeofday(&long_ago, NULL));

    union bpf_attr list = { .start_id = 0 };
    must_be_refused("BPF_PROG_GET_NEXT_ID", bpf(BPF_PROG_GET_NEXT_ID, &list));
    union bpf_attr one = { .prog_id = 1 };
    must_be_refused("BPF_PROG_GET_FD_BY_ID", bpf(BPF_PROG_GET_FD_BY_ID, &one));
    union bpf_attr detach = { .target_fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY) };
    detach.attach_type = BPF_CGROUP_DEVICE;
    must_be_refused("BPF_PROG_DETACH", bpf(BPF_PROG_DETACH, &detach));
    confine(argc, argv);
    return 126;
}
