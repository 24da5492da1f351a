"""Runs a command for as long as somebody holds the other end of its standard input.

`cargo local` starts every part under this guard and keeps the pipe open. However the tool ends (Ctrl-C, SIGTERM, a
crash, kill -9), the pipe closes with it, and the guard takes the part down together with everything the part has
started: first politely, so that the emulator can save its state, then for good.
"""

import os
import signal
import subprocess
import sys
import threading

PATIENCE = 10

part = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
# Only the pipe decides. (After the start of the part, which would inherit the deaf ear.)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)


def watch():
    while os.read(0, 1024):
        pass
    part.terminate()
    try:
        part.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=watch, daemon=True).start()
code = part.wait()
if code != 0:
    print(f"the part ended with code {code}", file=sys.stderr, flush=True)
os.killpg(0, signal.SIGKILL)
