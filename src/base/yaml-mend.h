/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/yaml: mending of a file that is no YAML; for yaml.c alone.
 */
#pragma once

#include "mugai/base/yaml.h"

/** mugai_yaml_mend: tabs and full-width blanks, hyphens and colons in @lines (as many as @file has) as they were meant, each reported. */
void mugai_yaml_mend (const MugaiYamlFile *file, char **lines, MugaiYamlProblems *problems);
