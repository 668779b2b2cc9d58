"""Starting, joining and stopping the embedded AWS of a state folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ecrlab import home
from ecrlab.errors import LabError

if TYPE_CHECKING:
    from localecr.door import Door

PORT = 4510
LOG = "server.log"
READY_WITHIN = 60.0
TAKEN_READY_WITHIN = 5.0
STOPPED_WITHIN = 30.0
ROOM_FOR_WORDS = 64 * 1024  # bytes
FOLDER_TAKEN = 3  # exit status of `ecrlab serve` where the state folder can't be had


def find(state: Path) -> Door | None:
    """The door of the lab that runs on this folder, or None."""
    from localecr.door import Door, NotRunning

    try:
        return Door.find(state)
    except NotRunning:
        return None


def join(state: Path) -> Door:
    """The door of the lab of this folder, which is started in the background if it doesn't run yet."""
    return find(state) or start(state, PORT)


def start(state: Path, port: int) -> Door:
    """Start a lab in the background, detached from this process, and return when it is ready.

    What it says goes to `server.log`. Raises LabError with its own words where it ends before it is ready.
    """
    home.make(state)
    log = state / LOG
    # -P: the folder it runs in must not stand in for packages of the same name
    command = [sys.executable, "-P", "-m", "ecrlab", "serve", "--port", str(port), "--state", str(state)]
    with log.open("ab") as output:
        began = output.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=state, **_detached()
        )
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        door = find(state)
        if door:
            return door
        if process.poll() == FOLDER_TAKEN:
            until = min(until, time.monotonic() + TAKEN_READY_WITHIN)  # another notebook is starting it right now
        elif process.poll() is not None:
            raise _ended(log, began)
        time.sleep(0.05)
    if process.poll() is not None:
        raise _ended(log, began)
    process.terminate()
    raise LabError("slow_start", f"The lab wasn't ready after {READY_WITHIN:.0f} seconds.", f"Read why in {log}.")


def run(state: Path, port: int) -> None:
    """Serve in this process until somebody stops it (`ecrlab stop`, Ctrl-C, SIGTERM)."""
    import localecr
    from localecr.server import PortInUse
    from localecr.store.database import StateError

    home.make(state)
    try:
        endpoint = localecr.start(state, port, os.environ.get("ECRLAB_CLOCK"))
    except PortInUse as error:
        raise LabError("port_in_use", str(error)) from error
    except StateError as error:
        raise LabError("state_folder", str(error)) from error
    for number in _asking_to_stop():
        signal.signal(number, _interrupt)
    try:
        print(f"ECR Lab is running on {state}", flush=True)
        print(f"  private registry and AWS APIs  {endpoint.url}", flush=True)
        print(f"  public registry                {endpoint.public_url}", flush=True)
        print("Stop it with Ctrl-C, or from anywhere with: ecrlab stop", flush=True)
        endpoint.wait()
    except KeyboardInterrupt:
        pass
    endpoint.stop()
    print("The lab has stopped. What you made is kept in its folder.", flush=True)


def stop(door: Door) -> None:
    """Stop a running lab and return when it has ended. Raises LabError if it doesn't."""
    status = door.status()
    door.stop()
    until = time.monotonic() + STOPPED_WITHIN
    while (Path(status["state"]) / "server.json").exists():
        if time.monotonic() > until:
            raise LabError("slow_stop", "The lab didn't stop.", f"End the process {status['pid']} yourself.")
        time.sleep(0.05)


def _asking_to_stop() -> list[signal.Signals]:
    return [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP") if hasattr(signal, name)]


def _interrupt(number: int, frame: object) -> None:
    """Begins to stop; who asks again meanwhile gets no less and no sooner."""
    for each in _asking_to_stop():
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _detached() -> dict:
    """How a process is started that outlives this one and its terminal."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _ended(log: Path, began: int) -> LabError:
    """Why the server ended, in its own words."""
    with log.open("rb") as lines:
        lines.seek(began)
        said = lines.read().decode("utf-8", "replace").strip().splitlines()
    if not said and shutil.disk_usage(log.parent).free < ROOM_FOR_WORDS:
        return LabError("not_started", f"The disk that holds {log.parent} is full; the lab couldn't even write its log.", "Make room and try again.")
    return LabError("not_started", said[-1] if said else "The lab ended as soon as it was started.", f"Its log is {log}.")
