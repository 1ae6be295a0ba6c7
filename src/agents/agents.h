/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line per agent, for table.c. */
#ifndef AGENTS_AGENTS_H
#define AGENTS_AGENTS_H

#include "quorum/agent.h"

extern const struct agent agent_regime_detector;
extern const struct agent agent_research;
extern const struct agent agent_news_analyst;
extern const struct agent agent_technical_analyst;
extern const struct agent agent_risk_manager;
extern const struct agent agent_strategy_builder;
extern const struct agent agent_learning;

#endif
