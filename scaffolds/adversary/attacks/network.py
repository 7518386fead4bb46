"""Tries to reach anybody outside, by every kind of socket."""

import ctypes

TIMEOUT_S = 0.5
FAMILIES = {"AF_PACKET": 17, "AF_ALG": 38, "AF_BLUETOOTH": 31, "AF_TIPC": 30, "AF_CAN": 29, "AF_XDP": 44}


def talk(connection):
    """What the other side says, if anything."""
    connection.settimeout(TIMEOUT_S)
    try:
        return connection.recv(200)
    except OSError:
        return b""


def tcp(address, port):
    """A connection."""

    def action():
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect((address, port))
            return f"connected; {talk(connection)!r}"

    return action


def udp(address, port):
    """A packet; nobody need answer."""

    def action():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect((address, port))
            sender.send(b"attack")
            said = talk(sender)
            return f"sent; {said!r}" if said else ""

    return action


def unix(path):
    """A socket of the host's, in the file system or in the abstract name space."""

    def action():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect(path)
            return f"connected; {talk(connection)!r}"

    return action


def abstract_names():
    """Abstract sockets that the kernel lists, ours left out."""
    names = [line.split()[-1] for line in read("/proc/net/unix").decode().splitlines()[1:] if "@" in line]
    return [name for name in names if "kernel" not in name][:10] if ISOLATED else []


def resolve():
    """A name."""
    return socket.gethostbyname("example.com") if HINTS.get("abroad") else ""


def raw(kind, protocol):
    """A socket that makes packets of its own."""

    def action():
        with socket.socket(socket.AF_INET, kind, protocol):
            return "opened"

    return action


def ping():
    """An echo request."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as sender:
        sender.settimeout(TIMEOUT_S)
        target = (HINTS.get("abroad") or HINTS["addresses"])[0][0]
        sender.sendto(struct.pack("!BBHHH", 8, 0, 0xF7FF, 0, 0), (target, 0))
        return f"answer {sender.recv(100)!r}"


def family(number):
    """A socket of a family that no network namespace may hold back."""

    def action():
        with socket.socket(number, socket.SOCK_RAW if number in (17, 29, 44) else socket.SOCK_SEQPACKET, 0):
            return "opened"

    return action


def vsock():
    """The host's own end of a virtual machine's socket; never the hypervisor's."""
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT_S)
        try:
            connection.connect((1, int(HINTS.get("vsock", 1))))
        except OSError as error:
            if error.errno in (errno.ECONNRESET, errno.ECONNREFUSED, errno.ETIMEDOUT):
                return f"vsock reaches the machine ({error})"
        else:
            return f"connected; {talk(connection)!r}"
        return "a vsock can be opened, which no network namespace holds back"


def interfaces():
    """Interfaces besides the loopback."""
    names = [
        name for _, name in socket.if_nameindex() if name not in ("lo", "tunl0", "sit0", "ip6tnl0", "ip_vti0")
    ]
    return names if ISOLATED else []


def routes():
    """Routes out."""
    return read("/proc/net/route").decode().splitlines()[1:] if ISOLATED else []


def new_interface():
    """A tunnel of its own."""
    handle = os.open("/dev/net/tun", os.O_RDWR)
    return f"a tunnel, descriptor {handle}"


def all_ports(address):
    """Every port of an address but the validation server's."""

    def action():
        own = {5000, *(int(url) for url in re.findall(r":(\d+)/", os.environ.get("VALIDATION_URL", "")))}
        found = []
        for port in range(1, 65536):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
                if connection.connect_ex((address, port)) == 0 and port not in own:
                    found.append(port)
                elif port > 2000 and not found and connection.getsockopt(1, 4) == errno.ENETUNREACH:
                    break
        return found

    return action


for address, port in HINTS.get("addresses", []):
    attempt(f"the host at {address}, TCP", tcp(address, port))
    attempt(f"the host at {address}, UDP", udp(address, port))
for path in HINTS.get("sockets", []):
    attempt("a socket of the host's", unix(path))
for name in HINTS.get("abstract", []):
    attempt("an abstract socket of the host's", unix("\0" + name))
attempt("abstract sockets of others", abstract_names)
for address, port in HINTS.get("abroad", []):
    attempt(f"{address}:{port}, TCP", tcp(address, port))
attempt("resolving a name", resolve)
attempt("pinging", ping)
attempt("raw IP packets", raw(socket.SOCK_RAW, socket.IPPROTO_RAW))
attempt("raw ICMP packets", raw(socket.SOCK_RAW, socket.IPPROTO_ICMP))
if ISOLATED:
    if HINTS.get("abroad"):  # an enemy that is told to go nowhere else does not
        attempt("every port of the loopback", all_ports("127.0.0.1"))
    attempt("interfaces", interfaces)
    attempt("routes", routes)
    attempt("a tunnel", new_interface)
    attempt("AF_VSOCK", vsock)
    for name, number in FAMILIES.items():
        attempt(name, family(number))
    for path in ("docker.sock", "containerd/containerd.sock", "dbus/system_bus_socket", "podman/podman.sock"):
        attempt(path, unix(f"/run/{path}"))
        attempt(f"{path} by another name", unix(f"/var/run/{path}"))
