/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/flags: see flags.h. A family ties the media types of one kind of file to the extensions it bears; a part whose
 * content belongs to one family and whose name or declaration belongs only to others is a mismatch. What no family
 * knows is no mismatch: an odd extension alone accuses nobody.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "flags.h"

#include <string.h>

#include "type.h"

#define EXECUTABLE_TYPES                                                                                               \
  " application/x-executable-pe application/x-elf application/x-mach-o application/x-lnk application/hta "             \
  "application/x-chm application/x-onenote application/x-msi application/x-disk-image application/java-archive "       \
  "application/java-vm application/vnd.android.package-archive application/x-appx application/x-executable-dex "       \
  "application/x-windows-registry application/x-mswinurl application/x-desktop application/wasm "                      \
  "application/x-ms-compress-szdd "
#define SCRIPT_TYPES                                                                                                   \
  " text/x-shellscript text/x-python text/x-script.python text/x-perl text/x-php text/x-msdos-batch "                  \
  "text/x-powershell application/x-bat application/x-windows-script application/x-encoded-script application/x-php "
#define DECLARED_SCRIPT_TYPES                                                                                          \
  " text/javascript application/javascript application/x-javascript text/ecmascript application/ecmascript "           \
  "text/jscript text/vbscript text/vbs application/x-vbscript application/x-sh application/x-csh text/x-sh "           \
  "application/x-powershell application/x-perl application/x-python text/scriptlet "
#define EXECUTABLE_EXTENSIONS                                                                                          \
  " exe com scr pif cpl dll sys drv ocx ax msi msp mst msix appx msixbundle appxbundle application gadget jar jnlp "   \
  "class apk dex lnk url hta chm hlp one onetoc2 onepkg iso img vhd vhdx vmdk dmg udf mds nrg elf so dylib bin_ run "  \
  "app command desktop scf reg inf msc settingcontent-ms library-ms search-ms searchconnector-ms theme themepack "     \
  "diagcab appref-ms xbap xll wll ppa cab_ rdp prf pcd mmc ins isp job osd grp vxd 386 efi rom air ipa deb rpm pkg "   \
  "website partial_ appcontent-ms ad ade adp mde mda accde accda accdu xnk cpx "
#define SCRIPT_EXTENSIONS                                                                                              \
  " bat cmd btm js jse mjs vb vbs vbe vbscript ws wsf wsc wsh sct shb shs ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psm1 "  \
  "psrc cdxml sh bash csh ksh zsh py pyc pyw pyz pyzw pl pm php phtml rb lua tcl ahk au3 a3x kix awk applescript "     \
  "scpt "                                                                                                              \
  "jscript bas "
/* Queries: opened by a double click, they fetch a table from where they say. */
#define QUERY_EXTENSIONS " iqy oqy dqy rqy odc "
/* Shown by a program that runs what is in them: as the last of two extensions they deceive like a program does. */
#define DECEIVING_EXTENSIONS " html htm shtml xhtml xht svg svgz mht mhtml "

typedef struct {
  const char *types;      /* blank before and behind each */
  const char *extensions; /* likewise */
} Family;

static const Family families[] = {
  { " text/plain text/csv text/tab-separated-values text/markdown application/json text/html application/xhtml+xml "
    "text/xml "
    "application/xml text/x-log text/calendar application/ics text/vcard text/x-vcard text/directory text/enriched "
    "message/delivery-status text/rfc822-headers message/disposition-notification message/feedback-report "
    "application/x-subrip text/css application/javascript text/javascript text/vtt text/yaml application/yaml "
    "application/pgp-signature application/pgp-keys application/pgp-encrypted application/x-pem-file "
    "application/x-x509-ca-cert text/x-patch text/x-diff text/x-c text/x-python text/x-shellscript application/x-sh "
    "text/troff text/x-tex application/geo+json application/gpx+xml application/vnd.google-earth.kml+xml ",
    NULL },
  /* What mailers declare by the registry or by an old table, beside what the file is: names are judged on their own. */
  { " text/plain text/csv application/vnd.ms-excel ", NULL },
  { " application/msword application/vnd.openxmlformats-officedocument.wordprocessingml.document ", NULL },
  { " application/vnd.ms-excel application/vnd.openxmlformats-officedocument.spreadsheetml.sheet ", NULL },
  { " application/vnd.ms-powerpoint application/vnd.openxmlformats-officedocument.presentationml.presentation ", NULL },
  { " application/zip application/x-zip-compressed "
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document "
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet "
    "application/vnd.openxmlformats-officedocument.presentationml.presentation ",
    NULL },
  { " text/plain text/csv text/tab-separated-values application/json application/xml ",
    " txt csv tsv tab log md markdown json geojson xml xsd xsl ini conf cfg yaml yml text asc dat prn srt vtt tex diff "
    "patch "
    "css js vbs ps1 bat cmd sh py pl c h cpp java sql properties lst list readme rels pem crt cer key pub eml ics vcs "
    "vcf "
    "ifb rtx gpx kml reg inf bas vbe jse wsf sct php rb url map toml " },
  { " text/html application/xhtml+xml ", " html htm xhtml xht shtml " },
  { " application/xml text/xml application/vnd.oasis.opendocument.text-flat-xml application/msword+xml "
    "application/vnd.ms-excel+xml application/xhtml+xml application/rss+xml application/atom+xml ",
    " xml xsd xsl xslt rss atom fodt fods fodp kml gpx svg xhtml plist wsdl rels config resx tmx xlf xliff xbrl xsn " },
  { " image/svg+xml ", " svg svgz " },
  { " application/hta ", " hta " },
  { " text/calendar application/ics text/x-vcalendar ", " ics ifb vcs ical " },
  { " text/vcard text/x-vcard text/directory ", " vcf vcard " },
  { " message/rfc822 message/global message/partial message/external-body text/rfc822-headers message/delivery-status "
    "message/rfc822-headers ",
    " eml mht mhtml mbox msg_ " },
  { " application/x-mimearchive multipart/related message/rfc822 ", " mht mhtml eml " },
  { " application/pdf application/x-pdf ", " pdf " },
  { " application/postscript ", " ps eps ai " },
  { " application/rtf text/rtf ", " rtf " },
  { " application/msword application/vnd.ms-word ", " doc dot " },
  { " application/vnd.ms-excel application/msexcel application/x-msexcel ", " xls xlt xla xlm xlw " },
  { " application/vnd.ms-powerpoint application/mspowerpoint ", " ppt pps pot " },
  { " application/vnd.ms-outlook ", " msg oft " },
  { " application/vnd.visio ", " vsd vst vss " },
  { " application/x-mspublisher application/vnd.ms-publisher ", " pub " },
  { " application/vnd.openxmlformats-officedocument.wordprocessingml.document ", " docx " },
  { " application/vnd.openxmlformats-officedocument.wordprocessingml.template ", " dotx " },
  { " application/vnd.openxmlformats-officedocument.spreadsheetml.sheet ", " xlsx " },
  { " application/vnd.openxmlformats-officedocument.spreadsheetml.template ", " xltx " },
  { " application/vnd.openxmlformats-officedocument.presentationml.presentation ", " pptx " },
  { " application/vnd.openxmlformats-officedocument.presentationml.slideshow ", " ppsx " },
  { " application/vnd.openxmlformats-officedocument.presentationml.template ", " potx " },
  { " application/vnd.ms-word.document.macroEnabled.12 application/vnd.ms-word.document.macroenabled.12 ", " docm " },
  { " application/vnd.ms-word.template.macroEnabled.12 application/vnd.ms-word.template.macroenabled.12 ", " dotm " },
  { " application/vnd.ms-excel.sheet.macroEnabled.12 application/vnd.ms-excel.sheet.macroenabled.12 ", " xlsm " },
  { " application/vnd.ms-excel.template.macroEnabled.12 application/vnd.ms-excel.template.macroenabled.12 ", " xltm " },
  { " application/vnd.ms-excel.addin.macroEnabled.12 application/vnd.ms-excel.addin.macroenabled.12 ", " xlam " },
  { " application/vnd.ms-excel.sheet.binary.macroEnabled.12 application/vnd.ms-excel.sheet.binary.macroenabled.12 ",
    " xlsb " },
  { " application/vnd.ms-powerpoint.presentation.macroEnabled.12 "
    "application/vnd.ms-powerpoint.presentation.macroenabled.12 ",
    " pptm " },
  { " application/vnd.ms-powerpoint.slideshow.macroEnabled.12 application/vnd.ms-powerpoint.slideshow.macroenabled.12 ",
    " ppsm " },
  { " application/vnd.ms-powerpoint.template.macroEnabled.12 application/vnd.ms-powerpoint.template.macroenabled.12 ",
    " potm " },
  { " application/vnd.ms-powerpoint.addin.macroEnabled.12 application/vnd.ms-powerpoint.addin.macroenabled.12 ",
    " ppam " },
  { " application/vnd.ms-visio.drawing ", " vsdx vsdm vstx vssx " },
  { " application/vnd.ms-xpsdocument application/oxps ", " xps oxps " },
  { " application/vnd.oasis.opendocument.text ", " odt " },
  { " application/vnd.oasis.opendocument.text-template ", " ott " },
  { " application/vnd.oasis.opendocument.spreadsheet ", " ods " },
  { " application/vnd.oasis.opendocument.presentation ", " odp " },
  { " application/vnd.oasis.opendocument.graphics ", " odg " },
  { " application/epub+zip ", " epub " },
  { " application/x-jtd application/x-js-taro application/x-ichitaro ", " jtd jtt jtdc jttc jsw jfw jaw " },
  { " application/x-docuworks application/vnd.fujixerox.docuworks application/vnd.fujixerox.docuworks.binder "
    "application/vnd.fujifilm.fb.docuworks application/vnd.fujifilm.fb.docuworks.binder ",
    " xdw xbd xct " },
  { " application/x-jww ", " jww jwc jwk jws " },
  { " application/x-sfc application/p21 ", " sfc p21 p2z step stp ifc " },
  { " application/p21 model/step application/step ", " p21 sfc step stp ifc stpz " },
  { " image/vnd.dxf application/dxf image/x-dxf ", " dxf " },
  { " image/vnd.dwg application/acad image/x-dwg ", " dwg dwt " },
  { " application/zip application/x-zip application/x-zip-compressed ",
    " zip zipx kmz p2z jtdc xpi vsix nupkg whl maff " },
  { " application/x-7z-compressed ", " 7z " },
  { " application/vnd.rar application/x-rar application/x-rar-compressed ", " rar rev r00 " },
  { " application/gzip application/x-gzip application/x-compressed-tar application/x-tgz ",
    " gz tgz gzip svgz emz wmz dia " },
  { " application/x-bzip2 application/x-bzip ", " bz2 tbz tbz2 bz " },
  { " application/x-xz ", " xz txz " },
  { " application/zstd ", " zst tzst " },
  { " application/x-lzh application/x-lzh-compressed application/x-lha ", " lzh lha lzs " },
  { " application/x-tar ", " tar " },
  { " application/vnd.ms-cab-compressed application/x-cab ", " cab " },
  { " application/x-arj ", " arj " },
  { " application/x-disk-image application/x-iso9660-image application/vnd.efi.iso application/x-raw-disk-image ",
    " iso img dmg vhd vhdx vmdk udf wim qcow2 vdi " },
  { " application/x-executable-pe application/vnd.microsoft.portable-executable application/x-msdownload "
    "application/x-dosexec application/x-msdos-program ",
    " exe dll scr com cpl sys ocx drv pif ax efi mui xll wll " },
  { " application/x-msi ", " msi msp mst " },
  { " application/x-lnk application/x-ms-shortcut ", " lnk " },
  { " application/x-chm application/vnd.ms-htmlhelp ", " chm " },
  { " application/x-onenote application/onenote application/msonenote ", " one onetoc2 onepkg " },
  { " application/java-archive ", " jar war ear " },
  { " application/vnd.android.package-archive ", " apk " },
  { " application/vnd.ms-tnef application/ms-tnef ", " dat " },
  { " application/pkcs7-mime application/x-pkcs7-mime application/pkcs7-signature application/x-pkcs7-signature "
    "application/pkcs12 ",
    " p7m p7s p7c p7b p7z " },
  { " text/x-shellscript application/x-sh ", " sh bash csh ksh zsh command run " },
  { " text/x-python text/x-script.python ", " py pyw " },
  { " text/x-perl ", " pl pm cgi " },
  { " application/x-bat text/x-msdos-batch ", " bat cmd btm " },
  { " application/x-windows-script ", " wsf wsc sct ws xml " },
  { " application/x-php text/x-php ", " php phtml " },
  { " application/x-windows-registry ", " reg " },
  { " application/x-mswinurl ", " url website " },
  { " application/x-desktop ", " desktop " },
  { " application/x-sylk ", " slk sylk " },
  { " application/x-elf application/x-executable application/x-sharedlib ", " elf so bin run o ko " },
  { " application/x-mach-o application/x-mach-binary ", " dylib bundle macho " },
  { " application/java-vm ", " class " },
  { " application/x-executable-dex ", " dex " },
  { " application/wasm ", " wasm " },
  { " application/x-msaccess application/msaccess application/vnd.ms-access ", " mdb accdb mde accde accdt mdt " },
  { " application/vnd.ms-outlook-pst ", " pst ost " },
  { " application/x-ole-storage ",
    " doc dot xls xlt xlm xla ppt pps pot msg oft vsd pub mpp wps wri jtd jtt hwp db max ole xdw xbd " },
  { " application/pgp-encrypted ", " asc pgp gpg " },
  { " application/pgp-signature ", " asc sig pgp " },
  { " application/pgp-keys ", " asc key pgp " },
  { " application/x-ace-compressed ", " ace " },
  { " application/x-alz-compressed ", " alz " },
  { " application/x-egg ", " egg " },
  { " application/x-compress ", " z " },
  { " application/x-lzip ", " lz " },
  { " image/png image/apng ", " png apng " },
  { " image/jpeg image/jpg image/pjpeg ", " jpg jpeg jpe jfif " },
  { " image/gif ", " gif " },
  { " image/bmp image/x-ms-bmp image/x-bmp ", " bmp dib " },
  { " image/tiff ", " tif tiff " },
  { " image/webp ", " webp " },
  { " image/heic image/heif image/avif ", " heic heif hif avif " },
  { " image/vnd.microsoft.icon image/x-icon ", " ico cur " },
  { " image/emf image/wmf image/x-emf image/x-wmf image/x-wmf ", " emf wmf " },
  { " image/vnd.adobe.photoshop ", " psd " },
  { " audio/mpeg audio/mp3 ", " mp3 " },
  { " audio/x-wav audio/wav audio/vnd.wave ", " wav " },
  { " video/mp4 audio/mp4 video/quicktime audio/x-m4a video/x-m4v video/3gpp video/3gpp2 ",
    " mp4 m4a m4v mov 3gp 3g2 qt " },
  { " application/vnd.adobe.flash.movie application/x-shockwave-flash ", " swf " },
};

static gboolean listed (const char *list, const char *word) {
  if (!list || !word || !*word || strchr (word, ' '))
    return FALSE;
  gsize length = strlen (word);
  for (const char *at = list; (at = strstr (at, word)); at++) {
    if (at > list && at[-1] == ' ' && at[length] == ' ')
      return TRUE;
  }
  return FALSE;
}

static gboolean is_generic (const char *type) {
  return !type || !*type || g_str_equal (type, MUGAI_TYPE_UNKNOWN) || g_str_has_suffix (type, "/octet-stream")
         || g_str_has_prefix (type, "application/x-download") || g_str_equal (type, "application/force-download")
         || g_str_equal (type, "application/x-empty") || g_str_has_prefix (type, "multipart/");
}

static gboolean family_known (const char *type) {
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++) {
    if (listed (families[i].types, type))
      return TRUE;
  }
  return FALSE;
}

static gboolean extension_known (const char *extension) {
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++) {
    if (listed (families[i].extensions, extension))
      return TRUE;
  }
  return FALSE;
}

static gboolean types_agree (const char *a, const char *b) {
  if (g_str_equal (a, b))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++) {
    if (listed (families[i].types, a) && listed (families[i].types, b))
      return TRUE;
  }
  return FALSE;
}

static gboolean extension_fits (const char *type, const char *extension) {
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++) {
    if (listed (families[i].types, type) && listed (families[i].extensions, extension))
      return TRUE;
  }
  return FALSE;
}

/* As Windows and a person's eye take it: full-width letters, points and blanks are the plain ones. */
static char *fold_name (const char *name) {
  g_autofree char *folded = g_utf8_normalize (name, -1, G_NORMALIZE_ALL_COMPOSE);
  return g_ascii_strdown (folded ? folded : name, -1);
}

/* Windows drops dots and blanks at the end and what follows a colon; full-width letters fold to the plain ones. */
char *mugai_flags_extension (const char *name) {
  g_autofree char *lower = fold_name (name);
  char *stream = strchr (lower, ':');
  if (stream)
    *stream = 0;
  for (gsize length = strlen (lower); length > 0 && strchr (". \t\"';", lower[length - 1]); length--)
    lower[length - 1] = 0;
  const char *base = strrchr (lower, '/');
  const char *dot = strrchr (base ? base : lower, '.');
  return g_strdup (dot ? dot + 1 : "");
}

/* The extension before the last, when a person would read it as the file's own: "bill.pdf.exe", "bill.pdf      .exe". */
static char *inner_extension (const char *name) {
  g_autofree char *lower = fold_name (name);
  char *dot = strrchr (lower, '.');
  while (dot && (dot[1] == 0 || dot[1] == ' ')) {
    *dot = 0;
    dot = strrchr (lower, '.');
  }
  if (!dot)
    return g_strdup ("");
  *dot = 0;
  g_strchomp (lower);
  dot = strrchr (lower, '.');
  return g_strdup (dot ? dot + 1 : "");
}

static gboolean is_class_id (const char *extension) {
  gsize length = strlen (extension);
  return length == 38 && extension[0] == '{' && extension[length - 1] == '}';
}

guint64 mugai_flags_of_name (const char *name) {
  g_autofree char *extension = mugai_flags_extension (name);
  g_autofree char *inner = inner_extension (name);
  guint64 flags = mugai_flags_of_raw_name (name);
  if (listed (EXECUTABLE_EXTENSIONS, extension) || is_class_id (extension))
    flags |= MUGAI_BIT (MUGAI_FLAG_EXECUTABLE);
  if (listed (SCRIPT_EXTENSIONS, extension))
    flags |= MUGAI_BIT (MUGAI_FLAG_SCRIPT);
  if (listed (QUERY_EXTENSIONS, extension))
    flags |= MUGAI_BIT (MUGAI_FLAG_EXTERNAL_REFERENCE);
  gboolean deceives = flags & (MUGAI_BIT (MUGAI_FLAG_EXECUTABLE) | MUGAI_BIT (MUGAI_FLAG_SCRIPT));
  deceives = deceives || listed (DECEIVING_EXTENSIONS, extension);
  if (deceives && !g_str_equal (inner, extension) && extension_known (inner) && !listed (EXECUTABLE_EXTENSIONS, inner)
      && !listed (SCRIPT_EXTENSIONS, inner) && !listed (DECEIVING_EXTENSIONS, inner))
    flags |= MUGAI_BIT (MUGAI_FLAG_DOUBLE_EXTENSION);
  return flags;
}

guint64 mugai_flags_of_raw_name (const char *name) {
  for (const char *at = name; *at; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);
    if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c)
      return MUGAI_BIT (MUGAI_FLAG_BIDI_NAME);
  }
  return 0;
}

/* Types whose content is so plainly marked that content without the mark is something else. */
static gboolean content_must_show (const char *extension) {
  return listed (
      " pdf docx xlsx pptx doc xls ppt docm xlsm pptm zip 7z rar gz lzh png jpg jpeg gif bmp tif tiff rtf odt ods odp ",
      extension);
}

/* Encrypted Office files are compound files whatever their extension says. */
static gboolean is_sealed_office (const MugaiPart *part, const char *extension) {
  return g_str_equal (part->detected, "application/x-ole-storage") && (part->flags & MUGAI_BIT (MUGAI_FLAG_ENCRYPTED))
         && (listed (" docx xlsx pptx docm xlsm pptm xlsb dotx xltx potx ppsx ", extension));
}

static gboolean name_mismatches (const MugaiPart *part, const char *name) {
  g_autofree char *extension = mugai_flags_extension (name);
  /* A Macintosh's second half of a file bears the name of the first. */
  if (!extension_known (extension) || g_str_equal (part->detected, "application/x-empty")
      || g_str_equal (part->detected, "application/applefile") || is_sealed_office (part, extension))
    return FALSE;
  if (g_str_equal (part->detected, MUGAI_TYPE_UNKNOWN))
    return content_must_show (extension);
  if (family_known (part->detected))
    return !extension_fits (part->detected, extension);
  return content_must_show (extension);
}

static gboolean declaration_mismatches (const MugaiPart *part) {
  if (is_generic (part->declared) || is_generic (part->detected) || !family_known (part->declared)
      || !family_known (part->detected))
    return FALSE;
  if (part->flags & MUGAI_BIT (MUGAI_FLAG_ENCRYPTED) && g_str_equal (part->detected, "application/x-ole-storage"))
    return FALSE;
  /* Mailers declare many a file text/plain or by the extension's registry entry; what reads as text is harmless there. */
  if (g_str_equal (part->detected, MUGAI_TYPE_TEXT) && g_str_has_prefix (part->declared, "text/"))
    return FALSE;
  return !types_agree (part->declared, part->detected);
}

/* Text that a declaration alone makes a program: what reads it by its declaration runs it. */
static gboolean is_declared_script (const MugaiPart *part) {
  return g_str_has_prefix (part->detected, "text/")
         && (listed (SCRIPT_TYPES, part->declared) || listed (DECLARED_SCRIPT_TYPES, part->declared));
}

guint64 mugai_flags_of_type (const char *type) {
  return (listed (EXECUTABLE_TYPES, type) ? MUGAI_BIT (MUGAI_FLAG_EXECUTABLE) : 0)
         | (listed (SCRIPT_TYPES, type) ? MUGAI_BIT (MUGAI_FLAG_SCRIPT) : 0);
}

guint64 mugai_flags_of_part (const MugaiPart *part) {
  guint64 flags = mugai_flags_of_type (part->detected);
  if (is_declared_script (part))
    flags |= MUGAI_BIT (MUGAI_FLAG_SCRIPT);
  if (declaration_mismatches (part))
    flags |= MUGAI_BIT (MUGAI_FLAG_TYPE_MISMATCH);
  for (char **name = part->names; *name; name++) {
    flags |= mugai_flags_of_name (*name);
    if (name_mismatches (part, *name))
      flags |= MUGAI_BIT (MUGAI_FLAG_TYPE_MISMATCH);
  }
  return flags;
}

gboolean mugai_flags_is_archive (const char *type) {
  return listed (
      " application/zip application/x-7z-compressed application/vnd.rar application/gzip application/x-bzip2 "
      "application/x-xz application/zstd application/x-lzh application/x-tar application/vnd.ms-cab-compressed "
      "application/x-cpio application/x-disk-image application/java-archive application/x-xar "
      "application/x-archive application/x-compress application/x-lzip application/x-arj application/x-ace-compressed "
      "application/x-alz-compressed application/x-egg application/x-zoo application/x-stuffit application/x-lzop "
      "application/x-rpm application/vnd.debian.binary-package application/x-lzma ",
      type);
}
