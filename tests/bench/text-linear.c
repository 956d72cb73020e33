/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Does the cost of the HTML conversion grow linearly? Each series is one piece repeated up to 20 MB; a row shows the
 * time per MB at 2.5, 5, 10 and 20 MB, which must stay about the same, and the memory the process has used.
 *
 * Run by hand, never asserted: times on a shared machine prove nothing by themselves.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "mugai/text.h"

static const struct {
  const char *name, *before, *piece;
} series[] = {
  { "text", "", "日本語の長い文章です。" },
  { "word", "", "x" },
  { "paragraphs", "", "<p>日本語の文章です。" },
  { "divs", "", "<div>" },
  { "divs and end tags", "", "<div>x</div></p>" },
  { "nested tables", "", "<table><tr><td>" },
  { "nested lists", "", "<ul><li>x" },
  { "nested quotes", "", "<blockquote>x" },
  { "formatting", "", "<p><b><font color=red>x" },
  { "mis-nested", "", "<b><p></b>x" },
  { "styled mis-nested", "", "<b style=color:red><p></b>x" },
  { "attributes", "<p ", "a1=2 " },
  { "style attributes", "", "<p style='color:#123;background:#fff;margin:0 auto'>x" },
  { "rules", "<style>", ".a .b > c{display:none}" },
  { "rules on elements", "<style>.a{color:red}.b .c{color:blue}</style>", "<p class='a c'>x" },
  { "ancestors", "<style>.q .r .s b{color:red}</style>", "<div><b>x" },
  { "cells", "<table border=1><tr>", "<td>x" },
  { "rows", "<table border=1>", "<tr><td>x<td>y" },
  { "colspans", "<table border=1>", "<tr><td colspan=1000 rowspan=65534>x<td colspan=9>y" },
  { "tables", "", "<table border=1><tr><td>x<td>y<tr><td>x<td>y</table>" },
  { "links", "", "<a href=https://a.example/b>x</a>" },
  { "open links", "", "<a href=https://a.example/b>x<p>" },
  { "shown URLs", "", "http://a.example/ " },
  { "less", "", "<" },
  { "ampersands", "", "&" },
  { "references", "", "&#x3042;&amp;" },
  { "comments", "", "<!-->" },
  { "open comments", "", "<!--" },
  { "scripts", "", "<script><!--<script></script>" },
  { "rubies", "", "<ruby>漢<rt>かん" },
  { "reversed lists", "", "<ol reversed><li>x" },
  { "selects", "", "<select><option>x" },
  { "breaks", "", "<br>" },
  { "pre tabs", "<pre>", "\tx" },
  { "zero width", "", "\xE2\x80\x8B\xCD\x8F" },
  { "struck", "", "<p>a<s>x<del>y</del></s>" },
  { "struck and nested", "", "<s>x" },
  { "struck cells", "<p style=text-decoration:line-through>", "x <s>y " },
  { "parts of classes", "<style>[class*=ab]{color:red}[class^=b]{color:red}</style>",
    "<p class=aaaaaaaaaaaaaaaaaaaaaaaaaaaaac>x" },
  { "conditions", "<style>[a]{color:red}[b*=x] [c]{color:red}p:not(.q):nth-child(2n){color:red}</style>",
    "<p a1 a2 a3 a4 a5 b=xxxxxxxx>x" },
  { "conditions siblings", "<style>p+p~i .z{color:red}:is(.a b,.c)~p{color:red}</style>", "<i>x</i><p>" },
  { "conditions in rules", "<style>", ":is(.a,.b):not([c=d]) ~ e{color:red}" },
  { "variables", "<style>:root{--a:var(--b) var(--b);--b:var(--c) var(--c)}", ".a{color:var(--a)}" },
  { "own variables", "", "<p style='--a:1px;margin:var(--a) var(--b,2px)'>x" },
  { "nested quotes in CSS", "<style>", "a{b:'c(\"[" },
  { "values", "", "<a title=\"&amp;x&" },
  { "colons", "", "http:x" },
  { "NUL", "", "%" }, /* replaced below */
};

static double ms_per_mb (gsize i, gsize bytes) {
  g_autoptr (GString) html = g_string_sized_new (bytes + 64);
  g_autoptr (MugaiTextResult) result = NULL;
  struct rusage before, after;

  g_string_append (html, series[i].before);
  while (html->len + strlen (series[i].piece) <= bytes)
    g_string_append (html, series[i].piece);
  if (g_str_equal (series[i].name, "NUL"))
    memset (html->str, 0, html->len);
  getrusage (RUSAGE_SELF, &before);
  if (!mugai_text_from_html (html->str, html->len, NULL, &result, NULL))
    g_error ("%s: refused", series[i].name);
  getrusage (RUSAGE_SELF, &after);
  return ((double) (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1e3
          + (double) (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e3)
         / ((double) bytes / 1e6);
}

int main (int argc, char **argv) {
  printf ("%-20s %8s %8s %8s %8s  [ms of CPU per MB; MB of memory so far]\n", "", "2.5 MB", "5 MB", "10 MB", "20 MB");
  for (gsize i = 0; i < G_N_ELEMENTS (series); i++) {
    struct rusage usage;

    if (argc > 1 && strstr (series[i].name, argv[1]) == NULL)
      continue;
    printf ("%-20s", series[i].name);
    for (gsize bytes = 2500000; bytes <= 20000000; bytes *= 2) {
      printf (" %8.1f", ms_per_mb (i, bytes));
      fflush (stdout);
    }
    getrusage (RUSAGE_SELF, &usage);
    printf (" %6ld\n", usage.ru_maxrss / 1024);
  }
  return 0;
}
