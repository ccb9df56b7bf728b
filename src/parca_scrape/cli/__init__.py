"""The command line `parca-scrape`.

`main` runs a command; each command is a module of its name. `inputs` reads what the commands are
given: `show_unit`, `sides` and `joining` decode the output of `juju show-unit`, `hook_output` and
`live` that of the script of `collect`. All return `relations`. `diff_inputs` also decodes a
`parca.yaml`. `console` and `screen` are what all commands print with.
"""

from __future__ import annotations
