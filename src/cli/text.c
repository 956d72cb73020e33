/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai text`: HTML to plain text, as bodies of mail are converted. UTF-8 out, whatever comes in.
 */
#include "cli.h"
#include "words.h"

#include <string.h>
#include <sysexits.h>

#include "mugai/base/fd.h"
#include "mugai/mail/charset.h"
#include "mugai/text.h"

#include "offline.h"

typedef struct {
  char *charset, *links;
  int width;
  char **files;
} Options;

static gboolean parse_links (const char *name, MugaiTextLinks *ret_links) {
  static const char *const names[] = { "list", "inline", "none" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (name == NULL || g_str_equal (name, names[i])) {
      *ret_links = (MugaiTextLinks) i;
      return TRUE;
    }
  return FALSE;
}

static gboolean parse_options (Options *options, MugaiTextOptions *text, int argc, char **argv, GError **error) {
  const GOptionEntry entries[] = {
    { "charset", 0, 0, G_OPTION_ARG_STRING, &options->charset,
      MUGAI_CLI_WORDS ("入力の文字コード（既定は、BOM、meta、内容から）",
                       "of the input (default: byte order mark, meta, content)"),
      "NAME" },
    { "width", 0, 0, G_OPTION_ARG_INT, &options->width,
      MUGAI_CLI_WORDS ("一行の桁数（既定は76、20以上）", "columns of a line (default 76, at least 20)"), "N" },
    { "links", 0, 0, G_OPTION_ARG_STRING, &options->links,
      MUGAI_CLI_WORDS ("リンク先の示し方：list（既定）、inline、none", "list (default), inline or none"), "HOW" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files, NULL, "[FILE|-]" },
    G_OPTION_ENTRY_NULL,
  };
  const char *words =
      MUGAI_CLI_WORDS ("HTMLを、UTF-8の文字だけの文章にします。", "Converts an HTML document to plain text in UTF-8.");
  if (!mugai_cli_parse ("mugai text", "[FILE|-]", words, entries, &argc, &argv, error))
    return FALSE;
  if (options->width < 20 || options->width > 10000 || !parse_links (options->links, &text->links)
      || (options->files != NULL && g_strv_length (options->files) > 1)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "--width takes 20 to 10000, --links takes list, inline or none, and one file at a time is read");
    return FALSE;
  }
  text->width = (guint) options->width;
  return TRUE;
}

/* HTML begins with a '<', so that one NUL beside it says how wide the characters are. NULL: they are not. */
static const char *sniff_utf16 (const char *bytes, gsize length_bytes) {
  if (length_bytes < 4)
    return NULL;
  if (bytes[0] == '<' && bytes[1] == '\0' && bytes[2] != '\0' && bytes[3] == '\0')
    return "utf-16le";
  return bytes[0] == '\0' && bytes[1] == '<' && bytes[2] == '\0' && bytes[3] != '\0' ? "utf-16be" : NULL;
}

/* UTF-16 is decoded here: in mail that charset is refused, a file may well have it. */
static char *decode_utf16 (const Options *options, const char *sniffed, const char *bytes, gsize length_bytes) {
  if (options->charset != NULL && g_ascii_strncasecmp (options->charset, "utf-16", 6) != 0)
    return NULL;
  const char *found = sniff_utf16 (bytes, length_bytes);
  const char *label = found != NULL                                             ? found
                      : sniffed != NULL && g_str_has_prefix (sniffed, "utf-16") ? sniffed
                                                                                : options->charset;
  if (label == NULL)
    return NULL;
  return g_convert_with_fallback (bytes, (gssize) (length_bytes & ~(gsize) 1), "UTF-8", label, "\xEF\xBF\xBD", NULL,
                                  NULL, NULL);
}

/* A NUL between letters is nothing, one in a tag's name spoils it: as with any control, which decoding does not turn into text. */
static GBytes *without_nul (GBytes *input) {
  gsize length_bytes = 0;
  const char *bytes = g_bytes_get_data (input, &length_bytes);
  if (length_bytes == 0 || memchr (bytes, '\0', length_bytes) == NULL)
    return g_bytes_ref (input);
  char *copy = g_memdup2 (bytes, length_bytes);
  for (gsize i = 0; i < length_bytes; i++)
    copy[i] = copy[i] == '\0' ? '\1' : copy[i];
  return g_bytes_new_take (copy, length_bytes);
}

static int convert (const Options *options, const MugaiTextOptions *text) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiTextResult) result = NULL;
  const char *file = options->files != NULL ? options->files[0] : "-";
  g_autoptr (GBytes) input = mugai_offline_read (file, MUGAI_TEXT_MAX_INPUT_BYTES, &error);
  if (input == NULL) {
    g_printerr ("mugai text: %s: %s\n", file, error->message);
    return EX_NOINPUT;
  }
  gsize length_bytes = 0;
  const char *bytes = g_bytes_get_data (input, &length_bytes);
  g_autofree char *sniffed = mugai_text_sniff_charset (bytes, length_bytes);
  mugai_mail_charset_init ();
  g_autofree char *wide = decode_utf16 (options, sniffed, bytes, length_bytes);
  g_autoptr (GBytes) narrow = without_nul (input);
  g_autoptr (MugaiCharsetResult) decoded =
      mugai_mail_charset_decode (g_bytes_get_data (narrow, NULL), length_bytes, options->charset, sniffed);
  if (decoded->outcome
      == MUGAI_CHARSET_REFUSED) { /* in mail that is a verdict; who asks here wants to see what there is */
    g_clear_pointer (&decoded, mugai_charset_result_free);
    decoded = mugai_mail_charset_decode (g_bytes_get_data (narrow, NULL), length_bytes, NULL, NULL);
  }
  const char *html = wide != NULL ? wide : decoded->text;
  if (!mugai_text_from_html (html, strlen (html), text, &result, &error)
      || !mugai_fd_write_all (STDOUT_FILENO, result->text, strlen (result->text), &error)) {
    g_printerr ("mugai text: %s\n", error->message);
    return EX_DATAERR;
  }
  return EX_OK;
}

int mugai_cli_text (int argc, char **argv) {
  Options options = { .width = MUGAI_TEXT_DEFAULT_WIDTH };
  MugaiTextOptions text = { 0 };
  g_autoptr (GError) error = NULL;
  int status = EX_USAGE;
  if (parse_options (&options, &text, argc, argv, &error))
    status = convert (&options, &text);
  else
    g_printerr ("mugai text: %s\n", error->message);
  g_free (options.charset);
  g_free (options.links);
  g_strfreev (options.files);
  return status;
}
