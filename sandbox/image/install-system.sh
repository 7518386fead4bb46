#!/bin/sh
# The system's packages: what is missing of packages-slim.txt and, for the full image, packages-full.txt.
set -eu
cd /run/build

wanted=$(cat packages-slim.txt)
[ "$1" = slim ] || wanted="$wanted $(cat packages-full.txt)"

missing=
for package in $wanted; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

[ ! -f /run/secrets/env ] || . /run/secrets/env
[ ! -f /run/secrets/apt ] || export APT_CONFIG=/run/secrets/apt
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends $missing
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/*.log
