"""Trees, layers, indexes, timelines and tables: what they say, in HTML and in text."""

import re
from xml.etree import ElementTree

import pytest

from ecrlab import show
from registries import image, index


def text_of(picture) -> str:
    """All text of a picture's HTML, which must be well formed."""
    root = ElementTree.fromstring(f"<div>{picture._repr_html_()}</div>")
    return " ".join(" ".join(root.itertext()).split())


def test_the_tree_goes_from_the_account_down_to_the_tags(fake_lab):
    ecr = fake_lab.client("ecr")
    ecr.put("web", image(100, 20), "1.0", "latest")
    ecr.put("other", image(7), "1")
    assert repr(show.tree(fake_lab, repositories=["web"])).splitlines() == [
        "account 111122223333",
        "└─ private registry us-east-1",
        "   └─ repository web",
        f"      └─ image {list(ecr.repositories['web'])[0][7:19]} (120 B)",
        "         ├─ tag 1.0",
        "         └─ tag latest",
    ]


def test_the_tree_marks_the_image_that_lost_its_tag(fake_lab):
    ecr = fake_lab.client("ecr")
    ecr.put("web", image(1), "1.0")
    ecr.put("web", image(2), "1.0")
    assert "untagged (no tag names it)" in repr(show.tree(fake_lab))


def test_the_tree_tells_an_indexs_own_images_from_forgotten_ones(fake_lab):
    ecr = fake_lab.client("ecr")
    amd64, arm64 = ecr.put("web", image(1)), ecr.put("web", image(2))
    ecr.put("web", index(amd64=amd64, arm64=arm64), "1.0")
    drawn = show.tree(fake_lab)
    assert repr(drawn).count("untagged (part of the index 1.0)") == 2
    assert "part of the index 1.0" in text_of(drawn)


def test_the_tree_shows_an_empty_registry_since_it_exists_all_the_same(fake_lab):
    assert repr(show.tree(fake_lab, regions=["us-east-1", "eu-west-1"])).splitlines()[1:] == [
        "├─ private registry us-east-1 (no repositories yet)",
        "└─ private registry eu-west-1 (no repositories yet)",
    ]


def test_the_tree_shows_public_repositories_when_asked(fake_lab):
    fake_lab.client("ecr-public", region="us-east-1").put("shop", image(5), "1")
    assert "public registry public.ecr.aws" in repr(show.tree(fake_lab, public_repositories=["shop"]))


def test_layers_have_sizes_and_the_instruction_that_made_them(ecr):
    ecr.put("web", image(3_000_000, 105), "1.0")
    ecr.configuration = {"history": [{"created_by": "COPY base /"}, {"created_by": "ENV X=1", "empty_layer": True}, {"created_by": "/bin/sh -c #(nop) COPY file:abc in /app "}]}
    drawn = show.layers(ecr, "web", "1.0")
    rows = repr(drawn).splitlines()
    assert rows[0] == "Layers of web:1.0"
    assert "3.0 MB" in rows[3] and rows[3].endswith("COPY base /")
    assert "105 B" in rows[4] and rows[4].endswith("COPY file:abc in /app")
    assert rows[5] == "2 layers, 3.0 MB together."
    assert "2 layers, 3.0 MB together." in text_of(drawn)


def test_layers_of_an_index_are_those_of_its_first_platform(ecr):
    amd64 = ecr.put("web", image(10))
    ecr.put("web", index(amd64=amd64), "1.0")
    assert "The tag names an index; these are the layers of its image for linux/amd64." in repr(show.layers(ecr, "web", "1.0"))


def test_layers_in_text_beyond_ascii_stay_well_formed(ecr):
    ecr.put("web", image(10), "1.0")
    ecr.configuration = {"history": [{"created_by": "COPY <a&b> \"/x\""}]}
    assert "COPY <a&b>" in text_of(show.layers(ecr, "web", "1.0"))


def test_an_index_shows_its_platforms_and_the_images_they_point_to(ecr):
    amd64, arm64 = ecr.put("web", image(100)), ecr.put("web", image(90))
    named = ecr.put("web", index(amd64=amd64, arm64=arm64), "1.0")
    drawn = show.index(ecr, "web", "1.0")
    assert repr(drawn).splitlines() == [
        f"web:1.0 is an index ({named[7:19]}) with 2 platforms",
        "Platform     Image          Size",
        "───────────  ────────────  ─────",
        f"linux/amd64  {amd64[7:19]}  100 B",
        f"linux/arm64  {arm64[7:19]}   90 B",
    ]
    (alt,) = re.findall(r'role="img" aria-label="([^"]*)"', drawn._repr_html_())
    assert alt.startswith(f"web:1.0 names the index {named[7:19]}.") and f"linux/arm64 points to image {arm64[7:19]}" in alt


def test_a_plain_image_is_not_drawn_as_an_index(ecr):
    ecr.put("web", image(1), "1.0")
    assert "is a single image" in repr(show.index(ecr, "web", "1.0"))


@pytest.mark.parametrize("draw", [show.layers, show.index])
def test_what_is_not_there_yet_is_said_and_not_raised(ecr, draw):
    assert repr(draw(ecr, "web", "1.0")) == "There is no repository web here yet, so nothing to draw."
    ecr.put("web", image(1), "2.0")
    assert repr(draw(ecr, "web", "1.0")) == "There is no image web:1.0 here yet, so nothing to draw."


def test_a_timeline_shows_when_a_tag_moved(ecr):
    timeline = show.Timeline(ecr, "web", "1.0")
    assert timeline.look("Sunday") is None
    monday = ecr.put("web", image(1), "1.0")
    assert timeline.look("Monday") == monday
    timeline.look("Monday evening")
    tuesday = ecr.put("web", image(2), "1.0")
    timeline.look("Tuesday")
    assert [line.split("  ")[-1].strip() for line in repr(timeline).splitlines()[3:]] == ["first look", "appeared", "the same image", "moved to another image"]
    assert f"● {monday[7:19]}" in repr(timeline) and f"■ {tuesday[7:19]}" in repr(timeline)
    (alt,) = re.findall(r'role="img" aria-label="([^"]*)"', timeline._repr_html_())
    assert "Tuesday: ■" in alt


def test_a_timeline_nobody_looked_at_says_so(ecr):
    assert repr(show.Timeline(ecr, "web", "1.0")) == "Nobody has looked at web:1.0 yet."


def test_a_table_has_a_caption_and_scoped_headers():
    drawn = show.table([{"Region": "us-east-1", "Images": 2}, {"Region": "eu-west-1", "Images": 10, "Kept": True}], caption="Two Regions")
    html = drawn._repr_html_()
    assert "<caption" in html and 'scope="col"' in html and html.count('scope="row"') == 2
    assert repr(drawn).splitlines() == [
        "Two Regions",
        "Region     Images  Kept",
        "─────────  ──────  ────",
        "us-east-1       2",
        "eu-west-1      10  yes",
    ]


def test_a_table_of_a_dataframe_leaves_its_index_out():
    import pandas

    frame = pandas.DataFrame({"tag": ["1.0", "1.1"], "size": [1.5, float("nan")]}, index=["x", "y"])
    assert repr(show.table(frame, caption="Tags")).splitlines()[1:] == ["tag  size", "───  ────", "1.0   1.5", "1.1"]


def test_an_empty_table_says_so():
    assert repr(show.table([], caption="Findings")) == "Findings: nothing here yet."


def test_every_text_has_a_colour_and_a_background_of_its_own(ecr):
    """A dark theme must not put its own colours under our text."""
    ecr.put("web", image(1), "1.0")
    for drawn in (show.layers(ecr, "web", "1.0"), show.table([{"a": 1}], caption="x")):
        root = ElementTree.fromstring(drawn._repr_html_())
        for cell in root.iter():
            if cell.tag in ("td", "th", "code", "pre"):
                assert "background:" in cell.get("style") and "color:" in cell.get("style")


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ink", ["INK", "QUIET"])
@pytest.mark.parametrize("paper", ["PAPER", "SHADE"])
def test_text_stands_out_at_least_four_and_a_half_to_one(ink, paper):
    from ecrlab.show import html

    light, dark = sorted((luminance(getattr(html, paper)), luminance(getattr(html, ink))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_pictures_are_the_same_at_every_run(fake_lab):
    fake_lab.client("ecr").put("web", image(1), "b", "a")
    assert show.tree(fake_lab)._repr_html_() == show.tree(fake_lab)._repr_html_()


def test_sizes_are_written_as_docker_writes_them():
    from ecrlab.show.words import size

    assert [size(count) for count in (0, 999, 1000, 1234, 999_949, 999_950, 3_400_000, 5_000_000_000, None)] == [
        "0 B", "999 B", "1.0 kB", "1.2 kB", "999.9 kB", "1.0 MB", "3.4 MB", "5.0 GB", "–",
    ]  # fmt: skip
