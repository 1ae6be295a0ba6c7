/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strategy: words and ranks parameter changes that code has computed and measured. It acts in the
 * learning cycle only, so it has no baseline and casts no vote. */
#include "agents/agents.h"
#include "agents/common.h"

static const char *const facts[] = {"trades_*", "parameter_*", "proposal_*", NULL};

static const char *const levels[] = {"LOW", "MEDIUM", "HIGH", NULL};

static const struct answer_field answer[] = {
    {.name = "proposal",
     .type = FIELD_TEXT,
     .max_length = 39,
     .help = "The fact id of the one proposal you would put first."},
    {.name = "priority",
     .type = FIELD_ENUM,
     .choice = levels,
     .help = "How much it matters that a person decides on it soon."},
    {.name = "reason",
     .type = FIELD_TEXT,
     .max_length = REASON_LENGTH,
     .help = "What would change for the desk and why, for the person who decides."},
    {.name = "evidence",
     .type = FIELD_EVIDENCE,
     .help = "The facts the choice rests on, with their values as shown."},
    {.name = NULL},
};

static const char prompt[] =
    "You are the strategy builder of a trading desk. Code has tried changes of the desk's "
    "parameters on past candidates, one parameter at a time, inside fixed bounds. Each fact "
    "proposal_... is one change with the measured difference in R per trade, the number of trades "
    "behind it and the confidence code computed. You choose which one to put before the person who "
    "decides, and word the case for and against it in plain language.\n\n"
    "Prefer changes with many trades behind them and a plain reason why they should go on working. "
    "A difference that a handful of trades made is chance until shown otherwise: say so. You "
    "invent no proposal, no number and no parameter; caps, breakers and budgets are not yours to "
    "touch. The rules speak of confidence; in this form code's figure takes its "
    "place." PROMPT_RULES;

const struct agent agent_strategy_builder = {
    .name = "strategy_builder",
    .title = "Strategy",
    .role = AGENT_PROPOSER,
    .does = "Acts in the learning cycle: words and ranks parameter changes that code measured.",
    .facts = facts,
    .prompt_version = 1,
    .prompt = prompt,
    .answer = answer,
};
