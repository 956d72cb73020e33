/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/rates: the buckets a mail is counted in, as plain data and as JSON: in the record, in the question to the keeper, and read
 * back from the chain. Any thread.
 */
#include "mugai/base/facts.h"

void mugai_rate_free (MugaiRate *rate) {
  if (rate == NULL)
    return;
  g_free (rate->key);
  g_free (rate);
}

json_t *mugai_rates_to_json (const GPtrArray *rates) {
  json_t *array = json_array ();
  for (guint i = 0; rates && i < rates->len; i++) {
    const MugaiRate *rate = g_ptr_array_index (rates, i);
    json_t *object = json_object ();
    json_object_set_new (object, "key", mugai_json_string (rate->key));
    json_object_set_new (object, "messages", json_integer (rate->messages));
    json_object_set_new (object, "recipients", json_integer (rate->recipients));
    json_object_set_new (object, "window_s", json_integer (rate->window_s));
    json_object_set_new (object, "stop", json_boolean (rate->stop));
    json_object_set_new (object, "exceeded", json_boolean (rate->exceeded));
    json_array_append_new (array, object);
  }
  return array;
}

static MugaiRate *read_rate (json_t *object) {
  g_autoptr (MugaiRate) rate = g_new0 (MugaiRate, 1);
  gint64 messages = 0, recipients = 0;
  if (!mugai_json_get_string (object, "key", MUGAI_RATE_MAX_KEY_BYTES, &rate->key, NULL) || !rate->key
      || !mugai_json_get_int (object, "messages", 0, G_MAXUINT32, &messages, NULL)
      || !mugai_json_get_int (object, "recipients", 0, G_MAXUINT32, &recipients, NULL)
      || !mugai_json_get_int (object, "window_s", 1, MUGAI_RATE_MAX_WINDOW_S, &rate->window_s, NULL)
      || !mugai_json_get_bool (object, "stop", &rate->stop, NULL)
      || !mugai_json_get_bool (object, "exceeded", &rate->exceeded, NULL))
    return NULL;
  rate->messages = (guint) messages;
  rate->recipients = (guint) recipients;
  return g_steal_pointer (&rate);
}

GPtrArray *mugai_rates_from_json (json_t *array) {
  g_autoptr (GPtrArray) rates = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_rate_free);
  if (!json_is_array (array) || json_array_size (array) > MUGAI_N_RATE_SUBJECTS)
    return NULL;
  for (size_t i = 0; i < json_array_size (array); i++) {
    MugaiRate *rate = read_rate (json_array_get (array, i));
    if (!rate)
      return NULL;
    g_ptr_array_add (rates, rate);
  }
  return g_steal_pointer (&rates);
}
