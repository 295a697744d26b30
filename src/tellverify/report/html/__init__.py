"""The report as one HTML page, for a reviewer today and an auditor a year later."""

from tellverify.report.html.page import write_html

__all__ = ["write_html"]
