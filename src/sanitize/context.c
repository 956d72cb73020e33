/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What notices say beside the decision: from policy and front, handed to the worker as texts and nothing more. A worker may print
 * them; it learns no rule from them and can do nothing with them that the gate would not see.
 */
#include "mugai/sanitize.h"

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"

#define MAX_TEXT_BYTES 4000u /* of one text of the policy: a screen */
#define MAX_WORD_BYTES 1024u
#define MAX_RELAYS 64u /* relays that a policy trusts: a house has a handful */
#define LANGUAGES 2u   /* Japanese, English */

MugaiNoticeContext *mugai_notice_context_new (const char *id, const MugaiPolicy *policy, gint64 time_us) {
  const MugaiOrganisation *organisation = mugai_policy_organisation (policy);
  gboolean named = organisation->postmaster != NULL && *organisation->postmaster != '\0';
  const char *reviewers = organisation->reviewers != NULL ? organisation->reviewers : "";
  MugaiNoticeContext *context = g_new0 (MugaiNoticeContext, 1);
  context->id = g_strdup (id);
  context->organisation = g_strdup (organisation->name);
  context->notice_from = g_strdup (organisation->notice_from);
  context->contact = g_strdup (named ? organisation->postmaster : reviewers);
  context->time_us = time_us;
  context->relays = g_strdupv ((char **) mugai_policy_trusted_relays (policy));
  for (guint i = 0; i < MUGAI_N_NOTICE_TEXTS; i++)
    for (guint english = 0; english < LANGUAGES; english++)
      context->texts[i][english] =
          mugai_unicode_make_safe_lines (mugai_policy_notice_text (policy, (MugaiNoticeText) i, english == 0), -1,
                                         MAX_TEXT_BYTES);
  return context;
}

void mugai_notice_context_free (MugaiNoticeContext *context) {
  if (context == NULL)
    return;
  g_free (context->id);
  g_free (context->organisation);
  g_free (context->notice_from);
  g_free (context->contact);
  g_strfreev (context->relays);
  for (guint i = 0; i < MUGAI_N_NOTICE_TEXTS; i++)
    for (guint english = 0; english < LANGUAGES; english++)
      g_free (context->texts[i][english]);
  g_free (context);
}

json_t *mugai_notice_context_to_json (const MugaiNoticeContext *context) {
  json_t *texts = json_array (), *relays = json_array ();
  for (char **relay = context->relays; relay != NULL && *relay != NULL && json_array_size (relays) < MAX_RELAYS;
       relay++)
    json_array_append_new (relays, mugai_json_string (*relay));
  for (guint i = 0; i < MUGAI_N_NOTICE_TEXTS; i++)
    for (guint english = 0; english < LANGUAGES; english++)
      json_array_append_new (texts, mugai_json_string (context->texts[i][english]));
  return json_pack ("{s:o, s:o, s:o, s:o, s:I, s:b, s:o, s:o}", "id", mugai_json_string (context->id), "organisation",
                    mugai_json_string (context->organisation), "notice_from", mugai_json_string (context->notice_from),
                    "contact", mugai_json_string (context->contact), "time_us", (json_int_t) context->time_us,
                    "outside", context->outside ? 1 : 0, "texts", texts, "relays", relays);
}

static gboolean read_texts (json_t *json, MugaiNoticeContext *context, GError **error) {
  g_auto (GStrv) texts = NULL;
  const guint n_texts = MUGAI_N_NOTICE_TEXTS * LANGUAGES;
  if (!mugai_json_get_strv (json, "texts", n_texts, MAX_TEXT_BYTES, &texts, error))
    return FALSE;
  if (g_strv_length (texts) != n_texts) {
    g_set_error_literal (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SHAPE, "member \"texts\" has not every text");
    return FALSE;
  }
  for (guint i = 0; i < n_texts; i++)
    context->texts[i / LANGUAGES][i % LANGUAGES] = g_strdup (texts[i]);
  return TRUE;
}

MugaiNoticeContext *mugai_notice_context_from_json (json_t *json, GError **error) {
  g_autoptr (MugaiNoticeContext) context = g_new0 (MugaiNoticeContext, 1);
  if (!mugai_json_get_string (json, "id", MUGAI_ID_LENGTH, &context->id, error)
      || !mugai_json_get_string (json, "organisation", MAX_WORD_BYTES, &context->organisation, error)
      || !mugai_json_get_string (json, "notice_from", MAX_WORD_BYTES, &context->notice_from, error)
      || !mugai_json_get_string (json, "contact", MAX_WORD_BYTES, &context->contact, error)
      || !mugai_json_get_int (json, "time_us", 0, G_MAXINT64, &context->time_us, error)
      || !mugai_json_get_bool (json, "outside", &context->outside, error)
      || !mugai_json_get_strv (json, "relays", MAX_RELAYS, MAX_WORD_BYTES, &context->relays, error)
      || !read_texts (json, context, error))
    return NULL;
  return g_steal_pointer (&context);
}
