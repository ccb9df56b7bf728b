"""The version of the package: read by the build backend and printed by the command line."""

from __future__ import annotations

VERSION = "0.1.0"
