"""Moving to parca-k8s and to the package; `parca-scrape migrate` is made of this."""

from __future__ import annotations
