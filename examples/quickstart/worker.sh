# Pretends to work; finishes its round when asked to stop.
trap 'echo "worker $1 finished its round"; exit 0' TERM
round=0
while :; do
    round=$((round + 1))
    echo "worker $1, round $round"
    sleep 3 &
    wait $!
done
