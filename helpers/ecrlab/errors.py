"""The one kind of error that ecrlab raises by itself."""


class LabError(Exception):
    """Something a person can mend: a code, a sentence that says what happened, and what to do next.

    In a notebook it is shown as these two sentences, without a traceback: the learner's code is not at fault.
    """

    def __init__(self, code: str, sentence: str, next: str = "") -> None:
        super().__init__(f"{sentence} {next}".strip())
        self.code = code
        self.sentence = sentence
        self.next = next

    def _render_traceback_(self) -> list[str]:
        return [line for line in (f"LabError: {self.sentence}", self.next) if line]
