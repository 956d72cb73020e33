/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/limits: the reader's limits with defaults filled in. The figures and their reasons stand in mugai/mail/mail.h.
 *
 * Pure; any thread.
 */
#pragma once

#include "mugai/mail/mail.h"

/** mugai_mail_limits_resolve: @limits (nullable) with each 0 replaced by its default. */
MugaiMailLimits mugai_mail_limits_resolve (const MugaiMailLimits *limits);
