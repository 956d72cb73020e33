/* SPDX-License-Identifier: GPL-2.0-only
 *
 * setup: beginning and end of the master: see master.h.
 */
#pragma once

#include "master.h"

/** setup_init: steals @config. */
void setup_init (Master *master, MugaiConfig *config);
/** setup_open: users, folders, sockets, signals; in this order, so that a mistake leaves nothing open to the MTA. */
gboolean setup_open (Master *master, GError **error);
void setup_close (Master *master);
