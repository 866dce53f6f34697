# 7zip.sh SIZE - put so many bytes of text into an archive, and take them out
. scripts/common.sh
head -c "$1" data/text > "$tmp/text"
7zz a -bso0 -bsp0 -t7z -mx=5 -mmt=1 -mtm=off "$tmp/a.7z" "$tmp/text"
7zz x -bsp0 -so "$tmp/a.7z" > "$tmp/back"
echo "$(sum "$tmp/back"):$(sum "$tmp/a.7z")"
