"""Puts pipes, links and folders in the place of every file that the driver writes, and where tools read."""

import glob

made = 0
for path in [*glob.glob("/home/logs/**", recursive=True), *glob.glob("/run/shell/*"), "/home/logs/job-1.log"]:
    for make in (os.mkfifo, lambda p: os.symlink("/proc/self/fd/0", p), os.mkdir):
        try:
            if os.path.isfile(path):
                os.unlink(path)
            make(path)
            made += 1
            break
        except OSError:
            pass
for number in range(1, 12):
    for name in (f"/home/logs/job-{number}.log", f"/home/logs/shell-{number}", f"/home/logs/script-{number}"):
        try:
            os.mkfifo(name)
            made += 1
        except OSError:
            pass
os.makedirs("/home/code/traps", exist_ok=True)
os.chdir("/home/code/traps")
for name, make in {
    "pipe": os.mkfifo,
    "zero": lambda p: os.symlink("/dev/zero", p),
    "tty": lambda p: os.symlink("/dev/tty", p),
    "self": lambda p: os.symlink("self", p),
    "memory": lambda p: os.symlink("/proc/self/mem", p),
    "pipe.py": os.mkfifo,
}.items():
    try:
        make(name)
        made += 1
    except OSError:
        pass
os.makedirs("many", exist_ok=True)
for number in range(3000):
    os.close(os.open(f"many/{number}", os.O_CREAT | os.O_WRONLY))
claim("pipes, links and folders in the place of files", False, f"{made} made")
