#!/bin/sh
# The Python environment, with bytecode, as agents cannot write any, and without the packages' data sets. Packages
# that do not fit together end the build here.
set -eu
cd /run/build
if [ ! -f data-sets.txt ]; then
    echo "the build context has no data-sets.txt; build with: python -m sandbox build-image" >&2
    exit 1
fi
[ ! -f /run/secrets/env ] || . /run/secrets/env

python3 -m venv /opt/venv
/opt/venv/bin/pip install --no-cache-dir --no-input --disable-pip-version-check --progress-bar off \
    --requirement "requirements-$1.txt"

# Emptied, not removed: some are packages that others import.
while read -r folder; do
    for found in /opt/venv/lib/python3*/site-packages/$folder; do
        [ ! -d "$found" ] || find "$found" -mindepth 1 -delete
    done
done <data-sets.txt

HOME="$(mktemp -d)"
export HOME
/opt/venv/bin/python import_all.py requirements-*.in
rm -rf "$HOME"
