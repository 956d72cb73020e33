/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/engine: libclamav, asked honestly: every return but "clean, and no limit was met" is a verdict that is not
 * clean. It is watched while it works, object by object: what it saw, what it cut, and where it would only cost.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "mugai/scan.h"

#include <string.h>

#include <clamav.h>

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"

#include "scanner.h"

/* It cuts an object at the last whole block (8 KiB in ZIP) below MaxFileSize: what ends so near the limit counts as cut. */
#define CUT_BLOCK_BYTES 65536u
#define LEAF_KEY "leaf:"        /* in the cache: was clean with all that is in it, as a leaf of a mail */
#define TEXT_KEY "text:"        /* among the objects seen: a text, whatever its line ends */
#define MAX_SEEN_OBJECTS 50000u /* digests remembered of one message: 5 MB */

typedef struct {
  MugaiScanner *scanner;
  GHashTable *seen;    /* (nullable) digests */
  GHashTable *scanned; /* of char*: digest and type of the objects begun so far */
  GPtrArray *path;     /* of (nullable) char*, not owned: the same of those it is in, by level */
  GPtrArray *leaves;   /* of char*: keys of the leaves it opens, of a whole message */
  gboolean whole_message;
  gboolean limit_hit; /* libclamav cut an object: it would call it clean */
  gboolean stopped;   /* by us, at a bomb: the "virus" it reports is our own stop */
} ScanState;

/* A leaf of a mail that was clean as a leaf of a mail before: libclamav need not open it. Only there: some signatures ask what an
 * object lies in, and below a leaf that differs. */
static cl_error_t judge_leaf (ScanState *state, const char *digest) {
  g_autofree char *key = g_strconcat (LEAF_KEY, digest, NULL);
  if (mugai_cache_has (state->scanner->clean, key))
    return CL_BREAK;
  g_ptr_array_add (state->leaves, g_steal_pointer (&key));
  return CL_CLEAN;
}

char *mugai_engine_text_key (gconstpointer data, gsize length_bytes) {
  g_autoptr (GString) text = g_string_sized_new (length_bytes);
  const char *end = (const char *) data + length_bytes;
  for (const char *line = data; line < end;) {
    const char *cr = memchr (line, '\r', (gsize) (end - line));
    g_string_append_len (text, line, (cr ? cr : end) - line);
    line = cr ? cr + 1 : end;
  }
  while (text->len > 0 && text->str[text->len - 1] == '\n')
    g_string_truncate (text, text->len - 1);
  g_autofree char *digest = mugai_sha256_hex (text->str, text->len);
  return g_strconcat (TEXT_KEY, digest, NULL);
}

/* The members of Office files reach libclamav twice: of the document, and of the ZIP that it is. What it has scanned to its end in this
 * very scan it need not scan again wherever it lies: so its own cache has it, too, which is off here as it is keyed by MD5. An object that
 * lies in itself is not at its end. Takes note of the object. */
static gboolean was_scanned (ScanState *state, const char *digest, const char *type) {
  char *key = g_strconcat (digest, " ", type, NULL);
  gpointer known = NULL;
  (void) g_hash_table_lookup_extended (state->scanned, key, &known, NULL);
  gboolean done = known && !g_ptr_array_find (state->path, known, NULL);
  if (known)
    g_free (key);
  else
    g_hash_table_add (state->scanned, key);
  g_ptr_array_add (state->path, known ? known : key);
  return done;
}

static gboolean is_text (const char *type) {
  return type && (g_str_has_prefix (type, "CL_TYPE_TEXT_") || g_str_equal (type, "CL_TYPE_HTML"));
}

/* Called for every object libclamav opens. Two things it would not tell us by its return value: an object cut at
 * MaxFileSize (called clean), and one that is so much larger than what it came from that only its scan would cost. */
static cl_error_t inspect_object (int fd, const char *type, const char **ancestors, size_t parent_bytes,
                                  const char *name, size_t size_bytes, const char *buffer, uint32_t level,
                                  uint32_t attributes, void *context) {
  ScanState *state = context;
  (void) fd, (void) ancestors, (void) name;
  g_ptr_array_set_size (state->path, (gint) level);
  /* A bomb ends the scan: what else is in the message is looked at part by part. */
  if (level > 0 && mugai_budget_is_bomb (&state->scanner->budget, parent_bytes, size_bytes)) {
    state->limit_hit = state->stopped = TRUE;
    return CL_VIRUS;
  }
  if (size_bytes + CUT_BLOCK_BYTES > state->scanner->limits.max_file_bytes) {
    state->limit_hit = TRUE;
    return CL_CLEAN;
  }
  if (level == 0 && state->whole_message) /* no part is as large as that */
    return CL_CLEAN;
  if (!state->seen || !buffer || size_bytes == 0 || (attributes & LAYER_ATTRIBUTES_NORMALIZED)
      || g_hash_table_size (state->seen) >= MAX_SEEN_OBJECTS)
    return CL_CLEAN;
  char *digest = mugai_sha256_hex (buffer, size_bytes);
  g_hash_table_add (state->seen, digest);
  if (was_scanned (state, digest, type ? type : ""))
    return CL_BREAK;
  if (level != 1 || !state->whole_message)
    return CL_CLEAN;
  if (is_text (type))
    g_hash_table_add (state->seen, mugai_engine_text_key (buffer, size_bytes));
  return judge_leaf (state, digest);
}

static MugaiScan verdict_of_name (const char *name) {
  if (g_str_has_prefix (name, "Heuristics.Encrypted."))
    return MUGAI_SCAN_ENCRYPTED;
  if (g_str_has_prefix (name, "Heuristics.Limits.Exceeded"))
    return MUGAI_SCAN_OVER_LIMIT;
  if (g_str_has_prefix (name, "Heuristics.Broken."))
    return MUGAI_SCAN_UNPARSABLE;
  return MUGAI_SCAN_INFECTED;
}

static MugaiScan verdict_of_result (cl_error_t result, const char *name) {
  switch (result) {
  case CL_CLEAN:
    return name ? verdict_of_name (name) : MUGAI_SCAN_CLEAN;
  case CL_VIRUS:
    return name ? verdict_of_name (name) : MUGAI_SCAN_INFECTED;
  case CL_EMAXREC:
  case CL_EMAXSIZE:
  case CL_EMAXFILES:
  case CL_ETIMEOUT:
    return MUGAI_SCAN_OVER_LIMIT;
  case CL_EUNPACK:
  case CL_EFORMAT:
  case CL_EPARSE:
    return MUGAI_SCAN_UNPARSABLE;
  default:
    return MUGAI_SCAN_NOT_SCANNED;
  }
}

static void set_scan_options (const MugaiScanner *scanner, struct cl_scan_options *options) {
  memset (options, 0, sizeof *options);
  options->general = CL_SCAN_GENERAL_HEURISTICS;
  options->parse = scanner->bytes_only ? 0 : ~0u;
  options->heuristic =
      CL_SCAN_HEURISTIC_EXCEEDS_MAX | CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE | CL_SCAN_HEURISTIC_ENCRYPTED_DOC;
}

static void remember_clean (MugaiScanner *scanner, GHashTable *seen, GPtrArray *leaves) {
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, seen);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    mugai_cache_add (scanner->clean, key);
  for (guint i = 0; i < leaves->len; i++)
    mugai_cache_add (scanner->clean, leaves->pdata[i]);
}

/* libclamav may take all of a message's time but a fifth [ms]: a slow scan must not cost us our own look at macros and the like. */
static gint64 time_left_ms (const MugaiScanner *scanner) {
  gint64 left_us = scanner->budget.deadline_us - g_get_monotonic_time ();
  return left_us / G_TIME_SPAN_MILLISECOND - scanner->limits.max_ms / 5;
}

MugaiScan mugai_engine_scan (MugaiScanner *scanner, GBytes *content, GHashTable *seen, char **ret_signature) {
  *ret_signature = NULL;
  gsize length_bytes;
  const void *data = g_bytes_get_data (content, &length_bytes);
  if (!scanner->engine)
    return MUGAI_SCAN_NOT_SCANNED;
  if (length_bytes == 0)
    return MUGAI_SCAN_CLEAN;
  gint64 left_ms = time_left_ms (scanner);
  if (length_bytes >= scanner->limits.max_file_bytes || left_ms <= 0)
    return MUGAI_SCAN_OVER_LIMIT;
  (void) cl_engine_set_num (scanner->engine, CL_ENGINE_MAX_SCANTIME, left_ms);

  cl_fmap_t *map = cl_fmap_open_memory (data, length_bytes);
  if (!map)
    return MUGAI_SCAN_NOT_SCANNED;
  struct cl_scan_options options;
  set_scan_options (scanner, &options);
  g_autoptr (GPtrArray) leaves = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) scanned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) path = g_ptr_array_new ();
  ScanState state = { .scanner = scanner,
                      .seen = seen,
                      .scanned = scanned,
                      .path = path,
                      .leaves = leaves,
                      .whole_message = seen != NULL && seen == scanner->seen };
  const char *name = NULL;
  unsigned long int blocks = 0;
  cl_error_t result = cl_scanmap_callback (map, NULL, &name, &blocks, scanner->engine, &options, &state);
  cl_fmap_close (map);

  if (state.stopped)
    return MUGAI_SCAN_OVER_LIMIT;
  MugaiScan verdict = verdict_of_result (result, name);
  if (name && verdict != MUGAI_SCAN_CLEAN)
    *ret_signature = mugai_unicode_make_safe (name, -1, 256);
  if (state.limit_hit && verdict > MUGAI_SCAN_OVER_LIMIT)
    verdict = MUGAI_SCAN_OVER_LIMIT;
  if (verdict == MUGAI_SCAN_CLEAN && seen)
    remember_clean (scanner, seen, leaves);
  return verdict;
}

void mugai_engine_watch (struct cl_engine *engine) {
  cl_engine_set_clcb_file_inspection (engine, inspect_object);
}
