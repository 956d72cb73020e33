/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan: what a part really is: type by content, archives and their members, active content, ClamAV's verdict.
 *
 * Every byte here is hostile; runs only in a sandboxed worker. One engine is loaded by the zygote (or by
 * `mugai sanitize`) before the fork and read-only afterwards. Not thread-safe: one scanner, one process.
 */
#pragma once

#include "mugai/base/facts.h"

typedef struct MugaiScanner MugaiScanner;

/* Budgets of one message; 0 in MugaiScanLimits means the default. */
#define MUGAI_SCAN_MAX_MEMBERS 1000u  /* over all archives of one message; a folder of photos in real mail: some 200 */
#define MUGAI_SCAN_MAX_OBJECTS 10000u /* libclamav counts each part of each document, too */
#define MUGAI_SCAN_MAX_DEPTH 8u       /* archive in archive; real ones: 2 */
#define MUGAI_SCAN_MAX_UNPACKED_BYTES (400u * 1024 * 1024)
#define MUGAI_SCAN_MAX_RATIO 250u                      /* of one member, above 10 MiB unpacked: a bomb */
#define MUGAI_SCAN_MAX_MS 15000u                       /* below the first worker's 25 s; libclamav: 12 s of them */
#define MUGAI_SCAN_MAX_FILE_BYTES (100u * 1024 * 1024) /* one object handed to libclamav */
#define MUGAI_SCAN_MAX_CACHED 8192u                    /* clean objects remembered by one worker: under 1 MB */
#define MUGAI_SCAN_NO_CACHE G_MAXUINT                  /* for max_cached */

typedef struct {
  guint max_members, max_depth, max_ratio, max_ms, max_cached;
  guint64 max_unpacked_bytes, max_file_bytes;
} MugaiScanLimits;

typedef enum {
  MUGAI_SCAN_ERROR_LOAD,    /* the signature folder does not load: keep the old generation, alarm */
  MUGAI_SCAN_ERROR_CANARY,  /* loaded, but the canary was not found: likewise */
  MUGAI_SCAN_ERROR_INTERNAL /* out of memory and the like: temporary */
} MugaiScanError;
#define MUGAI_SCAN_ERROR (mugai_scan_error_quark ())
GQuark mugai_scan_error_quark (void);

/**
 * mugai_scanner_new:
 * @signature_directory: (nullable): what ClamAV reads there is loaded, plus our canary; NULL: nothing is scanned, every verdict is not-scanned
 * @scratch_directory: (nullable): where libclamav puts its temporary files (default: the system's)
 *
 * Loads, compiles and self-tests (the canary must be found). Also loads libmagic's data, so that a sandbox can close afterwards.
 */
MugaiScanner *mugai_scanner_new (const char *signature_directory, const char *scratch_directory,
                                 const MugaiScanLimits *limits, GError **error);
void mugai_scanner_free (MugaiScanner *scanner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiScanner, mugai_scanner_free)

/** mugai_scanner_version: (transfer none) (nullable): e.g. "daily 27500 main 62 + 3 files, 8700123 signatures"; NULL: nothing loaded. */
const char *mugai_scanner_version (const MugaiScanner *scanner);
/** mugai_scanner_time: newest header or file time of the set [s since 1970]; 0: none loaded. */
gint64 mugai_scanner_time (const MugaiScanner *scanner);
/** mugai_scan_set_describe: the same of a folder that is not loaded; @ret_words (transfer full): "daily 27500 main 62 + 3 files". 0: nothing there. */
gint64 mugai_scan_set_describe (const char *folder, char **ret_words);
guint mugai_scanner_signatures (const MugaiScanner *scanner);

/** mugai_scanner_set_scratch: where temporary files go from now on: a worker calls it after the fork. */
void mugai_scanner_set_scratch (MugaiScanner *scanner, const char *scratch_directory);

/** mugai_scanner_set_password: (nullable): tried on encrypted members of archives from now on; kept in memory only, wiped at the end. */
void mugai_scanner_set_password (MugaiScanner *scanner, const char *password);

/** mugai_scanner_begin_message: @message (nullable: a file alone, not a mail); resets the budgets and what libclamav has seen; scans @message whole (once), remembers every object it saw. */
void mugai_scanner_begin_message (MugaiScanner *scanner, GBytes *message);
/**
 * mugai_scanner_begin_cut_message: likewise, for a message of which not every part was read: libclamav looks at its bytes as they are and does not take it apart
 * (its work grows with the parts, and its time limit does not hold there); every part is then over-limit without a scan of its own.
 */
void mugai_scanner_begin_cut_message (MugaiScanner *scanner, GBytes *message);
/** mugai_scanner_message_verdict: of the whole message; @ret_signature (out) (transfer none) (nullable). */
MugaiScan mugai_scanner_message_verdict (const MugaiScanner *scanner, const char **ret_signature);

/**
 * mugai_scan_part:
 * @part: path, declared and names are set; detected, sha256, size_bytes, scan, signature and flags are filled (flags or-ed)
 * @content: decoded content
 * @members: (element-type MugaiPart): members of an archive are appended, path "<part>/n"
 *
 * Type, names against type, active content, archive members, ClamAV (skipped where the whole-message scan already saw these very bytes).
 * Never fails: what goes wrong is a verdict (unparsable, over-limit, not-scanned) and a flag.
 */
void mugai_scan_part (MugaiScanner *scanner, MugaiPart *part, GBytes *content, GPtrArray *members);

/** mugai_scan_bytes: verdict of some bytes alone (another reader's view of a part). */
MugaiScan mugai_scan_bytes (MugaiScanner *scanner, GBytes *content, char **ret_signature);

/** mugai_scan_detect: (transfer none): the type of @content alone, interned. */
const char *mugai_scan_detect (const MugaiScanner *scanner, GBytes *content);

/**
 * MugaiScanMailFunc:
 * @part: a member of an archive that is a mail; already looked at as a file
 * @members: what is in the mail is appended, paths "<part>.1"
 *
 * This room reads no mail: whoever does opens one that lies in an archive. Its parts are then scanned by mugai_scan_part (); a mail in an archive in
 * such a mail is not opened again (too-deep, over-limit).
 */
typedef void (*MugaiScanMailFunc) (MugaiScanner *scanner, MugaiPart *part, GBytes *content, GPtrArray *members);
/** mugai_scanner_set_mail_look: @look (nullable): for all messages from now on. */
void mugai_scanner_set_mail_look (MugaiScanner *scanner, MugaiScanMailFunc look);
