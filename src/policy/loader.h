/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the readers of the sections share while a policy is being loaded. Each reader takes a node, writes into the
 * policy, and reports every mistake it sees; nothing stops at the first.
 */
#pragma once

#include "policy.h"
#include "yaml.h"

/* A named list of texts: written in the policy or in a file of its own. */
typedef struct {
  char *name;
  const Node *node; /* where it is named */
  GPtrArray *items; /* of Node (transfer none) */
  gboolean used;
} Group;

typedef struct {
  MugaiPolicy *policy;
  Problems problems;
  char *folder;        /* NULL: files come from @given */
  GPtrArray *given;    /* of SourceFile (transfer none): a bundle's */
  GPtrArray *files;    /* of SourceFile: read so far, the policy itself first */
  GPtrArray *trees;    /* of YamlFile: alive as long as their nodes are */
  GHashTable *groups;  /* name -> Group */
  GHashTable *ids;     /* id of a rule or exception -> Node */
  const char *section; /* for messages: the id of the rule in hand */
} Loader;

typedef void (*KeyReader) (Loader *loader, const Node *value, gpointer target);
typedef struct {
  const char *name; /* NULL ends the table */
  gboolean required;
  KeyReader read;
} Key;

/** read_mapping: hands each value to its key's reader; unknown and missing keys are mistakes. FALSE: no mapping. */
gboolean read_mapping (Loader *loader, const Node *node, const Key *keys, gpointer target);
/** read_include: (transfer none) (nullable): the tree of a file beside the policy. @where names it. */
const Node *read_include (Loader *loader, const Node *where);

/* values.c: each reports and gives FALSE (or -1) when the value is none of its kind. */
gboolean value_text (Loader *loader, const Node *node, char **ret_text);
gboolean value_boolean (Loader *loader, const Node *node, gboolean *ret_value);
gboolean value_number (Loader *loader, const Node *node, gint64 min, gint64 max, gint64 *ret_value);
gboolean value_size (Loader *loader, const Node *node, gint64 *ret_bytes);
gboolean value_age (Loader *loader, const Node *node, gint64 *ret_seconds);
gboolean value_date (Loader *loader, const Node *node, gint64 *ret_days);
gboolean value_zone (Loader *loader, const Node *node, gint32 *ret_seconds);
gboolean value_clock (Loader *loader, const Node *node, gint64 *ret_from, gint64 *ret_to);
gboolean value_address (Loader *loader, const Node *node, char **ret_address);
gboolean value_id (Loader *loader, const Node *node, char **ret_id);
int value_word (Loader *loader, const Node *node, const char *const *words);
/** word_unknown: reports that the word at @node is none of @words. */
void word_unknown (Loader *loader, const Node *node, const char *const *words);
/** node_item: a lone scalar is a list of one. */
guint node_items (const Node *node);
const Node *node_item (const Node *node, guint index);

/* sections.c */
void read_policy (Loader *loader, const Node *root);
/* conditions.c */
Condition *read_condition (Loader *loader, const Node *node, gboolean part_facts_allowed);
void condition_stages (const Condition *condition, guint *stages, gboolean *names_scan, gboolean *per_recipient);
gboolean condition_names (const Condition *condition, gboolean (*is_named) (MugaiFact fact));
void read_groups (Loader *loader, const Node *node, gpointer target);
void group_free (Group *group);
/* rates.c */
void read_rates (Loader *loader, const Node *node, gpointer target);
/* rules.c */
void read_rules (Loader *loader, const Node *node, gpointer target);
void read_exceptions (Loader *loader, const Node *node, gpointer target);
/* check.c */
void check_policy (Loader *loader, const Node *root);
