# SPDX-License-Identifier: GPL-2.0-only
#
# The pieces of the golden cases: messages as Japanese mail programs write them, byte for byte.
#
# Python's email package is used for nothing here: it writes correct mail, and these must be able to be wrong.
"""Builders of raw messages, encoded words and parameters; bytes in, bytes out."""

import base64
import quopri
import re

TO = b"To: a@city.example.lg.jp\r\n"


def mail(subject=b"x", content_type=b"text/plain; charset=utf-8", encoding=None, body=b"x\r\n", sender=b"x@example.com",
         extra=b""):
    head = b"From: " + sender + b"\r\n" + TO + b"Subject: " + subject + b"\r\nMIME-Version: 1.0\r\n" + extra
    if content_type:
        head += b"Content-Type: " + content_type + b"\r\n"
    if encoding:
        head += b"Content-Transfer-Encoding: " + encoding.encode() + b"\r\n"
    return head + b"\r\n" + body


def crlf(data):
    return re.sub(rb"(?<!\r)\n", b"\r\n", data)


def transfer(data, encoding):
    """@data as the body of that transfer encoding."""
    if encoding == "base64":
        return crlf(base64.encodebytes(data))
    if encoding == "quoted-printable":
        return crlf(quopri.encodestring(data))
    return data


def word(label, data, encoding="B", pad=True):
    """One encoded word."""
    if encoding == "B":
        text = base64.b64encode(data)
        return b"=?%s?B?%s?=" % (label.encode(), text if pad else text.rstrip(b"="))
    text = b"".join(b"_" if c == 0x20 else bytes((c,)) if chr(c).isalnum() and c < 0x80 else b"=%02X" % c for c in data)
    return b"=?%s?Q?%s?=" % (label.encode(), text)


def pieces(data, length):
    return [data[i : i + length] for i in range(0, len(data), length)]


def percent(data):
    return b"".join(bytes((c,)) if c < 0x80 and (chr(c).isalnum() or c in b".-_") else b"%%%02X" % c for c in data)


def continued(parameter, label, data, length, reverse=False):
    """RFC 2231 sections, cut between any two bytes of the text."""
    tokens = re.findall(rb"%..|.", percent(data))
    sections = [b"".join(tokens[i : i + length]) for i in range(0, len(tokens), length)]
    out = [b"; %s*%d*=%s%s" % (parameter, n, label.encode() + b"''" if n == 0 else b"", s) for n, s in enumerate(sections)]
    return b"".join(reversed(out) if reverse else out)


def with_part(disposition=b"attachment", part_type=b"application/octet-stream", content=b"abc"):
    """A text "hello" and one part."""
    part = b"--b\r\nContent-Type: " + part_type + b"\r\n"
    if disposition is not None:
        part += b"Content-Disposition: " + disposition + b"\r\n"
    part += b"Content-Transfer-Encoding: base64\r\n\r\n" + transfer(content, "base64")
    text = b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n"
    return mail(content_type=b'multipart/mixed; boundary="b"', body=text + part + b"--b--\r\n")
