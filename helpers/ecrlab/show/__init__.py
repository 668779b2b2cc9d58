"""Pictures of what is in a registry and of what moves to and from it.

Each reads plain boto3 answers or the docker SDK's own events, so it draws the same on AWS. Each shows HTML with
a text for those who don't see it, and says the same in plain text in a terminal.
"""

from ecrlab.show.comparison import comparison
from ecrlab.show.decision import decision
from ecrlab.show.figure import figure
from ecrlab.show.findings import finding, findings
from ecrlab.show.index import index
from ecrlab.show.layer_map import layer_map
from ecrlab.show.layers import layers
from ecrlab.show.progress import build, pull, push
from ecrlab.show.record import record
from ecrlab.show.refusal import refusal
from ecrlab.show.rights import rights
from ecrlab.show.severities import severities
from ecrlab.show.table import table
from ecrlab.show.timeline import Timeline
from ecrlab.show.tree import tree

__all__ = [
    "Timeline", "build", "comparison", "decision", "figure", "finding", "findings", "index", "layer_map", "layers", "pull", "push", "record", "refusal",
    "rights", "severities", "table", "tree",
]  # fmt: skip
