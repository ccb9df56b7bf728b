"""The names by which a charm declares the relation in its metadata."""

from __future__ import annotations

DEFAULT_RELATION_NAME = "profiling-endpoint"
RELATION_INTERFACE_NAME = "parca_scrape"
