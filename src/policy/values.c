/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Single values of a policy file: sizes, ages, dates, addresses, words. Each wrong one is answered with what to write
 * instead. Any thread.
 */
#include "loader.h"

#include <string.h>

#include "condition.h"

#define MAX_TEXT_BYTES 2000u /* a sentence for people */

guint node_items (const MugaiYamlNode *node) {
  return node->kind == MUGAI_YAML_LIST ? node->values->len : 1;
}

const MugaiYamlNode *node_item (const MugaiYamlNode *node, guint index) {
  return node->kind == MUGAI_YAML_LIST ? g_ptr_array_index (node->values, index) : node;
}

static gboolean is_scalar (Loader *loader, const MugaiYamlNode *node) {
  if (node->kind == MUGAI_YAML_SCALAR)
    return TRUE;
  mugai_yaml_problem_at (&loader->problems, node, "ここには値を一つだけ書きます。",
                         "one single value is expected here");
  return FALSE;
}

gboolean value_text (Loader *loader, const MugaiYamlNode *node, char **ret_text) {
  if (!is_scalar (loader, node))
    return FALSE;
  if (!*node->text || (node->plain && (strcmp (node->text, "null") == 0 || strcmp (node->text, "~") == 0))) {
    mugai_yaml_problem_at (&loader->problems, node, "値がありません。", "the value is missing");
    return FALSE;
  }
  if (strlen (node->text) > MAX_TEXT_BYTES) {
    mugai_yaml_problem_at (&loader->problems, node, "文が長すぎます（%uバイトまで）。", "too long (at most %u bytes)",
                           MAX_TEXT_BYTES);
    return FALSE;
  }
  g_free (*ret_text);
  *ret_text = g_strdup (node->text);
  g_strchomp (*ret_text);
  return TRUE;
}

gboolean value_boolean (Loader *loader, const MugaiYamlNode *node, gboolean *ret_value) {
  if (!is_scalar (loader, node))
    return FALSE;
  if (node->plain && (strcmp (node->text, "true") == 0 || strcmp (node->text, "false") == 0)) {
    *ret_value = node->text[0] == 't';
    return TRUE;
  }
  mugai_yaml_problem_at (&loader->problems, node, "「%s」ではなく、true（はい）か false（いいえ）と書いてください。",
                         "write true or false instead of \"%s\"", node->text);
  return FALSE;
}

/* Digits at the start of @text, and what follows them; FALSE: none or too many. */
static gboolean split_number (const char *text, gint64 *ret_number, const char **ret_unit) {
  gsize digits = strspn (text, "0123456789");
  if (digits == 0 || digits > 15)
    return FALSE;
  *ret_number = g_ascii_strtoll (text, NULL, 10);
  *ret_unit = text + digits + strspn (text + digits, " ");
  return TRUE;
}

gboolean value_number (Loader *loader, const MugaiYamlNode *node, gint64 min, gint64 max, gint64 *ret_value) {
  const char *rest;
  gint64 number;
  if (!is_scalar (loader, node))
    return FALSE;
  if (split_number (node->text, &number, &rest) && !*rest && number >= min && number <= max) {
    *ret_value = number;
    return TRUE;
  }
  mugai_yaml_problem_at (&loader->problems, node,
                         "「%s」は数として読めません。%" G_GINT64_FORMAT "から%" G_GINT64_FORMAT
                         "までの数を半角で書いてください。",
                         "\"%s\" is no number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, node->text, min, max);
  return FALSE;
}

typedef struct {
  const char *name;
  gint64 factor;
} Unit;

static gboolean scale (const Unit *units, const char *text, gint64 *ret_value) {
  gint64 number;
  const char *unit;
  if (!split_number (text, &number, &unit))
    return FALSE;
  for (; units->name; units++)
    if (strcmp (units->name, unit) == 0 && number <= G_MAXINT64 / 1024 / units->factor) {
      *ret_value = number * units->factor;
      return TRUE;
    }
  return FALSE;
}

/* What was probably meant: "20MB", "２０MiB" and "20 mib" are all 20MiB. */
static char *guess_size (const char *text) {
  g_autofree char *plain = g_utf8_normalize (text, -1, G_NORMALIZE_ALL_COMPOSE);
  gint64 number;
  const char *unit;
  if (!plain || !split_number (plain, &number, &unit))
    return NULL;
  char letter = *unit ? g_ascii_toupper (*unit) : 'M';
  return strchr ("KMG", letter) ? g_strdup_printf ("%" G_GINT64_FORMAT "%ciB", number, letter) : NULL;
}

gboolean value_size (Loader *loader, const MugaiYamlNode *node, gint64 *ret_bytes) {
  static const Unit units[] = { { "B", 1 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { NULL, 0 } };
  if (!is_scalar (loader, node))
    return FALSE;
  if (scale (units, node->text, ret_bytes))
    return TRUE;
  g_autofree char *guess = guess_size (node->text);
  mugai_yaml_problem_at (
      &loader->problems, node,
      "「%s」は大きさとして読めません。単位（B、KiB、MiB、GiB）を付けて、例えば %s と書いてください。",
      "\"%s\" is no size: write it with a unit (B, KiB, MiB, GiB), for instance %s", node->text,
      guess ? guess : "20MiB");
  return FALSE;
}

gboolean value_age (Loader *loader, const MugaiYamlNode *node, gint64 *ret_seconds) {
  static const Unit units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { NULL, 0 } };
  if (!is_scalar (loader, node))
    return FALSE;
  if (scale (units, node->text, ret_seconds))
    return TRUE;
  mugai_yaml_problem_at (
      &loader->problems, node,
      "「%s」は期間として読めません。単位（s 秒、m 分、h 時間、d 日）を付けて、例えば 72h と書いてください。",
      "\"%s\" is no length of time: write it with a unit (s, m, h, d), for instance 72h", node->text);
  return FALSE;
}

static gboolean parse_date (const char *text, gint64 *ret_days) {
  if (strlen (text) != 10 || text[4] != '-' || text[7] != '-')
    return FALSE;
  for (guint i = 0; i < 10; i++)
    if (i != 4 && i != 7 && !g_ascii_isdigit (text[i]))
      return FALSE;
  guint64 year = g_ascii_strtoull (text, NULL, 10), month = g_ascii_strtoull (text + 5, NULL, 10),
          day = g_ascii_strtoull (text + 8, NULL, 10);
  if (year < 1970 || !g_date_valid_dmy ((GDateDay) day, (GDateMonth) month, (GDateYear) year))
    return FALSE;
  GDate date;
  g_date_clear (&date, 1);
  g_date_set_dmy (&date, (GDateDay) day, (GDateMonth) month, (GDateYear) year);
  *ret_days = (gint64) g_date_get_julian (&date) - 719163; /* GDate's day of 1970-01-01 */
  return TRUE;
}

static gint64 parse_clock (const char *text);

gboolean value_moment (Loader *loader, const MugaiYamlNode *node, gboolean end, gint64 *ret_us) {
  gint64 days = 0, minutes = 0;
  if (!is_scalar (loader, node))
    return FALSE;
  gsize length = strlen (node->text);
  g_autofree char *day = g_strndup (node->text, MIN (length, 10));
  gboolean timed = length == 16 && (node->text[10] == 'T' || node->text[10] == ' ');
  if (timed)
    minutes = parse_clock (node->text + 11);
  if ((length == 10 || timed) && minutes >= 0 && parse_date (day, &days)) {
    gint64 seconds = days * 86400 + minutes * 60 + (end && !timed ? 86400 : 0);
    *ret_us = (seconds - loader->policy->utc_offset_s) * G_USEC_PER_SEC;
    return TRUE;
  }
  mugai_yaml_problem_at (&loader->problems, node,
                         "「%s」は日付として読めません。実在する日を、例えば 2027-03-31（時刻まで書くなら "
                         "2027-03-31T17:15）と半角で書いてください。",
                         "\"%s\" is no date: write a day that exists, for instance 2027-03-31 (or 2027-03-31T17:15)",
                         node->text);
  return FALSE;
}

/* "hh:mm" to minutes; -1: none. */
static gint64 parse_clock (const char *text) {
  if (!g_ascii_isdigit (text[0]) || !g_ascii_isdigit (text[1]) || text[2] != ':' || !g_ascii_isdigit (text[3])
      || !g_ascii_isdigit (text[4]))
    return -1;
  gint64 hours = (text[0] - '0') * 10 + text[1] - '0', minutes = (text[3] - '0') * 10 + text[4] - '0';
  return hours <= 24 && minutes < 60 && hours * 60 + minutes <= 1440 ? hours * 60 + minutes : -1;
}

gboolean value_zone (Loader *loader, const MugaiYamlNode *node, gint32 *ret_seconds) {
  if (!is_scalar (loader, node))
    return FALSE;
  gboolean sign = node->text[0] == '+' || node->text[0] == '-';
  gint64 minutes = sign && strlen (node->text) == 6 ? parse_clock (node->text + 1) : -1;
  if (minutes >= 0 && minutes <= 14 * 60) {
    *ret_seconds = (gint32) minutes * 60 * (node->text[0] == '-' ? -1 : 1);
    return TRUE;
  }
  mugai_yaml_problem_at (&loader->problems, node,
                         "「%s」は時差として読めません。日本なら \"+09:00\" と書いてください。",
                         "\"%s\" is no offset from UTC: write \"+09:00\" for Japan", node->text);
  return FALSE;
}

gboolean value_clock (Loader *loader, const MugaiYamlNode *node, gint64 *ret_from, gint64 *ret_to) {
  if (!is_scalar (loader, node))
    return FALSE;
  if (strlen (node->text) == 11 && node->text[5] == '-') {
    *ret_from = parse_clock (node->text);
    *ret_to = parse_clock (node->text + 6);
    if (*ret_from >= 0 && *ret_to >= 0 && *ret_from != *ret_to)
      return TRUE;
  }
  mugai_yaml_problem_at (&loader->problems, node,
                         "「%s」は時間帯として読めません。例えば 08:30-17:15 と書いてください。",
                         "\"%s\" is no span of hours: write for instance 08:30-17:15", node->text);
  return FALSE;
}

gboolean value_address (Loader *loader, const MugaiYamlNode *node, char **ret_address) {
  if (!is_scalar (loader, node))
    return FALSE;
  const char *at = strchr (node->text, '@');
  gboolean good = at && at > node->text && strchr (at + 1, '.') && !strchr (at + 1, '@') && g_str_is_ascii (node->text)
                  && !strpbrk (node->text, " \t<>,;\"\\%!()[]") && strlen (node->text) <= 254;
  if (good) {
    g_free (*ret_address);
    *ret_address = g_strdup (node->text);
    return TRUE;
  }
  mugai_yaml_problem_at (
      &loader->problems, node,
      "「%s」はメールアドレスとして読めません。例えば mail-admin@city.example.lg.jp と書いてください。",
      "\"%s\" is no mail address: write for instance mail-admin@city.example.lg.jp", node->text);
  return FALSE;
}

gboolean value_id (Loader *loader, const MugaiYamlNode *node, char **ret_id) {
  if (!is_scalar (loader, node))
    return FALSE;
  gsize length = strlen (node->text);
  if (length > 0 && length <= 64 && strspn (node->text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length
      && g_ascii_isalpha (node->text[0])) {
    g_free (*ret_id);
    *ret_id = g_strdup (node->text);
    return TRUE;
  }
  mugai_yaml_problem_at (
      &loader->problems, node,
      "「%s」は名前に使えません。半角の英小文字で始め、英小文字・数字・ハイフンだけで書いてください（例：vendor-"
      "pdf）。",
      "\"%s\" is no name: use lower-case letters, digits and hyphens, a letter first (vendor-pdf)", node->text);
  return FALSE;
}

/* ---- words of closed lists ---- */

/* What other products, and people, call it. */
static const char *synonym (const char *word) {
  static const struct {
    const char *ours, *others;
  } rows[] = {
    { "hold", "quarantine" },
    { "refuse", "reject deny block" },
    { "deliver", "accept allow pass" },
    { "remove", "delete strip drop" },
    { "tempfail", "defer" },
    { "infected", "virus" },
    { "inbound", "in incoming" },
    { "outbound", "out outgoing" },
    { "from", "sender mail-from envelope-from" },
    { "recipient", "to rcpt rcpt-to envelope-to" },
    { "client", "ip client-ip" },
    { "auth", "user login" },
    { "part-name", "filename file-name extension" },
    { "part-type", "content-type mime-type" },
    { "link-host", "link url" },
    { "part-flags", "macro" },
    { "protected", "encrypted" },
    { "time-of-day", "hour" },
    { "until", "expires end-date" },
  };
  g_autofree char *lower = g_ascii_strdown (word, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) others = g_strsplit (rows[i].others, " ", -1);
    if (g_strv_contains ((const char *const *) others, lower))
      return rows[i].ours;
  }
  return NULL;
}

const char *word_meant (const char *word, const char *const *words) {
  const char *other = synonym (word);
  return other && g_strv_contains (words, other) ? other : mugai_yaml_nearest_word (word, words);
}

void word_unknown (Loader *loader, const MugaiYamlNode *node, const char *const *words) {
  const char *near = word_meant (node->text, words);
  g_autofree char *all = g_strjoinv (", ", (char **) words);
  if (near)
    mugai_yaml_problem_at (&loader->problems, node,
                           "「%s」という語はありません。もしかして「%s」ですか（使える語：%s）",
                           "there is no \"%s\" here: did you mean \"%s\"? (one of: %s)", node->text, near, all);
  else
    mugai_yaml_problem_at (&loader->problems, node, "「%s」という語はありません。使える語：%s",
                           "there is no \"%s\" here: write one of %s", node->text, all);
}

int value_word (Loader *loader, const MugaiYamlNode *node, const char *const *words) {
  if (!is_scalar (loader, node))
    return -1;
  for (int i = 0; words[i]; i++)
    if (strcmp (words[i], node->text) == 0)
      return i;
  word_unknown (loader, node, words);
  return -1;
}

/* ---- mappings by table ---- */

static void key_unknown (Loader *loader, const MugaiYamlNode *key, const Key *keys) {
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  const char *half, *sign = mugai_yaml_full_width_hint (key->text, &half);
  for (; keys->name; keys++)
    g_ptr_array_add (words, (gpointer) keys->name);
  g_ptr_array_add (words, NULL);
  const char *near = word_meant (key->text, (const char *const *) words->pdata);
  g_autofree char *all = g_strjoinv (", ", (char **) words->pdata);
  if (sign)
    mugai_yaml_problem_at (&loader->problems, key, "キー「%s」に全角の「%s」があります。半角の「%s」に直してください。",
                           "key \"%s\" has a full-width \"%s\": write the half-width \"%s\"", key->text, sign, half);
  else if (near)
    mugai_yaml_problem_at (&loader->problems, key, "「%s」というキーはありません。もしかして「%s」ですか。",
                           "there is no key \"%s\": did you mean \"%s\"?", key->text, near);
  else
    mugai_yaml_problem_at (&loader->problems, key, "「%s」というキーはありません。使えるキー：%s",
                           "there is no key \"%s\": write one of %s", key->text, all);
}

static const Key *find_key (const Key *keys, const char *name) {
  for (; keys->name; keys++)
    if (strcmp (keys->name, name) == 0)
      return keys;
  return NULL;
}

/* Was @name written, but wrongly? Then it is not missing too. */
static gboolean is_misspelt (const MugaiYamlNode *node, const Key *keys, const char *name) {
  const char *const words[] = { name, NULL };
  for (guint i = 0; i < node->keys->len; i++) {
    const MugaiYamlNode *key = g_ptr_array_index (node->keys, i);
    if (key->kind == MUGAI_YAML_SCALAR && !find_key (keys, key->text) && mugai_yaml_nearest_word (key->text, words))
      return TRUE;
  }
  return FALSE;
}

static void not_a_mapping (Loader *loader, const MugaiYamlNode *node) {
  const char *half, *sign = node->kind == MUGAI_YAML_SCALAR ? mugai_yaml_full_width_hint (node->text, &half) : NULL;
  if (sign)
    mugai_yaml_problem_at (&loader->problems, node, "全角の「%s」があります。半角の「%s」に直してください。",
                           "full-width \"%s\" here: write the half-width \"%s\"", sign, half);
  else
    mugai_yaml_problem_at (&loader->problems, node, "ここには「キー: 値」の形で書きます（「:」の後に空白が要ります）。",
                           "\"key: value\" is expected here (with a blank behind the colon)");
}

gboolean read_mapping (Loader *loader, const MugaiYamlNode *node, const Key *keys, gpointer target) {
  if (node->kind != MUGAI_YAML_MAPPING) {
    not_a_mapping (loader, node);
    return FALSE;
  }
  for (guint i = 0; i < node->keys->len && i < node->values->len; i++) {
    const MugaiYamlNode *key = g_ptr_array_index (node->keys, i);
    if (key->kind != MUGAI_YAML_SCALAR || strcmp (key->text, "<<") == 0)
      continue; /* reported by the reader of the file */
    const Key *row = find_key (keys, key->text);
    if (row)
      row->read (loader, g_ptr_array_index (node->values, i), target);
    else
      key_unknown (loader, key, keys);
  }
  for (const Key *row = keys; row->name && !loader->cut; row++)
    if (row->required && !mugai_yaml_value (node, row->name) && !is_misspelt (node, keys, row->name))
      mugai_yaml_problem_at (&loader->problems, node, "キー「%s」がありません。書いてください。",
                             "key \"%s\" is missing here", row->name);
  return TRUE;
}
