"""Builds, pushes and pulls while they happen, and what came of them."""

import time
from collections.abc import Callable, Iterable

from ecrlab.plain import plain
from ecrlab.show import html, words
from ecrlab.show.manifests import Missing, manifest
from ecrlab.show.picture import Picture, Shown
from ecrlab.show.steps import Steps
from ecrlab.show.transfer import Layer, Transfer, follow

# outcome → the shape before it
_MARKS = {"pushed": "▲", "pulled": "▼", "already exists": "=", "mounted": "↔", "not here": "–"}
_STAYED = {
    "already exists": ("was already there", "were already there"),
    "mounted": ("was mounted from another repository", "were mounted from another repository"),
    "not here": ("is not on this machine", "are not on this machine"),
}


class Moved(Shown):
    """What a push or a pull did: `.digest` (None if it failed), `.error` (None if it didn't), `.layers`."""

    def __init__(self, transfer: Transfer, place, verb: str) -> None:
        self.digest = transfer.digest if transfer.error is None else None
        self.error = transfer.error
        self.layers = transfer.layers
        super().__init__(_transfer(transfer, verb, live=False), place)


class Built(Shown):
    """What a build did: `.image` (its id, None if it failed), `.error` (None if it didn't), `.steps`."""

    def __init__(self, steps: Steps, place) -> None:
        self.image = steps.image if steps.error is None else None
        self.error = steps.error
        self.steps = steps.steps
        super().__init__(_steps(steps, live=False), place)


def push(events: Iterable[dict], ecr=None) -> Moved:
    """Follow `docker.images.push(…, stream=True, decode=True)` and show what travelled.

    A failed push doesn't raise: the picture and `.error` say what the registry answered, as Docker does.
    With a boto3 client `ecr` of that private registry, sizes are the registry's own (compressed) ones, also of layers
    that were there already; without, they are what the engine tells, and – where it tells nothing. A client of the public registry can't be asked, and is ignored.
    """
    return _move(events, ecr, "Push to", "Pushing to")


def pull(events: Iterable[dict], ecr=None) -> Moved:
    """Follow `docker.api.pull(…, stream=True, decode=True)` and show what travelled. `ecr` and failures: as in `push`."""
    return _move(events, ecr, "Pull of", "Pulling")


def build(events: Iterable[dict]) -> Built:
    """Follow `docker.api.build(…, decode=True)` and show each step. Doesn't raise if it fails: see `.error`."""
    steps = Steps()
    place = _watch(events, steps.read, lambda: _steps(steps, live=True))
    return Built(steps, place)


def _move(events: Iterable[dict], ecr, done: str, doing: str) -> Moved:
    transfer = Transfer()
    place = _watch(events, transfer.read, lambda: _transfer(transfer, doing, live=True))
    asks = hasattr(ecr, "batch_get_image")  # the public registry's API can't be asked for a manifest
    if asks and transfer.digest and not transfer.error:
        _measure(transfer, ecr)
    return Moved(transfer, place, done)


def _watch(events: Iterable[dict], read: Callable[[dict], None], draw: Callable[[], Picture]):
    """Read all events. In a notebook that a person watches, redraw one place as they come, and return its handle."""
    if plain():
        for _ in follow(events, read):
            pass
        return None
    import IPython.display

    place = IPython.display.display(draw(), display_id=True)
    drawn = time.monotonic()
    for _ in follow(events, read):
        if time.monotonic() - drawn > 0.1:
            place.update(draw())
            drawn = time.monotonic()
    return place


def _transfer(transfer: Transfer, verb: str, live: bool) -> Picture:
    caption = f"{verb} {transfer.repository}" if transfer.repository else verb.split()[0]
    rows = [[layer.id, words.size(layer.size), _happened(layer, live)] for layer in transfer.layers]
    sentence = "" if live else _outcome(transfer)
    heads = ["Layer", "Size", "What happened"]
    coded = [[html.code(id), size, what] for id, size, what in rows]
    failed = transfer.error is not None
    drawn = html.table(heads, coded, caption, {1}) if rows else ""
    edge = html.VERMILLION if failed else html.BLUE
    mark = html.join(html.badge("failed", html.VERMILLION), sentence) if failed else sentence
    text = words.columns(heads, rows, caption, {1}) if rows else caption
    return Picture(
        html.card(drawn, html.paragraph(mark), edge=edge),
        f"{text}\n{'failed: ' if failed else ''}{sentence}".rstrip(),
    )


def _happened(layer: Layer, live: bool) -> str:
    if layer.settled:
        return f"{_MARKS[layer.outcome]} {layer.outcome}"
    if not live:
        return "– not moved"
    return f"… {layer.outcome} {100 * layer.current // layer.size} %" if layer.size else f"… {layer.outcome}"


def _outcome(transfer: Transfer) -> str:
    """A few sentences on what came of it."""
    if transfer.error is not None:
        return transfer.error
    travelled = [layer for layer in transfer.layers if layer.travelled]
    verb = "Received" if any(layer.outcome == "pulled" for layer in travelled) else "Sent"
    if not travelled:
        sentences = ["Nothing had to travel." if transfer.layers else "Nothing had to travel: the image was here already."]
    elif transfer.total is None:
        sentences = [f"{verb} {words.size(transfer.sent)}."]
    else:
        sentences = [f"{verb} {words.size(transfer.sent)} of {words.size(transfer.total)}."]
    for outcome, (one, many) in _STAYED.items():
        count = sum(layer.outcome == outcome for layer in transfer.layers)
        if count:
            sentences.append(f"{count} {'layer ' + one if count == 1 else 'layers ' + many}.")
    if transfer.digest:
        sentences.append(f"Digest {words.short(transfer.digest)}.")
    return " ".join(sentences)


def _measure(transfer: Transfer, ecr) -> None:
    """Give the layers the sizes that the registry counts. Where it no longer has the image, they stay as they are.

    Layers go by digest where the engine names them so. The classic image store names them otherwise when it pushes, but
    they are as many and in the same order as in the manifest, in which one that is there twice travels once.
    """
    try:
        stored = manifest(ecr, transfer.repository, transfer.digest).document.get("layers", [])
    except Missing:
        return
    sizes = {words.short(layer["digest"]): layer["size"] for layer in stored}
    if all(layer.id in sizes for layer in transfer.layers):
        transfer.layers.sort(key=lambda layer: list(sizes).index(layer.id))
        for layer in transfer.layers:
            layer.size = sizes[layer.id]
    elif len(sizes) == len(transfer.layers):
        for layer, size in zip(transfer.layers, sizes.values()):
            layer.size = size


def _steps(steps: Steps, live: bool) -> Picture:
    caption = "Building" if live else "Build"
    heads = ["Step", "Instruction", "What happened"]
    rows = [[str(step.number), step.instruction, step.outcome or ("…" if live else "")] for step in steps.steps]
    coded = [[number, html.code(instruction), outcome] for number, instruction, outcome in rows]
    failed = steps.error is not None
    sentence = "" if live else steps.error if failed else f"Built image {words.short(steps.image or '')}."
    drawn = html.table(heads, coded, caption) if rows else ""
    mark = html.join(html.badge("failed", html.VERMILLION), sentence) if failed else sentence
    text = words.columns(heads, rows, caption) if rows else caption
    return Picture(
        html.card(drawn, html.paragraph(mark), edge=html.VERMILLION if failed else html.BLUE),
        f"{text}\n{'failed: ' if failed else ''}{sentence}".rstrip(),
    )
