/bin/echo '@@ {"technique": "ending the shell in many ways", "got": false, "detail": "ended"}'
set -e
kill -STOP $$ &
sleep 0.2
kill -9 $$
