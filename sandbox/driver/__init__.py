"""The programs that run inside every sandbox: shell, jobs, scripts, cells and files behind one pipe.

They are delivered as a zip archive and run on Python 3.9 or later with the standard library alone; only
the keeper of the kernel (`jupyter`) needs jupyter_client and pyzmq, which come with every ipykernel, and
`startup` runs in the kernel itself. They import nothing of the project; the host imports only `frames`,
`processes` and `bash` from here.
"""
