"""SNS's operations where the lab knows better than moto: nothing leaves the machine."""

from __future__ import annotations

from typing import Any

from localecr.errors import AwsError
from localecr.ledger import Call
from localecr.neighbours import journal


def subscribe(call: Call) -> dict[str, Any]:
    """Queues alone can subscribe: the lab sends no mail and calls no address."""
    if call.parameters["Protocol"] != "sqs":
        message = f"Subscriptions by {call.parameters['Protocol']} are not built in this lab, which sends nothing out of this machine. Subscribe a queue: sqs."
        raise AwsError("NotImplemented", message, 501)
    return journal.execute(call.lab, call.account, call.region, "sns", "Subscribe", call.parameters)


OPERATIONS = {"Subscribe": subscribe}
