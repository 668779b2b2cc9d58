"""tickets: who sits where tonight."""

import requests
import yaml

HALL = "/srv/tickets/hall.yaml"
BOX_OFFICE = "http://box-office.example/seats"


def free_seats() -> list[str]:
    """The seats of the hall that the box office hasn't sold."""
    with open(HALL, encoding="utf-8") as hall:
        seats = yaml.safe_load(hall)
    sold = requests.get(BOX_OFFICE, timeout=5).json()
    return [seat for seat in seats if seat not in sold]
