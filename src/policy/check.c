/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What is wrong with a policy as a whole though each line of it is right: notices that would leave the house, rules that can
 * never match, groups that nobody names, relaying that no rule speaks of. Any thread.
 */
#include "loader.h"

#include <string.h>

#include "condition.h"

static void check_inside (Loader *loader, const MugaiYamlNode *organisation, const char *key, const char *address) {
  const MugaiYamlNode *node = mugai_yaml_value (organisation, key);
  if (!node || !address || !*address || is_own_address (loader->policy, address))
    return;
  mugai_yaml_problem_at (&loader->problems, node,
                         "%s は自組織のアドレスでなければなりません（通知を庁外に送らないため）。",
                         "%s has to be an address of ours: notices never leave the house", key);
}

static void check_shadowed (Loader *loader, const MugaiYamlNode *rules, GPtrArray *list) {
  const Rule *always = NULL;
  for (guint i = 0; i < list->len; i++) {
    const Rule *rule = g_ptr_array_index (list, i);
    if (always) {
      MugaiYamlNode place = *rules;
      place.line = rule->line;
      mugai_yaml_warn_at (&loader->problems, &place, "規則「%s」には届きません。前の「%s」がいつも当てはまります。",
                          "rule \"%s\" is never reached: \"%s\" before it always matches", rule->said.id,
                          always->said.id);
    } else if (!rule->when && !rule->monitor && rule->verb != VERB_CONTINUE) {
      always = rule;
    }
  }
}

static void check_groups (Loader *loader) {
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, loader->groups);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Group *group = value;
    if (!group->used)
      mugai_yaml_warn_at (&loader->problems, group->node, "グループ「%s」はどの規則にも使われていません。",
                          "group \"%s\" is used by no rule", group->name);
  }
}

/* Rules that the city's standard asks for; without them the built-in ones still refuse relaying, and nothing else. */
static void check_expected (Loader *loader, const MugaiYamlNode *root) {
  static const char *const expected[] = { "relay", "over-size", "auto-forward" };
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    if (!g_hash_table_contains (loader->ids, expected[i]))
      mugai_yaml_warn_at (&loader->problems, root, "規則「%s」がありません（北九州市の基準5.2が求めるものです）。",
                          "there is no rule \"%s\", which the standards ask for", expected[i]);
}

void check_policy (Loader *loader, const MugaiYamlNode *root) {
  const MugaiYamlNode *organisation = mugai_yaml_value (root, "organisation"),
                      *rules = mugai_yaml_value (root, "rules");
  MugaiOrganisation *ours = &loader->policy->organisation;
  check_inside (loader, organisation, "reviewers", ours->reviewers);
  check_inside (loader, organisation, "notice_from", ours->notice_from);
  check_inside (loader, organisation, "postmaster", ours->postmaster);
  if (rules) {
    check_shadowed (loader, rules, loader->policy->message_rules);
    check_shadowed (loader, rules, loader->policy->part_rules);
  }
  if (loader->cut)
    return; /* half a policy: what it lacks may have been in the rest */
  check_groups (loader);
  check_expected (loader, root);
}
