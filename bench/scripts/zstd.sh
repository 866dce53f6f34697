# zstd.sh SIZE - compress so many bytes of text at three levels, and decompress them
. scripts/common.sh
head -c "$1" data/text > "$tmp/text"
for level in 1 6 12; do
    zstd -q --single-thread -$level -c "$tmp/text" > "$tmp/$level.zst"
    zstd -q -dc "$tmp/$level.zst" >> "$tmp/back"
done
echo "$(sum "$tmp/back"):$(cat "$tmp"/*.zst | sum)"
