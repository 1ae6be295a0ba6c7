/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/net/http_url.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "quorum/buf.h"

struct url_parts {
    char scheme[16], host[256], port[8];
};

/* Curl's own reading of an address decides, so that the two cannot differ. */
static bool split_url(const char *url, struct url_parts *out)
{
    CURLU *u = curl_url();
    char *s = NULL, *h = NULL, *p = NULL;
    bool fine = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_SCHEME, &s, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &h, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_PORT, &p, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                copy_text(out->scheme, sizeof out->scheme, s) &&
                copy_text(out->host, sizeof out->host, h) &&
                copy_text(out->port, sizeof out->port, p);
    curl_free(s);
    curl_free(h);
    curl_free(p);
    curl_url_cleanup(u);
    return fine;
}

bool http_is_same_site(const char *from, const char *to)
{
    struct url_parts a, b;
    if (!split_url(from, &a) || !split_url(to, &b) || strcasecmp(a.host, b.host) != 0)
        return false;
    if (strcasecmp(a.scheme, b.scheme) == 0)
        return strcmp(a.port, b.port) == 0;
    return strcasecmp(a.scheme, "http") == 0 && strcasecmp(b.scheme, "https") == 0 &&
           strcmp(a.port, "80") == 0 && strcmp(b.port, "443") == 0;
}

bool http_is_loopback(const char *url)
{
    struct url_parts u;
    if (!split_url(url, &u))
        return false;
    size_t n = strlen(u.host);
    return strcasecmp(u.host, "localhost") == 0 || strncmp(u.host, "127.", 4) == 0 ||
           strcmp(u.host, "[::1]") == 0 ||
           (n > 10 && strcasecmp(u.host + n - 10, ".localhost") == 0);
}
