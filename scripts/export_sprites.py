"""Export the emoji cut-outs of the paper-theatre world to `assets/sprites/`.

Run once, by hand, where the Debian package `fonts-noto-color-emoji` is installed:

    python scripts/export_sprites.py

The renderer reads only the exported files, never the font. Noto Color Emoji is under the SIL Open Font License 1.1.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
STRIKE = 109  # the only bitmap size the font holds, in pixels
OUT = Path(__file__).resolve().parent.parent / "assets" / "sprites"

HEADS = {
    "fox": "🦊", "frog": "🐸", "pig": "🐷", "panda": "🐼",
    "rabbit": "🐰", "lion": "🦁", "koala": "🐨", "monkey": "🐵",
}  # fmt: skip
PROPS = {
    "mushroom": "🍄", "palm": "🌴", "sailboat": "⛵", "cactus": "🌵", "snowman": "⛄", "taxi": "🚕",
    "tulip": "🌷", "sunflower": "🌻", "plant": "🪴", "rocket": "🚀", "earth": "🌍", "tree": "🌳", "fir": "🌲",
}  # fmt: skip

# Eyes in pixels of the cropped head: centre of each, radii, colour of the lid, colour of the lash line.
Pair = tuple[int, int]
RGB = tuple[int, int, int]
Lid = tuple[Pair, Pair, Pair, RGB, RGB]
DARK = (45, 35, 35)
LIDS: dict[str, Lid] = {
    "fox": ((44, 66), (77, 66), (9, 10), (255, 109, 31), DARK),
    "frog": ((30, 25), (90, 25), (12, 13), (160, 190, 15), DARK),
    "pig": ((32, 55), (90, 55), (10, 12), (255, 204, 170), DARK),
    "panda": ((41, 52), (79, 52), (11, 13), (66, 66, 66), (235, 235, 235)),
    "rabbit": ((28, 72), (61, 72), (9, 11), (205, 205, 205), DARK),
    "lion": ((40, 46), (73, 46), (9, 9), (255, 190, 10), DARK),
    "koala": ((43, 50), (81, 50), (10, 12), (172, 170, 172), DARK),
    "monkey": ((48, 48), (75, 48), (8, 9), (255, 214, 150), DARK),
}


def glyph(character: str) -> Image.Image:
    """Return one emoji as an RGBA image cropped to its opaque box."""
    font = ImageFont.truetype(str(FONT), size=STRIKE)
    canvas = Image.new("RGBA", (160, 160), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((12, 12), character, font=font, embedded_color=True)
    box = canvas.getchannel("A").getbbox()
    if box is None:
        raise SystemExit(f"The font draws nothing for {character!r}: install fonts-noto-color-emoji.")
    return canvas.crop(box)


def asleep(head: Image.Image, lid: Lid) -> Image.Image:
    """Return the head with its eyes closed: a lid over each eye and a curved lash line."""
    left, right, (rx, ry), skin, lash = lid
    big = head.resize((head.width * 4, head.height * 4), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(big)
    for x, y in (left, right):
        draw.ellipse(((x - rx) * 4, (y - ry) * 4, (x + rx) * 4, (y + ry) * 4), fill=skin)
        draw.arc(((x - rx) * 4, (y - ry) * 4, (x + rx) * 4, (y + ry // 2) * 4), 15, 165, fill=lash, width=17)
    return big.resize(head.size, Image.Resampling.LANCZOS)


def save(image: Image.Image, name: str) -> int:
    """Write `assets/sprites/<name>.png` with 128 colours; return its size in bytes."""
    path = OUT / f"{name}.png"
    image.quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)
    return path.stat().st_size


def main() -> None:
    """Export every head, awake and asleep, and every prop."""
    OUT.mkdir(parents=True, exist_ok=True)
    total = 0
    for name, character in HEADS.items():
        head = glyph(character)
        total += save(head, name) + save(asleep(head, LIDS[name]), f"{name}_asleep")
    for name, character in PROPS.items():
        total += save(glyph(character), name)
    print(f"{total / 1024:.0f} KB in {OUT.name}/")


if __name__ == "__main__":
    main()
