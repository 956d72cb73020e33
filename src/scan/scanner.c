/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/scanner: the scanner's life: loads a signature folder and a canary of ours, tests itself, opens whatever a
 * sandbox would not let it open later; begins each message afresh.
 *
 * libclamav's own cache of clean objects is off: it is keyed by MD5, and two files with one MD5 can be made. The
 * bytecode interpreter only: a JIT needs executable mappings, which the sandbox forbids.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "mugai/scan.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clamav.h>
#include <glib/gstdio.h>

#include "mugai/base/unicode.h"

#include "scanner.h"
#include "type.h"

G_DEFINE_QUARK (mugai - scan - error - quark, mugai_scan_error)

/* The canary: harmless text that stands nowhere else. It is put together at run time, so that the program's own file
 * does not hold it and no other copy of our signatures finds it in a listing of the source. */
static const char *const canary_words[] = { "quokka-bittern", "7f3c19a2e8", "mugai-canary", "lantern-okapi",
                                            "d04b6e51" };
#define CANARY_NAME "Mugai.Canary"

/* libclamav counts every layer (mail, part, normalised text), we count archives: hence the difference. */
#define LAYERS_BESIDE_ARCHIVES 9
static void keep_quiet (enum cl_msg severity, const char *full, const char *message, void *context) {
  (void) full, (void) context;
  if (severity >= CL_MSG_WARN)
    g_debug ("libclamav: %s", message);
}

static cl_error_t library_result;

static void start_library (void) {
  cl_set_clcb_msg (keep_quiet);
  library_result = cl_init (CL_INIT_DEFAULT);
}

static char *make_canary (void) {
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (canary_words); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "/" : "", canary_words[i]);
  return g_string_free (text, FALSE);
}

static gboolean fail (GError **error, MugaiScanError code, const char *what, cl_error_t result) {
  g_set_error (error, MUGAI_SCAN_ERROR, code, "%s: %s", what, cl_strerror (result));
  return FALSE;
}

static gboolean set_number (struct cl_engine *engine, enum cl_engine_field field, guint64 value, GError **error) {
  cl_error_t result = cl_engine_set_num (engine, field, (long long) value);
  return result == CL_SUCCESS || fail (error, MUGAI_SCAN_ERROR_INTERNAL, "scanner limit refused", result);
}

static gboolean set_limits (struct cl_engine *engine, const MugaiScanLimits *limits, GError **error) {
  return set_number (engine, CL_ENGINE_MAX_SCANSIZE, limits->max_unpacked_bytes, error)
         && set_number (engine, CL_ENGINE_MAX_FILESIZE, limits->max_file_bytes, error)
         && set_number (engine, CL_ENGINE_MAX_RECURSION, limits->max_depth + LAYERS_BESIDE_ARCHIVES, error)
         && set_number (engine, CL_ENGINE_MAX_FILES, MAX (limits->max_members, MUGAI_SCAN_MAX_OBJECTS), error)
         && set_number (engine, CL_ENGINE_BYTECODE_MODE, CL_BYTECODE_MODE_INTERPRETER, error)
         && set_number (engine, CL_ENGINE_DISABLE_CACHE, 1, error);
}

/* A folder of its own for a one-line file: cl_load takes paths only. */
static gboolean load_canary (struct cl_engine *engine, guint *signatures, GError **error) {
  g_autofree char *folder = g_dir_make_tmp ("mugai-canary-XXXXXX", error);
  if (!folder)
    return FALSE;
  g_autofree char *path = g_build_filename (folder, "mugai.ndb", NULL);
  g_autofree char *canary = make_canary ();
  g_autoptr (GString) line = g_string_new (CANARY_NAME ":0:*:");
  for (const char *c = canary; *c; c++)
    g_string_append_printf (line, "%02x", (guint8) *c);
  g_string_append_c (line, '\n');

  gboolean ok = g_file_set_contents (path, line->str, (gssize) line->len, error);
  if (ok) {
    cl_error_t result = cl_load (path, engine, signatures, CL_DB_STDOPT);
    ok = result == CL_SUCCESS || fail (error, MUGAI_SCAN_ERROR_CANARY, "the canary does not load", result);
  }
  (void) g_unlink (path);
  (void) g_rmdir (folder);
  return ok;
}

static void reset_message (MugaiScanner *scanner) {
  const MugaiScanLimits *limits = &scanner->limits;
  scanner->budget = (MugaiBudget){
    .members = limits->max_members,
    .unpacked_bytes = limits->max_unpacked_bytes,
    .deadline_us = g_get_monotonic_time () + (gint64) limits->max_ms * 1000,
    .max_ratio = limits->max_ratio,
    .max_file_bytes = limits->max_file_bytes,
  };
  g_hash_table_remove_all (scanner->seen);
  g_clear_pointer (&scanner->message_signature, g_free);
  scanner->have_message = scanner->seen_complete = FALSE;
  scanner->message_scan = MUGAI_SCAN_NOT_SCANNED;
}

static gboolean test_canary (MugaiScanner *scanner, GError **error) {
  g_autofree char *canary = make_canary ();
  g_autofree char *text = g_strdup_printf ("A self-test of the scanner.\n%s\n", canary);
  g_autoptr (GBytes) content = g_bytes_new (text, strlen (text));
  g_autoptr (GBytes) harmless = g_bytes_new_static ("A self-test of the scanner.\n", 28);
  g_autofree char *signature = NULL;
  g_autofree char *none = NULL;
  reset_message (scanner); /* its time begins now: loading may have taken minutes */
  if (mugai_engine_scan (scanner, content, NULL, &signature) != MUGAI_SCAN_INFECTED) {
    g_set_error_literal (error, MUGAI_SCAN_ERROR, MUGAI_SCAN_ERROR_CANARY, "self-test: the canary was not found");
    return FALSE;
  }
  if (mugai_engine_scan (scanner, harmless, NULL, &none) != MUGAI_SCAN_CLEAN) {
    g_set_error_literal (error, MUGAI_SCAN_ERROR, MUGAI_SCAN_ERROR_CANARY, "self-test: harmless text is not clean");
    return FALSE;
  }
  return TRUE;
}

static gboolean is_container_of_signatures (const char *name) {
  return g_str_has_suffix (name, ".cvd") || g_str_has_suffix (name, ".cld") || g_str_has_suffix (name, ".cud");
}

static gint compare_words (gconstpointer a, gconstpointer b, gpointer data) {
  (void) data;
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* One file of a set: its time, and what its header says ("daily 27500"), or NULL for one without; it counts by its own time. */
static gint64 describe_file (const char *folder, const char *name, char **ret_header) {
  g_autofree char *path = g_build_filename (folder, name, NULL);
  GStatBuf status;

  *ret_header = NULL;
  if (g_stat (path, &status) != 0 || !S_ISREG (status.st_mode))
    return 0;
  struct cl_cvd *header = is_container_of_signatures (name) ? cl_cvdhead (path) : NULL;
  if (!header)
    return (gint64) status.st_mtime;
  gint64 time_s = (gint64) header->stime;
  *ret_header = g_strdup_printf ("%.*s %u", (int) strlen (name) - 4, name, header->version);
  cl_cvdfree (header);
  return time_s;
}

gint64 mugai_scan_set_describe (const char *folder, char **ret_words) {
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) headed = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 newest_s = 0;
  guint n_plain = 0;
  const char *name;
  while (dir && (name = g_dir_read_name (dir))) {
    char *header;
    gint64 time_s = describe_file (folder, name, &header);
    newest_s = MAX (newest_s, time_s);
    if (header)
      g_ptr_array_add (headed, header);
    else if (time_s > 0)
      n_plain++;
  }
  g_ptr_array_sort_with_data (headed, compare_words, NULL);
  for (guint i = 0; i < headed->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", (char *) headed->pdata[i]);
  if (n_plain > 0)
    g_string_append_printf (text, "%s%u file%s", headed->len > 0 ? " + " : "", n_plain, n_plain == 1 ? "" : "s");
  *ret_words = mugai_unicode_make_safe (text->str, -1, 200);
  return newest_s;
}

static void describe_set (MugaiScanner *scanner, const char *folder) {
  g_autofree char *words = NULL;
  scanner->time_s = mugai_scan_set_describe (folder, &words);
  scanner->version = g_strdup_printf ("%s, %u signatures", words, scanner->signatures);
}

static gboolean load_engine (MugaiScanner *scanner, const char *folder, GError **error) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  (void) pthread_once (&once, start_library);
  if (library_result != CL_SUCCESS)
    return fail (error, MUGAI_SCAN_ERROR_INTERNAL, "libclamav does not start", library_result);
  scanner->engine = cl_engine_new ();
  if (!scanner->engine)
    return fail (error, MUGAI_SCAN_ERROR_INTERNAL, "libclamav gives no engine", CL_EMEM);
  if (!set_limits (scanner->engine, &scanner->limits, error))
    return FALSE;
  if (scanner->scratch)
    (void) cl_engine_set_str (scanner->engine, CL_ENGINE_TMPDIR, scanner->scratch);

  guint own = 0;
  cl_error_t result = cl_load (folder, scanner->engine, &scanner->signatures, CL_DB_STDOPT);
  if (result != CL_SUCCESS) {
    g_set_error (error, MUGAI_SCAN_ERROR, MUGAI_SCAN_ERROR_LOAD, "the signatures in %s do not load: %s", folder,
                 cl_strerror (result));
    return FALSE;
  }
  if (!load_canary (scanner->engine, &own, error))
    return FALSE;
  mugai_engine_watch (scanner->engine);
  result = cl_engine_compile (scanner->engine);
  if (result != CL_SUCCESS)
    return fail (error, MUGAI_SCAN_ERROR_LOAD, "the signatures do not compile", result);
  describe_set (scanner, folder);
  return TRUE;
}

static MugaiScanLimits fill_limits (const MugaiScanLimits *given) {
  MugaiScanLimits limits = given ? *given : (MugaiScanLimits){ 0 };
#define DEFAULT(field, value) limits.field = limits.field ? limits.field : (value)
  DEFAULT (max_members, MUGAI_SCAN_MAX_MEMBERS);
  DEFAULT (max_depth, MUGAI_SCAN_MAX_DEPTH);
  DEFAULT (max_ratio, MUGAI_SCAN_MAX_RATIO);
  DEFAULT (max_ms, MUGAI_SCAN_MAX_MS);
  DEFAULT (max_unpacked_bytes, MUGAI_SCAN_MAX_UNPACKED_BYTES);
  DEFAULT (max_cached, MUGAI_SCAN_MAX_CACHED);
  DEFAULT (max_file_bytes, MUGAI_SCAN_MAX_FILE_BYTES);
#undef DEFAULT
  return limits;
}

/* What a sandbox would not let us open later: type data, the name converter, the locale of libarchive. */
static gboolean open_helpers (MugaiScanner *scanner, GError **error) {
  scanner->magic = mugai_type_open (error);
  if (!scanner->magic)
    return FALSE;
  scanner->cp932 = g_iconv_open ("UTF-8", "CP932");
  scanner->locale = newlocale (LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
  if (scanner->cp932 != (GIConv) -1 && scanner->locale)
    return TRUE;
  g_set_error_literal (error, MUGAI_SCAN_ERROR, MUGAI_SCAN_ERROR_INTERNAL,
                       "no converter for CP932 or no C.UTF-8 locale");
  return FALSE;
}

MugaiScanner *mugai_scanner_new (const char *signature_directory, const char *scratch_directory,
                                 const MugaiScanLimits *limits, GError **error) {
  g_autoptr (MugaiScanner) scanner = g_new0 (MugaiScanner, 1);
  scanner->cp932 = (GIConv) -1;
  scanner->limits = fill_limits (limits);
  scanner->scratch = g_strdup (scratch_directory);
  scanner->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  scanner->clean = mugai_cache_new (scanner->limits.max_cached == MUGAI_SCAN_NO_CACHE ? 0 : scanner->limits.max_cached);
  reset_message (scanner);
  if (!open_helpers (scanner, error))
    return NULL;
  if (signature_directory && (!load_engine (scanner, signature_directory, error) || !test_canary (scanner, error)))
    return NULL;
  return g_steal_pointer (&scanner);
}

/* Wiped, as the memory may go to someone else. */
static void forget_password (MugaiScanner *scanner) {
  if (scanner->password)
    explicit_bzero (scanner->password, strlen (scanner->password));
  g_clear_pointer (&scanner->password, g_free);
}

void mugai_scanner_set_password (MugaiScanner *scanner, const char *password) {
  forget_password (scanner);
  scanner->password = g_strdup (password);
}

void mugai_scanner_free (MugaiScanner *scanner) {
  if (!scanner)
    return;
  forget_password (scanner);
  if (scanner->engine)
    (void) cl_engine_free (scanner->engine);
  mugai_type_close (scanner->magic);
  if (scanner->cp932 != (GIConv) -1)
    g_iconv_close (scanner->cp932);
  if (scanner->locale)
    freelocale (scanner->locale);
  g_clear_pointer (&scanner->seen, g_hash_table_unref);
  g_clear_pointer (&scanner->clean, mugai_cache_free);
  g_free (scanner->scratch);
  g_free (scanner->version);
  g_free (scanner->message_signature);
  g_free (scanner);
}

const char *mugai_scanner_version (const MugaiScanner *scanner) {
  return scanner->version;
}

gint64 mugai_scanner_time (const MugaiScanner *scanner) {
  return scanner->time_s;
}

guint mugai_scanner_signatures (const MugaiScanner *scanner) {
  return scanner->signatures;
}

/* libclamav takes a new folder on a compiled engine too: it is read afresh by each scan. */
void mugai_scanner_set_scratch (MugaiScanner *scanner, const char *scratch_directory) {
  g_free (scanner->scratch);
  scanner->scratch = g_strdup (scratch_directory);
  if (scanner->engine && scratch_directory)
    (void) cl_engine_set_str (scanner->engine, CL_ENGINE_TMPDIR, scratch_directory);
}

void mugai_scanner_begin_message (MugaiScanner *scanner, GBytes *message) {
  reset_message (scanner);
  if (!scanner->engine || !message)
    return;
  scanner->message_scan = mugai_engine_scan (scanner, message, scanner->seen, &scanner->message_signature);
  scanner->have_message = TRUE;
  scanner->seen_complete = scanner->message_scan == MUGAI_SCAN_CLEAN;
}

void mugai_scanner_begin_cut_message (MugaiScanner *scanner, GBytes *message) {
  scanner->bytes_only = TRUE;
  mugai_scanner_begin_message (scanner, message);
  scanner->bytes_only = FALSE;
  scanner->seen_complete = FALSE;
  scanner->budget.deadline_us = 0;
}

MugaiScan mugai_scanner_message_verdict (const MugaiScanner *scanner, const char **ret_signature) {
  if (ret_signature)
    *ret_signature = scanner->message_signature;
  return scanner->message_scan;
}

MugaiScan mugai_scan_bytes (MugaiScanner *scanner, GBytes *content, char **ret_signature) {
  g_autofree char *signature = NULL;
  MugaiScan verdict = mugai_engine_scan (scanner, content, NULL, &signature);
  if (ret_signature)
    *ret_signature = g_steal_pointer (&signature);
  return verdict;
}
