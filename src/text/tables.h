/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/tables: is it a table, or only somebody's layout?
 *
 * Every table is first written as layout, cell after cell, while its cells are recorded; at its end the
 * writing of one that proves to hold data is taken back and its rows are written instead. Only the innermost
 * open table records, so the work stays linear. Threads: belongs to one Flow.
 */
#pragma once

#include <glib.h>

#include "flow.h"

typedef struct _Table Table;

Table *table_begin (Flow *flow, gboolean presentation, guint border);
void table_free (Table *table);
/* A table inside: this one is layout. */
void table_note_nested (Table *table);
/* Block content in a cell (list, heading, quote, pre, rule): layout, unless the table says that it is data and the
 * cells are short. */
void table_note_block (Table *table);
/* th, caption, thead, scope: it says so. */
void table_note_data (Table *table);
void table_end_caption (Table *table);
void table_begin_row (Table *table);
void table_begin_cell (Table *table, gboolean header, guint colspan, guint rowspan);
void table_end_cell (Table *table);
/* Ends the table, rewrites it if it is one of data, and frees it. */
void table_end (Table *table);
