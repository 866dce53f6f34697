# shell.sh COUNT - what a shell does without starting anything: arithmetic, patterns, functions, splitting
set -eu
count=$1 i=0 total=0 word= digits=

step() {
    case $1 in
        *[13579]) total=$((total + $1 * 3)) ;;
        *5 | *0)  total=$((total ^ $1)) ;;
        *)        total=$((total + ($1 >> 1))) ;;
    esac
}

while [ "$i" -lt "$count" ]; do
    step "$i"
    word=/usr/lib/part$i/name.$total.txt
    word=${word##*/}
    word=${word%.txt}
    digits=${word#name.}
    [ "$digits" = "$total" ] || exit 1
    for word in alpha beta "$i"; do
        total=$((total + ${#word}))
    done
    set -- a b c "$digits"
    shift 3
    total=$((total % 1000003 + $1 % 7))
    i=$((i + 1))
done
echo "$total"
