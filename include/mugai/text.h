/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text: HTML mail bodies to plain text that people like to read.
 *
 * A streaming WHATWG tokenizer of our own feeding a bounded element stack, no DOM. Knows nothing of
 * mail structure: bytes or UTF-8 in, UTF-8 out. Pure functions, no global state: any thread.
 */
#pragma once

#include <glib.h>

/* Limits, each settable in MugaiTextOptions; 0 there means the default. */
#define MUGAI_TEXT_MAX_INPUT_BYTES (20u * 1024 * 1024) /* above: refused; no newsletter is a tenth of it */
#define MUGAI_TEXT_MAX_DEPTH 512u                      /* as browsers; deeper: text kept, nesting ignored */
#define MUGAI_TEXT_MAX_ATTRIBUTES 1000u                /* of one tag; further ones are read and dropped */
#define MUGAI_TEXT_DEFAULT_WIDTH 76u                   /* display columns; East Asian wide counts two */

typedef enum {
  MUGAI_TEXT_LINKS_LIST,   /* [1] in the line, the targets in a list at the end */
  MUGAI_TEXT_LINKS_INLINE, /* <target> after the text */
  MUGAI_TEXT_LINKS_NONE    /* the text alone, but <target> where it shows another host than it goes to */
} MugaiTextLinks;

typedef struct {
  guint width; /* columns, 0: default; at least 20 */
  MugaiTextLinks links;
  gsize max_input_bytes; /* 0: default */
} MugaiTextOptions;

/* What the text could not say by itself: facts for the policy. A URL in running text is one, too: it shows its host. */
typedef struct {
  char *host;        /* where the link goes: lower case, punycode kept; "" when it has no host */
  char *shown_host;  /* the host that the visible text shows, or NULL when it shows none */
  gboolean mismatch; /* both are there and differ beyond a leading "www." */
} MugaiTextLink;

typedef struct {
  char *text;           /* UTF-8, LF line ends, no control but LF, no bidi controls */
  GPtrArray *links;     /* of MugaiTextLink, in reading order */
  gsize hidden_bytes;   /* text left out because its reader would not have seen it */
  gboolean truncated;   /* the output bound was reached; the text says so at its end */
  gboolean active;      /* script, event handler, javascript: link, form target, frame, object ... was there */
  guint trackers;       /* tracking pixels dropped */
  guint dropped_images; /* other images */
} MugaiTextResult;

typedef enum {
  MUGAI_TEXT_ERROR_TOO_LARGE /* more than max_input_bytes: treat the part as one that cannot be converted */
} MugaiTextError;
#define MUGAI_TEXT_ERROR (mugai_text_error_quark ())
GQuark mugai_text_error_quark (void);

/**
 * mugai_text_from_html:
 * @html: UTF-8 (invalid sequences become U+FFFD, NUL as WHATWG says); not NUL-terminated
 * @length_bytes: length of @html
 * @options: (nullable): defaults when NULL
 * @ret_result: (out) (transfer full): mugai_text_result_free ()
 *
 * Time is linear in @length_bytes whatever the input; memory is at most a small multiple of it.
 * Errors: MUGAI_TEXT_ERROR_TOO_LARGE. Threads: any.
 */
gboolean mugai_text_from_html (const char *html, gsize length_bytes, const MugaiTextOptions *options,
                               MugaiTextResult **ret_result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void mugai_text_result_free (MugaiTextResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiTextResult, mugai_text_result_free)

/**
 * mugai_text_make_dead:
 * @text: UTF-8, changed in place; its length stays
 *
 * Takes the life out of every URL in running text, so that no mail reader makes a link of it: `http` becomes `hxxp`,
 * `ftp` `fxp` and `file` `fxle`, in their own case. mugai_text_from_html () has done so already; this is for plain text.
 * Threads: any.
 */
void mugai_text_make_dead (char *text);

/**
 * mugai_text_from_enriched:
 * @text: the content of a text/enriched part (RFC 1896), UTF-8 with LF line ends
 *
 * Returns: (transfer full): its text, without the commands. Linear time; never longer than @text. Threads: any.
 */
char *mugai_text_from_enriched (const char *text);

/**
 * mugai_text_sniff_charset:
 * @html: the document's bytes as received
 *
 * The label that the document gives itself: its byte order mark, else the first `<meta charset>` or
 * `<meta http-equiv=content-type>` in the first 1,024 bytes (WHATWG prescan). A hint, never the truth.
 *
 * Returns: (transfer full) (nullable): lower-case label, or NULL when it gives none. Threads: any.
 */
char *mugai_text_sniff_charset (const char *html, gsize length_bytes);
