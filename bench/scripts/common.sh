# common.sh - what the scripts share (sourced): stop at errors, a folder of one's own, sums of files.
set -eu
tmp=$(mktemp -d /tmp/bench-XXXXXX)
trap 'rm -rf "$tmp"' EXIT

sum() { md5sum "$@" | cut -c 1-8; }
