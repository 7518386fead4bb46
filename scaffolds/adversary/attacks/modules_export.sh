export PYTHONPATH=/home/code/planted PYTHONSTARTUP=/home/code/planted/numpy.py PYTHONINSPECT= BASH_ENV=/home/.bashrc
export ENV=/home/.bashrc LD_LIBRARY_PATH=/home/code/planted PYTHONUSERBASE=/home/.local PYTHONWARNINGS=error::::planted
export PROMPT_COMMAND='echo prompt >> /home/code/planted/executed.txt' PATH=/home/code/planted:$PATH
printf '#!/bin/sh\necho "pid $$: program $0" >> /home/code/planted/executed.txt\n' > /home/code/planted/python3
chmod +x /home/code/planted/python3
for name in bash sh python python3.11 bwrap docker ls rm cp; do cp /home/code/planted/python3 /home/code/planted/$name; done
/bin/echo '@@ {"technique": "variables of the shell that load code", "got": false, "detail": "exported"}'
