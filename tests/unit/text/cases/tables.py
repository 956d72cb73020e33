# SPDX-License-Identifier: GPL-2.0-only
#
# Data tables keep a row on a line; tables of layout are read in order, one block after another.
PROSE_A = "左の欄の文章です。市役所からのお知らせを毎月お届けしています。今月は防災訓練についてです。"
PROSE_B = "右の欄の文章です。図書館の休館日や講座のご案内をまとめました。どうぞご覧ください。"

CASES = [
    ("table_data", "empty-row", "<table border=1><tr><th>品<th>値<tr><td>&nbsp;<td><tr><td>茶<td>9円<tr><td><td></table>",
     {"is": "品 | 値\n茶 | 9円\n"}),
    ("table_data", "border", "<table border=1><tr><td>品名<td>数量<td>金額<tr><td>鉛筆<td>12<td>1,200円</table>",
     {"line": [["品名", "数量", "金額"], ["鉛筆", "12", "1,200円"]]}),
    ("table_data", "th", "<table><tr><th>品名<th>数量<tr><td>鉛筆<td>12<tr><td>消しゴム<td>3</table>",
     {"line": [["品名", "数量"], ["鉛筆", "12"], ["消しゴム", "3"]], "apart": [("鉛筆", "消しゴム")]}),
    ("table_data", "thead-tbody", "<table><thead><tr><td>A<td>B</thead><tbody><tr><td>1<td>2</tbody><tfoot><tr><td>計<td>3"
     "</tfoot></table>", {"line": [["A", "B"], ["1", "2"], ["計", "3"]]}),
    ("table_data", "caption", "<table><caption>料金表</caption><tr><th>区分<th>円<tr><td>大人<td>500</table>",
     {"order": ["料金表", "区分", "大人"], "line": [["大人", "500"]]}),
    ("table_data", "key-value", "<table><tr><td>受付番号<td>R6-0012<tr><td>氏名<td>髙橋 太郎<tr><td>日時<td>12月1日</table>",
     {"line": [["受付番号", "R6-0012"], ["氏名", "髙橋 太郎"], ["日時", "12月1日"]]}),
    ("table_data", "key-value-th", "<table><tr><th>場所<td>市役所3階<tr><th>費用<td>無料</table>",
     {"line": [["場所", "市役所3階"], ["費用", "無料"]]}),
    ("table_data", "key-long-value", "<table border=1><tr><th>内容<td>" + PROSE_A + PROSE_B + "<tr><th>費用<td>無料</table>",
     {"line": [["費用", "無料"], ["内容", "左の欄"]], "columns": 78}),
    ("table_data", "key-long-value-unmarked", "<table><tr><td>内容</td><td>" + PROSE_A + "</td></tr><tr><td>費用</td><td>無料</td></tr>"
     "<tr><td>会場</td><td>市民会館</td></tr></table>", {"line": [["費用", "無料"], ["会場", "市民会館"]], "columns": 78}),
    ("table_data", "aligned", "<table border=1><tr><th>名前<th>点<tr><td>あ<td>1<tr><td>いろは<td>20</table>",
     {"match": [r"^名前  ? ?. ?点|^名前 +.?.?点"], "line": [["いろは", "20"]]}),
    ("table_data", "paragraphs-in-cells", "<table border=1><tr><th><p>品</p><th><p>数</p><tr><td><p>鉛筆</p><td><p>12</p></table>",
     {"line": [["品", "数"], ["鉛筆", "12"]]}),
    ("table_data", "divs-in-cells", "<table border=1><tr><td><div>品</div><td><div>数</div><tr><td><div>鉛筆</div><td><div>12</div>"
     "</table>", {"line": [["品", "数"], ["鉛筆", "12"]]}),
    ("table_data", "br-in-cell", "<table border=1><tr><th>会場<th>時間<tr><td>本庁<br>3階<td>10時</table>",
     {"line": [["本庁", "3階", "10時"]]}),
    ("table_data", "empty-cells", "<table border=1><tr><th>月<th>火<th>水<tr><td>○<td><td>×</table>",
     {"line": [["月", "火", "水"], ["○", "×"]]}),
    ("table_data", "colspan", "<table border=1><tr><th colspan=2>氏名<th>年<tr><td>山田<td>花子<td>30</table>",
     {"line": [["氏名", "年"], ["山田", "花子", "30"]]}),
    ("table_data", "rowspan", "<table border=1><tr><th>区<th>町<th>数<tr><td rowspan=2>東<td>甲<td>1<tr><td>乙<td>2</table>",
     {"line": [["東", "甲", "1"], ["乙", "2"]]}),
    ("table_data", "wide", "<table border=1><tr>" + "".join("<th>見出し項目%d" % i for i in range(8)) + "<tr>"
     + "".join("<td>とても長い値その%d" % i for i in range(8)) + "</table>",
     {"columns": 78, "order": ["とても長い値その0", "とても長い値その7"]}),
    ("table_data", "wide-pairs", "<table border=1><tr><th>施設の名称<th>所在地の住所<th>備考の欄<tr><td>中央公民館大ホール<td>"
     "東京都千代田区霞が関一丁目二番三号<td>土日祝日は休館となりますのでご注意ください</table>",
     {"columns": 78, "line": [["施設の名称", "中央公民館大ホール"], ["備考の欄", "土日祝日は"]]}),
    ("table_data", "two-tables", "<table border=1><tr><td>a<td>b</table><p>間</p><table border=1><tr><td>c<td>d</table>",
     {"line": [["a", "b"], ["c", "d"]], "order": ["b", "間", "c"]}),
    ("table_data", "nested-in-layout", "<table role=presentation><tr><td><table border=1><tr><th>品<th>数<tr><td>鉛筆<td>12"
     "</table></td></tr></table>", {"line": [["品", "数"], ["鉛筆", "12"]]}),
    ("table_data", "in-cell-style", "<table style='border:1px solid #000;border-collapse:collapse'><tr><td style='border:1px solid'>品"
     "<td style='border:1px solid'>数<tr><td>鉛筆<td>12</table>", {"line": [["品", "数"], ["鉛筆", "12"]]}),
    ("table_data", "receipt", "<table width='100%'><tr><th align=left><p>Description</p></th><th align=right><p>Amount</p></th></tr>"
     "<tr><td width='80%'>Pro plan</td><td align=right>$12.00</td></tr><tr><td>Tax</td><td align=right>$1.20</td></tr>"
     "<tr><td><p>Total</p></td><td><p>$13.20</p></td></tr></table>",
     {"line": [["Description", "Amount"], ["Pro plan", "$12.00"], ["Tax", "$1.20"], ["Total", "$13.20"]]}),
    ("table_data", "in-quote", "<blockquote><table border=1><tr><th>a<th>b<tr><td>1<td>2</table></blockquote>",
     {"match": [r"^> a.*b", r"^> 1.*2"]}),
    ("table_data", "links-in-cells", "<table border=1><tr><th>資料<th>頁<tr><td><a href='https://a.example/1.pdf'>第1号</a><td>10</table>",
     {"line": [["第1号", "10"]], "has": ["a.example/1.pdf"]}),
    ("table_data", "foster", "<table border=1>迷子<tr><td>a<td>b</table>", {"has": ["迷子", "a", "b"]}),
    ("table_data", "no-tr", "<table border=1><td>a<td>b</table>", {"line": [["a", "b"]]}),
    ("table_data", "list-in-cell", "<table border=1><tr><th>項目<th>内容<tr><td>持ち物<td><ul><li>筆記用具<li>印鑑</ul><tr><td>会場<td>市役所</table>",
     {"line": [["項目", "内容"], ["持ち物", "筆記用具", "印鑑"], ["会場", "市役所"]]}),
    ("table_data", "address-value", "<table><tr><td>氏名：</td><td>山田花子</td></tr><tr><td>住所：</td><td>東京都千代田区<br>霞が関1-2-3</td></tr>"
     "<tr><td>電話：</td><td>03-1234-5678</td></tr></table>", {"line": [["氏名：", "山田花子"], ["住所：", "東京都千代田区", "霞が関1-2-3"]]}),
    ("table_layout", "bill-lines", "<table role=presentation><tr><td>小計</td><td align=right>1,000円</td></tr><tr><td>値引</td><td>-¥50</td></tr>"
     "</table><table role=presentation><tr><td>Total</td><td>$9.50</td></tr></table>",
     {"line": [["小計", "1,000円"], ["値引", "-¥50"], ["Total", "$9.50"]], "apart": [("小計", "値引")]}),
    ("table_layout", "columns-of-th", "<table class=row><tbody><tr><th class='small-12 columns'><p>" + PROSE_A + "</p><p>二段落目</p></th>"
     "<th class=expander></th></tr></tbody></table>", {"order": [PROSE_A, "二段落目"], "exact": ["二段落目"]}),
    ("table_layout", "columns-of-th-two", "<table class=row><tr><th><p>" + PROSE_A + "</p></th><th><p>" + PROSE_B + "</p></th></tr></table>",
     {"order": [PROSE_A, PROSE_B], "never": [r"\|"]}),
    ("table_layout", "two-columns", "<table><tr><td width='50%'>" + PROSE_A + "</td><td width='50%'>" + PROSE_B + "</td></tr></table>",
     {"order": [PROSE_A, PROSE_B], "columns": 78}),
    ("table_layout", "two-columns-paragraphs", "<table><tr><td><p>" + PROSE_A + "</p><p>甲乙</p></td><td><p>" + PROSE_B
     + "</p></td></tr></table>", {"order": [PROSE_A, "甲乙", PROSE_B], "columns": 78}),
    ("table_layout", "presentation", "<table role=presentation border=0><tr><td>左一<td>右一<tr><td>左二<td>右二</table>",
     {"order": ["左一", "右一", "左二", "右二"], "never": [r"[|+]"], "apart": [("左一", "左二")]}),
    ("table_layout", "presentation-tbody-th", "<table role=presentation><tbody><tr><th>" + PROSE_A + "<th>" + PROSE_B + "</tbody></table>",
     {"order": [PROSE_A, PROSE_B], "columns": 78}),
    ("table_layout", "nested", "<table><tr><td><table><tr><td><table><tr><td>" + PROSE_A + "</table></table><tr><td>" + PROSE_B + "</table>",
     {"order": [PROSE_A, PROSE_B], "columns": 78, "never": [r"[|+]"]}),
    ("table_layout", "sidebar-list", "<table><tr><td><ul><li>一<li>二</ul></td><td>" + PROSE_A + "</td></tr></table>",
     {"order": ["一", "二", PROSE_A], "columns": 78}),
    ("table_layout", "single-cell", "<table border=0 width=600><tr><td><p>一段落</p><p>二段落</p></td></tr></table>",
     {"is": "一段落\n\n二段落\n"}),
    ("table_layout", "card-grid", "<table><tr><td><h3>甲</h3><p>" + PROSE_A + "</p></td><td><h3>乙</h3><p>" + PROSE_B + "</p></td></tr>"
     "<tr><td><h3>丙</h3><p>三</p></td><td><h3>丁</h3><p>四</p></td></tr></table>",
     {"order": ["甲", PROSE_A, "乙", PROSE_B, "丙", "三", "丁", "四"]}),
    ("table_layout", "image-and-text", "<table><tr><td><img src=a.png alt='写真'></td><td>" + PROSE_A + "</td></tr></table>",
     {"order": ["写真", PROSE_A]}),
    ("table_layout", "spacers", "<table><tr><td width=20>&nbsp;</td><td>本文</td><td width=20>&nbsp;</td></tr></table>",
     {"is": "本文\n"}),
    ("table_layout", "mjml", "<div style='font-size:0'><table align=center border=0 cellpadding=0 cellspacing=0 role=presentation><tbody><tr>"
     "<td style='font-size:0px;text-align:center'><!--[if mso]><table><tr><td><![endif]--><div style='font-size:0px;display:inline-block;"
     "width:50%'><table role=presentation><tr><td style='font-size:0px'><div style='font-size:13px'>左の欄</div></td></tr></table></div>"
     "<!--[if mso]></td><td><![endif]--><div style='font-size:0px;display:inline-block'><table role=presentation><tr><td>"
     "<div style='font-size:13px'>右の欄</div></td></tr></table></div></td></tr></tbody></table></div>",
     {"order": ["左の欄", "右の欄"], "apart": [("左の欄", "右の欄")]}),
    ("table_layout", "react-email", "<table align=center width='100%' border='0' cellPadding='0' cellSpacing='0' role='presentation'><tbody>"
     "<tr><td><table role=presentation><tbody><tr><td><p>一</p></td></tr></tbody></table><table role=presentation><tbody><tr><td><p>"
     "二</p></td></tr></tbody></table></td></tr></tbody></table>", {"is": "一\n\n二\n"}),
    ("table_layout", "button", "<p>前</p><table><tr><td bgcolor='#0066cc'><a href='https://a.example/b' style='color:#fff'>申し込む</a>"
     "</td></tr></table><p>後</p>", {"order": ["前", "申し込む", "後", "a.example/b"]}),
    ("table_layout", "stray-div-in-cell", "<table><tr><td>甲</div></div>乙</td><td>" + PROSE_A + "</td></tr></table>",
     {"order": ["甲", "乙", PROSE_A]}),
    ("table_layout", "three-columns", "<table><tr>" + "".join("<td>%s<p>%s</p></td>" % (n, PROSE_A) for n in "甲乙丙") + "</tr></table>",
     {"order": ["甲", PROSE_A, "乙", PROSE_A, "丙", PROSE_A], "columns": 78}),
    ("table_layout", "unclosed", "<table><tr><td>甲<table><tr><td>乙<p>丙", {"order": ["甲", "乙", "丙"]}),
]
