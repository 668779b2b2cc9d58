"""What a model says of a request's values, checked as a service does before it looks at what they name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from localecr.errors import AwsError

DETECTED = "1 validation error detected: Value {value}at '{path}' failed to satisfy constraint: {constraint}"


def check(operation: OperationModel, parameters: dict[str, Any], enums: bool) -> None:
    """Returns if every value keeps to its shape, ``enums`` included. Raises ValidationException in AWS's words."""
    if operation.input_shape:
        _check(operation.input_shape, parameters, "", enums)


def _check(shape: Shape, value: Any, path: str, enums: bool) -> None:
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if name not in value:
                raise _broken(path, name, None, "Member must not be null")
        for name, each in value.items():
            _check(shape.members[name], each, _join(path, name), enums)
    elif isinstance(shape, ListShape):
        _check_range(shape, len(value), value, path, "length")
        for number, each in enumerate(value, 1):
            _check(shape.member, each, f"{path}.{number}.member", enums)
    elif isinstance(shape, MapShape):
        for key, each in value.items():
            _check(shape.value, each, f"{path}.{key}", enums)
    elif shape.type_name == "string":
        _check_string(shape, value, path, enums)
    elif shape.type_name in ("integer", "long", "float", "double"):
        _check_range(shape, value, value, path, "value")


def _check_string(shape: Shape, value: str, path: str, enums: bool) -> None:
    _check_range(shape, len(value), value, path, "length")
    if enums and shape.enum and value not in shape.enum:
        raise _broken(path, "", value, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    compiled = pattern and _compiled(pattern)
    if compiled and not compiled.fullmatch(value):
        raise _broken(path, "", value, f"Member must satisfy regular expression pattern: {pattern}")


def _check_range(shape: Shape, size: float, value: Any, path: str, what: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        raise _broken(path, "", _shown(shape, value), f"Member must have {what} greater than or equal to {low}")
    if high is not None and size > high:
        raise _broken(path, "", _shown(shape, value), f"Member must have {what} less than or equal to {high}")


def _broken(path: str, name: str, value: str | None, constraint: str) -> AwsError:
    shown, where = "" if value is None else f"'{value[:200]}' ", _join(path, name) if name else path
    fields = [{"name": where, "message": constraint}]  # which newer services tell too
    return AwsError(
        "ValidationException", DETECTED.format(value=shown, path=where, constraint=constraint), reason="FIELD_VALIDATION_FAILED", fields=fields
    )


def _shown(shape: Shape, value: Any) -> str:
    """A value as AWS's services print one: ``[KeySchemaElement(attributeName=id, keyType=HASH)]``."""
    if isinstance(shape, ListShape):
        return f"[{', '.join(_shown(shape.member, each) for each in value)}]"
    if isinstance(shape, StructureShape):
        return f"{shape.name}({', '.join(f'{_lowered(name)}={_shown(shape.members[name], each)}' for name, each in value.items())})"
    return str(value)


def _join(path: str, name: str) -> str:
    return f"{path}.{_lowered(name)}" if path else _lowered(name)


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Some patterns of the models are in another dialect than Python's; those aren't checked."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
