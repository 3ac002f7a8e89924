# Runs for a few seconds, then fails.
echo "started as process $$"
sleep 8
echo "something went wrong"
exit 1
