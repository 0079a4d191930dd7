"""Small files in the format of Fashion-MNIST."""

import gzip

from nn.datasets import _idx

NAMES = list(_idx.FILES)
FINAL = sorted(f"{name}.gz" for name in NAMES)


def write(folder, contents, packed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if packed:
            path = folder / f"{name}.gz"
            path.write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name).write_bytes(content)


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())
