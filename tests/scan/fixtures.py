# SPDX-License-Identifier: GPL-2.0-only
"""All fixtures: by what they are about. Every group yields hostile ones and their benign twins."""
import fixtures_active
import fixtures_archives
import fixtures_found
import fixtures_names
import fixtures_types


def every(eicar):
    for group in (fixtures_types, fixtures_names, fixtures_active, fixtures_archives, fixtures_found):
        for fixture in group.every(eicar):
            if fixture.data is not None:  # None: the tool that makes it is not installed
                yield fixture
