/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/yaml: a YAML file as a tree with places, and the list of mistakes found in it so far.
 *
 * Only what our files need: mappings, lists, scalars. Tags, anchors, aliases, merge keys, duplicate keys and further
 * documents are mistakes here already. What a file says is the reader's business. One reader per file and thread.
 */
#pragma once

#include <glib.h>

#define MUGAI_YAML_MAX_DEPTH 24u         /* nesting in a file; the shipped policies need 8 */
#define MUGAI_YAML_MAX_NODES 400000u     /* of all files of one reading: a group of 100,000 entries and room */
#define MUGAI_YAML_MAX_PROBLEMS 200u     /* listed; counted beyond */
#define MUGAI_YAML_MAX_SOURCE_BYTES 400u /* of a line that a problem shows */

typedef enum { MUGAI_YAML_SCALAR, MUGAI_YAML_MAPPING, MUGAI_YAML_LIST } MugaiYamlKind;

typedef struct MugaiYamlFile MugaiYamlFile;

typedef struct {
  MugaiYamlKind kind;
  MugaiYamlFile *file; /* not owned */
  guint line, column;  /* from 1, columns in characters */
  char *text;          /* scalar; else NULL */
  gboolean plain;      /* scalar written without quotes */
  gboolean cut;        /* reading failed inside it: what it lacks is nobody's mistake, and nothing is reported at it */
  GPtrArray *keys;     /* of MugaiYamlNode: mapping; as many as values, but for a broken file */
  GPtrArray *values;   /* of MugaiYamlNode: mapping and list */
} MugaiYamlNode;

struct MugaiYamlFile {
  char *name; /* as problems show it */
  char **lines;
  guint n_lines;
  MugaiYamlNode *root; /* NULL: empty, or nothing could be read */
  gboolean broken;     /* @root ends where reading failed: nothing may be said to be missing in it */
};

typedef struct {
  char *file;
  guint line, column; /* from 1; 0: the file as a whole */
  gboolean warning;
  char *message; /* what is wrong and what to write instead, in the language asked for */
  char *source;  /* the line, safe; "" when none */
} MugaiYamlProblem;

typedef struct {
  gboolean japanese;
  GPtrArray *list; /* of MugaiYamlProblem, at most MUGAI_YAML_MAX_PROBLEMS */
  guint errors;
  guint nodes; /* of all files so far */
} MugaiYamlProblems;

/**
 * mugai_yaml_parse:
 * @name: how problems call the file
 * @text: followed by NUL; what is no UTF-8 is a mistake with its place, a byte order mark of UTF-8 is skipped
 * @problems: takes every mistake
 *
 * A tab or a full-width blank in the indentation and a full-width colon behind a key are mistakes, each named; reading goes on as if
 * they had been written right, so that one run shows what is wrong below them too.
 * Returns: (transfer full): never NULL.
 */
MugaiYamlFile *mugai_yaml_parse (const char *name, const char *text, gsize length_bytes, MugaiYamlProblems *problems);
void mugai_yaml_file_free (MugaiYamlFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiYamlFile, mugai_yaml_file_free)

/** mugai_yaml_value: (transfer none) (nullable): the value of @key; NULL when @node is no mapping, or has none. */
const MugaiYamlNode *mugai_yaml_value (const MugaiYamlNode *node, const char *key);
/** mugai_yaml_text: (transfer none): the text of the scalar at @key; NULL when there is none. */
const char *mugai_yaml_text (const MugaiYamlNode *node, const char *key);

/** mugai_yaml_problem_add: an error at @line (0: the whole file); @ja and @en are printf formats for the same arguments. */
void mugai_yaml_problem_add (MugaiYamlProblems *problems, const MugaiYamlFile *file, guint line, guint column,
                             const char *ja, const char *en, ...);
void mugai_yaml_problem_at (MugaiYamlProblems *problems, const MugaiYamlNode *node, const char *ja, const char *en,
                            ...);
void mugai_yaml_warn_at (MugaiYamlProblems *problems, const MugaiYamlNode *node, const char *ja, const char *en, ...);
void mugai_yaml_problem_free (MugaiYamlProblem *problem);
/** mugai_yaml_problem_format: (transfer full): "file:line:column: error: message", the line, a caret under it by display width. */
char *mugai_yaml_problem_format (const MugaiYamlProblem *problem);
/** mugai_yaml_problems_sort: by file, line and column; the same said twice of one place stays once. */
void mugai_yaml_problems_sort (MugaiYamlProblems *problems);

/** mugai_yaml_nearest_word: the one of @words that @word was probably meant to be; NULL when none is near. */
const char *mugai_yaml_nearest_word (const char *word, const char *const *words);
/** mugai_yaml_full_width_hint: the first full-width sign in @text that stands for a half-width one, as UTF-8; NULL: none. */
const char *mugai_yaml_full_width_hint (const char *text, const char **ret_half);
