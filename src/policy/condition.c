/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Conditions at work: facts read from envelope and message, and asked. Recursion goes as deep as a policy nests (MAX_CONDITION_DEPTH), never as a message does.
 * Pure: no clock, locale, environment, file or network. Any thread.
 */
#include "condition.h"

#include <string.h>

#include "mugai/base/unicode.h"

/* ---- the summary ---- */

/* A shown address is an addr-spec out of a header: no routing in it, its last @ decides. */
static gboolean domain_is_ours (const MugaiPolicy *policy, const char *domain) {
  for (char **ours = policy->organisation.domains; *ours; ours++)
    if ((*ours)[0] == '.' ? g_str_has_suffix (domain, *ours) : strcmp (domain, *ours) == 0)
      return TRUE;
  return FALSE;
}

/* Each outside address once, however often and in whatever case it is written. */
static guint count_shown_outside (const MugaiPolicy *policy, const MugaiFacts *facts) {
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (char **address = facts->shown_addresses; address && *address; address++) {
    const char *at = strrchr (*address, '@');
    g_autofree char *domain = domain_fold (at ? at + 1 : "");
    if (!at || domain_is_ours (policy, domain))
      continue;
    g_autofree char *local_raw = g_strndup (*address, (gsize) (at - *address));
    g_autofree char *local = text_fold (local_raw);
    g_hash_table_add (seen, g_strconcat (local, "@", domain, NULL));
  }
  return g_hash_table_size (seen);
}

static void summary_add_parts (Summary *summary, const MugaiFacts *facts) {
  for (guint i = 0; i < facts->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (facts->parts, i);
    summary->scans |= MUGAI_BIT (part->scan);
    summary->flags |= part->flags;
    if (part->role == MUGAI_ROLE_ATTACHMENT) {
      summary->attachments++;
      summary->attachment_bytes += part->size_bytes;
    }
  }
}

void summary_init (Summary *summary, const MugaiPolicy *policy, const MugaiEnvelope *envelope,
                   const MugaiFacts *facts) {
  *summary = (Summary){ .scanned = envelope->signatures_age_s >= 0 };
  for (guint i = 0; i < envelope->recipients->len; i++)
    if (!((const MugaiRecipient *) g_ptr_array_index (envelope->recipients, i))->inside)
      summary->outside_recipients++;
  if (!facts)
    return;
  summary->scanned |= facts->signatures_version != NULL;
  summary_add_parts (summary, facts);
  summary->shown_outside = count_shown_outside (policy, facts);
  for (guint i = 0; i < MUGAI_N_ODDITIES; i++)
    if ((facts->oddities & MUGAI_BIT (i)) && mugai_oddity_is_ambiguous ((MugaiOddity) i))
      summary->ambiguous = TRUE;
  summary->my_number = (facts->oddities & MUGAI_BIT (MUGAI_ODDITY_MY_NUMBER)) != 0;
  summary->is_protected = (summary->scans & MUGAI_BIT (MUGAI_SCAN_ENCRYPTED))
                          || (summary->flags & MUGAI_BIT (MUGAI_FLAG_ENCRYPTED))
                          || (facts->oddities & MUGAI_BIT (MUGAI_ODDITY_ENCRYPTED_MESSAGE));
}

/* ---- branches ---- */

static guint branch_of_address (const MugaiPolicy *policy, const char *address) {
  const char *at = strrchr (address, '@');
  g_autofree char *domain = domain_fold (at ? at + 1 : "");
  for (guint i = 0; i < policy->branches->len; i++) {
    const Branch *branch = g_ptr_array_index (policy->branches, i);
    for (char **ours = branch->domains; *ours; ours++)
      if ((*ours)[0] == '.' ? g_str_has_suffix (domain, *ours) : strcmp (domain, *ours) == 0)
        return i + 1;
  }
  return 0;
}

guint branch_of (const MugaiPolicy *policy, const MugaiEnvelope *envelope, MugaiDirection direction,
                 const char *recipient) {
  if (policy->branches->len == 0)
    return 0;
  if (direction == MUGAI_DIRECTION_OUTBOUND)
    return envelope->from_inside ? branch_of_address (policy, envelope->from ? envelope->from : "") : 0;
  return recipient ? branch_of_address (policy, recipient) : 0;
}

const CeilingRow *branch_ceiling (const MugaiPolicy *policy, guint branch, MugaiDirection direction) {
  const Branch *ours = branch ? g_ptr_array_index (policy->branches, branch - 1) : NULL;
  return ours && ours->has_ceiling[direction] ? &ours->ceilings[direction] : &policy->ceilings[direction];
}

guint64 branch_max_size (const MugaiPolicy *policy, guint branch, MugaiDirection direction) {
  const Branch *ours = branch ? g_ptr_array_index (policy->branches, branch - 1) : NULL;
  return ours && ours->max_size[direction] ? ours->max_size[direction] : policy->max_size[direction];
}

/* ---- reading facts ---- */

static gboolean read_boolean (MugaiFact fact, const View *view) {
  const MugaiEnvelope *envelope = view->envelope;
  switch (fact) {
  case FACT_CLIENT_INSIDE:
    return envelope->client_inside;
  case FACT_AUTHENTICATED:
    return envelope->auth && *envelope->auth;
  case FACT_FROM_INSIDE:
    return envelope->from_inside;
  case FACT_NULL_SENDER:
    return !envelope->from || !*envelope->from;
  case FACT_SCANNED:
    return view->summary->scanned;
  case FACT_AMBIGUOUS:
    return view->summary->ambiguous;
  case FACT_MY_NUMBER:
    return view->summary->my_number;
  case FACT_PROTECTED:
    return view->summary->is_protected;
  default:
    return mugai_vocabulary_rate_exceeded (envelope);
  }
}

static gint64 seconds_of_day (const View *view) {
  gint64 local_s = view->envelope->time_us / G_USEC_PER_SEC + view->policy->utc_offset_s;
  return ((local_s % 86400) + 86400) % 86400;
}

static gint64 weekday (const View *view) { /* 0: Monday; 1970-01-01 was a Thursday */
  gint64 local_s = view->envelope->time_us / G_USEC_PER_SEC + view->policy->utc_offset_s;
  gint64 day = (local_s - ((local_s % 86400) + 86400) % 86400) / 86400;
  return (((day + 3) % 7) + 7) % 7;
}

static gint64 read_number (MugaiFact fact, const View *view) {
  switch (fact) {
  case FACT_RECIPIENTS:
    return view->envelope->recipients->len;
  case FACT_OUTSIDE_RECIPIENTS:
    return view->summary->outside_recipients;
  case FACT_SIZE:
    return (gint64) MIN (view->envelope->size_bytes, (guint64) G_MAXINT64);
  case FACT_SIGNATURES_AGE:
    return view->envelope->signatures_age_s;
  case FACT_ATTEMPT:
    return view->envelope->attempt;
  case FACT_SHOWN_OUTSIDE:
    return view->summary->shown_outside;
  case FACT_LINKS:
    return view->facts->links->len;
  case FACT_ATTACHMENTS:
    return view->summary->attachments;
  case FACT_ATTACHMENT_SIZE:
    return (gint64) MIN (view->summary->attachment_bytes, (guint64) G_MAXINT64);
  case FACT_TIME_OF_DAY:
    return seconds_of_day (view) / 60;
  default:
    return (gint64) MIN (view->part->size_bytes, (guint64) G_MAXINT64); /* part-size */
  }
}

static guint64 forwarding_set (const View *view) {
  guint64 set = 0;
  const char *const *words = mugai_vocabulary_row (FACT_FORWARDING)->words;
  for (char **name = view->envelope->forwarding; name && *name; name++)
    for (guint i = 0; words[i]; i++)
      if (strcmp (words[i], *name) == 0)
        set |= MUGAI_BIT (i);
  return set;
}

static guint64 read_set (MugaiFact fact, const View *view) {
  switch (fact) {
  case FACT_DIRECTION:
    return MUGAI_BIT (view->direction);
  case FACT_WEEKDAY:
    return MUGAI_BIT (weekday (view));
  case FACT_FORWARDING:
    return forwarding_set (view);
  case FACT_ODDITIES:
    return view->facts->oddities;
  case FACT_SCANS:
    return view->summary->scans;
  case FACT_FLAGS:
    return view->summary->flags;
  case FACT_PART_ROLE:
    return MUGAI_BIT (view->part->role);
  case FACT_PART_SCAN:
    return MUGAI_BIT (view->part->scan);
  default: /* part-flags */
    return view->part->flags;
  }
}

const char *fact_text (MugaiFact fact, const View *view) {
  switch (fact) {
  case FACT_CLIENT:
    return view->envelope->client;
  case FACT_ORGANISATION:
    return view->branch ? ((const Branch *) g_ptr_array_index (view->policy->branches, view->branch - 1))->id : "";
  case FACT_HELO:
    return view->envelope->helo;
  case FACT_AUTH:
    return view->envelope->auth;
  case FACT_FROM:
    return view->envelope->from;
  case FACT_RECIPIENT:
    return view->recipient ? view->recipient->address : NULL;
  case FACT_SUBJECT:
    return view->facts->subject;
  case FACT_MESSAGE_ID:
    return view->facts->message_id;
  case FACT_FROM_NAME:
    return view->facts->from_name;
  case FACT_FROM_HEADER:
    return view->facts->from_address;
  case FACT_PART_PATH:
    return view->part->path;
  case FACT_PART_DECLARED:
    return view->part->declared;
  case FACT_PART_TYPE:
    return view->part->detected;
  case FACT_PART_SHA256:
    return view->part->sha256;
  case FACT_PART_SIGNATURE:
    return view->part->signature;
  default:
    return NULL;
  }
}

static gboolean first_of (char **texts, const View *view, const Matcher *matcher, const char **ret_text) {
  for (; texts && *texts; texts++)
    if (matcher_matches (matcher, *texts, view->cache)) {
      *ret_text = *texts;
      return TRUE;
    }
  return FALSE;
}

static gboolean first_header (const View *view, const Matcher *matcher, const char **ret_text) {
  for (guint i = 0; i < view->facts->headers->len; i++) {
    const MugaiHeaderFact *header = g_ptr_array_index (view->facts->headers, i);
    if (matcher_matches_header (matcher, header, view->cache)) {
      *ret_text = header->name;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean first_host (const View *view, const Matcher *matcher, const char **ret_text) {
  for (guint i = 0; i < view->facts->links->len; i++) {
    const MugaiLinkFact *link = g_ptr_array_index (view->facts->links, i);
    if (matcher_matches (matcher, link->host, view->cache)) {
      *ret_text = link->host;
      return TRUE;
    }
  }
  return FALSE;
}

/* Did a relay of ours write this Authentication-Results (RFC 8601 2.2: its authserv-id comes first)? */
static gboolean is_trusted_result (const MugaiPolicy *policy, const char *value) {
  gsize length = strcspn (value, "; \t");
  g_autofree char *first = g_strndup (value, length);
  g_autofree char *id = domain_fold (first);
  for (char **trusted = policy->trusted_relays; *trusted; trusted++)
    if (strcmp (id, *trusted) == 0)
      return TRUE;
  return FALSE;
}

/* "spf=fail (words) smtp.mailfrom=x" to "spf=fail"; the whole is an array of those. */
static char **split_results (const char *value) {
  char **results = g_strsplit (value, ";", 64);
  for (char **one = results; *one; one++) {
    g_strstrip (*one);
    (*one)[strcspn (*one, " \t(")] = '\0';
  }
  return results;
}

static gboolean first_result (const View *view, const Matcher *matcher, const char **ret_text) {
  for (guint i = 0; i < view->facts->headers->len; i++) {
    const MugaiHeaderFact *header = g_ptr_array_index (view->facts->headers, i);
    if (strcmp (header->name, "authentication-results") != 0 || !is_trusted_result (view->policy, header->value))
      continue;
    g_auto (GStrv) results = split_results (header->value);
    for (char **one = results[0] ? results + 1 : results; *one; one++)
      if (matcher_matches (matcher, *one, NULL)) {
        *ret_text = header->value;
        return TRUE;
      }
  }
  return FALSE;
}

/* The first text of the fact that @matcher knows. */
static gboolean find_text (MugaiFact fact, const View *view, const Matcher *matcher, const char **ret_text) {
  switch (fact) {
  case FACT_SHOWN_ADDRESS:
    return first_of (view->facts->shown_addresses, view, matcher, ret_text);
  case FACT_PART_NAME:
    return first_of (view->part->names, view, matcher, ret_text);
  case FACT_HEADER:
    return first_header (view, matcher, ret_text);
  case FACT_LINK_HOST:
    return first_host (view, matcher, ret_text);
  case FACT_AUTH_RESULTS:
    return first_result (view, matcher, ret_text);
  default:
    *ret_text = fact_text (fact, view);
    return matcher_matches (matcher, *ret_text, view->cache);
  }
}

/* While no recipient is known the mail may be for the body with the largest limit. */
static guint64 size_limit (const View *view) {
  guint64 limit = branch_max_size (view->policy, view->branch, view->direction);
  for (guint i = 0; !view->facts && !view->recipient && i < view->policy->branches->len; i++)
    limit = MAX (limit, branch_max_size (view->policy, i + 1, view->direction));
  return limit;
}

/* ---- conditions ---- */

static gboolean number_holds (const Condition *condition, const View *view) {
  gint64 value = read_number (condition->fact, view);
  if (condition->above_limit)
    return (guint64) value > size_limit (view);
  if (condition->fact == FACT_TIME_OF_DAY && condition->above >= condition->below) /* spans midnight */
    return value > condition->above || value < condition->below;
  return value > condition->above && value < condition->below;
}

static gboolean fact_holds (const Condition *condition, const View *view) {
  const FactRow *row = mugai_vocabulary_row (condition->fact);
  const char *text;
  switch (row->type) {
  case MUGAI_FACT_BOOLEAN:
    return read_boolean (condition->fact, view) == condition->flag;
  case MUGAI_FACT_NUMBER:
  case MUGAI_FACT_SIZE:
  case MUGAI_FACT_AGE:
  case MUGAI_FACT_CLOCK:
    return number_holds (condition, view);
  case MUGAI_FACT_WORD:
  case MUGAI_FACT_WORDS:
    return (read_set (condition->fact, view) & condition->set) != 0;
  default:
    return find_text (condition->fact, view, condition->matcher, &text);
  }
}

gboolean condition_holds (const Condition *condition, const View *view) {
  if (!condition)
    return TRUE;
  if (condition->kind == CONDITION_FACT)
    return fact_holds (condition, view);
  if (condition->kind == CONDITION_NOT)
    return !condition_holds (g_ptr_array_index (condition->children, 0), view);
  for (guint i = 0; i < condition->by_cost->len; i++)
    if (condition_holds (g_ptr_array_index (condition->by_cost, i), view) == (condition->kind == CONDITION_ANY))
      return condition->kind == CONDITION_ANY;
  return condition->kind == CONDITION_ALL;
}

/* ---- because ---- */

static void append_set (GString *text, guint64 set, const char *const *words) {
  const char *between = " = ";
  for (guint i = 0; words[i]; i++)
    if (set & MUGAI_BIT (i)) {
      g_string_append_printf (text, "%s%s", between, words[i]);
      between = ", ";
    }
}

static void append_number (GString *text, const Condition *condition, const View *view) {
  gint64 value = read_number (condition->fact, view);
  const char *unit = mugai_vocabulary_row (condition->fact)->type == MUGAI_FACT_SIZE ? " bytes" : "";
  if (condition->fact == FACT_TIME_OF_DAY) {
    g_string_append_printf (text, " = %02d:%02d", (int) (value / 60), (int) (value % 60));
    return;
  }
  g_string_append_printf (text, " = %" G_GINT64_FORMAT "%s", value, unit);
  if (condition->above_limit)
    g_string_append_printf (text, ", limit %" G_GUINT64_FORMAT " bytes", size_limit (view));
}

static void append_fact (GString *text, const Condition *condition, const View *view) {
  const FactRow *row = mugai_vocabulary_row (condition->fact);
  const char *seen = "";
  g_string_append_printf (text, "%s%s", text->len ? "; " : "", row->name);
  switch (row->type) {
  case MUGAI_FACT_BOOLEAN:
    g_string_append (text, condition->flag ? " = true" : " = false");
    break;
  case MUGAI_FACT_NUMBER:
  case MUGAI_FACT_SIZE:
  case MUGAI_FACT_AGE:
  case MUGAI_FACT_CLOCK:
    append_number (text, condition, view);
    break;
  case MUGAI_FACT_WORD:
  case MUGAI_FACT_WORDS:
    append_set (text, read_set (condition->fact, view) & condition->set, row->words);
    break;
  default:
    (void) find_text (condition->fact, view, condition->matcher, &seen);
    g_string_append_printf (text, " = %s", seen);
  }
}

/* Only what holds and is not under a "not": that is what was seen. */
static void collect (GString *text, const Condition *condition, const View *view) {
  if (condition->kind == CONDITION_NOT || text->len > MAX_BECAUSE_BYTES || !condition_holds (condition, view))
    return;
  if (condition->kind == CONDITION_FACT) {
    append_fact (text, condition, view);
    return;
  }
  for (guint i = 0; i < condition->children->len; i++)
    collect (text, g_ptr_array_index (condition->children, i), view);
}

char *condition_because (const Condition *condition, const View *view) {
  g_autoptr (GString) text = g_string_new (NULL);
  if (condition)
    collect (text, condition, view);
  return mugai_unicode_make_safe (text->str, (gssize) text->len, MAX_BECAUSE_BYTES);
}

/* ---- seen ---- */

static void append_texts (GString *text, char **texts) {
  for (guint i = 0; texts && texts[i] && text->len < MAX_BECAUSE_BYTES; i++)
    g_string_append_printf (text, "%s%s", i ? ", " : "", texts[i]);
}

static void append_headers (GString *text, const View *view, gboolean results_only) {
  for (guint i = 0; i < view->facts->headers->len && text->len < MAX_BECAUSE_BYTES; i++) {
    const MugaiHeaderFact *header = g_ptr_array_index (view->facts->headers, i);
    gboolean is_result = strcmp (header->name, "authentication-results") == 0;
    if (!results_only || (is_result && is_trusted_result (view->policy, header->value)))
      g_string_append_printf (text, "%s%s", text->len ? ", " : "", results_only ? header->value : header->name);
  }
}

static void append_hosts (GString *text, const View *view) {
  for (guint i = 0; i < view->facts->links->len && text->len < MAX_BECAUSE_BYTES; i++)
    g_string_append_printf (text, "%s%s", i ? ", " : "",
                            ((const MugaiLinkFact *) g_ptr_array_index (view->facts->links, i))->host);
}

static void append_seen_text (GString *text, MugaiFact fact, const View *view) {
  const char *one = fact_text (fact, view);
  if (fact == FACT_SHOWN_ADDRESS)
    append_texts (text, view->facts->shown_addresses);
  else if (fact == FACT_PART_NAME)
    append_texts (text, view->part->names);
  else if (fact == FACT_HEADER || fact == FACT_AUTH_RESULTS)
    append_headers (text, view, fact == FACT_AUTH_RESULTS);
  else if (fact == FACT_LINK_HOST)
    append_hosts (text, view);
  else
    g_string_append (text, one ? one : "");
}

char *condition_seen (const Condition *condition, const View *view) {
  const FactRow *row = mugai_vocabulary_row (condition->fact);
  g_autoptr (GString) text = g_string_new (NULL);
  const char *start = " = ";
  switch (row->type) {
  case MUGAI_FACT_BOOLEAN:
    g_string_append (text, read_boolean (condition->fact, view) ? "true" : "false");
    break;
  case MUGAI_FACT_NUMBER:
  case MUGAI_FACT_SIZE:
  case MUGAI_FACT_AGE:
  case MUGAI_FACT_CLOCK:
    append_number (text, condition, view);
    break;
  case MUGAI_FACT_WORD:
  case MUGAI_FACT_WORDS:
    append_set (text, read_set (condition->fact, view), row->words);
    break;
  default:
    append_seen_text (text, condition->fact, view);
  }
  const char *bare = g_str_has_prefix (text->str, start) ? text->str + strlen (start) : text->str;
  return mugai_unicode_make_safe (bare, -1, MAX_BECAUSE_BYTES);
}
