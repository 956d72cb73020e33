/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/implied: end tags that people leave out, and the standard puts in.
 *
 * Works on the stack only; a table part never closes anything outside its table. See html.h for threads.
 */
#include "html.h"

#include <string.h>

void implied_close_above (Html *self, Tag tag, gint boundary) {
  if (self->last[tag] > boundary)
    stack_pop_to (self, self->last[tag]);
}

static void close_cell (Html *self) {
  gint table = self->last[TAG_TABLE];

  stack_pop_to (self, MAX (MAX (self->last[TAG_TD], self->last[TAG_TH]), self->last[TAG_CAPTION]) > table
                          ? MAX (MAX (self->last[TAG_TD], self->last[TAG_TH]), self->last[TAG_CAPTION])
                          : -1);
}

static void close_section (Html *self) {
  static const Tag sections[] = { TAG_TBODY, TAG_THEAD, TAG_TFOOT, TAG_COLGROUP };
  gint table = self->last[TAG_TABLE];

  close_cell (self);
  implied_close_above (self, TAG_TR, table);
  if (stack_highest (self, sections, G_N_ELEMENTS (sections)) > table)
    stack_pop_to (self, stack_highest (self, sections, G_N_ELEMENTS (sections)));
}

/* Parts of a table close their like, within the innermost table. */
static void close_for_table_part (Html *self, Tag tag) {
  switch (tag) {
  case TAG_TD:
  case TAG_TH:
    close_cell (self);
    break;
  case TAG_TR:
    close_cell (self);
    implied_close_above (self, TAG_TR, self->last[TAG_TABLE]);
    break;
  case TAG_TBODY:
  case TAG_THEAD:
  case TAG_TFOOT:
  case TAG_CAPTION:
  case TAG_COLGROUP:
    close_section (self);
    break;
  case TAG_TABLE:
    if (self->last[TAG_TABLE] > MAX (MAX (self->last[TAG_TD], self->last[TAG_TH]), self->last[TAG_CAPTION]))
      stack_pop_to (self, self->last[TAG_TABLE]);
    break;
  default:
    break;
  }
}

static void close_for_item (Html *self, Tag tag) {
  static const Tag lists[] = { TAG_OL, TAG_UL, TAG_DL, TAG_MENU, TAG_DIR, TAG_BLOCKQUOTE, TAG_FIELDSET };
  gint boundary = MAX (stack_scope (self), stack_highest (self, lists, G_N_ELEMENTS (lists)));

  if (tag == TAG_LI)
    implied_close_above (self, TAG_LI, boundary);
  else {
    implied_close_above (self, TAG_DD, boundary);
    implied_close_above (self, TAG_DT, boundary);
  }
}

/* Ends what the standard ends before a start tag. */
void implied_close (Html *self, Tag tag, guint kind) {
  if (tag == TAG_LI || tag == TAG_DD || tag == TAG_DT)
    close_for_item (self, tag);
  if ((kind & KIND_CLOSES_P) != 0)
    implied_close_above (self, TAG_P, MAX (stack_scope (self), self->last[TAG_BUTTON]));
  if ((kind & KIND_HEADING) != 0 && (stack_top (self)->kind & KIND_HEADING) != 0)
    stack_pop_to (self, (gint) self->stack->len - 1);
  if (tag == TAG_OPTION || tag == TAG_OPTGROUP)
    implied_close_above (self, TAG_OPTION, (gint) self->stack->len - 2);
  if (tag == TAG_BUTTON || tag == TAG_SELECT)
    implied_close_above (self, tag, stack_scope (self));
  if (tag == TAG_RB || tag == TAG_RT || tag == TAG_RP || tag == TAG_RTC) {
    static const Tag parts[] = { TAG_RB, TAG_RT, TAG_RP };

    if (stack_highest (self, parts, 3) > self->last[TAG_RUBY])
      stack_pop_to (self, stack_highest (self, parts, 3));
  }
  if ((kind & KIND_CELL) != 0 || tag == TAG_CAPTION || tag == TAG_COLGROUP)
    close_for_table_part (self, tag);
}
