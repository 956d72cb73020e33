# SPDX-License-Identifier: GPL-2.0-only
"""Programs, pictures, disk images, drawings and other files that are told by their first bytes."""
import struct
import zlib


def pe(dll=False):
    dos = b"MZ" + b"\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0\xb8\0" + b"\0" * 42 + struct.pack("<I", 0x80)
    dos += b"\x0e\x1f\xba\x0e\0\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21This program cannot be run in DOS mode.\r\r\n$".ljust(64, b"\0")
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x2022 if dll else 0x22) + struct.pack("<H", 0x20B) + b"\0" * 238
    return dos + coff + b".text\0\0\0" + b"\0" * 32 + b"\xc3" * 512


def dos_exe():
    return b"MZ" + struct.pack("<13H", 0x50, 2, 0, 4, 0, 0xFFFF, 0, 0xB8, 0, 0, 0, 0x40, 0) + b"\0" * 64 + b"\xb4\x4c\xcd\x21" * 20


def elf():
    return b"\x7fELF\2\1\1\0" + b"\0" * 8 + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0) + b"\0" * 56 + b"\xc3"


def mach_o(fat=False):
    if fat:
        return b"\xca\xfe\xba\xbe" + struct.pack(">I", 2) + struct.pack(">IIIII", 7, 3, 4096, 100, 12) * 2 + b"\0" * 100
    return b"\xcf\xfa\xed\xfe" + struct.pack("<IIIIIII", 0x01000007, 3, 2, 1, 72, 0, 0) + b"\0" * 72


def java_class():
    return b"\xca\xfe\xba\xbe\0\0\0\x34\0\x0d\x0a\0\3\0\x0a" + b"\7\0\x0b" * 8


def lnk():
    return bytes.fromhex("4c0000000114020000000000c000000000000046") + struct.pack("<II", 0x9B, 0x20) + b"\0" * 48 + b"C:\\Windows\\System32\\cmd.exe\0"


def chm():
    return b"ITSF\3\0\0\0\x60\0\0\0\1\0\0\0" + b"\0" * 80 + b"ITSP\1\0\0\0" + b"\0" * 200


def onenote():
    return bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(range(16)) * 40


def iso(joliet=False):
    volume = b"\1CD001\1\0" + b"LINUX".ljust(32) + b"MUGAI".ljust(32)
    return b"\0" * 0x8000 + volume.ljust(2048, b"\0") + (b"\xffCD001\1").ljust(2048, b"\0") + b"\0" * 2048


def udf():
    return b"\0" * 0x8000 + b"\0BEA01\1".ljust(2048, b"\0") + b"\0NSR02\1".ljust(2048, b"\0") + b"\0TEA01\1".ljust(2048, b"\0")


def vhd():
    footer = b"conectix" + struct.pack(">IIQ", 2, 0x10000, 0xFFFFFFFFFFFFFFFF) + b"\0" * 40
    return b"\0" * 4096 + footer.ljust(512, b"\0")


def vhdx():
    return b"vhdxfile" + "Microsoft Windows".encode("utf-16-le") + b"\0" * 4096


def vmdk():
    return b"KDMV\1\0\0\0\3\0\0\0" + b"\0" * 600


def dmg():
    return b"x" * 2048 + (b"koly\0\0\0\4\0\0\2\0\0\0\0\1" + b"\0" * 400).ljust(512, b"\0")


def fat_image():
    boot = b"\xeb\x3c\x90MSDOS5.0" + struct.pack("<HBHBHHBHHHII", 512, 1, 1, 2, 224, 2880, 0xF0, 9, 18, 2, 0, 0) + b"\0\0\x29\1\2\3\4NO NAME    FAT12   "
    return boot.ljust(510, b"\0") + b"\x55\xaa" + b"\xf0\xff\xff" + b"\0" * 4096


def wim():
    return b"MSWIM\0\0\0\xd0\0\0\0" + b"\0" * 300


# ---- pictures ----

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width=2, height=2):
    rows = b"".join(b"\0" + b"\x20\x80\xc0" * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def jpeg():
    return (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\xff\xdb\0\x43\0" + b"\x08" * 64 + b"\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0"
            + b"\xff\xc4\0\x14\0\1" + b"\0" * 15 + b"\x05" + b"\xff\xda\0\x08\1\1\0\0\x3f\0\x7f\xff\xd9")


def gif():
    return b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


def bmp():
    return b"BM" + struct.pack("<IHHI", 58, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0) + b"\xff\0\0\0"


def tiff():
    return b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 256, 3, 1, 1) + b"\0" * 4


def webp():
    return b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8 " + struct.pack("<I", 18) + b"\x30\1\0\x9d\1\x2a\1\0\1\0" + b"\0" * 8


def heic():
    return struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + struct.pack(">I", 8) + b"mdat"


def avif():
    return struct.pack(">I", 24) + b"ftypavif\0\0\0\0mif1avif" + struct.pack(">I", 8) + b"mdat"


def ico():
    body = png()
    return struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 2, 2, 0, 0, 1, 32, len(body), 22) + body


def emf():
    return struct.pack("<II", 1, 108) + b"\0" * 32 + b" EMF" + struct.pack("<III", 0x10000, 108, 1) + b"\0" * 56


def wmf():
    return b"\xd7\xcd\xc6\x9a" + b"\0" * 18 + b"\1\0\x09\0\0\3" + b"\0" * 12


def psd():
    return b"8BPS\0\1" + b"\0" * 6 + struct.pack(">HIIHH", 3, 1, 1, 8, 3) + b"\0" * 20


def wav():
    return b"RIFF" + struct.pack("<I", 44) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + b"data" + struct.pack("<I", 8) + b"\x80" * 8


def mp3():
    return b"ID3\3\0\0\0\0\0\x0a" + b"\0" * 10 + b"\xff\xfb\x90\x64" + b"\0" * 413 + b"\xff\xfb\x90\x64" + b"\0" * 413


def mp4():
    return struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom" + struct.pack(">I", 8) + b"mdat"


# ---- Japan's own, and drawings ----

def docuworks():
    return b"\x60\x0e\x82\x02\x06\x03\x06\0" + bytes(range(256)) * 4


def jww():
    return b"JwwData." + struct.pack("<I", 600) + b"\0" * 64 + "図面".encode("cp932") + b"\0" * 200


def sfc():
    return ("ISO-10303-21;\r\nHEADER;\r\nFILE_DESCRIPTION(('SCADEC level2 feature_mode'),'2;1');\r\nFILE_NAME('図面.sfc','2026-11-21T09:00:00',(''),(''),'SCADEC_API_Ver3.30','','');\r\n"
            "FILE_SCHEMA(('ASSOCIATIVE_DRAUGHTING'));\r\nENDSEC;\r\nDATA;\r\n/*SXF\r\n#10 = drawing_sheet_feature('図面','3','1','420','297')\r\nSXF*/\r\nENDSEC;\r\nEND-ISO-10303-21;\r\n").encode("cp932")


def p21():
    return ("ISO-10303-21;\r\nHEADER;\r\nFILE_DESCRIPTION(('SCADEC level2 ap202_mode'),'2;1');\r\nFILE_NAME('図面.p21','2026-11-21T09:00:00',(''),(''),'SCADEC_API_Ver3.30','','');\r\n"
            "FILE_SCHEMA(('ASSOCIATIVE_DRAUGHTING'));\r\nENDSEC;\r\nDATA;\r\n#1=DRAUGHTING_MODEL('',(#2),#3);\r\nENDSEC;\r\nEND-ISO-10303-21;\r\n").encode("cp932")


def dxf():
    return "  0\r\nSECTION\r\n  2\r\nHEADER\r\n  9\r\n$ACADVER\r\n  1\r\nAC1015\r\n  0\r\nENDSEC\r\n  0\r\nEOF\r\n".encode("cp932")


def dwg():
    return b"AC1015\0\0\0\0\0\0\1\1\0\0\0" + bytes(range(256))


def tnef():
    body = b"\1" + struct.pack("<IIH", 0x00069008, 4, 0) + b"IPM\0"
    return b"\x78\x9f\x3e\x22" + struct.pack("<H", 1) + b"\1" + struct.pack("<II", 0x00089006, 4) + struct.pack("<I", 0x00010000) + struct.pack("<H", 1) \
        + body + struct.pack("<H", sum(body[9:]) & 0xFFFF)


def pgp_message():
    return b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA0000000000000AQf/\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n"


def swf():
    return b"FWS\x06" + struct.pack("<I", 40) + b"\0" * 32


def wasm():
    return b"\0asm\1\0\0\0"


def dex():
    return b"dex\n035\0" + b"\0" * 104


def access():
    return b"\0\1\0\0Standard ACE DB\0" + b"\0" * 200


def pst():
    return b"!BDN" + b"\0" * 512


def sqlite():
    return b"SQLite format 3\0\x10\0\1\1\0\x40\x20\x20" + b"\0" * 4000


def ttf():
    return b"\0\1\0\0\0\x0a\0\x80\0\3\0\x20OS/2" + b"\0" * 200
