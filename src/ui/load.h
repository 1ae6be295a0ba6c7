/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps a snapshot fresh: asks each visible panel's query in its rhythm (half as often unfocused,
 * at once on R or a NOTIFY), never two of one panel at a time, never waiting. When the database is
 * gone the last rows stay; it comes back by itself. */
#ifndef UI_LOAD_H
#define UI_LOAD_H

#include "quorum/desk.h"
#include "quorum/zone.h"
#include "ui/detail.h"

struct loader;
/* changed is called from the loop when the picture may differ. */
struct loader *loader_new(struct desk *d, struct snapshot *into, void (*changed)(void *arg),
                          void *arg);
void loader_free(struct loader *l); /* answers under way are dropped */
/* What is to be kept fresh: panels (by id) and the open detail (NULL: none). Cheap; called after
 * every change of the view. */
void loader_watch(struct loader *l, const bool panel[PANEL_COUNT], const struct detail_view *open);
/* The detail alone: from here on the snapshot's parts are its rows or none. */
void loader_open(struct loader *l, const struct detail_view *open);
bool loader_is_whole(struct loader *l); /* all of it has been loaded once */
/* How queries write: the zone of times (the exchange's at first) and the digits of prices (2).
 * Kept over reconnects; everything is asked again. False when the zone's rule is not known: then
 * nothing changes. */
bool loader_forms(struct loader *l, enum zone zone, int price_places);
/* How often what moves is asked, with the focus (2 s: other queries keep their proportion to it),
 * and at most how often without. Milliseconds. */
void loader_pace(struct loader *l, int refresh_ms, int unfocused_ms);
void loader_now(struct loader *l);                 /* R: ask all that is watched at once */
void loader_focus(struct loader *l, bool focused); /* the terminal has the focus */
void loader_beside_tick(struct loader *l);         /* asks what is due in a moment */
void loader_tick(struct loader *l); /* carries snapshot.now and monotonic on; before each frame */

#endif
