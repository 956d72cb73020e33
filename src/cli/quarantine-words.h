/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine-words: what is kept and done, in words for a reviewer, who need not know what a media type or a rule's name is.
 */
#pragma once

#include "mugai/quarantine.h"
#include "mugai/base/json.h"

/* (transfer none) each: of the names in records, rows and acts. */
const char *mugai_cli_words_state (const char *state);
const char *mugai_cli_words_direction (const char *direction);
/** mugai_cli_words_mail_action: of a mail or a recipient of it: "hold". */
const char *mugai_cli_words_mail_action (const char *action);
const char *mugai_cli_words_part_action (const char *action);
const char *mugai_cli_words_scan (const char *scan);
const char *mugai_cli_words_class (const char *item_class);
/** mugai_cli_words_act_kind: "release-request". */
const char *mugai_cli_words_act_kind (const char *kind);
/** mugai_cli_words_roles: (transfer full): of "reviewer,approver". */
char *mugai_cli_words_roles (const char *roles);
/** mugai_cli_words_person: (transfer full): who "uid:1001:hana" is. */
char *mugai_cli_words_person (const char *actor);
/** mugai_cli_words_why: (transfer full): why a mail was kept, from its worst part, what was done with it, and the rule. */
char *mugai_cli_words_why (const char *scan, const char *action, const char *state, const char *rule);
/** mugai_cli_words_flags: (transfer full): what is odd about a part: "実行形式、名前と中身が違う". */
char *mugai_cli_words_flags (json_t *flags);
