"""The command `parca-scrape`: a file a command, a file a kind of input, one for the rest."""

from __future__ import annotations
