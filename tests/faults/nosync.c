/* A disk whose flushes fail, one for each file whose name is the given one and a digit. Loaded before the C library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int flushed(const char *name, int file)
{
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *trigger = getenv("LIENTHONG_TEST_NOSYNC");
    char path[4096];
    for (int number = 1; trigger && number <= 9; number++) {
        snprintf(path, sizeof path, "%s%d", trigger, number);
        if (unlink(path) == 0) {
            errno = EIO;
            return -1;
        }
    }
    return flush(file);
}

int fsync(int file) { return flushed("fsync", file); }
int fdatasync(int file) { return flushed("fdatasync", file); }
