"""Amazon EventBridge's operations where the lab knows better than moto: a table of names, each a function from a call to an answer.

Rules, buses and targets are kept by moto; patterns, inputs, events and their delivery are the lab's.
"""

from __future__ import annotations

import json
from typing import Any

from localecr.errors import AwsError
from localecr.events import announcements, inputs, outbox, patterns, targets
from localecr.ledger import Call
from localecr.neighbours import journal

LONGEST_PATTERN = 2048  # characters (AWS: EventBridge quotas, "Event pattern size"; 4,096 only on request)
MOST_TARGETS = 5  # of a rule
LARGEST_ENTRIES = 262_144  # bytes of a request's entries
REQUIRED = ("id", "account", "source", "time", "region", "resources", "detail-type")  # of an event that is tested


def _execute(call: Call) -> dict[str, Any]:
    return journal.execute(call.lab, call.account, call.region, "events", call.operation, call.parameters)


def put_rule(call: Call) -> dict[str, Any]:
    """Raises InvalidEventPatternException, and NotImplemented for a schedule."""
    pattern = call.parameters.get("EventPattern")
    if call.parameters.get("ScheduleExpression"):
        raise AwsError(
            "NotImplemented", "Rules on a schedule (ScheduleExpression) are not built in this lab, though AWS has them. Give the rule an EventPattern.", 501
        )
    if not pattern:
        raise AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if len(pattern) > LONGEST_PATTERN:
        too_long = f"Event pattern is not valid. Reason: it has {len(pattern)} characters, and {LONGEST_PATTERN} at most."
        raise AwsError("InvalidEventPatternException", too_long)
    patterns.read(pattern)
    return _execute(call)


def test_event_pattern(call: Call) -> dict[str, Any]:
    pattern = patterns.read(call.parameters["EventPattern"])
    try:
        event = patterns.event(call.parameters["Event"])
    except ValueError as error:
        raise _bad_event(str(error)) from error
    if missing := [name for name in REQUIRED if name not in event]:
        raise _bad_event(f"it lacks {', '.join(missing)}")
    return {"Result": pattern.matches(event)}


def _bad_event(reason: str) -> AwsError:
    return AwsError("ValidationException", f"Parameter Event is not valid. Reason: {reason}.")


def put_targets(call: Call) -> dict[str, Any]:
    """Raises ValidationException, LimitExceededException, and NotImplemented for a kind of target that nothing is delivered to."""
    given = call.parameters["Targets"]
    for target in given:
        _check_target(call, target)
        inputs.check(target)
    kept = _targets_of(call) | {each["Id"] for each in given}
    if len(kept) > MOST_TARGETS:
        raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    return _execute(call)


def _check_target(call: Call, target: dict[str, Any]) -> None:
    name, arn = target["Id"], target["Arn"]
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or not parts[5]:
        raise AwsError("ValidationException", f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    if targets.kind_of(arn) not in targets.KINDS:
        built = "SQS queues, SNS topics and CloudWatch log groups"
        raise AwsError("NotImplemented", f"Deliveries to {parts[2]} are not built in this lab, though AWS has them. Targets here are {built}.", 501)
    if parts[3] != call.region:  # AWS's sentence for it isn't published
        raise AwsError("ValidationException", f"Parameter {arn} is not valid. Reason: The target is not in the rule's Region, {call.region}.")
    if arn.endswith(".fifo") and parts[2] == "sqs" and not target.get("SqsParameters"):
        raise AwsError("ValidationException", f"Parameter(s) SqsParameters must be specified for target: {name}.")
    dead_letters = target.get("DeadLetterConfig", {}).get("Arn")
    if dead_letters and targets.kind_of(dead_letters) != "sqs":
        raise AwsError("ValidationException", f"Parameter {dead_letters} is not valid. Reason: A dead-letter queue is an SQS queue.")


def _targets_of(call: Call) -> set[str]:
    bus = journal.loaded(call.lab, call.account).backend("events", call.account, call.region).event_buses.get(_bus(call.parameters.get("EventBusName")))
    rule = bus and bus.rules.get(call.parameters["Rule"])
    return {each["Id"] for each in rule.targets} if rule else set()


def _bus(named: str | None) -> str:
    """A bus's name, by which or by whose ARN it was named."""
    return (named or outbox.DEFAULT_BUS).rpartition("/")[2]


def put_events(call: Call) -> dict[str, Any]:
    """Each entry is taken or refused for itself. An entry for a bus that there isn't is taken, and goes nowhere, as on AWS."""
    entries = call.parameters["Entries"]
    if sum(map(_size, entries)) > LARGEST_ENTRIES:
        raise AwsError("ValidationException", "Total size of the entries in the request is over the limit.")
    answers = [_put_event(call, entry) for entry in entries]
    return {"Entries": answers, "FailedEntryCount": sum("ErrorCode" in each for each in answers)}


def _size(entry: dict[str, Any]) -> int:
    """AWS: Calculating Amazon EventBridge PutEvents event entry size."""
    texts = [entry.get("Source", ""), entry.get("DetailType", ""), entry.get("Detail", ""), *entry.get("Resources", [])]
    return sum(len(each.encode("utf-8", "replace")) for each in texts) + (14 if "Time" in entry else 0)


def _put_event(call: Call, entry: dict[str, Any]) -> dict[str, Any]:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return _refusal("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")
    if entry["Source"].startswith("aws."):
        return _refusal("NotAuthorizedForSourceException", "Not authorized for the source.")
    bus = entry.get("EventBusName") or outbox.DEFAULT_BUS
    if bus.startswith("arn:") and bus.split(":")[3:5] != [call.region, call.account]:
        return _refusal("NotImplemented", "Events for another account's or Region's bus are not built in this lab, though AWS has them.")
    event = _event(call, entry)
    if event is None:
        return _refusal("MalformedDetail", "Detail is malformed.")
    outbox.put(call.lab, call.account, call.region, [event], _bus(bus))
    return {"EventId": event["id"]}


def _event(call: Call, entry: dict[str, Any]) -> dict[str, Any] | None:
    """The event of an entry, or None if its detail isn't one that can be told and matched."""
    now = entry["Time"].timestamp() if "Time" in entry else call.lab.clock.now()
    try:
        detail = json.loads(entry["Detail"])
        event = announcements.envelope(now, call.account, call.region, entry["Source"], entry["DetailType"], entry.get("Resources", []), detail)
        text = inputs.compact(event)
        text.encode()
        patterns.event(text)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(detail, dict) else None


def _refusal(code: str, message: str) -> dict[str, Any]:
    return {"ErrorCode": code, "ErrorMessage": message}


def of_a_rule(call: Call) -> dict[str, Any]:
    """What is asked about a rule by its name. Raises ResourceNotFoundException in AWS's words."""
    name = call.parameters.get("Rule") or call.parameters["Name"]
    try:
        return _execute(call)
    except AwsError as error:
        if error.message == f"Rule {name} does not exist.":
            raise AwsError(error.code, f"Rule {name} does not exist on EventBus {_bus(call.parameters.get('EventBusName'))}.") from error
        raise


OPERATIONS = dict.fromkeys(("DescribeRule", "DisableRule", "EnableRule", "ListTargetsByRule"), of_a_rule)
OPERATIONS |= {"PutEvents": put_events, "PutRule": put_rule, "PutTargets": put_targets, "TestEventPattern": test_event_pattern}
