/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A YAML file as a tree with places, and the list of mistakes found so far. Only what our files need: mappings,
 * lists, scalars. Tags, anchors, aliases, merge keys and duplicate keys are mistakes here already.
 */
#pragma once

#include "mugai/policy.h"

typedef enum { NODE_SCALAR, NODE_MAPPING, NODE_LIST } NodeKind;

typedef struct YamlFile YamlFile;

typedef struct {
  NodeKind kind;
  YamlFile *file;     /* not owned */
  guint line, column; /* from 1, columns in characters */
  char *text;         /* scalar */
  gboolean plain;     /* written without quotes */
  GPtrArray *keys;    /* of Node: mapping */
  GPtrArray *values;  /* of Node: mapping and list */
} Node;

struct YamlFile {
  char *name; /* as problems show it */
  char **lines;
  guint n_lines;
  Node *root; /* NULL: empty or broken */
};

typedef struct {
  gboolean japanese;
  GPtrArray *list; /* of MugaiPolicyProblem */
  guint errors;
  guint nodes; /* of all files so far */
} Problems;

/** yaml_parse: (transfer full): root is NULL when the file is broken; the mistakes are in @problems. @text ends with NUL. */
YamlFile *yaml_parse (const char *name, const char *text, gsize length_bytes, Problems *problems);
void yaml_file_free (YamlFile *file);

/** problem_add: an error at @line (0: the whole file); @ja and @en are printf formats for the same arguments. */
void problem_add (Problems *problems, const YamlFile *file, guint line, guint column, const char *ja, const char *en,
                  ...);
void problem_at (Problems *problems, const Node *node, const char *ja, const char *en, ...);
void warn_at (Problems *problems, const Node *node, const char *ja, const char *en, ...);

/** nearest_word: the one of @words that @word was probably meant to be; NULL when none is near. */
const char *nearest_word (const char *word, const char *const *words);
/** full_width_hint: the first full-width sign in @text that stands for a half-width one, as UTF-8; NULL: none. */
const char *full_width_hint (const char *text, const char **ret_half);
