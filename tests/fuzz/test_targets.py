"""What the fuzzer fuzzes, a little of it, in every run of the tests: each parser gets its seeds, and what hypothesis makes of them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from targets import TARGETS

EDGES = [b"", b"\0", b"\xff", b"%00", b"../", b"\r\n", b"[" * 3000, b"{" * 3000, b"9" * 5000, b"-1", b"1e999", b"NaN", b"\\ud800", b'"\\u0000"', b"null", b"*" * 30, "²".encode(), b"a" * 5000]


def spoiled(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """A seed with some of its bytes replaced, taken out or doubled, or no seed at all."""

    def spoil(seed: bytes, cuts: list[tuple[float, float, bytes]]) -> bytes:
        for start, length, put in cuts:
            at = int(start * len(seed))
            seed = seed[:at] + put + seed[at + int(length * 8) :]
        return seed

    place = st.floats(0, 1, exclude_max=True)
    cuts = st.lists(st.tuples(place, place, st.sampled_from(EDGES) | st.binary(max_size=6)), max_size=4)
    return st.builds(spoil, st.sampled_from(seeds), cuts) | st.binary(max_size=200)


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_is_more_than_refused(name):
    target = TARGETS[name]
    for seed in (*target.seeds, *EDGES):
        target.run(seed)

    @settings(max_examples=100, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(data=spoiled(target.seeds))
    def spoil(data):
        target.run(data)

    spoil()
