/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/type-text: formats that are text: by their first words, after blanks, a byte order mark and comments.
 *
 * Pure; any thread.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "type.h"

/* ---- text ---- */

typedef struct {
  const char *start; /* lower case; after white space, byte order mark and comments */
  const char *type;
} TextStart;

static const TextStart text_starts[] = {
  { "begin:vcalendar", "text/calendar" },
  { "begin:vcard", "text/vcard" },
  { "[internetshortcut]", "application/x-mswinurl" },
  { "[desktop entry]", "application/x-desktop" },
  { "windows registry editor", "application/x-windows-registry" },
  { "regedit4", "application/x-windows-registry" },
  { "id;p", "application/x-sylk" },
  { "@echo off", "application/x-bat" },
  { "@echo on", "application/x-bat" },
  { "#@~^", "application/x-encoded-script" },
  { "<job", "application/x-windows-script" },
  { "<package", "application/x-windows-script" },
  { "<scriptlet", "application/x-windows-script" },
  { "<component", "application/x-windows-script" },
  { "<?php", "application/x-php" },
};

static const TextStart markup_starts[] = {
  { "<!doctype html", "text/html" },
  { "<!doctype svg", "image/svg+xml" },
  { "<html", "text/html" },
  { "<svg", "image/svg+xml" },
  { "<head", "text/html" },
  { "<body", "text/html" },
  { "<script", "text/html" },
  { "<iframe", "text/html" },
  { "<table", "text/html" },
  { "<div", "text/html" },
  { "<title", "text/html" },
  { "<meta", "text/html" },
  { "<img", "text/html" },
  { "<font", "text/html" },
  { "<p>", "text/html" },
  { "<br", "text/html" },
  { "<a href", "text/html" },
  { "<style", "text/html" },
  { "<h1", "text/html" },
  { "<form", "text/html" },
  { "<center", "text/html" },
  { "<span", "text/html" },
  { "<b>", "text/html" },
  { "<object", "text/html" },
  { "<embed", "text/html" },
  { "<!--", NULL },
};

static gboolean starts_with (MugaiBytes text, gsize at, const char *lower) {
  gsize length = strlen (lower);
  return at + length <= text.length_bytes && g_ascii_strncasecmp ((const char *) text.data + at, lower, length) == 0;
}

static gsize skip_blank (MugaiBytes text, gsize at) {
  while (at < text.length_bytes && (g_ascii_isspace ((char) text.data[at]) || text.data[at] == 0))
    at++;
  return at;
}

/* Steps over what may stand before the first element: blanks, comments, the XML declaration, other doctypes' prologue. */
static gsize skip_prologue (MugaiBytes text, gboolean *ret_xml) {
  gsize at = skip_blank (text, MUGAI_BYTES_AT (text, 0, "\xef\xbb\xbf") ? 3 : 0);
  *ret_xml = FALSE;
  for (;;) {
    gssize end = -1;
    if (starts_with (text, at, "<!--"))
      end = MUGAI_BYTES_FIND (text, at + 4, "-->");
    else if (starts_with (text, at, "<?xml")) {
      *ret_xml = TRUE;
      end = MUGAI_BYTES_FIND (text, at, "?>");
    }
    if (end < 0)
      return at;
    at = skip_blank (text, (gsize) end + (starts_with (text, (gsize) end, "-->") ? 3 : 2));
  }
}

static const char *markup_type (MugaiBytes text) {
  gboolean xml;
  gsize at = skip_prologue (text, &xml);
  if (mugai_bytes_find_nocase (text, 0, "<hta:application") >= 0)
    return "application/hta";
  for (gsize i = 0; i < G_N_ELEMENTS (markup_starts); i++) {
    if (starts_with (text, at, markup_starts[i].start) && markup_starts[i].type)
      return markup_starts[i].type;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (text_starts); i++) {
    if (text_starts[i].start[0] == '<' && starts_with (text, at, text_starts[i].start))
      return text_starts[i].type;
  }
  if (xml && (MUGAI_BYTES_FIND (text, at, "<svg") >= 0 || MUGAI_BYTES_FIND (text, at, ":svg") >= 0)
      && MUGAI_BYTES_FIND (text, at, "http://www.w3.org/2000/svg") >= 0)
    return "image/svg+xml";
  if (xml && MUGAI_BYTES_FIND (text, at, "progid=\"Word.Document\"") >= 0)
    return "application/msword+xml";
  if (xml && MUGAI_BYTES_FIND (text, at, "progid=\"Excel.Sheet\"") >= 0)
    return "application/vnd.ms-excel+xml";
  if (xml && MUGAI_BYTES_FIND (text, at, "<office:document") >= 0)
    return "application/vnd.oasis.opendocument.text-flat-xml";
  return xml ? "application/xml" : NULL;
}

/* STEP files: SXF's Level 2 exchange (SFC) puts its features into comments, P21 into entities. */
static const char *step_type (MugaiBytes text) {
  return MUGAI_BYTES_FIND (text, 0, "/*SXF") >= 0 ? "application/x-sfc" : "application/p21";
}

/* DXF: pairs of lines, a group code and a value; comments (999) may come first. */
static gboolean is_dxf (MugaiBytes text) {
  gsize at = skip_blank (text, 0);
  for (guint pair = 0; pair < 20; pair++) {
    char digits[8] = { 0 };
    for (guint i = 0; i < 7 && at + i < text.length_bytes && g_ascii_isdigit ((char) text.data[at + i]); i++)
      digits[i] = (char) text.data[at + i];
    gsize line = skip_blank (text, at + strlen (digits));
    if (digits[0] == 0 || line == at + strlen (digits))
      return FALSE;
    if (strcmp (digits, "0") == 0)
      return starts_with (text, line, "section");
    if (strcmp (digits, "999") != 0)
      return FALSE;
    gssize end = MUGAI_BYTES_FIND (text, line, "\n");
    if (end < 0)
      return FALSE;
    at = skip_blank (text, (gsize) end);
  }
  return FALSE;
}

/* A mail as an attachment: at least two fields that every mail has, before the first empty line. */
static gboolean is_mail (MugaiBytes text) {
  static const char *const fields[] = {
    "received:", "from:",         "to:",          "date:",         "message-id:",
    "subject:",  "mime-version:", "return-path:", "delivered-to:", "content-type:"
  };
  guint seen = 0;
  gsize at = MUGAI_BYTES_AT (text, 0, "\xef\xbb\xbf") ? 3 : 0;
  for (guint line = 0; line < 200 && at < text.length_bytes; line++) {
    if (text.data[at] == '\n' || text.data[at] == '\r')
      break;
    guint found = 0;
    for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
      found += starts_with (text, at, fields[i]);
    gboolean folded = text.data[at] == ' ' || text.data[at] == '\t';
    const guint8 *end = memchr (text.data + at, '\n', text.length_bytes - at);
    gsize stop = end ? (gsize) (end - text.data) : text.length_bytes;
    if (!folded && !memchr (text.data + at, ':', stop - at) && !(line == 0 && starts_with (text, at, "from ")))
      return FALSE;
    seen += found;
    at = stop + 1;
  }
  return seen >= 3;
}

/* A page saved by Word or Internet Explorer (MIME-Version first; no fields of a mail, or the page's own address), or by Chrome or Edge. */
static gboolean is_saved_page (MugaiBytes text, gsize at) {
  MugaiBytes head = mugai_bytes_slice (text, at, 4096);
  if (mugai_bytes_find_nocase (head, 0, "multipart/related") < 0)
    return FALSE;
  if (mugai_bytes_find_nocase (head, 0, "snapshot-content-location:") >= 0)
    return TRUE;
  return starts_with (text, at, "mime-version:")
         && (mugai_bytes_find_nocase (text, at, "content-location:") >= 0 || !is_mail (text));
}

/* "#!/usr/bin/env python3": the first line names who runs it. */
static const char *interpreted_type (MugaiBytes text) {
  gssize end = MUGAI_BYTES_FIND (text, 0, "\n");
  MugaiBytes line = mugai_bytes_slice (text, 0, end < 0 ? text.length_bytes : (gsize) end);
  if (MUGAI_BYTES_FIND (line, 0, "python") >= 0)
    return "text/x-python";
  if (MUGAI_BYTES_FIND (line, 0, "perl") >= 0)
    return "text/x-perl";
  return MUGAI_BYTES_FIND (line, 0, "php") >= 0 ? "application/x-php" : "text/x-shellscript";
}

const char *mugai_type_of_text (MugaiBytes text) {
  gsize at = skip_blank (text, MUGAI_BYTES_AT (text, 0, "\xef\xbb\xbf") ? 3 : 0);
  for (gsize i = 0; i < G_N_ELEMENTS (text_starts); i++) {
    if (text_starts[i].start[0] != '<' && starts_with (text, at, text_starts[i].start))
      return text_starts[i].type;
  }
  if (starts_with (text, at, "#!"))
    return interpreted_type (mugai_bytes_slice (text, at, 128));
  if (starts_with (text, at, "iso-10303-21;"))
    return step_type (text);
  if (is_dxf (text))
    return "image/vnd.dxf";
  if (is_saved_page (text, at))
    return "application/x-mimearchive";
  if (is_mail (text))
    return "message/rfc822";
  return markup_type (text);
}

const char *mugai_type_refine_text (MugaiBytes text, const char *extension) {
  gsize at = skip_blank (text, MUGAI_BYTES_AT (text, 0, "\xef\xbb\xbf") ? 3 : 0);
  gssize end = MUGAI_BYTES_FIND (text, at, "\n");
  MugaiBytes line = mugai_bytes_slice (text, at, end < 0 ? text.length_bytes : (gsize) end - at);
  if (g_str_equal (extension, "csv") && MUGAI_BYTES_FIND (line, 0, ",") >= 0)
    return "text/csv";
  if (g_str_equal (extension, "tsv") && MUGAI_BYTES_FIND (line, 0, "\t") >= 0)
    return "text/tab-separated-values";
  guint8 first = mugai_bytes_u8 (text, at);
  if (g_str_equal (extension, "json") && (first == '{' || first == '['))
    return "application/json";
  return MUGAI_TYPE_TEXT;
}
