/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Reads organisations under the same roof: council, board of education, hospital. Each has its domains, and may have its
 * own ceilings, limits, reviewers and rules; its rules are asked before those for everybody. Any thread.
 */
#include "loader.h"

#include <string.h>

typedef struct {
  Branch *branch;
  const MugaiYamlNode *rules;
} BranchTarget;

void branch_free (Branch *branch) {
  if (!branch)
    return;
  g_free (branch->id);
  g_free (branch->name);
  g_strfreev (branch->domains);
  g_free (branch->reviewers);
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++) {
    g_free (branch->ceilings[i].said.clause);
    g_free (branch->ceilings[i].said.ja);
    g_free (branch->ceilings[i].said.en);
  }
  g_free (branch);
}

static void read_branch_id (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  claim_id (loader, node, &((BranchTarget *) target)->branch->id);
}

static void read_branch_name (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((BranchTarget *) target)->branch->name);
}

static void read_branch_domains (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  Branch *branch = ((BranchTarget *) target)->branch;
  g_strfreev (branch->domains);
  branch->domains = read_domain_list (loader, node);
}

static void read_branch_reviewers (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  BranchTarget *branch = target;
  if (value_address (loader, node, &branch->branch->reviewers) && is_foreign_address (loader, node->text))
    mugai_yaml_problem_at (&loader->problems, node,
                           "%s は自組織のアドレスでなければなりません（通知を庁外に送らないため）。",
                           "%s has to be an address of ours: notices never leave the house", "reviewers");
}

static void read_branch_rules (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) loader;
  ((BranchTarget *) target)->rules = node;
}

#define CEILING_READER(c, n)                                                                                           \
  static void read_ceiling_##c (Loader *loader, const MugaiYamlNode *node, gpointer target) {                          \
    Branch *branch = target;                                                                                           \
    branch->has_ceiling[MUGAI_DIRECTION_##c] = TRUE;                                                                   \
    read_ceiling_row (loader, node, &branch->ceilings[MUGAI_DIRECTION_##c]);                                           \
  }                                                                                                                    \
  static void read_limit_##c (Loader *loader, const MugaiYamlNode *node, gpointer target) {                            \
    read_size_limit (loader, node, &((Branch *) target)->max_size[MUGAI_DIRECTION_##c]);                               \
  }
CEILING_READER (INBOUND, "inbound")
CEILING_READER (OUTBOUND, "outbound")
CEILING_READER (INTERNAL, "internal")

static void read_branch_ceilings (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const Key keys[] = { { "inbound", FALSE, read_ceiling_INBOUND },
                              { "outbound", FALSE, read_ceiling_OUTBOUND },
                              { "internal", FALSE, read_ceiling_INTERNAL },
                              { NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, ((BranchTarget *) target)->branch);
}

static void read_branch_limits (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const Key keys[] = { { "inbound", FALSE, read_limit_INBOUND },
                              { "outbound", FALSE, read_limit_OUTBOUND },
                              { "internal", FALSE, read_limit_INTERNAL },
                              { NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, ((BranchTarget *) target)->branch);
}

static void fill_text (char **text) {
  if (!*text)
    *text = g_strdup ("");
}

static void fill_branch (Branch *branch) {
  fill_text (&branch->id);
  fill_text (&branch->name);
  fill_text (&branch->reviewers);
  if (!branch->domains)
    branch->domains = g_new0 (char *, 1);
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++) {
    fill_text (&branch->ceilings[i].said.clause);
    fill_text (&branch->ceilings[i].said.ja);
    fill_text (&branch->ceilings[i].said.en);
  }
}

/* Its mail is ours: a domain of a branch that the organisation does not list would be a stranger's. */
static void check_domains (Loader *loader, const MugaiYamlNode *node, const Branch *branch) {
  for (char **domain = branch->domains; *domain; domain++) {
    g_autofree char *address = g_strconcat ("x@", (*domain)[0] == '.' ? "x" : "", *domain, NULL);
    if (is_foreign_address (loader, address))
      mugai_yaml_problem_at (&loader->problems, node,
                             "「%s」が organisation の domains にありません。そこにも書いてください。",
                             "\"%s\" is not among the domains of organisation: list it there too", *domain);
  }
}

static void read_branch (Loader *loader, const MugaiYamlNode *node) {
  static const Key keys[] = { { "id", TRUE, read_branch_id },
                              { "name", TRUE, read_branch_name },
                              { "domains", TRUE, read_branch_domains },
                              { "reviewers", FALSE, read_branch_reviewers },
                              { "ceilings", FALSE, read_branch_ceilings },
                              { "limits", FALSE, read_branch_limits },
                              { "rules", FALSE, read_branch_rules },
                              { NULL, FALSE, NULL } };
  Branch *branch = g_new0 (Branch, 1);
  BranchTarget target = { .branch = branch };
  (void) read_mapping (loader, node, keys, &target);
  fill_branch (branch);
  g_ptr_array_add (loader->policy->branches, branch);
  const MugaiYamlNode *domains = mugai_yaml_value (node, "domains");
  if (domains)
    check_domains (loader, domains, branch);
  loader->branch = loader->policy->branches->len;
  if (target.rules)
    read_rules (loader, target.rules, loader->policy);
  loader->branch = 0;
}

void read_branches (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) target;
  if (!expect_list (loader, node))
    return;
  for (guint i = 0; i < node->values->len && i < MAX_BRANCHES; i++)
    read_branch (loader, g_ptr_array_index (node->values, i));
  if (node->values->len > MAX_BRANCHES)
    mugai_yaml_problem_at (&loader->problems, node, "組織が多すぎます（%u個まで）。",
                           "too many organisations (at most %u)", MAX_BRANCHES);
}
