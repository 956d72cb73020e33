/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Reads the sections of a policy other than rules and exceptions: whose mail it is, ceilings, limits, notices, and the
 * table of failures. Sections may stand in any order in the file; they are read in the order that they need. Any thread.
 */
#include "loader.h"

#include <string.h>

#include "condition.h"

/* ---- organisation ---- */

static void read_organisation_name (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((MugaiPolicy *) target)->organisation.name);
}

gboolean is_domain (const char *text) {
  const char *host = text[0] == '.' ? text + 1 : text;
  g_auto (GStrv) labels = g_strsplit (host, ".", -1);
  if (!strchr (host, '.') || strlen (host) > 253)
    return FALSE;
  for (char **label = labels; *label; label++)
    if (!**label || strlen (*label) > 63 || (*label)[0] == '-'
        || strspn (*label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen (*label))
      return FALSE;
  return TRUE;
}

char **read_domain_list (Loader *loader, const MugaiYamlNode *node) {
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < node_items (node); i++) {
    const MugaiYamlNode *item = node_item (node, i);
    gboolean below = item->kind == MUGAI_YAML_SCALAR && item->text[0] == '.';
    g_autofree char *folded = item->kind == MUGAI_YAML_SCALAR ? domain_fold (item->text + (below ? 1 : 0)) : NULL;
    g_autofree char *domain = folded ? g_strconcat (below ? "." : "", folded, NULL) : NULL;
    if (domain && is_domain (domain)) {
      g_strv_builder_add (builder, domain);
      continue;
    }
    loader->misread = TRUE;
    mugai_yaml_problem_at (
        &loader->problems, item,
        "ドメイン名として読めません。例えば city.example.lg.jp（その下すべてなら "
        ".city.example.lg.jp）と書いてください。",
        "not a domain: write for instance city.example.lg.jp (or .city.example.lg.jp for all below it)");
  }
  return g_strv_builder_end (builder);
}

static void read_domains (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  MugaiOrganisation *ours = &((MugaiPolicy *) target)->organisation;
  g_strfreev (ours->domains);
  ours->domains = read_domain_list (loader, node);
}

/* Hosts that check SPF, DKIM and DMARC before us, by the name they write (RFC 8601 2.2). */
static void read_trusted_relays (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  MugaiPolicy *policy = target;
  g_strfreev (policy->trusted_relays);
  policy->trusted_relays = read_domain_list (loader, node);
}

static void read_networks (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  Network network;
  for (guint i = 0; i < node_items (node); i++) {
    const MugaiYamlNode *item = node_item (node, i);
    if (item->kind == MUGAI_YAML_SCALAR && network_parse (item->text, &network))
      g_strv_builder_add (builder, item->text);
    else
      mugai_yaml_problem_at (
          &loader->problems, item,
          "IPアドレスの範囲として読めません。例えば 10.0.0.0/8 と書いてください（範囲より後のビットは0）。",
          "not a network: write for instance 10.0.0.0/8 (no bits behind the prefix)");
  }
  g_strfreev (((MugaiPolicy *) target)->organisation.networks);
  ((MugaiPolicy *) target)->organisation.networks = g_strv_builder_end (builder);
}

static void read_reviewers (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_address (loader, node, &((MugaiPolicy *) target)->organisation.reviewers);
}

static void read_notice_from (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_address (loader, node, &((MugaiPolicy *) target)->organisation.notice_from);
}

static void read_postmaster (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_address (loader, node, &((MugaiPolicy *) target)->organisation.postmaster);
}

static void read_time_zone (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_zone (loader, node, &((MugaiPolicy *) target)->utc_offset_s);
}

static void read_organisation (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const Key keys[] = { { "name", TRUE, read_organisation_name },
                              { "domains", TRUE, read_domains },
                              { "networks", TRUE, read_networks },
                              { "reviewers", FALSE, read_reviewers },
                              { "notice_from", TRUE, read_notice_from },
                              { "postmaster", FALSE, read_postmaster },
                              { "time_zone", FALSE, read_time_zone },
                              { "trusted_relays", FALSE, read_trusted_relays },
                              { NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, target);
}

/* ---- ceilings ---- */

static void read_level (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const char *const levels[] = { "text", "parts", "untouched", NULL };
  int level = value_word (loader, node, levels);
  ((CeilingRow *) target)->level = level < 0 ? MUGAI_CEILING_TEXT : (MugaiCeiling) level;
}

static void read_ceiling_clause (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((CeilingRow *) target)->said.clause);
}

static void read_ceiling_ja (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((CeilingRow *) target)->said.ja);
}

static void read_ceiling_en (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((CeilingRow *) target)->said.en);
}

void read_ceiling_row (Loader *loader, const MugaiYamlNode *node, CeilingRow *row) {
  static const Key keys[] = { { "level", TRUE, read_level },
                              { "clause", FALSE, read_ceiling_clause },
                              { "ja", FALSE, read_ceiling_ja },
                              { "en", FALSE, read_ceiling_en },
                              { NULL, FALSE, NULL } };
  if (node->kind == MUGAI_YAML_SCALAR)
    read_level (loader, node, row);
  else
    (void) read_mapping (loader, node, keys, row);
}

#define CEILING_READER(c, n)                                                                                           \
  static void read_ceiling_##c (Loader *loader, const MugaiYamlNode *node, gpointer target) {                          \
    read_ceiling_row (loader, node, &((MugaiPolicy *) target)->ceilings[MUGAI_DIRECTION_##c]);                         \
  }
CEILING_READER (INBOUND, "inbound")
CEILING_READER (OUTBOUND, "outbound")
CEILING_READER (INTERNAL, "internal")

static void read_ceilings (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const Key keys[] = { { "inbound", TRUE, read_ceiling_INBOUND },
                              { "outbound", TRUE, read_ceiling_OUTBOUND },
                              { "internal", TRUE, read_ceiling_INTERNAL },
                              { NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, target);
}

/* ---- limits ---- */

static void read_max_size (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  gint64 bytes = 0;
  if (!value_size (loader, node, &bytes))
    return;
  if (bytes < 64 * 1024 || bytes > (gint64) 1 << 30)
    mugai_yaml_problem_at (&loader->problems, node, "上限は64KiBから1GiBまでです。", "a limit is from 64KiB to 1GiB");
  *(guint64 *) target = (guint64) bytes;
}

void read_size_limit (Loader *loader, const MugaiYamlNode *node, guint64 *ret_bytes) {
  static const Key keys[] = { { "max_size", TRUE, read_max_size }, { NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, ret_bytes);
}

#define LIMIT_READER(c, n)                                                                                             \
  static void read_limit_##c (Loader *loader, const MugaiYamlNode *node, gpointer target) {                            \
    read_size_limit (loader, node, &((MugaiPolicy *) target)->max_size[MUGAI_DIRECTION_##c]);                          \
  }
LIMIT_READER (INBOUND, "inbound")
LIMIT_READER (OUTBOUND, "outbound")
LIMIT_READER (INTERNAL, "internal")

static void read_limits (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const Key keys[] = { { "inbound", TRUE, read_limit_INBOUND },
                              { "outbound", TRUE, read_limit_OUTBOUND },
                              { "internal", TRUE, read_limit_INTERNAL },
                              { NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, target);
}

/* ---- notices ---- */

typedef struct {
  MugaiPolicy *policy;
  guint language; /* 0: ja, 1: en */
} NoticeTarget;

#define NOTICE_READER(c, n)                                                                                            \
  static void read_notice_##c (Loader *loader, const MugaiYamlNode *node, gpointer target) {                           \
    NoticeTarget *notice = target;                                                                                     \
    (void) value_text (loader, node, &notice->policy->notices[MUGAI_NOTICE_##c][notice->language]);                    \
  }
MUGAI_NOTICE_TEXTS (NOTICE_READER)
#define NOTICE_KEY(c, n) { n, FALSE, read_notice_##c },

static void read_notice_file (Loader *loader, const MugaiYamlNode *node, MugaiPolicy *policy, guint language) {
  static const Key keys[] = { MUGAI_NOTICE_TEXTS (NOTICE_KEY){ NULL, FALSE, NULL } };
  NoticeTarget target = { policy, language };
  const MugaiYamlNode *root = node->kind == MUGAI_YAML_SCALAR ? read_include (loader, node) : node;
  if (root)
    (void) read_mapping (loader, root, keys, &target);
}

static void read_notices_ja (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  read_notice_file (loader, node, target, 0);
}

static void read_notices_en (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  read_notice_file (loader, node, target, 1);
}

static void read_notices (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const Key keys[] = { { "ja", TRUE, read_notices_ja }, { "en", TRUE, read_notices_en }, { NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, target);
}

/* ---- the table of failures ---- */

static void read_failure (Loader *loader, const MugaiYamlNode *node, MugaiPolicy *policy, MugaiFailure failure) {
  static const char *const outcomes[] = { "tempfail", "hold", "refuse", NULL };
  static const MugaiAction actions[] = { MUGAI_ACTION_TEMPFAIL, MUGAI_ACTION_HOLD, MUGAI_ACTION_REFUSE };
  gboolean fixed = failure == MUGAI_FAILURE_NO_WORKER || failure == MUGAI_FAILURE_KEEPER_FAILED;
  static const char *const passing[] = { "deliver", "accept", "pass", "allow", "keep", NULL };
  if (node->kind == MUGAI_YAML_SCALAR && g_strv_contains (passing, node->text)) {
    mugai_yaml_problem_at (
        &loader->problems, node,
        "故障のときにメールを通すことはできません。tempfail、hold、refuse のどれかを書いてください。",
        "no failure lets mail pass: write tempfail, hold or refuse");
    return;
  }
  int outcome = value_word (loader, node, outcomes);
  if (outcome > 0 && fixed)
    mugai_yaml_problem_at (&loader->problems, node, "「%s」はいつも tempfail です。", "\"%s\" is always tempfail",
                           mugai_failure_name (failure));
  else if (outcome >= 0)
    policy->failures[failure] = actions[outcome];
}

#define FAILURE_READER(c, n)                                                                                           \
  static void read_failure_##c (Loader *loader, const MugaiYamlNode *node, gpointer target) {                          \
    read_failure (loader, node, target, MUGAI_FAILURE_##c);                                                            \
  }
MUGAI_FAILURES (FAILURE_READER)
#define FAILURE_KEY(c, n) { n, FALSE, read_failure_##c },

static void read_stale_after (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  gint64 seconds = 0;
  if (!value_age (loader, node, &seconds))
    return;
  if (seconds < 3600 || seconds > 30 * 86400)
    mugai_yaml_problem_at (&loader->problems, node, "1hから30dまでで書いてください。", "write from 1h to 30d");
  ((MugaiPolicy *) target)->stale_after_s = seconds;
}

static void read_failures (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const Key keys[] = { { "stale_after", FALSE, read_stale_after },
                              MUGAI_FAILURES (FAILURE_KEY){ NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, target);
}

/* ---- the whole ---- */

static void read_name (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((MugaiPolicy *) target)->name);
}

static const struct {
  const char *name;
  gboolean required;
  KeyReader read;
} sections[] = {
  { "policy", TRUE, read_name },
  { "organisation", TRUE, read_organisation },
  { "ceilings", TRUE, read_ceilings },
  { "limits", TRUE, read_limits },
  { "rates", FALSE, read_rates },
  { "groups", FALSE, read_groups },
  { "organisations", FALSE, read_branches },
  { "rules", TRUE, read_rules },
  { "exceptions", FALSE, read_exceptions },
  { "notices", FALSE, read_notices },
  { "failures", FALSE, read_failures },
};

static void remember (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) loader;
  (void) node;
  (void) target;
}

void read_policy (Loader *loader, const MugaiYamlNode *root) {
  Key keys[G_N_ELEMENTS (sections) + 2] = { 0 };
  for (gsize i = 0; i < G_N_ELEMENTS (sections); i++)
    keys[i] = (Key){ sections[i].name, sections[i].required, remember };
  keys[G_N_ELEMENTS (sections)] = (Key){ "include", FALSE, remember };
  if (!read_mapping (loader, root, keys, NULL))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (sections); i++) {
    const MugaiYamlNode *node = mugai_yaml_value (root, sections[i].name);
    if (node)
      sections[i].read (loader, node, loader->policy);
  }
}
