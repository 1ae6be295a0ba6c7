/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the HTTP client asks about addresses. */
#ifndef QUORUM_NET_HTTP_URL_H
#define QUORUM_NET_HTTP_URL_H

#include <stdbool.h>

/* May a request to `from`, with its secret headers, be sent to `to`? Scheme, host and port must
 * be the same; only http on port 80 may become https on 443. */
bool http_is_same_site(const char *from, const char *to);
/* localhost, 127.0.0.0/8, ::1 */
bool http_is_loopback(const char *url);

#endif
