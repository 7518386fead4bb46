/bin/echo '@@ {"technique": "another program in the shell itself", "got": false, "detail": "executed"}'
trap '' INT TERM HUP
exec bash -c 'trap "" INT TERM HUP; while :; do sleep 1; done'
