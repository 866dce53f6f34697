# EDK2 in two flash banks: a variable written by one run is there in the next.
full
timeout 600
host cp $EFI_VARS $TMP/vars
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none \
    -drive if=pflash,file=${EFI_CODE},format=raw,readonly=on \
    -drive if=pflash,file=${TMP}/vars,format=raw
wait Shell> 
send set mynahtest kept\r
wait Shell> 
send reset -s\r
exit 0
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none \
    -drive if=pflash,file=${EFI_CODE},format=raw,readonly=on \
    -drive if=pflash,file=${TMP}/vars,format=raw
wait Shell> 
send set mynahtest\r
wait mynahtest = kept
wait Shell> 
send reset -s\r
exit 0
