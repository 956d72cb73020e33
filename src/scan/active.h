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
/** mugai_pdf_flags: the same for PDF. */
guint64 mugai_pdf_flags (MugaiBytes bytes, MugaiBudget *budget);
