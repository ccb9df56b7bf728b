"""The processes of the ledger, which systemd runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

PORTS = {"reader": 6060, "writer": 6061}
"""The port on which each process serves pprof."""
PROGRAM = "/usr/local/bin/ledger"
SERVICES = Path("/etc/systemd/system")
SERVICE = """\
[Unit]
Description=The {process} of the ledger

[Service]
ExecStart={program} --process={process} --pprof-address=:{port}
DynamicUser=yes
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""


def install(program: Path) -> None:
    """Install the program, or a new version of it, and run its processes."""
    # Unlike cp, this replaces a program that is running.
    run("install", "--mode=755", str(program), PROGRAM)
    for process, port in PORTS.items():
        text = SERVICE.format(process=process, port=port, program=PROGRAM)
        (SERVICES / f"ledger-{process}.service").write_text(text, encoding="ascii")
    services = [f"ledger-{process}" for process in PORTS]
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", *services)
    run("systemctl", "restart", *services)


def run(*command: str) -> None:
    """Run a command; raise `CalledProcessError` if it fails."""
    subprocess.run(command, check=True)
