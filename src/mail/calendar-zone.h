/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/calendar-zone: the time zones that a calendar brings along (VTIMEZONE, RFC 5545 3.6.5), with summer time.
 *
 * The sender's own rules are taken, as no zone data can be reached in the sandbox; a zone with a rule that is not understood has no
 * offset, never a wrong one. One table, one thread.
 */
#pragma once

#include "mugai/mail/calendar.h"

#define CALENDAR_MAX_OBSERVANCES 200u /* of one zone; a full history since 1900 has about 100 */

typedef struct CalendarZones CalendarZones;

/** calendar_zones_read: (transfer full): every zone in @text, at most MUGAI_CALENDAR_MAX_ZONES. */
CalendarZones *calendar_zones_read (const char *text, gsize length_bytes);
void calendar_zones_free (CalendarZones *zones);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CalendarZones, calendar_zones_free)

/** calendar_zones_resolve: sets the offset of @time from its zone's name, where that is known. */
void calendar_zones_resolve (const CalendarZones *zones, MugaiEventTime *time);
