# Starts three children and waits for them; knows nothing about signals.
for child in one two three; do
    sh -c 'echo "child $0 is process $$"; exec sleep 86400' "$child" &
done
wait
