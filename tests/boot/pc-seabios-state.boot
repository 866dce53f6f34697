# SeaBIOS by two engines, compared on the way; and saved at any moment (in ROM, in shadow RAM, relocated):
# what is loaded goes on to the same state.
timeout 120
program mynah-system-x86_64
cmd -m 128 -display none -debugcon null --lockstep interp,auto --lockstep-every 10007 --stop-at 20000000
wait ^lockstep: 20000000 instructions, \d+ checkpoints, no difference$
exit 0
host cd $TMP && run() { $BUILD/mynah-system-x86_64 -m 128 -display none -debugcon null --clock icount "$@"; }; \
    run --hash-at 9000000,30000000 --stop-at 30000000 > straight; \
    for n in 1 1000 300000 3000000 8000000; do \
        run --stop-at $n --savevm at$n; \
        run --loadvm at$n --hash-at 9000000,30000000 --stop-at 30000000 > loaded; \
        cmp straight loaded; \
    done; grep -c ^hash straight
