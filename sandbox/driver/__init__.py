"""The program that runs inside every sandbox: a shell, scripts and files behind one pipe.

It is delivered as a zip archive and runs on Python 3.9 or later with the standard library alone. It
imports nothing of the project; the host imports only `frames` and `processes` from here.
"""
