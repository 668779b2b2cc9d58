"""A team's fortnight, replayed by really making its calls: developers, builders, production, a noisy night, a leaked key.

    from ecrlab import traffic
    fortnight = traffic.replay(lab)
"""

from ecrlab.traffic.record import Fortnight
from ecrlab.traffic.replaying import clean, replay

__all__ = ["Fortnight", "clean", "replay"]
