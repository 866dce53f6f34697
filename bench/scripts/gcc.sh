# gcc.sh [COMPILER] - compile programs for the guest with optimisation; the objects' sum is the result
. scripts/common.sh
for file in sort interp fft; do
    "${1-gcc}" -O2 -fno-ident -nostdinc -std=gnu17 -Idata/include -c -o "$tmp/$file.o" data/$file.c
done
cat "$tmp"/*.o | sum
