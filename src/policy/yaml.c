/* SPDX-License-Identifier: GPL-2.0-only
 *
 * libfyaml's events into a tree. We take events, not its documents, so that depth and number of nodes are our own
 * limits, nothing recurses, and every duplicate key of a file is named in one run. A file that is no YAML at all
 * gets one message, with the commonest causes (a tab, a full-width sign) looked for first. Any thread.
 */
#include "yaml.h"

#include <stdio.h>
#include <string.h>

#include <libfyaml.h>

#include "policy.h"

/* Depth is limited by MAX_YAML_DEPTH while the tree is built. */
static void node_free (Node *node) {
  if (!node)
    return;
  g_free (node->text);
  g_clear_pointer (&node->keys, g_ptr_array_unref);
  g_clear_pointer (&node->values, g_ptr_array_unref);
  g_free (node);
}

void yaml_file_free (YamlFile *file) {
  if (!file)
    return;
  node_free (file->root);
  g_strfreev (file->lines);
  g_free (file->name);
  g_free (file);
}

static Node *node_new (YamlFile *file, NodeKind kind, const struct fy_mark *mark) {
  Node *node = g_new0 (Node, 1);
  node->kind = kind;
  node->file = file;
  node->line = mark ? (guint) mark->line + 1 : 1;
  node->column = mark ? (guint) mark->column + 1 : 1;
  if (kind == NODE_MAPPING)
    node->keys = g_ptr_array_new_with_free_func ((GDestroyNotify) node_free);
  if (kind != NODE_SCALAR)
    node->values = g_ptr_array_new_with_free_func ((GDestroyNotify) node_free);
  return node;
}

/* ---- building ---- */

typedef struct {
  YamlFile *file;
  Problems *problems;
  GPtrArray *open; /* of Node (transfer none): containers that are not closed yet */
  GPtrArray *seen; /* of GHashTable: keys of each open container */
  guint documents;
  gboolean stop;
} Builder;

static void refuse_extras (Builder *builder, const Node *node, struct fy_token *anchor, struct fy_token *tag) {
  if (anchor)
    problem_at (builder->problems, node, "アンカー（&名前）は使えません。同じ内容を書いてください。",
                "anchors (&name) are not allowed: write the value out");
  if (tag)
    problem_at (builder->problems, node, "タグ（!名前）は使えません。値だけを書いてください。",
                "tags (!name) are not allowed: write the value alone");
}

static void add_key (Builder *builder, Node *parent, Node *key) {
  GHashTable *seen = g_ptr_array_index (builder->seen, builder->seen->len - 1);
  g_ptr_array_add (parent->keys, key);
  if (key->kind != NODE_SCALAR) {
    problem_at (builder->problems, key, "キーは語でなければなりません。", "a key has to be a word");
    return;
  }
  if (key->plain && strcmp (key->text, "<<") == 0) {
    problem_at (builder->problems, key, "マージキー（<<）は使えません。", "merge keys (<<) are not allowed");
    return;
  }
  Node *first = g_hash_table_lookup (seen, key->text);
  if (first)
    problem_at (builder->problems, key, "キー「%s」が二度書かれています（最初は%u行目）。どちらかを消してください。",
                "key \"%s\" is written twice (first on line %u): remove one", key->text, first->line);
  else
    g_hash_table_insert (seen, key->text, key);
}

/* A finished node goes to where it belongs: root, key, value, item. */
static void add_node (Builder *builder, Node *node) {
  Node *parent = builder->open->len ? g_ptr_array_index (builder->open, builder->open->len - 1) : NULL;
  if (++builder->problems->nodes > MAX_YAML_NODES) {
    problem_at (builder->problems, node, "ポリシーが大きすぎます（値が%u個を超えました）。",
                "the policy is too large (over %u values)", MAX_YAML_NODES);
    builder->stop = TRUE;
  }
  if (!parent)
    builder->file->root = node;
  else if (parent->kind == NODE_MAPPING && parent->keys->len == parent->values->len)
    add_key (builder, parent, node);
  else
    g_ptr_array_add (parent->values, node);
}

static void open_node (Builder *builder, NodeKind kind, struct fy_event *event, struct fy_token *anchor,
                       struct fy_token *tag) {
  Node *node = node_new (builder->file, kind, fy_event_start_mark (event));
  add_node (builder, node);
  refuse_extras (builder, node, anchor, tag);
  g_ptr_array_add (builder->open, node);
  g_ptr_array_add (builder->seen, g_hash_table_new (g_str_hash, g_str_equal));
  if (builder->open->len <= MAX_YAML_DEPTH)
    return;
  problem_at (builder->problems, node, "入れ子が深すぎます（%u段まで）。", "nested too deeply (at most %u levels)",
              MAX_YAML_DEPTH);
  builder->stop = TRUE;
}

static void close_node (Builder *builder) {
  g_ptr_array_set_size (builder->open, (gint) builder->open->len - 1);
  g_ptr_array_set_size (builder->seen, (gint) builder->seen->len - 1);
}

static void add_scalar (Builder *builder, struct fy_event *event) {
  Node *node = node_new (builder->file, NODE_SCALAR, fy_event_start_mark (event));
  size_t length = 0;
  const char *text = fy_token_get_text (event->scalar.value, &length);
  node->text = g_strndup (text ? text : "", text ? length : 0);
  node->plain = fy_token_scalar_style (event->scalar.value) == FYSS_PLAIN;
  add_node (builder, node);
  refuse_extras (builder, node, event->scalar.anchor, event->scalar.tag);
}

/* An alias stands where a value should: an empty one takes its place, so that reading can go on. */
static void add_alias (Builder *builder, struct fy_event *event) {
  Node *node = node_new (builder->file, NODE_SCALAR, fy_event_start_mark (event));
  node->text = g_strdup ("");
  node->column = MAX (node->column, 2) - 1; /* libfyaml's place is behind the "*" */
  add_node (builder, node);
  problem_at (builder->problems, node, "エイリアス（*名前）は使えません。値を書いてください。",
              "aliases (*name) are not allowed: write the value out");
}

static void start_document (Builder *builder, struct fy_event *event) {
  const struct fy_mark *mark = fy_event_start_mark (event);
  if (++builder->documents <= 1)
    return;
  problem_add (builder->problems, builder->file, mark ? (guint) mark->line + 1 : 1, 1,
               "一つのファイルに文書は一つだけ書けます（「---」を消してください）。",
               "one document a file: remove the \"---\"");
  builder->stop = TRUE;
}

static void take_event (Builder *builder, struct fy_event *event) {
  switch (event->type) {
  case FYET_DOCUMENT_START:
    start_document (builder, event);
    break;
  case FYET_MAPPING_START:
    open_node (builder, NODE_MAPPING, event, event->mapping_start.anchor, event->mapping_start.tag);
    break;
  case FYET_SEQUENCE_START:
    open_node (builder, NODE_LIST, event, event->sequence_start.anchor, event->sequence_start.tag);
    break;
  case FYET_MAPPING_END:
  case FYET_SEQUENCE_END:
    close_node (builder);
    break;
  case FYET_SCALAR:
    add_scalar (builder, event);
    break;
  case FYET_ALIAS:
    add_alias (builder, event);
    break;
  default:
    break;
  }
}

/* ---- files that are no YAML ---- */

/* A tab or an ideographic space where the indentation is; @ret_column from 1. */
static gboolean find_bad_indent (const YamlFile *file, guint last_line, guint *ret_line, guint *ret_column,
                                 gboolean *ret_tab) {
  for (guint i = 0; i < MIN (last_line, file->n_lines); i++) {
    const char *text = file->lines[i] + strspn (file->lines[i], " ");
    *ret_tab = *text == '\t';
    if (!*ret_tab && !g_str_has_prefix (text, "　"))
      continue;
    *ret_line = i + 1;
    *ret_column = (guint) (text - file->lines[i]) + 1;
    return TRUE;
  }
  return FALSE;
}

/* A full-width sign on @line or the one before it: what a person typed with the input method still on. */
static gboolean report_full_width (Builder *builder, guint line) {
  for (guint i = line; i > 0 && i + 2 > line; i--) {
    const char *text = i <= builder->file->n_lines ? builder->file->lines[i - 1] : "", *half;
    const char *sign = text[strspn (text, " ")] == '#' ? NULL : full_width_hint (text, &half);
    if (!sign)
      continue;
    guint column = (guint) g_utf8_strlen (text, strstr (text, sign) - text) + 1;
    problem_add (builder->problems, builder->file, i, column, "全角の「%s」があります。半角の「%s」に直してください。",
                 "full-width \"%s\" here: write the half-width \"%s\"", sign, half);
    return TRUE;
  }
  return FALSE;
}

static void report_broken (Builder *builder, struct fy_diag *diag) {
  void *previous = NULL;
  struct fy_diag_error *error = fy_diag_errors_iterate (diag, &previous);
  guint line = error && error->line > 0 ? (guint) error->line : builder->file->n_lines;
  guint column = error && error->column > 0 ? (guint) error->column : 1, bad_line, bad_column;
  gboolean tab;
  if (find_bad_indent (builder->file, line, &bad_line, &bad_column, &tab)) {
    problem_add (builder->problems, builder->file, bad_line, bad_column,
                 tab ? "字下げにタブがあります。半角の空白で字下げしてください。%s"
                     : "字下げに全角の空白があります。半角の空白で字下げしてください。%s",
                 tab ? "tab in the indentation: indent with blanks%s"
                     : "full-width blank in the indentation: indent with half-width blanks%s",
                 "");
    return;
  }
  if (report_full_width (builder, line))
    return;
  problem_add (
      builder->problems, builder->file, line, column,
      "YAMLとして読めません：%s（この行か、その前の行の字下げ、「: 」、閉じていない括弧・引用符を確かめてください）",
      "not readable as YAML: %s (check the indentation, \": \" and unclosed brackets or quotes here and above)",
      error && error->msg ? error->msg : "syntax");
}

static void run_parser (Builder *builder, const char *text, gsize length_bytes) {
  struct fy_diag_cfg diag_cfg;
  fy_diag_cfg_default (&diag_cfg);
  diag_cfg.fp = NULL;
  diag_cfg.colorize = false;
  struct fy_diag *diag = fy_diag_create (&diag_cfg);
  fy_diag_set_collect_errors (diag, true);
  const struct fy_parse_cfg cfg = { .flags =
                                        FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
                                    .diag = diag };
  struct fy_parser *parser = fy_parser_create (&cfg);
  struct fy_event *event = NULL;
  if (parser && fy_parser_set_string (parser, text, length_bytes) == 0)
    while (!builder->stop && (event = fy_parser_parse (parser)) != NULL) {
      take_event (builder, event);
      fy_parser_event_free (parser, event);
    }
  if (!builder->stop && (!parser || fy_parser_get_stream_error (parser) || fy_diag_got_error (diag))) {
    report_broken (builder, diag);
    builder->stop = TRUE;
  }
  if (parser)
    fy_parser_destroy (parser);
  fy_diag_destroy (diag);
}

/* Where the first byte that is no UTF-8, or a NUL, stands. */
static void report_bytes (YamlFile *file, const char *text, const char *bad, Problems *problems) {
  guint line = 1;
  const char *start = text;
  for (const char *p = text; p < bad; p++)
    if (*p == '\n') {
      line++;
      start = p + 1;
    }
  problem_add (problems, file, line, (guint) g_utf8_strlen (start, bad - start) + 1,
               "UTF-8でない文字があります。ファイルをUTF-8で保存し直してください。",
               "not UTF-8: save the file as UTF-8");
}

YamlFile *yaml_parse (const char *name, const char *text, gsize length_bytes, Problems *problems) {
  YamlFile *file = g_new0 (YamlFile, 1);
  const char *bad;
  file->name = g_strdup (name);
  if (!g_utf8_validate_len (text, length_bytes, &bad)) {
    report_bytes (file, text, bad, problems);
    return file;
  }
  if (g_str_has_prefix (text, "\xEF\xBB\xBF")) { /* Windows editors put it there */
    text += 3;
    length_bytes -= 3;
  }
  file->lines = g_strsplit (text, "\n", -1);
  file->n_lines = g_strv_length (file->lines);
  for (guint i = 0; i < file->n_lines; i++)
    g_strchomp (file->lines[i]);
  Builder builder = { .file = file, .problems = problems };
  builder.open = g_ptr_array_new ();
  builder.seen = g_ptr_array_new_with_free_func ((GDestroyNotify) g_hash_table_unref);
  run_parser (&builder, text, length_bytes);
  g_ptr_array_unref (builder.seen);
  g_ptr_array_unref (builder.open);
  if (builder.stop)
    g_clear_pointer (&file->root, node_free);
  return file;
}
