# SPDX-License-Identifier: GPL-2.0-only
"""Messages made from a model that knows what is in them: what a person reads, which files hang on it, how many leaves it has.

Each choice that must not matter is made at random: charset, transfer encoding, folding, quoting, order of parameters, line ends,
case of names, boundary, preamble, nesting. What the delivered mail must say follows from the model alone.
"""
import base64
import collections
import email.utils
import re
import urllib.parse

Expectation = collections.namedtuple("Expectation", "texts names leaves subject sender")

WORDS = ("会議 資料 予算 申請書 一覧表 十月 能力 表示 市役所 山田 鈴木 確認 お願い いたします ください について 令和 八年度 ソフト アイウエオ はい いいえ "
         "、 。 「決裁」 (案) ＡＢＣ plain words of ASCII e-mail 12,345 3.14 50% A/B C++ x=y foo_bar user@example.jp https://www.example.jp/a?b=c#d "
         "<tag> &amp; \"quoted\" it's [1] {2} ~tilde \\back | # $100").split(" ")
SPECIAL = "①㈱髙﨑㍻№℡Ⅳ".strip()
SAFE_NAME = re.compile(r"[^\w.\-　-鿿]")


def squeeze(text):
    """What is compared: all but blanks and what no reader sees."""
    return re.sub("[\\s\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\x00-\x1f\x7f-\x9f]+", "", text)


class Writer:
    def __init__(self, random):
        self.random, self.counter = random, 0

    def flip(self, chance=0.5):
        return self.random.random() < chance

    # ---- words ----

    def line(self):
        words = [self.random.choice(WORDS) for _ in range(self.random.randint(1, 14))]
        if self.flip(0.2):
            words.append(self.random.choice(SPECIAL))
        return (" " if self.flip() else "").join(words)

    def text(self):
        lines = [self.line() for _ in range(self.random.randint(1, 8))]
        for i in range(len(lines)):
            if self.flip(0.15):
                lines[i] = ""
        return "\n".join(lines).strip() or "空"

    def name(self):
        stem = self.random.choice(("資料", "予算①", "一覧表", "report", "a b", "申請書(案)", "photo-1", "能力表"))
        return stem + self.random.choice((".pdf", ".xlsx", ".docx", ".zip", ".jpg", ".exe", ".txt.exe", ".dat"))

    def content(self):
        head = self.random.choice((b"%PDF-1.4\n", b"PK\x03\x04", b"\xff\xd8\xff\xe0", b"MZ\x90\0", b"GIF89a", b"\0\1\2\3"))
        return head + b"PAYLOAD" + self.random.randbytes(self.random.randint(40, 400))

    # ---- encodings ----

    def charset(self, text):
        choices = ["utf-8"]
        for label, codec in (("iso-2022-jp", "iso-2022-jp"), ("shift_jis", "cp932"), ("cp932", "cp932"), ("euc-jp", "euc-jp"), ("windows-31j", "cp932")):
            try:
                if text.encode(codec).decode(codec) == text:
                    choices.append((label, codec))
            except UnicodeError:
                pass
        choice = self.random.choice(choices)
        return (choice, choice) if isinstance(choice, str) else choice

    def case(self, word):
        return self.random.choice((word, word, word.upper(), word.lower(), word.title()))

    def word(self, text):
        """Encoded words, each of whole characters."""
        pieces, out = [text[i:i + 8] for i in range(0, len(text), 8)], []
        for piece in pieces:
            data = piece.encode()
            if self.flip():
                out.append("=?UTF-8?B?" + base64.b64encode(data).decode() + "?=")
            else:
                out.append("=?utf-8?Q?" + "".join(f"={c:02X}" for c in data) + "?=")
        return (self.eol_fold()).join(out)

    def eol_fold(self):
        return self.random.choice((" ", "\r\n ", "\r\n\t"))

    def quoted_printable(self, data):
        out = []
        for line in data.split(b"\r\n"):
            pieces = [f"={c:02X}" if c > 126 or c < 32 or c == 61 or self.flip(0.05) else chr(c) for c in line]
            if pieces and pieces[-1] in (" ", "\t"):
                pieces[-1] = f"={ord(pieces[-1]):02X}"
            text, column = "", 0
            for piece in pieces:
                if column + len(piece) > 72:
                    text, column = text + "=\r\n", 0
                text, column = text + piece, column + len(piece)
            out.append(text)
        return "\r\n".join(out).encode()

    def encoded(self, data, binary=False):
        """Returns the encoding's name (or none) and the encoded body."""
        plain = not binary and all(len(line) < 900 for line in data.split(b"\r\n"))
        ways = ["base64"] + ([] if binary else ["quoted-printable"])
        if plain:
            ways.append("8bit" if any(c > 127 for c in data) else "7bit")
        way = self.random.choice(ways)
        if way == "base64":
            width = self.random.choice((76, 72, 60, 64, 4 * self.random.randint(6, 19)))
            text = base64.b64encode(data)
            return way, b"\r\n".join(text[i:i + width] for i in range(0, len(text), width))
        return way, self.quoted_printable(data) if way == "quoted-printable" else data

    # ---- entities: header lines and body ----

    def header(self, fields):
        self.random.shuffle(fields)
        return "".join(f"{self.case(name)}:{self.random.choice((' ', ' ', '  ', ''))}{value}\r\n" for name, value in fields).encode()

    def parameters(self, value, *pairs):
        pairs = list(pairs)
        self.random.shuffle(pairs)
        return value + "".join(";" + self.eol_fold() + pair for pair in pairs)

    def text_entity(self, text, html=False):
        label, codec = self.charset(text)
        shown = text
        if html:
            escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            shown = "<html><body>" + "".join(f"<p>{line}</p>" for line in escaped.split("\n")) + "</body></html>"
        data = shown.replace("\n", "\r\n").encode(codec)
        way, body = self.encoded(data + b"\r\n")
        quote = '"' if self.flip() else ""
        kind = self.case("text/html" if html else "text/plain")
        fields = [("Content-Type", self.parameters(kind, f"charset={quote}{self.case(label)}{quote}"))]
        if way not in ("7bit",) or self.flip():
            fields.append(("Content-Transfer-Encoding", self.case(way)))
        return fields, body, Expectation([text], [], 1, "", "")

    def file_entity(self):
        name, content = self.name(), self.content()
        _, body = self.encoded(content, binary=True)
        way = self.random.choice(("star", "word", "plain") if name.isascii() else ("star", "word"))
        if way == "star":
            parameter = "filename*=" + self.random.choice(("utf-8", "UTF-8")) + "''" + urllib.parse.quote(name, safe="")
        elif way == "word":
            parameter = "filename=\"=?UTF-8?B?" + base64.b64encode(name.encode()).decode() + "?=\""
        else:
            parameter = f"filename=\"{name}\""
        kind = self.random.choice(("application/octet-stream", "application/pdf", "image/jpeg", "application/zip"))
        fields = [("Content-Type", kind), ("Content-Transfer-Encoding", self.case("base64")),
                  ("Content-Disposition", self.parameters("attachment", parameter))]
        return fields, body, Expectation([], [name], 1, "", "")

    def boundary(self):
        self.counter += 1
        return self.random.choice(("----=_Part_", "b", "_000_", "=-")) + f"{self.counter}{self.random.getrandbits(40):x}"

    def multipart(self, kind, entities):
        boundary = self.boundary()
        out = b"This is a multi-part message in MIME format.\r\n" if self.flip(0.3) else b""
        for fields, body, _ in entities:
            out += b"--" + boundary.encode() + b"\r\n" + self.header(fields) + b"\r\n" + body + b"\r\n"
        out += b"--" + boundary.encode() + b"--\r\n"
        more = [f"type=\"text/html\""] if kind == "related" else []
        fields = [("Content-Type", self.parameters("multipart/" + kind, f"boundary=\"{boundary}\"", *more))]
        texts = [text for _, _, e in entities for text in e.texts]
        if kind == "alternative":
            texts = texts[:1]
        return fields, out, Expectation(texts, [name for _, _, e in entities for name in e.names], sum(e.leaves for _, _, e in entities), "", "")

    def body(self, depth=0):
        way = self.random.choice(("text", "text", "html", "alternative", "mixed", "mixed", "related", "nested" if depth < 2 else "text"))
        text = self.text()
        if way == "text":
            return self.text_entity(text)
        if way == "html":
            return self.text_entity(text, True)
        if way == "alternative":
            return self.multipart("alternative", [self.text_entity(text), self.text_entity(text, True)])
        if way == "related":
            fields, body, _ = self.file_entity()
            image = ([("Content-ID", "<image@example>"), *fields], body, Expectation([], [], 1, "", ""))
            return self.multipart("related", [self.text_entity(text, True), image])
        parts = [self.body(depth + 1) if way == "nested" and self.flip() else self.text_entity(text)]
        parts += [self.file_entity() for _ in range(self.random.randint(0, 3))]
        if self.flip(0.2):
            parts.append(self.message_entity(depth + 1))
        return self.multipart("mixed", parts)

    def message_entity(self, depth):
        data, inner = self.message(depth)
        return [("Content-Type", "message/rfc822")], data, inner

    def message(self, depth=0):
        fields, body, inner = self.body(depth)
        subject, sender = self.line(), self.random.choice(("山田", "Taro Yamada", "鈴木 花子"))
        written = subject if subject.isascii() and "=?" not in subject else self.word(subject)
        name = sender if sender.isascii() else self.word(sender)
        head = [("From", f"{name} <yamada@example.com>"), ("To", "kakari@city.example.lg.jp"), ("Subject", written), ("MIME-Version", "1.0"),
                ("Date", email.utils.formatdate(self.random.randint(10**9, 2 * 10**9))), ("Message-ID", f"<{self.random.getrandbits(64):x}@example.com>")]
        if self.flip(0.3):
            head += [("X-Mailer", "x"), ("Received", "from a.example (a.example [192.0.2.1]) by b.example; Sat, 21 Nov 2026 10:00:00 +0900")]
        return self.header(head + fields) + b"\r\n" + body, inner._replace(subject=subject, sender=sender)


def make(random):
    """A message, and what is in it."""
    writer = Writer(random)
    data, expectation = writer.message()
    if not data.endswith(b"\n"):
        data += b"\r\n"
    return (data.replace(b"\r\n", b"\n") if random.random() < 0.2 else data), expectation
