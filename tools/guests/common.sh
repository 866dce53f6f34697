# common.sh - where guest files live, and the small words the guest scripts share (sourced).

GUESTS=${MYNAH_GUESTS:-${XDG_CACHE_HOME:-$HOME/.cache}/mynah/guests}

say() { echo "mynah: $*" >&2; }
die() { say "$*"; exit 1; }

# retry N COMMAND... - mirrors have hiccups; a pause of a few seconds cures most
retry() {
    local tries=$1 i
    shift
    for ((i = 1; i <= tries; i++)); do
        "$@" && return 0
        [ "$i" = "$tries" ] || sleep $((i * 3))
    done
    return 1
}
