/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desk's agents. Adding one is adding its file and its line here. */
#include <string.h>

#include "agents/agents.h"

const struct agent *const agent_table[] = {
    &agent_regime_detector, &agent_research,         &agent_news_analyst, &agent_technical_analyst,
    &agent_risk_manager,    &agent_strategy_builder, &agent_learning,     NULL,
};

const struct agent *agent_find(const char *name)
{
    for (size_t i = 0; agent_table[i]; i++)
        if (strcmp(agent_table[i]->name, name) == 0)
            return agent_table[i];
    return NULL;
}

static bool is_number(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

static bool matches(const char *pattern, const char *id)
{
    size_t n = strlen(pattern);
    char last = n ? pattern[n - 1] : '\0';
    if (last != '*' && last != '#')
        return strcmp(pattern, id) == 0;
    return strncmp(pattern, id, n - 1) == 0 && (last == '*' || is_number(id + n - 1));
}

bool agent_shows(const struct agent *a, const char *fact_id)
{
    for (size_t i = 0; a->facts[i]; i++)
        if (matches(a->facts[i], fact_id))
            return true;
    return false;
}
