# awk.sh COUNT - count words and numbers in the text, read COUNT times
set -eu
for i in $(seq "$1"); do cat data/text; done | awk '
    { for (i = 1; i <= NF; i++) { word = $i; sub(/\.$/, "", word); seen[word]++; letters += length(word) } }
    /[0-9]+/ { match($0, /[0-9]+/); numbers += substr($0, RSTART, RLENGTH) }
    /(ar|o[st])[aeiou].*in?/ { hits++ }
    END {
        for (word in seen) { kinds++; squares += seen[word] * seen[word] % 1009 }
        printf "%d\n", (letters * 31 + numbers * 7 + hits * 5 + kinds + squares) % 1000003
    }'
