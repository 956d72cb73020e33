/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail: one strict reader of messages and one canonical writer.
 *
 * The reader checks its own limits before GMime sees a byte, finds the structure and decodes headers, transfer encodings and
 * charsets itself (mail/header.h, mail/charset.h); GMime then reads the same bytes and must find the same leaves (oddity
 * parser-differs). Runs only in a sandboxed worker.
 * Leaves to others: what a part is by content (scan), HTML (text), whether it may pass (policy).
 */
#pragma once

#include "mugai/base/facts.h"
#include "mugai/mail/header.h"

/* Limits of the reader: default and reason. 0 in MugaiMailLimits means the default. */
#define MUGAI_MAIL_MAX_HEADER_BYTES                                                                                    \
  (256u * 1024)                                 /* of one entity; Sendmail's 32 KiB and Postfix's default 100 KiB fit */
#define MUGAI_MAIL_MAX_HEADERS 1000u            /* fields of one entity; GMime takes 0.3 s for 100,000 */
#define MUGAI_MAIL_MAX_FIELD_BYTES (60u * 1000) /* one field: Postfix's own cut; in nested mail nobody else cuts */
#define MUGAI_MAIL_MAX_DEPTH 16u                /* nesting; real mail stays under 8 */
#define MUGAI_MAIL_MAX_PARTS 500u               /* leaves and containers; real mail stays under 100 */
#define MUGAI_MAIL_MAX_BOUNDARY_BYTES 70u       /* RFC 2046 5.1.1 */
#define MUGAI_MAIL_MAX_DECODED_BYTES (200u * 1024 * 1024) /* all leaves together */

typedef struct {
  gsize max_header_bytes, max_field_bytes, max_decoded_bytes;
  guint max_headers, max_depth, max_parts;
} MugaiMailLimits;

typedef enum {
  MUGAI_ENTITY_LEAF,
  MUGAI_ENTITY_MULTIPART,
  MUGAI_ENTITY_MESSAGE /* message/rfc822 (or .eml opened): its one child is the nested message's root */
} MugaiEntityKind;

typedef struct MugaiEntity MugaiEntity;
struct MugaiEntity {
  MugaiEntityKind kind;
  char *path;             /* IMAP numbering; the root multipart is "0", a root leaf "1" */
  guint depth;            /* 0: root */
  char *declared;         /* media type as declared, lower case; "text/plain" when none is (RFC 2045 5.2) */
  char *charset;          /* declared charset or NULL */
  char *disposition;      /* "inline", "attachment", ... or "" */
  char *content_id;       /* without <>, safe, or NULL */
  char **names;           /* every candidate name; never NULL */
  gboolean flowed, delsp; /* format=flowed, DelSp=yes (RFC 3676) */
  GBytes *content;        /* decoded strictly; for containers: the raw bytes of the entity's body; never NULL */
  gboolean undecodable;   /* strict decoding failed: content is what a lenient reader would see; never shown as text */
  GPtrArray *views;    /* of GBytes: what other readers would decode where that differs; to be scanned; may be empty */
  guint64 flags;       /* MugaiFlag set found so far: name-conflict, bidi-name, malformed, ambiguous */
  MugaiEntity *parent; /* (nullable) (transfer none) */
  GPtrArray *children; /* of MugaiEntity; NULL for leaves */
  /* of a message root (the root, and the child of a MUGAI_ENTITY_MESSAGE): */
  GPtrArray *fields; /* of MugaiMailField, in order, as received; NULL for other entities */
};

typedef struct {
  char *name; /* as written, checked: printable ASCII */
  char *raw;  /* body without the final line end, folds kept; may hold any byte but NUL (length in raw_bytes) */
  gsize raw_bytes;
} MugaiMailField;

typedef struct {
  GBytes *bytes; /* the message as received */
  MugaiEntity *root;
  GPtrArray *entities; /* (element-type MugaiEntity) (transfer none): all, in reading order, root first */
  guint64 oddities;    /* MugaiOddity set */
} MugaiMail;

typedef enum {
  MUGAI_MAIL_ERROR_LIMIT, /* a limit was hit before structure was known: nothing to show; hold it whole */
  MUGAI_MAIL_ERROR_PARSE  /* GMime gave nothing: likewise */
} MugaiMailError;
#define MUGAI_MAIL_ERROR (mugai_mail_error_quark ())
GQuark mugai_mail_error_quark (void);

/** mugai_mail_init: GMime and charsets, once, before threads and sandbox. Idempotent. */
void mugai_mail_init (void);

/**
 * mugai_mail_parse:
 * @bytes: a message, RFC 5322, CRLF or LF lines
 * @limits: (nullable)
 *
 * Limits on depth, parts and decoded bytes are oddities: what is within them is read, the rest is one leaf more whose content is the
 * raw rest, undecodable. Returns: (transfer full), or NULL and MUGAI_MAIL_ERROR.
 */
MugaiMail *mugai_mail_parse (GBytes *bytes, const MugaiMailLimits *limits, GError **error);
void mugai_mail_free (MugaiMail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiMail, mugai_mail_free)

/** mugai_mail_field: (transfer none) (nullable): first field of @name (any case) of a message root. */
const MugaiMailField *mugai_mail_field (const MugaiEntity *message_root, const char *name);

/** mugai_mail_fill_facts: header facts of the root message (subject, addresses, closed list of headers) into @facts. */
void mugai_mail_fill_facts (const MugaiMail *mail, MugaiFacts *facts);

/**
 * mugai_mail_leaf_text:
 * @entity: a text leaf
 * @hint: (nullable): charset to try when the declared one fails
 * @oddities: (inout): charset-guessed, charset-repaired, refused-charset, in-body-encoding, bidi-text are or-ed in
 *
 * Content to UTF-8 lines with LF: charset decoded, format=flowed unfolded, controls out.
 * Returns: (transfer full) (nullable): NULL when it is undecodable or in a refused charset.
 */
char *mugai_mail_leaf_text (const MugaiEntity *entity, const char *hint, guint64 *oddities);

/**
 * mugai_mail_cut_encoded:
 * @text: UTF-8 lines with LF, safe
 * @oddities: (inout) (nullable): in-body-encoding; NULL: text of our own layout, where one long token alone on its line is none
 *
 * @text without uuencode, yEnc, BinHex, ascii85 and base64 blocks, each replaced by one line that says so: some mail programs turn
 * them into attachments. mugai_mail_leaf_text () does it for plain text; call it for text that was made from HTML and the like.
 * Returns: (transfer full).
 */
char *mugai_mail_cut_encoded (const char *text, guint64 *oddities);

/* ---- writer ---- */

typedef struct {
  const char *media_type; /* detected, IANA form */
  const char *file_name;  /* UTF-8 */
  GBytes *content;
} MugaiMailKeptPart;

typedef struct {
  GString
      *header; /* finished fields, CRLF ended, without MIME-Version and Content-*: from mugai_mail_write_fields () */
  const char *text;      /* UTF-8, LF: body and notice */
  const GPtrArray *kept; /* (nullable): of MugaiMailKeptPart */
} MugaiMailDraft;

/**
 * mugai_mail_write_fields:
 * @mail: (nullable): whose known fields are written again, re-encoded from decoded text: Received, From, Sender, Reply-To, To, Cc,
 *   Subject, Date, Message-ID, In-Reply-To, References, List-*, Auto-Submitted, Precedence, Importance, Resent-*, ...
 * @subject_tag: (nullable)
 * @ret_dropped: (out) (optional): fields not written
 *
 * Stays below MUGAI_GATE_MAX_HEADER_BYTES: the oldest Received and longest lists of addresses give way first, with "(…)" as a sign.
 * Returns: (transfer full)
 */
GString *mugai_mail_write_fields (const MugaiMail *mail, const char *subject_tag, guint *ret_dropped);

/**
 * mugai_mail_write_results:
 * @relays: (nullable): authserv-ids (RFC 8601) whose findings the policy trusts
 *
 * Appends the Authentication-Results of these relays to @out, at most 2 KiB of them; strangers' are never written, as anybody can forge
 * them. Returns: how many were written: so many fewer were dropped than mugai_mail_write_fields () counts.
 */
guint mugai_mail_write_results (GString *out, const MugaiMail *mail, const char *const *relays);

/**
 * mugai_mail_write:
 *
 * The canonical message: text/plain; charset=utf-8, base64 or quoted-printable (whichever is shorter), lines folded at 76 columns; with kept parts
 * multipart/mixed with a boundary from getrandom. Always in the gate's language.
 * Returns: (transfer full): CRLF lines.
 */
GBytes *mugai_mail_write (const MugaiMailDraft *draft);
