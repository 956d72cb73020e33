/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/scanner: the scanner's own state, shared by the files of this room.
 *
 * The engine, the type data and the converters are made once, before the sandbox closes, and only read
 * afterwards; budgets and what libclamav saw belong to one message. One process, one scanner.
 */
#pragma once

#include <locale.h>
#include <magic.h>

#include "mugai/scan.h"
#include "budget.h"
#include "cache.h"

struct cl_engine;

struct MugaiScanner {
  struct cl_engine *engine; /* NULL: no signatures, every verdict is not-scanned */
  magic_t magic;            /* never NULL */
  GIConv cp932;             /* never -1: names in archives that are not UTF-8 */
  locale_t locale;          /* C.UTF-8: libarchive decodes names by the locale */
  MugaiScanLimits limits;   /* filled: no zero left */
  char *scratch;
  char *password; /* (nullable) given by a person for what is locked; wiped when freed */

  char *version;
  gint64 time_s;
  guint signatures;

  MugaiBudget budget;          /* of the message in hand */
  gboolean bytes_only;         /* libclamav takes nothing apart */
  gboolean have_message;       /* a whole message was scanned */
  gboolean seen_complete;      /* ... to its end, within every limit, and clean: seen is a list of clean objects */
  MugaiCache *clean;           /* of earlier messages too: what was found clean in a scan that was complete */
  GHashTable *seen;            /* SHA-256 (hexadecimal) of every object libclamav looked into */
  MugaiScanMailFunc mail_look; /* (nullable) */
  gboolean in_mail;            /* inside it */
  MugaiScan message_scan;
  char *message_signature;
};

/* engine.c */
/** mugai_engine_watch: has the objects that @engine opens looked at (see mugai_engine_scan); before it is compiled. */
void mugai_engine_watch (struct cl_engine *engine);
/** mugai_engine_scan: (transfer full) @ret_signature; @seen (nullable) gets the digests of every object. */
MugaiScan mugai_engine_scan (MugaiScanner *scanner, GBytes *content, GHashTable *seen, char **ret_signature);
/**
 * mugai_engine_text_key: (transfer full) under which a text lies among the objects seen of a whole message. libclamav writes the texts of
 * a mail line by line, with line ends of its own: CR and empty lines at the end do not count.
 */
char *mugai_engine_text_key (gconstpointer data, gsize length_bytes);
