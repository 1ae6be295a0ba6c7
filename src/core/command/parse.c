/* SPDX-License-Identifier: GPL-3.0-or-later */
/* argv to a call: which command, its options and arguments, and a clear line when it is none. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quorum/command.h"
#include "quorum/money.h"
#include "quorum/text.h"

enum { NAME_MAX_BYTES = 64 };
/* The most a share may cost and an account may hold; dollars. */
enum { DOLLARS_MAX_PRICE = 1000000, DOLLARS_MAX_MONEY = 1000000000 };

/* Options every command takes. */
static const struct option_row global_option[] = {
    {"desk", "NAME", "paper or demo"},
    {"json", NULL, "answer as JSON"},
    {"csv", NULL, "answer as CSV"},
    {"yes", NULL, "do not ask (level 2)"},
    {"confirm", "WORD", "the word a level 3 command asks for"},
    {"quiet", NULL, "no progress and no warnings"},
    {"help", NULL, "help on this command"},
    {NULL, NULL, NULL},
};

static bool is_alias(const struct command *c, const char *name)
{
    for (const char *const *a = c->aliases; a && *a; a++)
        if (strcmp(*a, name) == 0)
            return true;
    return false;
}

const struct command *command_find(const char *name)
{
    for (const struct command *c = NULL; (c = command_next(c));)
        if (strcmp(c->name, name) == 0 || is_alias(c, name))
            return c;
    return NULL;
}

static bool starts_with(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* A slip of the finger, not another word: a third of the letters, at most three. */
static bool is_near(size_t distance, const char *word)
{
    return distance <= 1 + strlen(word) / 4 && distance <= 3 && distance < strlen(word);
}

static enum err unknown_command(const char *word, struct error *e)
{
    const char *best = NULL;
    size_t distance = SIZE_MAX;
    for (const struct command *c = NULL; (c = command_next(c));) {
        const char *const none[] = {NULL};
        const char *name = c->name;
        for (const char *const *a = c->aliases ? c->aliases : none; name; name = *a ? *a++ : NULL) {
            size_t d = text_distance(word, name);
            if (d < distance && is_near(d, word)) {
                distance = d;
                best = c->name;
            }
        }
    }
    char shown[NAME_MAX_BYTES];
    sanitize_line(shown, sizeof shown, untrusted(word));
    err_set(e, ERR_USAGE, "no command \"%s\"", shown);
    err_code(e, "E01");
    return best ? err_fix(e, "did you mean %s? quorum help lists all", best)
                : err_fix(e, "quorum help lists all");
}

/* An unambiguous prefix is enough for a command that only looks. */
static enum err find_prefix(const char *word, const struct command **out, struct error *e)
{
    const struct command *found = NULL, *acting = NULL;
    char names[200] = "";
    int hits = 0;
    if (!*word)
        return unknown_command(word, e);
    for (const struct command *c = NULL; (c = command_next(c));) {
        if (!starts_with(c->name, word))
            continue;
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", c->name);
        hits++;
        if (c->acts)
            acting = c;
        else
            found = c;
    }
    if (hits == 0)
        return unknown_command(word, e);
    if (hits > 1) {
        err_set(e, ERR_USAGE, "\"%s\" fits %s", word, names);
        err_code(e, "E02");
        return err_fix(e, "write more letters");
    }
    if (acting) {
        err_set(e, ERR_USAGE, "\"%s\" acts, so write it in full: %s", word, acting->name);
        return err_code(e, "E03");
    }
    *out = found;
    return OK;
}

/* "db up" before "db"; *used says how many words were taken. */
static enum err find_command(int argc, char **argv, const struct command **out, int *used,
                             struct error *e)
{
    char two[NAME_MAX_BYTES];
    *used = 1;
    if (argc > 1 && strlen(argv[0]) + strlen(argv[1]) + 2 <= sizeof two) {
        snprintf(two, sizeof two, "%s %s", argv[0], argv[1]);
        if ((*out = command_find(two))) {
            *used = 2;
            return OK;
        }
    }
    if ((*out = command_find(argv[0])))
        return OK;
    /* A word that only begins two-word commands: say what may follow. */
    char prefix[NAME_MAX_BYTES], names[200] = "";
    if (strlen(argv[0]) + 2 <= sizeof prefix) {
        snprintf(prefix, sizeof prefix, "%s ", argv[0]);
        for (const struct command *c = NULL; (c = command_next(c));) {
            size_t n = strlen(names);
            if (starts_with(c->name, prefix))
                snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", c->name);
        }
    }
    if (*names) {
        char shown[NAME_MAX_BYTES];
        bool second = argc > 1 && argv[1][0] != '-';
        sanitize_line(shown, sizeof shown, untrusted(second ? argv[1] : ""));
        err_set(e, ERR_USAGE, second ? "no command \"%s %s\"" : "\"%s\" needs a second word%s",
                argv[0], shown);
        err_code(e, "E01");
        return err_fix(e, "one of: %s", names);
    }
    return find_prefix(argv[0], out, e);
}

static const struct option_row *find_option(const struct option_row *rows, const char *name,
                                            size_t len)
{
    for (; rows && rows->name; rows++)
        if (strlen(rows->name) == len && memcmp(rows->name, name, len) == 0)
            return rows;
    return NULL;
}

static enum err unknown_option(const struct command *c, const char *dashes, const char *name,
                               struct error *e)
{
    char shown[NAME_MAX_BYTES];
    const char *best = NULL;
    size_t distance = SIZE_MAX;
    const struct option_row *lists[] = {c ? c->options : NULL, global_option};
    for (size_t l = 0; l < 2; l++) {
        for (const struct option_row *o = lists[l]; o && o->name; o++) {
            size_t d = text_distance(name, o->name);
            d = starts_with(o->name, name) ? 0 : d;
            if (d < distance && (d == 0 || is_near(d, name))) {
                distance = d;
                best = o->name;
            }
        }
    }
    sanitize_line(shown, sizeof shown, untrusted(name));
    err_set(e, ERR_USAGE, "unknown option %s%s%s%s", dashes, shown, c ? " for " : "",
            c ? c->name : "");
    err_code(e, "E07");
    if (best)
        return err_fix(e, "did you mean --%s?", best);
    return err_fix(e, c ? "quorum help %s" : "quorum help", c ? c->name : "");
}

static enum err set_global(struct call *c, const char *name, const char *value, struct error *e)
{
    if (strcmp(name, "desk") == 0) {
        c->desk_name = value;
    } else if (strcmp(name, "confirm") == 0) {
        c->confirm = value;
    } else if (strcmp(name, "yes") == 0) {
        c->yes = true;
    } else if (strcmp(name, "quiet") == 0) {
        c->quiet = true;
    } else if (strcmp(name, "help") == 0) {
        c->help = true;
    } else {
        enum output_format f = strcmp(name, "json") == 0 ? OUTPUT_JSON : OUTPUT_CSV;
        if (c->out->format != OUTPUT_TEXT && c->out->format != f)
            return err_set(e, ERR_USAGE, "--json and --csv exclude each other");
        c->out->format = f;
    }
    return OK;
}

/* argv[i] begins with "--". Returns how many words it took, 0 on error. */
static int take_option(struct call *c, int argc, char **argv, int i, struct error *e)
{
    const char *name = argv[i] + 2, *value = strchr(name, '=');
    size_t len = value ? (size_t)(value - name) : strlen(name);
    char plain[NAME_MAX_BYTES];
    copy_bytes(plain, sizeof plain, name, len);
    const struct option_row *global = find_option(global_option, name, len);
    const struct option_row *own = find_option(c->command ? c->command->options : NULL, name, len);
    const struct option_row *row = own ? own : global;
    int words = 1;
    if (!row) {
        unknown_option(c->command, "--", plain, e);
        return 0;
    }
    if (value)
        value++;
    if (!row->value && value) {
        err_set(e, ERR_USAGE, "--%s takes no value", row->name);
        return 0;
    }
    if (row->value && !value) {
        if (i + 1 >= argc || starts_with(argv[i + 1], "--")) {
            err_set(e, ERR_USAGE, "--%s needs a value: --%s=%s", row->name, row->name, row->value);
            err_code(e, "E06");
            return 0;
        }
        value = argv[i + 1];
        words = 2;
    }
    if (!own)
        return set_global(c, row->name, value, e) ? 0 : words;
    if (call_option(c, row->name)) {
        err_set(e, ERR_USAGE, "--%s is given twice", row->name);
        return 0;
    }
    if (c->noptions == CALL_OPTIONS_MAX) {
        err_set(e, ERR_USAGE, "more than %d options", CALL_OPTIONS_MAX);
        return 0;
    }
    c->option[c->noptions].name = row->name;
    c->option[c->noptions++].value = value ? value : "";
    return words;
}

/* "quorum engine, quorum engine start, ..." where it is the first word of others, too. */
static enum err show_usage(const struct command *k, struct error *e)
{
    size_t n = strlen(k->name);
    struct buf all = {0};
    buf_printf(&all, "quorum %s%s%s", k->name, *k->usage ? " " : "", k->usage);
    for (const struct command *c = NULL; (c = command_next(c));)
        if (strncmp(c->name, k->name, n) == 0 && c->name[n] == ' ')
            buf_printf(&all, ", %s", c->name);
    err_fix(e, "%s", buf_text(&all));
    buf_release(&all);
    return e->kind;
}

static enum err check_arguments(const struct call *c, struct error *e)
{
    const struct command *k = c->command;
    if (k->no_csv && c->out->format == OUTPUT_CSV) {
        err_set(e, ERR_USAGE, "the answer of %s is one object, not rows: it has no --csv", k->name);
        return err_fix(e, "--json gives all of it");
    }
    if (c->nargs < k->min_args) {
        err_set(e, ERR_USAGE, "%s needs %s", k->name, k->usage);
        err_code(e, "E04");
        return err_fix(e, "quorum help %s", k->name);
    }
    if (k->max_args >= 0 && c->nargs > k->max_args) {
        char shown[NAME_MAX_BYTES];
        sanitize_line(shown, sizeof shown, untrusted(c->arg[k->max_args]));
        err_set(e, ERR_USAGE, "%s does not take \"%s\"", k->name, shown);
        return show_usage(k, e);
    }
    return OK;
}

static enum err take_argument(struct call *c, const char *arg, struct error *e)
{
    if (c->nargs == CALL_ARGS_MAX)
        return err_set(e, ERR_USAGE, "more than %d arguments", CALL_ARGS_MAX);
    c->arg[c->nargs++] = arg;
    return OK;
}

/* -x is an option nobody has; -1 is a number and may be an argument (db downgrade). */
static bool is_short_option(const char *word)
{
    return word[0] == '-' && word[1] && !(word[1] >= '0' && word[1] <= '9');
}

/* "quorum --plain" is the console, too: an option of its own that no command shares. */
static bool is_of_console(const char *name)
{
    const struct command *console = command_find("console");
    size_t len = strcspn(name, "=");
    return console && !find_option(global_option, name, len) &&
           find_option(console->options, name, len);
}

enum err command_parse(struct call *c, int argc, char **argv, struct error *e)
{
    int i = 1, used;
    /* Global options may stand before the verb. */
    while (i < argc && argv[i][0] == '-') {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--version") == 0 ||
            strcmp(argv[i], "-V") == 0) {
            c->command = command_find(argv[i][1] == 'h' ? "help" : "version");
            return OK;
        }
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (!starts_with(argv[i], "--"))
            return unknown_option(NULL, "-", argv[i] + 1, e);
        if (!c->command && is_of_console(argv[i] + 2))
            c->command = command_find("console");
        int words = take_option(c, argc, argv, i, e);
        if (words == 0)
            return e->kind;
        i += words;
    }
    if (i >= argc && c->command)
        return c->help ? OK : check_arguments(c, e);
    if (i >= argc) {
        /* Alone it is the console, where there is somebody to look at it. */
        bool looks = !c->help && c->out->format == OUTPUT_TEXT && isatty(STDIN_FILENO) &&
                     isatty(STDOUT_FILENO);
        c->command = looks ? command_find("console") : NULL;
        if (!c->command)
            c->command = command_find("help");
        c->help = false; /* quorum --help is the overview, not the help on help */
        return OK;
    }
    const struct command *before = c->command;
    if (find_command(argc - i, argv + i, &c->command, &used, e))
        return e->kind;
    if (before && before != c->command)
        return unknown_option(c->command, "--", c->option[0].name, e);
    i += used;
    bool only_arguments = c->command->passes_rest;
    for (; i < argc; i++) {
        if (!only_arguments && strcmp(argv[i], "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && strcmp(argv[i], "-h") == 0) {
            c->help = true;
        } else if (!only_arguments && starts_with(argv[i], "--")) {
            int words = take_option(c, argc, argv, i, e);
            if (words == 0)
                return e->kind;
            i += words - 1;
        } else if (!only_arguments && is_short_option(argv[i])) {
            return unknown_option(c->command, "-", argv[i] + 1, e);
        } else if (take_argument(c, argv[i], e)) {
            return e->kind;
        }
    }
    return c->help ? OK : check_arguments(c, e);
}

const char *call_option(const struct call *c, const char *name)
{
    for (int i = 0; i < c->noptions; i++)
        if (strcmp(c->option[i].name, name) == 0)
            return c->option[i].value;
    return NULL;
}

static enum err bad_option(const char *name, const char *value, const char *what,
                           const char *example, struct error *e)
{
    char shown[NAME_MAX_BYTES];
    sanitize_line(shown, sizeof shown, untrusted(value));
    err_set(e, ERR_USAGE, "--%s=%s is not %s", name, shown, what);
    err_code(e, "E06");
    return err_fix(e, "example: --%s=%s", name, example);
}

enum err call_price(const struct call *c, const char *name, int64_t *out, struct error *e)
{
    const char *value = call_option(c, name);
    int64_t price;
    if (!value)
        return OK;
    if (!decimal_parse(value, PRICE_DIGITS, &price) || price <= 0 ||
        price > DOLLARS_MAX_PRICE * INT64_C(10000))
        return bad_option(name, value, "a price from 0.0001 to 1000000 with at most 4 decimals",
                          "175.50", e);
    *out = price;
    return OK;
}

enum err call_money(const struct call *c, const char *name, int64_t *out, struct error *e)
{
    const char *value = call_option(c, name);
    int64_t money;
    if (!value)
        return OK;
    if (!decimal_parse(value, MONEY_MICRO_DIGITS, &money) || money < 0 ||
        money > DOLLARS_MAX_MONEY * INT64_C(1000000))
        return bad_option(name, value, "an amount from 0 to 1000000000", "100000.00", e);
    *out = money;
    return OK;
}

enum err call_int(const struct call *c, const char *name, int64_t min, int64_t max, int64_t *out,
                  struct error *e)
{
    const char *value = call_option(c, name);
    int64_t n;
    char what[80], example[24];
    if (!value)
        return OK;
    if (!text_to_int64(value, &n) || n < min || n > max) {
        snprintf(what, sizeof what, "a whole number from %lld to %lld", (long long)min,
                 (long long)max);
        snprintf(example, sizeof example, "%lld", (long long)min);
        return bad_option(name, value, what, example, e);
    }
    *out = n;
    return OK;
}

enum err call_number(const struct call *c, const char *name, double min, double max,
                     struct value *out, struct error *e)
{
    const char *value = call_option(c, name);
    double x;
    char what[80], example[24];
    if (!value)
        return OK;
    if (!text_to_double(value, &x) || x < min || x > max) {
        snprintf(what, sizeof what, "a number from %.10g to %.10g", min, max);
        snprintf(example, sizeof example, "%.6g", min <= 1 && max >= 1 ? 1 : (min + max) / 2);
        return bad_option(name, value, what, example, e);
    }
    *out = VALUE(x);
    return OK;
}

const struct option_row *command_global_options(void)
{
    return global_option;
}
