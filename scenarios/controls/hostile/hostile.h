/* What the hostile programs share: a word for what should not have worked, and a right runtime, more or less. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void breach(const char *what)
{
    fprintf(stderr, "BREACH: %s\n", what);
}

static void only_in_the_guest(int argc, char **argv)
{
    if (argc < 3 || strcmp(argv[1], "run") != 0)
        exit(2);
    char line[4096] = "";
    FILE *file = fopen("/proc/cmdline", "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL || strstr(line, "BOXPROOF_GUEST") == NULL) {
        fprintf(stderr, "%s: refused: this is for boxproof's virtual machine\n", argv[0]);
        exit(2);
    }
    fclose(file);
}

static void confine(int argc, char **argv)
{
    static const char script[] =
        "exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '"
        "exec chroot rootfs /bin/sh -c \"mount -t proc proc /proc; exec \\\"\\$@\\\"\" sh \"$@\"' sh \"$@\"";
    const char **arguments = calloc(argc + 3, sizeof *arguments);
    arguments[0] = arguments[3] = "sh";
    arguments[1] = "-c";
    arguments[2] = script;
    memcpy(arguments + 4, argv + 2, (argc - 2) * sizeof *arguments);
    execv("/bin/sh", (char **)arguments);
}
