/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/facts: the plain data that the three steps hand to each other.
 *
 *     facts = inspect (message)   decision = decide (facts, envelope, policy)   mail = rebuild (message, decision)
 *
 * Facts come from a sandboxed worker that may be the enemy's: the front reads them with mugai_facts_from_json (),
 * which checks every type, bound and list. Nothing here knows how facts are found or judged. Values are
 * immutable once handed over; any thread.
 */
#pragma once

#include <glib.h>
#include "mugai/base/json.h"

/* ---- closed lists: each name is what records, policies and notices write ---- */

#define MUGAI_FLAGS(X)                                                                                                 \
  X (TYPE_MISMATCH, "type-mismatch")                                                                                   \
  X (DOUBLE_EXTENSION, "double-extension")                                                                             \
  X (BIDI_NAME, "bidi-name")                                                                                           \
  X (NAME_CONFLICT, "name-conflict")                                                                                   \
  X (EXECUTABLE, "executable")                                                                                         \
  X (SCRIPT, "script")                                                                                                 \
  X (MACRO, "macro")                                                                                                   \
  X (EMBEDDED_OBJECT, "embedded-object")                                                                               \
  X (ACTIVE_CONTENT, "active-content")                                                                                 \
  X (EXTERNAL_REFERENCE, "external-reference")                                                                         \
  X (ENCRYPTED, "encrypted")                                                                                           \
  X (BOMB, "bomb")                                                                                                     \
  X (TOO_DEEP, "too-deep")                                                                                             \
  X (MALFORMED, "malformed")                                                                                           \
  X (AMBIGUOUS, "ambiguous")                                                                                           \
  X (UNSUPPORTED_FORMAT, "unsupported-format")                                                                         \
  X (UNSEEN_BY_SCANNER, "unseen-by-scanner")

/* Oddities of a message. Those that make it ambiguous (readers can differ) are marked in mugai_oddity_is_ambiguous (). */
#define MUGAI_ODDITIES(X)                                                                                              \
  X (HEADER_LIMIT, "header-limit")             /* bytes, count or length of a header field over its limit */           \
  X (NESTING_LIMIT, "nesting-limit")           /* parts nested deeper than the limit */                                \
  X (PART_LIMIT, "part-limit")                 /* more parts than the limit */                                         \
  X (DECODED_LIMIT, "decoded-limit")           /* decoded content over the limit */                                    \
  X (DUPLICATE_HEADER, "duplicate-header")     /* a second Content-*, MIME-Version, From, Subject, Date ... */         \
  X (BAD_HEADER, "bad-header")                 /* a header line that is none, blank before colon, bad name */          \
  X (BAD_PARAMETER, "bad-parameter")           /* Content-Type or -Disposition with broken syntax */                   \
  X (BAD_BOUNDARY, "bad-boundary")             /* missing, doubled, encoded, over 70 characters, odd characters */     \
  X (UNCLOSED_MULTIPART, "unclosed-multipart") /* no closing delimiter */                                              \
  X (HIDDEN_TEXT_IN_MULTIPART, "hidden-in-multipart") /* preamble or epilogue with content */                          \
  X (BAD_BASE64, "bad-base64")                        /* data after padding, junk, wrong length */                     \
  X (BAD_QUOTED_PRINTABLE, "bad-quoted-printable")                                                                     \
  X (UNKNOWN_ENCODING, "unknown-encoding")   /* Content-Transfer-Encoding that RFC 2045 does not know */               \
  X (ENCODED_CONTAINER, "encoded-container") /* multipart or message/rfc822 in base64 or quoted-printable */           \
  X (IN_BODY_ENCODING, "in-body-encoding")   /* uuencode, yEnc, BinHex, MIME or base64 blob inside a text body */      \
  X (BARE_CR_LF, "bare-cr-lf")                                                                                         \
  X (NUL, "nul")                                                                                                       \
  X (RAW_8BIT_HEADER, "raw-8bit-header")                                                                               \
  X (HEADER_CONTROL, "header-control") /* controls, CR or LF out of an encoded word */                                 \
  X (REFUSED_CHARSET, "refused-charset")                                                                               \
  X (CHARSET_GUESSED, "charset-guessed")                                                                               \
  X (CHARSET_REPAIRED, "charset-repaired")                                                                             \
  X (PARTIAL, "partial") /* message/partial */                                                                         \
  X (EXTERNAL_BODY, "external-body")                                                                                   \
  X (ENCRYPTED_MESSAGE, "encrypted-message") /* S/MIME or PGP: could not be inspected */                               \
  X (SIGNED_MESSAGE, "signed-message")                                                                                 \
  X (PARSER_DIFFERS, "parser-differs")   /* our reader and GMime or libclamav saw different parts */                   \
  X (HIDDEN_TEXT, "hidden-text")         /* HTML text that its reader would not have seen */                           \
  X (LEGS_DIFFER, "legs-differ")         /* the legs of multipart/alternative say different things */                  \
  X (LINK_MISMATCH, "link-mismatch")     /* a link shows one host and goes to another */                               \
  X (ACTIVE_HTML, "active-html")         /* script, form, frame, event handler in an HTML body */                      \
  X (LOOKS_LIKE_OURS, "looks-like-ours") /* display name imitates an address, or headers of ours are forged */         \
  X (BIDI_TEXT, "bidi-text")                                                                                           \
  X (LONG_LINE, "long-line") /* over 998 octets */                                                                     \
  X (NO_TEXT, "no-text")     /* no readable body in it */                                                              \
  X (MY_NUMBER, "my-number") /* a 12-digit individual number with its check digit, in a text or the subject */

#define MUGAI_SCANS(X) /* in the order of design: of several verdicts the first named holds */                         \
  X (INFECTED, "infected")                                                                                             \
  X (ENCRYPTED, "encrypted")                                                                                           \
  X (OVER_LIMIT, "over-limit")                                                                                         \
  X (UNPARSABLE, "unparsable")                                                                                         \
  X (NOT_SCANNED, "not-scanned")                                                                                       \
  X (CLEAN, "clean")

#define MUGAI_ROLES(X)                                                                                                 \
  X (CONTAINER, "container") /* multipart, message/rfc822, an archive whose members follow */                          \
  X (BODY, "body")           /* its text becomes body text */                                                          \
  X (ALTERNATE, "alternate") /* leg of multipart/alternative that another leg speaks for */                            \
  X (RELATED, "related")     /* inline image and the like, referred to by an HTML body */                              \
  X (ATTACHMENT, "attachment")                                                                                         \
  X (MEMBER, "member")   /* in an archive or document */                                                               \
  X (CONTROL, "control") /* signature, delivery status, TNEF wrapper: machinery, no document of its own */

#define MUGAI_ACTIONS(X) X (DELIVER, "deliver") X (HOLD, "hold") X (REFUSE, "refuse") X (TEMPFAIL, "tempfail")
#define MUGAI_PART_ACTIONS(X) X (KEEP, "keep") X (TEXT, "text") X (REPLACE, "replace") X (REMOVE, "remove")
#define MUGAI_DIRECTIONS(X) X (INBOUND, "inbound") X (OUTBOUND, "outbound") X (INTERNAL, "internal") X (RELAY, "relay")
#define MUGAI_CEILINGS(X) X (TEXT, "text") X (PARTS, "parts") X (UNTOUCHED, "untouched")

/* Evidence of auto-forwarding: what flow finds and a policy may name. */
#define MUGAI_FORWARDINGS(X)                                                                                           \
  X (AUTO_SUBMITTED, "auto-submitted")         /* Auto-Submitted: auto-forwarded */                                    \
  X (OUTSIDE_SENDER, "outside-sender-leaving") /* an outside envelope sender kept on the way out of an inside host */  \
  X (RESENT, "resent")                         /* Resent-*, and not by an authenticated person's own hand */           \
  X (X_FORWARDED, "x-forwarded")               /* X-Forwarded-To, -For (an address), -Encrypted */                     \
  X (EXCHANGE, "exchange-rule")                /* X-MS-Exchange-*: a mail box rule or mail box forwarding */           \
  X (SIEVE, "sieve")                           /* X-Sieve*: was delivered to a mail box by a filter */                 \
  X (DELIVERED_TO, "delivered-to-ours")        /* Delivered-To or X-Original-To of ours in a mail that leaves us */    \
  X (RECEIVED, "received-for-ours")            /* Received: ... for <one of ours> in a mail that leaves us */          \
  X (SRS, "srs")                               /* envelope sender SRS0= or SRS1= */                                    \
  X (CAF, "caf")                               /* envelope sender +caf_= (Gmail) */                                    \
  X (MESSAGE_ID_SEEN, "message-id-seen")       /* its Message-ID came in from outside within the last day */           \
  X (MAIL_BOX_ECHO, "mail-box-echo")           /* its mail box answers every mail it gets with one to this address */

#define MUGAI_ENUM_MEMBER_FORWARDING(c, n) MUGAI_FORWARDING_##c,
typedef enum { MUGAI_FORWARDINGS (MUGAI_ENUM_MEMBER_FORWARDING) MUGAI_N_FORWARDINGS } MugaiForwarding;

#define MUGAI_ENUM_MEMBER_FLAG(c, n) MUGAI_FLAG_##c,
#define MUGAI_ENUM_MEMBER_ODDITY(c, n) MUGAI_ODDITY_##c,
#define MUGAI_ENUM_MEMBER_SCAN(c, n) MUGAI_SCAN_##c,
#define MUGAI_ENUM_MEMBER_ROLE(c, n) MUGAI_ROLE_##c,
#define MUGAI_ENUM_MEMBER_ACTION(c, n) MUGAI_ACTION_##c,
#define MUGAI_ENUM_MEMBER_PART(c, n) MUGAI_PART_##c,
#define MUGAI_ENUM_MEMBER_DIRECTION(c, n) MUGAI_DIRECTION_##c,
#define MUGAI_ENUM_MEMBER_CEILING(c, n) MUGAI_CEILING_##c,
typedef enum { MUGAI_FLAGS (MUGAI_ENUM_MEMBER_FLAG) MUGAI_N_FLAGS } MugaiFlag;
typedef enum { MUGAI_ODDITIES (MUGAI_ENUM_MEMBER_ODDITY) MUGAI_N_ODDITIES } MugaiOddity;
typedef enum { MUGAI_SCANS (MUGAI_ENUM_MEMBER_SCAN) MUGAI_N_SCANS } MugaiScan;
typedef enum { MUGAI_ROLES (MUGAI_ENUM_MEMBER_ROLE) MUGAI_N_ROLES } MugaiRole;
typedef enum { MUGAI_ACTIONS (MUGAI_ENUM_MEMBER_ACTION) MUGAI_N_ACTIONS } MugaiAction; /* weakest first */
typedef enum { MUGAI_PART_ACTIONS (MUGAI_ENUM_MEMBER_PART) MUGAI_N_PART_ACTIONS } MugaiPartAction;
typedef enum { MUGAI_DIRECTIONS (MUGAI_ENUM_MEMBER_DIRECTION) MUGAI_N_DIRECTIONS } MugaiDirection;
typedef enum { MUGAI_CEILINGS (MUGAI_ENUM_MEMBER_CEILING) MUGAI_N_CEILINGS } MugaiCeiling; /* lowest first */

/** mugai_*_name: (transfer none): the name in the lists above; @value must be in range. */
const char *mugai_flag_name (MugaiFlag value);
const char *mugai_oddity_name (MugaiOddity value);
const char *mugai_scan_name (MugaiScan value);
const char *mugai_role_name (MugaiRole value);
const char *mugai_action_name (MugaiAction value);
const char *mugai_part_action_name (MugaiPartAction value);
const char *mugai_direction_name (MugaiDirection value);
const char *mugai_ceiling_name (MugaiCeiling value);
/** mugai_*_from_name: the value, or -1 when @name is not in the list. */
int mugai_flag_from_name (const char *name);
int mugai_oddity_from_name (const char *name);
int mugai_scan_from_name (const char *name);
int mugai_role_from_name (const char *name);
int mugai_action_from_name (const char *name);
int mugai_part_action_from_name (const char *name);
int mugai_direction_from_name (const char *name);
int mugai_ceiling_from_name (const char *name);

/** mugai_oddity_is_ambiguous: TRUE when two readers of such a message can see different things. */
gboolean mugai_oddity_is_ambiguous (MugaiOddity oddity);

#define MUGAI_BIT(value) (G_GUINT64_CONSTANT (1) << (value)) /* a set of flags or oddities is a guint64 of these */

/* ---- facts: what the message IS ---- */

#define MUGAI_FACTS_MAX_PARTS 12000u     /* 500 parts of a message and 10,000 archive members, with room */
#define MUGAI_FACTS_MAX_NAMES 16u        /* candidates of one part */
#define MUGAI_FACTS_MAX_NAME_BYTES 1024u /* 255 characters of UTF-8 and room for members' paths */
#define MUGAI_FACTS_MAX_HEADERS 200u
#define MUGAI_FACTS_MAX_HEADER_BYTES 4096u
#define MUGAI_FACTS_MAX_LINKS 1000u
#define MUGAI_FACTS_MAX_ADDRESSES 1000u /* shown in To and Cc; the count goes on above it */
#define MUGAI_FACTS_MAX_PATH_BYTES 255u /* 16 levels of parts and archives, each number up to 5 digits */
#define MUGAI_FACTS_MAX_TYPE_BYTES 255u /* RFC 6838: 127 characters each side of the slash */
#define MUGAI_FACTS_MAX_FIELD_NAME_BYTES 76u
#define MUGAI_FACTS_MAX_HOST_BYTES 1024u /* 255 characters, IDN as UTF-8 */
#define MUGAI_FACTS_MAX_SIGNATURE_BYTES 255u

typedef struct {
  char *path;         /* IMAP numbering, "/3" for a member of an archive: "1", "2.1", "2.1/3" */
  char *declared;     /* media type as declared, lower case, safe */
  char *detected;     /* media type by content */
  char **names;       /* every candidate, decoded and safe, most credible first; never NULL, may be empty */
  guint64 size_bytes; /* of decoded content */
  char *sha256;       /* of decoded content, hexadecimal */
  MugaiRole role;
  MugaiScan scan;
  char *signature; /* what ClamAV called it; NULL when it found nothing */
  guint64 flags;   /* set of MugaiFlag */
} MugaiPart;

typedef struct {
  char *name;  /* lower case */
  char *value; /* decoded, safe, at most MUGAI_FACTS_MAX_HEADER_BYTES */
} MugaiHeaderFact;

typedef struct {
  char *host;
  char *shown_host; /* or NULL */
  gboolean mismatch;
} MugaiLinkFact;

typedef struct {
  char *subject;    /* decoded, safe; "" when none */
  char *message_id; /* "" when none */
  char *from_name;  /* of the first From address */
  char *from_address;
  char **shown_addresses;   /* addr-specs of To and Cc, at most MUGAI_FACTS_MAX_ADDRESSES */
  GPtrArray *headers;       /* of MugaiHeaderFact: the closed list in mail/mail.h, for flow and policy, in order */
  guint dropped_headers;    /* fields that the writer will not write again */
  guint64 oddities;         /* set of MugaiOddity */
  GPtrArray *parts;         /* of MugaiPart: all leaves and containers, in reading order */
  GPtrArray *links;         /* of MugaiLinkFact */
  char *signatures_version; /* NULL: nothing was scanned */
} MugaiFacts;

MugaiFacts *mugai_facts_new (void);
void mugai_facts_free (MugaiFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiFacts, mugai_facts_free)
MugaiPart *mugai_part_new (void);
void mugai_part_free (MugaiPart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiPart, mugai_part_free)
void mugai_header_fact_free (MugaiHeaderFact *header);
void mugai_link_fact_free (MugaiLinkFact *link);

/** mugai_facts_to_json: (transfer full): every field under its own name. */
json_t *mugai_facts_to_json (const MugaiFacts *facts);
/** mugai_facts_from_json: (transfer full): NULL and MUGAI_JSON_ERROR_SHAPE on anything not as above: from an enemy. A sender's texts
 * are made safe and cut to their limits once more; paths, digests, numbers, names of lists and missing or further members are refused. */
MugaiFacts *mugai_facts_from_json (json_t *json, GError **error);

/* ---- envelope: what the MTA and the flow say; never from the worker ---- */

typedef struct {
  char *address;            /* as given in RCPT, without <>; safe */
  MugaiDirection direction; /* of this recipient */
  gboolean inside;          /* is one of ours */
} MugaiRecipient;

/* Whose mail is counted. */
typedef enum {
  MUGAI_RATE_SENDER,
  MUGAI_RATE_USER,
  MUGAI_RATE_CLIENT,
  MUGAI_RATE_ORGANISATION,
  MUGAI_N_RATE_SUBJECTS
} MugaiRateSubject;

typedef struct {
  guint messages, recipients; /* within the window; 0: no limit */
  gint64 window_s;
  gboolean stop; /* over it: stopped until a person resumes it */
} MugaiRateLimit;

/* One bucket that a mail is counted in. */
typedef struct {
  char *key;                  /* "outbound:sender:kakari@city.example.lg.jp" */
  guint messages, recipients; /* limits, as above */
  gint64 window_s;
  gboolean stop, exceeded;
} MugaiRate;
#define MUGAI_RATE_MAX_KEY_BYTES 400u  /* "outbound:sender:" and an address of 320 octets (RFC 5321), with room */
#define MUGAI_RATE_MAX_WINDOW_S 86400u /* so far back the keeper reads the chain at a start */
void mugai_rate_free (MugaiRate *rate);
/** mugai_rates_to_json, _from_json: (transfer full): [{"key","messages","recipients","window_s","stop","exceeded"}]; NULL: not as agreed. */
json_t *mugai_rates_to_json (const GPtrArray *rates);
GPtrArray *mugai_rates_from_json (json_t *array);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiRate, mugai_rate_free)

typedef struct {
  char *client; /* IP address as text; "127.0.0.1" for mail from sendmail(1) */
  char *helo;
  char *auth;               /* SASL login, or "" */
  char *from;               /* envelope sender without <>; "" is the null sender */
  gboolean client_inside;   /* client in an inside network */
  gboolean from_inside;     /* sender's domain is ours */
  MugaiDirection direction; /* of the message as a whole */
  GPtrArray *recipients;    /* of MugaiRecipient */
  guint64 size_bytes;
  char **forwarding; /* names of the evidence of auto-forwarding, from flow; never NULL */
  char *
      forwarding_owner; /* mail box of ours that the evidence names: who is told; "": none, nor is the sender one; NULL: no evidence */
  gboolean message_id_seen, mail_box_echo; /* what the keeper remembers of mail that came in: flow/echoes.h */
  GPtrArray *rates;        /* of MugaiRate: counted there, and whether it ran over; NULL: no counters asked */
  char *queue_id;          /* "" when the MTA gave none */
  gint64 time_us;          /* when the transaction began [µs since 1970]: decide's only clock */
  guint attempt;           /* 1 for the first worker */
  gint64 signatures_age_s; /* -1: none loaded */
  guint generation;
} MugaiEnvelope;

MugaiEnvelope *mugai_envelope_new (void);
void mugai_envelope_free (MugaiEnvelope *envelope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiEnvelope, mugai_envelope_free)
MugaiRecipient *mugai_recipient_new (const char *address);
void mugai_recipient_free (MugaiRecipient *recipient);

/* ---- decision: what the policy SAYS ---- */

typedef struct {
  char *rule;    /* id */
  char *clause;  /* of the city's own standard; "" when none */
  char *because; /* what was seen, in plain words (English; notices use the policy's ja and en) */
  char *ja;      /* the rule's sentence for people; "" when none */
  char *en;
} MugaiReason;

typedef struct {
  MugaiPartAction action;
  char *rule;
  char *ja; /* why, for the notice */
  char *en;
} MugaiPartDecision;

typedef struct {
  MugaiAction action; /* for this recipient: REFUSE when refused at RCPT, HOLD when taken off ... */
  char *rule;
} MugaiRecipientDecision;

/* What a held mail waits for, beside its reviewers. */
typedef enum {
  MUGAI_AWAITS_NOTHING,
  MUGAI_AWAITS_APPROVAL, /* somebody other than the sender; no time-out ever stands in for that person */
  MUGAI_AWAITS_DELAY     /* the end of a time in which the sender may recall it */
} MugaiAwaits;

typedef struct {
  MugaiAction action;
  MugaiCeiling ceiling;
  gboolean changed;       /* the mail is rebuilt; FALSE only under the ceiling untouched, with every part kept */
  char *reply;            /* "550 5.7.1 text" for REFUSE and TEMPFAIL: ASCII; else NULL */
  GPtrArray *reasons;     /* of MugaiReason, the deciding one first */
  GPtrArray *parts;       /* of MugaiPartDecision: one for each of facts->parts, same order */
  GPtrArray *recipients;  /* of MugaiRecipientDecision, same order as the envelope's */
  GPtrArray *exceptions;  /* of char*: ids of exceptions used */
  GPtrArray *would;       /* of char*: "rule=action" of monitored rules */
  char **notify;          /* HOLD: to whom the notice goes; empty: nobody gets one and the mail is refused */
  char *subject_tag;      /* put before the Subject, or NULL */
  GPtrArray *add_headers; /* of MugaiHeaderFact, X-Mugai-* and Auto-Submitted only */
  /* for the front alone, not on the wire to the worker: */
  GPtrArray *add_recipients;  /* of char*: addresses of ours that get the mail too */
  gboolean hide_recipients;   /* the delivered mail's To and Cc name nobody */
  GPtrArray *drop_recipients; /* of char*: envelope recipients that a rule takes off, their own decision is HOLD */
  char **withheld;      /* HOLD: whom notify named too, and who has had enough notices today; NULL: nobody was asked */
  MugaiAwaits awaits;   /* HOLD: what lets it out again; a mail that would not have gone as it is awaits nothing */
  gint64 delay_s;       /* with MUGAI_AWAITS_DELAY */
  GPtrArray *approvers; /* of char*: addresses of ours who may approve, and get the notice too; empty: every approver */
} MugaiDecision;

MugaiDecision *mugai_decision_new (void);
void mugai_decision_free (MugaiDecision *decision);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiDecision, mugai_decision_free)
/** mugai_decision_is_on_forwarding: one rule alone speaks, of a mail with evidence of forwarding: its mail box hears of that once a day. */
gboolean mugai_decision_is_on_forwarding (const MugaiDecision *decision, const MugaiEnvelope *envelope);
MugaiReason *mugai_reason_new (const char *rule, const char *clause, const char *because);
void mugai_reason_free (MugaiReason *reason);
MugaiPartDecision *mugai_part_decision_new (MugaiPartAction action, const char *rule);
void mugai_part_decision_free (MugaiPartDecision *decision);

/** mugai_decision_to_json, _from_json: for the worker's rebuild; the worker needs no check of ours, but gets it. */
json_t *mugai_decision_to_json (const MugaiDecision *decision);
MugaiDecision *mugai_decision_from_json (json_t *json, GError **error);

/* ---- organisation: whose mail this is; from the policy, read by flow ---- */

typedef struct {
  char *name;
  char **domains;    /* "city.example.lg.jp", or ".example.lg.jp" for all below it; lower case */
  char **networks;   /* CIDR, checked when the policy was loaded */
  char *reviewers;   /* address that gets notices nobody inside can get; "" when none */
  char *notice_from; /* address of our own notices */
  char *postmaster;  /* address that notices name for questions; "" when none */
} MugaiOrganisation;
