#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Which leg of multipart/alternative speaks: the plain one when it says what the HTML says, the converted HTML when the plain
# one is a stub or says something else, and then that is an oddity. usage: test-legs.py MUGAI
"""Cases for the choice of the leg, through `mugai sanitize`."""

import json
import os
import subprocess
import sys
import tempfile
from email import message_from_bytes, policy

from mails import mail

LONG = ("市民課よりお知らせします。マイナンバーカードの更新手続きは、令和８年４月１日から本庁舎１階の窓口で受け付けます。"
        "お越しの際は本人確認書類をお持ちください。ご不明な点は担当までお問い合わせください。")
OTHER = ("口座番号の確認が必要です。二十四時間以内にログインして暗証番号を変更しなければ、カードの利用を停止いたします。"
         "至急ご対応をお願い申し上げます。")
ENGLISH = ("The meeting of the steering committee will take place on Thursday at ten o'clock in room 302. Please bring the printed "
           "budget and the minutes of the last meeting.")
LINK = "<a href='https://www.city.example.jp/mynumber'>こちら</a>"
PICTURE = "<img src='cid:a' alt='春のキャンペーン' width=600 height=300>"


def plain(text):
    return "text/plain; charset=utf-8", text


def html(text):
    return "text/html; charset=utf-8", f"<html><body>{text}</body></html>"


def related(text):
    inner = multipart("related", [html(text + PICTURE), ("image/png", "x")], "r")
    return 'multipart/related; boundary="r"', inner


def multipart(subtype, parts, boundary):
    return "".join(f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n{body}\r\n" for kind, body in parts) + f"--{boundary}--\r\n"


CALENDAR = ("text/calendar; method=REQUEST; charset=utf-8",
            "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260401T010000Z\r\nSUMMARY:打ち合わせ会\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n")
AMP = ("text/x-amp-html; charset=utf-8", "<!doctype html><html amp4email><body>AMP ONLY</body></html>")

# name, legs, what the body says, what it does not say, whether the oddity is there
CASES = [
    ("same text, the plain leg speaks", [plain("  PLAIN  " + LONG), html(f"<p>{LONG}</p>")], ["PLAIN"], [], False),
    ("same English text", [plain(ENGLISH.replace("room", "ROOM")), html(f"<p>{ENGLISH}</p>")], ["ROOM"], ["room"], False),
    ("same, folded and decorated", [plain("*お知らせ*\r\n" + "\r\n".join(LONG.split("。"))),
                                    html(f"<h1>お知らせ</h1><p>{LONG}</p>")], ["*お知らせ*"], [], False),
    ("same with a footer only in the HTML", [plain("PLAIN" + LONG), html(f"<p>{LONG}</p><p>配信停止</p>")], ["PLAIN"], [], False),
    ("same, URLs in both", [plain(f"PLAIN{LONG}\r\nhttps://www.city.example.jp/mynumber"), html(f"<p>{LONG}</p>{LINK}")],
     ["PLAIN"], [], False),
    ("the plain leg has lost the URL", [plain(LONG + "こちら"), html(f"<p>{LONG}</p>{LINK}")],
     ["city.example.jp/mynumber", "市民課"], [], False),
    ("HTML first", [html(f"<p>{LONG}</p>"), plain("PLAIN" + LONG)], ["PLAIN"], [], False),
    ("short and the same", [plain("了解"), html("<p>了解</p>")], ["了解"], [], False),
    ("one letter", [plain("可"), html("<p>可</p>")], ["可"], [], False),
    ("the plain leg is richer", [plain(LONG + "\r\n" + OTHER), html(f"<p>{LONG}</p>")], ["暗証番号"], [], False),
    ("the plain leg is cut", [plain(LONG[:40]), html(f"<p>{LONG}</p><p>HTMLLEG{ENGLISH}</p>")], ["HTMLLEG"], [], False),
    ("something else", [plain(LONG), html(f"<p>{OTHER}</p>")], ["暗証番号"], ["市民課"], True),
    ("something else, in English", [plain(ENGLISH), html("<p>Your account is locked: log in and verify your password "
                                                         "and credit card number now to avoid suspension.</p>")],
     ["credit card"], ["steering"], True),
    ("another amount of text, nothing shared", [plain("今日の会議は中止になりました。"), html(f"<p>{OTHER}</p>")],
     ["暗証番号"], [], True),
    ("empty plain leg", [plain(""), html(f"<p>{LONG}</p>")], ["市民課"], [], False),
    ("blank plain leg", [plain(" \r\n\u3000\r\n"), html(f"<p>{LONG}</p>")], ["市民課"], [], False),
    ("marks only", [plain("-----\r\n"), html(f"<p>{LONG}</p>")], ["市民課"], [], False),
    ("a URL only", [plain("https://news.example.jp/view?id=12345678"), html(f"<p>{LONG}</p>")], ["市民課"], [], False),
    ("empty HTML", [plain(LONG), html("")], ["市民課"], [], False),
    ("HTML of blanks", [plain(LONG), html("<p>&nbsp;</p><br>")], ["市民課"], [], False),
    ("HTML only a picture", [plain(LONG), html(PICTURE)], ["市民課"], [], False),
    ("HTML only a linked picture", [plain(LONG), html(f"<a href='https://a.example/'>{PICTURE}</a>")], ["市民課"], [], False),
    ("HTML of pictures and a footer", [plain(LONG + OTHER), html(f"{PICTURE}{PICTURE}<p>配信停止はこちら</p>")],
     ["市民課"], [], True),
    ("stub and picture", [plain("HTML表示をオンにしてください。"), html(PICTURE)], ["春のキャンペーン"], [], False),
    ("related inside", [plain("PLAIN" + LONG), related(f"<p>{LONG}</p>")], ["PLAIN"], [], False),
    ("related inside, stub", [plain("このメールはHTML形式です。"), related(f"<p>{LONG}</p>")], ["市民課"], ["HTML形式"], False),
    ("three legs, all the same", [plain("PLAIN" + LONG), ("text/enriched", f"<bold>{LONG}</bold>"), html(f"<p>{LONG}</p>")],
     ["PLAIN"], ["<bold>"], False),
    ("enriched and a stub", [plain("View in browser"), ("text/enriched; charset=utf-8",
                             "<bold>Dear all</bold>, <color><param>red</param>please</color> note 1 << 2.\r\n" + ENGLISH)],
     ["Dear all, please note 1 < 2.", "steering"], ["bold", "param", "red"], False),
    ("calendar leg", [plain("PLAIN" + LONG), html(f"<p>{LONG}</p>"), CALENDAR], ["PLAIN", "打ち合わせ会"], [], False),
    ("calendar leg and a stub", [plain("Please view this email in HTML."), html(f"<p>{LONG}</p>"), CALENDAR],
     ["市民課", "打ち合わせ会"], ["Please view"], False),
    ("AMP leg", [plain("PLAIN" + LONG), AMP, html(f"<p>{LONG}</p>")], ["PLAIN"], ["AMP ONLY"], False),
    ("one leg", [plain(LONG)], ["市民課"], [], False),
    ("one leg of HTML", [html(f"<p>{LONG}</p>")], ["市民課"], [], False),
]

STUBS = [
    "HTML表示をオンにしてご覧ください。", "このメールはHTMLメールです。HTML表示に対応したメールソフトでご覧ください。",
    "メールが正しく表示されない場合は、ブラウザでご覧ください。", "This is a multi-part message in MIME format.",
    "View in browser", "View this email in your browser: https://mail.example.com/v/123",
    "Your email client cannot read this email. To view it online, please go here: https://a.example/x",
    "This message is in HTML format. Please use an HTML-capable mail reader.",
    "To view this email properly, please enable HTML.", "ＨＴＭＬ形式のメールを表示できません。",
]
CASES += [(f"stub {number}", [plain(stub), html(f"<h1>お知らせ</h1><p>{LONG}</p><p>{OTHER}</p>")], ["市民課", "暗証番号"], [], False)
          for number, stub in enumerate(STUBS, 1)]


def try_case(program, folder, legs, says, lacks, odd):
    """What is wrong, or None."""
    message = mail(content_type=b'multipart/alternative; boundary="b"', body=multipart("alternative", legs, "b").encode())
    record = os.path.join(folder, "record")
    done = subprocess.run([program, "sanitize", "--direction", "inbound", "--from", "x@example.com", "--to",
                           "a@city.example.lg.jp", "--record", record, "-"], input=message, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False, timeout=60)
    text = message_from_bytes(done.stdout, policy=policy.default).get_content().replace("\n", "")
    with open(record, encoding="utf-8") as file:
        oddities = json.load(file)["oddities"]
    wrong = [f"lacks {word!r}" for word in says if word not in text] + [f"says {word!r}" for word in lacks if word in text]
    if ("legs-differ" in oddities) != odd:
        wrong.append(f"oddities are {oddities}")
    return f"{'; '.join(wrong)} in {text[:300]!r}" if wrong else None


def main():
    print(f"1..{len(CASES)}")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, legs, says, lacks, odd) in enumerate(CASES, 1):
            wrong = try_case(sys.argv[1], folder, legs, says, lacks, odd)
            print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
            if wrong:
                print("# " + wrong)
            failed += bool(wrong)
    return 1 if failed else 0


sys.exit(main())
