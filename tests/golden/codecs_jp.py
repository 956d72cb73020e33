# SPDX-License-Identifier: GPL-2.0-only
#
# The oracle of the golden cases: Unicode to the bytes that Japanese mail programs send.
#
# Built on Python's cp932, euc_jp and utf_8 codecs and on row and cell arithmetic written here, so that nothing of the code
# under test judges itself. Expected text is always the string a case began with.
"""Encoders of Japanese text: one function a charset, str to bytes."""

import re


def row_cell(character):
    """JIS X 0208 row and cell (1..94; NEC row 13, NEC's IBM rows 89..92) of one character of CP932, or None."""
    code = character.encode("cp932", "ignore")
    if len(code) != 2:
        return None
    code = NEC_OF_IBM.get(code, code)
    lead, trail = code
    row = 2 * (lead - (0x81 if lead < 0xA0 else 0xC1)) + 1
    if trail >= 0x9F:
        return row + 1, trail - 0x9E
    return row, trail - 0x3F - (trail >= 0x80)


def _nec_of_ibm():
    """IBM's extensions have two codes: Python encodes to FAxx to FCxx, mail in JIS and EUC can only hold NEC's EDxx and EExx."""
    table = {}
    for lead in (0xED, 0xEE):
        for trail in [*range(0x40, 0x7F), *range(0x80, 0xFD)]:
            nec = bytes((lead, trail))
            character = nec.decode("cp932", "ignore")
            if character and character.encode("cp932") != nec:
                table[character.encode("cp932")] = nec
    return table


NEC_OF_IBM = _nec_of_ibm()


def kana_byte(character):
    """The byte of a half-width kana (A1..DF), or None."""
    code = ord(character)
    return code - 0xFF61 + 0xA1 if 0xFF61 <= code <= 0xFF9F else None


def jis(text, kanji=b"\x1b$B", ascii_=b"\x1b(B", kana=b"\x1b(I", close=True):
    """ISO-2022-JP as CP50221 writes it; each line ends in ASCII."""
    out, state = b"", ascii_
    for character in text:
        if character in "\r\n":
            out, state = out + (ascii_ if state != ascii_ else b"") + character.encode(), ascii_
            continue
        half = kana_byte(character)
        if ord(character) < 0x80:
            wanted, code = ascii_, character.encode()
        elif half is not None:
            wanted, code = kana, bytes((half & 0x7F,))
        else:
            row, cell = row_cell(character)
            wanted, code = kanji, bytes((row + 0x20, cell + 0x20))
        out, state = out + (wanted if wanted != state else b"") + code, wanted
    return out + (ascii_ if close and state != ascii_ else b"")


def jis78(text):
    return jis(text, kanji=b"\x1b$@", ascii_=b"\x1b(J")


def jis_so(text):
    """CP50222: half-width kana between SO and SI."""
    return re.sub(rb"\x1b\(I([\x21-\x5f]+)(\x1b\(B|$)", lambda m: b"\x0e" + m[1] + b"\x0f", jis(text))


def sjis(text):
    return text.encode("cp932")


def sjis_nec(text):
    """Shift_JIS with NEC's codes of the IBM extensions."""
    return b"".join(NEC_OF_IBM.get(code, code) for code in (c.encode("cp932") for c in text))


def euc(text):
    """CP51932: EUC-JP with rows 13 and 89 to 92."""
    out = b""
    for character in text:
        half = kana_byte(character)
        if ord(character) < 0x80:
            out += character.encode()
        elif half is not None:
            out += bytes((0x8E, half))
        else:
            row, cell = row_cell(character)
            out += bytes((row + 0xA0, cell + 0xA0))
    return out


def utf8(text):
    return text.encode()


def utf8_bom(text):
    return b"\xef\xbb\xbf" + text.encode()
