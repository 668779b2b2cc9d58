"""SQS's messages, which outlive the process in a table of their own: they come and go too often for a journal.

moto's queues say what comes and goes; a thread writes it down when its call of moto is over, in its transaction if it has one.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

from localecr.store.database import Database

KEPT = (  # of moto's messages
    "body", "message_attributes", "sender_id", "sent_timestamp", "deduplication_id", "group_id", "sequence_number", "delayed_until", "system_attributes",
)  # fmt: skip


class Arrivals:
    """How often messages came into any queue, or a lab's end was told, since the process began."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.count = 0

    def tell(self) -> None:
        with self._condition:
            self.count += 1
            self._condition.notify_all()

    def wait(self, seen: int, timeout: float) -> None:
        """Returns when ``count`` isn't ``seen`` any more, or after ``timeout`` seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self.count != seen, timeout)


ARRIVALS = Arrivals()
_here = threading.local()


def _said() -> list[tuple[str, tuple]]:
    if not hasattr(_here, "said"):
        _here.said = []
    return _here.said


def install() -> None:
    """Has moto make queues that note what comes and goes, and tell who waits for it."""
    import moto.sqs.models
    from moto.sqs.models import Message, Queue

    class KeptQueue(Queue):
        __module__ = Queue.__module__  # by which moto knows whose class it is

        def add_message(self, message: Message) -> None:
            super().add_message(message)
            if message in self._messages:  # a FIFO queue drops what it has had
                row = (message.id, self.queue_arn, json.dumps({name: getattr(message, name) for name in KEPT}, default=_as_base64))
                _said().append(("INSERT OR REPLACE INTO messages (id, queue, message) VALUES (?, ?, ?)", row))
            ARRIVALS.tell()

        def delete_message(self, receipt_handle: str) -> None:
            gone = [message.id for message in self._messages if message.had_receipt_handle(receipt_handle)]
            super().delete_message(receipt_handle)
            _said().extend(("DELETE FROM messages WHERE id = ?", (each,)) for each in gone)

    moto.sqs.models.Queue = KeptQueue


def _as_base64(value: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(value).decode()}


def _as_bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else value


def keep(database: Database) -> None:
    """Writes down what this thread's call of moto did to messages."""
    said = _said()
    if said:
        with database.write() as transaction:
            for statement, values in said:
                transaction.execute(statement, values)
        said.clear()


def drop(database: Database, account: str, region: str, operation: str, parameters: dict[str, Any]) -> None:
    """A queue that was emptied or deleted has no messages any more."""
    if operation in ("PurgeQueue", "DeleteQueue"):
        name = parameters["QueueUrl"].rpartition("/")[2]
        with database.write() as transaction:
            transaction.execute("DELETE FROM messages WHERE queue = ?", (f"arn:aws:sqs:{region}:{account}:{name}",))


def restore(database: Database, backend: Callable[[str, str], Any]) -> None:
    """Puts the messages back into their queues, where nobody has received them yet."""
    from moto.sqs.models import Message

    for row in database.all("SELECT * FROM messages ORDER BY number"):
        _, _, _, region, account, name = row["queue"].split(":")
        queue = backend(account, region).queues.get(name)
        if queue is not None:
            kept = json.loads(row["message"], object_hook=_as_bytes)
            message = Message(row["id"], kept["body"])
            vars(message).update(kept)
            queue._messages.append(message)
