/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wires the agents to the engine and argv to a command; nothing else. */
#include "quorum/command.h"

int main(int argc, char **argv)
{
    return quorum_main(argc, argv, agent_table);
}
