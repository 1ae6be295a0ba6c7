/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The insides of the simulated market, shared by its files only. The state of the world runs over
 * weekdays, not over sessions: on a holiday prices move unseen and the next open shows it. So a
 * correction of the calendar hides or shows one bar and changes no other. */
#ifndef QUORUM_SIM_H
#define QUORUM_SIM_H

#include "core/market/sim_random.h"
#include "quorum/market.h"
#include "quorum/timeutil.h"

enum {
    SIM_EPOCH = 17898,     /* 2019-01-02, the first session */
    SIM_LAST_DAY = 47481,  /* 2099-12-31 */
    SIM_QUARTERS = 360,    /* fiscal quarters with a truth, from 2012 */
    SIM_FIRST_YEAR = 2014, /* first fiscal year with statements */
    SIM_KNOTS = 27,        /* points of an intraday path, open and close among them */
    SIM_COMPANIES_MAX = 64,
    SIM_SCENARIOS_MAX = 64,
};

/* What a stream of draws is for; the numbers are part of the format: never renumber. */
enum sim_stream {
    STREAM_MARKET = 1,
    STREAM_SECTOR = 2,
    STREAM_SYMBOL = 3,
    STREAM_PATH = 4,
    STREAM_VOLUME = 5,
    STREAM_QUALITY = 6,
    STREAM_EARNINGS = 7,
    STREAM_STATEMENT = 8,
    STREAM_NEWS = 9,
    STREAM_WIDE_NEWS = 10,
    STREAM_OUTAGE = 11,
    STREAM_WIDE_PICK = 12,
    STREAM_SCENARIO = 13,
    STREAM_PLUNGE = 14,
};

/* One row of data/sim_universe.csv. */
struct sim_company {
    char symbol[16], name[64], brief[40], sector[32], industry[48], area[24];
    int64_t start_price;   /* 1/10,000 dollar */
    fx volatility, beta;   /* a year's, as a fraction */
    bool is_bank, is_fund; /* a fund has neither statements nor earnings */
    int fiscal_month;      /* month the fiscal year ends in */
    int64_t revenue;       /* dollars, of the first fiscal year */
    fx gross_margin, operating_margin;
    int64_t price_earnings; /* hundredths */
    int64_t volume;         /* shares a day */
    int32_t listed;         /* first day with a bar */
    uint64_t hash, sector_hash;
};

/* The common move of one weekday: of the market or of a sector. */
struct sim_common {
    fx overnight, intraday; /* log returns */
    fx level;               /* volatility relative to its long-run level */
};

/* One weekday of one symbol. */
struct sim_weekday {
    struct bar bar;
    fx log_open, log_close; /* of dollars */
    fx plunge;              /* how far it falls on its way and comes back, in logs; mostly 0 */
    fx spread;              /* sd of the day's own intraday walk, for its path */
    fx mood;                /* the short-lived truth: drifts coming returns, shows in headlines */
};

/* What closed sessions leave to the days after them, in daily sd: sim_habits.c. */
struct sim_habits {
    fx thin;       /* how thin volume was, 0..1, fading */
    fx short_mean; /* of log closes */
    fx above;      /* the last close above that */
    fx moved;      /* in the last session; 0 once answered */
    fx mean;       /* of the drift so far */
};

struct sim_series {
    struct sim_weekday *day;   /* indexed by sim_index() */
    size_t n, cap, first;      /* generated, allocated, first index with a price */
    fx mood, activity, unrest; /* states that carry over: truth, volume, own volatility */
    struct sim_habits habits;
    struct bars bars;         /* the sessions among the weekdays, ascending */
    fx quality[SIM_QUARTERS]; /* the slow truth, one a fiscal quarter */
    fx intercept;             /* log of the price the series is drawn back to, at its first day */
    fx daily;                 /* daily sd of the whole, long run */
    fx own;                   /* daily sd of what neither the market nor the sector explains */
};

enum sim_scenario_kind {
    SCENARIO_CALM,
    SCENARIO_CRASH,
    SCENARIO_GAP,
    SCENARIO_HALT,
    SCENARIO_STALE,
    SCENARIO_EARNINGS,
    SCENARIO_KINDS
};

/* A quarter that is reported on another day than usual. */
struct sim_moved {
    int quarter; /* -1: none */
    int32_t day;
    bool in_the_morning; /* the evening before is before the scenario, or nobody trades then */
};

/* Something that happens in the sessions from..until. */
struct sim_scenario {
    enum sim_scenario_kind kind;
    int32_t from, until;
    struct sim_moved moved[SIM_COMPANIES_MAX]; /* of SCENARIO_EARNINGS */
};

struct sim_market_state {
    int regime;    /* index into the table of sim_prices.c */
    fx volatility; /* a year's */
    fx last_shock; /* yesterday's move in standard deviations */
    fx log_close;  /* of the benchmark */
};

struct sim {
    struct market market; /* first: the provider's handle */
    uint64_t seed;
    struct sim_company company[SIM_COMPANIES_MAX];
    size_t companies;
    char symbols[SIM_COMPANIES_MAX * 16];
    struct sim_market_state state;
    struct sim_common *common; /* the market's weekdays */
    bool *is_session;          /* by weekday */
    size_t n, cap;
    struct sim_series *series[SIM_COMPANIES_MAX];    /* made on first use */
    struct sim_scenario scenario[SIM_SCENARIOS_MAX]; /* by `from` */
    size_t scenarios;
};

/* sim_universe.c: reads the embedded table; a broken table is a programmer's error (assert). */
void sim_universe_load(struct sim *s);
/* Index of the symbol, or SIM_COMPANIES_MAX. */
size_t sim_universe_find(const struct sim *s, const char *symbol);

/* Weekdays are numbered from the Monday of the epoch's week; a weekend counts as its Friday. */
size_t sim_index(int32_t day);
int32_t sim_day(size_t index);

/* sim_prices.c: the series of a company, generated at least through `day`. Appending never
 * changes what was there. Borrowed until the next call. */
struct sim_series *sim_series_through(struct sim *s, size_t company, int32_t day);
void sim_series_free(struct sim_series *series);
/* Forgets everything generated; it comes again the same, but for scenarios added since. */
void sim_forget(struct sim *s);
/* Rounded prices (1/10,000 dollar) along the day; knot 0 is the open, the last one the close. */
void sim_path(const struct sim *s, const struct sim_company *c, const struct sim_weekday *w,
              int64_t knot[SIM_KNOTS]);

/* sim_habits.c: before the first day; after the bar of a session was added, `moved` being its
 * return in daily sd; and the drift of the coming weekday, in daily sd, once a weekday. */
void sim_habits_begin(struct sim_series *series);
void sim_habits_see(struct sim_series *series, fx log_close, fx moved);
fx sim_habits_drift(struct sim_series *series);
/* How far below its way the session plunges, in daily sd; 0: it does not. */
fx sim_plunge(const struct sim *s, const struct sim_company *c, int32_t day);

/* sim_truth.c: fiscal quarters, the slow truth, and when results come out. */
struct sim_quarter {
    int index;               /* from 2012 */
    int32_t period_end;      /* last day */
    int fiscal_year, number; /* number 1..4 */
};
struct sim_quarter sim_quarter_of(const struct sim_company *c, int32_t day);
struct sim_quarter sim_quarter_at(const struct sim_company *c, int index);
void sim_quality_fill(uint64_t seed, const struct sim_company *c, fx quality[SIM_QUARTERS]);
/* The result that moves the open of `day`: true if there is one. */
struct sim_result {
    struct sim_quarter quarter;
    int64_t published_at; /* the evening before, or before the open */
    int32_t news_day;     /* weekday it is published on */
    fx surprise;          /* in standard deviations, roughly */
};
bool sim_result_on(const struct sim *s, const struct sim_company *c, const fx quality[SIM_QUARTERS],
                   int32_t day, struct sim_result *out);

/* The day on which a quarter moves the open: the usual one, or where a scenario put it. */
int32_t sim_result_day(const struct sim *s, const struct sim_company *c, int index);

/* sim_scenario.c: what scenarios do to one day; nothing to any other. */
/* The log returns of a crash, the same for every symbol. */
bool sim_crash_on(const struct sim *s, int32_t day, fx *overnight, fx *intraday);
/* By how much the symbol opens lower than its last close: a log return. */
bool sim_gap_on(const struct sim *s, const struct sim_company *c, int32_t day, fx *fall);
/* The session with which a halt of the symbol began; DAY_NONE when it trades in session `day`. */
int32_t sim_halted_since(const struct sim *s, const struct sim_company *c, int32_t day);
bool sim_is_stale_on(const struct sim *s, int32_t day);
/* Where scenarios put the report of the quarter; NULL: where it was. */
const struct sim_moved *sim_moved_by(const struct sim *s, const struct sim_company *c, int index);
/* Puts it among the others; what was generated is generated anew. */
enum err sim_scenario_add(struct sim *s, const char *name, int32_t from, struct error *e);

/* sim_fundamentals.c: statements filed strictly before as_of, newest first, and the state with
 * its reason; source and fetched_at are the caller's. */
void sim_fundamentals(const struct sim *s, const struct sim_company *c,
                      const fx quality[SIM_QUARTERS], int64_t as_of, struct fundamentals *out);
/* Quarterly earnings per share in cents, as the results headline gives it. */
int64_t sim_quarter_eps(const struct sim *s, const struct sim_company *c,
                        const fx quality[SIM_QUARTERS], const struct sim_quarter *q);

/* sim_news.c: headlines of the seven days up to as_of, newest first; strings into the arena.
 * State and reason as above. */
void sim_news(struct sim *s, size_t company, int64_t as_of, struct news *out, struct arena *arena);

#endif
