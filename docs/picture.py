#!/usr/bin/env python3
"""Makes docs/dev.svg: `orgstream dev --faults` in a terminal of 100 columns, after some seconds. Needs tmux.

    docs/picture.py [PROGRAM [SECONDS]]     PROGRAM defaults to target/release/orgstream, SECONDS to 25
"""

import html
import pathlib
import re
import subprocess
import sys
import time

COLUMNS, ROWS = 100, 26
WIDTH, HEIGHT, MARGIN = 8.4, 18, 16
PALETTE = ["#1d1f21", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#dcdfe4",
           "#7f848e", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#ffffff"]
FOREGROUND, BACKGROUND = "#dcdfe4", "#1d1f21"


def main(program="target/release/orgstream", seconds="25"):
    root = pathlib.Path(__file__).resolve().parent.parent
    program = (root / program).resolve()
    tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), f"{program} dev --faults")
    try:
        time.sleep(float(seconds))
        screen = tmux("capture-pane", "-e", "-p")
        tmux("send-keys", "q")
        time.sleep(2)
    finally:
        subprocess.run(["tmux", "-L", "picture", "kill-server"], check=False, capture_output=True)
    (root / "docs/dev.svg").write_text(svg(screen.split("\n")[:ROWS]))


def tmux(*arguments):
    run = subprocess.run(["tmux", "-L", "picture", *arguments], check=True, capture_output=True, text=True)
    return run.stdout


def svg(lines):
    width, height = COLUMNS * WIDTH + 2 * MARGIN, ROWS * HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">',
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
    ]
    for row, line in enumerate(lines):
        column = 0
        for style, text in runs(line):
            x, y = MARGIN + column * WIDTH, MARGIN + row * HEIGHT
            if style["background"]:
                parts.append(f'<rect x="{x:.1f}" y="{y}" width="{len(text) * WIDTH:.1f}" height="{HEIGHT}" '
                             f'fill="{style["background"]}"/>')
            if text.strip():
                weight = ' font-weight="bold"' if style["bold"] else ""
                dim = ' opacity="0.6"' if style["dim"] else ""
                parts.append(f'<text x="{x:.1f}" y="{y + 14}" fill="{style["color"]}"{weight}{dim} '
                             f'xml:space="preserve" textLength="{len(text) * WIDTH:.1f}">{html.escape(text)}</text>')
            column += len(text)
    return "\n".join([*parts, "</svg>", ""])


def runs(line):
    """The line as texts of one style each."""
    style = plain()
    for sequence, text in re.findall(r"(?:\x1b\[([0-9;]*)m)|([^\x1b]+)", line):
        if text:
            yield dict(style), text
        else:
            apply(style, [int(code or 0) for code in sequence.split(";")])


def apply(style, codes):
    while codes:
        code = codes.pop(0)
        if code == 0:
            style.update(plain())
        elif code == 1:
            style["bold"] = True
        elif code == 2:
            style["dim"] = True
        elif code == 22:
            style.update(bold=False, dim=False)
        elif code in (38, 48) and codes[:1] == [5]:
            color = PALETTE[codes[1] % 16]
            del codes[:2]
            style["color" if code == 38 else "background"] = color
        elif code == 39:
            style["color"] = FOREGROUND
        elif code == 49:
            style["background"] = None
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style["color"] = PALETTE[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style["background"] = PALETTE[code - 40 if code < 100 else code - 92]


def plain():
    return {"color": FOREGROUND, "background": None, "bold": False, "dim": False}


if __name__ == "__main__":
    main(*sys.argv[1:])
