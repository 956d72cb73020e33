/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Includes: one policy out of several files of its folder. What the including file says stands; sections and settings that it lacks come
 * from its includes in their order; rules, exceptions, groups and organisations of theirs come behind its own. The trees stay
 * as they are: the merged one borrows their nodes, so that each mistake is shown where it stands. Any thread.
 */
#include "loader.h"

#include <string.h>

static const char *const lists[] = { "rules", "exceptions", "organisations", NULL }; /* are appended to */

static MugaiYamlNode *merged_node (Loader *loader, const MugaiYamlNode *like) {
  MugaiYamlNode *node = g_new0 (MugaiYamlNode, 1);
  *node = *like;
  node->text = NULL;
  node->keys = like->kind == MUGAI_YAML_MAPPING ? g_ptr_array_new () : NULL;
  node->values = g_ptr_array_new ();
  for (guint i = 0; node->keys && i < like->keys->len && i < like->values->len; i++)
    g_ptr_array_add (node->keys, g_ptr_array_index (like->keys, i));
  for (guint i = 0; i < like->values->len; i++)
    g_ptr_array_add (node->values, g_ptr_array_index (like->values, i));
  g_ptr_array_add (loader->merged, node);
  return node;
}

static MugaiYamlNode **place_of (MugaiYamlNode *mapping, const char *key) {
  for (guint i = 0; i < mapping->keys->len && i < mapping->values->len; i++)
    if (g_strcmp0 (((MugaiYamlNode *) g_ptr_array_index (mapping->keys, i))->text, key) == 0)
      return (MugaiYamlNode **) &mapping->values->pdata[i];
  return NULL;
}

static void append_list (Loader *loader, MugaiYamlNode **place, const MugaiYamlNode *more) {
  MugaiYamlNode *list = *place = merged_node (loader, *place);
  for (guint i = 0; i < more->values->len; i++)
    g_ptr_array_add (list->values, g_ptr_array_index (more->values, i));
}

/* Recursion goes through sections only: organisation, ceilings, limits, failures and what is one level below. */
static void merge (Loader *loader, MugaiYamlNode *into, const MugaiYamlNode *from, guint depth) {
  for (guint i = 0; i < from->keys->len && i < from->values->len; i++) {
    MugaiYamlNode *key = g_ptr_array_index (from->keys, i), *value = g_ptr_array_index (from->values, i);
    MugaiYamlNode **place = key->kind == MUGAI_YAML_SCALAR ? place_of (into, key->text) : NULL;
    if (!place) {
      g_ptr_array_add (into->keys, key);
      g_ptr_array_add (into->values, value);
    } else if (depth == 0 && (*place)->kind == MUGAI_YAML_LIST && value->kind == MUGAI_YAML_LIST
               && g_strv_contains (lists, key->text)) {
      append_list (loader, place, value);
    } else if (depth < 2 && (*place)->kind == MUGAI_YAML_MAPPING && value->kind == MUGAI_YAML_MAPPING) {
      *place = merged_node (loader, *place);
      merge (loader, *place, value, depth + 1);
    }
  }
}

/* "a.yaml → b.yaml → a.yaml" */
static char *circle (GPtrArray *chain, const char *name) {
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < chain->len; i++)
    g_string_append_printf (text, "%s → ", (const char *) g_ptr_array_index (chain, i));
  g_string_append (text, name);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean in_chain (GPtrArray *chain, const char *name) {
  for (guint i = 0; i < chain->len; i++)
    if (strcmp (g_ptr_array_index (chain, i), name) == 0)
      return TRUE;
  return FALSE;
}

static const MugaiYamlNode *merge_at (Loader *loader, const MugaiYamlNode *root, GPtrArray *chain);

static void include_one (Loader *loader, MugaiYamlNode *merged, const MugaiYamlNode *where, GPtrArray *chain) {
  if (where->kind != MUGAI_YAML_SCALAR || !*where->text) {
    mugai_yaml_problem_at (&loader->problems, where, "ここにはファイルの名前を書きます。",
                           "a file name is expected here");
    return;
  }
  if (in_chain (chain, where->text)) {
    g_autofree char *path = circle (chain, where->text);
    mugai_yaml_problem_at (&loader->problems, where,
                           "取り込みが循環しています：%s。どれかの include を消してください。",
                           "files include each other in a circle: %s: remove one of these includes", path);
    return;
  }
  if (!g_hash_table_add (loader->included, g_strdup (where->text))) {
    mugai_yaml_warn_at (&loader->problems, where, "「%s」はもう取り込まれています。", "\"%s\" is included already",
                        where->text);
    return;
  }
  const MugaiYamlNode *root = read_include (loader, where);
  if (!root)
    return;
  if (root->kind != MUGAI_YAML_MAPPING) {
    mugai_yaml_problem_at (&loader->problems, root, "取り込むファイルにも、rules: や groups: などの見出しが要ります。",
                           "an included file has sections too: rules:, groups: ...");
    return;
  }
  g_ptr_array_add (chain, where->text);
  merge (loader, merged, merge_at (loader, root, chain), 0);
  g_ptr_array_set_size (chain, (gint) chain->len - 1);
}

/* Recursion ends: a file is included once, and there are at most MAX_FILES. */
static const MugaiYamlNode *merge_at (Loader *loader, const MugaiYamlNode *root, GPtrArray *chain) {
  const MugaiYamlNode *include = mugai_yaml_value (root, "include");
  if (!include || root->kind != MUGAI_YAML_MAPPING)
    return root;
  MugaiYamlNode *merged = merged_node (loader, root);
  for (guint i = 0; i < node_items (include); i++)
    include_one (loader, merged, node_item (include, i), chain);
  return merged;
}

const MugaiYamlNode *merge_includes (Loader *loader, const MugaiYamlNode *root) {
  g_autoptr (GPtrArray) chain = g_ptr_array_new ();
  const SourceFile *first = g_ptr_array_index (loader->files, 0);
  g_ptr_array_add (chain, first->name);
  return merge_at (loader, root, chain);
}
