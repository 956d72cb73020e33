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
