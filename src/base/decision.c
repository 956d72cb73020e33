/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/decision: the life of a decision, and its way to the worker that rebuilds: see mugai/base/facts.h.
 *
 * The sender is the front, so texts are taken as they are; types, names and bounds are checked all the same.
 * Threads: any.
 */
#include "mugai/base/facts.h"

#define MAX_TEXT_BYTES (64u * 1024) /* any one string: a rule's sentence is a few hundred */
#define MAX_REASONS 10000u
#define MAX_RECIPIENTS 10000u
#define N_DECISION_MEMBERS 12
#define N_REASON_MEMBERS 5
#define N_PART_MEMBERS 4
#define N_RECIPIENT_MEMBERS 2
#define N_HEADER_MEMBERS 2

MugaiReason *mugai_reason_new (const char *rule, const char *clause, const char *because) {
  MugaiReason *reason = g_new0 (MugaiReason, 1);

  reason->rule = g_strdup (rule != NULL ? rule : "");
  reason->clause = g_strdup (clause != NULL ? clause : "");
  reason->because = g_strdup (because != NULL ? because : "");
  reason->ja = g_strdup ("");
  reason->en = g_strdup ("");
  return reason;
}

void mugai_reason_free (MugaiReason *reason) {
  if (reason == NULL)
    return;
  g_free (reason->rule);
  g_free (reason->clause);
  g_free (reason->because);
  g_free (reason->ja);
  g_free (reason->en);
  g_free (reason);
}

MugaiPartDecision *mugai_part_decision_new (MugaiPartAction action, const char *rule) {
  MugaiPartDecision *decision = g_new0 (MugaiPartDecision, 1);

  decision->action = action;
  decision->rule = g_strdup (rule != NULL ? rule : "");
  decision->ja = g_strdup ("");
  decision->en = g_strdup ("");
  return decision;
}

void mugai_part_decision_free (MugaiPartDecision *decision) {
  if (decision == NULL)
    return;
  g_free (decision->rule);
  g_free (decision->ja);
  g_free (decision->en);
  g_free (decision);
}

static void recipient_decision_free (gpointer data) {
  MugaiRecipientDecision *decision = data;

  g_free (decision->rule);
  g_free (decision);
}

MugaiDecision *mugai_decision_new (void) {
  MugaiDecision *decision = g_new0 (MugaiDecision, 1);

  decision->changed = TRUE;
  decision->reasons = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_reason_free);
  decision->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_part_decision_free);
  decision->recipients = g_ptr_array_new_with_free_func (recipient_decision_free);
  decision->exceptions = g_ptr_array_new_with_free_func (g_free);
  decision->would = g_ptr_array_new_with_free_func (g_free);
  decision->notify = g_new0 (char *, 1);
  decision->add_headers = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_header_fact_free);
  decision->add_recipients = g_ptr_array_new_with_free_func (g_free);
  decision->drop_recipients = g_ptr_array_new_with_free_func (g_free);
  decision->approvers = g_ptr_array_new_with_free_func (g_free);
  return decision;
}

void mugai_decision_free (MugaiDecision *decision) {
  if (decision == NULL)
    return;
  g_free (decision->reply);
  g_clear_pointer (&decision->reasons, g_ptr_array_unref);
  g_clear_pointer (&decision->parts, g_ptr_array_unref);
  g_clear_pointer (&decision->recipients, g_ptr_array_unref);
  g_clear_pointer (&decision->exceptions, g_ptr_array_unref);
  g_clear_pointer (&decision->would, g_ptr_array_unref);
  g_strfreev (decision->notify);
  g_free (decision->subject_tag);
  g_clear_pointer (&decision->add_headers, g_ptr_array_unref);
  g_clear_pointer (&decision->add_recipients, g_ptr_array_unref);
  g_clear_pointer (&decision->drop_recipients, g_ptr_array_unref);
  g_clear_pointer (&decision->approvers, g_ptr_array_unref);
  g_free (decision);
}

/* ---- to JSON ---- */

static json_t *reason_to_json (gconstpointer data) {
  const MugaiReason *reason = data;
  json_t *object = json_object ();

  json_object_set_new (object, "rule", mugai_json_string (reason->rule));
  json_object_set_new (object, "clause", mugai_json_string (reason->clause));
  json_object_set_new (object, "because", mugai_json_string (reason->because));
  json_object_set_new (object, "ja", mugai_json_string (reason->ja));
  json_object_set_new (object, "en", mugai_json_string (reason->en));
  return object;
}

static json_t *part_to_json (gconstpointer data) {
  const MugaiPartDecision *part = data;
  json_t *object = json_object ();

  json_object_set_new (object, "action", json_string (mugai_part_action_name (part->action)));
  json_object_set_new (object, "rule", mugai_json_string (part->rule));
  json_object_set_new (object, "ja", mugai_json_string (part->ja));
  json_object_set_new (object, "en", mugai_json_string (part->en));
  return object;
}

static json_t *recipient_to_json (gconstpointer data) {
  const MugaiRecipientDecision *recipient = data;
  json_t *object = json_object ();

  json_object_set_new (object, "action", json_string (mugai_action_name (recipient->action)));
  json_object_set_new (object, "rule", mugai_json_string (recipient->rule));
  return object;
}

static json_t *header_to_json (gconstpointer data) {
  const MugaiHeaderFact *header = data;
  json_t *object = json_object ();

  json_object_set_new (object, "name", mugai_json_string (header->name));
  json_object_set_new (object, "value", mugai_json_string (header->value));
  return object;
}

static json_t *text_to_json (gconstpointer data) {
  return mugai_json_string (data);
}

static json_t *list_to_json (const GPtrArray *list, json_t *(*item_to_json) (gconstpointer item)) {
  json_t *array = json_array ();

  for (guint i = 0; i < list->len; i++)
    json_array_append_new (array, item_to_json (g_ptr_array_index (list, i)));
  return array;
}

json_t *mugai_decision_to_json (const MugaiDecision *decision) {
  json_t *object = json_object ();

  json_object_set_new (object, "action", json_string (mugai_action_name (decision->action)));
  json_object_set_new (object, "ceiling", json_string (mugai_ceiling_name (decision->ceiling)));
  json_object_set_new (object, "changed", json_boolean (decision->changed));
  json_object_set_new (object, "reply", mugai_json_string (decision->reply));
  json_object_set_new (object, "reasons", list_to_json (decision->reasons, reason_to_json));
  json_object_set_new (object, "parts", list_to_json (decision->parts, part_to_json));
  json_object_set_new (object, "recipients", list_to_json (decision->recipients, recipient_to_json));
  json_object_set_new (object, "exceptions", list_to_json (decision->exceptions, text_to_json));
  json_object_set_new (object, "would", list_to_json (decision->would, text_to_json));
  json_object_set_new (object, "notify", mugai_json_strv ((const char *const *) decision->notify));
  json_object_set_new (object, "subject_tag", mugai_json_string (decision->subject_tag));
  json_object_set_new (object, "add_headers", list_to_json (decision->add_headers, header_to_json));
  return object;
}

/* ---- from JSON ---- */

/* A string that is never NULL here; null on the wire reads as "". Replaces what *@ret_text held. */
static gboolean read_text (json_t *object, const char *key, char **ret_text, GError **error) {
  g_autofree char *text = NULL;

  if (!mugai_json_get_string (object, key, MAX_TEXT_BYTES, &text, error))
    return FALSE;
  g_free (*ret_text);
  *ret_text = text != NULL ? g_steal_pointer (&text) : g_strdup ("");
  return TRUE;
}

/* Readers of one item each: NULL and @error, or (transfer full) the item. */

static gpointer read_reason (json_t *object, GError **error) {
  MugaiReason *reason = mugai_reason_new ("", "", "");

  if (mugai_json_check_members (object, N_REASON_MEMBERS, "reasons", error)
      && read_text (object, "rule", &reason->rule, error) && read_text (object, "clause", &reason->clause, error)
      && read_text (object, "because", &reason->because, error) && read_text (object, "ja", &reason->ja, error)
      && read_text (object, "en", &reason->en, error))
    return reason;
  mugai_reason_free (reason);
  return NULL;
}

static gpointer read_part (json_t *object, GError **error) {
  MugaiPartDecision *part = mugai_part_decision_new (MUGAI_PART_REMOVE, "");
  int action;

  if (mugai_json_check_members (object, N_PART_MEMBERS, "parts", error)
      && mugai_json_get_name (object, "action", mugai_part_action_from_name, &action, error)
      && read_text (object, "rule", &part->rule, error) && read_text (object, "ja", &part->ja, error)
      && read_text (object, "en", &part->en, error)) {
    part->action = (MugaiPartAction) action;
    return part;
  }
  mugai_part_decision_free (part);
  return NULL;
}

static gpointer read_recipient (json_t *object, GError **error) {
  MugaiRecipientDecision *recipient = g_new0 (MugaiRecipientDecision, 1);
  int action;

  if (mugai_json_check_members (object, N_RECIPIENT_MEMBERS, "recipients", error)
      && mugai_json_get_name (object, "action", mugai_action_from_name, &action, error)
      && read_text (object, "rule", &recipient->rule, error)) {
    recipient->action = (MugaiAction) action;
    return recipient;
  }
  recipient_decision_free (recipient);
  return NULL;
}

static gpointer read_header (json_t *object, GError **error) {
  MugaiHeaderFact *header = g_new0 (MugaiHeaderFact, 1);

  if (mugai_json_check_members (object, N_HEADER_MEMBERS, "add_headers", error)
      && read_text (object, "name", &header->name, error) && read_text (object, "value", &header->value, error))
    return header;
  mugai_header_fact_free (header);
  return NULL;
}

static gpointer read_string (json_t *item, GError **error) {
  if (json_is_string (item) && json_string_length (item) <= MAX_TEXT_BYTES)
    return g_strdup (json_string_value (item));
  (void) mugai_json_fail_shape (error, "item", "a string within its limit");
  return NULL;
}

static gboolean read_list (json_t *object, const char *key, gsize max_items, GPtrArray *list,
                           gpointer (*read_item) (json_t *item, GError **error), GError **error) {
  json_t *array = NULL, *item;
  size_t i;

  if (!mugai_json_get_array (object, key, max_items, &array, error))
    return FALSE;
  json_array_foreach (array, i, item) {
    gpointer read = read_item (item, error);
    if (read == NULL) {
      g_prefix_error (error, "%s %" G_GSIZE_FORMAT ": ", key, (gsize) i);
      return FALSE;
    }
    g_ptr_array_add (list, read);
  }
  return TRUE;
}

static gboolean read_decision (json_t *json, MugaiDecision *decision, GError **error) {
  g_auto (GStrv) notify = NULL;
  int action, ceiling;

  if (!mugai_json_check_members (json, N_DECISION_MEMBERS, "decision", error)
      || !mugai_json_get_name (json, "action", mugai_action_from_name, &action, error)
      || !mugai_json_get_name (json, "ceiling", mugai_ceiling_from_name, &ceiling, error)
      || !mugai_json_get_bool (json, "changed", &decision->changed, error)
      || !mugai_json_get_string (json, "reply", MAX_TEXT_BYTES, &decision->reply, error)
      || !read_list (json, "reasons", MAX_REASONS, decision->reasons, read_reason, error)
      || !read_list (json, "parts", MUGAI_FACTS_MAX_PARTS, decision->parts, read_part, error)
      || !read_list (json, "recipients", MAX_RECIPIENTS, decision->recipients, read_recipient, error)
      || !read_list (json, "exceptions", MAX_REASONS, decision->exceptions, read_string, error)
      || !read_list (json, "would", MAX_REASONS, decision->would, read_string, error)
      || !mugai_json_get_strv (json, "notify", MAX_RECIPIENTS, MAX_TEXT_BYTES, &notify, error)
      || !mugai_json_get_string (json, "subject_tag", MAX_TEXT_BYTES, &decision->subject_tag, error)
      || !read_list (json, "add_headers", MUGAI_FACTS_MAX_HEADERS, decision->add_headers, read_header, error))
    return FALSE;
  decision->action = (MugaiAction) action;
  decision->ceiling = (MugaiCeiling) ceiling;
  g_strfreev (decision->notify);
  decision->notify = g_steal_pointer (&notify);
  return TRUE;
}

MugaiDecision *mugai_decision_from_json (json_t *json, GError **error) {
  g_autoptr (MugaiDecision) decision = mugai_decision_new ();

  if (read_decision (json, decision, error))
    return g_steal_pointer (&decision);
  g_prefix_error (error, "decision: ");
  return NULL;
}
