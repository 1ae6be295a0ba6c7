/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UUID version 7 (RFC 9562): made here, not by the database, for what is retried across a lost
 * connection. */
#ifndef QUORUM_UUID_H
#define QUORUM_UUID_H

enum { UUID_TEXT = 37 };
const char *uuid_new(char dst[UUID_TEXT]);

#endif
