/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/tables: recording, judging and writing of data tables. See tables.h for the plan.
 *
 * Invariant: text is only taken out of the flow when all of it is in the recorded cells. Bounded by the
 * limits below; a table above them stays as it was streamed.
 */
#include "tables.h"

#include <string.h>

#include "mugai/base/unicode.h"

#define MAX_COLUMNS 64u
#define MAX_ROWS 20000u
#define MAX_TEXT_BYTES (1024u * 1024)
#define SHORT_CELL_COLUMNS 40u
#define AMOUNT_COLUMNS 16u
#define VALUE_LINES 4u
#define KEY_COLUMNS 24u /* of the first column in a table of names and values */
#define SEPARATOR " | "

typedef struct {
  gsize start; /* in text */
  gsize length;
  guint column;
  guint span;
  gsize columns; /* of display */
  gboolean header;
} Cell;

struct _Table {
  Flow *flow;
  GString *text;           /* of all cells */
  GArray *cells;           /* of Cell */
  GArray *rows;            /* of guint: first cell */
  guint busy[MAX_COLUMNS]; /* rows that a rowspan still takes, by column */
  guint column;            /* next free one in this row */
  guint n_columns;
  gsize out_start; /* what the flow had written before the table */
  guint blanks_start;
  gboolean truncated_start;
  gboolean presentation;
  gboolean says_data;
  gboolean lost; /* nested, or over a limit: no way back to a data table */
  gboolean blocks;
  guint first_due;  /* list markers that stood before it */
  guint unrecorded; /* paragraphs written but not recorded, up to the table's start */
  gboolean in_cell;
};

Table *table_begin (Flow *flow, gboolean presentation, guint border) {
  Table *table = g_new0 (Table, 1);

  flow_block (flow, 1);
  table->flow = flow;
  table->text = g_string_new (NULL);
  table->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  table->rows = g_array_new (FALSE, FALSE, sizeof (guint));
  table->out_start = flow->out->len;
  table->blanks_start = flow->blanks;
  table->truncated_start = flow->truncated;
  table->first_due = flow_first_due (flow);
  table->unrecorded = flow->n_paragraphs - flow->n_recorded;
  table->presentation = presentation;
  table->says_data = border > 0;
  return table;
}

void table_free (Table *table) {
  if (table == NULL)
    return;
  if (table->flow->cell == table->text)
    table->flow->cell = NULL;
  g_string_free (table->text, TRUE);
  g_array_unref (table->cells);
  g_array_unref (table->rows);
  g_free (table);
}

static void give_up (Table *table) {
  table->lost = TRUE;
  table->flow->cell = NULL;
  g_string_truncate (table->text, 0);
  g_array_set_size (table->cells, 0);
}

void table_note_nested (Table *table) {
  if (!table->lost)
    give_up (table);
}

void table_note_block (Table *table) {
  table->blocks = TRUE;
}

void table_note_data (Table *table) {
  table->says_data = TRUE;
}

void table_begin_row (Table *table) {
  table_end_cell (table);
  flow_block (table->flow, 0);
  if (table->lost)
    return;
  if (table->rows->len >= MAX_ROWS || table->text->len > MAX_TEXT_BYTES) {
    give_up (table);
    return;
  }
  for (guint i = 0; i < table->n_columns; i++)
    table->busy[i] -= table->busy[i] > 0 ? 1 : 0;
  table->column = 0;
  g_array_append_val (table->rows, table->cells->len);
}

void table_begin_cell (Table *table, gboolean header, guint colspan, guint rowspan) {
  Cell cell = { .header = header };

  table_end_cell (table);
  flow_block (table->flow, 0);
  if (table->lost)
    return;
  if (table->rows->len == 0)
    table_begin_row (table);
  while (table->column < MAX_COLUMNS && table->busy[table->column] > 0)
    table->column++;
  if (table->column >= MAX_COLUMNS) {
    give_up (table);
    return;
  }
  cell.start = table->text->len;
  cell.column = table->column;
  cell.span = CLAMP (colspan, 1, MAX_COLUMNS - table->column);
  for (guint i = 0; i < cell.span; i++)
    table->busy[table->column + i] = CLAMP (rowspan, 1, MAX_ROWS);
  table->column += cell.span;
  table->n_columns = MAX (table->n_columns, table->column);
  g_array_append_val (table->cells, cell);
  table->flow->cell = table->text;
  table->flow->cell_start = cell.start;
  table->in_cell = TRUE;
  table->says_data |= header;
}

/* The cell's paragraphs come as lines of one record: the flow writes them there as it writes them out. */
void table_end_cell (Table *table) {
  Cell *cell;

  flow_block (table->flow, 0);
  if (!table->in_cell || table->lost)
    return;
  table->in_cell = FALSE;
  table->flow->cell = NULL;
  cell = &g_array_index (table->cells, Cell, table->cells->len - 1);
  cell->length = table->text->len - cell->start;
}

/* What the caption wrote stays in any case. */
void table_end_caption (Table *table) {
  flow_block (table->flow, 0);
  table->says_data = TRUE;
  if (table->lost || table->rows->len > 0)
    return;
  table->out_start = table->flow->out->len;
  table->blanks_start = table->flow->blanks;
  table->first_due = flow_first_due (table->flow);
  table->unrecorded = table->flow->n_paragraphs - table->flow->n_recorded;
}

/* Judging */

static guint row_end (const Table *table, guint row) {
  return row + 1 < table->rows->len ? g_array_index (table->rows, guint, row + 1) : table->cells->len;
}

static guint row_start (const Table *table, guint row) {
  return g_array_index (table->rows, guint, row);
}

static const Cell *cell_at (const Table *table, guint index) {
  return &g_array_index (table->cells, Cell, index);
}

static gboolean has_one_line (const Table *table, const Cell *cell) {
  return memchr (table->text->str + cell->start, '\n', cell->length) == NULL;
}

/* One line, however long, or a few short ones: an address. */
static gboolean is_value (const Table *table, const Cell *cell) {
  const char *line = table->text->str + cell->start;
  const char *end = line + cell->length;
  guint lines = 0;

  if (has_one_line (table, cell))
    return TRUE;
  while (line < end) {
    const char *stop = memchr (line, '\n', (gsize) (end - line));

    stop = stop != NULL ? stop : end;
    if (++lines > VALUE_LINES || mugai_unicode_columns (line, stop - line) > SHORT_CELL_COLUMNS)
      return FALSE;
    line = stop + 1;
  }
  return TRUE;
}

/* Names and values: two columns, at least two rows of both, the first short; values may be long. */
static gboolean looks_like_pairs (const Table *table) {
  guint rows = 0;

  if (table->blocks || table->n_columns != 2)
    return FALSE;
  for (guint row = 0; row < table->rows->len; row++) {
    guint first = row_start (table, row);
    const Cell *key;

    if (row_end (table, row) != first + 2)
      continue;
    key = cell_at (table, first);
    if (key->columns > KEY_COLUMNS || !has_one_line (table, key) || !is_value (table, cell_at (table, first + 1))
        || g_str_has_prefix (table->text->str + key->start, "［"))
      return FALSE;
    rows += key->columns > 0 && cell_at (table, first + 1)->columns > 0;
  }
  return rows >= 2 && rows * 2 > table->rows->len;
}

static guint count_filled (const Table *table, guint row) {
  guint filled = 0;

  for (guint i = row_start (table, row); i < row_end (table, row); i++)
    filled += cell_at (table, i)->columns > 0;
  return filled;
}

/* Rows with something in two cells at least. */
static guint count_full_rows (const Table *table) {
  guint full_rows = 0;

  for (guint row = 0; row < table->rows->len; row++)
    full_rows += count_filled (table, row) >= 2;
  return full_rows;
}

/* Without a word from the sender: short cells of one line, in at least two rows of at least two columns. */
static gboolean looks_like_data (const Table *table) {
  guint full_rows = count_full_rows (table);

  if (table->blocks)
    return FALSE;
  for (guint i = 0; i < table->cells->len; i++) {
    const Cell *cell = cell_at (table, i);

    if (cell->columns > SHORT_CELL_COLUMNS || !has_one_line (table, cell))
      return FALSE;
  }
  return full_rows >= 2 && full_rows * 2 > table->rows->len;
}

/* Behind a sign or a currency's mark at @text; @text itself when none stands there. */
static const char *skip_sign (const char *text) {
  static const char *const signs[] = { "¥", "￥", "$", "€", "£", "-", "+", "−", "△", "▲" };

  for (gsize i = 0; i < G_N_ELEMENTS (signs); i++) {
    if (g_str_has_prefix (text, signs[i]))
      return text + strlen (signs[i]);
  }
  return text;
}

/* "1,200円", "$13.20", "-¥50": a digit behind at most two marks, and short. */
static gboolean is_amount (const Table *table, const Cell *cell) {
  const char *text = table->text->str + cell->start;
  const char *digit = skip_sign (skip_sign (text));

  return cell->columns > 0 && cell->columns <= AMOUNT_COLUMNS && digit < text + cell->length
         && g_ascii_isdigit (*digit);
}

/* Rows that end in an amount belong together even in a table of layout: a bill's lines, made of one such table each. */
static gboolean looks_like_amounts (const Table *table) {
  guint rows = 0;

  if (table->blocks)
    return FALSE;
  for (guint row = 0; row < table->rows->len; row++) {
    const Cell *last = NULL;
    guint filled = 0;

    for (guint i = row_start (table, row); i < row_end (table, row); i++) {
      const Cell *cell = cell_at (table, i);

      if (cell->columns > SHORT_CELL_COLUMNS || !has_one_line (table, cell))
        return FALSE;
      last = cell->columns > 0 ? cell : last;
      filled += cell->columns > 0;
    }
    if (filled >= 2 && !is_amount (table, last))
      return FALSE;
    rows += filled >= 2;
  }
  return rows > 0;
}

/* A cell that is more than a line or two. */
static gboolean holds_prose (const Table *table) {
  for (guint i = 0; i < table->cells->len; i++) {
    if (cell_at (table, i)->columns > 2 * SHORT_CELL_COLUMNS)
      return TRUE;
  }
  return FALSE;
}

/* Some frameworks for newsletters make their columns of <th>: no heading is that long. */
static gboolean headings_hold_prose (const Table *table) {
  for (guint i = 0; i < table->cells->len; i++) {
    if (cell_at (table, i)->header && cell_at (table, i)->columns > 2 * SHORT_CELL_COLUMNS)
      return TRUE;
  }
  return FALSE;
}

static gboolean is_data (const Table *table) {
  if (table->lost || table->rows->len < 1 || table->n_columns < 2)
    return FALSE;
  if (table->flow->n_paragraphs - table->flow->n_recorded != table->unrecorded)
    return FALSE; /* text outside the cells */
  if (looks_like_amounts (table))
    return TRUE;
  if (table->presentation)
    return FALSE;
  if (table->says_data && count_full_rows (table) > (table->blocks ? 1 : 0) && !headings_hold_prose (table)
      && (!table->blocks || !holds_prose (table)))
    return TRUE;
  return looks_like_data (table) || looks_like_pairs (table);
}

/* Writing */

static void append_cell_text (const Table *table, const Cell *cell, GString *line) {
  const char *text = table->text->str + cell->start;

  for (gsize i = 0; i < cell->length; i++)
    g_string_append_c (line, text[i] == '\n' ? ' ' : text[i]);
}

static void append_spaces (GString *line, gsize count) {
  for (; count > 0; count--)
    g_string_append_c (line, ' ');
}

static void measure (Table *table, gsize *widths) {
  for (guint i = 0; i < table->cells->len; i++) {
    Cell *cell = &g_array_index (table->cells, Cell, i);

    cell->columns = mugai_unicode_columns (table->text->str + cell->start, (gssize) cell->length);
    if (cell->span == 1)
      widths[cell->column] = MAX (widths[cell->column], cell->columns);
  }
}

/* Columns from @first on, with the separators between; those that hold nothing are left out. */
static gsize span_width (const gsize *widths, guint first, guint span) {
  gsize width = 0;

  for (guint i = first; i < first + span; i++) {
    if (widths[i] > 0)
      width += widths[i] + (width > 0 ? strlen (SEPARATOR) : 0);
  }
  return width;
}

static void write_aligned_row (Table *table, guint row, const gsize *widths) {
  g_autoptr (GString) line = g_string_new (NULL);
  gsize at = 0, due = 0; /* columns written, and where the next cell begins */
  guint column = 0;

  if (count_filled (table, row) == 0)
    return;
  for (guint i = row_start (table, row); i < row_end (table, row); i++) {
    const Cell *cell = cell_at (table, i);

    if (span_width (widths, cell->column, cell->span) == 0 && cell->columns == 0)
      continue;
    for (; column < cell->column; column++)
      due += widths[column] > 0 ? widths[column] + strlen (SEPARATOR) : 0;
    if (due >= strlen (SEPARATOR) && at + strlen (SEPARATOR) <= due) {
      append_spaces (line, due - strlen (SEPARATOR) - at);
      g_string_append (line, SEPARATOR);
      at = due;
    } else if (line->len > 0) {
      g_string_append (line, SEPARATOR);
      at += strlen (SEPARATOR);
    }
    append_cell_text (table, cell, line);
    at += cell->columns;
  }
  g_strchomp (line->str);
  if (*line->str != '\0')
    flow_line (table->flow, line->str, at > flow_available_columns (table->flow));
}

static gboolean row_is_heading (const Table *table, guint row) {
  guint filled = 0;

  for (guint i = row_start (table, row); i < row_end (table, row); i++) {
    if (cell_at (table, i)->columns > 0 && !cell_at (table, i)->header)
      return FALSE;
    filled += cell_at (table, i)->columns > 0;
  }
  return filled >= 2;
}

static const Cell *heading_of (const Table *table, guint heading_row, guint column) {
  for (guint i = row_start (table, heading_row); i < row_end (table, heading_row); i++) {
    const Cell *cell = cell_at (table, i);

    if (column >= cell->column && column < cell->column + cell->span)
      return cell;
  }
  return NULL;
}

/* One row as lines of 「見出し: 値」. */
static void write_named_row (Table *table, guint row, guint heading_row) {
  for (guint i = row_start (table, row); i < row_end (table, row); i++) {
    const Cell *cell = cell_at (table, i);
    const Cell *heading = heading_of (table, heading_row, cell->column);
    g_autoptr (GString) line = g_string_new (NULL);

    if (cell->columns == 0)
      continue;
    if (heading != NULL && heading->columns > 0) {
      append_cell_text (table, heading, line);
      g_string_append (line, ": ");
    }
    append_cell_text (table, cell, line);
    flow_line (table->flow, line->str, TRUE);
  }
  flow_block (table->flow, 1);
}

/* "名:" needs no second colon. */
static const char *after_name (const GString *line) {
  return g_str_has_suffix (line->str, ":") || g_str_has_suffix (line->str, "：") ? " " : ": ";
}

/* No heading row to go by: "名: 値" when the row's first cell names it, else the cells in one folded line. */
static void write_joined_row (Table *table, guint row, gboolean pairs) {
  g_autoptr (GString) line = g_string_new (NULL);
  gboolean named = FALSE;

  for (guint i = row_start (table, row); i < row_end (table, row); i++) {
    const Cell *cell = cell_at (table, i);

    if (cell->columns == 0)
      continue;
    if (line->len > 0)
      g_string_append (line, named ? after_name (line) : SEPARATOR);
    named = line->len == 0 && (cell->header || pairs);
    append_cell_text (table, cell, line);
  }
  if (line->len > 0)
    flow_line (table->flow, line->str, TRUE);
}

static void write_data (Table *table, const gsize *widths) {
  Flow *flow = table->flow;
  gboolean fits = span_width (widths, 0, table->n_columns) <= flow_available_columns (flow);
  gboolean pairs = looks_like_pairs (table);
  gint heading_row = -1;

  g_string_truncate (flow->out, table->out_start);
  flow->blanks = table->blanks_start;
  flow->truncated = table->truncated_start;
  flow_restore_due (flow, table->first_due);
  for (guint row = 0; row < table->rows->len; row++) {
    if (fits)
      write_aligned_row (table, row, widths);
    else if (row_is_heading (table, row))
      heading_row = (gint) row;
    else if (heading_row >= 0)
      write_named_row (table, row, (guint) heading_row);
    else
      write_joined_row (table, row, pairs);
  }
}

void table_end (Table *table) {
  gsize widths[MAX_COLUMNS] = { 0 };

  table_end_cell (table);
  flow_block (table->flow, 0);
  table->flow->cell = NULL;
  if (!table->lost)
    measure (table, widths);
  if (is_data (table))
    write_data (table, widths);
  flow_block (table->flow, 1);
  table_free (table);
}
