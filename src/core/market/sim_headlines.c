/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/market/sim_headlines.h"

#include "quorum/mem.h"

static const char *const good[] = {
    "{c} raises full-year guidance on strong {a} demand",
    "{b} upgrades {c} to buy, lifts price target to ${t} from ${o}",
    "{c} announces {m} share buyback",
    "{c} wins {m} {a} contract",
    "{c} boosts dividend {p} after strong cash flow",
    "{c} shares gain as {a} sales accelerate",
    "{k} stock climbs after {b} raises price target to ${t}",
    "{c} margins improve as {a} costs fall {p}",
    "{c} lifts {y} outlook, citing resilient {a} demand",
    "{c} secures multi-year {a} deal worth {m}",
    "{c} {a} orders jump {p} from a year earlier",
    "{b} names {c} a top pick, sees upside to ${t}",
    "{c} debt falls to {l} from {m} as cash flow improves",
    "{c} wins regulatory approval for {a} expansion",
    "{c} order backlog grows to {m} from {l} a year ago",
    "{c} gains ground in {a}, sales up {p} in {b} survey",
    "{c} passes {a} milestone ahead of schedule",
    "{c} hikes quarterly dividend {p}",
    "{b} turns bullish on {c}, sees {a} recovery",
    "{c} cost program ahead of plan, expenses down {p}",
    "{c} sees {q} sales above analyst estimates",
    "{c} {a} customers grow {p}, more than expected",
    "Why {c} stock is rallying: {a} momentum builds",
    "{c} expands {a} partnership in {m} agreement",
    "{c} free cash flow climbs to {m} from {l}",
    "{c} settles {a} dispute on favorable terms",
    "{c} credit rating upgraded on stronger balance sheet",
    "{c} reaffirms guidance, adds {m} to share buyback",
    "{c} shares reach 52-week high on {a} optimism",
    "Productivity gains lift {c} {a} margins",
    "{b}: {c} set to outperform peers in {a}",
    "{c} {a} revenue tracking {p} higher, {b} checks show",
    "Demand for {c} {a} products exceeds supply, orders rise {p}",
    "{c} breakthrough in {a} draws upbeat reviews from analysts",
    "{c} to add {n} jobs as {a} output expands",
    "{c} wins award for {a} rollout as customer traffic climbs",
    "{b} lifts {k} to outperform, target ${t}",
    "{c} strengthens {a} unit; profit outlook improves",
    "{c} sees stronger-than-expected {a} bookings",
    "{c} raises prices for {a} as demand holds robust",
};

static const char *const bad[] = {
    "{c} cuts full-year guidance as {a} demand slows",
    "{b} downgrades {c} to sell, price target lowered to ${o} from ${t}",
    "{c} to lay off {n} workers as {a} orders fall",
    "{c} loses {m} {a} contract to rival",
    "{c} suspends share repurchases as cash flow shrinks",
    "{c} shares slide as {a} sales disappoint",
    "{k} stock slips after {b} cuts price target to ${o}",
    "{c} margins narrow as {a} costs rise {p}",
    "{c} lowers {y} outlook, citing weak {a} demand",
    "{c} {a} orders drop {p} from a year earlier",
    "{c} faces antitrust probe over {a} business",
    "{c} debt rises to {m} from {l} as spending hurts cash",
    "Regulators open investigation into {c} {a} unit",
    "{c} order backlog shrinks to {l} from {m} a year ago",
    "{c} loses ground in {a}, sales down {p} in {b} survey",
    "{c} recalls {n} units after {a} defect",
    "{c} slashes dividend {p} to save cash",
    "{b} turns bearish on {c}, warns of {a} slowdown",
    "{c} cost overruns mount, expenses up {p}",
    "{c} sees {q} sales below analyst estimates",
    "{c} loses {a} customers for a second quarter, churn rises {p}",
    "Why {c} stock is sliding: {a} headwinds persist",
    "{c} halts {a} expansion, takes {m} impairment charge",
    "{c} free cash flow falls to {l} from {m}",
    "{c} sued over {a} practices, plaintiffs seek {m}",
    "{c} credit rating downgraded on rising debt",
    "{c} withdraws guidance amid {a} uncertainty",
    "{c} shares touch 52-week low on {a} fears",
    "{c} {a} outage hurts customers, shares fall",
    "{b}: {c} likely to underperform peers in {a}",
    "{c} {a} revenue tracking {p} lower, {b} checks show",
    "Supply shortage forces {c} to cut {a} output {p}",
    "{c} {a} launch delayed again as problems hit schedule",
    "{c} finance chief resigns amid {a} shortfall",
    "Strike at {c} {a} operations enters second week",
    "{c} warns of weaker {q} profit",
    "{b} cuts {k} to underperform, target ${o}",
    "{c} fined {l} over {a} violations",
    "{c} sees weaker-than-expected {a} bookings",
    "{c} cuts prices for {a} as competition hurts profit",
};

static const char *const plain[] = {
    "{c} to present at {b} conference next week",
    "{c} names new head of {a}",
    "{c} to hold annual shareholder meeting next month",
    "{c} schedules {q} results call",
    "{c} opens {a} office in Ohio",
    "{b} keeps neutral rating on {c}, target ${o}",
    "{c} declares regular quarterly payout",
    "What to watch when {c} reports {q} numbers",
    "{c} files shelf registration with SEC",
    "{c} board adds former regulator as director",
    "Five questions for {c} before the next report",
    "{c} updates terms for {a} partners",
    "{k} options activity in line with monthly average",
    "{c} to move {a} team to Texas campus",
    "{c} unveils plan for {a} at investor day",
    "{b} starts coverage of {c} with hold",
    "{c} completes refinancing of {m} notes",
    "{c} and supplier extend {a} talks",
    "{c} chief executive to speak on {a} at industry forum",
    "How {c} spends {m} a year on {a}",
    "{c} publishes {y} sustainability report",
    "{c} swaps {a} vendor after review",
    "Fund trims {c} position, adds peers, filing shows",
    "{c} appoints auditor for {y}",
    "Inside the {a} plan at {c}",
    "{c} changes reporting segments for {a}",
    "{c} and union begin talks on {a} contract",
    "{k}: a look at the chart before earnings week",
    "{c} sells {l} of notes due in ten years",
    "{c} to test {a} service in three cities",
};

static const char *const beat[] = {
    "{c} beats {q} estimates: EPS {e} vs {x} expected",
    "{c} {q} profit tops forecasts as {a} revenue climbs {p}",
    "{c} posts strong quarter, EPS of {e} above consensus",
    "{c} earnings beat estimates; {a} sales rise {p}",
};
static const char *const miss[] = {
    "{c} misses {q} estimates: EPS {e} vs {x} expected",
    "{c} {q} profit falls short of estimates as {a} revenue drops {p}",
    "{c} posts weak quarter, EPS of {e} below consensus",
    "{c} earnings miss estimates; {a} sales fall {p}",
};
static const char *const in_line[] = {
    "{c} {q} results in line with estimates: EPS {e}",
    "{c} reports {q} EPS of {e}, matching consensus",
    "{c} meets {q} forecasts; {a} little changed",
};

static const char *const up[] = {
    "{c} shares close {p} higher on heavy volume",
    "{k} stock jumps {p}, outpacing the market",
    "{c} shares rally {p} in busy session",
    "{c} stock ends up {p}",
};
static const char *const down[] = {
    "{c} shares close {p} lower on heavy volume",
    "{k} stock drops {p}, lagging the market",
    "{c} shares tumble {p} in busy session",
    "{c} stock ends down {p}",
};

static const char *const wide_up[] = {
    "Wall Street closes {p} higher as buyers return",
    "Stocks gain {p} as bond yields ease",
    "U.S. stocks advance, led by cyclical shares",
    "Markets climb as traders weigh rate outlook",
};
static const char *const wide_down[] = {
    "Wall Street closes {p} lower as yields rise",
    "Stocks fall {p} in broad selling",
    "U.S. stocks retreat, led by cyclical shares",
    "Markets slip as traders weigh rate outlook",
};
static const char *const wide_plain[] = {
    "Stock futures little changed before jobs report",
    "Fed officials signal patience on rates",
    "Treasury yields steady ahead of inflation data",
    "Oil holds near recent range as supply talks continue",
    "What to watch on Wall Street this week",
    "Dollar steady as central banks meet",
    "Factory survey due later today, economists split",
    "Morning bid: the five numbers traders are watching",
};

static const char *const more_good[] = {
    "Analysts said the update points to firmer {a} trends into the next quarter.",
    "The company said {a} demand was strong across regions.",
    "Management told investors that {a} margins should improve further.",
    "{b} analysts called the development positive for the shares.",
    "The move follows several months of growth in {a}.",
};
static const char *const more_bad[] = {
    "Analysts said the update points to softer {a} trends into the next quarter.",
    "The company said {a} demand was weak across regions.",
    "Management told investors that {a} margins remain under pressure.",
    "{b} analysts called the development negative for the shares.",
    "The move follows several months of decline in {a}.",
};
static const char *const more_plain[] = {
    "The company gave no further details.",
    "Terms were not disclosed.",
    "A spokesperson declined to comment on {a} plans.",
    "The event will be webcast on the investor relations site.",
};

static const char *const brokers[] = {
    "Halden Partners",   "Birchwood Securities",  "Kestrel Capital",
    "Old Mill Research", "Tidewater Brothers",    "Corvane",
    "Larkspur & Webb",   "Northlight Securities",
};
static const char *const outlets[] = {
    "Meridian Wire",       "Tickerline",     "The Ledger Post",  "Bayfront Business",
    "Northgate Financial", "Market Lantern", "Quayside Markets", "Capitol Street Daily",
};

#define LIST(a)                                                                                    \
    {                                                                                              \
        a, ARRAY_LEN(a)                                                                            \
    }
const struct headline_list headline_lists[HEADLINE_KINDS] = {
    [HEADLINE_GOOD] = LIST(good),
    [HEADLINE_BAD] = LIST(bad),
    [HEADLINE_PLAIN] = LIST(plain),
    [HEADLINE_BEAT] = LIST(beat),
    [HEADLINE_MISS] = LIST(miss),
    [HEADLINE_IN_LINE] = LIST(in_line),
    [HEADLINE_UP] = LIST(up),
    [HEADLINE_DOWN] = LIST(down),
    [HEADLINE_WIDE_UP] = LIST(wide_up),
    [HEADLINE_WIDE_DOWN] = LIST(wide_down),
    [HEADLINE_WIDE_PLAIN] = LIST(wide_plain),
    [HEADLINE_MORE_GOOD] = LIST(more_good),
    [HEADLINE_MORE_BAD] = LIST(more_bad),
    [HEADLINE_MORE_PLAIN] = LIST(more_plain),
    [HEADLINE_BROKER] = LIST(brokers),
    [HEADLINE_OUTLET] = LIST(outlets),
};
