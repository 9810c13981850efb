# SPDX-License-Identifier: BSL-1.0
"""Compares what the page of the run that is told by hand looks like with pictures of it.

    compare_picture.py --told-page PROGRAM --work DIR [--update]

Fonts differ between systems, and so the pictures are compared in blocks of a few pixels, by their
mean colours: what is drawn somewhere else, or in another colour, is found. --update makes the
pictures of now the ones to compare with: look at them first.
"""

import argparse
import base64
import pathlib
import subprocess
import sys

from browser import Browser, Failure

PICTURES = pathlib.Path(__file__).resolve().parent / "pictures"
BLOCK = 8
DIFFERENT = 40  # Of 255, in any of the three colours.
MOST_DIFFERENT = 0.01  # Of all blocks.

COMPARE = """
const [wanted, found, size, done] = arguments;
async function blocks(png) {
  const image = new Image();
  image.src = 'data:image/png;base64,' + png;
  await image.decode();
  const small = new OffscreenCanvas(Math.ceil(image.width / size), Math.ceil(image.height / size));
  const pen = small.getContext('2d');
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(image, 0, 0, small.width, small.height);
  return {width: image.width, height: image.height,
          pixels: pen.getImageData(0, 0, small.width, small.height).data};
}
(async () => {
  const [a, b] = [await blocks(wanted), await blocks(found)];
  if (a.width !== b.width || a.height !== b.height) return done(null);
  done(Array.from({length: a.pixels.length / 4}, (_, i) => Math.max(
      ...[0, 1, 2].map(colour => Math.abs(a.pixels[4 * i + colour] - b.pixels[4 * i + colour])))));
})();
"""


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--told-page", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--update", action="store_true")
    return parser.parse_args()


def compare_with(picture, browser, found):
    """Which part of it is not as in the file `picture`."""
    wanted, name = picture.read_bytes(), picture.name
    differences = browser.async_script(COMPARE, base64.b64encode(wanted).decode(),
                                       base64.b64encode(found).decode(), BLOCK)
    if differences is None:
        raise Failure(f"{name}: its size is not that of the picture")
    part = sum(each > DIFFERENT for each in differences) / len(differences)
    print(f"{name}: {100 * part:.2f} % of the blocks differ")
    return part


def main():
    given = parse()
    given.work.mkdir(parents=True, exist_ok=True)
    file = given.work / "told.html"
    subprocess.run([given.told_page, file], check=True)
    worst = 0.0
    with Browser() as browser:
        browser.open(file)
        for name, key in [("light.png", None), ("dark.png", "D")]:
            if key:
                browser.press(key)
            found = browser.picture()
            (given.work / name).write_bytes(found)
            if given.update:
                PICTURES.mkdir(exist_ok=True)
                (PICTURES / name).write_bytes(found)
            worst = max(worst, compare_with(PICTURES / name, browser, found))
    if worst > MOST_DIFFERENT:
        raise Failure(f"see {given.work}, and {PICTURES}")


if __name__ == "__main__":
    try:
        main()
    except Failure as wrong:
        sys.exit(f"failed: {wrong}")
