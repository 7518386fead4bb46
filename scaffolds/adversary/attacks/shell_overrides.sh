/bin/echo '@@ {"technique": "functions, aliases and traps in place of builtins", "got": false, "detail": "set"}'
for name in printf read export echo cd pwd exit eval source trap set unset kill true builtin command enable; do
    eval "$name() { /bin/echo FORGED; return 7; }" 2>/dev/null
done
unset -f eval 2>/dev/null
\builtin enable -n printf read export trap . builtin 2>/dev/null
\builtin alias .='/bin/echo FORGED' while='/bin/echo FORGED' do=: done=: 2>/dev/null
shopt -s expand_aliases extdebug nullglob 2>/dev/null
\builtin trap '/bin/echo FORGED' DEBUG ERR RETURN EXIT 2>/dev/null
PROMPT_COMMAND='/bin/echo FORGED'; PS0=FORGED; PS4='$(/bin/echo FORGED)'; IFS=0123456789; BASH_ENV=/tmp/x
\builtin set -euo pipefail -x -n 2>/dev/null
