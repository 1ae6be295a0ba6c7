/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting the console, and the verbs that only it has. */
#include "ui/cmd_console.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ui/console_verbs.h"

static bool is_dumb(void)
{
    const char *term = getenv("TERM");
    return !term || !*term || strcmp(term, "dumb") == 0;
}

static void read_options(const struct call *c, struct console_options *o)
{
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    *o = (struct console_options){.plain = call_option(c, "plain") || !terminal || is_dumb(),
                                  .read_only = call_option(c, "read-only") != NULL,
                                  .ascii = call_option(c, "ascii") != NULL,
                                  .unicode = call_option(c, "unicode") != NULL,
                                  .mouse = call_option(c, "mouse") != NULL,
                                  .layout = call_option(c, "layout"),
                                  .theme = call_option(c, "theme"),
                                  .color = call_option(c, "color"),
                                  .tz = call_option(c, "tz"),
                                  .refresh = call_option(c, "refresh"),
                                  .script = call_option(c, "script"),
                                  .record = call_option(c, "record"),
                                  .dump = call_option(c, "dump"),
                                  .dump_keys = call_option(c, "dump-keys") != NULL,
                                  .dump_commands = call_option(c, "dump-commands") != NULL,
                                  .dump_theme = call_option(c, "dump-theme") != NULL};
}

static enum err check_console(const struct call *c, struct error *e)
{
    struct console_options o;
    if (call_option(c, "ascii") && call_option(c, "unicode"))
        return err_set(e, ERR_USAGE, "--ascii and --unicode exclude each other");
    read_options(c, &o);
    if (o.script && o.plain && !o.dump) {
        err_set(e, ERR_USAGE, "--script types into a screen, and here is none");
        return err_fix(e, "run it in a terminal, or pipe commands: quorum console --plain <FILE");
    }
    return OK;
}

/* The private cluster has a login that only reads; a database of the user's may have one. */
static bool reads_alone(const struct call *c)
{
    enum desk_kind kind;
    struct error ignored = {0};
    if (desk_choose(c->settings, c->desk_name, &kind, NULL, &ignored))
        return false;
    return kind == DESK_DEMO || !settings_text(c->settings, SETTING_DATABASE_URL) ||
           settings_text(c->settings, SETTING_DATABASE_RO_URL);
}

static enum err open_for_console(struct call *c, struct error *e)
{
    struct console_options o;
    struct desk_options options = call_desk_options(c);
    read_options(c, &o);
    options.only_looks = o.dump || o.read_only;
    options.as_reader = o.read_only && reads_alone(c);
    options.lasting = !o.dump; /* the same statements again and again */
    if (o.read_only && !options.as_reader)
        call_warn(c, "read-only is not enforced by the database: QUORUM_DATABASE_RO_URL is not"
                     " set");
    return call_desk_with(c, &options, e);
}

static enum err run_console(struct call *c, struct error *e)
{
    struct console_options o;
    enum desk_kind kind;
    read_options(c, &o);
    if (o.dump_keys || o.dump_commands || o.dump_theme)
        return console_run(c, &o, e);
    /* A demo desk begins its life first: demo calls this again. */
    bool begins = !c->opens && !o.dump && !o.read_only;
    if (begins && desk_choose(c->settings, c->desk_name, &kind, NULL, e))
        return e->kind;
    if (begins && kind == DESK_DEMO)
        return command_find("demo")->run(c, e);
    if (!c->opens)
        c->opens = open_for_console;
    return console_run(c, &o, e);
}

#define GROUP "The console"

static const struct option_row console_options[] = {
    {"plain", NULL, "lines instead of a screen; so without a terminal"},
    {"read-only", NULL, "acting commands are refused"},
    {"layout", "NAME", "auto, compact, std, wide or max"},
    {"theme", "NAME", "dark, light, paper, high-contrast, safe-rg, safe-by, mono, tty or a file's"},
    {"color", "WHEN", "auto, never, 8, 16 or 256"},
    {"ascii", NULL, "draw in ASCII"},
    {"unicode", NULL, "draw in UTF-8 whatever the locale says"},
    {"mouse", NULL, "clicks and the wheel; takes the terminal's own selection away"},
    {"tz", "ZONE", "exchange, local or utc"},
    {"refresh", "DUR", "how often positions are asked (2s); the rest in proportion"},
    {"script", "FILE", "keys and commands, done one line after the other"},
    {"record", "FILE", "what the terminal is sent, as asciicast v2"},
    {"dump", "WxH[:VIEW]", "print one frame and exit: 120x40, 80x24:trade:88, 100x30:budget"},
    {"dump-keys", NULL, "print all keys, yours first"},
    {"dump-commands", NULL, "print all commands"},
    {"dump-theme", NULL, "print the theme as a file"},
    {NULL, NULL, NULL},
};

static const struct option_row force_option[] = {
    {"force", NULL, "overwrite the file"},
    {NULL, NULL, NULL},
};

#define VERB(word, form, text, least, most, runs)                                                  \
    {                                                                                              \
        .name = word, .group = GROUP, .usage = form, .help = text, .min_args = least,              \
        .max_args = most, .in_console = true, .no_csv = true, .run = runs                          \
    }

const struct command console_commands[] = {
    {.name = "console",
     .group = GROUP,
     .usage = "",
     .help =
         "the screen to watch and steer the desk; quorum alone or with these options is the same",
     .details = "Starts an engine in the background when none runs. Keys: ? there. A script has "
                "one step a line:\n:COMMAND, keys (j Tab Enter C-p), wait SECONDS, # a comment.",
     .options = console_options,
     .acts = true,
     .no_csv = true,
     .check = check_console,
     .run = run_console},
    VERB("goto", "PANEL|OBJECT", "go to a panel, or open an object: trade 88, #412", 1, 2,
         verb_goto),
    VERB("show", "PANEL", "show a panel that was hidden", 1, 1, verb_show),
    VERB("hide", "PANEL", "take a panel from the screen", 1, 1, verb_hide),
    VERB("layout", "[NAME]", "auto, compact, std, wide or max", 0, 1, verb_layout),
    VERB("theme", "[NAME]", "change the colours", 0, 1, verb_theme),
    {.name = "theme lint",
     .group = GROUP,
     .usage = "FILE",
     .help = "what is wrong with a theme's file, line by line",
     .min_args = 1,
     .max_args = 1,
     .without_settings = true,
     .no_csv = true,
     .run = verb_theme_lint},
    VERB("filter", "[TEXT]", "rows of this panel that contain the text", 0, -1, verb_filter),
    VERB("sort", "[COLUMN [desc]]", "order of this panel", 0, 4, verb_sort),
    VERB("follow", "[on|off]", "stay at the newest row", 0, 1, verb_follow),
    VERB("freeze", "", "stop the picture, and let it go on", 0, 0, verb_freeze),
    {.name = "export",
     .group = GROUP,
     .usage = "PANEL|OBJECT [csv|json|md] [> FILE]",
     .help = "what is shown, as a file or a text",
     .min_args = 1,
     .max_args = 3,
     .options = force_option,
     .in_console = true,
     .no_csv = true,
     .run = verb_export},
    VERB("copy", "", "the row, or the whole detail, to the clipboard (OSC 52)", 0, 0, verb_copy),
    VERB("history", "[PATTERN]", "lines typed before", 0, 1, verb_history),
    VERB("set", "NAME[=VALUE]", "an option of the console", 1, 2, verb_set),
    VERB("get", "[NAME]", "the options of the console", 0, 1, verb_get),
    VERB("toggle", "NAME", "the other value of an option", 1, 1, verb_toggle),
    VERB("save", "", "keep the options that were changed", 0, 0, verb_save),
    VERB("errors", "", "what this console said lately, and what went wrong", 0, 0, verb_errors),
    VERB("redraw", "", "paint everything anew", 0, 0, verb_redraw),
    {.name = "quit",
     .aliases = (const char *const[]){"q", NULL},
     .group = GROUP,
     .usage = "",
     .help = "leave the console; the engine goes on",
     .in_console = true,
     .no_csv = true,
     .run = verb_quit},
    {.name = NULL},
};
