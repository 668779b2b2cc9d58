"""containerd, through its own client: what Docker's containerd image store, nerdctl and Kubernetes pull and push with.

Debian's Docker, 20.10, has no containerd image store; this is the same code one storey below. What it shows when ECR refuses:
test_client_refusals.py.
"""

from __future__ import annotations

import gzip
import json
import tarfile

import pytest

from awsapi import digests, tags
from specimens import NONDISTRIBUTABLE, OCI_MANIFEST, Specimen, descriptor, digest, index, sound_image, write_layout

pytestmark = pytest.mark.containerd


@pytest.fixture
def images(ctr, registry_password, tmp_path):
    """`images("pull", name, …)` as the registry's owner."""

    def run(verb, *arguments, password=None):
        asking = ("--plain-http", "--user", f"AWS:{password or registry_password()}") if verb in ("pull", "push") else ()
        return ctr("images", verb, *asking, *arguments)

    return run


@pytest.fixture
def load(images, tmp_path):
    """`load(specimen, name, tag)` gives containerd an image that no registry has."""

    def imported(specimen, name, tag):
        archive = tmp_path / f"{tag}.tar"
        with tarfile.open(archive, "w") as packed:
            packed.add(write_layout(tmp_path / tag, specimen, tag), ".")
        images("import", "--all-platforms", "--no-unpack", "--base-name", name, archive)
        return f"{name}:{tag}"

    return imported


def test_an_image_goes_up_unchanged_and_comes_back_by_tag_and_by_digest(images, load, shell, ecr, name):
    uri, specimen = f"{shell['ECRLAB_REGISTRY']}/{name}", sound_image(name)
    images("push", load(specimen, uri, "1"))
    assert tags(ecr, name) == {"1": specimen.digest}
    for reference in (f"{uri}:1", f"{uri}@{specimen.digest}"):
        images("rm", "--sync", f"{uri}:1", reference)
        images("pull", reference)
        assert specimen.digest in images("ls", f"name=={reference}").stdout


def test_an_index_goes_up_and_comes_down_with_all_its_platforms(images, load, shell, ecr, http, name, tmp_path):
    uri, specimen = f"{shell['ECRLAB_REGISTRY']}/{name}", index(sound_image(f"one of {name}"), sound_image(f"two of {name}", "arm64"))
    images("push", load(specimen, uri, "1"))
    assert http.pull("1") == specimen.manifest
    assert digests(ecr, name) == {specimen.digest, *(child.digest for child in specimen.children)}
    images("rm", "--sync", f"{uri}:1")
    images("pull", "--all-platforms", f"{uri}:1")
    images("export", "--all-platforms", tmp_path / "down.tar", f"{uri}:1")
    with tarfile.open(tmp_path / "down.tar") as archive:
        came = {archive.extractfile(entry).read() for entry in archive if entry.isfile()}
    assert came >= {specimen.manifest, *(each for child in specimen.children for each in (child.manifest, *child.blobs))}


def test_a_layer_of_another_repository_is_mounted(images, ecr, shell, http, name):
    uri = f"{shell['ECRLAB_REGISTRY']}/{name}"
    specimen = http.push(sound_image(name), "1")
    images("pull", f"{uri}:1")
    ecr.create_repository(repositoryName=f"{name}/copy")
    talk = images("push", "--http-dump", f"{uri}/copy:1", f"{uri}:1").stderr
    assert tags(ecr, f"{name}/copy") == {"1": specimen.digest}
    assert talk.count("/blobs/uploads/?mount=sha256:") == len(specimen.blobs)
    assert "PUT" in talk and "/blobs/uploads/?digest" not in talk and "PATCH" not in talk  # only the manifest travelled


@pytest.mark.parametrize("asked", [(), ("--allow-non-distributable-blobs",)], ids=["stays away", "comes along"])
def test_a_layer_that_lives_elsewhere_travels_only_where_that_is_asked_for(images, load, shell, ecr, http, name, asked):
    """AWS: pushing Windows images, whose base layers are such."""
    plain, foreign = sound_image(name), gzip.compress(b"\0" * 1024, mtime=0)  # an archive of nothing
    document = json.loads(plain.manifest)
    document["layers"].append(descriptor(NONDISTRIBUTABLE, foreign) | {"urls": ["https://layers.example/base"]})
    specimen = Specimen(json.dumps(document).encode(), OCI_MANIFEST, (*plain.blobs, foreign))
    images("push", *asked, load(specimen, f"{shell['ECRLAB_REGISTRY']}/{name}", "1"))
    assert http.pull("1") == specimen.manifest
    assert http.holds(foreign) == bool(asked)
    (detail,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert detail["imageSizeInBytes"] == (specimen if asked else plain).size
    if asked:  # and it is no unassociated layer, which would be cleaned up
        assert ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest(foreign))["layerDigest"] == digest(foreign)


def test_anybody_pulls_a_base_image_for_another_platform(ctr, shell):
    uri = f"{shell['ECRLAB_PUBLIC_REGISTRY']}/ecrlab/static:1"
    ctr("images", "pull", "--plain-http", "--platform=linux/arm64", uri)
    assert "linux/arm64" in ctr("images", "ls", f"name=={uri}").stdout
