#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The tables of tests/flow through MTAs: miltertest against mugaid, the real Postfix, the real Sendmail; then the counters. TAP.

usage: test-flow.py BUILD_DIR

Each row's verdict comes from its table; here it must be the same on the record, whatever macros an MTA gives at which stage.
A row that an MTA does not take as an address is its own refusal: never a relay, and counted apart.
"""
import contextlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile

import sendmail
from relay import TOP, Mugaid, Postfix, Relay, Sink, Skip, run_scenarios, wait_for

spec = importlib.util.spec_from_file_location("scenarios", TOP / "tests/flow/test-scenarios.py")
scenarios = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scenarios)
IPV4 = re.compile(r"([1-9]\d*|0)(\.([1-9]\d*|0)){3}$")


def rows():
    """Those that an MTA can play: an IPv4 client, the shipped policy, no megabytes."""
    for path in sorted((TOP / "tests/flow").glob("*.scenarios")):
        for _, group in scenarios.read_table(path):
            for row in group:
                client = row.options.get("client", "127.0.0.1")
                addresses = [address for address, _ in row.to] + [row.options.get("from", "")]
                if IPV4.match(client) and "offline" not in row.outcome and not {"size", "policy"} & set(row.options) \
                        and all(address.isascii() for address in addresses):
                    yield row


def brackets(address):
    return address if address.startswith("<") else f"<{address}>"


def expected(row):
    status = next(int(word) for word in row.outcome if word.isdigit())
    evidence = next((word[3:] for word in row.outcome if word.startswith("ev:")), None)
    direction = next((word for word in row.outcome if word in scenarios.DIRECTIONS), None)
    return {0: "deliver", 20: "refuse", 21: "hold"}[status], evidence, direction


class Ways:
    """Counts of one MTA's run over the tables."""

    def __init__(self, mugaid):
        self.mugaid, self.same, self.mta_refused, self.problems = mugaid, 0, 0, []

    def judge(self, row, code, text, id_):
        action, evidence, direction = expected(row)
        what = f"{row.group}: {row.what}"
        if action == "refuse":
            self.note(what, code >= 500 or code == 0, f"not refused: {code} {text}")
            return
        if code >= 500 and "mugai " not in text:
            self.mta_refused += 1
            return
        record = next((record for record in reversed(self.mugaid.records()) if record["message_id"] == id_), None)
        if record is None:
            self.note(what, False, f"no record: {code} {text}")
            return
        got = (record["action"], ",".join(sorted(record["facts"]["forwarding"])), record["direction"])
        want = (action, got[1] if evidence is None else ",".join(sorted(filter(None, evidence.split(",")))), direction or got[2])
        self.note(what, got == want and code == 250, f"got {got} {code}, not {want}")

    def note(self, what, is_so, problem):
        if is_so:
            self.same += 1
        else:
            self.problems.append(f"{what}: {problem}")

    def close(self, least):
        assert not self.problems, f"{len(self.problems)} of {self.same + len(self.problems)}: " + "; ".join(self.problems[:8])
        assert self.same >= least, f"only {self.same} rows played, {self.mta_refused} refused by the MTA itself"
        print(f"# {self.same} rows as in the table, {self.mta_refused} not taken by the MTA itself")


def message_of(row, number):
    id_ = f"<row-{number}@flow.example.com>"
    row.fields = [field for field in row.fields if field[0].lower() != "message-id"] + [("Message-ID", f" {id_}", False)]
    return row.message(), id_


def smtp_row(row, *how):
    try:
        return play(row, *how)
    except (OSError, smtplib.SMTPException) as problem:
        raise AssertionError(f"{row.group}: {row.what}: {problem}") from problem


def play(row, message, port, hello, source=None):
    """(code, text): of the end, or of the last recipient when none was taken."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30, source_address=(source, 0) if source else None) as smtp:
        hello(smtp, row)
        code, text = smtp.docmd("MAIL FROM:" + brackets(row.options.get("from", "")))
        if code != 250:
            return code, text.decode(errors="replace")
        taken = 0
        for address, _ in row.to:
            code, text = smtp.docmd("RCPT TO:" + brackets(address))
            taken += code == 250
        if not taken:
            return code, text.decode(errors="replace")
        code, text = smtp.data(message)
        return code, text.decode(errors="replace")


PLAIN = re.compile(r"[A-Za-z0-9._+=-]+@[A-Za-z0-9.-]+$")


def is_for_swaks(row, number):
    """A fifth of the rows, where no shell of swaks' own reads anything into an address: a client that is not ours either."""
    return number % 5 == 0 and all(PLAIN.match(address) for address in [row.options.get("from") or "x@y"] + [to for to, _ in row.to])


def by_swaks(row, message, port, *client):
    """(code, text): of the last reply before QUIT's."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(message)
        file.flush()
        done = subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(port), "--helo", "client.example.com", "--from", row.options.get("from") or "<>",
                               "--to", ",".join(to for to, _ in row.to), "--data", "@" + file.name, *client],
                              capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    replies = re.findall(r"^<(?:-|\*\*) +(\d{3}) (.*)$", done.stdout, re.M)
    assert replies, done.stdout + done.stderr
    code, text = replies[-2 if replies[-1][0] == "221" and len(replies) > 1 else -1]
    return int(code), text


def postfix(build):
    """the tables through the real Postfix: the same verdict, direction and evidence on the record"""
    def hello(smtp, row):
        smtp.ehlo("client.example.com")
        login = f" LOGIN={row.options['auth']}" if row.options.get("auth") else ""
        code, text = smtp.docmd("XCLIENT", f"ADDR={row.options.get('client', '127.0.0.1')} NAME=client.example.com{login}")
        assert code == 220, text
        smtp.ehlo("client.example.com")

    with Relay(build) as relay:
        # the relay that forgot its own rules: what is refused, mugai refuses
        subprocess.run(["postconf", "-c", str(relay.postfix.etc), "-e", "mynetworks=0.0.0.0/0",
                        "allow_untrusted_routing=yes", "smtpd_client_message_rate_limit=0"], check=True)
        relay.postfix.command("reload")
        ways = Ways(relay.mugaid)
        for number, row in enumerate(rows()):
            message, id_ = message_of(row, number)
            if is_for_swaks(row, number):
                login = ["--xclient-login", row.options["auth"]] if row.options.get("auth") else []
                ways.judge(row, *by_swaks(row, message, relay.postfix.port, "--xclient-addr", row.options.get("client", "127.0.0.1"),
                                          "--xclient-name", "client.example.com", *login), id_)
            else:
                ways.judge(row, *smtp_row(row, message, relay.postfix.port, hello), id_)
        ways.close(300)
        notices = [recipients for _, recipients, data in relay.sink.messages if b"X-Mugai-Notice: held" in data]
        left = [to for recipients in notices for to in recipients if not OUR_DOMAINS.search(to)]
        assert notices and not left, f"notices that left: {left}"


OUR_DOMAINS = re.compile(r"@(gikai\.)?city\.example\.lg\.jp\.?>?$", re.I)


def through_sendmail(build):
    """the tables through the real Sendmail, open as a relay: the same again, with its macros at its stages"""
    def hello(smtp, row):
        smtp.ehlo("client.example.com")

    with sendmail_relay(build) as (mugaid, _, mta):
        ways = Ways(mugaid)
        for number, row in enumerate(rows()):
            client = row.options.get("client", "127.0.0.1")
            if row.options.get("auth") or "clients:" in row.group:
                continue  # without SASL nobody logs in here
            inside = client.startswith(("10.", "127.", "192.168.", "172.31."))
            message, id_ = message_of(row, number)
            source = sendmail.INSIDE if inside else sendmail.OUTSIDE
            ways.judge(row, *(by_swaks(row, message, mta.port, "--local-interface", source) if is_for_swaks(row, number)
                              else smtp_row(row, message, mta.port, hello, source)), id_)
        ways.close(200)


LETTER = "From: kakari@city.example.lg.jp\nTo: {to}\nSubject: letter\nDate: Sat, 21 Nov 2026 10:00:00 +0900\nMessage-ID: {id}\n{more}\nGood day.\n"


def postfix_command(build):
    """mail from sendmail(1) (non_smtpd_milters): loopback, so ours; forwarding by .forward is held"""
    with Relay(build) as relay:
        def submit(id_, more, sender, to):
            text = LETTER.format(to=to, id=id_, more=more)
            done = subprocess.run(["sendmail", "-C", str(relay.postfix.etc), "-f", sender, "--", to], input=text.encode(), capture_output=True,
                                  env={"MAIL_CONFIG": str(relay.postfix.etc), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
            assert done.returncode == 0, done.stderr
            return wait_for(lambda: next((r for r in relay.mugaid.records() if r["message_id"] == id_), None), 30, f"record of {id_}")

        plain = submit("<cmd1@x>", "", "kakari@city.example.lg.jp", "hanako@other.example.net")
        assert (plain["action"], plain["direction"], plain["envelope"]["client"]) == ("deliver", "outbound", "127.0.0.1"), plain["envelope"]
        forwarded = submit("<cmd2@x>", "Delivered-To: kakari@city.example.lg.jp\n", "kakari@city.example.lg.jp", "hanako@other.example.net")
        assert forwarded["action"] == "hold" and forwarded["facts"]["forwarding"] == ["delivered-to-ours"], forwarded["facts"]["forwarding"]
        kept = submit("<cmd3@x>", "", "taro@mail.example.com", "hanako@other.example.net")
        assert kept["action"] == "hold" and kept["facts"]["forwarding"] == ["outside-sender-leaving"], kept["facts"]["forwarding"]
        inside = submit("<cmd4@x>", "", "root", "kakari@city.example.lg.jp")
        assert inside["direction"] == "internal" and inside["action"] == "deliver", inside["direction"]


def correlation(build):
    """forwarding without a header left: by its Message-ID at mail 1, by the mail box's echoes at mail 5; after a restart too"""
    with Relay(build) as relay:
        def arrive(number):
            text = LETTER.replace("kakari@", "taro@", 1).format(to="kakari@city.example.lg.jp", id=f"<in{number}@mail.example.com>", more="")
            assert relay.send(text.encode(), f"taro{number}@mail.example.com", "kakari@city.example.lg.jp")[0] == 250

        def leave(id_, to="private@mail.example.org"):
            text = LETTER.format(to=to, id=id_, more="").encode()
            assert relay.send(text, "kakari@city.example.lg.jp", to, client="10.1.2.3")[0] == 250
            record = relay.mugaid.records()[-1]
            return record["action"], record["facts"]["forwarding"]

        arrive(0)
        assert leave("<in0@mail.example.com>") == ("hold", ["message-id-seen"])
        assert leave("<own@city.example.lg.jp>") == ("deliver", [])
        for number in range(1, 5):
            arrive(number)
            assert leave(f"<out{number}@city.example.lg.jp>") == ("deliver", []), number
        relay.mugaid.stop()
        relay.mugaid.start()
        arrive(5)
        assert leave("<out5@city.example.lg.jp>") == ("hold", ["mail-box-echo"])
        arrive(6)
        assert leave("<out6@city.example.lg.jp>", to="else@mail.example.org") == ("deliver", []), "another address is no echo"


RATES = """
rates:
  outbound:
    sender: {messages: 3, window: 1h}
    user: {recipients: 5, window: 1h, stop: true}
  inbound:
    client: {messages: 2, window: 1h}
"""


def counters(build):
    """over a limit: 4xx and an alarm; stop: until a person resumes it, on the audit chain; nothing of it is lost by a restart"""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-rates-"))
    folder.chmod(0o755)
    shutil.copytree(TOP / "policy", folder / "policy")
    path = folder / "policy/default.yaml"
    path.write_text(path.read_text().replace("\n# ── 名簿", RATES + "\n# ── 名簿", 1))
    for part in [folder / "policy", *(folder / "policy").rglob("*")]:
        part.chmod(0o755 if part.is_dir() else 0o644)
    text = LETTER.format(to="hanako@other.example.net", id="<r@x>", more="").encode()
    try:
        with Relay(build, policy=path) as relay:
            mugaid = relay.mugaid

            def send(sender="kakari@city.example.lg.jp", to="hanako@other.example.net", **how):
                return relay.send(text, sender, to, client="10.1.2.3", **how)[0]

            def act(word, key):
                done = mugaid.mugai("flow", word, key, "--reason", "test", "--config", mugaid.config)
                assert done.returncode == 0, done.stderr

            assert [send() for _ in range(5)] == [250, 250, 250, 451, 451]
            assert mugaid.records()[-1]["reasons"][0]["rule"] == "mass-mail" and mugaid.records()[-1]["facts"]["rate-exceeded"]
            assert send(sender="kacho@city.example.lg.jp") == 250, "another sender has a bucket of its own"
            assert send(to="kacho@city.example.lg.jp") == 250, "mail inside is counted apart"
            # a flood from outside is put off at MAIL, before it says anything; its neighbours are not
            def at_mail(client):
                with smtplib.SMTP("127.0.0.1", relay.postfix.port, timeout=60) as smtp:
                    smtp.ehlo("client.example.com")
                    smtp.docmd("XCLIENT", f"ADDR={client} NAME=client.example.com")
                    smtp.ehlo("client.example.com")
                    code, words = smtp.mail("taro@mail.example.com")
                    return (code, words) if code != 250 else smtp.rcpt("kacho@city.example.lg.jp")

            assert [relay.send(text, "taro@mail.example.com", "kacho@city.example.lg.jp", client="203.0.113.9")[0] for _ in range(2)] == [250, 250]
            code, words = at_mail("203.0.113.9")
            assert code == 451 and b"Too many messages" in words, (code, words)
            assert mugaid.records()[-1]["recipients"] == [] and mugaid.records()[-1]["reasons"][0]["rule"] == "mass-mail"
            assert at_mail("203.0.113.10")[0] == 250
            # a login that writes to many at once is stopped, and stays so
            many = [f"p{i}@other.example.net" for i in range(6)]
            assert send(sender="a@city.example.lg.jp", to=many, login="taro") == 451
            assert send(sender="b@city.example.lg.jp", login="taro") == 451, "stopped: one recipient is too many now"
            listed = json.loads(mugaid.mugai("flow", "list", "--json", "--config", mugaid.config).stdout)
            assert [entry["key"] for entry in listed if entry["stopped"]] == ["outbound:user:taro"], listed
            codes = [alarm["code"] for alarm in mugaid.status().get("alarms", [])]
            assert "flow-stopped" in codes and "mass-mail" in codes, codes
            mugaid.stop()
            mugaid.start()
            assert send(sender="c@city.example.lg.jp", login="taro") == 451, "a restart resumes nobody"
            assert send() == 451, "counters outlive a restart"
            act("resume", "outbound:user:taro")
            assert send(sender="d@city.example.lg.jp", login="taro") == 250
            # the brake of the whole relay
            act("stop", "outbound:organisation")
            assert send(sender="e@city.example.lg.jp") == 451 and send(sender="e@city.example.lg.jp", to="kacho@city.example.lg.jp") == 250
            act("resume", "outbound:organisation")
            assert send(sender="e@city.example.lg.jp") == 250
            acts = [json.loads(line) for segment in sorted(mugaid.audit.glob("*.jsonl")) for line in segment.read_text().splitlines()]
            acts = [(line["kind"], line["body"]["key"], line["actor"]) for line in acts if line["kind"].startswith("flow-")]
            assert [(kind, key) for kind, key, _ in acts] == [
                ("flow-stop", "outbound:user:taro"), ("flow-resume", "outbound:user:taro"),
                ("flow-stop", "outbound:organisation"), ("flow-resume", "outbound:organisation")], acts
            assert acts[0][2] == "mugaid" and acts[1][2].startswith("uid:"), acts
            assert mugaid.mugai("flow", "resume", "x", "--config", mugaid.config).returncode == 64, "a reason is asked for"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


SHOWN = """From: kakari@city.example.lg.jp
To: {to}
CC: Kacho <kacho@city.example.lg.jp>,
 last@other.example.net
Subject: to many
Date: Sat, 21 Nov 2026 10:00:00 +0900
Message-ID: <hidden@city.example.lg.jp>

To: this line is text
"""


def hides(text):
    """The policy with the third choice for exposed recipients: the mail goes, and names nobody."""
    text, n = re.subn(r"(shown-outside: {over: 10}\n    then:) hold", r"\1 {hide_recipients: true}", text)
    assert n == 1
    return text


def hidden(mugaid, sink, submit):
    """Each recipient gets the mail with nobody's name on it, and who was on it is in the quarantine."""
    many = [f"p{i}@other.example.net" for i in range(11)]
    message = SHOWN.format(to=",\n ".join(many)).replace("\n", "\r\n").encode()
    submit(message, many[:2] + ["kacho@city.example.lg.jp"])
    wait_for(lambda: sum(len(to) for _, to, _ in sink.messages) == 3, 60, "three copies")
    for _, _, data in sink.messages:
        head, body = data.split(b"\r\n\r\n", 1)
        fields = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
        assert fields.count(b"to") == 1 and b"cc" not in fields and b"undisclosed-recipients:;" in head, head
        assert b"p5@other" not in data and b"last@" not in data and body == b"To: this line is text\r\n", data
    record = mugaid.records()[-1]
    assert record["action"] == "deliver" and record["changed"] and record["quarantine_id"] == record["id"], record
    assert "recipients-exposed" in [reason["rule"] for reason in record["reasons"]], record["reasons"]
    kept = mugaid.mugai("quarantine", "export", record["id"], "--config", mugaid.config, "-o", mugaid.folder / "kept.eml")
    assert kept.returncode == 0, kept.stderr
    assert (mugaid.folder / "kept.eml").read_bytes() == message, "the original as it came"


def readable(folder):
    for part in [folder, *folder.rglob("*")]:
        part.chmod(0o755 if part.is_dir() else 0o644)


def postfix_hides(build):
    """exposed recipients by the policy's third choice: To and Cc name nobody any more, the text stays, the original is kept"""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-hides-"))
    shutil.copytree(TOP / "policy", folder / "policy", ignore=shutil.ignore_patterns("tests"))
    path = folder / "policy/default.yaml"
    path.write_text(hides(path.read_text()))
    readable(folder)
    try:
        with Relay(build, policy=path) as relay:
            hidden(relay.mugaid, relay.sink, lambda message, to: relay.send(message, "kakari@city.example.lg.jp", to, client="10.1.2.3"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def sendmail_relay(build, change=lambda text: text):
    if os.getuid() != 0 or not (sendmail.UNPACKED / "usr/libexec/sendmail/sendmail").exists():
        raise Skip("no unpacked Sendmail (packaging/deps --test, as root)")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-sendmail-", dir="/run"))  # no world-writable folder above the socket
    folder.chmod(0o755)
    path = sendmail.policy(folder)
    path.write_text(change(path.read_text()))
    shutil.rmtree(folder / "policy/tests")  # its cases are of the shipped rules
    sink, mugaid = Sink(), Mugaid(build, folder, policy=path)
    try:
        mta = sendmail.Sendmail(folder, mugaid.socket, sink.port)
        try:
            yield mugaid, sink, mta
        finally:
            mta.stop()
    finally:
        mugaid.stop()
        sink.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def sendmail_hides(build):
    """the same through the real Sendmail"""
    with sendmail_relay(build, hides) as (mugaid, sink, mta):
        def submit(message, to):
            with smtplib.SMTP("127.0.0.1", mta.port, timeout=60, source_address=(sendmail.INSIDE, 0)) as smtp:
                smtp.sendmail("kakari@city.example.lg.jp", to, message)

        hidden(mugaid, sink, submit)


def sendmail_command(build):
    """mail from Sendmail's own sendmail(1): by its submission queue from loopback, so ours; what a rule forwards is held"""
    with sendmail_relay(build) as (mugaid, sink, mta):
        def submit(id_, more, sender, to):
            done = mta.submit(sender, to, LETTER.format(to=to, id=id_, more=more))
            assert done.returncode == 0, (done.stdout, done.stderr)
            return wait_for(lambda: next((r for r in mugaid.records() if r["message_id"] == id_), None), 60, f"record of {id_}")

        plain = submit("<msp1@x>", "", "kakari@city.example.lg.jp", "hanako@other.example.net")
        assert (plain["action"], plain["direction"]) == ("deliver", "outbound"), (plain["envelope"], plain["reasons"])
        assert plain["envelope"]["client"] == "127.0.0.1" and plain["queue_id"], plain["envelope"]
        forwarded = submit("<msp2@x>", "Delivered-To: kakari@city.example.lg.jp\n", "kakari@city.example.lg.jp", "hanako@other.example.net")
        assert forwarded["action"] == "hold" and forwarded["facts"]["forwarding"] == ["delivered-to-ours"], forwarded["facts"]["forwarding"]
        kept = submit("<msp3@x>", "", "taro@mail.example.com", "hanako@other.example.net")
        assert kept["action"] == "hold" and kept["facts"]["forwarding"] == ["outside-sender-leaving"], kept["facts"]["forwarding"]
        inside = submit("<msp4@x>", "", "kakari@city.example.lg.jp", "kacho@city.example.lg.jp")
        assert inside["direction"] == "internal" and inside["action"] == "deliver", inside["direction"]


if __name__ == "__main__":
    if shutil.which("postfix") is None:
        print("1..0 # SKIP postfix is not installed")
        raise SystemExit(0)
    wanted = [(counters, sys.argv[1]), (postfix_command, sys.argv[1]), (postfix_hides, sys.argv[1]), (sendmail_hides, sys.argv[1]),
              (sendmail_command, sys.argv[1]), (correlation, sys.argv[1]), (postfix, sys.argv[1]), (through_sendmail, sys.argv[1])]
    run_scenarios([one for one in wanted if len(sys.argv) < 3 or one[0].__name__ in sys.argv[2:]])
