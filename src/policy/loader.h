/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the readers of the sections share while a policy is being loaded. Each reader takes a node, writes into the
 * policy, and reports every mistake it sees; nothing stops at the first.
 */
#pragma once

#include "policy.h"
#include "mugai/base/yaml.h"

/* A named list of texts: written in the policy or in a file of its own. */
typedef struct {
  char *name;
  const MugaiYamlNode *node; /* where it is named */
  GPtrArray *items;          /* of MugaiYamlNode (transfer none) */
  gboolean used;
  Matcher *compiled[MUGAI_N_FACT_TYPES]; /* owned by the policy */
} Group;

typedef struct {
  MugaiPolicy *policy;
  MugaiYamlProblems problems;
  char *folder;         /* NULL: files come from @given */
  GPtrArray *given;     /* of SourceFile (transfer none): a bundle's */
  GPtrArray *files;     /* of SourceFile: read so far, the policy itself first */
  GPtrArray *trees;     /* of MugaiYamlFile: alive as long as their nodes are */
  GHashTable *groups;   /* name -> Group */
  GHashTable *ids;      /* id of a rule or exception -> MugaiYamlNode */
  GHashTable *included; /* names of files that were included */
  GPtrArray *merged;    /* of MugaiYamlNode: made of a file and its includes */
  guint branch;         /* whose rules are being read; 0: the whole's */
  gboolean cut;         /* a file broke off: what is not there may have been in it */
  gboolean misread;     /* a domain could not be read: what is ours is not known */
  gint64 now_us;        /* when loading began */
  const char *section;  /* for messages: the id of the rule in hand */
} Loader;

typedef void (*KeyReader) (Loader *loader, const MugaiYamlNode *value, gpointer target);
typedef struct {
  const char *name; /* NULL ends the table */
  gboolean required;
  KeyReader read;
} Key;

/** read_mapping: hands each value to its key's reader; unknown and missing keys are mistakes. FALSE: no mapping. */
gboolean read_mapping (Loader *loader, const MugaiYamlNode *node, const Key *keys, gpointer target);
/** read_include: (transfer none) (nullable): the tree of a file beside the policy. @where names it. */
const MugaiYamlNode *read_include (Loader *loader, const MugaiYamlNode *where);

/* values.c: each reports and gives FALSE (or -1) when the value is none of its kind. */
gboolean value_text (Loader *loader, const MugaiYamlNode *node, char **ret_text);
gboolean value_boolean (Loader *loader, const MugaiYamlNode *node, gboolean *ret_value);
gboolean value_number (Loader *loader, const MugaiYamlNode *node, gint64 min, gint64 max, gint64 *ret_value);
gboolean value_size (Loader *loader, const MugaiYamlNode *node, gint64 *ret_bytes);
gboolean value_age (Loader *loader, const MugaiYamlNode *node, gint64 *ret_seconds);
gboolean value_zone (Loader *loader, const MugaiYamlNode *node, gint32 *ret_seconds);
gboolean value_clock (Loader *loader, const MugaiYamlNode *node, gint64 *ret_from, gint64 *ret_to);
gboolean value_address (Loader *loader, const MugaiYamlNode *node, char **ret_address);
gboolean value_id (Loader *loader, const MugaiYamlNode *node, char **ret_id);
int value_word (Loader *loader, const MugaiYamlNode *node, const char *const *words);
/** word_meant: (nullable): the one of @words that @word probably stands for: another product's word for it, or a slip. */
const char *word_meant (const char *word, const char *const *words);
/** word_unknown: reports that the word at @node is none of @words. */
void word_unknown (Loader *loader, const MugaiYamlNode *node, const char *const *words);
/** node_item: a lone scalar is a list of one. */
guint node_items (const MugaiYamlNode *node);
const MugaiYamlNode *node_item (const MugaiYamlNode *node, guint index);

/* sections.c */
void read_policy (Loader *loader, const MugaiYamlNode *root);
/* conditions.c */
Condition *read_condition (Loader *loader, const MugaiYamlNode *node, gboolean part_facts_allowed);
void condition_stages (const Condition *condition, guint *stages, gboolean *names_scan, gboolean *per_recipient);
gboolean condition_names (const Condition *condition, gboolean (*is_named) (MugaiFact fact));
void read_groups (Loader *loader, const MugaiYamlNode *node, gpointer target);
void group_free (Group *group);
/* include.c */
/** merge_includes: (transfer none): @root with what its includes, and theirs, say beside it. */
const MugaiYamlNode *merge_includes (Loader *loader, const MugaiYamlNode *root);
/* branches.c */
void read_branches (Loader *loader, const MugaiYamlNode *node, gpointer target);
gboolean is_domain (const char *text);
char **read_domain_list (Loader *loader, const MugaiYamlNode *node);
void read_ceiling_row (Loader *loader, const MugaiYamlNode *node, CeilingRow *row);
void read_size_limit (Loader *loader, const MugaiYamlNode *node, guint64 *ret_bytes);
/* rates.c */
void read_rates (Loader *loader, const MugaiYamlNode *node, gpointer target);
/* rules.c */
/** is_own_address: in a domain of the organisation. */
gboolean is_own_address (const MugaiPolicy *policy, const char *address);
/** is_foreign_address: in none of our domains, as far as those could be read. */
gboolean is_foreign_address (const Loader *loader, const char *address);
gboolean expect_list (Loader *loader, const MugaiYamlNode *node);
void claim_id (Loader *loader, const MugaiYamlNode *node, char **ret_id);
/** value_moment: a day (its end with @end, else its start) or day and time, in the organisation's zone [µs]. */
gboolean value_moment (Loader *loader, const MugaiYamlNode *node, gboolean end, gint64 *ret_us);
void read_rules (Loader *loader, const MugaiYamlNode *node, gpointer target);
void read_exceptions (Loader *loader, const MugaiYamlNode *node, gpointer target);
/* check.c */
void check_policy (Loader *loader, const MugaiYamlNode *root);
