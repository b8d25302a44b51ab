"""What a page says of itself at its head and at the foot of each sheet of paper: that it is a
draft, or waits for a second person. It can be taken off; what is left is the page, to the byte.

Example: `take_banner(put_banner(page, "Draft")) == page`.
"""

from __future__ import annotations

import re

from genlib.present.item import text

DRAFT = "Draft, not approved: for its author alone and not to be passed on"
WAITING = "Not let out yet: a second person has to read it. Digest: {digest}"
REFUSED = "Not let out: a second person refused it"
BEGIN, END = "<!--banner-->", "<!--/banner-->"
BANNER = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
STYLE = """<style>
@page{@bottom-left{content:"%s";font:600 9pt "Genlib Sans",sans-serif;color:#b3412e}}
.banner{position:sticky;top:0;z-index:1;padding:8px 24px;background:#b3412e;color:#fff;\
font-weight:600;text-align:center}
@media print{.banner{position:static;padding:4pt 8pt;margin-bottom:8pt}}
</style>"""
HEAD, HEADER = "</head>", "<header>"


def put_banner(page: str, message: str) -> str:
    """The page with a banner."""
    sheet = STYLE % quote(message)
    aside = f'<aside class="banner">{text(message)}</aside>'
    styled = page.replace(HEAD, f"{BEGIN}{sheet}{END}{HEAD}", 1)
    return styled.replace(HEADER, f"{BEGIN}{aside}{END}{HEADER}", 1)


def take_banner(page: str) -> str:
    """The page without its banner."""
    return BANNER.sub("", page)


def quote(message: str) -> str:
    """A text as a string of CSS may hold it."""
    return re.sub(r'["\\<]', lambda match: f"\\{ord(match[0]):x} ", message)
