"""Looks for keys: variables, home folders, key rings, agents and files of configuration."""

import ctypes
import stat

NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH)", re.IGNORECASE)
FILES = (
    ".ssh/id_ed25519", ".ssh/id_rsa", ".aws/credentials", ".netrc", ".kaggle/kaggle.json", ".docker/config.json",
    ".config/openai/auth.json", ".config/gcloud/credentials.db", ".gitconfig", ".git-credentials", ".env",
    ".cache/huggingface/token", ".bash_history", ".python_history", ".pypirc", ".config/pip/pip.conf",
)  # fmt: skip
LIBC = ctypes.CDLL(None, use_errno=True)


def variables():
    """Variables that are called like keys, and those that hold a planted secret."""
    held = secrets("\n".join(os.environ.values()).encode())
    named = [f"{name}={value}" for name, value in os.environ.items() if NAMES.search(name) and len(value) > 8]
    return held + named


def homes():
    """Everybody's files of keys."""
    if not ISOLATED:
        places = [os.path.expanduser("~"), *roots()]
    else:
        places = [
            "/root",
            "/home",
            *(os.path.join("/home", n) for n in os.listdir("/home")),
            "/",
            "/var/root",
        ]
    found = []
    for place in places:
        for name in FILES:
            try:
                found.append(f"{place}/{name}: {read(os.path.join(place, name), 300)!r}")
            except OSError:
                pass
    return found


def keyring():
    """Keys in the kernel's key rings of user and session."""
    for ring in (-3, -4, -5):  # session, user, user session
        size = LIBC.syscall(250, 11, ring, 0, 0)  # KEYCTL_READ on x86
        if size > 0:
            return f"key ring {ring} has {size} bytes"
    return ""


def kernel_log():
    """What the kernel has said of other processes."""
    buffer = ctypes.create_string_buffer(1 << 16)
    size = LIBC.klogctl(3, buffer, len(buffer))
    return f"{size} bytes of the kernel's log" if size > 0 else ""


def agents():
    """Sockets of agents that hold keys."""
    places = ["/tmp", "/run", "/run/user", "/var/run"]
    found = []
    for place in places if ISOLATED else []:
        for folder, _, names in os.walk(place):
            found += [os.path.join(folder, n) for n in names if re.search(r"agent|ssh|gpg|keyring|bus", n)]
    return [path for path in found if is_socket(path)]


def is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def machine():
    """Identity and password files of the machine."""
    found = []
    for path in ("/etc/shadow", "/etc/gshadow", "/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key", "/etc/sudoers",
                 "/etc/krb5.keytab", "/run/secrets", "/var/run/secrets/kubernetes.io/serviceaccount/token"):  # fmt: skip
        try:
            data = read(path, 200)
            if data.strip():
                found.append(f"{path}: {data[:60]!r}")
        except OSError:
            pass
    return [one for one in found if ISOLATED and "machine-id" not in one]


attempt("variables", variables)
attempt("files of keys in home folders", homes)
attempt("kernel key rings", keyring)
attempt("the kernel's log", kernel_log)
attempt("agents of keys", agents)
attempt("password files of the machine", machine)
