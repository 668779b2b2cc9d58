"""An image's files are read from the registry as a container would see them, and what is hidden is told apart."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from ecrlab.errors import LabError
from ecrlab.labs import filesystem as filesystems
from ecrlab.labs import planting
from ecrlab.labs.filesystem import filesystem
from ecrlab.show.manifests import Missing


@pytest.fixture
def plant(aws, free_repository):
    """`plant({"a": "1"}, {"b": "2"})`: an image of these layers, the lowest first, read back."""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName=free_repository)

    def push(*layers: dict[str, str]):
        each = [planting.image(files, {}) for files in layers]
        document = json.loads(each[0].manifest)
        document["layers"] = [json.loads(image.manifest)["layers"][0] for image in each]
        blobs = tuple(blob for image in each for blob in image.blobs)
        planting.plant(ecr, free_repository, planting.Planted(json.dumps(document), planting.IMAGE, blobs=blobs), "it")
        return filesystem(ecr, free_repository, "it")

    return push


def test_an_upper_layer_overwrites_a_lower_one(plant):
    found = plant({"etc/a": "old", "etc/b": "b"}, {"./etc/a": "new"})
    assert found.files == {"etc/a": b"new", "etc/b": b"b"}
    assert [dict(layer) for layer in found.layers] == [{"etc/a": b"old", "etc/b": b"b"}, {"etc/a": b"new"}]
    assert found.buried == set()


def test_a_whiteout_hides_a_file_or_a_folder_and_not_what_only_begins_so(plant):
    found = plant({"srv/a": "a", "srv/b/c": "c", "srv/bc": "bc"}, {"srv/.wh.a": "", "srv/.wh.b": ""})
    assert found.files == {"srv/bc": b"bc"}
    assert found.buried == {"srv/a", "srv/b/c"}


def test_an_opaque_whiteout_hides_all_of_its_folder_that_lies_below(plant):
    found = plant({"srv/a": "a", "top": "top"}, {"srv/.wh..wh..opq": "", "srv/b": "b"})
    assert found.files == {"srv/b": b"b", "top": b"top"}
    assert found.buried == {"srv/a"}


def test_what_is_hidden_may_come_back(plant):
    found = plant({"a": "1"}, {".wh.a": ""}, {"a": "2"})
    assert found.files == {"a": b"2"}


def test_a_layer_that_is_too_large_is_not_read(plant, monkeypatch):
    monkeypatch.setattr(filesystems, "LARGEST_LAYER", 12_000)
    found = plant({"large": "l" * 20_000}, {"small": "s"})
    assert found.files == {"small": b"s"}


@pytest.fixture
def stored(aws, free_repository):
    """`stored(layer)`: an image whose only layer is stored as these bytes, read back."""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName=free_repository)

    def push(layer: bytes):
        config = planting.image({}, {}).blobs[0]
        blobs = [{"size": len(each), "digest": f"sha256:{hashlib.sha256(each).hexdigest()}"} for each in (config, layer)]
        document = {
            "schemaVersion": 2, "mediaType": planting.IMAGE,
            "config": {"mediaType": planting.CONFIG} | blobs[0], "layers": [{"mediaType": planting.LAYER} | blobs[1]],
        }  # fmt: skip
        planting.plant(ecr, free_repository, planting.Planted(json.dumps(document), planting.IMAGE, blobs=(config, layer)), "it")
        return filesystem(ecr, free_repository, "it")

    return push


def archive(*entries):
    """A tar of these: (name, content), or (name, content, headers of pax)."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content, *pax in entries:
            entry = tarfile.TarInfo(name)
            entry.size, entry.pax_headers = len(content), pax[0] if pax else {}
            tar.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def test_a_layer_that_is_not_packed_is_read_too(stored):
    assert stored(archive(("a", b"1"))).files == {"a": b"1"}


def test_a_layer_that_unpacks_to_more_than_it_may_is_said_and_not_read(stored, monkeypatch):
    monkeypatch.setattr(filesystems, "LARGEST_UNPACKED", 4 << 20)
    said = r"^The layer .+@sha256:[0-9a-f]{64} unpacks to more than 4 MiB, so its files weren't looked at. Nothing in this lab needs so much: build"
    with pytest.raises(LabError, match=said):
        stored(gzip.compress(archive(("a", b"1"), ("bomb", bytes(5 << 20)))))


def test_a_file_whose_holes_were_left_out_is_not_filled_with_them(stored):
    sparse = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "holes", "GNU.sparse.realsize": str(1 << 20)}
    assert stored(gzip.compress(archive(("sparse", b"0\n".ljust(512, b"\0"), sparse), ("a", b"1")))).files == {"a": b"1"}


def test_there_is_nothing_to_read_where_there_is_no_image(aws, free_repository):
    ecr = aws("ecr")
    ecr.create_repository(repositoryName=free_repository)
    with pytest.raises(Missing):
        filesystem(ecr, free_repository, "none")
