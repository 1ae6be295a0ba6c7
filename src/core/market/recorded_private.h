/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two files of the recorded market share: recorded_files.c finds and reads, recorded.c
 * answers. */
#ifndef MARKET_RECORDED_PRIVATE_H
#define MARKET_RECORDED_PRIVATE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "quorum/market.h"

/* When a file changes, its size, inode or time does. */
struct file_identity {
    dev_t dev;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

/* A symbol's file as it was read. */
struct series {
    char symbol[16];
    struct bars bars;
    struct factors factors;
    struct bars_report report;
    bool adjusted; /* by its name: jumps are real */
    bool lent;     /* somebody has pointers into it: stays until the market goes */
    char bars_name[256], factors_name[256];
    struct file_identity dir, bars_file, factors_file;
    uint64_t used;
    struct series *next; /* of the lent ones that a newer file replaced */
};

struct market_recorded {
    struct market base;
    char *dir;
    struct series **cache;
    size_t cached, cap;
    struct series *replaced;
    uint64_t uses;
};

/* The bars of a symbol, borrowed until the next call. NULL and no error: there are none. */
enum err recorded_load(struct market_recorded *m, const char *symbol, struct series **out,
                       struct error *e);
/* The symbols with bars, sorted, each once; freed by the caller. */
char (*recorded_list(const struct market_recorded *m, size_t *count))[16];
/* E20 with what there is. */
enum err recorded_unknown(const struct market_recorded *m, const char *symbol, struct error *e);
void recorded_upper(char *s);
void recorded_release(struct market_recorded *m);

#endif
