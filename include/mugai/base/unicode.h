/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/unicode: text made safe for a header, a log, a terminal or a page, and measured in columns.
 *
 * Everything a sender wrote passes mugai_unicode_make_safe () before a person or a program of ours sees
 * it. Pure functions: any thread, no locale.
 */
#pragma once

#include <glib.h>

/**
 * mugai_unicode_make_safe:
 * @text: (nullable): any bytes; invalid UTF-8 becomes U+FFFD; NULL reads as ""
 * @length_bytes: length of @text, or -1 when NUL-terminated
 * @max_bytes: longest result (without NUL), cut on a character boundary and ended by "…"; 0: no limit
 *
 * One line of UTF-8: CR, LF, TAB, NEL, U+2028 and U+2029 become one space each; other C0 and C1 controls,
 * DEL, bidirectional controls (U+061C, U+200E, U+200F, U+202A-202E, U+2066-2069), other default-ignorable
 * format characters (U+200B, U+2060-2064, U+FEFF, tags U+E0000-E007F, ...) and noncharacters are dropped. ZWJ,
 * ZWNJ and variation selectors stay (emoji, personal names). Never normalised: U+FA19 stays U+FA19.
 *
 * Returns: (transfer full): the safe text.
 */
char *mugai_unicode_make_safe (const char *text, gssize length_bytes, gsize max_bytes);

/**
 * mugai_unicode_make_safe_lines:
 *
 * As mugai_unicode_make_safe (), but keeps LF and TAB, and makes CRLF, CR, NEL, U+2028, U+2029, VT and FF an LF.
 */
char *mugai_unicode_make_safe_lines (const char *text, gssize length_bytes, gsize max_bytes);

/**
 * mugai_unicode_join_voice_marks:
 * @text: valid UTF-8
 *
 * Kana with a separate voice mark (U+3099, U+309A: file names of macOS) as one character each; nothing else is normalised.
 *
 * Returns: (transfer full)
 */
char *mugai_unicode_join_voice_marks (const char *text);

/**
 * mugai_unicode_columns:
 * @text: valid UTF-8
 * @length_bytes: or -1
 *
 * Display width as a terminal or a plain-text mail shows it (UAX #11): wide and full-width 2, combining 0,
 * half-width kana 1, an emoji sequence (ZWJ, modifier, flag, keycap) 2. Ambiguous characters count 1
 * unless they are ones that Japanese fonts draw wide (①, ※, →, …): those 2.
 */
gsize mugai_unicode_columns (const char *text, gssize length_bytes);

/**
 * mugai_unicode_fold:
 * @text: valid UTF-8, lines ended by LF
 * @width: columns a line may take, at least 20
 *
 * Folds each long line at @width columns: at blanks, and between East Asian characters with kinsoku
 * (JIS X 4051: no 、。」）ー small kana ... at a line's start, no 「（ at its end; a burasagari of two columns is allowed
 * for 、。). A word longer than a line (a URL) is not broken unless @break_words. Quote marks ("> ") at a line's start are repeated
 * on each continuation. Linear time.
 *
 * Returns: (transfer full): the folded text.
 */
char *mugai_unicode_fold (const char *text, guint width, gboolean break_words);
