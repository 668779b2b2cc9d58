"""The few pieces of HTML that every picture is made of.

Each element carries its own colours, since a notebook may be light or dark around it: text is at least
4.5:1 against its background, and no meaning hangs on colour alone.
"""

import html as _html

INK = "#1a1a1a"
QUIET = "#595959"
PAPER = "#ffffff"
SHADE = "#f3f3f3"
LINE = "#767676"

# Okabe and Ito's palette, which people with any kind of colour vision can tell apart.
BLUE, ORANGE, GREEN, VERMILLION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SKY, PURPLE, GREY = "#56b4e9", "#cc79a7", "#999999"

FONT = "font-family:var(--jp-ui-font-family,system-ui,sans-serif)"
MONO = "font-family:var(--jp-code-font-family,ui-monospace,monospace)"
CODE = f"{MONO};background:{SHADE};color:{INK};padding:0 3px;border-radius:2px"


class Html(str):
    """Text that is HTML already and needs no escaping."""


def join(*parts: str) -> Html:
    """Parts one after the other: what is plain text among them is escaped."""
    return Html("".join(part if isinstance(part, Html) else _html.escape(str(part)) for part in parts))


def element(tag: str, *children: str, style: str = "", **attributes: str | int | float) -> Html:
    """One HTML or SVG element. `_` in an attribute's name stands for `-`; `class_` for `class`."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    if style:
        named["style"] = style
    written = "".join(f' {name}="{_html.escape(str(value))}"' for name, value in named.items())
    return Html(f"<{tag}{written}>{join(*children)}</{tag}>")


def card(*children: str, edge: str = LINE, **attributes: str) -> Html:
    """A framed piece of page with a coloured left edge."""
    style = (
        f"{FONT};font-size:14px;line-height:1.5;background:{PAPER};color:{INK};border:1px solid {LINE};"
        f"border-left:6px solid {edge};border-radius:4px;padding:8px 14px;margin:4px 0;max-width:60em;overflow-wrap:break-word"
    )
    return element("div", *children, style=style, **attributes)


def paragraph(*children: str, style: str = "") -> Html:
    return element("p", *children, style=f"margin:4px 0;color:{INK};{style}")


def strong(*children: str) -> Html:
    return element("strong", *children, style=f"color:{INK}")


def code(text: str) -> Html:
    """A name, a command or a digest, within a sentence."""
    return element("code", text, style=CODE)


def name(text: str) -> Html:
    """A name that is never broken at its hyphens: `CVE-2021-3711`."""
    return element("code", text, style=f"{CODE};white-space:nowrap")  # on the element itself: JupyterLab has a rule for code


def block(text: str) -> Html:
    """Lines of code."""
    style = f"{MONO};background:{SHADE};color:{INK};padding:6px 10px;margin:6px 0;white-space:pre-wrap;border-radius:2px"
    return element("pre", text, style=style)


def badge(word: str, colour: str = LINE) -> Html:
    """A word in a frame, which says what kind of thing follows."""
    style = (
        f"display:inline-block;border:1px solid {colour};border-left:5px solid {colour};border-radius:3px;"
        f"background:{PAPER};color:{INK};padding:0 5px;margin-right:6px;font-size:12px;line-height:1.4"
    )
    return element("span", word, style=style)


def table(columns: list[str], rows: list[list[str]], caption: str, numeric: frozenset[int] | set[int] = frozenset()) -> Html:
    """A table with a caption and scoped headers; the first column names the row, `numeric` ones are set right."""

    def cell(tag: str, content: str, column: int, shade: str, **scope: str) -> Html:
        side, wraps = ("right", "nowrap") if column in numeric else ("left", "normal")
        style = (
            f"text-align:{side};background:{shade};color:{INK};padding:3px 10px;border:0;"
            f"border-bottom:1px solid #d0d0d0;vertical-align:top;white-space:{wraps};max-width:36em;"
            f"font-weight:{600 if 'col' in scope.values() else 400}"
        )
        return element(tag, content, style=style, **scope)

    head = [cell("th", name, column, SHADE, scope="col") for column, name in enumerate(columns)]
    body = []
    for row in rows:
        cells = [cell("td", content, column, PAPER) for column, content in enumerate(row)]
        cells[0] = cell("th", row[0], 0, PAPER, scope="row")
        body.append(element("tr", *cells, style=f"background:{PAPER}"))
    title = element(
        "caption", caption, style=f"caption-side:top;text-align:left;font-weight:600;white-space:nowrap;color:{INK};padding:2px 0 6px"
    )
    style = f"border-collapse:collapse;margin:4px 0;background:{PAPER};color:{INK};font-size:13px;table-layout:auto"
    return element(
        "table",
        title,
        element("thead", element("tr", *head, style=f"background:{SHADE}")),
        element("tbody", *body),
        style=style,
    )


def svg(width: int, height: int, alt: str, *children: Html) -> Html:
    """A drawing with a text that says what it shows."""
    return element(
        "svg",
        element("rect", x=0, y=0, width=width, height=height, fill=PAPER),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        aria_label=alt,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        style=f"max-width:100%;height:auto;background:{PAPER}",
    )


def label(x: float, y: float, text: str, size: int = 13, **attributes: str | int) -> Html:
    """A line of text in a drawing."""
    return element("text", text, x=x, y=y, fill=INK, font_size=size, font_family="system-ui,sans-serif", **attributes)
