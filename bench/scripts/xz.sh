# xz.sh SIZE - compress so many bytes of text, and decompress them
. scripts/common.sh
head -c "$1" data/text > "$tmp/text"
xz -6 -T1 -c "$tmp/text" > "$tmp/text.xz"
xz -dc "$tmp/text.xz" > "$tmp/back"
echo "$(sum "$tmp/back"):$(sum "$tmp/text.xz")"
