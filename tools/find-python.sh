#!/bin/sh
# Print a Python that is new enough and can make virtual environments: the given one if it is,
# else the first one on PATH or in pyenv.
#
# Usage: tools/find-python.sh MAJOR.MINOR PYTHON
set -eu

# Debian has Pythons without ensurepip, and pyenv has shims on PATH that fail.
probe="import ensurepip, sys, venv; assert sys.version_info >= (3, ${1#3.})"
for python in "$2" python3.14 python3.13 python3.12 python3.11 python3.10 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3; do
    if "$python" -c "$probe" 2>/dev/null; then
        command -v "$python"
        exit
    fi
done
echo "no Python $1 or newer (with venv) on PATH or in pyenv: install one, or name it with" \
    "make PYTHON=..." >&2
exit 2
