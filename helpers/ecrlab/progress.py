"""What a learner has answered, tried and asked for, kept in the lab's folder.

`progress.json`: {"lessons": {"02": {"answers": {question: option number}, "hints": {check: how many were shown},
"tries": {check: how often}, "verdicts": {check: last outcome}, "solutions": {check: how often asked for}}}}.
"""

import json
import os
from pathlib import Path

FILE = "progress.json"


class Progress:
    """The progress of one lesson or lab."""

    def __init__(self, state: Path, lesson: str) -> None:
        self._path = state / FILE
        self._lesson = lesson

    def get(self, topic: str, id: str, otherwise=None):
        """What is known of `id` in a topic: "answers", "hints", "tries", "verdicts" or "solutions"."""
        return self._read()["lessons"].get(self._lesson, {}).get(topic, {}).get(id, otherwise)

    def set(self, topic: str, id: str, value) -> None:
        """Remember something, whole or not at all."""
        everything = self._read()
        everything["lessons"].setdefault(self._lesson, {}).setdefault(topic, {})[id] = value
        self._write(everything)

    def count(self, topic: str, id: str) -> int:
        """Count one more, and return how many there are now."""
        number = self.get(topic, id, 0) + 1
        self.set(topic, id, number)
        return number

    def forget(self) -> None:
        """Forget all of this lesson."""
        everything = self._read()
        everything["lessons"].pop(self._lesson, None)
        self._write(everything)

    def _read(self) -> dict:
        try:
            return json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {"lessons": {}}
        except ValueError:
            aside = self._path.with_name("progress.broken.json")
            os.replace(self._path, aside)
            print(f"Your earlier answers can't be read. They lie in {aside.name} now, and new ones are kept from here on.")
            return {"lessons": {}}

    def _write(self, everything: dict) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(f"{FILE}.{os.getpid()}.new")
        temporary.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n", "utf-8")
        os.replace(temporary, self._path)
