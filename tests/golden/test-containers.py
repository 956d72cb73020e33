#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Golden mails with containers: what the delivered mail's text says, and what the record says of each part.

usage: test-containers.py MUGAI   Each case is one message through `mugai sanitize`; TAP on standard output."""
import email
import email.policy
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import containers_mails as mails  # noqa: E402

BEGIN = "======【メール無害化のお知らせ】======"
END = "======【お知らせここまで／End of notice】======"
OMITTED = "[以前のお知らせは省略 / earlier notice omitted]"
POLICIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "policy")
VIRUS = b"our-own-test-virus " * 3


class Result:
    """What came out of one run: exit status, text, record."""

    def __init__(self, message, *options, client="192.0.2.1", sender=mails.CITIZEN, recipients=(mails.STAFF,)):
        with tempfile.TemporaryDirectory() as folder:
            record = os.path.join(folder, "record")
            to = [option for recipient in recipients for option in ("--to", recipient)]
            done = subprocess.run([MUGAI, "sanitize", "--client", client, "--from", sender, *to, "--record", record,
                                   *options, "-"], input=message, capture_output=True, check=False, timeout=60)
            self.status, self.output = done.returncode, done.stdout
            self.record = json.load(open(record, encoding="utf-8"))
        self.parts = {part["path"]: part for part in self.record["parts"]}
        delivered = email.message_from_bytes(self.output, policy=email.policy.default)
        body = delivered if not delivered.is_multipart() else delivered.get_body()
        self.text = body.get_content().replace("\r\n", "\n") if self.output else ""
        self.lines = self.text.split("\n")

    def says(self, *wanted):
        folded = re.sub(r"\s", "", self.text)  # lines are folded at 76 columns
        for text in wanted:
            assert re.sub(r"\s", "", text) in folded, f"not said: {text}\n{self.text}"

    def is_silent_about(self, *unwanted):
        for text in unwanted:
            assert text not in self.text, f"said: {text}\n{self.text}"

    def part(self, path, action, content=None, **others):
        part = self.parts[path]
        assert part["action"] == action, (path, part)
        if content is not None:
            assert part["sha256"] == hashlib.sha256(content).hexdigest(), (path, part)
            assert part["size_bytes"] == len(content), (path, part)
        for key, value in others.items():
            assert part[key] == value, (path, key, part)

    def delivered(self):
        assert self.status == 0, (self.status, self.record["reasons"], self.record["oddities"])
        return self

    def one_notice(self):
        assert self.lines.count(BEGIN) == 1 and self.lines.count(END) == 1, self.text
        return self


# ---- calendars and cards ----

def case_invitation():
    result = Result(mails.calendar()).delivered().one_notice()
    result.says("会議への招待 / Invitation", "予算の打ち合わせ, 第2回", "2026年12月1日(火) 14:00～15:30", "Tokyo Standard Time",
                "UTC+09:00", "Tue 1 Dec 2026 14:00 - 15:30", "2週間ごと 火曜日・木曜日、全10回", "本庁舎 3階 会議室",
                "山田 花子 <hanako@mail.example.com>", "佐藤, 次郎 <jiro@mail.example.com>（承諾 / accepted）",
                "hxxps://meet.example.com/abc に接続してください。")
    result.is_silent_about("evil.example.com", "script", "run-me", "calc.exe", "https://")
    result.part("1.3", "text", mails.INVITATION.encode())
    result.part("2", "replace", mails.INVITATION.encode())
    assert result.text.count("会議への招待 / Invitation") == 1, "the file says what the leg says: once is enough"


def case_cancelled_and_changed():
    cancelled = mails.INVITATION.replace("METHOD:REQUEST", "METHOD:CANCEL")
    Result(mails.calendar(cancelled)).delivered().says("予定の取り消し / Cancelled")
    changed = mails.INVITATION.replace("UID:1@example", "UID:1@example\r\nSEQUENCE:2")
    Result(mails.calendar(changed)).delivered().says("会議への招待の変更 / Updated invitation")


def case_calendar_times():
    def with_start(start, end=""):
        return "".join(("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\n", start, "\r\n",
                        end + "\r\n" if end else "", "END:VEVENT\r\nEND:VCALENDAR\r\n"))
    whole = Result(mails.calendar(with_start("DTSTART;VALUE=DATE:20261231", "DTEND;VALUE=DATE:20270102"))).delivered()
    whole.says("2026年12月31日(木)～2027年1月1日(金) 終日")
    utc = Result(mails.calendar(with_start("DTSTART:20261130T200000Z", "DURATION:PT90M"))).delivered()
    utc.says("2026年12月1日(火) 05:00～06:30（日本時間）", "2026年11月30日(月) 20:00～21:30（UTC）")
    floating = Result(mails.calendar(with_start("DTSTART:20261201T140000"))).delivered()
    floating.says("2026年12月1日(火) 14:00（時間帯の指定なし）")
    senseless = Result(mails.calendar(with_start("DTSTART:20261399T990000"))).delivered()
    senseless.says("件名 (What): x")


def case_summer_time():
    zone = ("BEGIN:VTIMEZONE\r\nTZID:US\r\nBEGIN:DAYLIGHT\r\nDTSTART:20070311T020000\r\nTZOFFSETFROM:-0500\r\n"
            "TZOFFSETTO:-0400\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\n"
            "DTSTART:20071104T020000\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\n"
            "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")
    for start, said in (("20260701T090000", "2026年7月1日(水) 22:00（日本時間）＝ 2026年7月1日(水) 09:00（US, UTC-04:00）"),
                        ("20260115T190000", "2026年1月16日(金) 09:00（日本時間）＝ 2026年1月15日(木) 19:00（US, UTC-05:00）"),
                        ("20261101T030000", "UTC-05:00"), ("20261031T230000", "UTC-04:00"), ("20260308T030000", "UTC-04:00")):
        text = (f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nDTSTART;TZID=US:{start}\r\nEND:VEVENT\r\n"
                f"{zone}END:VCALENDAR\r\n")
        Result(mails.calendar(text)).delivered().says(said)
    unknown = zone.replace("BYMONTH=3;BYDAY=2SU", "BYYEARDAY=70")
    text = f"BEGIN:VCALENDAR\r\n{unknown}BEGIN:VEVENT\r\nDTSTART;TZID=US:20260701T090000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    Result(mails.calendar(text)).delivered().says("2026年7月1日(水) 09:00（US）")  # no offset rather than a wrong one


def case_hostile_calendar():
    attendees = "".join(f"ATTENDEE;CN=n{i}:mailto:a{i}@x.example\r\n" for i in range(100_000))
    nested = "BEGIN:VEVENT\r\n" * 5000
    text = ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:a\u202eexe.txt\x1b[2J\u2028B\r\nDTSTART:20261201T140000Z\r\n"
            + attendees + "DESCRIPTION:" + "長" * 300_000 + "\r\n" + nested)
    result = Result(mails.calendar(text)).delivered()
    result.says("出席者 (Attendee): n0 <a0@x.example>", "残りは表示していません")
    assert re.search(r"ほか 9\d{4} 人 / and 9\d{4} more", result.text), result.text
    result.is_silent_about("\u202e", "\x1b", "\u2028")
    assert len(result.output) < 60_000, len(result.output)


def case_cards():
    result = Result(mails.cards()).delivered().one_notice()
    result.says("氏名 (Name): 髙橋 一郎", "読み (Reading): ﾀｶﾊｼ ｲﾁﾛｳ", "携帯電話 (Mobile): 090-0000-0000",
                "氏名 (Name): 鈴木 花", "読み (Reading): すずき はな", "所属 (Organisation): 例の会社 営業部",
                "住所 (Address): 100-0000 日本 例の県 例の市 桜町1-2-3", "hxxps://evil.example.com/x")
    result.is_silent_about("iVBOR", "https://", "符号化されたデータ")
    result.part("2", "text", mails.CARD_21.encode())
    result.part("3", "text", mails.CARD_30.encode())


# ---- winmail.dat ----

def case_winmail():
    sheet, packed = mails.xlsx(), mails.zip_of([("a.txt", "a")])
    stream = mails.tnef("こんにちは、①の髙橋です。", [("見積書①.xlsx", sheet), ("資料.zip", packed)])
    for name, subtype in (("winmail.dat", "ms-tnef"), ("資料.bin", "octet-stream")):
        result = Result(mails.winmail(stream, name=name, subtype=subtype)).delivered().one_notice()
        result.says("こんにちは、①の髙橋です。", "1. 見積書①.xlsx ── 表計算ファイル (Excel)", "2. 資料.zip ── 圧縮ファイル (ZIP)")
        result.part("2", "replace", stream, detected="application/vnd.ms-tnef")
        result.part("2/1", "remove", sheet, names=["見積書①.xlsx"])
        result.part("2/2", "remove", packed)
        result.part("2/2/1", "remove", b"a", names=["a.txt"])


def case_winmail_meeting():
    result = Result(mails.winmail(mails.meeting_request())).delivered()
    result.says("会議への招待 / Invitation", "予算の件", "2026年12月1日(火) 14:00～15:30（日本時間）", "第一会議室", "山田 花子",
                "議題は予算です。")


def case_winmail_nested_and_damaged():
    sheet = mails.xlsx()
    inner = mails.tnef("内側の本文", [("b.xlsx", sheet)])
    stream = mails.tnef("外側の本文です", [("a.txt", b"hello"), ("msg", (inner,))], wrong=True)
    result = Result(mails.winmail(stream, body="外側の本文です")).delivered()
    result.says("内側の本文", "b.xlsx ── 表計算ファイル (Excel)")
    assert result.text.count("外側の本文です") == 1, "said once: the plain body says it already"
    result.part("2", "replace", flags=["malformed"])
    result.part("2/1", "remove", b"hello")
    result.part("2/2", "remove", sheet)


def case_winmail_rtf():
    outlook = (r"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fnil\fcharset128 x;}}{\colortbl\red0;}"
               r"{\*\htmltag64 <p onclick=evil>}\htmlrtf {\htmlrtf0 first \'e9 line\htmlrtf\par}\htmlrtf0"
               r"{\*\htmltag84 <b>}{\f1 \'8c\'b4\'8d\'65}\uc1\u12354?\u-10179?\u-8704? \{braces\} {\pict\bin4 }{}}}"
               r"{\object{\*\objdata d0cf11e0}}{\field{\*\fldinst HYPERLINK http://evil.example.com/}{\fldrslt shown}}}")
    result = Result(mails.rtf_mail(mails.stored_rtf(outlook))).delivered()
    result.says("first é line", "原稿あ😀 {braces}", "shown")
    result.is_silent_about("evil", "onclick", "Arial", "d0cf11e0", "HYPERLINK", "htmltag")
    Result(mails.rtf_mail(mails.packed_rtf(r"{\rtf1 some word or other, then "))).delivered().says("or other, then word")


def case_winmail_hostile():
    whole = mails.tnef("本文", [("a.txt", b"hello")])
    for cut in range(6, len(whole), 7):  # cut short anywhere: nothing is lost without a word, nobody dies
        result = Result(mails.winmail(whole[:cut])).delivered()
        assert result.parts["2"]["action"] in ("replace", "remove"), result.parts
    deep = b"x"
    for _ in range(30):
        deep = mails.tnef("t", [("m", (deep,))])
    result = Result(mails.winmail(deep)).delivered()
    result.part("2", "remove", scan="over-limit")


# ---- S/MIME, PGP ----

def case_opaque_signed():
    for pieces in (False, True):
        result = Result(mails.smime(mails.signed_data(mails.inner_entity(), pieces), "signed-data")).delivered()
        result.says("署名された本文です。", "見積書.xlsx ── 表計算ファイル (Excel)", "電子署名")
        result.part("1.2", "remove", mails.xlsx())
        assert result.record["oddities"] == ["signed-message"], result.record["oddities"]


def case_encrypted():
    result = Result(mails.smime(mails.enveloped_data(), "enveloped-data")).delivered()
    result.says("S/MIME のメール", "暗号化されていて、中を検査できません。")
    result.part("1", "remove", scan="encrypted")
    assert "encrypted-message" in result.record["oddities"]
    result = Result(mails.pgp_encrypted()).delivered()
    result.is_silent_about("2. ", "Version")
    result.says("PGP で暗号化されたデータ", "暗号化されていて、中を検査できません。")
    assert "encrypted-message" in result.record["oddities"]


def case_broken_signed():
    whole = mails.signed_data(mails.inner_entity())
    for cut in range(0, 80, 3):
        result = Result(mails.smime(whole[:cut], "signed-data")).delivered()
        assert "encrypted-message" in result.record["oddities"], (cut, result.record["oddities"])


def case_signed_by_policy():
    result = Result(mails.signed()).delivered().one_notice()
    result.says("署名付きの本文です。", "・電子署名")
    result.part("2", "replace")
    inside = mails.signed(mails.STAFF, "kacho@city.example.lg.jp")
    whole = Result(inside, client="10.0.0.1", sender=mails.STAFF, recipients=("kacho@city.example.lg.jp",)).delivered()
    assert whole.output == inside, "no rule changes it: byte for byte, signature and all"


# ---- messages in messages, reports ----

def case_nested():
    result = Result(mails.forwarded()).delivered().one_notice()
    result.says("転送します。", "添付されていたメール", "Subject: 元のメール", "元の本文です。", "表.xlsx ── 表計算ファイル (Excel)")
    result.part("2.2", "remove", mails.xlsx())
    result = Result(mails.eml_file()).delivered()
    result.says("添付をご覧ください。", "Subject: 保存したメール", "保存した本文です。")
    result.part("2", "replace", detected="message/rfc822")


def case_reports():
    result = Result(mails.delivery_report(), sender="<>").delivered()
    result.says("配送の結果 / Delivery status", "宛先 (Recipient): nobody@other.example.net", "届きませんでした (failed)",
                "理由 (Reason): 550 5.1.1 <nobody@other.example.net>: User unknown, see hxxp://help.example.com/",
                "Subject: お知らせ")
    result.is_silent_about("Received:")
    Result(mails.read_receipt()).delivered().says("開封通知 / Read receipt", "開封されました (displayed)")


def case_not_whole():
    for kind, oddity in (('message/partial; id="a"; number=1; total=2', "partial"),
                         ('message/external-body; access-type=URL; URL="http://evil.example.com/x"', "external-body")):
        result = Result(mails.odd_message(kind))
        assert result.status == 21, result.status
        assert oddity in result.record["oddities"] and result.record["reasons"][0]["rule"] == "not-whole"
        result.says("お預かりしています", "件名: part", "理由: 分割されたメールの一部であるか", "隔離番号: " + result.record["id"])
        result.is_silent_about("payload-text", "evil.example.com")


# ---- the notice ----

def case_newsletter():
    result = Result(mails.newsletter()).delivered().one_notice()
    notice = result.lines[result.lines.index(BEGIN):]
    assert sum("画像" in line for line in notice) == 1, notice
    assert not any("image" in line or "png" in line for line in notice), notice
    assert len(notice) < 25, notice


def case_attachments():
    members = [(f"f{i}.txt", "a") for i in range(40)]
    result = Result(mails.attachments(("見積書.xlsx", mails.xlsx()), ("四十.zip", mails.zip_of(members)),
                                      ("秘密.zip", mails.encrypted_zip()))).delivered().one_notice()
    result.says("1. 見積書.xlsx ── 表計算ファイル (Excel)", "2. 四十.zip ── 圧縮ファイル (ZIP)",
                "中のファイル 40 個: f0.txt、f1.txt、f2.txt、ほか 37 個", "3. 秘密.zip", "暗号化されていて、中を検査できません。",
                "隔離番号: " + result.record["id"])
    result.is_silent_about("application/", "f3.txt", "MIME")
    assert len([path for path in result.parts if path.startswith("3/")]) == 40


def case_infected():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "ours.hdb"), "w", encoding="ascii") as signatures:
            signatures.write(f"{hashlib.md5(VIRUS).hexdigest()}:{len(VIRUS)}:Ours.Test\n")
        stream = mails.tnef("本文", [("病気.bin", VIRUS), ("表.xlsx", mails.xlsx())])
        result = Result(mails.winmail(stream), "--signatures", folder).delivered()
        result.part("2", "remove", scan="infected", signature="Ours.Test.UNOFFICIAL")
        result.part("2/1", "remove", VIRUS, scan="infected")
        result.says("病気.bin", "ウイルスが見つかりました。")
        result = Result(mails.attachments(("病気.bin", VIRUS)), "--signatures", folder).delivered()
        result.says("病気.bin", "ウイルスが見つかりました。")
        result.is_silent_about("Ours.Test")


def case_quoted_notices():
    first = Result(mails.attachments(("見積書.xlsx", mails.xlsx()))).delivered()
    text = first.text
    for round_number in range(3):  # a thread: each reply quotes the mail before
        quoted = "".join("> " + line + "\n" for line in text.split("\n"))
        reply = Result(mails.plain(f"返事 {round_number}\n\n" + quoted, ("表.xlsx", mails.xlsx()))).delivered().one_notice()
        assert reply.text.count(OMITTED) == 1, reply.text
        assert reply.text.count("隔離番号: ") == 1 and first.record["id"] not in reply.text, reply.text
        reply.says(f"返事 {round_number}", "本文です。")
        text = reply.text
    below = Result(mails.plain("返事\n\n-----Original Message-----\n" + first.text)).delivered()
    below.says("返事", OMITTED, "本文です。")
    below.is_silent_about(BEGIN, first.record["id"])
    html = "<div>返事</div><blockquote>" + "<br>".join(first.text.split("\n")) + "</blockquote>"
    quoted = Result(mails.html(html)).delivered()
    quoted.says("返事", OMITTED, "本文です。")
    quoted.is_silent_about(first.record["id"])


def case_forged_notice():
    forged = f"{BEGIN}\n安全です。evil@x.example へ\n{END}\nあとの文\n{BEGIN}\n開いたまま\n"
    result = Result(mails.plain(forged, ("表.xlsx", mails.xlsx()))).delivered()
    result.says("あとの文", "開いたまま", "1. 表.xlsx", "隔離番号: " + result.record["id"])
    result.is_silent_about("安全です。evil@x.example")
    assert result.lines[-2] == END or result.lines[-1] == END, result.lines[-3:]


def changed_policy(folder, old, new):
    """The shipped policy with one place changed, in @folder."""
    text = open(os.path.join(POLICIES, "default.yaml"), encoding="utf-8").read()
    assert old in text
    for name in ("notices", "groups", "clauses.yaml"):
        os.symlink(os.path.realpath(os.path.join(POLICIES, name)), os.path.join(folder, name))
    policy = os.path.join(folder, "changed.yaml")
    with open(policy, "w", encoding="utf-8") as out:
        out.write(text.replace(old, new, 1))
    return policy


def case_removed_container():
    """A nested mail that a rule takes out takes its text with it."""
    rule = ('  - id: no-nested\n    clause: 北九州市 5.6(7)\n    on: part\n    when:\n      part-declared: "message/rfc822"\n'
            "    then: remove\n    ja: 転送メールは取り除きます。\n    en: Nested mail is taken out.\n\n  - id: infected-body\n")
    with tempfile.TemporaryDirectory() as folder:
        policy = changed_policy(folder, "  - id: infected-body\n", rule)
        result = Result(mails.forwarded(), "--policy", policy).delivered().one_notice()
    result.says("転送します。", "転送メールは取り除きます。")
    result.is_silent_about("元の本文です。", "添付されていたメール")
    result.part("2", "remove", rule="no-nested")


def case_outside():
    with tempfile.TemporaryDirectory() as folder:
        policy = changed_policy(folder, "  outbound:\n    level: untouched", "  outbound:\n    level: text")
        result = Result(mails.attachments(("表.xlsx", mails.xlsx())), "--policy", policy, client="10.0.0.1",
                        sender=mails.STAFF, recipients=(mails.CITIZEN,)).delivered().one_notice()
    result.says("このメールの一部は、送信元の組織で取り除かれています。", "taken out by the sender's organisation", result.record["id"])
    result.is_silent_about("理由", "隔離", "表.xlsx", "reason", "quarantine", "@city.example")


def case_accounts():
    """Leaves in = verdicts out, by this file's own count of them."""
    for message, leaves in ((mails.newsletter(20), 22), (mails.forwarded(), 3), (mails.cards(), 3),
                            (mails.winmail(mails.tnef("x", [("a", b"1"), ("b", b"2"), ("c", b"3")])), 5)):
        result = Result(message).delivered()
        containers = ("multipart/", "message/rfc822")
        found = [p for p in result.record["parts"] if not p["declared"].startswith(containers)]
        assert len(found) == leaves, (leaves, sorted(result.parts))
        assert all(part["action"] in ("keep", "text", "remove", "replace") for part in found)


def main():
    cases = [(name[5:], case) for name, case in sorted(globals().items()) if name.startswith("case_")]
    failed = 0
    print(f"1..{len(cases)}")
    for number, (name, case) in enumerate(cases, 1):
        try:
            case()
            print(f"ok {number} - {name}")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {name}")
            print("\n".join("# " + line for line in traceback.format_exc().split("\n")))
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    MUGAI = os.path.abspath(sys.argv[1])
    sys.exit(main())
