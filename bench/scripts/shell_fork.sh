# shell_fork.sh COUNT - what a configure script does: subshells, short programs, pipes, small files
. scripts/common.sh
i=0 total=0
while [ $i -lt "$1" ]; do
    line=$(echo "value $i of $total" | tr a-z A-Z | cut -d ' ' -f 2,4)
    total=$(expr ${line% *} + ${line#* } + 1)
    (cd "$tmp" && echo "$total" > "file$((i % 7))" && cat file* > all)
    i=$((i + 1))
done
echo "$total-$(sum "$tmp/all")"
