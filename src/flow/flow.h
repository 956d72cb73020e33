/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the files of flow share.
 */
#pragma once

#include "mugai/flow.h"

/** flow_domain_is_ours: one domain, in any way of writing it. */
gboolean flow_domain_is_ours (const MugaiOrganisation *organisation, const char *domain);
/** flow_address_strip: (transfer full): without blanks around it and without <>; "" for NULL. */
char *flow_address_strip (const char *address);
/** flow_sender_is_srs: the whole form of SRS0, SRS1 or Exchange Online's +SRS=. */
gboolean flow_sender_is_srs (const char *sender);
/** flow_sender_is_caf: the whole form of Gmail's +caf_=local=domain. */
gboolean flow_sender_is_caf (const char *sender);
