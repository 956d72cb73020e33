/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Reads and compiles conditions and groups. A mapping of facts means all of them; all, any and not nest. What a fact may
 * be compared with follows from its row in the vocabulary. Any thread.
 */
#include "loader.h"

#include <string.h>

#include "condition.h"

void matcher_free (Matcher *matcher) {
  if (!matcher)
    return;
  g_clear_pointer (&matcher->exact, g_hash_table_unref);
  g_clear_pointer (&matcher->below, g_hash_table_unref);
  g_clear_pointer (&matcher->globs, g_ptr_array_unref);
  g_clear_pointer (&matcher->networks, g_ptr_array_unref);
  g_clear_pointer (&matcher->groups, g_ptr_array_unref);
  g_free (matcher);
}

void condition_free (Condition *condition) {
  if (!condition)
    return;
  g_clear_pointer (&condition->by_cost, g_ptr_array_unref);
  g_clear_pointer (&condition->children, g_ptr_array_unref);
  matcher_free (condition->matcher);
  g_clear_pointer (&condition->written, g_ptr_array_unref);
  g_free (condition);
}

static Condition *condition_new (ConditionKind kind) {
  Condition *condition = g_new0 (Condition, 1);
  condition->kind = kind;
  condition->above = G_MININT64;
  condition->below = G_MAXINT64;
  if (kind != CONDITION_FACT)
    condition->children = g_ptr_array_new_with_free_func ((GDestroyNotify) condition_free);
  return condition;
}

/* ---- groups ---- */

void group_free (Group *group) {
  g_ptr_array_unref (group->items);
  g_free (group->name);
  g_free (group);
}

static void group_take (Loader *loader, Group *group, const MugaiYamlNode *list) {
  if (list->kind != MUGAI_YAML_LIST) {
    mugai_yaml_problem_at (&loader->problems, list, "グループには「- 値」を並べます。",
                           "a group is a list: one \"- value\" a line");
    return;
  }
  for (guint i = 0; i < list->values->len; i++) {
    MugaiYamlNode *item = g_ptr_array_index (list->values, i);
    if (item->kind == MUGAI_YAML_SCALAR && *item->text)
      g_ptr_array_add (group->items, item);
    else
      mugai_yaml_problem_at (&loader->problems, item, "グループの項目は一つの値です。",
                             "an item of a group is a single value");
  }
}

/* For diff and for people; conditions hold their own compiled form. */
static void remember_group (MugaiPolicy *policy, const Group *group) {
  NamedGroup *named = g_new0 (NamedGroup, 1);
  named->name = g_strdup (group->name);
  named->items = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < group->items->len; i++)
    g_ptr_array_add (named->items, g_strdup (((MugaiYamlNode *) g_ptr_array_index (group->items, i))->text));
  g_ptr_array_add (policy->groups, named);
}

void named_group_free (NamedGroup *group) {
  g_free (group->name);
  g_ptr_array_unref (group->items);
  g_free (group);
}

void read_groups (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) target;
  if (node->kind != MUGAI_YAML_MAPPING) {
    mugai_yaml_problem_at (&loader->problems, node, "groups には「名前: ファイル」を並べます。",
                           "groups are written as \"name: file\"");
    return;
  }
  for (guint i = 0; i < node->keys->len && i < node->values->len; i++) {
    const MugaiYamlNode *value = g_ptr_array_index (node->values, i);
    g_autofree char *name = NULL;
    if (!value_id (loader, g_ptr_array_index (node->keys, i), &name))
      continue;
    Group *group = g_new0 (Group, 1);
    group->node = g_ptr_array_index (node->keys, i);
    group->items = g_ptr_array_new ();
    group->name = g_strdup (name);
    const MugaiYamlNode *list = value->kind == MUGAI_YAML_SCALAR ? read_include (loader, value) : value;
    if (list)
      group_take (loader, group, list);
    g_hash_table_replace (loader->groups, group->name, group);
    remember_group (loader->policy, group);
  }
}

static Group *find_group (Loader *loader, const MugaiYamlNode *node, const char *name) {
  Group *group = g_hash_table_lookup (loader->groups, name);
  if (group)
    group->used = TRUE;
  if (group || loader->cut) /* in half a policy the group may have been in the rest */
    return group;
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, loader->groups);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (words, key);
  g_ptr_array_add (words, NULL);
  const char *near = mugai_yaml_nearest_word (name, (const char *const *) words->pdata);
  if (near)
    mugai_yaml_problem_at (&loader->problems, node, "グループ「%s」はありません。もしかして「%s」ですか。",
                           "there is no group \"%s\": did you mean \"%s\"?", name, near);
  else
    mugai_yaml_problem_at (&loader->problems, node, "グループ「%s」はありません。groups に書いてください。",
                           "there is no group \"%s\": name it under groups", name);
  return NULL;
}

/* ---- lists of texts ---- */

static void matcher_add_network (Loader *loader, Matcher *matcher, const MugaiYamlNode *node) {
  g_autofree Network *network = g_new0 (Network, 1);
  if (network_parse (node->text, network))
    g_ptr_array_add (matcher->networks, g_steal_pointer (&network));
  else
    mugai_yaml_problem_at (
        &loader->problems, node,
        "「%s」はIPアドレスの範囲として読めません。例えば 192.0.2.0/24 と書いてください（範囲より後のビットは0）。",
        "\"%s\" is no network: write for instance 192.0.2.0/24 (no bits behind the prefix)", node->text);
}

static void add_domain (Matcher *matcher, const char *text) {
  g_autofree char *domain = domain_fold (text[0] == '.' ? text + 1 : text);
  g_hash_table_add (text[0] == '.' ? matcher->below : matcher->exact, g_steal_pointer (&domain));
}

static char *fold_address (const char *text, const char *at) {
  g_autofree char *local_raw = g_strndup (text, (gsize) (at - text));
  g_autofree char *local = text_fold (local_raw);
  g_autofree char *domain = domain_fold (at + 1);
  return g_strconcat (local, "@", domain, NULL);
}

static void matcher_add (Loader *loader, Matcher *matcher, const MugaiYamlNode *node) {
  const char *at = strrchr (node->text, '@');
  if (matcher->type == MUGAI_FACT_NETWORK)
    matcher_add_network (loader, matcher, node);
  else if (strpbrk (node->text, "*?"))
    g_ptr_array_add (matcher->globs, text_fold (node->text));
  else if (matcher->type == MUGAI_FACT_TEXT)
    g_hash_table_add (matcher->exact, text_fold (node->text));
  else if (matcher->type == MUGAI_FACT_ADDRESS && at && at > node->text)
    g_hash_table_add (matcher->exact, fold_address (node->text, at));
  else
    add_domain (matcher, at ? at + 1 : node->text);
}

static Matcher *matcher_new (MugaiFactType type) {
  Matcher *matcher = g_new0 (Matcher, 1);
  matcher->type = type;
  matcher->exact = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  matcher->below = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  matcher->globs = g_ptr_array_new_with_free_func (g_free);
  matcher->networks = g_ptr_array_new_with_free_func (g_free);
  matcher->groups = g_ptr_array_new ();
  return matcher;
}

static void settle_matcher (Matcher *matcher) {
  GHashTableIter iter;
  gpointer only = NULL;
  g_hash_table_iter_init (&iter, matcher->exact);
  if (g_hash_table_size (matcher->exact) == 1 && g_hash_table_iter_next (&iter, &only, NULL))
    matcher->only = only;
}

/* (transfer none): the group as facts of @type are compared with it; owned by the policy. */
static Matcher *group_matcher (Loader *loader, Group *group, MugaiFactType type) {
  if (group->compiled[type])
    return group->compiled[type];
  Matcher *matcher = group->compiled[type] = matcher_new (type);
  g_ptr_array_add (loader->policy->group_matchers, matcher);
  for (guint i = 0; i < group->items->len; i++)
    matcher_add (loader, matcher, g_ptr_array_index (group->items, i));
  settle_matcher (matcher);
  return matcher;
}

static void matcher_add_item (Loader *loader, Matcher *matcher, const MugaiYamlNode *item) {
  if (item->kind != MUGAI_YAML_SCALAR || !*item->text) {
    mugai_yaml_problem_at (&loader->problems, item, "ここには語か、語のリストを書きます。",
                           "a text, or a list of texts, is expected");
    return;
  }
  if (!g_str_has_prefix (item->text, "group:")) {
    matcher_add (loader, matcher, item);
    return;
  }
  g_autofree char *name = g_strstrip (g_strdup (item->text + strlen ("group:")));
  Group *group = find_group (loader, item, name);
  if (group)
    g_ptr_array_add (matcher->groups, group_matcher (loader, group, matcher->type));
}

static Matcher *read_matcher (Loader *loader, const MugaiYamlNode *node, MugaiFactType type) {
  Matcher *matcher = matcher_new (type);
  for (guint i = 0; i < node_items (node); i++)
    matcher_add_item (loader, matcher, node_item (node, i));
  settle_matcher (matcher);
  return matcher;
}

/* ---- numbers ---- */

typedef struct {
  Condition *condition;
  MugaiFactType type;
} NumberTarget;

static gboolean read_amount (Loader *loader, const MugaiYamlNode *node, MugaiFactType type, gint64 *ret_value) {
  if (type == MUGAI_FACT_SIZE)
    return value_size (loader, node, ret_value);
  if (type == MUGAI_FACT_AGE)
    return value_age (loader, node, ret_value);
  return value_number (loader, node, 0, 1000000, ret_value);
}

static void read_over (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  NumberTarget *number = target;
  if (node->kind == MUGAI_YAML_SCALAR && strcmp (node->text, "limit") == 0 && number->condition->fact == FACT_SIZE)
    number->condition->above_limit = TRUE;
  else
    (void) read_amount (loader, node, number->type, &number->condition->above);
}

static void read_under (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  NumberTarget *number = target;
  (void) read_amount (loader, node, number->type, &number->condition->below);
}

static void read_number (Loader *loader, const MugaiYamlNode *node, Condition *condition, MugaiFactType type) {
  static const Key keys[] = { { "over", FALSE, read_over }, { "under", FALSE, read_under }, { NULL, FALSE, NULL } };
  NumberTarget target = { condition, type };
  gint64 value;
  if (node->kind == MUGAI_YAML_MAPPING) {
    (void) read_mapping (loader, node, keys, &target);
    if (node->keys->len == 0)
      mugai_yaml_problem_at (&loader->problems, node, "over（より大きい）か under（より小さい）を書いてください。",
                             "write over or under");
  } else if (type == MUGAI_FACT_NUMBER && value_number (loader, node, 0, 1000000, &value)) {
    condition->above = value - 1;
    condition->below = value + 1;
  } else if (type != MUGAI_FACT_NUMBER) {
    mugai_yaml_problem_at (&loader->problems, node, "ここは {over: 値} か {under: 値} の形で書いてください。",
                           "write {over: value} or {under: value} here");
  }
}

/* From the first minute on, before the last. */
static void read_clock (Loader *loader, const MugaiYamlNode *node, Condition *condition) {
  gint64 from = 0, to = 0;
  if (!value_clock (loader, node, &from, &to))
    return;
  condition->above = from - 1;
  condition->below = to;
}

/* ---- conditions ---- */

/* With @any the word "any" stands for the whole list. */
static guint64 read_words (Loader *loader, const MugaiYamlNode *node, const char *const *words, gboolean any) {
  guint64 set = 0;
  for (guint i = 0; i < node_items (node); i++) {
    const MugaiYamlNode *item = node_item (node, i);
    if (any && item->kind == MUGAI_YAML_SCALAR && strcmp (item->text, "any") == 0)
      return G_MAXUINT64;
    int word = value_word (loader, item, words);
    if (word >= 0)
      set |= MUGAI_BIT (word);
  }
  return set;
}

/* What stands in the file, for people; a mapping (over, under) is told from its numbers. */
static GPtrArray *written_items (const MugaiYamlNode *value) {
  GPtrArray *written = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < node_items (value); i++)
    if (node_item (value, i)->kind == MUGAI_YAML_SCALAR)
      g_ptr_array_add (written, g_strdup (node_item (value, i)->text));
  const MugaiYamlNode *over = mugai_yaml_value (value, "over"), *under = mugai_yaml_value (value, "under");
  if (over && over->kind == MUGAI_YAML_SCALAR)
    g_ptr_array_add (written, g_strconcat ("> ", over->text, NULL));
  if (under && under->kind == MUGAI_YAML_SCALAR)
    g_ptr_array_add (written, g_strconcat ("< ", under->text, NULL));
  return written;
}

static Condition *read_fact (Loader *loader, MugaiFact fact, const MugaiYamlNode *value) {
  const FactRow *row = mugai_vocabulary_row (fact);
  Condition *condition = condition_new (CONDITION_FACT);
  condition->fact = fact;
  condition->written = written_items (value);
  switch (row->type) {
  case MUGAI_FACT_BOOLEAN:
    (void) value_boolean (loader, value, &condition->flag);
    break;
  case MUGAI_FACT_NUMBER:
  case MUGAI_FACT_SIZE:
  case MUGAI_FACT_AGE:
    read_number (loader, value, condition, row->type);
    break;
  case MUGAI_FACT_CLOCK:
    read_clock (loader, value, condition);
    break;
  case MUGAI_FACT_WORD:
  case MUGAI_FACT_WORDS:
    condition->set = read_words (loader, value, row->words, row->type == MUGAI_FACT_WORDS);
    break;
  default:
    condition->matcher = read_matcher (loader, value, row->type);
  }
  return condition;
}

static void fact_unknown (Loader *loader, const MugaiYamlNode *key) {
  const char *words[N_FACTS + 4], *half, *sign = mugai_yaml_full_width_hint (key->text, &half);
  for (int i = 0; i < N_FACTS; i++)
    words[i] = mugai_vocabulary_row ((MugaiFact) i)->name;
  words[N_FACTS] = "all";
  words[N_FACTS + 1] = "any";
  words[N_FACTS + 2] = "not";
  words[N_FACTS + 3] = NULL;
  const char *near = word_meant (key->text, words);
  if (sign)
    mugai_yaml_problem_at (&loader->problems, key, "条件「%s」に全角の「%s」があります。半角の「%s」に直してください。",
                           "condition \"%s\" has a full-width \"%s\": write the half-width \"%s\"", key->text, sign,
                           half);
  else if (near)
    mugai_yaml_problem_at (&loader->problems, key, "「%s」という条件はありません。もしかして「%s」ですか。",
                           "there is no condition \"%s\": did you mean \"%s\"?", key->text, near);
  else
    mugai_yaml_problem_at (&loader->problems, key, "「%s」という条件はありません（一覧は mugai policy vocabulary）。",
                           "there is no condition \"%s\" (mugai policy vocabulary lists them)", key->text);
}

static Condition *read_at (Loader *loader, const MugaiYamlNode *node, gboolean parts, guint depth);

static Condition *read_junction (Loader *loader, const MugaiYamlNode *node, ConditionKind kind, gboolean parts,
                                 guint depth) {
  Condition *condition = condition_new (kind);
  if (kind != CONDITION_NOT && node->kind != MUGAI_YAML_LIST)
    mugai_yaml_problem_at (&loader->problems, node, "all と any には「- 条件」を並べます。",
                           "all and any take a list: one \"- condition\" a line");
  else if (node->kind == MUGAI_YAML_LIST && node->values->len == 0)
    mugai_yaml_problem_at (&loader->problems, node, "条件が一つもありません。", "there is no condition in it");
  for (guint i = 0; i < node_items (node); i++) {
    Condition *child = read_at (loader, node_item (node, i), parts, depth + 1);
    if (child)
      g_ptr_array_add (condition->children, child);
  }
  if (kind == CONDITION_NOT && condition->children->len > 1) /* not: [a, b] is "none of these" */
    mugai_yaml_problem_at (&loader->problems, node,
                           "not には条件を一つ書きます。複数なら not の下に any を書いてください。",
                           "not takes one condition: for several write any below it");
  return condition;
}

static Condition *read_entry (Loader *loader, const MugaiYamlNode *key, const MugaiYamlNode *value, gboolean parts,
                              guint depth) {
  if (strcmp (key->text, "all") == 0)
    return read_junction (loader, value, CONDITION_ALL, parts, depth);
  if (strcmp (key->text, "any") == 0)
    return read_junction (loader, value, CONDITION_ANY, parts, depth);
  if (strcmp (key->text, "not") == 0)
    return read_junction (loader, value, CONDITION_NOT, parts, depth);
  int fact = mugai_vocabulary_find (key->text);
  if (fact < 0) {
    fact_unknown (loader, key);
    return NULL;
  }
  if (mugai_vocabulary_row ((MugaiFact) fact)->of_part && !parts) {
    mugai_yaml_problem_at (&loader->problems, key, "「%s」は部品についての条件です。規則を on: part にしてください。",
                           "\"%s\" is about a part: make the rule on: part", key->text);
    return NULL;
  }
  return read_fact (loader, (MugaiFact) fact, value);
}

/* (transfer full): "all" of one condition is that condition. */
static Condition *unwrap (Condition *all) {
  if (all->children->len != 1)
    return all;
  Condition *one = g_ptr_array_steal_index (all->children, 0);
  condition_free (all);
  return one;
}

/* Recursion is limited by MAX_CONDITION_DEPTH. */
static Condition *read_at (Loader *loader, const MugaiYamlNode *node, gboolean parts, guint depth) {
  if (depth > MAX_CONDITION_DEPTH) {
    mugai_yaml_problem_at (&loader->problems, node, "条件の入れ子が深すぎます（%u段まで）。",
                           "conditions nest too deeply (at most %u)", MAX_CONDITION_DEPTH);
    return NULL;
  }
  const char *half, *sign = node->kind == MUGAI_YAML_SCALAR ? mugai_yaml_full_width_hint (node->text, &half) : NULL;
  if (sign) {
    mugai_yaml_problem_at (&loader->problems, node, "全角の「%s」があります。半角の「%s」に直してください。",
                           "full-width \"%s\" here: write the half-width \"%s\"", sign, half);
    return NULL;
  }
  if (node->kind != MUGAI_YAML_MAPPING || node->keys->len == 0) {
    mugai_yaml_problem_at (&loader->problems, node,
                           "ここには条件を「事実: 値」の形で書きます。複数から選ぶなら all か any を使います。",
                           "a condition is written \"fact: value\"; for several use all or any");
    return NULL;
  }
  Condition *all = condition_new (CONDITION_ALL);
  for (guint i = 0; i < node->keys->len && i < node->values->len; i++) {
    const MugaiYamlNode *key = g_ptr_array_index (node->keys, i);
    if (key->kind != MUGAI_YAML_SCALAR || strcmp (key->text, "<<") == 0)
      continue;
    Condition *one = read_entry (loader, key, g_ptr_array_index (node->values, i), parts, depth);
    if (one)
      g_ptr_array_add (all->children, one);
  }
  return unwrap (all);
}

static guint cost_of (const Condition *condition) {
  if (condition->kind != CONDITION_FACT)
    return 3;
  MugaiFactType type = mugai_vocabulary_row (condition->fact)->type;
  return type == MUGAI_FACT_WORD || type == MUGAI_FACT_WORDS || type == MUGAI_FACT_BOOLEAN ? 0
         : type <= MUGAI_FACT_AGE || type == MUGAI_FACT_CLOCK                              ? 1
         : condition->fact == FACT_HEADER || condition->fact == FACT_LINK_HOST             ? 4
                                                                                           : 2;
}

static gint compare_costs (gconstpointer a, gconstpointer b) {
  return (gint) cost_of (*(const Condition *const *) a) - (gint) cost_of (*(const Condition *const *) b);
}

/* What costs least is asked first; what is told keeps the file's order. Recursion as deep as a policy nests. */
static void settle_costs (Condition *condition) {
  if (condition->kind == CONDITION_FACT)
    return;
  condition->by_cost = g_ptr_array_new ();
  for (guint i = 0; i < condition->children->len; i++) {
    settle_costs (g_ptr_array_index (condition->children, i));
    g_ptr_array_add (condition->by_cost, g_ptr_array_index (condition->children, i));
  }
  g_ptr_array_sort (condition->by_cost, compare_costs);
}

Condition *read_condition (Loader *loader, const MugaiYamlNode *node, gboolean part_facts_allowed) {
  Condition *condition = read_at (loader, node, part_facts_allowed, 1);
  if (condition)
    settle_costs (condition);
  return condition;
}

void condition_stages (const Condition *condition, guint *stages, gboolean *names_scan, gboolean *per_recipient) {
  if (!condition)
    return;
  if (condition->kind == CONDITION_FACT) {
    *stages &= mugai_vocabulary_row (condition->fact)->stages;
    *names_scan |= condition->fact == FACT_PART_SCAN;
    *per_recipient |= condition->fact == FACT_RECIPIENT || condition->fact == FACT_ORGANISATION
                      || condition->above_limit; /* each organisation may have its own limit */
    return;
  }
  for (guint i = 0; i < condition->children->len; i++)
    condition_stages (g_ptr_array_index (condition->children, i), stages, names_scan, per_recipient);
}

gboolean condition_names (const Condition *condition, gboolean (*is_named) (MugaiFact fact)) {
  if (!condition)
    return FALSE;
  if (condition->kind == CONDITION_FACT)
    return is_named (condition->fact);
  for (guint i = 0; i < condition->children->len; i++)
    if (condition_names (g_ptr_array_index (condition->children, i), is_named))
      return TRUE;
  return FALSE;
}
