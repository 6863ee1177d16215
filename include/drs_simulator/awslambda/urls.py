"""lambda base URL and path."""

from __future__ import annotations

from moto.awslambda import urls

from .responses import FunctionResponse

url_bases = urls.url_bases

url_paths = dict.fromkeys(urls.url_paths, FunctionResponse.dispatch)
