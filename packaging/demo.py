# SPDX-License-Identifier: GPL-2.0-only
"""The demo's second half: private Postfix, mugaid and a mail sink on loopback; sample mails before and after.

usage: demo.py BUILD_DIR [--once]
"""
import email
import email.policy
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))
import samples  # noqa: E402
from relay import INSIDE, OUTSIDE, TOP, Relay  # noqa: E402
from samples import CITIZEN, COLLEAGUE, OUTSIDER, STAFF  # noqa: E402

LINE = "=" * 78


def summary(data):
    """The shape of a mail: header fields people see, and each part in a line; text parts with their first lines."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    lines = [f"  {name}: {message[name]}" for name in ("From", "To", "Subject") if message[name]]
    for part in message.walk():
        if part.is_multipart():
            lines.append(f"  [{part.get_content_type()}]")
            continue
        name = f" 「{part.get_filename()}」" if part.get_filename() else ""
        lines.append(f"  [{part.get_content_type()}{name}, {len(part.get_payload(decode=True) or b'')} bytes]")
        if part.get_content_type() in ("text/plain", "text/html"):
            lines += ["    | " + line for line in part.get_content().splitlines()[:24]]
    return "\n".join(lines)


def show(relay, title, data, sender, recipient, client):
    before = len(relay.sink.messages)
    print(f"\n{LINE}\n{title}\n  client {client}, from <{sender}>, to <{recipient}>, {len(data)} bytes\n-- before")
    print(summary(data) if len(data) < 100_000 else f"  ({len(data)} bytes)")
    code, text = relay.send(data, sender, recipient, client=client)
    print(f"-- Postfix answers: {code} {text}")
    if code != 250:
        return
    got_sender, recipients, got = relay.next_mail(before)
    print(f"-- after: from {got_sender}, to {', '.join(recipients)}")
    print(summary(got))
    if data.rstrip(b"\r\n") in got:
        print("-- byte for byte the original below the trace header")


def samples_in_order():
    return (
        ("HTML の広報メール / an HTML newsletter", samples.newsletter(), CITIZEN, STAFF, OUTSIDE),
        ("ISO-2022-JP の ①㈱髙 / Japanese mail with vendor characters", samples.japanese(), CITIZEN, STAFF, OUTSIDE),
        ("表計算の添付 / a spreadsheet", samples.spreadsheet(), CITIZEN, STAFF, OUTSIDE),
        ("ウイルス（試験用）受信 / EICAR inbound", samples.eicar(CITIZEN, STAFF), CITIZEN, STAFF, OUTSIDE),
        ("ウイルス（試験用）送信 / EICAR outbound", samples.eicar(STAFF, OUTSIDER), STAFF, OUTSIDER, INSIDE),
        ("自動転送 / an automatic forward", samples.forwarded(), CITIZEN, OUTSIDER, INSIDE),
        ("大きすぎるメール / an over-size mail", samples.large(23_000_000), CITIZEN, STAFF, OUTSIDE),
        ("庁内メール / an internal mail", samples.internal(), STAFF, COLLEAGUE, INSIDE),
    )


def main(build, once):
    print("3/4 private Postfix, mugaid and a mail sink on loopback", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="mugai-demo-") as folder:
        os.chmod(folder, 0o755)
        policy = shutil.copytree(TOP / "policy", pathlib.Path(folder) / "policy")  # for `mugai policy load` to change
        demonstrate(build, once, policy / "default.yaml")


def demonstrate(build, once, policy):
    with Relay(build, policy=policy) as relay:
        print("*" * 78 + "\n* DEMONSTRATION ONLY: the signature file knows nothing but the EICAR test string.   *\n"
              "* 実演専用: このシグネチャは試験用の文字列しか検出しません。本番では freshclam を。 *\n" + "*" * 78)
        print("4/4 sample mails", flush=True)
        for title, data, sender, recipient, client in samples_in_order():
            show(relay, title, data, sender, recipient, client)
        for words in (("quarantine", "list"), ("audit", "show"), ("audit", "verify"), ("status",)):
            done = relay.mugaid.mugai(*words, "--config", relay.mugaid.config)
            print(f"\n{LINE}\n$ mugai {' '.join(words)}\n{done.stdout.decode()}{done.stderr.decode()}", flush=True)
        if not once:
            print(f"The relay stays up: SMTP on 127.0.0.1 port {relay.postfix.port}, configuration {relay.mugaid.config}. Ctrl-C ends it.",
                  flush=True)
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                print("\nending")


main(sys.argv[1], "--once" in sys.argv[2:])
