"""Rewriting a charm from a vendored library to the package, or to the current single file."""

from __future__ import annotations
