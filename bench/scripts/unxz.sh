# unxz.sh COUNT - decompress the text, COUNT times
. scripts/common.sh
n=0
while [ $n -lt "$1" ]; do
    xz -dc data/text.xz > "$tmp/text"
    n=$((n + 1))
done
sum "$tmp/text"
