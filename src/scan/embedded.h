/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/embedded: files that lie inside documents: what they are counts as what the document is.
 *
 * A program in a letter is a program, however it is wrapped. Only looked at, never listed: documents are not walked as archives are. Pure.
 */
#pragma once

#include "budget.h"
#include "bytes.h"

/** mugai_embedded_flags: executable and script, by content and by @name (nullable, UTF-8). */
guint64 mugai_embedded_flags (MugaiBytes content, const char *name);
/** mugai_embedded_package: the same of an Ole10Native stream without its first four bytes; @ret_content: the file in it. */
guint64 mugai_embedded_package (MugaiBytes native, MugaiBytes *ret_content);
/** mugai_embedded_rtf: (transfer full): the object whose hexadecimal digits begin at @at of @text. */
GBytes *mugai_embedded_rtf (MugaiBytes text, gsize at);
/** mugai_embedded_slide_object: (transfer full): the object in a record of a presentation; @instance 1: packed. */
GBytes *mugai_embedded_slide_object (MugaiBytes record, guint16 instance, MugaiBudget *budget);
