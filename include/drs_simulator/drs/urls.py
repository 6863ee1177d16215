"""drs base URL and path."""

from __future__ import annotations

from .responses import DRSResponse

url_bases = [r"https?://drs\.(.+)\.amazonaws\.com"]

# The service model tells the operation from the method and the path.
url_paths = {"{0}/.*$": DRSResponse.dispatch}
