/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/vcard: see mugai/mail/vcard.h. Line by line; a card inside a card (AGENT of 2.1) is passed over by counting.
 *
 * Japanese order where it matters: family name first, country to house number. Pure; any thread.
 */
#include "mugai/mail/vcard.h"

#include <string.h>

#include "content-line.h"

typedef struct {
  GString *out, *rest; /* finished text; lines of this card below its name */
  char *formatted, *name, *reading;
  guint depth, n_cards, n_lines;
} Cards;

static void append_joined (GString *out, const char *text, const char *separator) {
  if (*text == '\0')
    return;
  if (out->len > 0)
    g_string_append (out, separator);
  g_string_append (out, text);
}

/* The fields of @order, joined. */
static char *join_fields (const ContentLine *line, const guint *order, guint n, const char *separator) {
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < n; i++) {
    g_autofree char *field = content_line_field (line, order[i], MUGAI_VCARD_MAX_VALUE_BYTES);
    append_joined (out, field, separator);
  }
  return g_string_free (out, FALSE);
}

static void put_line (Cards *cards, const char *label, const char *value) {
  if (*value != '\0' && cards->n_lines++ < MUGAI_VCARD_MAX_LINES)
    g_string_append_printf (cards->rest, "%s: %s\n", label, value);
}

static void replace (char **place, char *text) {
  if (*place == NULL && *text != '\0')
    *place = text;
  else
    g_free (text);
}

/* ---- one field ---- */

static void read_name (Cards *cards, const ContentLine *line) {
  static const guint family_first[] = { 0, 1, 2 };
  replace (&cards->name, join_fields (line, family_first, G_N_ELEMENTS (family_first), " "));
}

static void read_telephone (Cards *cards, const ContentLine *line) {
  g_autofree char *value = content_line_field (line, G_MAXUINT, MUGAI_VCARD_MAX_VALUE_BYTES);
  const char *number = g_ascii_strncasecmp (value, "tel:", 4) == 0 ? value + 4 : value;
  const char *label = content_line_has_type (line, "FAX")    ? "ファクス (Fax)"
                      : content_line_has_type (line, "CELL") ? "携帯電話 (Mobile)"
                                                             : "電話 (Tel)";
  put_line (cards, label, number);
}

/* Post office box, extended, street, locality, region, postal code, country (RFC 6350 6.3.1). */
static void read_address (Cards *cards, const ContentLine *line) {
  static const guint outside_in[] = { 5, 6, 4, 3, 2, 1, 0 };
  g_autofree char *address = join_fields (line, outside_in, G_N_ELEMENTS (outside_in), " ");
  put_line (cards, "住所 (Address)", address);
}

static void read_organisation (Cards *cards, const ContentLine *line) {
  static const guint in_order[] = { 0, 1, 2, 3 };
  g_autofree char *organisation = join_fields (line, in_order, G_N_ELEMENTS (in_order), " ");
  put_line (cards, "所属 (Organisation)", organisation);
}

static void read_plain (Cards *cards, const ContentLine *line) {
  static const struct {
    const char *name, *label;
  } plain[] = { { "TITLE", "役職 (Title)" },     { "ROLE", "担当 (Role)" },    { "EMAIL", "メール (Mail)" },
                { "URL", "ホームページ (Web)" }, { "NOTE", "メモ (Note)" },    { "NICKNAME", "通称 (Nickname)" },
                { "BDAY", "誕生日 (Birthday)" }, { "IMPP", "メッセージ (IM)" } };
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++) {
    if (!g_str_equal (line->name, plain[i].name))
      continue;
    g_autofree char *value = content_line_field (line, G_MAXUINT, MUGAI_VCARD_MAX_VALUE_BYTES);
    put_line (cards, plain[i].label, value);
  }
}

/* Readings of a name: X-PHONETIC-* of Apple, SOUND;X-IRMC-N of Japanese telephones, SORT-AS of 4.0. */
static void read_reading (Cards *cards, const ContentLine *line) {
  static const guint family_first[] = { 0, 1 };
  if (g_str_equal (line->name, "SOUND") && content_line_has_type (line, "X-IRMC-N"))
    replace (&cards->reading, join_fields (line, family_first, G_N_ELEMENTS (family_first), " "));
  if (!g_str_has_prefix (line->name, "X-PHONETIC-") || g_str_has_suffix (line->name, "ORG"))
    return;
  g_autofree char *value = content_line_field (line, G_MAXUINT, MUGAI_VCARD_MAX_VALUE_BYTES);
  gboolean family = g_str_has_suffix (line->name, "LAST-NAME");
  char *both = cards->reading == NULL ? g_strdup (value)
               : family               ? g_strdup_printf ("%s %s", value, cards->reading)
                                      : g_strdup_printf ("%s %s", cards->reading, value);
  if (strlen (both) > MUGAI_VCARD_MAX_VALUE_BYTES)
    g_clear_pointer (&both, g_free);
  else
    g_free (cards->reading);
  cards->reading = both != NULL ? both : cards->reading;
}

static void read_field (Cards *cards, const ContentLine *line) {
  if (g_str_equal (line->name, "FN"))
    replace (&cards->formatted, content_line_field (line, G_MAXUINT, MUGAI_VCARD_MAX_VALUE_BYTES));
  else if (g_str_equal (line->name, "N"))
    read_name (cards, line);
  else if (g_str_equal (line->name, "TEL"))
    read_telephone (cards, line);
  else if (g_str_equal (line->name, "ADR"))
    read_address (cards, line);
  else if (g_str_equal (line->name, "ORG"))
    read_organisation (cards, line);
  else if (g_str_equal (line->name, "SOUND") || g_str_has_prefix (line->name, "X-PHONETIC-"))
    read_reading (cards, line);
  else
    read_plain (cards, line);
}

/* ---- cards ---- */

static void finish_card (Cards *cards) {
  const char *name = cards->formatted != NULL ? cards->formatted : cards->name != NULL ? cards->name : "";
  if (cards->n_cards++ < MUGAI_VCARD_MAX_CARDS) {
    if (cards->out->len > 0)
      g_string_append_c (cards->out, '\n');
    g_string_append_printf (cards->out, "---------- 名刺 / Visiting card ----------\n氏名 (Name): %s\n", name);
    if (cards->reading != NULL)
      g_string_append_printf (cards->out, "読み (Reading): %s\n", cards->reading);
    g_string_append_len (cards->out, cards->rest->str, (gssize) cards->rest->len);
  }
  g_clear_pointer (&cards->formatted, g_free);
  g_clear_pointer (&cards->name, g_free);
  g_clear_pointer (&cards->reading, g_free);
  g_string_truncate (cards->rest, 0);
  cards->n_lines = 0;
}

static gboolean is_card (const ContentLine *line) {
  return g_ascii_strncasecmp (line->value, "VCARD", 5) == 0;
}

static void read_line (Cards *cards, const ContentLine *line) {
  if (g_str_equal (line->name, "BEGIN") && is_card (line)) {
    cards->depth++;
  } else if (g_str_equal (line->name, "END") && is_card (line)) {
    if (cards->depth == 1)
      finish_card (cards);
    cards->depth -= cards->depth > 0 ? 1 : 0;
  } else if (cards->depth == 1) {
    read_field (cards, line);
  }
}

char *mugai_vcard_to_text (const char *text, gsize length_bytes) {
  Cards cards = { .out = g_string_new (NULL), .rest = g_string_new (NULL) };
  ContentReader reader;
  content_reader_init (&reader, text, MIN (length_bytes, MUGAI_VCARD_MAX_BYTES));
  for (ContentLine line; content_reader_next (&reader, &line); content_line_clear (&line))
    read_line (&cards, &line);
  if (cards.depth > 0) /* END is missing: what was read is shown */
    finish_card (&cards);
  if (cards.n_cards > MUGAI_VCARD_MAX_CARDS)
    g_string_append_printf (cards.out, "\nほか %u 枚の名刺 / and %u more cards\n",
                            cards.n_cards - MUGAI_VCARD_MAX_CARDS, cards.n_cards - MUGAI_VCARD_MAX_CARDS);
  g_string_free (cards.rest, TRUE);
  char *result = g_string_free (cards.out, cards.n_cards == 0);
  return cards.n_cards == 0 ? NULL : result;
}
