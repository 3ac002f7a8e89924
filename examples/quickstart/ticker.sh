# Says the time once a second.
while :; do
    date '+%H:%M:%S tick'
    sleep 1
done
