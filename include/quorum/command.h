/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands: one table makes parser, help, completion, man page and tests. A handler writes its
 * answer to call->out and returns OK or an error; it never prints errors itself and never exits.
 * Handlers run between turns of the loop and may wait (loop_run_until, db_query). */
#ifndef QUORUM_COMMAND_H
#define QUORUM_COMMAND_H

#include <stdio.h>

#include "quorum/desk.h"

enum output_format { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_CSV };

/* Where an answer goes: text for people, one JSON value, or CSV rows. */
struct output {
    enum output_format format;
    struct buf text;
    size_t width; /* columns that tables keep to, as far as their texts can be wrapped; 0: any */
};
void out_line(struct output *o, const char *fmt, ...) PRINTF_LIKE(2, 3); /* text form only */

enum column_type {
    COLUMN_TEXT,   /* left aligned; JSON string */
    COLUMN_NUMBER, /* right aligned; JSON number */
    COLUMN_MONEY,  /* right aligned; JSON string, so that no digit is lost */
    COLUMN_FLAG,   /* "true"/"false" or "t"/"f"; JSON true or false */
    COLUMN_TIME,   /* a stored time; people read it in their zone, programs in UTC with a Z */
};
struct column {
    const char *key;   /* JSON and CSV name */
    const char *title; /* of the text form */
    enum column_type type;
};
/* Rows of cells (NULL: no value, printed "-" and null). Text is sanitised here. `empty` is what
 * the text form says when there are no rows. */
struct table {
    const struct column *column;
    size_t ncols, nrows;
    char **cell;
    size_t cap;
    struct arena arena;
};
void table_begin(struct table *t, const struct column *column, size_t ncols);
void table_row(struct table *t, const char *const *cell);
void table_rows(struct table *t, const struct rows *rows);            /* all columns in order */
void table_end(struct table *t, struct output *o, const char *empty); /* writes and releases */

/* {"code", "text", "fix"}; key NULL in a list. Secrets in it are blotted out. */
void json_error(struct json *j, const char *key, const struct error *e);

struct option_row {
    const char *name;  /* "price", without dashes */
    const char *value; /* placeholder "P", NULL for a flag */
    const char *help;
};

enum { CALL_ARGS_MAX = 64, CALL_OPTIONS_MAX = 16 };

struct call;
struct console;
struct command {
    const char *name;                 /* "evaluate", "db up" */
    const char *const *aliases;       /* NULL-terminated or NULL */
    const char *group;                /* heading in help */
    const char *usage;                /* after the name */
    const char *help;                 /* one line */
    const char *details;              /* paragraphs for help VERB; may be NULL */
    int min_args, max_args;           /* max < 0: any number */
    const struct option_row *options; /* ends with name NULL; may be NULL */
    bool acts;                        /* must be written in full */
    bool without_settings;            /* works even when the settings are wrong (help, version) */
    int level;                        /* confirmation: 0, 2 (--yes) or 3 (--confirm=WORD) */
    int (*level_of)(const struct call *c); /* by the options; NULL: always `level` */
    /* Level 3; of level 2: NULL, or the word that makes this call one of level 3. */
    const char *(*confirm_word)(const struct call *c);
    bool passes_rest; /* everything after the name belongs to the command (psql) */
    bool no_csv;      /* the answer is one object, not rows: --csv is refused */
    bool in_console;  /* belongs to the console: a one-shot call is refused */
    void (*more_help)(struct buf *out); /* after the details, made from a table; may be NULL */
    /* What can be told before the question is asked, from the arguments and a desk that is open
     * already; may be NULL. */
    enum err (*check)(const struct call *c, struct error *e);
    enum err (*run)(struct call *c, struct error *e);
};

/* One invocation, parsed. */
struct call {
    const struct command *command;
    const struct settings *settings;
    struct loop *loop;
    const struct agent *const *agents;
    struct output *out;
    const char *arg[CALL_ARGS_MAX];
    int nargs;
    struct {
        const char *name, *value;
    } option[CALL_OPTIONS_MAX];
    int noptions;
    const char *desk_name; /* --desk */
    const char *confirm;   /* --confirm=WORD */
    bool yes, quiet, help;
    struct desk *desk;     /* opened by call_desk, closed by the caller of the handler */
    struct error *warning; /* said on stderr after the answer; call_warnings_free */
    size_t nwarnings, warnings_cap;
    int exit_status; /* when the handler ran but the answer is not "0 done" */
    int64_t decided; /* the last adjustment it decided about, 0: none; what it became */
    char decided_as[16];
    struct console *console; /* that runs it; NULL: a process of its own */
    /* How the console opens its desk, when its screen stands. */
    enum err (*opens)(struct call *c, struct error *e);
    void (*progress)(void *arg, const char *text); /* NULL: on stderr, where that is a terminal */
    void *progress_arg;
};

/* --name's value, "" for a flag that was given, NULL when absent. */
const char *call_option(const struct call *c, const char *name);
/* Parses an option's value; absent leaves *out alone. E06 on a wrong one. */
enum err call_price(const struct call *c, const char *name, int64_t *out, struct error *e);
enum err call_money(const struct call *c, const char *name, int64_t *out_micro, struct error *e);
enum err call_int(const struct call *c, const char *name, int64_t min, int64_t max, int64_t *out,
                  struct error *e);
enum err call_number(const struct call *c, const char *name, double min, double max,
                     struct value *out, struct error *e);
/* Opens the desk the call means (once). */
enum err call_desk(struct call *c, struct error *e);
/* The same in two steps, for a command that opens it in another way (as owner, any schema). */
struct desk_options call_desk_options(struct call *c);
enum err call_desk_with(struct call *c, const struct desk_options *options, struct error *e);
void call_warn(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void call_warnings_free(struct call *c);

extern const struct command *const command_groups[]; /* arrays, each ending with name NULL */
const struct command *
command_next(const struct command *after);            /* all, in table order; NULL starts */
const struct command *command_find(const char *name); /* by its name or an alias, in full */
/* Finds the command of argv and fills args and options: E01-E07. Returns the parsed call. */
enum err command_parse(struct call *c, int argc, char **argv, struct error *e);
/* What is asked before it acts: 0 nothing, 2 yes or no, 3 the word. */
int command_level(const struct call *c, const char **word);
/* For a handler that knows only with its desk open what has to be asked: --yes or --confirm=WORD,
 * or the lines and the question on the terminal; ERR_CONFIRM. */
enum err call_confirm(const struct call *c, int level, const char *word, const char *const *line,
                      size_t lines, struct error *e);
/* Checks confirmation, runs the handler, closes the desk. */
enum err command_run(struct call *c, struct error *e);
const struct option_row *command_global_options(void);
/* Help texts. */
void command_help(const struct command *c, struct buf *out);
void command_overview(struct buf *out);

/* "E20 what and why. fix", secrets blotted out; for a screen still to be cleaned. */
enum { ERROR_LINE_MAX = 900 };
const char *error_line(char dst[ERROR_LINE_MAX], const struct error *e);

/* The process's whole life: argv to an exit status. Called by main. */
int quorum_main(int argc, char **argv, const struct agent *const *agents);

#endif
