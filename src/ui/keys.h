/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and their bytes; for input.c and keys.c. */
#ifndef UI_KEYS_H
#define UI_KEYS_H

#include "ui/input.h"

/* The key a byte below 0x80 stands for, without raw. */
void key_of_byte(unsigned char byte, struct key *k);
/* The key of a code point with modifiers, and the bytes an older terminal would have sent. False
 * when there is no such key. */
bool key_of_rune(uint32_t rune, uint8_t mods, struct key *k);

#endif
