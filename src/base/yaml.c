/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/yaml: libfyaml's events into a tree. We take events, not its documents, so that depth and number of nodes are our
 * own limits, nothing recurses, and every duplicate key of a file is named in one run. Where libfyaml gives up, the
 * commonest causes (tabs, full-width blanks and colons) are mended in a copy and it is asked again; what still fails is one
 * message, and the tree ends there. Lines keep their numbers throughout. Any thread.
 */
#include "mugai/base/yaml.h"

#include <stdio.h>
#include <string.h>

#include <libfyaml.h>

#include "yaml-mend.h"

#define MAX_LEFT_OUT 8u /* lines of a broken file left out to see the others; each costs a reading */

/* Depth is limited by MUGAI_YAML_MAX_DEPTH while the tree is built. */
static void node_free (MugaiYamlNode *node) {
  if (!node)
    return;
  g_free (node->text);
  g_clear_pointer (&node->keys, g_ptr_array_unref);
  g_clear_pointer (&node->values, g_ptr_array_unref);
  g_free (node);
}

void mugai_yaml_file_free (MugaiYamlFile *file) {
  if (!file)
    return;
  node_free (file->root);
  g_strfreev (file->lines);
  g_free (file->name);
  g_free (file);
}

static MugaiYamlNode *node_new (MugaiYamlFile *file, MugaiYamlKind kind, const struct fy_mark *mark) {
  MugaiYamlNode *node = g_new0 (MugaiYamlNode, 1);
  node->kind = kind;
  node->file = file;
  node->line = mark ? (guint) mark->line + 1 : 1;
  node->column = mark ? (guint) mark->column + 1 : 1;
  if (kind == MUGAI_YAML_MAPPING)
    node->keys = g_ptr_array_new_with_free_func ((GDestroyNotify) node_free);
  if (kind != MUGAI_YAML_SCALAR)
    node->values = g_ptr_array_new_with_free_func ((GDestroyNotify) node_free);
  return node;
}

/* ---- building ---- */

typedef struct {
  MugaiYamlFile *file;
  MugaiYamlProblems *problems;
  GPtrArray *open; /* of MugaiYamlNode (transfer none): containers that are not closed yet */
  GPtrArray *seen; /* of GHashTable: keys of each open container */
  guint documents;
  gboolean left_out; /* lines at fault are blank in what is read: what is empty may have been there */
  gboolean stop;
} Builder;

static void refuse_extras (Builder *builder, const MugaiYamlNode *node, struct fy_token *anchor, struct fy_token *tag) {
  if (anchor)
    mugai_yaml_problem_at (builder->problems, node, "アンカー（&名前）は使えません。同じ内容を書いてください。",
                           "anchors (&name) are not allowed: write the value out");
  if (tag)
    mugai_yaml_problem_at (builder->problems, node, "タグ（!名前）は使えません。値だけを書いてください。",
                           "tags (!name) are not allowed: write the value alone");
}

static void add_key (Builder *builder, MugaiYamlNode *parent, MugaiYamlNode *key) {
  GHashTable *seen = g_ptr_array_index (builder->seen, builder->seen->len - 1);
  g_ptr_array_add (parent->keys, key);
  if (key->kind != MUGAI_YAML_SCALAR) {
    mugai_yaml_problem_at (builder->problems, key, "キーは語でなければなりません。", "a key has to be a word");
    return;
  }
  if (key->plain && strcmp (key->text, "<<") == 0) {
    mugai_yaml_problem_at (builder->problems, key, "マージキー（<<）は使えません。", "merge keys (<<) are not allowed");
    return;
  }
  MugaiYamlNode *first = g_hash_table_lookup (seen, key->text);
  if (first)
    mugai_yaml_problem_at (builder->problems, key,
                           "キー「%s」が二度書かれています（最初は%u行目）。どちらかを消してください。",
                           "key \"%s\" is written twice (first on line %u): remove one", key->text, first->line);
  else
    g_hash_table_insert (seen, key->text, key);
}

/* A finished node goes to where it belongs: root, key, value, item. */
static void add_node (Builder *builder, MugaiYamlNode *node) {
  MugaiYamlNode *parent = builder->open->len ? g_ptr_array_index (builder->open, builder->open->len - 1) : NULL;
  if (++builder->problems->nodes > MUGAI_YAML_MAX_NODES) {
    mugai_yaml_problem_at (builder->problems, node, "ファイルが大きすぎます（値が%u個を超えました）。",
                           "the file is too large (over %u values)", MUGAI_YAML_MAX_NODES);
    builder->stop = TRUE;
  }
  if (!parent)
    builder->file->root = node;
  else if (parent->kind == MUGAI_YAML_MAPPING && parent->keys->len == parent->values->len)
    add_key (builder, parent, node);
  else
    g_ptr_array_add (parent->values, node);
}

static void open_node (Builder *builder, MugaiYamlKind kind, struct fy_event *event, struct fy_token *anchor,
                       struct fy_token *tag) {
  MugaiYamlNode *node = node_new (builder->file, kind, fy_event_start_mark (event));
  add_node (builder, node);
  refuse_extras (builder, node, anchor, tag);
  g_ptr_array_add (builder->open, node);
  g_ptr_array_add (builder->seen, g_hash_table_new (g_str_hash, g_str_equal));
  if (builder->open->len <= MUGAI_YAML_MAX_DEPTH)
    return;
  mugai_yaml_problem_at (builder->problems, node, "入れ子が深すぎます（%u段まで）。",
                         "nested too deeply (at most %u levels)", MUGAI_YAML_MAX_DEPTH);
  builder->stop = TRUE;
}

static void close_node (Builder *builder) {
  g_ptr_array_set_size (builder->open, (gint) builder->open->len - 1);
  g_ptr_array_set_size (builder->seen, (gint) builder->seen->len - 1);
}

/* libfyaml's mark of a quoted scalar may stand behind the quote. */
static void settle_quoted_place (MugaiYamlNode *node) {
  const char *line = node->line <= node->file->n_lines ? node->file->lines[node->line - 1] : "";
  if (node->plain || node->column < 2 || (glong) node->column - 2 >= g_utf8_strlen (line, -1))
    return;
  const char *before = g_utf8_offset_to_pointer (line, (glong) node->column - 2);
  if (*before == '"' || *before == '\'')
    node->column--;
}

/* What is not there has no place of its own: it is missing behind its key. */
static void settle_empty (const Builder *builder, MugaiYamlNode *node, gboolean has_place) {
  const MugaiYamlNode *parent = builder->open->len ? g_ptr_array_index (builder->open, builder->open->len - 1) : NULL;
  if (!has_place && parent && parent->kind == MUGAI_YAML_MAPPING && parent->keys->len > parent->values->len) {
    const MugaiYamlNode *key = g_ptr_array_index (parent->keys, parent->keys->len - 1);
    node->line = key->line;
    node->column = key->column;
  }
  node->cut = builder->left_out;
}

static void add_scalar (Builder *builder, struct fy_event *event) {
  MugaiYamlNode *node = node_new (builder->file, MUGAI_YAML_SCALAR, fy_event_start_mark (event));
  size_t length = 0;
  const char *text = fy_token_get_text (event->scalar.value, &length);
  if (!length)
    settle_empty (builder, node, fy_event_start_mark (event) != NULL);
  node->text = g_strndup (text ? text : "", text ? length : 0);
  node->plain = fy_token_scalar_style (event->scalar.value) == FYSS_PLAIN;
  settle_quoted_place (node);
  add_node (builder, node);
  refuse_extras (builder, node, event->scalar.anchor, event->scalar.tag);
}

/* An alias stands where a value should: an empty one takes its place, so that reading can go on. */
static void add_alias (Builder *builder, struct fy_event *event) {
  MugaiYamlNode *node = node_new (builder->file, MUGAI_YAML_SCALAR, fy_event_start_mark (event));
  node->text = g_strdup ("");
  node->column = MAX (node->column, 2) - 1; /* libfyaml's place is behind the "*" */
  add_node (builder, node);
  mugai_yaml_problem_at (builder->problems, node, "エイリアス（*名前）は使えません。値を書いてください。",
                         "aliases (*name) are not allowed: write the value out");
  node->cut = TRUE; /* nothing more is said of the empty value */
}

static void start_document (Builder *builder, struct fy_event *event) {
  const struct fy_mark *mark = fy_event_start_mark (event);
  if (++builder->documents <= 1)
    return;
  mugai_yaml_problem_add (builder->problems, builder->file, mark ? (guint) mark->line + 1 : 1, 1,
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
    open_node (builder, MUGAI_YAML_MAPPING, event, event->mapping_start.anchor, event->mapping_start.tag);
    break;
  case FYET_SEQUENCE_START:
    open_node (builder, MUGAI_YAML_LIST, event, event->sequence_start.anchor, event->sequence_start.tag);
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

/* A full-width sign on @line or the one before it: what a person typed with the input method still on. */
static gboolean report_full_width (Builder *builder, guint line) {
  for (guint i = line; i > 0 && i + 2 > line; i--) {
    const char *text = i <= builder->file->n_lines ? builder->file->lines[i - 1] : "", *half;
    const char *sign = text[strspn (text, " ")] == '#' ? NULL : mugai_yaml_full_width_hint (text, &half);
    if (!sign)
      continue;
    guint column = (guint) g_utf8_strlen (text, strstr (text, sign) - text) + 1;
    mugai_yaml_problem_add (builder->problems, builder->file, i, column,
                            "全角の「%s」があります。半角の「%s」に直してください。",
                            "full-width \"%s\" here: write the half-width \"%s\"", sign, half);
    return TRUE;
  }
  return FALSE;
}

/* What libfyaml says, for people. */
static const struct {
  const char *part, *ja, *en;
} causes[] = {
  { "quoted", "引用符（\" か '）が閉じられていません。", "a quote is not closed" },
  { "flow", "括弧（[ か {）が閉じられていないか、「,」が足りません。",
    "a bracket is not closed, or a comma is missing" },
  { "'-' indicator", "字下げがそろっていません。同じ並びの行と、左端をそろえてください。",
    "the indentation is uneven: line it up with its neighbours" },
  { "multiline", "「:」の後の空白がないか、字下げがそろっていません。",
    "a blank behind the \":\" is missing, or the indentation is uneven" },
  { "indent", "字下げがそろっていません。同じ並びの行と、左端をそろえてください。",
    "the indentation is uneven: line it up with its neighbours" },
  { "block mapping", "字下げがそろっていないか、「キー: 値」の形になっていません。",
    "the indentation is uneven, or this is no \"key: value\"" },
};

/* The nearest line up to @from with more brackets opened than closed; @from when there is none. */
static guint find_open_bracket (const MugaiYamlFile *file, guint from, guint *ret_column) {
  for (guint i = from; i > 0; i--) {
    gint open = 0;
    const char *last = NULL;
    for (const char *p = file->lines[i - 1]; *p && *p != '#'; p++) {
      open += *p == '[' || *p == '{' ? 1 : *p == ']' || *p == '}' ? -1 : 0;
      last = *p == '[' || *p == '{' ? p : last;
    }
    if (open <= 0 || !last)
      continue;
    *ret_column = (guint) g_utf8_strlen (file->lines[i - 1], last - file->lines[i - 1]) + 1;
    return i;
  }
  return from;
}

typedef struct {
  guint line, column; /* 0: libfyaml did not fail */
  char *message;
} Failure;

static gboolean is_reported (const MugaiYamlProblems *problems, const MugaiYamlFile *file, guint line) {
  for (guint i = 0; i < problems->list->len; i++) {
    const MugaiYamlProblem *one = g_ptr_array_index (problems->list, i);
    if (one->line == line && strcmp (one->file, file->name) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Reports where libfyaml failed; returns the line that is at fault. */
static guint report_failure (Builder *builder, const Failure *failure) {
  const MugaiYamlFile *file = builder->file;
  guint line = CLAMP (failure->line, 1, MAX (file->n_lines, 1)), column = failure->column;
  while (line > 1 && !*file->lines[line - 1]) {
    column = (guint) g_utf8_strlen (file->lines[line - 2], -1) + 1;
    line--;
  }
  if (strstr (failure->message, "flow"))
    line = find_open_bracket (file, line, &column);
  if (is_reported (builder->problems, file, line) || report_full_width (builder, line))
    return line;
  for (gsize i = 0; i < G_N_ELEMENTS (causes); i++)
    if (strstr (failure->message, causes[i].part)) {
      mugai_yaml_problem_add (builder->problems, file, line, column, "YAMLとして読めません：%s",
                              "not readable as YAML: %s", builder->problems->japanese ? causes[i].ja : causes[i].en);
      return line;
    }
  mugai_yaml_problem_add (
      builder->problems, file, line, column,
      "YAMLとして読めません：%s（この行か、その前の行の字下げ、「: 」、閉じていない括弧・引用符を確かめてください）",
      "not readable as YAML: %s (check the indentation, \": \" and unclosed brackets or quotes here and above)",
      failure->message);
  return line;
}

static void take_events (Builder *builder, struct fy_parser *parser) {
  struct fy_event *event = NULL;
  while (!builder->stop && (event = fy_parser_parse (parser)) != NULL) {
    take_event (builder, event);
    fy_parser_event_free (parser, event);
  }
}

static void run_parser (Builder *builder, const char *text, gsize length_bytes, Failure *failure) {
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
  if (parser && fy_parser_set_string (parser, text, length_bytes) == 0)
    take_events (builder, parser);
  if (!builder->stop && (!parser || fy_parser_get_stream_error (parser) || fy_diag_got_error (diag))) {
    void *previous = NULL;
    struct fy_diag_error *error = fy_diag_errors_iterate (diag, &previous);
    failure->line = error && error->line > 0 ? (guint) error->line : MAX (builder->file->n_lines, 1);
    failure->column = error && error->column > 0 ? (guint) error->column : 1;
    failure->message = g_strdup (error && error->msg ? error->msg : "syntax");
  }
  if (parser)
    fy_parser_destroy (parser);
  fy_diag_destroy (diag);
}

/* One reading of @text into file->root. */
static void build (Builder *builder, const char *text, gsize length_bytes, Failure *failure) {
  builder->open = g_ptr_array_new ();
  builder->seen = g_ptr_array_new_with_free_func ((GDestroyNotify) g_hash_table_unref);
  builder->documents = 0;
  builder->stop = FALSE;
  run_parser (builder, text, length_bytes, failure);
  builder->file->broken |= builder->stop || failure->message;
  for (guint i = 0; builder->file->broken && i < builder->open->len; i++)
    ((MugaiYamlNode *) g_ptr_array_index (builder->open, i))->cut = TRUE;
  g_ptr_array_unref (builder->seen);
  g_ptr_array_unref (builder->open);
}

/* Takes back what the last reading found. */
static void forget (Builder *builder, guint listed, guint errors, guint nodes) {
  g_ptr_array_set_size (builder->problems->list, (gint) MIN (listed, builder->problems->list->len));
  builder->problems->errors = errors;
  builder->problems->nodes = nodes;
  g_clear_pointer (&builder->file->root, node_free);
}

/*
 * While it fails: mend what is usual, then leave out the line at fault, and read again, so that one run shows what is wrong elsewhere.
 * A line that begins an item is not left out: what follows would be read as another's.
 */
static void read_tree (Builder *builder, const char *text, gsize length_bytes) {
  MugaiYamlFile *file = builder->file;
  g_autofree char *copy = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean last = FALSE;
  for (guint attempt = 0;; attempt++) {
    Failure failure = { 0 };
    guint listed = builder->problems->list->len, errors = builder->problems->errors, nodes = builder->problems->nodes;
    build (builder, copy ? copy : text, copy ? strlen (copy) : length_bytes, &failure);
    g_autofree char *message = failure.message;
    if (!message || last)
      return;
    forget (builder, listed, errors, nodes);
    if (!lines) {
      lines = g_strdupv (file->lines);
      mugai_yaml_mend (file, lines, builder->problems);
    } else {
      guint line = report_failure (builder, &failure);
      const char *bare = file->n_lines ? lines[line - 1] + strspn (lines[line - 1], " ") : "";
      last = attempt > MAX_LEFT_OUT || !*bare || g_str_has_prefix (bare, "- ");
      if (!last) {
        g_free (lines[line - 1]);
        lines[line - 1] = g_strdup ("");
        builder->left_out = TRUE;
      }
    }
    g_free (copy);
    copy = g_strjoinv ("\n", lines);
  }
}

/* A run of brackets deeper than any policy: libfyaml reads the whole of it before its first event. */
static gboolean is_bracket_bomb (MugaiYamlFile *file, MugaiYamlProblems *problems) {
  for (guint i = 0; i < file->n_lines; i++) {
    guint run = 0;
    for (const char *p = file->lines[i]; *p; p++) {
      run = *p == '[' || *p == '{' ? run + 1 : *p == ' ' ? run : 0;
      if (run <= MUGAI_YAML_MAX_DEPTH)
        continue;
      mugai_yaml_problem_add (problems, file, i + 1, (guint) g_utf8_strlen (file->lines[i], p - file->lines[i]) + 1,
                              "入れ子が深すぎます（%u段まで）。", "nested too deeply (at most %u levels)",
                              MUGAI_YAML_MAX_DEPTH);
      return TRUE;
    }
  }
  return FALSE;
}

/* ---- bytes ---- */

/* Where the first byte that is no UTF-8, or a NUL, stands. */
static void report_bytes (MugaiYamlFile *file, const char *text, const char *bad, MugaiYamlProblems *problems) {
  guint line = 1;
  const char *start = text;
  for (const char *p = text; p < bad; p++)
    if (*p == '\n') {
      line++;
      start = p + 1;
    }
  const char *end = bad + strcspn (bad, "\n");
  g_autofree char *shown = g_strndup (start, (gsize) (end - start));
  file->lines = g_new0 (char *, line + 1);
  for (guint i = 0; i < line; i++)
    file->lines[i] = i + 1 == line ? g_utf8_make_valid (shown, -1) : g_strdup ("");
  file->n_lines = line;
  if (*bad == '\0')
    mugai_yaml_problem_add (problems, file, line, (guint) g_utf8_strlen (start, bad - start) + 1,
                            "NUL（値0のバイト）があります。文章のファイルではないか、壊れています。",
                            "a NUL byte: this is no text file, or it is damaged");
  else
    mugai_yaml_problem_add (problems, file, line, (guint) g_utf8_strlen (start, bad - start) + 1,
                            "UTF-8でない文字があります（Shift_JISなど）。ファイルをUTF-8で保存し直してください。",
                            "not UTF-8 (Shift_JIS, perhaps): save the file as UTF-8");
}

static gboolean is_utf16 (const char *text, gsize length_bytes) {
  return length_bytes >= 2 && (memcmp (text, "\xFF\xFE", 2) == 0 || memcmp (text, "\xFE\xFF", 2) == 0);
}

MugaiYamlFile *mugai_yaml_parse (const char *name, const char *text, gsize length_bytes, MugaiYamlProblems *problems) {
  MugaiYamlFile *file = g_new0 (MugaiYamlFile, 1);
  const char *bad;
  file->name = g_strdup (name);
  if (is_utf16 (text, length_bytes)) {
    mugai_yaml_problem_add (problems, file, 1, 1, "UTF-16で保存されています。ファイルをUTF-8で保存し直してください。%s",
                            "saved as UTF-16: save the file as UTF-8%s", "");
    return file;
  }
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
  if (is_bracket_bomb (file, problems))
    file->broken = TRUE;
  else
    read_tree (&builder, text, length_bytes);
  return file;
}

const MugaiYamlNode *mugai_yaml_value (const MugaiYamlNode *node, const char *key) {
  for (guint i = 0; node && node->kind == MUGAI_YAML_MAPPING && i < node->keys->len && i < node->values->len; i++) {
    const MugaiYamlNode *one = g_ptr_array_index (node->keys, i);
    if (one->kind == MUGAI_YAML_SCALAR && strcmp (one->text, key) == 0)
      return g_ptr_array_index (node->values, i);
  }
  return NULL;
}

const char *mugai_yaml_text (const MugaiYamlNode *node, const char *key) {
  const MugaiYamlNode *value = mugai_yaml_value (node, key);
  return value && value->kind == MUGAI_YAML_SCALAR ? value->text : NULL;
}
