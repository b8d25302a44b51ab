"""A report page as PDF; WeasyPrint is optional and never reaches for the network."""

from __future__ import annotations

from importlib.util import find_spec

from genlib.errors import ReportFailed, UsageError


def check_pdf() -> None:
    """UsageError if this installation cannot make PDF."""
    if find_spec("weasyprint") is None:
        raise UsageError("PDF needs WeasyPrint, an optional part: pip install 'genlib[pdf]'")


def to_pdf(html: str) -> bytes:
    """The page printed on A4, as its own print style says."""
    import weasyprint

    try:
        document: bytes = weasyprint.HTML(
            string=html, url_fetcher=weasyprint.urls.URLFetcher(allowed_protocols={"data"})
        ).write_pdf(pdf_variant="pdf/ua-1")
    except (
        Exception
    ) as error:  # whatever the page broke in WeasyPrint, its message may quote the page
        raise ReportFailed(f"the page could not be printed ({type(error).__name__})") from None
    return document
