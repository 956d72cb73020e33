# SPDX-License-Identifier: GPL-2.0-only
"""Office files made byte by byte: compound files (CFB), OOXML, ODF, RTF, BIFF. Small, but opened by strict readers."""
import io
import struct
import zipfile

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def utf16_name(name):
    raw = name.encode("utf-16-le") + b"\0\0"
    return raw.ljust(64, b"\0"), len(raw)


class Cfb:
    """A compound file, version 3. Paths are tuples of names; storages come into being on the way."""

    def __init__(self, clsid=b"\0" * 16):
        self.clsid, self.streams = clsid, {}

    def add(self, path, data=b"x"):
        self.streams[tuple(path.split("|"))] = data
        return self

    def bytes(self):
        entries = [["Root Entry", 5, -1, b""]]  # name, kind, parent, data
        index = {(): 0}
        for path, data in self.streams.items():
            for depth in range(1, len(path) + 1):
                key = path[:depth]
                if key not in index:
                    index[key] = len(entries)
                    entries.append([key[-1], 1, index[key[:-1]], b""])
            entries[index[path]][1], entries[index[path]][3] = 2, data
        mini, mini_fat, big, fat = b"", [], b"", []
        starts = [END] * len(entries)
        for i, (_, kind, _, data) in enumerate(entries):
            if kind == 2 and 0 < len(data) < 4096:
                n, starts[i] = (len(data) + 63) // 64, len(mini_fat)
                mini_fat += [len(mini_fat) + k + 1 for k in range(n - 1)] + [END]
                mini += data.ljust(n * 64, b"\0")

        def put(data):
            nonlocal big
            if not data:
                return END
            n, start = (len(data) + 511) // 512, len(fat)
            fat.extend([start + k + 1 for k in range(n - 1)] + [END])
            big += data.ljust(n * 512, b"\0")
            return start

        for i, (_, kind, _, data) in enumerate(entries):
            if kind == 2 and len(data) >= 4096:
                starts[i] = put(data)
        mini_start = put(mini)
        mini_fat_raw = b"".join(struct.pack("<I", x) for x in mini_fat)
        mini_fat_raw += b"\xff" * (-len(mini_fat_raw) % 512)
        mini_fat_start = put(mini_fat_raw)
        directory = b""
        for i, (name, kind, parent, data) in enumerate(entries):
            children = [k for k, e in enumerate(entries) if e[2] == i]
            siblings = [k for k, e in enumerate(entries) if e[2] == parent and k > i] if parent >= 0 else []
            raw, length = utf16_name(name)
            start, size = (mini_start, len(mini)) if i == 0 else (starts[i] if kind == 2 else 0, len(data))
            directory += raw + struct.pack("<HBBIII", length, kind, 1, FREE, siblings[0] if siblings else FREE, children[0] if children else FREE)
            directory += (self.clsid if i == 0 else b"\0" * 16) + b"\0" * 20 + struct.pack("<IQ", start, size)
        while len(directory) % 512:
            directory += utf16_name("")[0] + struct.pack("<HBBIII", 0, 0, 0, FREE, FREE, FREE) + b"\0" * 48 + b"\0" * 0
        directory_start = put(directory)
        n_fat = (len(fat) + 127) // 128
        while (len(fat) + n_fat + 127) // 128 > n_fat:
            n_fat += 1
        fat_start = len(fat)
        table = fat + [FAT] * n_fat
        table += [FREE] * (n_fat * 128 - len(table))
        header = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
        header += struct.pack("<IIIIIIIII", 0, n_fat, directory_start, 0, 4096, mini_fat_start, len(mini_fat_raw) // 512, END, 0)
        header += b"".join(struct.pack("<I", fat_start + k if k < n_fat else FREE) for k in range(109))
        return header + big + b"".join(struct.pack("<I", x) for x in table)


def record(kind, data=b""):
    return struct.pack("<HH", kind, len(data)) + data


def biff(sheets=(("Sheet1", 0),), encrypted=False, extra=b""):
    out = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0x0DBB, 0x07CC, 0, 6))
    if encrypted:
        out += record(0x2F, struct.pack("<HHH", 1, 1, 1) + b"\x11" * 48)
    for name, kind in sheets:
        out += record(0x85, struct.pack("<IBBBB", 0, 0, kind, len(name), 0) + name.encode("ascii"))
    return out + extra + record(0x0A)


def xls(vba=False, **options):
    cfb = Cfb().add("Workbook", biff(**options).ljust(4200, b"\0"))
    if vba:
        cfb.add("_VBA_PROJECT_CUR|VBA|dir", b"\1\2\3").add("_VBA_PROJECT_CUR|VBA|_VBA_PROJECT", b"\xcc\x61")
    return cfb


def doc(text="平成の文書", encrypted=False, vba=False):
    fib = struct.pack("<HHHHHH", 0xA5EC, 0xC1, 0, 0x411, 0, 0x0100 if encrypted else 0) + b"\0" * 500
    cfb = Cfb().add("WordDocument", (fib + text.encode("utf-16-le")).ljust(4200, b"\0")).add("1Table", b"\0" * 100)
    cfb.add("\5SummaryInformation", b"\xfe\xff\0\0")
    if vba:
        cfb.add("Macros|VBA|dir", b"\1\2").add("Macros|VBA|_VBA_PROJECT", b"\xcc\x61").add("Macros|PROJECT", b"ID=")
    return cfb


def ppt_record(version, kind, data):
    return struct.pack("<HHI", version, kind, len(data)) + data


def ppt(vba=False, ole=False, encrypted=False):
    inner = ppt_record(1, 0x03E9, b"\0" * 40)
    if vba:
        inner += ppt_record(15, 0x03FF, ppt_record(2, 0x0400, struct.pack("<III", 5, 1, 2)))
    if ole:
        inner += ppt_record(0, 0x1011, b"x" * 20)
    body = ppt_record(15, 0x03E8, inner)
    user = struct.pack("<HHII", 0, 0x0FF6, 20, 20) + struct.pack("<I", 0xF3D1C4DF if encrypted else 0xE391C05F) + b"\0" * 20
    return Cfb().add("PowerPoint Document", body.ljust(4200, b"\0")).add("Current User", user)


def encrypted_office():
    return Cfb().add("EncryptionInfo", struct.pack("<HHI", 4, 4, 0x40) + b"<encryption/>").add("EncryptedPackage", b"\x55" * 5000)


def msg():
    return Cfb().add("__properties_version1.0", b"\0" * 32).add("__substg1.0_0037001F", "件名".encode("utf-16-le"))


MSI_CLSID = bytes.fromhex("84100c0000000000c000000000000046")


def msi():
    return Cfb(MSI_CLSID).add("\u4840\u3f3f\u4577", b"\0" * 64).add("\5SummaryInformation", b"\xfe\xff")


def jtd():
    return Cfb().add("DocumentText", "一太郎の文書".encode("cp932") * 10).add("DocumentTextPositionTables", b"\0" * 8).add("LineMark", b"\0")


# ---- ZIP-based ----

TYPES = "application/vnd.openxmlformats-officedocument."
MAIN = {
    "docx": ("word/document.xml", TYPES + "wordprocessingml.document.main+xml"),
    "xlsx": ("xl/workbook.xml", TYPES + "spreadsheetml.sheet.main+xml"),
    "pptx": ("ppt/presentation.xml", TYPES + "presentationml.presentation.main+xml"),
    "docm": ("word/document.xml", "application/vnd.ms-word.document.macroEnabled.main+xml"),
    "xlsm": ("xl/workbook.xml", "application/vnd.ms-excel.sheet.macroEnabled.main+xml"),
    "pptm": ("ppt/presentation.xml", "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"),
    "dotx": ("word/document.xml", TYPES + "wordprocessingml.template.main+xml"),
    "dotm": ("word/document.xml", "application/vnd.ms-word.template.macroEnabledTemplate.main+xml"),
    "xltx": ("xl/workbook.xml", TYPES + "spreadsheetml.template.main+xml"),
    "ppsx": ("ppt/presentation.xml", TYPES + "presentationml.slideshow.main+xml"),
    "potx": ("ppt/presentation.xml", TYPES + "presentationml.template.main+xml"),
    "xlam": ("xl/workbook.xml", "application/vnd.ms-excel.addin.macroEnabled.main+xml"),
    "xlsb": ("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.main"),
}
MEDIA = {
    "docx": TYPES + "wordprocessingml.document", "xlsx": TYPES + "spreadsheetml.sheet", "pptx": TYPES + "presentationml.presentation",
    "docm": "application/vnd.ms-word.document.macroEnabled.12", "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.12", "dotx": TYPES + "wordprocessingml.template",
    "dotm": "application/vnd.ms-word.template.macroEnabled.12", "xltx": TYPES + "spreadsheetml.template",
    "ppsx": TYPES + "presentationml.slideshow", "potx": TYPES + "presentationml.template",
    "xlam": "application/vnd.ms-excel.addin.macroEnabled.12", "xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
}
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
RELS_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'


def pack(members, method=zipfile.ZIP_DEFLATED, stored=()):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (2026, 11, 21, 9, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name in stored else method
            archive.writestr(info, data)
    return out.getvalue()


def relation(kind, target, external=False, name="rId9"):
    mode = ' TargetMode="External"' if external else ""
    kind = kind if ":" in kind else RELATIONS + kind
    return f'<Relationship Id="{name}" Type="{kind}" Target="{target}"{mode}/>'


def rels(*relations):
    return RELS_HEAD + "".join(relations) + "</Relationships>"


def ooxml(kind, extra=None, relations=(), overrides="", body="<w:p><w:r><w:t>議事録</w:t></w:r></w:p>"):
    part, content_type = MAIN[kind]
    folder, file = part.split("/")
    members = {
        "[Content_Types].xml": '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{part}" ContentType="{content_type}"/>{overrides}</Types>',
        "_rels/.rels": rels(relation("officeDocument", part, name="rId1")),
        part: f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>',
        "docProps/core.xml": '<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>',
    }
    if relations:
        members[f"{folder}/_rels/{file}.rels"] = rels(*relations)
    members.update(extra or {})
    return pack(members)


def vba_project():
    return Cfb().add("VBA|dir", b"\1\2\3").add("VBA|_VBA_PROJECT", b"\xcc\x61").add("PROJECT", b"ID=").bytes()


VBA_OVERRIDE = '<Override PartName="/{}/vbaProject.bin" ContentType="application/vnd.ms-office.vbaProject"/>'


def with_vba(kind):
    folder = MAIN[kind][0].split("/")[0]
    return ooxml(kind, {folder + "/vbaProject.bin": vba_project()},
                 [relation("http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin")], VBA_OVERRIDE.format(folder))


ODF = "application/vnd.oasis.opendocument."
ODF_KIND = {"odt": "text", "ods": "spreadsheet", "odp": "presentation", "odg": "graphics", "ott": "text-template"}


def odf(kind, extra=None, content="<text:p>議事録</text:p>", manifest=""):
    media = ODF + ODF_KIND[kind]
    members = {
        "mimetype": media,
        "content.xml": '<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        f'xmlns:text="urn:x" xmlns:draw="urn:y" xmlns:xlink="http://www.w3.org/1999/xlink">{content}</office:document-content>',
        "styles.xml": '<?xml version="1.0"?><office:document-styles xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>',
        "META-INF/manifest.xml": '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media}"/>{manifest}</manifest:manifest>',
    }
    members.update(extra or {})
    return pack(members, stored=("mimetype",))


def rtf(body="\\f0 \\'8b\\'63\\'8e\\'96 plain"):
    return ("{\\rtf1\\ansi\\ansicpg932{\\fonttbl{\\f0 MS Mincho;}}" + body + "}").encode("ascii")
