"""The tree account → registry → repository → image → tag."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ecrlab.show import html, words
from ecrlab.show.manifests import manifest
from ecrlab.show.picture import Picture

_COLOURS = {
    "account": html.INK,
    "private registry": html.BLUE,
    "public registry": html.SKY,
    "repository": html.GREEN,
    "image": html.ORANGE,
    "index": html.PURPLE,
    "tag": html.VERMILLION,
    "untagged": html.GREY,
}


@dataclass
class Node:
    """One place of the tree: what kind of thing it is, its name, a remark, and what it holds."""

    kind: str
    name: str
    remark: str = ""
    holds: list["Node"] = field(default_factory=list)


def tree(
    lab,
    repositories: Iterable[str] | None = None,
    *,
    regions: Iterable[str] | None = None,
    public_repositories: Iterable[str] = (),
) -> Picture:
    """Draw what an account holds.

    `repositories` are the names to show (those that don't exist are left out), None shows all; `regions`
    are the Regions whose private registries are shown, the lab's own by default; `public_repositories` are
    names in the account's public registry. It is read as the checks' own principal, so that looking leaves
    no trace in a lesson's trail and metrics.
    """
    named = None if repositories is None else list(repositories)
    account = Node("account", lab.account)
    for region in regions or [lab.region]:
        ecr = lab.reader("ecr", region=region)
        held = _repositories(ecr, named, lambda name, ecr=ecr: _private_images(ecr, name))
        empty = "no repositories yet" if named is None else "none of these repositories yet"
        account.holds.append(Node("private registry", region, "" if held else empty, held))
    public = list(public_repositories)
    if public:
        ecr = lab.reader("ecr-public", region="us-east-1")
        held = _repositories(ecr, public, lambda name: _public_images(ecr, name))
        account.holds.append(Node("public registry", "public.ecr.aws", "" if held else "none of these repositories yet", held))
    alt = "The account and what it holds"
    drawn = html.element("ul", _item(account), style=_LIST, aria_label=alt)
    return Picture(html.card(drawn), "\n".join(_lines(account)))


def _repositories(ecr, named: list[str] | None, images) -> list[Node]:
    pages = ecr.get_paginator("describe_repositories").paginate()
    there = sorted(each["repositoryName"] for page in pages for each in page["repositories"])
    wanted = [name for name in there if named is None or name in named]
    nodes = [Node("repository", name, "", images(name)) for name in wanted]
    for node in nodes:
        node.remark = "" if node.holds else "empty"
    return nodes


def _private_images(ecr, repository: str) -> list[Node]:
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository)
    details = [detail for page in pages for detail in page["imageDetails"]]
    return _images(details, lambda digest: manifest(ecr, repository, digest).document)


def _public_images(ecr, repository: str) -> list[Node]:
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository)
    return _images([detail for page in pages for detail in page["imageDetails"]], lambda digest: {})


def _images(details: list[dict], document) -> list[Node]:
    """Images as nodes, tagged ones first; an index's own images are marked as its children."""
    nodes, part_of = [], {}
    for detail in details:
        if words.kind(detail.get("imageManifestMediaType")) == "index":
            name = (sorted(detail.get("imageTags", [])) or [words.short(detail["imageDigest"])])[0]
            for child in document(detail["imageDigest"]).get("manifests", []):
                part_of.setdefault(child["digest"], name)
    for detail in sorted(details, key=lambda each: (sorted(each.get("imageTags", [])) or ["￿"], each["imageDigest"])):
        digest, tags = detail["imageDigest"], sorted(detail.get("imageTags", []))
        kind = words.kind(detail.get("imageManifestMediaType"))
        node = Node(kind, words.short(digest), words.size(detail.get("imageSizeInBytes")) if kind == "image" else "")
        node.holds = [Node("tag", tag) for tag in tags]
        if not tags:
            node.holds = [Node("untagged", "", f"part of the index {part_of[digest]}" if digest in part_of else "no tag names it")]
        nodes.append(node)
    return nodes


_LIST = f"list-style:none;margin:0;padding:0 0 0 22px;color:{html.INK}"
_ITEM = f"margin:3px 0;padding:0;color:{html.INK}"


def _item(node: Node) -> html.Html:
    name = html.strong(node.name) if node.kind in ("account", "repository") else html.code(node.name) if node.name else ""
    remark = html.element("span", f" {node.remark}", style=f"color:{html.QUIET}") if node.remark else ""
    below = html.element("ul", *(_item(each) for each in node.holds), style=_LIST) if node.holds else ""
    return html.element("li", html.badge(node.kind, _COLOURS[node.kind]), name, remark, below, style=_ITEM)


def _lines(node: Node) -> list[str]:
    lines = [" ".join(part for part in (node.kind, node.name, f"({node.remark})" if node.remark else "") if part)]
    for place, each in enumerate(node.holds):
        last = place == len(node.holds) - 1
        first, *rest = _lines(each)
        lines.append(("└─ " if last else "├─ ") + first)
        lines += [("   " if last else "│  ") + line for line in rest]
    return lines
