/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Detail views: the queries each kind rests on, and its drawing. */
#ifndef UI_DETAIL_H
#define UI_DETAIL_H

#include "ui/view.h"

struct detail {
    const char *name;  /* "evaluation": also the word of goto and of objects */
    const char *title; /* "Evaluation" */
    /* Queries with one parameter, the id; NULL ends. Answers stand in snapshot.detail[i]. */
    const struct statement *part[DETAIL_PARTS];
    int refresh_ms; /* 0: once */
    /* Where the rhythm depends on what is loaded: 250 ms while an evaluation runs. May be NULL. */
    int (*rhythm)(const struct snapshot *s);
    /* Draws into the pane below the title line and returns the lines it has in all. Sets v->title
     * ("NVDA BUY 2/2", what the frame then writes behind "Evaluation #412"). Keys only add: j and k
     * to v->item, pages to v->scroll; what goes beyond the first or last item, and all of it where
     * there are none, becomes scrolling here; both are clamped, a selected item is kept in sight,
     * and another depth begins at its top. */
    int (*draw)(const struct pane *p, const struct snapshot *s, struct detail_view *v);
    /* The object of a neighbour for < and >: older, newer; "" none. May be NULL. */
    void (*neighbour)(const struct snapshot *s, const struct detail_view *v, int direction,
                      char out[OBJECT_MAX]);
    /* What Enter opens from the selected item ("evaluation 398"), "" when it is a text. */
    void (*item_object)(const struct snapshot *s, const struct detail_view *v,
                        char out[OBJECT_MAX]);
};
extern const struct detail details[DETAIL_KINDS];

#endif
