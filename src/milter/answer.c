/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Stage 7: what the MTA is told. Every visible header field is deleted, last to first, the new ones are added in order, then
 * the body goes in one uninterrupted run (Postfix takes no header edit between its chunks). Any call that fails ends in a
 * 4xx: never half a mail.
 */
#include "session.h"

#include <string.h>

#include "mugai/base/unicode.h"

#define BODY_CHUNK_BYTES 65535u /* MILTER_CHUNK_SIZE */

/* "550 5.7.1 words" into its three pieces. */
static gboolean split_reply (const char *reply, char **ret_code, char **ret_enhanced, const char **ret_words) {
  const char *first = strchr (reply, ' ');
  const char *second = first != NULL ? strchr (first + 1, ' ') : NULL;
  if (second == NULL || first - reply != 3)
    return FALSE;
  *ret_code = g_strndup (reply, 3);
  *ret_enhanced = g_strndup (first + 1, (gsize) (second - first - 1));
  *ret_words = second + 1;
  return TRUE;
}

/* libmilter reads the text as a format: % is doubled. Longer than a reply line is cut: 980 bytes there. */
static char *reply_text (const char *words, const char *id) {
  GString *text = g_string_new (NULL);
  for (const char *at = words; *at != '\0' && text->len < 700; at++) {
    if (*at == '%')
      g_string_append_c (text, '%');
    g_string_append_c (text, *at >= 0x20 && *at < 0x7F ? *at : '?');
  }
  if (id != NULL)
    g_string_append_printf (text, " (mugai %s)", id);
  return g_string_free (text, FALSE);
}

sfsistat mugai_answer_reply_as (MugaiSession *session, const char *id, const char *reply) {
  g_autofree char *code = NULL, *enhanced = NULL, *text = NULL;
  const char *words = NULL;
  if (!split_reply (reply, &code, &enhanced, &words))
    return SMFIS_TEMPFAIL;
  text = reply_text (words, id);
  (void) smfi_setreply (session->ctx, code, enhanced, text);
  return code[0] == '5' ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

sfsistat mugai_answer_reply (MugaiSession *session, const char *reply) {
  return mugai_answer_reply_as (session, session->id, reply);
}

/* How many fields of this name stand at or before @last: the index by which the MTA knows the last of them. */
static int index_of (const GPtrArray *fields, guint last) {
  int index = 0;
  for (guint i = 0; i <= last; i++)
    index += g_ascii_strcasecmp (g_ptr_array_index (fields, i), g_ptr_array_index (fields, last)) == 0 ? 1 : 0;
  return index;
}

/* Last to first, so that the indices of those before stay right. @chosen: NULL: all. */
static gboolean delete_fields (MugaiSession *session, gboolean (*chosen) (const char *name)) {
  for (guint i = session->fields->len; i > 0; i--) {
    char *name = g_ptr_array_index (session->fields, i - 1);
    if (chosen != NULL && !chosen (name))
      continue;
    if (smfi_chgheader (session->ctx, name, index_of (session->fields, i - 1), NULL) != MI_SUCCESS)
      return FALSE;
  }
  return TRUE;
}

/* The value of one field as the MTA takes it: LF folds; the blank behind the colon only where it is ours to write. */
static char *field_value (const MugaiSession *session, const char *from, const char *to) {
  GString *value = g_string_new (NULL);
  if (!session->leading_space && from < to && *from == ' ')
    from++;
  for (; from < to; from++)
    if (*from != '\r')
      g_string_append_c (value, *from);
  return g_string_free (value, FALSE);
}

/* @header: fields of a message that the gate has passed: "Name: value CRLF", folded lines begin with a blank. */
static gboolean add_fields (MugaiSession *session, const char *header, gsize length_bytes) {
  const char *end = header + length_bytes, *at = header;
  while (at < end && *at != '\r') {
    const char *colon = memchr (at, ':', (gsize) (end - at));
    const char *stop = at;
    do {
      stop = memchr (stop, '\n', (gsize) (end - stop));
      stop = stop != NULL ? stop + 1 : end;
    } while (stop < end && (*stop == ' ' || *stop == '\t'));
    if (colon == NULL || colon >= stop)
      return FALSE;
    g_autofree char *name = g_strndup (at, (gsize) (colon - at));
    g_autofree char *value = field_value (session, colon + 1, stop - 2);
    if (smfi_addheader (session->ctx, name, value) != MI_SUCCESS)
      return FALSE;
    at = stop;
  }
  return TRUE;
}

static gboolean replace_body (MugaiSession *session, const char *body, gsize length_bytes) {
  for (gsize sent = 0; sent < length_bytes || sent == 0;) {
    gsize now = MIN (length_bytes - sent, BODY_CHUNK_BYTES);
    if (smfi_replacebody (session->ctx, (unsigned char *) body + sent, (int) now) != MI_SUCCESS)
      return FALSE;
    sent += now;
    if (now == 0)
      break;
  }
  return TRUE;
}

gboolean mugai_answer_mail (MugaiSession *session, GBytes *mail, gsize body_offset) {
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (mail, &length_bytes);
  return delete_fields (session, NULL) && add_fields (session, data, body_offset)
         && replace_body (session, data + body_offset, length_bytes - body_offset);
}

gboolean mugai_answer_hide_recipients (MugaiSession *session) {
  static const char to[] = "To: " MUGAI_HIDDEN_RECIPIENTS "\r\n";
  return delete_fields (session, mugai_names_recipients) && add_fields (session, to, strlen (to));
}

static gboolean same_address (const char *given, const char *address) {
  gsize length = strlen (given);
  if (length >= 2 && given[0] == '<' && given[length - 1] == '>')
    return length - 2 == strlen (address) && g_ascii_strncasecmp (given + 1, address, length - 2) == 0;
  return g_ascii_strcasecmp (given, address) == 0;
}

static gboolean remains (char **notify, const char *given) {
  for (; *notify != NULL; notify++)
    if (same_address (given, *notify))
      return TRUE;
  return FALSE;
}

static gboolean is_recipient (const MugaiSession *session, const char *address) {
  for (guint i = 0; i < session->recipients->len; i++)
    if (same_address (g_ptr_array_index (session->recipients, i), address))
      return TRUE;
  return FALSE;
}

/* Takes @recipient off. Postfix knows one with a source route ("<@a,@b:c@d>") by what stands behind it. */
static gboolean remove_recipient (MugaiSession *session, char *recipient) {
  const char *behind = g_str_has_prefix (recipient, "<@") ? strchr (recipient, ':') : NULL;
  g_autofree char *bare = behind != NULL ? g_strconcat ("<", behind + 1, NULL) : NULL;
  return smfi_delrcpt (session->ctx, recipient) == MI_SUCCESS
         && (bare == NULL || smfi_delrcpt (session->ctx, bare) == MI_SUCCESS);
}

gboolean mugai_answer_redirect (MugaiSession *session, char **notify) {
  if (smfi_chgfrom (session->ctx, (char *) "<>", NULL) != MI_SUCCESS)
    return FALSE;
  for (guint i = 0; i < session->recipients->len; i++) {
    char *recipient = g_ptr_array_index (session->recipients, i);
    if (!remains (notify, recipient) && !remove_recipient (session, recipient))
      return FALSE;
  }
  for (char **address = notify; *address != NULL; address++) {
    g_autofree char *bracketed = g_strdup_printf ("<%s>", *address);
    if (!is_recipient (session, *address) && smfi_addrcpt (session->ctx, bracketed) != MI_SUCCESS)
      return FALSE;
  }
  return TRUE;
}

static gboolean is_dropped (const MugaiDecision *decision, const char *given) {
  for (guint i = 0; i < decision->drop_recipients->len; i++)
    if (same_address (given, g_ptr_array_index (decision->drop_recipients, i)))
      return TRUE;
  return FALSE;
}

gboolean mugai_answer_recipients (MugaiSession *session, const MugaiDecision *decision) {
  for (guint i = 0; i < decision->add_recipients->len; i++) {
    const char *address = g_ptr_array_index (decision->add_recipients, i);
    g_autofree char *bracketed = g_strdup_printf ("<%s>", address);
    if (!is_recipient (session, address) && smfi_addrcpt (session->ctx, bracketed) != MI_SUCCESS)
      return FALSE;
  }
  for (guint i = 0; i < session->recipients->len; i++) {
    char *recipient = g_ptr_array_index (session->recipients, i);
    if (is_dropped (decision, recipient) && smfi_delrcpt (session->ctx, recipient) != MI_SUCCESS)
      return FALSE;
  }
  return TRUE;
}
