/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/part: one part through all looks: type, active content, members, names, verdict.
 *
 * Nested archives are walked with a stack of at most max_depth open readers, depth first; nothing here recurses.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "mugai/scan.h"

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"

#include "active.h"
#include "members.h"
#include "flags.h"
#include "scanner.h"
#include "type.h"
#include "zip.h"

#define MAX_SFX_BYTES (1024u * 1024) /* how far the unpackers look */

typedef struct {
  MugaiArchive *archive;
  MugaiPart *part; /* the container, owned by its list */
  GBytes *content; /* of the container */
  guint n_members;
} Level;

/* What makes a member unreadable is said of what is around it, too. */
#define OUTWARD_FLAGS (MUGAI_BIT (MUGAI_FLAG_ENCRYPTED) | MUGAI_BIT (MUGAI_FLAG_BOMB) | MUGAI_BIT (MUGAI_FLAG_TOO_DEEP))

static void clear_level (void *data) {
  Level *level = data;
  mugai_archive_free (level->archive);
  g_bytes_unref (level->content);
}

static void worsen_part (MugaiPart *part, MugaiScan scan) {
  part->scan = MIN (part->scan, scan);
}

/* What libclamav passes over in any mail: texts it normalises first, and signatures beside what they sign. */
static gboolean is_passed_over (const MugaiPart *part) {
  return g_str_has_prefix (part->detected, "text/") || g_str_has_prefix (part->detected, "message/")
         || g_str_equal (part->detected, "application/json") || g_str_equal (part->detected, "application/xml")
         || g_str_equal (part->detected, "application/pkcs7-signature")
         || g_str_equal (part->detected, "application/pgp-signature");
}

/* The text of a mail without a name: nobody saves it as a file, so only what it says matters, not how its lines end. */
static gboolean is_seen_text (MugaiScanner *scanner, const MugaiPart *part, GBytes *content) {
  if (!g_str_has_prefix (part->detected, "text/") || (part->names && part->names[0]))
    return FALSE;
  MugaiBytes bytes = mugai_bytes_of (content);
  g_autofree char *key = mugai_engine_text_key (bytes.data, bytes.length_bytes);
  return g_hash_table_contains (scanner->seen, key);
}

static gboolean was_seen (MugaiScanner *scanner, const MugaiPart *part, GBytes *content) {
  return scanner->seen_complete
         && (g_hash_table_contains (scanner->seen, part->sha256) || is_seen_text (scanner, part, content));
}

/* libclamav's word on these bytes: not asked again where the whole message was clean to its end and held this very object. */
static void scan_content (MugaiScanner *scanner, MugaiPart *part, GBytes *content) {
  gboolean below_leaf = strchr (part->path, '/') != NULL;
  if (was_seen (scanner, part, content) || (below_leaf && mugai_cache_has (scanner->clean, part->sha256))) {
    part->scan = MUGAI_SCAN_CLEAN;
    return;
  }
  if (scanner->have_message && scanner->seen_complete && !below_leaf && part->size_bytes > 0 && !is_passed_over (part))
    part->flags |= MUGAI_BIT (MUGAI_FLAG_UNSEEN_BY_SCANNER);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *signature = NULL;
  part->scan = mugai_engine_scan (scanner, content, seen, &signature);
  if (signature) {
    g_free (part->signature);
    part->signature = g_steal_pointer (&signature);
  }
  if (part->scan != MUGAI_SCAN_CLEAN || !scanner->seen_complete)
    return;
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, seen);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    g_hash_table_iter_steal (&iter);
    g_hash_table_add (scanner->seen, key);
  }
}

/* What only a key would open. */
static gboolean is_sealed (const MugaiPart *part) {
  return g_str_equal (part->detected, "application/pgp-encrypted") || (part->flags & MUGAI_BIT (MUGAI_FLAG_ENCRYPTED));
}

/* libclamav's word last: of an archive only after our own walk, as it would unpack a bomb in full before it says so. */
static void ask_scanner (MugaiScanner *scanner, MugaiPart *part, GBytes *content) {
  MugaiScan own = part->scan;
  if (own != MUGAI_SCAN_OVER_LIMIT && own != MUGAI_SCAN_INFECTED)
    scan_content (scanner, part, content);
  worsen_part (part, own);
  if (is_sealed (part)) {
    part->flags |= MUGAI_BIT (MUGAI_FLAG_ENCRYPTED);
    worsen_part (part, MUGAI_SCAN_ENCRYPTED);
  }
  if (part->scan == MUGAI_SCAN_ENCRYPTED)
    part->flags |= MUGAI_BIT (MUGAI_FLAG_ENCRYPTED);
}

/* Archives; and whatever else ends in a whole ZIP. */
static gboolean has_members (const MugaiPart *part, GBytes *content) {
  return mugai_flags_is_archive (part->detected) || mugai_zip_is_behind (mugai_bytes_of (content));
}

/* What our own look could not look into is never clean. */
static MugaiScan verdict_of_look (guint64 flags) {
  if (flags & MUGAI_BIT (MUGAI_FLAG_BOMB))
    return MUGAI_SCAN_OVER_LIMIT;
  if (flags & MUGAI_BIT (MUGAI_FLAG_MALFORMED))
    return MUGAI_SCAN_UNPARSABLE;
  return flags & MUGAI_BIT (MUGAI_FLAG_UNSUPPORTED_FORMAT) ? MUGAI_SCAN_NOT_SCANNED : MUGAI_SCAN_CLEAN;
}

/* RAR and 7-Zip look for their marks within the first megabyte of anything: a picture that holds one is a picture and an archive. */
static gboolean carries_archive (const char *type, MugaiBytes bytes) {
  MugaiBytes head = mugai_bytes_slice (bytes, 0, MAX_SFX_BYTES);
  return g_str_has_prefix (type, "image/")
         && (MUGAI_BYTES_FIND (head, 0, "Rar!\x1a\7") >= 0 || MUGAI_BYTES_FIND (head, 0, "7z\xbc\xaf\x27\x1c") >= 0);
}

static const char *type_of_part (MugaiScanner *scanner, const MugaiPart *part, MugaiBytes bytes) {
  const char *type = mugai_type_detect (scanner->magic, bytes);
  for (char **name = part->names; g_str_equal (type, MUGAI_TYPE_TEXT) && *name; name++) {
    g_autofree char *extension = mugai_flags_extension (*name);
    type = mugai_type_refine_text (bytes, extension);
  }
  return type;
}

static void examine (MugaiScanner *scanner, MugaiPart *part, GBytes *content) {
  MugaiBytes bytes = mugai_bytes_of (content);
  g_free (part->detected);
  part->detected = g_strdup (type_of_part (scanner, part, bytes));
  part->size_bytes = bytes.length_bytes;
  g_free (part->sha256);
  part->sha256 = mugai_sha256_hex (bytes.data, bytes.length_bytes);
  scanner->budget.cut = FALSE;
  guint64 active = mugai_active_flags (part->detected, bytes, &scanner->budget);
  if (mugai_zip_is_behind (bytes) || carries_archive (part->detected, bytes))
    active |= MUGAI_BIT (MUGAI_FLAG_AMBIGUOUS);
  part->flags |= active;
  part->flags |= mugai_flags_of_part (part);
  part->scan = verdict_of_look (active);
  if (scanner->budget.cut)
    worsen_part (part, MUGAI_SCAN_OVER_LIMIT);
  if (!has_members (part, content))
    ask_scanner (scanner, part, content);
}

/* "report.csv.gz" holds "report.csv"; ".tgz" a ".tar". */
static char *inner_name (const MugaiPart *part) {
  const char *name = part->names && part->names[0] ? part->names[0] : NULL;
  const char *dot = name ? strrchr (name, '.') : NULL;
  if (!dot || dot == name)
    return NULL;
  gboolean tar = dot[1] == 't' && strlen (dot) == 4;
  g_autofree char *stem = g_strndup (name, (gsize) (dot - name));
  return tar ? g_strconcat (stem, ".tar", NULL) : g_steal_pointer (&stem);
}

static void push_archive (MugaiScanner *scanner, GArray *levels, MugaiPart *part, GBytes *content) {
  if (levels->len >= scanner->limits.max_depth) {
    MugaiPart *outer = g_array_index (levels, Level, levels->len - 1).part;
    part->flags |= MUGAI_BIT (MUGAI_FLAG_TOO_DEEP);
    outer->flags |= MUGAI_BIT (MUGAI_FLAG_TOO_DEEP);
    worsen_part (part, MUGAI_SCAN_OVER_LIMIT);
    worsen_part (outer, MUGAI_SCAN_OVER_LIMIT);
    return;
  }
  g_autofree char *fallback = inner_name (part);
  Level level = { mugai_archive_open (scanner, part->detected, content, fallback), part, g_bytes_ref (content), 0 };
  g_array_append_val (levels, level);
}

/* What an archive found out about itself goes to its part, and what makes it unreadable to those around it. */
static void pop_archive (MugaiScanner *scanner, GArray *levels) {
  Level *level = &g_array_index (levels, Level, levels->len - 1);
  MugaiPart *part = level->part;
  part->flags |= mugai_archive_flags (level->archive);
  worsen_part (part, mugai_archive_scan (level->archive));
  ask_scanner (scanner, part, level->content);
  guint64 flags = part->flags & OUTWARD_FLAGS;
  MugaiScan scan = part->scan;
  g_array_set_size (levels, levels->len - 1);
  if (levels->len == 0)
    return;
  MugaiPart *outer = g_array_index (levels, Level, levels->len - 1).part;
  outer->flags |= flags;
  if (scan < MUGAI_SCAN_NOT_SCANNED)
    worsen_part (outer, scan);
}

static MugaiPart *make_member (const Level *level, MugaiMember *member) {
  MugaiPart *part = mugai_part_new ();
  g_free (part->path);
  part->path = g_strdup_printf ("%s/%u", level->part->path, level->n_members);
  g_free (part->declared);
  part->declared = g_strdup ("");
  g_ptr_array_add (member->names, NULL);
  g_strfreev (part->names);
  part->names = (char **) (void *) g_ptr_array_free (g_steal_pointer (&member->names), FALSE);
  part->role = MUGAI_ROLE_MEMBER;
  part->flags = member->flags;
  part->size_bytes = member->size_bytes;
  return part;
}

static void examine_unread (MugaiPart *part, const MugaiMember *member) {
  g_free (part->detected);
  part->detected = g_strdup (MUGAI_TYPE_UNKNOWN);
  g_free (part->sha256);
  part->sha256 = mugai_sha256_hex ("", 0);
  /* Nothing of the content is known, so its name is not held against it as a mismatch. */
  part->flags |= mugai_flags_of_part (part) & ~MUGAI_BIT (MUGAI_FLAG_TYPE_MISMATCH);
  part->scan = MIN (member->scan, MUGAI_SCAN_NOT_SCANNED);
}

static gboolean is_mail (const MugaiPart *part) {
  return g_str_equal (part->detected, "message/rfc822") || g_str_equal (part->detected, "application/x-mimearchive");
}

/* A mail in the archive: its parts are listed below it, and count as members of the archive. */
static void look_into_mail (MugaiScanner *scanner, MugaiPart *part, GBytes *content, GPtrArray *members) {
  MugaiBudget *budget = &scanner->budget;
  if (scanner->in_mail)
    part->flags |= MUGAI_BIT (MUGAI_FLAG_TOO_DEEP);
  if (scanner->in_mail || budget->members == 0 || mugai_budget_late (budget)) {
    worsen_part (part, MUGAI_SCAN_OVER_LIMIT);
    return;
  }
  guint before = members->len;
  scanner->in_mail = TRUE;
  scanner->mail_look (scanner, part, content, members);
  scanner->in_mail = FALSE;
  budget->members -= MIN (members->len - before, budget->members);
}

static void take_member (MugaiScanner *scanner, GArray *levels, MugaiMember *member, GPtrArray *members) {
  Level *level = &g_array_index (levels, Level, levels->len - 1);
  if (member->directory)
    return;
  level->n_members++;
  MugaiPart *container = level->part;
  MugaiPart *part = make_member (level, member);
  g_ptr_array_add (members, part);
  if (!member->content) {
    examine_unread (part, member);
    return;
  }
  examine (scanner, part, member->content);
  worsen_part (part, member->scan);
  if (scanner->mail_look && is_mail (part)) {
    look_into_mail (scanner, part, member->content, members);
    container->flags |= part->flags & OUTWARD_FLAGS;
  }
  if (part->scan < MUGAI_SCAN_NOT_SCANNED && part->scan < container->scan) {
    container->scan = part->scan;
    g_free (container->signature);
    container->signature = g_strdup (part->signature);
  }
  if (has_members (part, member->content))
    push_archive (scanner, levels, part, member->content);
}

static void walk_archives (MugaiScanner *scanner, MugaiPart *part, GBytes *content, GPtrArray *members) {
  g_autoptr (GArray) levels = g_array_new (FALSE, FALSE, sizeof (Level));
  g_array_set_clear_func (levels, clear_level);
  push_archive (scanner, levels, part, content);
  while (levels->len > 0) {
    g_auto (MugaiMember) member;
    if (mugai_archive_next (g_array_index (levels, Level, levels->len - 1).archive, &member))
      take_member (scanner, levels, &member, members);
    else
      pop_archive (scanner, levels);
  }
}

void mugai_scan_part (MugaiScanner *scanner, MugaiPart *part, GBytes *content, GPtrArray *members) {
  examine (scanner, part, content);
  if (has_members (part, content))
    walk_archives (scanner, part, content, members);
}

void mugai_scanner_set_mail_look (MugaiScanner *scanner, MugaiScanMailFunc look) {
  scanner->mail_look = look;
}

const char *mugai_scan_detect (const MugaiScanner *scanner, GBytes *content) {
  return mugai_type_detect (scanner->magic, mugai_bytes_of (content));
}
