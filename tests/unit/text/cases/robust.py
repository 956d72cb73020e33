# SPDX-License-Identifier: GPL-2.0-only
#
# Hostile and huge bodies: no text lost, no time lost; and whole mails as people and programs send them.
N = 100000


def robust(name, html, **checks):
    return ("robust", name, html, checks)


CASES = [
    ("robust", "nul-in-bytes", "<p>見え\0る文\0</p><scr\0ipt>これも</script>".encode(), {"charset": "utf-8", "has": ["見える文", "これも"]}),
    ("html5", "placeholder", "<label>姓<input placeholder='例: 山田'></label><input placeholder=x value=佐藤>",
     {"has": ["姓［入力欄: 例: 山田］", "［入力欄: 佐藤］"], "lacks": ["x"]}),
    robust("deep-divs", "<div>" * N + "底の文" + "</div>" * N + "終わり", has=["底の文", "終わり"]),
    robust("deep-spans", "<span>" * N + "底の文", has=["底の文"]),
    robust("deep-tables", "<table><tr><td>" * N + "底の文", has=["底の文"]),
    robust("deep-quotes", "<blockquote>" * N + "底の文", has=["底の文"]),
    robust("deep-lists", "<ul><li>" * N + "底の文", has=["底の文"]),
    robust("deep-formatting", "<b><i><u>" * N + "底の文", has=["底の文"]),
    robust("deep-fonts", "<p><font size=1>" * N + "底の文", has=["底の文"]),
    robust("deep-svg", "<svg><g>" * N + "底の文", has=["底の文"]),
    robust("end-tags", "</div></p></td></table>" * N + "底の文", has=["底の文"]),
    robust("mis-nested", "<b><p></b></p>" * N + "底の文", has=["底の文"]),
    robust("many-links", "<a href=https://a.example/%s>x" % "p" * 20000 + "底の文", has=["底の文"]),
    robust("attributes", "<p " + " ".join("a%d=%d" % (i, i) for i in range(N)) + ">底の文</p>", has=["底の文"]),
    robust("same-attributes", "<p " + "style='display:none' " * N + ">隠</p>底の文", has=["底の文"]),
    robust("many-classes", "<style>.a{color:red}</style><p class='" + "b " * N + "'>底の文", has=["底の文"]),
    robust("many-rules", "<style>" + "".join(".c%d{display:none}" % i for i in range(20000)) + "</style>" + "<p class='x y z'>底の文" * 1000,
           has=["底の文"]),
    robust("less-signs", "<" * 500000 + "底の文", has=["底の文"]),
    robust("less-bang", "<!" * N + ">底の文", has=["底の文"]),
    robust("open-comments", "<!--" * N + "-->底の文", has=["底の文"]),
    robust("ampersands", "&" * 500000 + "底の文", has=["底の文"]),
    robust("long-entity", "&" + "a" * 500000 + ";底の文", has=["底の文"]),
    robust("addresses-as-tags", "<user@example.jp> " * 20000 + "底の文", has=["底の文"]),
    robust("colspan-bomb", "<table border=1><tr><td colspan=1000000000 rowspan=1000000000>x<tr><td>底の文</table>", has=["底の文", "x"]),
    robust("colspan-many", "<table border=1>" + "<tr><td colspan=999>x<td colspan=999>y" * 2000 + "</table>底の文", has=["底の文"]),
    robust("wide-table", "<table border=1><tr>" + "<td>x" * 50000 + "</table>底の文", has=["底の文"]),
    robust("tall-table", "<table border=1>" + "<tr><td>x<td>y" * 30000 + "</table>底の文", has=["底の文"]),
    robust("truncated-table", "<p>前</p><table><tr><td>甲<td>底の文", has=["前", "甲", "底の文"]),
    robust("truncated-tag", "<p>底の文</p><a href='https://a.example/", has=["底の文"]),
    robust("truncated-comment", "<p>底の文</p><!-- x", has=["底の文"]),
    robust("unclosed-style", "<p>底の文</p><style>.a{", has=["底の文"]),
    robust("unclosed-title", "<p>底の文</p><title>x", has=["底の文"]),
    robust("data-uri", "<img alt='図' src='data:image/png;base64," + "A" * 12000000 + "'>底の文", has=["底の文", "図"], lacks=["AAAA"]),
    robust("long-line", "<p>" + "日本語の長い文章です。" * 100000 + "</p>底の文", has=["底の文"], columns=78),
    robust("long-word", "x" * 2000000 + " 底の文", has=["底の文"]),
    robust("nul-bytes", "底の\x00文" + "\x00" * N, has=["底の"]),
    robust("cr-line-ends", "<p>底\rの\r\n文</p><pre>a\r\nb\rc</pre>", match=[r"^a\nb\nc$"]),
    robust("invalid-utf-8", b"<p>\xe5\xba\x95\xff\xfe\xc0\x80\xed\xa0\x80\xf8</p><p>" + "底の文".encode(), has=["底の文"]),
    robust("many-ols", "<ol start=2147483647><li>a<li>b<li>底の文</ol><ol start=-5><li>c</ol>", has=["底の文"]),
    robust("selects", "<select>" * N + "<option>底の文", has=["底の文"]),
    robust("rubies", "<ruby>" * 20000 + "底<rt>" * 20000 + "文", has=["文"]),
    ("mail", "newsletter", """<!DOCTYPE html><html><head><title>市報</title><style>.pre{display:none!important}
@media only screen and (max-width:600px){.col{width:100%!important}}</style></head><body bgcolor="#f4f4f4">
<div class="pre">今号の見どころ&nbsp;&zwnj;&nbsp;&zwnj;</div><table role="presentation" width="100%"><tr><td align="center">
<table role="presentation" width="600" bgcolor="#ffffff"><tr><td bgcolor="#003366" style="color:#ffffff"><h1>市報メール</h1></td></tr>
<tr><td><p>髙橋 様</p><p>いつもお世話になっております。</p><table border="1"><tr><th>行事</th><th>日</th></tr><tr><td>防災訓練</td>
<td>12/1</td></tr></table><p><a href="https://www.city.example.jp/a?u=1" style="background:#06c;color:#fff">申し込む</a></p></td></tr>
<tr><td style="font-size:11px;color:#999"><a href="https://www.city.example.jp/stop">配信停止</a></td></tr></table></td></tr></table>
<img src="https://t.example/o.gif" width="1" height="1"></body></html>""",
     {"order": ["市報メール", "髙橋 様", "いつもお世話に", "防災訓練", "申し込む", "配信停止", "city.example.jp/a?u=1", "city.example.jp/stop"],
      "lacks": ["今号の見どころ", "t.example"], "line": [["行事", "日"], ["防災訓練", "12/1"]], "exact": ["市報メール", "髙橋 様"],
      "never": ["\n\n\n\n", "https?://"]}),
    ("mail", "outlook-reply", """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><!--[if !mso]><style>v\\:*{behavior:url(#x)}</style>
<![endif]--><style><!-- p.MsoNormal{margin:0mm;font-size:10.5pt} --></style></head><body lang=JA><div class=WordSection1>
<p class=MsoNormal><span lang=JA>山田様</span><o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>了解しました。<o:p></o:p></p>
<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b><span lang=EN-US>From:</span></b><span lang=EN-US> 鈴木<br>
<b>Sent:</b> Monday</span></p></div><p class=MsoNormal>元の本文</p></div></body></html>""",
     {"order": ["山田様", "了解しました。", "From: 鈴木", "Sent: Monday", "元の本文"], "lacks": ["behavior", "margin"],
      "exact": ["山田様", "From: 鈴木"], "never": ["\n\n\n"]}),
    ("mail", "gmail-reply", "<div dir=\"ltr\">承知しました。<div><br></div><div>佐藤</div></div><br><div class=\"gmail_quote\"><div dir=\"ltr\">"
     "2026年11月21日(土) 10:00 山田 &lt;<a href=\"mailto:y@example.jp\">y@example.jp</a>&gt;:<br></div><blockquote class=\"gmail_quote\">"
     "<div dir=\"ltr\">会議の件<br>よろしく</div></blockquote></div>",
     {"match": [r"^承知しました。\n\n佐藤\n\n2026年11月21日.*\n> 会議の件\n> よろしく|^承知しました。\n\n佐藤\n\n2026年11月21日.*\n\n> 会議の件\n> よろしく"],
      "has": ["<y@example.jp>:"]}),
    ("mail", "phishing", "<p>お客様のアカウントが停止されました。</p><span style='font-size:0'>zq7x</span><p>下記より<b>24時間以内</b>にご確認ください。</p>"
     "<a href='http://login.evil.example/x'><img src='b.png' alt='https://www.bank.example/login'></a>"
     "<p style='color:#fff'>天気 野球 料理</p>",
     {"has": ["停止されました", "evil.example", "bank.example"], "lacks": ["zq7x", "野球"], "match": ["異なる"]}),
    ("mail", "receipt", "<table role=presentation><tr><td><h2>ご注文内容</h2></td></tr><tr><td><table width='100%'><thead><tr><th align=left>商品</th>"
     "<th>数</th><th align=right>金額</th></tr></thead><tbody><tr><td>ノートA4（5冊組）</td><td align=center>2</td><td align=right>¥1,320</td></tr>"
     "<tr><td colspan=2>合計</td><td align=right>¥1,320</td></tr></tbody></table></td></tr></table>",
     {"line": [["商品", "数", "金額"], ["ノートA4（5冊組）", "2", "¥1,320"], ["合計", "¥1,320"]]}),
    ("mail", "apple", "<html><body style='word-wrap:break-word;-webkit-line-break:after-white-space;'>一行目<div>二行目</div><div><br></div><div>"
     "<blockquote type='cite'><div>引用</div></blockquote></div><br class='Apple-interchange-newline'></body></html>",
     {"match": [r"^一行目\n二行目\n\n> 引用"]}),
    ("mail", "announcement", "<p>各位</p><p>下記のとおり開催します。</p><p align=center>記</p><ol><li>日時　12月1日(月)<li>場所　第1会議室</ol>"
     "<p align=right>以上</p><hr><p>総務課 <a href='tel:0312345678'>03-1234-5678</a></p>",
     {"order": ["各位", "記", "1. 日時　12月1日(月)", "2. 場所　第1会議室", "以上", "総務課"], "exact": ["記", "以上"]}),
]
