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

bool agent_shows(const struct agent *a, const char *fact_id)
{
    for (size_t i = 0; a->facts[i]; i++) {
        size_t n = strlen(a->facts[i]);
        bool prefix = n > 0 && a->facts[i][n - 1] == '*';
        if (prefix ? strncmp(a->facts[i], fact_id, n - 1) == 0 : strcmp(a->facts[i], fact_id) == 0)
            return true;
    }
    return false;
}
