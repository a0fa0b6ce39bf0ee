/* Stops and traces the agent, which is to be found by its name. */
#define _GNU_SOURCE
#include "hostile.h"
#include <dirent.h>
#include <signal.h>
#include <sys/ptrace.h>

static int is_the_agent(int pid)
{
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    int named = fgets(name, sizeof name, file) != NULL && strstr(name, "boxproof") != NULL;
    fclose(file);
    return named;
}

int main(int argc, char **argv)
{
    only_in_the_guest(argc, argv);
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        int pid = atoi(entry->d_name);
        if (pid == 0 || !is_the_agent(pid))
            continue;
        breach("the agent can be seen");
        if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
            breach("the agent can be traced");
        if (kill(pid, SIGSTOP) == 0)
            breach("the agent can be stopped");
    }
    confine(argc, argv);
    return 126;
}
