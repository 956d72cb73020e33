/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/active: what a document can do: macros, embedded objects, active content, references to elsewhere, encryption.
 *
 * Looks, never runs or repairs. Bounded by the message's budget.
 */
#pragma once

#include "budget.h"
#include "bytes.h"

/** mugai_active_flags: set of MugaiFlag of a document of media type @type. */
guint64 mugai_active_flags (const char *type, MugaiBytes bytes, MugaiBudget *budget);
/** mugai_active_documents: the same for @content, a file that lies in another one: documents, and documents in those. */
guint64 mugai_active_documents (GBytes *content, MugaiBudget *budget);
/** mugai_pdf_flags: the same for PDF. */
guint64 mugai_pdf_flags (MugaiBytes bytes, MugaiBudget *budget);

/* ---- pieces, for the files of this group ---- */

#define MUGAI_ACTIVE_MAX_PART_BYTES (32u * 1024 * 1024) /* one part of a document, unpacked: big sheets have that */

/** mugai_active_compound: of a compound file; @inner (element-type GBytes): files in it that may be documents are appended. */
guint64 mugai_active_compound (MugaiBytes bytes, MugaiBudget *budget, GPtrArray *inner);
/** mugai_active_markup: of HTML, or SVG. */
guint64 mugai_active_markup (MugaiBytes bytes, gboolean svg);
/** mugai_active_rtf: of RTF; @inner as above. */
guint64 mugai_active_rtf (MugaiBytes bytes, GPtrArray *inner);
/** mugai_active_text: of other text: tables with DDE cells, SYLK, web archives, Word 2003 XML. */
guint64 mugai_active_text (const char *type, MugaiBytes bytes);
/** mugai_active_field: of the instruction of one field of Word: DDE, and what is fetched from elsewhere. */
guint64 mugai_active_field (MugaiBytes text);

/** mugai_active_entry_name, _entry: of a member of a ZIP-based document; @name is in lower case with '/'. */
guint64 mugai_active_entry_name (const char *name);
guint64 mugai_active_entry (const char *name, GBytes *content);
gboolean mugai_active_is_xml (const char *name);
/** mugai_active_flat_odf: of an OpenDocument that is one XML file, in lower case. */
guint64 mugai_active_flat_odf (MugaiBytes lower);

/** mugai_active_contains: both in lower case. */
gboolean mugai_active_contains (MugaiBytes lower_bytes, const char *lower);
/** mugai_active_as_ascii: (transfer full): UTF-16 narrowed (other characters '?'), anything else as it is. */
GByteArray *mugai_active_as_ascii (MugaiBytes bytes);
/** mugai_active_as_lower: (transfer full): likewise, in lower case, for searches. */
GByteArray *mugai_active_as_lower (MugaiBytes bytes);
