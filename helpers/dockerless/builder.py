"""The builder: a Dockerfile and its context become an image, step by step, told as Docker's classic builder tells it."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from dockerless import platforms
from dockerless.blobs import CHUNK, Blobs
from dockerless.context import Context
from dockerless.copying import Copy, new_folders
from dockerless.dockerfile import Dockerfile, Instruction, StageSource, parse
from dockerless.errors import EngineError, invalid
from dockerless.images import Image, Images
from dockerless.instructions import METADATA
from dockerless.layers import Layer, pack, uncompressed
from dockerless.progress import Progress, short
from dockerless.stage import Stage, fault
from dockerless.tarball import apply_layer, parts, read_tree, refuse_growth, spool
from dockerless.tree import Node, Tree
from dockerless.variables import WordError, expand, quote

PREDEFINED = {each for name in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY") for each in (name, name.lower())}
NO_RUN = (
    "RUN starts a program in a container, and that takes a container engine, which dockerless is not. Install Docker "
    "(https://docs.docker.com/get-docker/) and build again, or make the files beforehand and bring them in with COPY, which works here."
)


@dataclass(frozen=True)
class Recipe:
    """What a build is asked for; ``fetch`` finds the image of a FROM, pulling it where needed."""

    context: Context
    fetch: Callable[[str, platforms.Platform | None], Image]
    dockerfile: str = "Dockerfile"
    build_arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    platform: platforms.Platform | None = None


class Builder:
    """One build. Its temporary files live until the end of its ``with``."""

    def __init__(self, recipe: Recipe, images: Images, blobs: Blobs, progress: Progress) -> None:
        self.recipe = recipe
        self.images = images
        self.blobs = blobs
        self.progress = progress
        self.source = self._stages_up_to_target(self._read())
        self.done: list[tuple[str, Stage]] = []
        self.unused = set(recipe.build_arguments) - PREDEFINED
        self.globals: dict[str, str] = {}
        self._step = 0
        self._files = ExitStack()
        self._unpacked: dict[str, Callable[[int, int], BinaryIO]] = {}

    def __enter__(self) -> Builder:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def _read(self) -> Dockerfile:
        text = self.recipe.context.read(self.recipe.dockerfile)
        if text is None:
            raise EngineError(f"Cannot locate specified Dockerfile: {self.recipe.dockerfile}")
        return parse(text, self.recipe.dockerfile)

    def _stages_up_to_target(self, source: Dockerfile) -> Dockerfile:
        target = self.recipe.target.lower()
        if target:
            numbers = [number for number, stage in enumerate(source.stages) if target in (stage.name, str(number))]
            if not numbers:
                raise invalid(f"failed to reach build target {self.recipe.target} in Dockerfile")
            del source.stages[numbers[0] + 1 :]
        for name, value in sorted(self.recipe.labels.items()):
            pair = (quote(name, source.escape), quote(value, source.escape))
            last = source.stages[-1]
            last.instructions.append(Instruction("LABEL", last.start.line, f"LABEL {name}={value}", pairs=(pair,)))
        return source

    def run(self) -> Image:
        """Builds, and returns the image. Raises EngineError."""
        for instruction in self.source.arguments:
            self._say_step(instruction)
            self._argument(instruction, self.globals, self.globals)
        stage = None
        for source in self.source.stages:
            stage = self._begin(source)
            for instruction in source.instructions:
                self._say_step(instruction)
                self._perform(stage, instruction)
                self._say(f" ---> {short(stage.id)}\n")
            self.done.append((source.name, stage))
            if stage.id:
                self.progress({"aux": {"ID": stage.id}})
        if self.unused:
            self._say(f"[Warning] One or more build-args [{' '.join(sorted(self.unused))}] were not consumed\n")
        if stage is None or not stage.id:
            raise EngineError("No image was generated. Is your Dockerfile empty?")
        image = self.images.add(stage.image_config(), stage.layers) if stage.changed else self.images.find(stage.id)
        self._say(f"Successfully built {short(image.id)}\n")
        return image

    def _say(self, text: str) -> None:
        self.progress({"stream": text})

    def _say_step(self, instruction: Instruction) -> None:
        self._step += 1
        total = len(self.source.arguments) + sum(1 + len(stage.instructions) for stage in self.source.stages)
        self._say(f"Step {self._step}/{total} : {instruction.text}")
        self._say("\n")

    def _begin(self, source: StageSource) -> Stage:
        self._say_step(source.start)
        base = self._global(source.base, source.start)
        if not base:
            raise invalid(f"base name ({source.base}) should not be blank")
        asked = self._global(source.start.flags.get("platform", ""), source.start)
        platform = platforms.parse(asked) if asked else self.recipe.platform
        earlier = dict(self.done).get(base.lower())
        if base == "scratch" or (earlier and not earlier.id):
            self._say(" ---> \n")
            return Stage(platform or platforms.host(), self.source.escape, self._tree)
        if earlier:
            self._say(f" ---> {short(earlier.id)}\n")
            return earlier.next()
        image = self.recipe.fetch(base, platform)
        self._say(f" ---> {short(image.id)}\n")
        if (image.config.get("config") or {}).get("OnBuild"):
            raise fault(source.start, f"the image {base} carries ONBUILD instructions, which dockerless doesn't perform; Docker does")
        return Stage.on(image, platform or image.platform, self.source.escape, self._tree)

    def _global(self, word: str, instruction: Instruction) -> str:
        try:
            return expand(word, self.globals, self.source.escape)
        except WordError as problem:
            raise fault(instruction, f"failed to process {json.dumps(word)}: {problem}") from None

    def _argument(self, instruction: Instruction, target: dict[str, str], variables: Mapping[str, str]) -> str:
        for name, default in instruction.pairs:
            self.unused.discard(name)
            if name in self.recipe.build_arguments:
                target[name] = self.recipe.build_arguments[name]
            elif default is not None:
                try:
                    target[name] = expand(default, variables, self.source.escape)
                except WordError as problem:
                    raise fault(instruction, f"failed to process {json.dumps(default)}: {problem}") from None
            elif target is not self.globals and name in self.globals:
                target[name] = self.globals[name]
        return instruction.text

    def _perform(self, stage: Stage, instruction: Instruction) -> None:
        keyword = instruction.keyword
        if keyword == "ARG":
            stage.record(self._argument(instruction, stage.arguments, stage.arguments | stage.environment))
        elif keyword in ("COPY", "ADD"):
            self._copy(stage, instruction)
        elif keyword == "RUN":
            raise fault(instruction, NO_RUN)
        elif keyword == "ONBUILD":
            raise fault(instruction, "dockerless doesn't build ONBUILD, which keeps an instruction for images built on this one; write it there")
        elif keyword == "WORKDIR":
            created_by = METADATA[keyword](stage, instruction)
            self._record(stage, created_by, new_folders(stage.tree, stage.config["WorkingDir"]))
        else:
            stage.record(METADATA[keyword](stage, instruction))

    def _copy(self, stage: Stage, instruction: Instruction) -> None:
        words = [stage.value(word, instruction) for word in instruction.words]
        remote = [word for word in words[:-1] if word.startswith(("http://", "https://", "git@"))]
        if remote:
            raise fault(instruction, f"dockerless doesn't download with ADD: fetch {remote[0]} yourself, put it beside the Dockerfile and COPY it")
        source = instruction.flags.get("from")
        copy = Copy(
            instruction.keyword,
            self._stage_tree(stage, source, instruction) if source else self.recipe.context.files,
            tuple(words[:-1]),
            posixpath.join("/", stage.config.get("WorkingDir", ""), words[-1]),
            stage.tree,
            stage=source is not None,
            owner=_owner(stage.value(instruction.flags.get("chown", ""), instruction)),
            mode=_mode(stage.value(instruction.flags.get("chmod", ""), instruction), instruction),
            unpack=self._unpack if instruction.keyword == "ADD" else None,
        )
        self._record(stage, f"{instruction.keyword} " + " ".join(words), copy.entries())

    def _record(self, stage: Stage, created_by: str, entries: dict[str, Node]) -> None:
        """Entries become a layer, if there are any."""
        layer = pack(entries.items(), self.blobs) if entries else None
        for path, node in sorted(entries.items()):
            stage.tree.add(path, node)
        stage.record(created_by, layer)

    def _stage_tree(self, stage: Stage, name: str, instruction: Instruction) -> Tree:
        """What ``COPY --from`` names: an earlier stage, its number, or an image."""
        name = stage.value(name, instruction)
        if re.fullmatch("[0-9]{1,9}", name):
            if int(name) >= len(self.done):
                problem = "refers to current build stage" if int(name) == len(self.done) else "index out of bounds"
                raise invalid(f"invalid from flag value {name}: {problem}")
            return self.done[int(name)][1].tree
        if name.lower() in dict(self.done):
            return dict(self.done)[name.lower()].tree
        try:
            return self._tree(self.recipe.fetch(name, stage.platform).layers)
        except EngineError as error:
            raise EngineError(f"invalid from flag value {name}: {error.message}", error.status) from error

    def _tree(self, layers: Iterable[Layer]) -> Tree:
        tree = Tree()
        for layer in layers:
            with self.blobs.open(layer.digest) as blob:
                apply_layer(tree, uncompressed(blob, layer.media_type), self._opener(layer))
        return tree

    def _opener(self, layer: Layer) -> Callable[[int, int], BinaryIO]:
        """Opens parts of a layer; it is unpacked aside when the first one is asked for."""

        def open_part(offset: int, size: int) -> BinaryIO:
            if layer.digest not in self._unpacked:
                file = self._files.enter_context(self.blobs.aside())
                with self.blobs.open(layer.digest) as blob:
                    tar = uncompressed(blob, layer.media_type)
                    while data := tar.read(CHUNK):
                        file.write(data)
                        refuse_growth(file.tell(), layer.size)
                file.flush()
                self._unpacked[layer.digest] = parts(Path(file.name))
            return self._unpacked[layer.digest](offset, size)

        return open_part

    def _unpack(self, node: Node) -> Tree:
        """The tree of a local archive, for ADD."""
        file = self._files.enter_context(self.blobs.aside())
        with node.open() as archive:
            spool(archive, file)
        return read_tree(Path(file.name))


def _owner(text: str) -> tuple[int, int] | None:
    """``1000:1000``, or ``1000`` for both."""
    if not text:
        return None
    user, _, group = text.partition(":")
    for name in (user, group or user):
        if not re.fullmatch("[0-9]{1,10}", name):
            raise invalid(
                f"unable to convert uid/gid chown string to host mapping: dockerless takes numbers such as --chown=1000:1000, not the name {name!r}"
            )
    return int(user), int(group or user)


def _mode(text: str, instruction: Instruction) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-7]{3,4}", text):
        raise fault(instruction, f"--chmod must be an octal number such as 644, not {text!r}")
    return int(text, 8)
