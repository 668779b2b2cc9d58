"""The other end of ``process.Examiner``: reads requests, examines, writes answers. ``python -m localecr.scanner BYTES``"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import traceback
from typing import Any

IDLE = 60.0  # seconds without a request, after which it ends and gives its memory back
NICE = 10  # its priority below the server's, of 19


def main() -> None:
    most_memory = int(sys.argv[1])
    answers = _answers()
    _behave(most_memory)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        try:
            request = requests.get(timeout=IDLE)
        except queue.Empty:
            os._exit(0)  # where it returned Python would abort, since the thread that listens is inside of standard input
        answers.write(json.dumps(_answer(json.loads(request), most_memory)).encode() + b"\n")
        answers.flush()


def _answers() -> Any:
    """What was standard output, which from now on is standard error: what a library prints is no answer."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _behave(most_memory: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the server's terminal: the server ends, and this with it
    if hasattr(os, "nice"):  # on Windows the server sets the priority
        os.nice(NICE)
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most_memory, most_memory))


def _listen(requests: queue.SimpleQueue[bytes]) -> None:
    """Ends the process with its server, also when that is killed: then nobody holds the other end any more."""
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)


def _answer(request: dict[str, Any], most_memory: int) -> dict[str, Any]:
    from localecr.scanner import examination
    from localecr.scanner.advisories import Advisories, AdvisoriesError
    from localecr.scanner.model import Inventory, Subject, Unscannable

    try:
        subject = Subject.of_json(request["subject"]) if "subject" in request else Inventory.of_json(request["inventory"])
        with Advisories(request["advisories"]) as advisories:
            return {"examination": examination.examine(subject, advisories, request["known_at"]).as_json()}
    except Unscannable as refusal:
        return {"status": refusal.status, "reason": refusal.reason}
    except AdvisoriesError as error:
        return {"status": "FAILED", "reason": str(error)}
    except MemoryError:
        return {"status": "FAILED", "reason": f"Reading the image needs more than {most_memory >> 20:,} MiB of memory."}
    except Exception as error:
        traceback.print_exc()
        return {"status": "FAILED", "reason": f"The scanner failed at the image: {error!r}. The lab's log says where."}


if __name__ == "__main__":
    main()
