/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What is wrong with a policy as a whole though each line of it is right: notices that would leave the house, rules that can
 * never match, groups that nobody names, relaying that no rule speaks of. Any thread.
 */
#include "loader.h"

#include <string.h>

#include "condition.h"
#include "reach.h"

static void check_inside (Loader *loader, const MugaiYamlNode *organisation, const char *key, const char *address) {
  const MugaiYamlNode *node = mugai_yaml_value (organisation, key);
  if (!node || !address || !*address || !is_foreign_address (loader, address))
    return;
  mugai_yaml_problem_at (&loader->problems, node,
                         "%s は自組織のアドレスでなければなりません（通知を庁外に送らないため）。",
                         "%s has to be an address of ours: notices never leave the house", key);
}

/* Where a rule stands, for warnings found after its nodes were left. */
static MugaiYamlNode place_of (Loader *loader, const Rule *rule) {
  MugaiYamlNode place = { .line = rule->line, .column = 1 };
  for (guint i = 0; i < loader->trees->len; i++) {
    MugaiYamlFile *file = g_ptr_array_index (loader->trees, i);
    if (strcmp (file->name, rule->file) != 0)
      continue;
    place.file = file;
    const char *line = rule->line <= file->n_lines ? file->lines[rule->line - 1] : "";
    place.column = (guint) strspn (line, " -") + 1;
  }
  return place;
}

static gboolean ends_search (const Rule *rule) {
  return !rule->monitor && rule->verb != VERB_CONTINUE && rule->exceptions->len == 0 && !rule->until_us;
}

static gboolean tightens (const Rule *rule) {
  return !rule->monitor && rule->verb != VERB_DELIVER && rule->verb != VERB_KEEP && rule->verb != VERB_CONTINUE;
}

static void check_possible (Loader *loader, const Rule *rule) {
  MugaiYamlNode place = place_of (loader, rule);
  if (!condition_can_hold (rule->when))
    mugai_yaml_warn_at (&loader->problems, &place,
                        "規則「%s」は決して当てはまりません（条件どうしが矛盾しているか、グループが空です）。",
                        "rule \"%s\" can never match: its conditions contradict each other, or a group is empty",
                        rule->said.id);
}

/* A rule of one organisation hides nothing from the others. */
static void check_shadowed (Loader *loader, const GPtrArray *list) {
  for (guint i = 0; i < list->len; i++) {
    const Rule *rule = g_ptr_array_index (list, i);
    MugaiYamlNode place = place_of (loader, rule);
    check_possible (loader, rule);
    for (guint j = 0; j < i; j++) {
      const Rule *before = g_ptr_array_index (list, j);
      if (!ends_search (before) || (before->branch && before->branch != rule->branch)
          || !condition_implies (rule->when, before->when))
        continue;
      mugai_yaml_warn_at (&loader->problems, &place, "規則「%s」には届きません。前の「%s」がいつも先に当てはまります。",
                          "rule \"%s\" is never reached: \"%s\" before it matches whatever it would", rule->said.id,
                          before->said.id);
      break;
    }
  }
}

/* ---- what weakens ---- */

static void check_monitored (Loader *loader, const Rule *rule) {
  MugaiYamlNode place = place_of (loader, rule);
  if (rule->monitor && *rule->said.clause)
    mugai_yaml_warn_at (
        &loader->problems, &place,
        "規則「%s」は記録するだけなので、条項「%s」は守られていません（試すあいだだけにしてください）。",
        "rule \"%s\" only records: clause \"%s\" is not kept meanwhile", rule->said.id, rule->said.clause);
}

static gboolean is_wide (MugaiFact fact) { /* what tells kinds of mail apart, not single partners */
  MugaiFactType type = mugai_vocabulary_row (fact)->type;
  return type == MUGAI_FACT_WORD || type == MUGAI_FACT_WORDS || type == MUGAI_FACT_BOOLEAN;
}

/* A rule that delivers whole kinds of mail before one that serves a clause takes that clause away. */
static void check_weakened (Loader *loader, const GPtrArray *list) {
  for (guint i = 0; i < list->len; i++) {
    const Rule *rule = g_ptr_array_index (list, i);
    MugaiYamlNode place = place_of (loader, rule);
    if (rule->verb != VERB_DELIVER || rule->monitor || !condition_asks_only (rule->when, is_wide))
      continue;
    for (guint j = i + 1; j < list->len; j++) {
      const Rule *later = g_ptr_array_index (list, j);
      guint64 both = condition_values (rule->when, FACT_DIRECTION) & condition_values (later->when, FACT_DIRECTION);
      if (!tightens (later) || !*later->said.clause || !both || (rule->branch && rule->branch != later->branch))
        continue;
      mugai_yaml_warn_at (&loader->problems, &place,
                          "規則「%s」は、条項「%s」に応える規則「%s」より先に通してしまい、その条項を弱めます。",
                          "rule \"%s\" weakens clause \"%s\": it lets pass what rule \"%s\" would stop", rule->said.id,
                          later->said.clause, later->said.id);
      break;
    }
  }
}

/* ---- infected parts ---- */

static gboolean is_scan_or_direction (MugaiFact fact) {
  return fact == FACT_PART_SCAN || fact == FACT_DIRECTION;
}

/* Stops every infected part of @direction, whatever else it is. */
static gboolean catches_infected (const Rule *rule, MugaiDirection direction) {
  return tightens (rule) && rule->exceptions->len == 0 && !rule->branch
         && condition_asks_only (rule->when, is_scan_or_direction)
         && (condition_values (rule->when, FACT_PART_SCAN) & MUGAI_BIT (MUGAI_SCAN_INFECTED))
         && (condition_values (rule->when, FACT_DIRECTION) & MUGAI_BIT (direction));
}

static gboolean is_caught_before (const GPtrArray *list, guint index, MugaiDirection direction) {
  for (guint i = 0; i < index; i++)
    if (catches_infected (g_ptr_array_index (list, i), direction))
      return TRUE;
  return FALSE;
}

/* Only a rule that names the verdict may keep what is not clean: such a one needs another before it that takes the infected. */
static void check_keeps_infected (Loader *loader, const GPtrArray *list) {
  for (guint i = 0; i < list->len; i++) {
    const Rule *rule = g_ptr_array_index (list, i);
    MugaiYamlNode place = place_of (loader, rule);
    if (rule->verb != VERB_KEEP || rule->monitor || !rule->names_scan
        || !(condition_values (rule->when, FACT_PART_SCAN) & MUGAI_BIT (MUGAI_SCAN_INFECTED)))
      continue;
    for (guint direction = 0; direction < MUGAI_DIRECTION_RELAY; direction++) {
      if (!(condition_values (rule->when, FACT_DIRECTION) & MUGAI_BIT (direction))
          || is_caught_before (list, i, (MugaiDirection) direction))
        continue;
      mugai_yaml_warn_at (
          &loader->problems, &place,
          "規則「%s」は、ウイルスの見つかった部品も通します（%s）。前に、part-scan: infected "
          "を止める規則を置いてください。",
          "rule \"%s\" keeps infected parts too (%s): put a rule that stops part-scan: infected before it",
          rule->said.id, mugai_direction_name ((MugaiDirection) direction));
      break;
    }
  }
}

/* An exception that names the verdict keeps by itself what no rule takes before. */
static void check_exceptions (Loader *loader) {
  const GPtrArray *rules = loader->policy->part_rules;
  for (guint i = 0; i < loader->policy->exceptions->len; i++) {
    const Exception *exception = g_ptr_array_index (loader->policy->exceptions, i);
    gboolean caught = TRUE;
    if (!exception->raises || !exception->names_scan
        || !(condition_values (exception->parts, FACT_PART_SCAN) & MUGAI_BIT (MUGAI_SCAN_INFECTED)))
      continue;
    for (guint direction = 0; direction < MUGAI_DIRECTION_RELAY; direction++)
      caught &= is_caught_before (rules, rules->len, (MugaiDirection) direction);
    if (!caught)
      mugai_yaml_warn_at (&loader->problems, g_hash_table_lookup (loader->ids, exception->id),
                          "例外「%s」は、ウイルスの見つかった部品も通します。parts を clean に限ってください。",
                          "exception \"%s\" keeps infected parts too: limit its parts to clean ones", exception->id);
  }
}

static gboolean speaks_of_infected (const Rule *rule, MugaiDirection direction) {
  static const MugaiFact facts[] = { FACT_PART_SCAN, FACT_SCANS };
  if (!tightens (rule) || !(condition_values (rule->when, FACT_DIRECTION) & MUGAI_BIT (direction)))
    return FALSE;
  return condition_names_word (rule->when, facts[0], MUGAI_SCAN_INFECTED)
         || condition_names_word (rule->when, facts[1], MUGAI_SCAN_INFECTED);
}

static void check_infected_rule (Loader *loader, const MugaiYamlNode *root) {
  const GPtrArray *lists[] = { loader->policy->message_rules, loader->policy->part_rules };
  for (guint direction = 0; direction < MUGAI_DIRECTION_RELAY; direction++) {
    gboolean spoken = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
      for (guint j = 0; j < lists[i]->len && !spoken; j++)
        spoken = speaks_of_infected (g_ptr_array_index (lists[i], j), (MugaiDirection) direction);
    if (!spoken)
      mugai_yaml_warn_at (&loader->problems, root,
                          "%s のメールで、ウイルスの見つかった部品（part-scan: infected）を止める規則がありません。",
                          "no rule stops infected parts (part-scan: infected) of %s mail",
                          mugai_direction_name ((MugaiDirection) direction));
  }
}

/* A kept part under the ceiling text is none. */
static void check_vain_keep (Loader *loader, const GPtrArray *list) {
  for (guint i = 0; i < list->len; i++) {
    const Rule *rule = g_ptr_array_index (list, i);
    MugaiYamlNode place = place_of (loader, rule);
    gboolean vain = rule->verb == VERB_KEEP;
    for (guint direction = 0; vain && direction < MUGAI_DIRECTION_RELAY; direction++)
      if (condition_values (rule->when, FACT_DIRECTION) & MUGAI_BIT (direction))
        vain = branch_ceiling (loader->policy, rule->branch, (MugaiDirection) direction)->level == MUGAI_CEILING_TEXT;
    for (guint j = 0; vain && j < loader->policy->exceptions->len; j++)
      vain = !((Exception *) g_ptr_array_index (loader->policy->exceptions, j))->raises;
    if (vain)
      mugai_yaml_warn_at (
          &loader->problems, &place,
          "規則「%s」の keep は効きません。その向きの上限が text だからです（ceilings を見てください）。",
          "keep of rule \"%s\" has no effect: the ceiling of its directions is text", rule->said.id);
  }
}

static void check_rules (Loader *loader, const GPtrArray *list) {
  check_shadowed (loader, list);
  check_weakened (loader, list);
  for (guint i = 0; i < list->len; i++)
    check_monitored (loader, g_ptr_array_index (list, i));
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
  static const char *const expected[] = { "relay",     "over-size",          "auto-forward",
                                          "mass-mail", "recipients-exposed", "look-alike" };
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
  if (loader->cut || loader->problems.errors > 0 || !rules)
    return; /* what half a policy, or a broken one, lacks may have been in the rest */
  check_rules (loader, loader->policy->message_rules);
  check_rules (loader, loader->policy->part_rules);
  check_keeps_infected (loader, loader->policy->part_rules);
  check_exceptions (loader);
  check_vain_keep (loader, loader->policy->part_rules);
  check_infected_rule (loader, root);
  check_groups (loader);
  check_expected (loader, root);
}
