"""cloudwatch base URL and path."""

from __future__ import annotations

from moto.cloudwatch import urls

from .responses import MetricsResponse

url_bases = urls.url_bases

url_paths = dict.fromkeys(urls.url_paths, MetricsResponse.dispatch)
