/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What a policy is in memory, after loading: plain data, immutable. load.c builds it, decide.c judges by it.
 *
 * Conditions are compiled: an enum is a bit, a list of names or addresses a hash table with a few globs beside it,
 * so that a rule costs next to nothing however long its groups are.
 */
#pragma once

#include "mugai/policy.h"
#include "mugai/policy/tools.h"
#include "vocabulary.h"

/* Limits on what a policy file may ask for; beyond them it is an error with a position. */
#define MAX_CONDITION_DEPTH 8u /* all/any/not inside each other: nobody reads more aloud */
#define MAX_FILES 64u          /* a policy and its includes */
#define MAX_BRANCHES 64u
#define MAX_DELAY_S (24 * 3600) /* longer, and a sender believes that the mail is gone */
#define MAX_EMERGENCY_HOURS 72  /* then somebody has to have approved */
#define ENDS_SOON_DAYS 14       /* check warns so long before an exception ends */
#define ENDS_LATE_DAYS 400      /* ... and of an end beyond: a fiscal year and a month's room */
#define MAX_REPLY_BYTES 200u    /* text of an SMTP reply: one line of RFC 5321 is 512 with codes */
#define MAX_BECAUSE_BYTES 600u  /* of one reason */

/* A compiled list of texts: exact ones by hash, the rest one by one. */
typedef struct {
  MugaiFactType type;
  GHashTable *exact;   /* folded text, or domain, or user@domain */
  const char *only;    /* the one member of exact, when it has but one: compared without a hash */
  GHashTable *below;   /* domains written ".domain": all that is below */
  GPtrArray *globs;    /* of char*: folded, with * or ? */
  GPtrArray *networks; /* of Network */
  GPtrArray *groups;   /* of Matcher (transfer none): groups compiled once, however many rules name them */
} Matcher;

typedef struct {
  guint8 address[16]; /* v4 is v4-mapped */
  guint prefix;       /* bits, of 128 */
} Network;

typedef enum { CONDITION_ALL, CONDITION_ANY, CONDITION_NOT, CONDITION_FACT } ConditionKind;

typedef struct {
  ConditionKind kind;
  GPtrArray *children; /* of Condition: for all, any, not (one) */
  GPtrArray *by_cost;  /* the same (transfer none), those first that cost least to ask */
  MugaiFact fact;
  gboolean flag;        /* a boolean's wanted value */
  guint64 set;          /* wanted members of a set or enum */
  gint64 above, below;  /* number: above < value < below */
  gboolean above_limit; /* number: above the size limit of the direction */
  Matcher *matcher;     /* texts */
  GPtrArray *written;   /* of char*: what the file says it is compared with, for people; NULL: nothing to say */
} Condition;

typedef enum {
  VERB_DELIVER,
  VERB_HOLD,
  VERB_REFUSE,
  VERB_TEMPFAIL,
  VERB_KEEP,
  VERB_TEXT,
  VERB_REMOVE,
  VERB_APPROVE,  /* hold until somebody other than the sender approves */
  VERB_DELAY,    /* hold for a time in which the sender may recall it */
  VERB_CONTINUE, /* only tag, header or recipient: the next rules are asked too */
  N_VERBS
} Verb;

typedef struct {
  char *id, *clause, *ja, *en;
} Sentence;

typedef struct {
  /* asked first, for every rule and part: without them @when need not be looked at */
  guint32 directions, scans; /* sets of MugaiDirection and, on a part, MugaiScan with which it may hold */
  guint branch;              /* index of its branch + 1; 0: for all mail */
  gint64 until_us;           /* the first moment at which it no longer holds; 0: no end */
  Condition *when;           /* NULL: always */
  Sentence said;
  gboolean on_part;
  gboolean monitor;
  guint stages;           /* MUGAI_STAGE_* at which every fact of @when is known */
  gboolean names_scan;    /* @when speaks of part-scan: only such a rule may keep what is not clean */
  gboolean per_recipient; /* @when speaks of the single recipient */
  Verb verb;
  guint code; /* 5xx, 4xx */
  char *enhanced;
  char *text; /* ASCII; {limit} is the size limit of the direction */
  char *subject_tag;
  GPtrArray *add_headers; /* of MugaiHeaderFact */
  char **add_recipients;  /* addresses of ours; NULL: none */
  char **approvers;       /* addresses of ours who may approve; NULL: every approver */
  gint64 delay_s;
  gboolean drop_recipient;
  GPtrArray *exceptions; /* of Exception, not owned */
  const char *file;      /* of the policy's source files; where it stands */
  guint line;
} Rule;

typedef struct {
  char *id, *rule, *reason, *approved_by, *requested_by;
  gint64 since_us;    /* holds from then on; 0: always did */
  gint64 until_us;    /* the first moment at which it no longer holds */
  gboolean emergency; /* by one person, at most MAX_EMERGENCY_HOURS; open until reported and approved */
  Condition *scope;   /* never NULL */
  guint stages;
  gboolean per_recipient;
  gboolean raises; /* rule is "ceiling" */
  MugaiCeiling ceiling;
  Condition *parts; /* with raises: the parts that may be kept; NULL under untouched */
  gboolean names_scan;
  guint line;
} Exception;

typedef struct {
  MugaiCeiling level;
  Sentence said;
} CeilingRow;

/* A body of its own under the same roof: council, board of education, hospital. What it does not set is the whole's. */
typedef struct {
  char *id, *name;
  char **domains;  /* as the organisation's */
  char *reviewers; /* "": the whole's */
  gboolean has_ceiling[MUGAI_N_DIRECTIONS];
  CeilingRow ceilings[MUGAI_N_DIRECTIONS];
  guint64 max_size[MUGAI_N_DIRECTIONS]; /* 0: the whole's */
} Branch;

typedef MugaiPolicyFile SourceFile;

typedef struct {
  char *name;
  GPtrArray *items; /* of char*, as written */
} NamedGroup;

#define NOTICE_TEXTS 2 /* ja, en */

struct MugaiPolicy {
  int references; /* atomic */
  char *name;
  char *version;
  GBytes *bundle; /* with the shadow, when there is one */
  GBytes *own_bundle;
  MugaiOrganisation organisation;
  gint32 utc_offset_s; /* of the organisation: office hours and end dates */
  CeilingRow ceilings[MUGAI_N_DIRECTIONS];
  guint64 max_size[MUGAI_N_DIRECTIONS];
  MugaiRateLimit rates[MUGAI_N_DIRECTIONS][MUGAI_N_RATE_SUBJECTS];
  GPtrArray *message_rules; /* of Rule, in order */
  GPtrArray *part_rules;
  struct Sieve *message_sieve, *part_sieve; /* over those two: sieve.h */
  GPtrArray *exceptions;                    /* of Exception */
  MugaiAction failures[MUGAI_N_FAILURES];
  gint64 stale_after_s;
  char *notices[MUGAI_N_NOTICE_TEXTS][NOTICE_TEXTS];
  GPtrArray *branches;          /* of Branch */
  char **trusted_relays;        /* authserv-ids whose Authentication-Results count; never NULL */
  GPtrArray *groups;            /* of NamedGroup, for people only */
  GPtrArray *group_matchers;    /* of Matcher: the groups as conditions use them */
  GPtrArray *file_names;        /* of char*, owner of Rule.file */
  MugaiPolicy *shadow;          /* decides too, under "would"; NULL: none */
  gboolean parts_ask_recipient; /* a part rule or an exception to one looks at the single recipient */
};

void condition_free (Condition *condition);
void matcher_free (Matcher *matcher);
void rule_free (Rule *rule);
void exception_free (Exception *exception);
void branch_free (Branch *branch);
void named_group_free (NamedGroup *group);
/** branch_of: the branch of a mail for @recipient (NULL: none in hand), as index + 1; 0: none. */
guint branch_of (const MugaiPolicy *policy, const MugaiEnvelope *envelope, MugaiDirection direction,
                 const char *recipient);
const CeilingRow *branch_ceiling (const MugaiPolicy *policy, guint branch, MugaiDirection direction);
guint64 branch_max_size (const MugaiPolicy *policy, guint branch, MugaiDirection direction);
const char *verb_name (Verb verb);
void source_file_free (SourceFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Condition, condition_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rule, rule_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Exception, exception_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiPartDecision, mugai_part_decision_free) /* the face defines none */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Matcher, matcher_free)
