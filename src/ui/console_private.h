/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's state, for the console*.c files. What happens in the loop's callbacks (keys, rows,
 * timers) only changes the view and queues lines; lines are run between turns, where they may wait,
 * and every turn ends with at most one frame. */
#ifndef UI_CONSOLE_PRIVATE_H
#define UI_CONSOLE_PRIVATE_H

#include "core/command/daemon.h"
#include "quorum/loop.h"
#include "ui/console.h"
#include "ui/console_frame.h"
#include "ui/console_options.h"
#include "ui/input.h"
#include "ui/load.h"
#include "ui/screen.h"
#include "ui/theme.h"
#include "ui/user_keys.h"

enum { QUEUE_MAX = 64, HELD_MAX = 4096, LINE_MAX_BYTES = 8192, RUNNING_MAX = 16, ANSWERS_MAX = 3 };
enum { STATUS_MAX = 24, ABOUT_MOST = 20 }; /* adjustments one line is about */

/* What a yes runs: the line that was asked about, or one for each word. */
struct asked {
    char *line[ANSWERS_MAX]; /* in the order of the question's words */
    int n;
    bool closes;                 /* positions: their number counts */
    char before[100], told[100]; /* what it was asked about, and what was told of it since */
    /* console_review.c: it is about adjustments, as these were. */
    bool decides;
    struct asked_of {
        int64_t id;
        int version;
        char status[STATUS_MAX];
        bool was_seen; /* on the screen since */
    } of[ABOUT_MOST];
    size_t nof;
    char *anew; /* several: the line as it was given, to be asked again */
};

/* What was said to the person. */
enum { SAID_MAX = 50, DECIDED_MAX = 40 };
struct said {
    enum toast_kind kind;
    int64_t at; /* the desk's time */
    char text[TOAST_MAX];
};

/* An evaluation this console started. */
struct running {
    struct console *console;
    int64_t id;
    char symbol[16];
    bool used, opened, trades, cancelled;
};

struct console {
    struct call *call; /* of the command that started it */
    const struct console_options *options;
    struct loop *loop;
    struct desk *desk;
    struct snapshot snapshot;
    struct view view;
    struct loader *loader;

    struct screen *screen; /* NULL: plain, or a dump */
    struct frame frame;
    struct theme theme;
    struct theme_watch watch;
    char theme_name[THEME_NAME_MAX + 1], config_dir[512], theme_dir[540];
    bool theme_is_usual; /* neither the file nor the person named it */
    char title[80];
    int option[OPTION_COUNT];
    struct user_keys keys; /* bound by the file of options */

    struct input input;
    int tty; /* our own open of the terminal; -1 */
    struct loop_io *tty_io,
        *rest_io; /* rest_io: of a frame that the terminal did not take at once */
    struct loop_timer *escape, *tick, *later;

    bool dirty, urgent, focused, hung_up, quits, leaving;
    int tick_ms;                         /* until the next tick, when it was set */
    bool whole;                          /* the last picture had all it shows from the database */
    int64_t frame_due, bell_at, seen_at; /* frame_due: of a frame that no key asked for */
    int64_t drawn_at;                    /* by which what comes soon after is put off */
    int64_t theme_seen_at;               /* its file was looked at */
    bool only_time;                      /* dirty, but by the clock alone */
    int64_t slow_at;                     /* a frame was dropped; 0: none yet */
    int slow_ms; /* until the next try while the terminal does not keep up; 0: it does */
    int stop;    /* SIGTSTP came from outside: suspend when the turn is over */
    char saved_filter[FILTER_MAX];
    bool filtering; /* the bar edits the filter */

    /* The object under the cursor as the last frame showed it, and since when, if not by a key of
     * the person (else 0). */
    char under[OBJECT_MAX];
    int64_t under_since;
    bool moved; /* by a key since that frame */

    /* What was typed behind a key whose line has not run yet: it may mean something else then. */
    struct held_event {
        struct input_event event; /* its paste, if any, is owned */
    } * held;
    size_t nheld, held_cap;
    int64_t rows_awaited; /* monotonic; since when a key waits for rows; 0: none does */

    /* Lines to run, oldest first; at_work: what is being run, "" when nothing is. */
    char *queue[QUEUE_MAX];
    int queued;
    char at_work[80];
    bool line_begun; /* but not at work yet: it is checked, or becomes a question */
    char *agreed;    /* a line that was said yes to */
    bool yes;        /* it is what is run now */
    bool cancels;    /* Ctrl-C ended the wait */
    /* A yes to several lines: told together at the end, each alone in :errors. */
    struct {
        int lines, left, done;
        char failed[160], now[64]; /* "#46 (E12)"; of the line that runs: how it ended */
        bool ok;
    } several;
    bool asks; /* plain mode with somebody at a terminal */
    struct asked asked;
    /* A question that is asked anew: the status it was about; of several, what changed. */
    char was[STATUS_MAX], changed[80];
    /* What was decided here lately, and what it became: a ring. */
    struct {
        int64_t id;
        char as[16];
    } decided[DECIDED_MAX];
    size_t ndecided;
    int64_t deaf_until; /* monotonic: letters typed on after a no are no keys */
    struct running running[RUNNING_MAX];
    int64_t trade[RUNNING_MAX]; /* evaluations whose BUY is to be ordered */
    int ntrades;

    struct said said[SAID_MAX]; /* a ring; the newest at nsaid - 1 */
    size_t nsaid;
    struct said later_said[8]; /* waits until what is shown was read */
    size_t nlater;

    struct daemon_child engine; /* waits to be one; console_open.c */
    struct loop_io *engine_io;
    char opening[80]; /* what is done to open the desk; "" : it is open */

    struct recorder *recorder;
    struct script *script;
    int64_t asked_review, review, review_at; /* console_session.h; 0: none */
    bool reading_only;
    bool connected;
    int64_t rung; /* the newest alert that has rung; -1: none was looked for yet */
    int status;   /* exit status */
};

/* console.c */
void console_dirty(struct console *c);        /* the picture may differ */
void console_keep_ticking(struct console *c); /* after a turn: seconds may be shown now */
void console_urgent(struct console *c);       /* a key changed it: draw in this turn */
bool console_load_theme(struct console *c, const char *name); /* false: it said what is wrong */
void console_quit(struct console *c);
/* Rows the focused list or the detail has room for. */
int console_page(const struct console *c);
/* A line to run when the turn is over. */
void console_queue(struct console *c, const char *line);
void console_event(struct console *c, const struct input_event *ev);
/* Esc and the key behind it in one packet, as a slow link sends them, read as Alt and that key.
 * Where nothing is bound to that they are the two keys they were: then the first is taken, and the
 * second is left in *k. */
bool console_took_esc_of(struct console *c, struct key *k);
void console_end_wait(struct console *c); /* of the line that is checked or at work */
/* Is this key about rows that were just asked for? "3 Enter" typed at once opens the trade when it
 * is there, not nothing before. */
bool console_waits_for_rows(struct console *c, const struct input_event *ev);

/* console_said.c */
void console_say(struct console *c, enum toast_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
void console_say_error(struct console *c, const struct error *e);
void console_failed(struct console *c, int status);
void console_say_later(struct console *c, enum toast_kind kind, const char *text);
void console_say_next(struct console *c); /* of those, when what is shown was read */
void console_keep_said(struct console *c, enum toast_kind kind, const char *text); /* unshown */
/* Something needs the person: a bell, or what `notify` says; at most one in 10 s. */
void console_notify(struct console *c, const char *text);

/* console_tty.c */
/* Bytes are read from when its loop_io wants them. */
enum err console_open_tty(struct console *c, struct error *e);
void console_close_tty(struct console *c);
void console_suspend(struct console *c);
/* What was held, when nothing stands before it any more. */
void console_release_events(struct console *c);
void console_forget_events(struct console *c);

/* console_picture.c */
void console_tell_loader(struct console *c); /* what is looked at now */
void console_draw(struct console *c, int64_t now);
void console_turn_over(void *console); /* after every turn */
void console_later(void *console);     /* the timer of a frame that was put off */

/* console_open.c */
void console_know_desk(struct console *c, enum desk_kind kind);
void console_prepare_engine(struct console *c); /* before the screen and the desk are opened */
enum err console_open_desk(struct console *c, void (*rows_came)(void *arg), struct error *e);
/* When the first picture is whole: the session's row, and the engine. */
void console_settle(struct console *c, const char *kind);
void console_start_engine(struct console *c); /* if none lives; says what became of it */
void console_release_engine(struct console *c);

/* console_record.c: asciicast v2. */
enum err recorder_open(struct recorder **out, const char *path, struct error *e);
void recorder_write(void *recorder, const char *bytes, size_t n); /* a screen's tap */
void recorder_size(struct recorder *r, int rows, int cols);
void recorder_close(struct recorder *r);

/* console_script.c: keys and commands from a file. */
enum err script_open(struct script **out, struct console *c, const char *path, struct error *e);
/* Does the next line when its time has come; called after every turn. */
void script_step(struct script *s);
void script_close(struct script *s);

/* console_resume.c: the view survives a terminal that was lost. */
void console_keep_view(struct console *c);
void console_resume_view(struct console *c);

/* console_plain.c */
enum err console_plain(struct console *c, struct error *e);

/* console_tables.c: what --dump-keys, --dump-commands and --dump-theme print. */
enum err console_tables(struct console *c, struct error *e);

/* console_dump.c: one frame as text. */
enum err console_dump(struct console *c, struct error *e);

#endif
