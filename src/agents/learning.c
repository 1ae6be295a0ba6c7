/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Learning: words and ranks patterns that code has found and tested. It acts in the learning cycle
 * only, so it has no baseline and casts no vote. */
#include "agents/agents.h"
#include "agents/common.h"

static const char *const facts[] = {"trades_*", "pattern_*", NULL};

static const char *const impacts[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL", NULL};

static const struct answer_field answer[] = {
    {.name = "pattern",
     .type = FIELD_TEXT,
     .max_length = 39,
     .help = "The fact id of the one pattern most worth a person's time."},
    {.name = "headline",
     .type = FIELD_TEXT,
     .max_length = 80,
     .help = "The pattern in a few plain words."},
    {.name = "impact",
     .type = FIELD_ENUM,
     .choice = impacts,
     .help = "How much the desk would lose by not knowing it."},
    {.name = "reason",
     .type = FIELD_TEXT,
     .max_length = REASON_LENGTH,
     .help = "What it says, and what speaks against taking it seriously."},
    {.name = "evidence",
     .type = FIELD_EVIDENCE,
     .help = "The facts it rests on, with their values as shown."},
    {.name = NULL},
};

static const char prompt[] =
    "You are the learning analyst of a trading desk. Code has compared the desk's closed trades "
    "under a fixed list of conditions and corrected for how many it tried. Each fact pattern_... "
    "is one condition with its trades inside and outside, its win rates, its mean R and its "
    "status: exploratory means it may well be chance, candidate that it passed the correction, "
    "confirmed that it held on later trades. You choose the one most worth a person's time and "
    "word it in plain language.\n\n"
    "You invent no pattern and no number. Never call an exploratory pattern a finding. Where the "
    "trades are few, say so first. The rules speak of confidence; in this form the pattern's "
    "status "
    "takes its place." PROMPT_RULES;

const struct agent agent_learning = {
    .name = "learning",
    .title = "Learning",
    .role = AGENT_PROPOSER,
    .does =
        "Acts in the learning cycle: words and ranks patterns that code found in closed trades.",
    .facts = facts,
    .prompt_version = 1,
    .prompt = prompt,
    .answer = answer,
};
