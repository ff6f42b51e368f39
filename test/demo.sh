#!/bin/sh
# demo.sh BINARY FOLDER: compiles the examples, publishes platform and applications to a bare repository below
# FOLDER, which is made anew, and shows what came of it. Everything happens on this machine.
set -eu
meridian=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
out=$2
rm -rf "$out"
mkdir -p "$out"
say() { printf '\n$ %s\n' "$*"; }

say meridian regions
"$meridian" regions

say meridian vet ./examples/...
"$meridian" vet ./examples/...

say meridian build -o "$out/manifests" ./examples/...
"$meridian" build -o "$out/manifests" ./examples/...
printf '%s manifests in %s\n' "$(find "$out/manifests" -name '*.yaml' | wc -l | tr -d ' ')" "$out/manifests"

say meridian publish --to "$out/gitops.git" --spaces
"$meridian" publish --to "$out/gitops.git" --spaces

say meridian publish --to "$out/gitops.git" ./examples/...
"$meridian" publish --to "$out/gitops.git" ./examples/...

say git log --stat
git --no-pager -C "$out/gitops.git" log --stat=100,80 --stat-count=12 --format='%h %s%n%n%w(0,4,4)%b'
