"""A model of Juju: what it knows, which hooks it runs, and what goes wrong in them.

`model` is what is true, `hooks` are the hooks that each unit has yet to run, and `faults` has the
answers of its hook tools. `charms` are the charms under test, and `expectations` says what they
must do. `agent` and `fleet` run hooks in this process, `dispatch` and `world` in others.
`migration` is the way from the machine charm to parca-k8s, and `old_providers` go it.
"""
