/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine-digest: sends the day's summaries of held mails that nobody was told of one by one.
 *
 * One at a time: the keeper names a box, we write, mark and send its digest, and say so to the keeper when the MTA has it. Dies this
 * process in between, that box hears twice; it is never forgotten.
 */
#include "quarantine.h"

#include <string.h>

#include "mugai/base/base.h"
#include "mugai/keeper.h"
#include "mugai/quarantine.h"
#include "mugai/sanitize.h"

#include "cli.h"
#include "offline.h"
#include "smtp.h"
#include "words.h"

#define NAME "flow digest"
#define MAX_DIGESTS 1000u /* in one run; the next one is a minute later */

static const char *text_at (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : "";
}

/* What the record says of each; one that has been disposed of meanwhile is only counted. @items borrow from @records. */
static void find_items (MugaiQuarantine *quarantine, json_t *ids, GPtrArray *records, GArray *items) {
  json_t *id;
  size_t i;

  json_array_foreach (ids, i, id) {
    json_t *record = mugai_quarantine_record (quarantine, json_string_value (id), NULL);
    if (record == NULL)
      continue;
    g_ptr_array_add (records, record);
    const MugaiDigestItem item = { .id = text_at (record, "id"),
                                   .time = text_at (record, "time"),
                                   .from = text_at (json_object_get (record, "from_header"), "address"),
                                   .subject = text_at (record, "subject") };
    g_array_append_val (items, item);
  }
}

static GBytes *with_mark (const MugaiCliQuarantine *options, GBytes *mail, GError **error) {
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (mail, &length_bytes);
  g_autofree char *digest = mugai_mark_digest (data, length_bytes, NULL);
  g_autofree char *mark = mugai_keeper_make_mark (options->keeper_socket, digest, MUGAI_CLI_KEEPER_WAIT_MS, error);

  return mark != NULL ? mugai_mark_put (mail, mark) : NULL;
}

static GBytes *write_digest (const MugaiCliQuarantine *options, const MugaiPolicy *policy, MugaiQuarantine *quarantine,
                             json_t *due, GError **error) {
  g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof (MugaiDigestItem));
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_new (id, policy, g_get_real_time ());
  find_items (quarantine, json_object_get (due, "ids"), records, items);
  g_autoptr (GBytes) mail =
      mugai_notice_digest (text_at (due, "box"), (guint64) json_integer_value (json_object_get (due, "count")), items,
                           context, error);

  return mail != NULL ? with_mark (options, mail, error) : NULL;
}

/* The MTA has it: the keeper need not name that box again. */
static gboolean tell_keeper (const MugaiCliQuarantine *options, json_t *due, const char *reply, GError **error) {
  g_autoptr (MugaiJson) body = json_object ();

  json_object_set (body, "box", json_object_get (due, "box"));
  json_object_set (body, "count", json_object_get (due, "count"));
  json_object_set (body, "ids", json_object_get (due, "ids"));
  json_object_set_new (body, "reply", mugai_json_string (reply));
  return mugai_keeper_log_act (options->keeper_socket, MUGAI_KEEPER_ACT_DIGEST, MUGAI_KEEPER_SERVICE, body,
                               MUGAI_CLI_KEEPER_WAIT_MS, error);
}

static int send_digest (const MugaiCliQuarantine *options, const MugaiPolicy *policy, MugaiQuarantine *quarantine,
                        json_t *due) {
  g_autoptr (GError) error = NULL;
  g_auto (MugaiSmtpOutcome) outcome = { 0 };
  g_autoptr (GBytes) mail = write_digest (options, policy, quarantine, due, &error);

  if (mail == NULL)
    return mugai_cli_fail (EX_TEMPFAIL, NAME, "%s", error->message);
  const MugaiSmtpMail sent = {
    .listener = options->config->release_listener, .from = "", .to = text_at (due, "box"), .message = mail
  };
  mugai_smtp_send (&sent, &outcome);
  if (!outcome.accepted)
    return mugai_cli_fail (EX_TEMPFAIL, NAME, "%s: %s", text_at (due, "box"), outcome.reply);
  return tell_keeper (options, due, outcome.reply, &error) ? 0
                                                           : mugai_cli_fail (EX_TEMPFAIL, NAME, "%s", error->message);
}

int mugai_cli_send_digests (const MugaiCliQuarantine *options, gboolean all) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiPolicy) policy = NULL;
  g_autoptr (MugaiQuarantine) quarantine = NULL;
  int status = 0;

  for (guint i = 0; options->config != NULL && status == 0 && i < MAX_DIGESTS; i++) {
    g_autoptr (MugaiJson) due = mugai_keeper_ask_digest (options->keeper_socket, all, MUGAI_CLI_KEEPER_WAIT_MS, &error);
    /* A person's run of send-due does not see other people's mail: that is the timer's, by the keeper's own user. */
    if (due == NULL && g_error_matches (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED) && !all)
      return 0;
    if (due == NULL)
      return mugai_cli_fail (EX_TEMPFAIL, NAME, "%s", error->message);
    if (json_object_get (due, "box") == NULL)
      return 0;
    policy = policy != NULL ? policy : mugai_offline_policy (options->config->policy);
    quarantine = quarantine != NULL ? quarantine : mugai_cli_open_store (options, NAME, &status);
    if (policy == NULL || quarantine == NULL)
      return EX_CONFIG;
    status = send_digest (options, policy, quarantine, due);
  }
  return status;
}

int mugai_cli_quarantine_digest (const MugaiCliQuarantine *options, const char *none) {
  (void) none;
  return mugai_cli_send_digests (options, TRUE);
}
