"""What can go wrong, as the Docker Engine API says it: an HTTP status and a message."""

from __future__ import annotations


class EngineError(Exception):
    """An answer that is not the one asked for.

    ``status`` is the HTTP status with which Docker Engine answers when nothing has been streamed yet; afterwards the
    same message travels as an ``error`` event.
    """

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class NoCredentials(EngineError):
    """The registry asks for a password and none was given; ``request`` is the one that wasn't sent, such as ``Head "http://…"``."""

    def __init__(self, request: str) -> None:
        self.reason = "no basic auth credentials"
        super().__init__(f"{request}: {self.reason}")


class TokenRefused(EngineError):
    """The registry's token service refused the credentials; ``cause`` is its own answer."""

    def __init__(self, request: str, cause: RegistryError) -> None:
        super().__init__(f"{request}: {cause.message}")
        self.cause = cause


class RegistryError(EngineError):
    """A registry's refusal; ``code`` is the one of the OCI distribution spec ("error codes"), or "" where it sent none."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def invalid(message: str) -> EngineError:
    return EngineError(message, 400)


def not_found(message: str) -> EngineError:
    return EngineError(message, 404)


def no_such_image(name: str) -> EngineError:
    return not_found(f"No such image: {name}")


def conflict(message: str) -> EngineError:
    return EngineError(message, 409)


def not_built(message: str) -> EngineError:
    return EngineError(message, 501)
