/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory. Running out of it is not an error a trading desk can work around: these abort after the
 * hook (which the console uses to restore the terminal) has run. An arena frees together what
 * dies together: one per dossier, per request, per frame. */
#ifndef QUORUM_MEM_H
#define QUORUM_MEM_H

#include <stddef.h>

#include "quorum/err.h"

void *mem_alloc(size_t size); /* zeroed */
void *mem_array(size_t n, size_t size);
void *mem_grow(void *p, size_t n, size_t size); /* realloc of n * size, overflow checked */
char *mem_text(const char *s);                  /* strdup; NULL stays NULL */
void mem_free(void *p);
void mem_on_exhausted(void (*hook)(void));

struct arena_block;
struct arena {
    struct arena_block *blocks;
};
void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned for any type */
char *arena_text(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void arena_release(struct arena *a);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
