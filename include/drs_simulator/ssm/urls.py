"""ssm base URL and path."""

from __future__ import annotations

from moto.ssm import urls

from .responses import SystemsManagerResponse

url_bases = urls.url_bases

url_paths = dict.fromkeys(urls.url_paths, SystemsManagerResponse.dispatch)
