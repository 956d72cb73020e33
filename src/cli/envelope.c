/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The envelope as given on the command line. Addresses are taken as bytes (FILENAME): odd ones are for the policy to judge, not for
 * the option parser.
 */
#include "envelope.h"

#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/flow.h"

#include "words.h"

void mugai_cli_envelope_clear (MugaiCliEnvelope *given) {
  g_free (given->direction);
  g_free (given->client);
  g_free (given->helo);
  g_free (given->auth);
  g_free (given->from);
  g_strfreev (given->to);
}

void mugai_cli_envelope_add_options (MugaiCliEnvelope *given, GArray *entries) {
  const GOptionEntry own[] = {
    { "direction", 0, 0, G_OPTION_ARG_STRING, &given->direction,
      MUGAI_CLI_WORDS ("inbound、outbound、internal、relay（既定は封筒から）",
                       "inbound, outbound, internal or relay (default: from the envelope)"),
      "NAME" },
    { "client", 0, 0, G_OPTION_ARG_FILENAME, &given->client,
      MUGAI_CLI_WORDS ("接続元のIPアドレス（既定は 127.0.0.1）", "IP address of the sending host (default: 127.0.0.1)"),
      "ADDR" },
    { "helo", 0, 0, G_OPTION_ARG_FILENAME, &given->helo, MUGAI_CLI_WORDS ("HELOの名乗り", "its name in HELO"), "NAME" },
    { "auth", 0, 0, G_OPTION_ARG_FILENAME, &given->auth, MUGAI_CLI_WORDS ("SMTP認証の利用者", "authenticated user"),
      "USER" },
    { "from", 0, 0, G_OPTION_ARG_FILENAME, &given->from,
      MUGAI_CLI_WORDS ("封筒の差出人（空なら '<>'）", "envelope sender; '<>' for the empty one"), "ADDR" },
    { "to", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &given->to,
      MUGAI_CLI_WORDS ("封筒の宛先（何度でも）", "envelope recipient; may be given several times"), "ADDR" },
  };
  g_array_append_vals (entries, own, G_N_ELEMENTS (own));
}

gboolean mugai_cli_envelope_check (const MugaiCliEnvelope *given, GError **error) {
  if (given->direction == NULL || mugai_direction_from_name (given->direction) >= 0)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "--direction %s: write inbound, outbound, internal or relay", given->direction);
  return FALSE;
}

static char *bare_address (const char *text) {
  gsize length = text != NULL ? strlen (text) : 0;
  if (length >= 2 && text[0] == '<' && text[length - 1] == '>')
    return mugai_unicode_make_safe (text + 1, (gssize) length - 2, MUGAI_FACTS_MAX_NAME_BYTES);
  return mugai_unicode_make_safe (text, -1, MUGAI_FACTS_MAX_NAME_BYTES);
}

static void replace (char **member, char *value) {
  g_free (*member);
  *member = value;
}

static void force_direction (MugaiEnvelope *envelope, MugaiDirection direction) {
  envelope->direction = direction;
  for (guint i = 0; i < envelope->recipients->len; i++) {
    MugaiRecipient *recipient = g_ptr_array_index (envelope->recipients, i);
    recipient->direction = direction;
  }
}

MugaiEnvelope *mugai_cli_envelope_new (const MugaiCliEnvelope *given, const MugaiOrganisation *organisation,
                                       guint64 size_bytes) {
  MugaiEnvelope *envelope = mugai_envelope_new ();
  replace (&envelope->client, mugai_unicode_make_safe (given->client != NULL ? given->client : "127.0.0.1", -1, 100));
  replace (&envelope->helo, mugai_unicode_make_safe (given->helo, -1, MUGAI_FACTS_MAX_NAME_BYTES));
  replace (&envelope->auth, mugai_unicode_make_safe (given->auth, -1, MUGAI_FACTS_MAX_NAME_BYTES));
  replace (&envelope->from, bare_address (given->from));
  for (guint i = 0; given->to != NULL && given->to[i] != NULL; i++) {
    g_autofree char *address = bare_address (given->to[i]);
    g_ptr_array_add (envelope->recipients, mugai_recipient_new (address));
  }
  envelope->size_bytes = size_bytes;
  envelope->time_us = g_get_real_time ();
  envelope->attempt = 1;
  mugai_flow_classify (organisation, envelope);
  if (given->direction != NULL)
    force_direction (envelope, (MugaiDirection) mugai_direction_from_name (given->direction));
  else if (envelope->recipients->len == 0)
    force_direction (envelope, MUGAI_DIRECTION_INBOUND); /* an envelope that says nothing: the strictest look */
  return envelope;
}
