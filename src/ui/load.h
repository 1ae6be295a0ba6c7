/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps a snapshot fresh: asks each visible panel's query in its rhythm (half as often unfocused,
 * at once on R or a NOTIFY), never two of one panel at a time, never waiting. When the database is
 * gone the last rows stay; it comes back by itself. */
#ifndef UI_LOAD_H
#define UI_LOAD_H

#include "quorum/desk.h"
#include "ui/detail.h"

struct loader;
/* changed is called from the loop when the picture may differ. */
struct loader *loader_new(struct desk *d, struct snapshot *into, void (*changed)(void *arg),
                          void *arg);
void loader_free(struct loader *l); /* answers under way are dropped */
/* What is to be kept fresh: panels (by id) and the open detail (NULL: none). Cheap; called after
 * every change of the view. */
void loader_watch(struct loader *l, const bool panel[PANEL_COUNT], const struct detail_view *open);
/* The zone of the times that queries write, as PostgreSQL names it ("UTC"); "": the exchange's, as
 * at first. Kept over reconnects; everything is asked again. The log knows the exchange's and UTC.
 */
void loader_zone(struct loader *l, const char *zone);
void loader_now(struct loader *l);                 /* R: ask all that is watched at once */
void loader_focus(struct loader *l, bool focused); /* the terminal has the focus */
void loader_tick(struct loader *l); /* carries snapshot.now and monotonic on; before each frame */

#endif
