"""servicequotas base URL and path."""

from __future__ import annotations

from .responses import QuotasResponse

url_bases = [r"https?://servicequotas\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/$": QuotasResponse.dispatch}
