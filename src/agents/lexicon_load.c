/* SPDX-License-Identifier: GPL-3.0-or-later */
/* data/headline_lexicon.json into a struct lexicon. A broken file is an error with the key's name;
 * nothing is half loaded. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "agents/lexicon.h"
#include "quorum/buf.h"

/* Compiled patterns use the stack in place of the heap limit. */
enum { MATCH_LIMIT = 200000, MATCH_HEAP_KIB = 4096, MATCH_STACK = 1 << 20 };

static int compare_words(const void *a, const void *b)
{
    const struct lexicon_word *x = a, *y = b;
    return strcmp(x->text, y->text);
}

static struct json_object *list(struct json_object *root, const char *key, struct error *e)
{
    struct json_object *o = NULL;
    if (!json_object_object_get_ex(root, key, &o) || !json_object_is_type(o, json_type_array)) {
        err_set(e, ERR_FAILED, "headline lexicon: %s is not a list", key);
        return NULL;
    }
    return o;
}

/* A word may be in several lists: sort, then merge equal ones. */
static void merge_words(struct lexicon *l)
{
    size_t n = 0;
    qsort(l->word, l->nwords, sizeof *l->word, compare_words);
    for (size_t i = 0; i < l->nwords; i++) {
        if (n > 0 && strcmp(l->word[n - 1].text, l->word[i].text) == 0)
            l->word[n - 1].classes |= l->word[i].classes;
        else
            l->word[n++] = l->word[i];
    }
    l->nwords = n;
}

static enum err load_words(struct lexicon *l, struct json_object *root, struct error *e)
{
    static const struct {
        const char *key;
        enum word_class class;
    } lists[] = {
        {"up", WORD_UP},
        {"down", WORD_DOWN},
        {"good_subject", WORD_GOOD},
        {"bad_subject", WORD_BAD},
        {"positive", WORD_POSITIVE},
        {"negative", WORD_NEGATIVE},
        {"negators", WORD_NEGATOR},
        {"company_suffixes", WORD_SUFFIX},
        {"company_generic", WORD_GENERIC},
        {"ambiguous_tickers", WORD_AMBIGUOUS},
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct json_object *a = list(root, lists[i].key, e);
        if (!a)
            return ERR_FAILED;
        size_t n = json_object_array_length(a);
        l->word = mem_grow(l->word, l->nwords + n, sizeof *l->word);
        for (size_t k = 0; k < n; k++) {
            struct json_object *o = json_object_array_get_idx(a, k);
            if (!json_object_is_type(o, json_type_string))
                return err_set(e, ERR_FAILED, "headline lexicon: %s holds a non-word",
                               lists[i].key);
            l->word[l->nwords++] = (struct lexicon_word){
                .text = arena_text(&l->arena, json_object_get_string(o)),
                .classes = lists[i].class,
            };
        }
    }
    merge_words(l);
    return OK;
}

static enum err compile(struct lexicon_rule *r, const char *pattern, struct error *e)
{
    int code;
    PCRE2_SIZE at;
    r->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP,
                            &code, &at, NULL);
    if (r->code) {
        pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* where it cannot, it is interpreted */
        return OK;
    }
    PCRE2_UCHAR why[120];
    pcre2_get_error_message(code, why, sizeof why);
    return err_set(e, ERR_FAILED, "headline lexicon: %s at %zu of %.80s", (char *)why, at, pattern);
}

/* "<number>" stands for the pattern of a number with its unit, which has two groups. */
static void expand(struct buf *out, const char *pattern, const char *number)
{
    static const char mark[] = "<number>";
    const char *hit;
    buf_clear(out);
    while ((hit = strstr(pattern, mark))) {
        buf_add(out, pattern, (size_t)(hit - pattern));
        buf_str(out, number);
        pattern = hit + sizeof mark - 1;
    }
    buf_str(out, pattern);
}

/* Rows of [pattern, weight] or [pattern, replacement]. */
static enum err load_rules(struct lexicon *l, struct lexicon_rules *out, struct json_object *root,
                           const char *key, const char *number, struct error *e)
{
    struct json_object *a = list(root, key, e);
    if (!a)
        return ERR_FAILED;
    struct buf pattern = {0};
    enum err rc = OK;
    size_t n = json_object_array_length(a);
    out->rule = arena_alloc(&l->arena, n * sizeof *out->rule);
    for (size_t i = 0; i < n && !rc; i++) {
        struct json_object *row = json_object_array_get_idx(a, i);
        struct lexicon_rule *r = &out->rule[out->n];
        if (!json_object_is_type(row, json_type_array) || json_object_array_length(row) != 2) {
            rc = err_set(e, ERR_FAILED, "headline lexicon: %s row %zu", key, i);
            break;
        }
        struct json_object *second = json_object_array_get_idx(row, 1);
        if (json_object_is_type(second, json_type_string))
            r->replacement = arena_text(&l->arena, json_object_get_string(second));
        else
            r->weight = json_object_get_double(second);
        expand(&pattern, json_object_get_string(json_object_array_get_idx(row, 0)), number);
        rc = compile(r, buf_text(&pattern), e);
        out->n += rc == OK;
    }
    buf_release(&pattern);
    return rc;
}

static enum err load_one(struct lexicon_rule *r, struct json_object *root, const char *key,
                         struct error *e)
{
    struct json_object *o = NULL;
    if (!json_object_object_get_ex(root, key, &o) || !json_object_is_type(o, json_type_string))
        return err_set(e, ERR_FAILED, "headline lexicon: %s is not a pattern", key);
    return compile(r, json_object_get_string(o), e);
}

static enum err load_units(struct lexicon *l, struct json_object *root, struct error *e)
{
    struct json_object *o = NULL;
    if (!json_object_object_get_ex(root, "units", &o) || !json_object_is_type(o, json_type_object))
        return err_set(e, ERR_FAILED, "headline lexicon: units is not an object");
    l->unit = arena_alloc(&l->arena, (size_t)json_object_object_length(o) * sizeof *l->unit);
    json_object_object_foreach(o, key, value)
    {
        l->unit[l->nunits++] = (struct lexicon_unit){.name = arena_text(&l->arena, key),
                                                     .factor = json_object_get_double(value)};
    }
    return OK;
}

static enum err load_aliases(struct lexicon *l, struct json_object *root, struct error *e)
{
    struct json_object *a = list(root, "company_aliases", e);
    if (!a)
        return ERR_FAILED;
    size_t n = json_object_array_length(a);
    l->alias = arena_alloc(&l->arena, n * sizeof *l->alias);
    for (size_t i = 0; i < n; i++) {
        struct json_object *row = json_object_array_get_idx(a, i);
        if (!json_object_is_type(row, json_type_array) || json_object_array_length(row) != 2)
            return err_set(e, ERR_FAILED, "headline lexicon: company_aliases row %zu", i);
        const char *key = json_object_get_string(json_object_array_get_idx(row, 0));
        const char *text = json_object_get_string(json_object_array_get_idx(row, 1));
        l->alias[l->naliases++] = (struct lexicon_pair){.key = arena_text(&l->arena, key),
                                                        .text = arena_text(&l->arena, text)};
    }
    return OK;
}

static enum err load(struct lexicon *l, struct json_object *root, struct error *e)
{
    struct json_object *number = NULL;
    if (!json_object_object_get_ex(root, "number", &number))
        return err_set(e, ERR_FAILED, "headline lexicon: number is missing");
    const char *n = json_object_get_string(number);
    enum err rc = load_words(l, root, e);
    rc = rc ? rc : load_rules(l, &l->prepare, root, "prepare", n, e);
    rc = rc ? rc : load_rules(l, &l->phrases, root, "phrases", n, e);
    rc = rc ? rc : load_rules(l, &l->swings, root, "swings", n, e);
    rc = rc ? rc : load_rules(l, &l->comparisons, root, "comparisons", n, e);
    rc = rc ? rc : load_one(&l->comparison_bad, root, "comparison_bad", e);
    rc = rc ? rc : load_one(&l->comparison_good, root, "comparison_good", e);
    rc = rc ? rc : load_units(l, root, e);
    rc = rc ? rc : load_aliases(l, root, e);
    if (!rc && l->swings.n != 2)
        rc = err_set(e, ERR_FAILED, "headline lexicon: swings needs two rows");
    return rc;
}

struct lexicon *lexicon_new(const char *json, size_t len, struct error *e)
{
    struct json_tokener *tok = json_tokener_new();
    struct json_object *root = tok ? json_tokener_parse_ex(tok, json, (int)len) : NULL;
    if (tok)
        json_tokener_free(tok);
    if (!json_object_is_type(root, json_type_object)) {
        json_object_put(root);
        err_set(e, ERR_FAILED, "headline lexicon: not a JSON object");
        return NULL;
    }
    struct lexicon *l = mem_alloc(sizeof *l);
    enum err rc = load(l, root, e);
    json_object_put(root);
    l->limits = pcre2_match_context_create(NULL);
    l->match = pcre2_match_data_create(16, NULL);
    if (!rc && (!l->limits || !l->match))
        rc = err_set(e, ERR_FAILED, "headline lexicon: no match context");
    if (rc) {
        lexicon_free(l);
        return NULL;
    }
    pcre2_set_match_limit(l->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(l->limits, MATCH_HEAP_KIB);
    l->stack = pcre2_jit_stack_create(MATCH_STACK / 16, MATCH_STACK, NULL);
    pcre2_jit_stack_assign(l->limits, NULL, l->stack);
    return l;
}

static void free_rules(struct lexicon_rules *r)
{
    for (size_t i = 0; i < r->n; i++)
        pcre2_code_free(r->rule[i].code);
}

void lexicon_free(struct lexicon *l)
{
    if (!l)
        return;
    free_rules(&l->prepare);
    free_rules(&l->phrases);
    free_rules(&l->swings);
    free_rules(&l->comparisons);
    pcre2_code_free(l->comparison_bad.code);
    pcre2_code_free(l->comparison_good.code);
    pcre2_match_data_free(l->match);
    pcre2_match_context_free(l->limits);
    if (l->stack)
        pcre2_jit_stack_free(l->stack);
    mem_free(l->word);
    arena_release(&l->arena);
    mem_free(l);
}
