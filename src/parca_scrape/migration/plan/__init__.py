"""The plan of the move from the machine charm parca to parca-k8s."""

from __future__ import annotations
