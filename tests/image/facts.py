"""Read an image that `buildah push dir:` has laid out: `facts.py FOLDER WHAT`.

WHAT is `user`, `folder`, `environment`, `start`, `health` or `version` (one value per line, for
run.sh to run the image as its own configuration says), or `layers` (those above the base, held to
hold our folders only, and weighed, for a person).
"""

import json
import sys
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OURS = ("opt/mock-clover", "var/lib/mock-clover")


def member(folder: Path, digest: str) -> Path:
    """Return a part of the image by its digest."""
    return folder / digest.removeprefix("sha256:")


def compressed_bytes(layer: Path) -> int:
    """Return the size of a layer in a registry (gzip's default level)."""
    squeeze, total_bytes = zlib.compressobj(6, zlib.DEFLATED, 31), 0
    with layer.open("rb") as file:
        while chunk := file.read(1 << 20):
            total_bytes += len(squeeze.compress(chunk))
    return total_bytes + len(squeeze.flush())


def strangers_of(layer: Path) -> Iterator[str]:
    """Name what a layer adds outside of our own folders.

    Empty files and folders do not count: they mark removals and the builder's mount points.
    """
    with tarfile.open(layer) as tar:
        for entry in tar:
            name = entry.name.strip("/")
            if (entry.isdir() or entry.isfile()) and not entry.size:
                continue
            if not any(name.startswith(f"{folder}/") for folder in OURS):
                yield name


def weigh(folder: Path, layers: list[dict[str, Any]]) -> None:
    """Print one line for each layer of ours and one for all; end the program if one holds more."""
    sums = [0, 0]
    for layer in layers:
        path = member(folder, layer["digest"])
        if strangers := list(strangers_of(path)):
            sys.exit(f"a layer holds more than {OURS}: {strangers[:10]}")
        sizes = path.stat().st_size, compressed_bytes(path)
        sums = [total + size for total, size in zip(sums, sizes, strict=True)]
        sys.stdout.write("   layer: {:>12,} bytes, {:>12,} compressed\n".format(*sizes))
    sys.stdout.write("   ours:  {:>12,} bytes, {:>12,} compressed\n".format(*sums))


def main(folder: Path, what: str) -> None:
    """Print the requested facts."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    config = json.loads(member(folder, manifest["config"]["digest"]).read_bytes())["config"]
    match what:
        case "user":
            values = [config["User"]]
        case "folder":
            values = [config.get("WorkingDir") or "/"]
        case "environment":
            values = config["Env"]
        case "start":
            values = [*config["Entrypoint"], *config["Cmd"]]
        case "health":
            kind, *values = config["Healthcheck"]["Test"]
            if kind != "CMD":
                sys.exit(f"the health check needs a shell: {kind}")
        case "version":
            values = [config["Labels"]["org.opencontainers.image.version"]]
        case "layers":
            # debootstrap's base is one layer.
            return weigh(folder, manifest["layers"][1:])
        case _:
            sys.exit(__doc__)
    sys.stdout.writelines(f"{value}\n" for value in values)
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
