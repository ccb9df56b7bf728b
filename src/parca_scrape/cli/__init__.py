"""The command line `parca-scrape`.

`main` starts a command: `render` or `vendor`. `show_unit` decodes an input, and `plain_yaml` reads
the YAML or JSON that it is written in. `console` is what all commands share.
"""

from __future__ import annotations
