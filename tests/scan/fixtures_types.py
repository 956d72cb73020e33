# SPDX-License-Identifier: GPL-2.0-only
"""One file of each type: by its right name, under a false one, falsely declared, and as a member of a ZIP."""
import make_archive as a
import make_binary as b
import make_office as o
import make_pdf as p
import make_text as t
from fixture import Fixture, Member

EXE = "executable"
# label: extension, content, detected, flags by itself, verdict of the scanner
TYPES = {
    "pe": ("exe", b.pe(), "application/x-executable-pe", EXE), "dll": ("dll", b.pe(True), "application/x-executable-pe", EXE),
    "dos": ("com", b.dos_exe(), "application/x-executable-pe", EXE), "elf": ("elf", b.elf(), "application/x-elf", EXE),
    "mach-o": ("dylib", b.mach_o(), "application/x-mach-o", EXE), "mach-o-fat": ("dylib", b.mach_o(True), "application/x-mach-o", EXE),
    "class": ("class", b.java_class(), "application/java-vm", EXE), "lnk": ("lnk", b.lnk(), "application/x-lnk", EXE),
    "chm": ("chm", b.chm(), "application/x-chm", EXE), "onenote": ("one", b.onenote(), "application/x-onenote", EXE),
    "msi": ("msi", o.msi().bytes(), "application/x-msi", EXE), "hta": ("hta", t.HTA, "application/hta", "executable active-content"),
    "vhd": ("vhd", b.vhd(), "application/x-disk-image", "executable unsupported-format", "not-scanned"),
    "vhdx": ("vhdx", b.vhdx(), "application/x-disk-image", "executable unsupported-format", "not-scanned"),
    "vmdk": ("vmdk", b.vmdk(), "application/x-disk-image", "executable unsupported-format", "not-scanned"),
    "dmg": ("dmg", b.dmg(), "application/x-disk-image", "executable unsupported-format", "not-scanned"),
    "udf": ("iso", b.udf(), "application/x-disk-image", "executable unsupported-format", "not-scanned"),
    "wim": ("wim", b.wim(), "application/x-disk-image", "executable unsupported-format", "not-scanned"),
    "fat-image": ("img", b.fat_image(), "application/x-disk-image", "executable unsupported-format", "not-scanned"),
    "dex": ("dex", b.dex(), "application/x-executable-dex", EXE), "wasm": ("wasm", b.wasm(), "application/wasm", EXE),
    "sh": ("sh", t.SHELL, "text/x-shellscript", "script"), "py": ("py", t.PYTHON, {"text/x-python", "text/x-script.python", "text/x-shellscript"}, "script"),
    "bat": ("bat", t.BATCH, "application/x-bat", "script"), "wsf": ("wsf", t.WSF, "application/x-windows-script", "script"),
    "php": ("php", t.PHP, "application/x-php", "script"), "reg": ("reg", t.REG, "application/x-windows-registry", EXE),
    "url": ("url", t.URL, "application/x-mswinurl", EXE), "desktop": ("desktop", t.DESKTOP, "application/x-desktop", EXE),
    "swf": ("swf", b.swf(), "application/vnd.adobe.flash.movie", "active-content"),
    "png": ("png", b.png(), "image/png", ""), "jpeg": ("jpg", b.jpeg(), "image/jpeg", ""), "gif": ("gif", b.gif(), "image/gif", ""),
    "bmp": ("bmp", b.bmp(), "image/bmp", ""), "tiff": ("tif", b.tiff(), "image/tiff", ""), "webp": ("webp", b.webp(), "image/webp", ""),
    "heic": ("heic", b.heic(), "image/heic", ""), "avif": ("avif", b.avif(), "image/avif", ""), "ico": ("ico", b.ico(), "image/vnd.microsoft.icon", ""),
    "emf": ("emf", b.emf(), "image/emf", ""), "wmf": ("wmf", b.wmf(), "image/wmf", ""), "psd": ("psd", b.psd(), "image/vnd.adobe.photoshop", ""),
    "svg": ("svg", t.SVG, "image/svg+xml", ""), "wav": ("wav", b.wav(), {"audio/x-wav", "audio/vnd.wave", "audio/wav"}, ""), "mp3": ("mp3", b.mp3(), "audio/mpeg", ""),
    "mp4": ("mp4", b.mp4(), "video/mp4", ""),
    "pdf": ("pdf", p.pdf(), "application/pdf", ""), "rtf": ("rtf", o.rtf(), "application/rtf", ""),
    "doc": ("doc", o.doc().bytes(), "application/msword", ""), "xls": ("xls", o.xls().bytes(), "application/vnd.ms-excel", ""),
    "ppt": ("ppt", o.ppt().bytes(), "application/vnd.ms-powerpoint", ""), "msg": ("msg", o.msg().bytes(), "application/vnd.ms-outlook", ""),
    "jtd": ("jtd", o.jtd().bytes(), "application/x-jtd", ""), "xdw": ("xdw", b.docuworks(), "application/x-docuworks", ""),
    "xbd": ("xbd", b.docuworks(), "application/x-docuworks", ""), "jww": ("jww", b.jww(), "application/x-jww", ""),
    "sfc": ("sfc", b.sfc(), "application/x-sfc", ""), "p21": ("p21", b.p21(), "application/p21", ""), "dxf": ("dxf", b.dxf(), "image/vnd.dxf", ""),
    "dwg": ("dwg", b.dwg(), "image/vnd.dwg", ""), "ics": ("ics", t.CALENDAR, "text/calendar", ""), "vcf": ("vcf", t.CARD, "text/vcard", ""),
    "html": ("html", t.HTML, "text/html", ""), "eml": ("eml", t.MAIL, "message/rfc822", ""), "mht": ("mht", t.MHT, {"application/x-mimearchive", "message/rfc822"}, ""),
    "tnef": ("dat", b.tnef(), "application/vnd.ms-tnef", ""), "csv": ("csv", t.CSV.encode("cp932"), {"text/plain", "text/csv"}, ""),
    "txt": ("txt", t.JAPANESE.encode("utf-8"), "text/plain", ""), "xml": ("xml", b'<?xml version="1.0"?><a/>', {"application/xml", "text/xml"}, ""),
    "accdb": ("accdb", b.access(), "application/x-msaccess", "active-content"), "pst": ("pst", b.pst(), "application/vnd.ms-outlook-pst", ""),
    "pgp": ("asc", b.pgp_message(), "application/pgp-encrypted", "encrypted", "encrypted"),
    **{kind: (kind, o.ooxml(kind), o.MEDIA[kind], "") for kind in ("docx", "xlsx", "pptx", "dotx", "xltx", "ppsx", "potx", "docm", "xlsm", "pptm", "dotm", "xlam", "xlsb")},
    **{kind: (kind, o.odf(kind), o.ODF + o.ODF_KIND[kind], "") for kind in o.ODF_KIND},
}
# What an honest name of that extension says by itself: these run, or open what runs, whatever they hold.
NAMED = {}
# Declared by the registries: none of them is a mismatch.
DECLARED = {
    "pdf": "application/pdf", "docx": o.MEDIA["docx"], "xlsx": o.MEDIA["xlsx"], "pptx": o.MEDIA["pptx"], "doc": "application/msword",
    "xls": "application/vnd.ms-excel", "png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "ics": "text/calendar", "vcf": "text/vcard",
    "rtf": "application/rtf", "svg": "image/svg+xml", "odt": o.ODF + "text", "jtd": "application/x-js-taro", "xdw": "application/vnd.fujixerox.docuworks",
    "csv": "text/csv", "txt": "text/plain", "html": "text/html", "tnef": "application/ms-tnef", "bmp": "image/bmp", "tiff": "image/tiff", "mp4": "video/mp4",
    "dxf": "application/dxf", "ppt": "application/vnd.ms-powerpoint", "p21": "application/p21", "sfc": "application/octet-stream", "emf": "image/x-emf",
    "ico": "image/x-icon", "xml": "text/xml", "mp3": "audio/mpeg", "wav": "audio/x-wav", "webp": "image/webp", "heic": "image/heic",
}
TEXT_LIKE = {"csv", "txt", "xml", "eml", "mht", "html", "ics", "vcf", "svg", "sh", "py", "bat", "wsf", "php", "reg", "url", "desktop", "hta", "sfc", "p21",
             "dxf", "pgp"}
SOMETIMES_TXT = {"csv", "txt", "xml", "sh", "py", "bat", "wsf", "php", "reg", "desktop", "url", "pgp"}


def verdict(row):
    return row[4] if len(row) > 4 else "clean"


def every(eicar):
    for label, row in TYPES.items():
        extension, data, detected, flags = row[:4]
        named = NAMED.get(label, flags)
        yield Fixture(f"type {label}", f"資料.{extension}", data, detected, named, verdict(row))
        yield Fixture(f"type {label} without a name", None, data, detected, flags, verdict(row))
        false = "pdf" if label != "pdf" else "jpg"
        yield Fixture(f"type {label} named .{false}", f"資料.{false}", data, detected, flags + " type-mismatch", verdict(row))
        if label not in SOMETIMES_TXT:
            wrong = flags if label == "pst" else flags + " type-mismatch"  # no program opens it by that name
            if label not in ("swf", "accdb", "pst", "dex", "wasm", "class", "tnef"):
                yield Fixture(f"type {label} declared image", None, data, detected, wrong if not label == "png" else flags, verdict(row), declared="image/png")
        inner = detected if isinstance(detected, str) else None
        outer = verdict(row) if verdict(row) != "not-scanned" else "clean"
        carried = "encrypted" if label == "pgp" else ""
        inside = {"1.1": Member(None)} if label in ("eml", "mht") else {}  # the parts of a mail are listed below it
        yield Fixture(f"type {label} in a zip", "資料.zip", a.simple_zip({b"a." + extension.encode(): data}), "application/zip", carried, outer,
                      members={"1": Member(f"a.{extension}", inner, named, verdict(row)), **inside} if label not in ("udf",) else None)
        if label in DECLARED:
            yield Fixture(f"type {label} declared right", f"資料.{extension}", data, detected, named, verdict(row), declared=DECLARED[label])
