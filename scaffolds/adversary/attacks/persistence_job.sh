trap '' INT TERM HUP
while :; do sleep 1; date > /home/logs/alive; done
