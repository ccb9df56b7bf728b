"""A model of Juju: what it knows, which hooks it runs, and what goes wrong in them.

`model` is the truth, `hooks` what each unit has yet to hear of it, `faults` what its hook tools
answer, `charms` the charms under test, `agent` runs their hooks, and `expectations` says in the
plainest way what these must do.
"""
